//! How much the returns of trials resemble each other (`metrics.md` section 4).

use super::ratio::zero_spread;
use crate::types::rng::Purpose;
use crate::types::{MasterSeed, math};

/// Most trials from which the mean correlation of a study is estimated.
const MOST_TRIALS: usize = 500;

/// Pearson's correlation of two series over the same days; undefined when one has no spread.
///
/// # Panics
/// When the lengths differ.
pub fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "the same days for both");
    let (a, b) = (direction(a)?, direction(b)?);
    let products: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a * b).collect();
    Some(math::sum(&products).clamp(-1.0, 1.0))
}

/// Mean correlation over all pairs of series of the same days; series without spread are left out. Undefined with fewer than
/// two others. Costs O(series × days): the sum over pairs is the squared length of the sum of directions.
///
/// # Panics
/// When the lengths differ.
pub fn mean_correlation<'a>(series: impl IntoIterator<Item = &'a [f64]>) -> Option<f64> {
    let mut total: Vec<f64> = Vec::new();
    let mut count = 0.0;
    for direction in series.into_iter().filter_map(direction) {
        if total.is_empty() {
            total.resize(direction.len(), 0.0);
        }
        assert_eq!(total.len(), direction.len(), "the same days for every series");
        for (total, part) in total.iter_mut().zip(direction) {
            *total += part;
        }
        count += 1.0;
    }
    let squares: Vec<f64> = total.iter().map(|value| value * value).collect();
    (count >= 2.0).then(|| (math::sum(&squares) - count) / (count * (count - 1.0)))
}

/// Which of `trials` trials speak for all in [`mean_correlation`]: every one up to 500, else 500 drawn with the study's seed;
/// rising.
pub fn correlation_sample(trials: usize, seed: MasterSeed) -> Vec<usize> {
    let mut places: Vec<usize> = (0..trials).collect();
    if trials > MOST_TRIALS {
        seed.rng(Purpose::Bootstrap, 0, 0, 0).shuffle(&mut places);
        places.truncate(MOST_TRIALS);
        places.sort_unstable();
    }
    places
}

/// The series around its mean, scaled to length 1; `None` without spread.
fn direction(series: &[f64]) -> Option<Vec<f64>> {
    let n = series.len() as f64;
    let mean = math::sum(series) / n;
    let off: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let squares: Vec<f64> = off.iter().map(|value| value * value).collect();
    let length = math::sum(&squares).sqrt();
    let max_abs = series.iter().fold(0.0_f64, |max, value| max.max(value.abs()));
    (!zero_spread(length / n.sqrt(), max_abs)).then(|| off.into_iter().map(|value| value / length).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_series_resembles_itself_and_opposes_its_mirror() {
        let up = [1.0, 2.0, 4.0];
        let down = up.map(|value| -value);
        assert!(correlation(&up, &up).is_some_and(|c| (c - 1.0).abs() < 1e-15));
        assert!(correlation(&up, &down).is_some_and(|c| (c + 1.0).abs() < 1e-15));
        assert_eq!(correlation(&up, &[0.1; 3]), None);
    }

    #[test]
    fn few_trials_all_speak_and_many_are_drawn_once_each() {
        assert_eq!(correlation_sample(3, MasterSeed(1)), [0, 1, 2]);
        let drawn = correlation_sample(2000, MasterSeed(1));
        assert_eq!(drawn.len(), 500);
        assert!(drawn.is_sorted_by(|a, b| a < b) && drawn != correlation_sample(2000, MasterSeed(2)));
    }

    proptest! {
        #[test]
        fn the_mean_over_pairs_is_the_mean_of_the_pairs(
            series in prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, 12), 2..7),
        ) {
            let mut pairs = Vec::new();
            for (i, a) in series.iter().enumerate() {
                pairs.extend(series[..i].iter().filter_map(|b| correlation(a, b)));
            }
            let expected = math::sum(&pairs) / pairs.len() as f64;
            let found = mean_correlation(series.iter().map(Vec::as_slice)).expect("at least one pair");
            prop_assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }
}
