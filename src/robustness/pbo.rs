//! Probability of backtest overfitting by combinatorially symmetric cross-validation.
//!
//! Source: Bailey, Borwein, López de Prado and Zhu, "The probability of backtest overfitting" (2017); rules for ties and
//! zero spread of `walk_forward_and_robustness.md` section 4. Sums per block make a combination cost O(configurations ×
//! blocks), whatever the number of days.

use crate::metrics::zero_spread;
use crate::types::math;

/// What the best in one half was worth in the other, over all halves.
#[derive(Debug, Clone, PartialEq)]
pub struct Overfitting {
    /// Share of choices after which the best in sample came no better than the middle out of sample.
    pub pbo: f64,
    /// Share of choices after which it lost money out of sample.
    pub loss_probability: f64,
    /// Slope of the out-of-sample ratio of the best on its in-sample ratio; undefined when the latter never varies.
    pub degradation_slope: Option<f64>,
    /// Intercept of that line.
    pub degradation_intercept: Option<f64>,
    /// Per choice of blocks, in lexicographic order: the best configuration in sample.
    pub best: Vec<usize>,
    /// Per choice: `ln(w / (1 - w))` of its relative rank `w` out of sample.
    pub logits: Vec<f64>,
}

/// Sums of one configuration over some blocks, around its overall mean.
#[derive(Debug, Clone, Copy)]
struct BlockSums {
    count: usize,
    sum: f64,
    squares: f64,
    lowest: f64,
    highest: f64,
}

impl BlockSums {
    const EMPTY: Self =
        Self { count: 0, sum: 0.0, squares: 0.0, lowest: f64::INFINITY, highest: f64::NEG_INFINITY };

    fn of(values: &[f64], centre: f64) -> Self {
        values.iter().fold(Self::EMPTY, |sums, &value| {
            let off = value - centre;
            sums.join(&Self { count: 1, sum: off, squares: off * off, lowest: value, highest: value })
        })
    }

    fn join(&self, other: &Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
        }
    }

    /// Mean over deviation (n - 1) per day; 0 with zero spread.
    fn sharpe(&self, centre: f64) -> f64 {
        let n = self.count as f64;
        let variance = (self.squares - self.sum * self.sum / n) / (n - 1.0);
        let deviation = variance.max(0.0).sqrt();
        let max_abs = self.lowest.abs().max(self.highest.abs());
        // Equal values far from the overall mean leave a rounding error in the variance.
        if self.lowest >= self.highest || zero_spread(deviation, max_abs) {
            return 0.0;
        }
        (centre + self.sum / n) / deviation
    }
}

/// Runs the test on daily returns of at least two configurations over the same days: one list per configuration. `blocks`
/// is even. Undefined with fewer configurations, with fewer than two days per block, or with an odd number of blocks.
///
/// # Panics
/// When the lists differ in length.
pub fn overfitting(returns: &[Vec<f64>], blocks: usize) -> Option<Overfitting> {
    let days = returns.first()?.len();
    assert!(returns.iter().all(|row| row.len() == days), "the same days for every configuration");
    if returns.len() < 2 || blocks < 2 || blocks % 2 == 1 || days < 2 * blocks {
        return None;
    }
    let centres: Vec<f64> = returns.iter().map(|row| math::sum(row) / days as f64).collect();
    let bound = |i: usize| i * days / blocks;
    let sums: Vec<Vec<BlockSums>> = returns
        .iter()
        .zip(&centres)
        .map(|(row, &centre)| {
            (0..blocks).map(|i| BlockSums::of(&row[bound(i)..bound(i + 1)], centre)).collect()
        })
        .collect();
    let mut tally = Tally::default();
    let (mut inside, mut outside) = (vec![0.0; returns.len()], vec![0.0; returns.len()]);
    for chosen in halves(blocks) {
        for (config, (sums, &centre)) in sums.iter().zip(&centres).enumerate() {
            let (mut chosen_sums, mut other_sums) = (BlockSums::EMPTY, BlockSums::EMPTY);
            for (block, &inside) in sums.iter().zip(&chosen) {
                let side = if inside { &mut chosen_sums } else { &mut other_sums };
                *side = side.join(block);
            }
            inside[config] = chosen_sums.sharpe(centre);
            outside[config] = other_sums.sharpe(centre);
        }
        tally.add(&inside, &outside);
    }
    Some(tally.finish())
}

/// Every choice of half the blocks as flags, in lexicographic order of the chosen numbers.
fn halves(blocks: usize) -> impl Iterator<Item = Vec<bool>> {
    let first: Vec<bool> = (0..blocks).map(|block| block < blocks / 2).collect();
    std::iter::successors(Some(first), |flags| next_choice(flags.clone()))
}

