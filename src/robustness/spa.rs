//! Is the best of many better than the benchmark, or only the luckiest?
//!
//! White's reality check (2000) and Hansen's test of superior predictive ability (2005), studentised, with the stationary
//! bootstrap of Politis and Romano (`walk_forward_and_robustness.md` section 4).

use rayon::prelude::*;

use crate::metrics::{Bootstrap, zero_spread};
use crate::types::math;

/// Fewest days for the test.
pub const MIN_DAYS: usize = 20;

/// p-values of "some configuration beats the benchmark".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SuperiorAbility {
    /// Largest studentised mean, at least 0.
    pub statistic: f64,
    /// Bad configurations are taken as no better than they look; too small where many are bad.
    pub lower: f64,
    /// Hansen's: what gates look at.
    pub consistent: f64,
    /// White's: every configuration is taken as good as the benchmark; too large where many are bad.
    pub upper: f64,
}

/// One configuration over all days.
#[derive(Debug)]
struct Column<'a> {
    excess: &'a [f64],
    mean: f64,
    /// Deviation of `sqrt(n)` times the mean.
    deviation: f64,
    /// How the bootstrap mean is centred: lower, consistent, upper.
    centres: [f64; 3],
}

/// Tests daily returns above the benchmark: one list per configuration over the same days. `mean_block` is the mean length
/// of blocks. Undefined below [`MIN_DAYS`] days, or when no configuration has a long-run variance.
///
/// # Panics
/// When the lists differ in length.
pub fn superior_ability(
    excess: &[Vec<f64>],
    bootstrap: &Bootstrap,
    mean_block: f64,
) -> Option<SuperiorAbility> {
    let days = excess.first()?.len();
    superior_ability_of(excess, bootstrap.draws, mean_block, |draw, indices| {
        bootstrap.fill_blocks(days, draw, mean_block, indices);
    })
}

