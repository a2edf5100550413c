//! Samplers whose points lie in the unit cube in a fixed order: Sobol and Latin hypercube.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::axis::identity;
use super::sampler::{Asked, Sampler, SamplerError};
use super::space::Space;
use crate::types::TrialId;

/// Most points: Sobol numbers have 32 bits.
pub const MAX_POINTS: u64 = 1 << 32;

/// Points of the unit cube by number.
pub trait UnitPoints: std::fmt::Debug + Send + Sync {
    /// One coordinate in `[0, 1)` per dimension.
    fn units(&self, position: u64) -> Vec<f64>;
}

/// A sampler over points of the unit cube. A set that an earlier point gave already is not run again.
#[derive(Debug)]
pub struct QuasiRandom<P> {
    space: Arc<Space>,
    points: P,
    trials: u64,
    /// Positions whose set has a lower number.
    repeats: BTreeSet<u64>,
}

impl<P: UnitPoints> QuasiRandom<P> {
    /// The first `trials` points, laid over the space.
    ///
    /// # Errors
    /// More than 2^32 points.
    pub fn new(space: Arc<Space>, points: P, trials: u64) -> Result<Self, SamplerError> {
        if trials > MAX_POINTS {
            return Err(SamplerError::Points { found: trials, allowed: MAX_POINTS });
        }
        let mut sampler = Self { space, points, trials, repeats: BTreeSet::new() };
        let mut seen = HashSet::new();
        for position in 0..trials {
            let (_, point) = sampler.space.resolve(&sampler.space.at_units(&sampler.points.units(position)));
            if !seen.insert(identity(&point)) {
                sampler.repeats.insert(position);
            }
        }
        Ok(sampler)
    }
}

impl<P: UnitPoints> Sampler for QuasiRandom<P> {
    fn positions(&self) -> u64 {
        self.trials
    }

    fn id_at(&self, position: u64) -> TrialId {
        TrialId(position)
    }

    fn ask(&self, position: u64) -> Asked {
        let (values, _) = self.space.resolve(&self.space.at_units(&self.points.units(position)));
        match self.space.violated(&values) {
            Some(constraint) => Asked::Excluded(constraint),
            None if self.repeats.contains(&position) => Asked::Inactive,
            None => Asked::Run(self.space.trial_of(TrialId(position), values)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::axis::{Axis, Levels};
    use crate::search::sobol::SobolPoints;
    use crate::types::{MasterSeed, ParamValue};

    #[test]
    fn repeated_sets_are_skipped_and_the_first_sixteen_points_fill_a_four_by_four_grid() {
        let levels = Levels::Choice { values: (0..4).map(ParamValue::Int).collect(), ordered: true };
        let axis = |name: &str| Axis { name: name.into(), levels: levels.clone(), condition: None };
        let space = Arc::new(Space::new(vec![axis("a"), axis("b")], vec![]));
        let points = SobolPoints::new(2).expect("two dimensions").shifted(MasterSeed(1), 0);
        let sampler = QuasiRandom::new(space, points, 32).expect("few points");
        let counts = sampler.count(0..32);
        assert_eq!((counts.run, counts.inactive), (16, 16));
        assert!((0..16).all(|position| sampler.trial_at(position).is_some()));
    }
}