/// The next choice of as many: the last chosen place with room moves on, those after it follow close behind.
fn next_choice(mut flags: Vec<bool>) -> Option<Vec<bool>> {
    let place = (0..flags.len() - 1).rev().find(|&i| flags[i] && !flags[i + 1])?;
    let behind = flags[place + 1..].iter().filter(|&&chosen| chosen).count();
    flags[place] = false;
    for (i, flag) in flags[place + 1..].iter_mut().enumerate() {
        *flag = i <= behind;
    }
    Some(flags)
}

#[derive(Debug, Default)]
struct Tally {
    best: Vec<usize>,
    logits: Vec<f64>,
    in_sample: Vec<f64>,
    out_of_sample: Vec<f64>,
    below_middle: usize,
}

impl Tally {
    fn add(&mut self, inside: &[f64], outside: &[f64]) {
        let best = (0..inside.len()).fold(0, |best, i| if inside[i] > inside[best] { i } else { best });
        let value = outside[best];
        let below = outside.iter().filter(|&&other| other < value).count();
        let equal = outside.iter().filter(|&&other| other == value).count();
        // Twice the average rank is whole.
        let twice_rank = 2 * below + equal + 1;
        let places = inside.len() + 1;
        let relative = twice_rank as f64 / (2 * places) as f64;
        self.best.push(best);
        self.logits.push(math::ln(relative / (1.0 - relative)));
        self.in_sample.push(inside[best]);
        self.out_of_sample.push(value);
        self.below_middle += usize::from(twice_rank <= places);
    }

    fn finish(self) -> Overfitting {
        let count = self.best.len() as f64;
        let losses = self.out_of_sample.iter().filter(|&&value| value < 0.0).count();
        let line = least_squares(&self.in_sample, &self.out_of_sample);
        Overfitting {
            pbo: self.below_middle as f64 / count,
            loss_probability: losses as f64 / count,
            degradation_slope: line.map(|(slope, _)| slope),
            degradation_intercept: line.map(|(_, intercept)| intercept),
            best: self.best,
            logits: self.logits,
        }
    }
}

/// Slope and intercept of `y` on `x`; undefined when `x` does not vary.
fn least_squares(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    let n = x.len() as f64;
    let (mean_x, mean_y) = (math::sum(x) / n, math::sum(y) / n);
    let products: Vec<f64> = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).collect();
    let squares: Vec<f64> = x.iter().map(|x| (x - mean_x) * (x - mean_x)).collect();
    let max_abs = x.iter().fold(0.0_f64, |max, x| max.max(x.abs()));
    if zero_spread((math::sum(&squares) / n).sqrt(), max_abs) {
        return None;
    }
    let slope = math::sum(&products) / math::sum(&squares);
    Some((slope, mean_y - slope * mean_x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walkforward::cpcv::combinations;

    #[test]
    fn halves_come_in_lexicographic_order() {
        for blocks in [2, 4, 8] {
            let chosen: Vec<Vec<usize>> =
                halves(blocks).map(|flags| (0..blocks).filter(|&i| flags[i]).collect()).collect();
            assert_eq!(chosen, combinations(blocks, blocks / 2));
        }
    }

    #[test]
    fn days_of_equal_returns_have_a_ratio_of_zero() {
        // The first half lies far from the overall mean and leaves a rounding error in its variance.
        let mut row = vec![0.1; 20];
        row.extend((0..20).map(|i| 0.3 + 0.01 * f64::from(i % 3)));
        let centre = math::sum(&row) / 40.0;
        assert_eq!(BlockSums::of(&row[..20], centre).sharpe(centre), 0.0);
        assert!(BlockSums::of(&row[20..], centre).sharpe(centre) > 1.0);
    }

    #[test]
    fn one_configuration_or_too_few_days_say_nothing() {
        let row: Vec<f64> = (0..40).map(|i| f64::from(i % 7)).collect();
        assert_eq!(overfitting(std::slice::from_ref(&row), 4), None);
        assert_eq!(overfitting(&[row.clone(), row.clone()], 5), None);
        assert_eq!(overfitting(&[row[..7].to_vec(), row[..7].to_vec()], 4), None);
        assert_eq!(overfitting(&[], 4), None);
    }

    #[test]
    fn equal_configurations_are_in_the_middle_and_thus_overfitted() {
        let row: Vec<f64> = (0..40).map(|i| f64::from(i % 7) - 2.0).collect();
        let result = overfitting(&[row.clone(), row.clone(), row], 4).expect("enough");
        assert_eq!(result.pbo, 1.0);
        assert!(result.logits.iter().all(|&logit| logit == 0.0));
        assert!(result.best.iter().all(|&best| best == 0));
    }
}
