//! Latin hypercube: every dimension is cut into as many strata as there are points, one point in each.

use super::quasi::UnitPoints;
use crate::types::{MasterSeed, Purpose};

/// Latin hypercube points.
#[derive(Debug, Clone)]
pub struct LatinHypercube {
    seed: MasterSeed,
    fold: u32,
    /// Stratum of every point, per dimension.
    permutations: Vec<Vec<u32>>,
}

impl LatinHypercube {
    /// `trials` points in some dimensions; `fold` is the walk-forward window. The permutations are drawn in stream 1 of
    /// trial 0, dimension by dimension; the place inside a stratum from the point's own stream.
    pub fn new(dimensions: usize, trials: u32, seed: MasterSeed, fold: u32) -> Self {
        let mut rng = seed.rng(Purpose::Sampler, fold, 0, 0);
        rng.set_stream(1);
        let mut permutation = || {
            let mut strata: Vec<u32> = (0..trials).collect();
            rng.shuffle(&mut strata);
            strata
        };
        Self { seed, fold, permutations: (0..dimensions).map(|_| permutation()).collect() }
    }
}

impl UnitPoints for LatinHypercube {
    fn units(&self, position: u64) -> Vec<f64> {
        let mut rng = self.seed.rng(Purpose::Sampler, self.fold, 0, position);
        let point = usize::try_from(position).unwrap_or(usize::MAX);
        let unit = |strata: &Vec<u32>| in_stratum(strata[point], rng.unit(), strata.len());
        self.permutations.iter().map(unit).collect()
    }
}

/// `(stratum + jitter) / n`.
pub fn in_stratum(stratum: u32, jitter: f64, n: usize) -> f64 {
    (f64::from(stratum) + jitter) / n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::axis::level_of_unit;

    #[test]
    fn every_stratum_of_every_dimension_holds_one_point() {
        let points = LatinHypercube::new(3, 50, MasterSeed(5), 0);
        let units: Vec<Vec<f64>> = (0..50).map(|position| points.units(position)).collect();
        for dimension in 0..3 {
            let mut strata: Vec<u64> = units.iter().map(|unit| level_of_unit(unit[dimension], 50)).collect();
            strata.sort_unstable();
            assert_eq!(strata, (0..50).collect::<Vec<_>>());
        }
        assert_ne!(points.permutations[0], points.permutations[1]);
    }
}
