//! Bootstrap test of "the mean is above zero" (`metrics.md` section 4), with addressed random numbers.
//!
//! The stationary bootstrap of Politis and Romano (1994) resamples blocks of geometric length, so that dependence between
//! neighbours survives.

use crate::types::rng::{KeyedRng, Purpose};
use crate::types::sums::Sums;
use crate::types::{MasterSeed, math};

/// Fewest observations for a p-value.
pub const MIN_OBSERVATIONS: usize = 5;

/// How a resample is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BootstrapKind {
    /// Blocks of geometric length, wrapping around; mean length `max(1, round(n^(1/3)))`.
    #[default]
    Stationary,
    /// Every observation by itself.
    Iid,
}

/// Where the random numbers of a bootstrap lie: draw `b` is repeat `b` of this fold and trial.
#[derive(Debug, Clone, Copy)]
pub struct Bootstrap {
    /// How a resample is drawn.
    pub kind: BootstrapKind,
    /// Number of resamples.
    pub draws: u32,
    /// The study's seed.
    pub seed: MasterSeed,
    /// Walk-forward window or fold, 0 when unused.
    pub fold: u32,
    /// Trial, 0 for draws that all trials share.
    pub trial: u64,
}

impl Bootstrap {
    /// Resamples unless a file says otherwise.
    pub const DEFAULT_DRAWS: u32 = 2000;

    /// Replaces `indices` by those of draw `draw` from `n` observations.
    pub fn fill(&self, n: usize, draw: u32, indices: &mut Vec<usize>) {
        self.fill_blocks(n, draw, default_block_length(n), indices);
    }

    /// As [`Bootstrap::fill`], with blocks of another mean length (at least 1; ignored by [`BootstrapKind::Iid`]).
    pub fn fill_blocks(&self, n: usize, draw: u32, mean_block: f64, indices: &mut Vec<usize>) {
        let mut rng = self.seed.rng(Purpose::Bootstrap, self.fold, draw, self.trial);
        let any = |rng: &mut KeyedRng| usize::try_from(rng.below(n as u64)).expect("below a usize");
        let jump = 1.0 / mean_block;
        indices.clear();
        for _ in 0..n {
            let index = match (self.kind, indices.last()) {
                (BootstrapKind::Stationary, Some(last)) if rng.unit() >= jump => (last + 1) % n,
                _ => any(&mut rng),
            };
            indices.push(index);
        }
    }
}

/// `max(1, round(n^(1/3)))`.
pub fn default_block_length(n: usize) -> f64 {
    math::pow(n as f64, 1.0 / 3.0).round().max(1.0)
}

/// p-value of "the mean of `values` is above 0"; undefined below [`MIN_OBSERVATIONS`] values.
pub fn p_value_mean_above_zero(values: &[f64], bootstrap: &Bootstrap) -> Option<f64> {
    (values.len() >= MIN_OBSERVATIONS).then(|| {
        p_value_of_resamples(values, bootstrap.draws, |draw, indices| {
            bootstrap.fill(values.len(), draw, indices);
        })
    })
}

/// `(1 + number of centred resamples whose mean reaches that of the values) / (draws + 1)`; `fill` writes the indices of a
/// draw. Never 0.
pub fn p_value_of_resamples(values: &[f64], draws: u32, mut fill: impl FnMut(u32, &mut Vec<usize>)) -> f64 {
    let n = values.len();
    let mean = math::sum(values) / n as f64;
    let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let mut indices = Vec::with_capacity(n);
    let mut reached = 0_u32;
    for draw in 0..draws {
        fill(draw, &mut indices);
        let mut sum = Sums::<1>::ZERO;
        for &index in &indices {
            sum.add([centred[index]]);
        }
        reached += u32::from(sum.get(0, n) / n as f64 >= mean);
    }
    (1.0 + f64::from(reached)) / (f64::from(draws) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bootstrap(kind: BootstrapKind) -> Bootstrap {
        Bootstrap { kind, draws: 500, seed: MasterSeed(42), fold: 0, trial: 3 }
    }

    #[test]
    fn few_values_have_no_p_value_and_many_never_have_zero() {
        for kind in [BootstrapKind::Stationary, BootstrapKind::Iid] {
            let values: Vec<f64> = (0..40).map(|i| 1.0 + 0.01 * f64::from(i % 3)).collect();
            assert_eq!(p_value_mean_above_zero(&values[..4], &bootstrap(kind)), None);
            assert_eq!(p_value_mean_above_zero(&values, &bootstrap(kind)), Some(1.0 / 501.0));
        }
    }

    #[test]
    fn a_losing_series_is_not_significant() {
        let values: Vec<f64> = (0..40).map(|i| f64::from(i % 5) - 2.5).collect();
        let p = p_value_mean_above_zero(&values, &bootstrap(BootstrapKind::Stationary));
        assert!(p.is_some_and(|p| p > 0.9), "{p:?}");
    }

    #[test]
    fn draws_have_their_own_address() {
        let draw = |trial, number| {
            let mut indices = Vec::new();
            Bootstrap { trial, ..bootstrap(BootstrapKind::Stationary) }.fill(30, number, &mut indices);
            indices
        };
        assert_eq!(draw(3, 7), draw(3, 7));
        assert_ne!(draw(3, 7), draw(3, 8));
        assert_ne!(draw(3, 7), draw(4, 7));
    }
}
