//! How much of what training promised the tests kept (`walk_forward_and_robustness.md` section 2).

use crate::metrics::average_ranks;
use crate::types::StepRange;
use crate::types::time::DAY;

/// Net profit of the chosen set of one window, in training (in sample) and test (out of sample).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowProfit {
    /// Net profit of the training range.
    pub is_profit: f64,
    /// Its length in days.
    pub is_days: f64,
    /// Net profit of the test range.
    pub oos_profit: f64,
    /// Its length in days.
    pub oos_days: f64,
}

impl WindowProfit {
    /// Profit per day out of sample over profit per day in sample; undefined when the latter is not above 0.
    pub fn efficiency(&self) -> Option<f64> {
        let in_sample = self.is_profit / self.is_days;
        (in_sample > 0.0 && self.oos_days > 0.0).then(|| self.oos_profit / self.oos_days / in_sample)
    }
}

/// Walk-forward efficiency of a study: the ratio of sums over its windows, not the mean of their ratios.
pub fn walk_forward_efficiency(windows: &[WindowProfit]) -> Option<f64> {
    let total = |of: fn(&WindowProfit) -> f64| windows.iter().map(of).fold(0.0, |sum, value| sum + value);
    WindowProfit {
        is_profit: total(|window| window.is_profit),
        is_days: total(|window| window.is_days),
        oos_profit: total(|window| window.oos_profit),
        oos_days: total(|window| window.oos_days),
    }
    .efficiency()
}

/// Share of windows whose test made money; undefined without windows.
pub fn profitable_share(windows: &[WindowProfit]) -> Option<f64> {
    let profitable = windows.iter().filter(|window| window.oos_profit > 0.0).count();
    (!windows.is_empty()).then(|| profitable as f64 / windows.len() as f64)
}

/// Length of a range in days of 24 hours, from the open of its first bar to the close of its last one.
pub fn days(timeline: &[i64], range: StepRange, bar_micros: i64) -> f64 {
    if range.is_empty() {
        return 0.0;
    }
    (timeline[range.end - 1] + bar_micros - timeline[range.start]) as f64 / DAY as f64
}

/// Spearman's rank correlation of in-sample and out-of-sample objectives, both oriented so that larger is better; an
/// undefined objective ranks worst. Undefined below two pairs or when one side has a single rank.
///
/// # Panics
/// When the lists differ in length.
pub fn rank_correlation(in_sample: &[Option<f64>], out_of_sample: &[Option<f64>]) -> Option<f64> {
    assert_eq!(in_sample.len(), out_of_sample.len(), "one objective of each kind per candidate");
    let ranks = |objectives: &[Option<f64>]| {
        let worst_last: Vec<f64> =
            objectives.iter().map(|value| value.unwrap_or(f64::NEG_INFINITY)).collect();
        average_ranks(&worst_last)
    };
    let (a, b) = (ranks(in_sample), ranks(out_of_sample));
    let middle = f64::midpoint(a.len() as f64, 1.0);
    let product =
        |x: &[f64], y: &[f64]| x.iter().zip(y).fold(0.0, |sum, (x, y)| sum + (x - middle) * (y - middle));
    let spread = (product(&a, &a) * product(&b, &b)).sqrt();
    (spread > 0.0).then(|| product(&a, &b) / spread)
}

/// Where a chosen set lies on one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Coordinate {
    /// Level of a numeric or ordered parameter over its last level: 0 to 1.
    Ordered(f64),
    /// Level of an unordered one.
    Unordered(usize),
}

/// Mean distance between consecutive chosen sets: per parameter the difference of levels over the range, 0 or 1 for
/// unordered ones, then the mean over parameters. Undefined below two sets or without parameters.
pub fn parameter_drift(chosen: &[Vec<Coordinate>]) -> Option<f64> {
    let distance = |a: &Coordinate, b: &Coordinate| match (a, b) {
        (Coordinate::Ordered(a), Coordinate::Ordered(b)) => (a - b).abs(),
        _ => f64::from(u8::from(a != b)),
    };
    let mut total = 0.0;
    let mut terms = 0;
    for pair in chosen.windows(2) {
        for (a, b) in pair[0].iter().zip(&pair[1]) {
            total += distance(a, b);
            terms += 1;
        }
    }
    (terms > 0).then(|| total / f64::from(terms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_that_agree_correlate_and_the_undefined_ranks_worst() {
        let up = [Some(1.0), Some(2.0), Some(3.0)];
        assert_eq!(rank_correlation(&up, &[Some(10.0), Some(20.0), Some(30.0)]), Some(1.0));
        assert_eq!(rank_correlation(&up, &[Some(5.0), Some(4.0), None]), Some(-1.0));
        assert_eq!(rank_correlation(&up, &[Some(1.0); 3]), None);
    }

    #[test]
    fn drift_is_the_mean_over_parameters_and_steps() {
        let set = |level, choice| vec![Coordinate::Ordered(level), Coordinate::Unordered(choice)];
        assert_eq!(parameter_drift(&[set(0.0, 1), set(0.5, 1), set(0.5, 2)]), Some(1.5 / 4.0));
        assert_eq!(parameter_drift(&[set(0.0, 1)]), None);
    }

    #[test]
    fn a_range_lasts_until_the_close_of_its_last_bar() {
        let timeline = [0, DAY, 3 * DAY];
        assert_eq!(days(&timeline, StepRange { start: 0, end: 3 }, DAY), 4.0);
        assert_eq!(days(&timeline, StepRange { start: 2, end: 2 }, DAY), 0.0);
    }

    #[test]
    fn no_window_has_no_efficiency() {
        assert_eq!(walk_forward_efficiency(&[]), None);
        assert_eq!(profitable_share(&[]), None);
    }
}