/// As [`superior_ability`], with the indices of a draw written by `fill`; all configurations share them.
///
/// # Panics
/// When the lists differ in length or an index is no day.
pub fn superior_ability_of(
    excess: &[Vec<f64>],
    draws: u32,
    mean_block: f64,
    fill: impl Fn(u32, &mut Vec<usize>) + Sync,
) -> Option<SuperiorAbility> {
    let days = excess.first()?.len();
    assert!(excess.iter().all(|column| column.len() == days), "the same days for every configuration");
    if days < MIN_DAYS {
        return None;
    }
    let kernel = kernel(days, mean_block);
    let columns: Vec<Column<'_>> =
        excess.par_iter().filter_map(|column| Column::new(column, &kernel)).collect();
    if columns.is_empty() {
        return None;
    }
    let root = (days as f64).sqrt();
    let statistic = columns.iter().fold(0.0, |best: f64, c| best.max(root * c.mean / c.deviation));
    // Counts of whole numbers: the order of draws does not matter.
    let reached = (0..draws)
        .into_par_iter()
        .map_init(
            || (Vec::with_capacity(days), vec![0.0; days]),
            |(indices, weights), draw| {
                fill(draw, indices);
                weights.fill(0.0);
                for &index in indices.iter() {
                    weights[index] += 1.0;
                }
                largest(&columns, weights, root).map(|value| u32::from(value >= statistic))
            },
        )
        .reduce(|| [0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
    let p = reached.map(|count| (1.0 + f64::from(count)) / (f64::from(draws) + 1.0));
    Some(SuperiorAbility { statistic, lower: p[0], consistent: p[1], upper: p[2] })
}

/// Largest studentised mean of one draw, at least 0, under each centring. `weights` counts how often a day was drawn.
fn largest(columns: &[Column<'_>], weights: &[f64], root: f64) -> [f64; 3] {
    let mut best = [0.0_f64; 3];
    for column in columns {
        let sum = weighted_sum(column.excess, weights);
        let mean = sum / column.excess.len() as f64;
        for (best, centre) in best.iter_mut().zip(column.centres) {
            *best = best.max(root * (mean - centre) / column.deviation);
        }
    }
    best
}

/// Sum of products in four interleaved lanes, a fixed order that the processor can overlap.
fn weighted_sum(values: &[f64], weights: &[f64]) -> f64 {
    let (value_chunks, value_rest) = values.as_chunks::<4>();
    let (weight_chunks, weight_rest) = weights.as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for (values, weights) in value_chunks.iter().zip(weight_chunks) {
        for lane in 0..4 {
            lanes[lane] += values[lane] * weights[lane];
        }
    }
    let rest = value_rest.iter().zip(weight_rest).fold(0.0, |sum, (value, weight)| sum + value * weight);
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

impl<'a> Column<'a> {
    /// `None` without a long-run variance that is more than rounding.
    fn new(excess: &'a [f64], kernel: &[f64]) -> Option<Self> {
        let n = excess.len() as f64;
        let mean = math::sum(excess) / n;
        let variance = long_run_variance(excess, mean, kernel);
        let max_abs = excess.iter().fold(0.0_f64, |max, value| max.max(value.abs()));
        if zero_spread(variance.max(0.0).sqrt(), max_abs) {
            return None;
        }
        let kept = if mean >= consistent_threshold(variance, excess.len()) { mean } else { 0.0 };
        Some(Self { excess, mean, deviation: variance.sqrt(), centres: [mean.max(0.0), kept, mean] })
    }
}

/// Weights of autocovariances under the stationary bootstrap: `K_i = (1 - i/n)(1 - p)^i + (i/n)(1 - p)^(n - i)` with
/// `p = 1 / mean_block`; entry 0 is lag 1.
pub fn kernel(days: usize, mean_block: f64) -> Vec<f64> {
    let n = days as f64;
    let stay = 1.0 - 1.0 / mean_block;
    (1..days)
        .map(|lag| {
            let i = lag as f64;
            (1.0 - i / n) * math::pow(stay, i) + (i / n) * math::pow(stay, n - i)
        })
        .collect()
}

/// `c_0 + 2 sum K_i c_i` with the autocovariances `c_i = (1/n) sum e_t e_{t+i}`.
pub fn long_run_variance(values: &[f64], mean: f64, kernel: &[f64]) -> f64 {
    let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let n = values.len() as f64;
    let mut later = 0.0;
    for (lag, weight) in (1..).zip(kernel) {
        later += weight * (weighted_sum(&centred[..centred.len() - lag], &centred[lag..]) / n);
    }
    weighted_sum(&centred, &centred) / n + 2.0 * later
}

/// Hansen's threshold `-sqrt(w2 / n * 2 ln ln n)`: a mean below it is taken as truly bad.
pub fn consistent_threshold(variance: f64, days: usize) -> f64 {
    let n = days as f64;
    -(variance / n * 2.0 * math::ln(math::ln(n))).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::BootstrapKind;
    use crate::types::MasterSeed;
    use crate::types::rng::Purpose;

    fn noise(days: usize, drift: f64, seed: u64) -> Vec<f64> {
        let mut rng = MasterSeed(seed).rng(Purpose::User, 0, 0, 0);
        (0..days).map(|_| drift + rng.normal()).collect()
    }

    fn bootstrap(draws: u32) -> Bootstrap {
        Bootstrap { kind: BootstrapKind::Stationary, draws, seed: MasterSeed(42), fold: 0, trial: 0 }
    }

    #[test]
    fn an_edge_is_found_among_noise_and_noise_alone_is_not() {
        let luck: Vec<Vec<f64>> = (0..20).map(|seed| noise(250, 0.0, seed)).collect();
        let nothing = superior_ability(&luck, &bootstrap(300), 6.0).expect("enough days");
        assert!(nothing.consistent > 0.05, "{nothing:?}");
        assert!(nothing.lower <= nothing.consistent && nothing.consistent <= nothing.upper);
        let with_edge: Vec<Vec<f64>> = luck.into_iter().chain([noise(250, 0.4, 99)]).collect();
        let edge = superior_ability(&with_edge, &bootstrap(300), 6.0).expect("enough days");
        assert!(edge.consistent < 0.02, "{edge:?}");
    }

    #[test]
    fn few_days_or_flat_returns_say_nothing() {
        assert_eq!(superior_ability(&[noise(19, 0.0, 1)], &bootstrap(10), 3.0), None);
        assert_eq!(superior_ability(&[vec![0.1; 50]], &bootstrap(10), 3.0), None);
        assert_eq!(superior_ability(&[], &bootstrap(10), 3.0), None);
    }
}
