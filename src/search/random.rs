//! Independent random points, redrawn when a constraint excludes them.

use std::collections::HashSet;
use std::sync::Arc;

use super::axis::{Coordinate, identity};
use super::sampler::{Asked, Sampler, SamplerError};
use super::space::Space;
use crate::types::{MasterSeed, ParamValue, Purpose, TrialId};

/// Draws per trial before the sampler gives up.
pub const MAX_DRAWS: u32 = 10_000;

/// The random sampler. Trial `k` draws from its own stream, one uniform per searched axis and draw.
#[derive(Debug, Clone)]
pub struct RandomSampler {
    space: Arc<Space>,
    seed: MasterSeed,
    fold: u32,
    /// How many draws each trial needed, so that any trial can be drawn again alone.
    draws: Vec<u16>,
}

impl RandomSampler {
    /// `trials` points; with `distinct` no two are the same set. `fold` is the walk-forward window, 0 when unused.
    ///
    /// # Errors
    /// When a trial finds no admissible point in 10,000 draws.
    pub fn new(
        space: Arc<Space>,
        trials: u64,
        distinct: bool,
        seed: MasterSeed,
        fold: u32,
    ) -> Result<Self, SamplerError> {
        let mut sampler = Self { space, seed, fold, draws: Vec::new() };
        let mut seen = HashSet::new();
        for trial in 0..trials {
            let draws = sampler.search(TrialId(trial), |point| !distinct || seen.insert(identity(point)))?;
            sampler.draws.push(draws);
        }
        Ok(sampler)
    }

    /// Draws until a point passes the constraints and `is_new`; the number of draws.
    fn search(
        &self,
        trial: TrialId,
        mut is_new: impl FnMut(&[Coordinate]) -> bool,
    ) -> Result<u16, SamplerError> {
        let mut failures = vec![0_u32; self.space.constraints().len()];
        let mut repeats = false;
        let mut stream = self.stream(trial);
        for draw in 1..=MAX_DRAWS {
            let (values, point) = stream();
            let mut admissible = true;
            for (failed, constraint) in failures.iter_mut().zip(self.space.constraints()) {
                let holds = constraint.holds(&values);
                *failed += u32::from(!holds);
                admissible &= holds;
            }
            if admissible && is_new(&point) {
                return Ok(u16::try_from(draw).expect("at most 10,000 draws"));
            }
            repeats |= admissible;
        }
        let reason = if repeats { self.exhausted(trial) } else { self.tightest(&failures) };
        Err(SamplerError::TooTight { trial, tries: MAX_DRAWS, reason })
    }

    /// The points a trial draws, one after the other.
    fn stream(&self, trial: TrialId) -> impl FnMut() -> (Vec<ParamValue>, Vec<Coordinate>) {
        let mut rng = self.seed.rng(Purpose::Sampler, self.fold, 0, trial.0);
        let mut units = vec![0.0; self.space.dimensions()];
        move || {
            units.fill_with(|| rng.unit());
            self.space.resolve(&self.space.at_units(&units))
        }
    }

    fn exhausted(&self, trial: TrialId) -> String {
        let sets = self.space.size().map_or_else(|_| "many".to_owned(), |size| size.to_string());
        format!("only {} of {sets} combinations were found admissible; lower `trials`", trial.0)
    }

    /// Names the constraint with the lowest pass rate, the first one of several.
    fn tightest(&self, failures: &[u32]) -> String {
        let most = failures.iter().copied().max().unwrap_or(0);
        let tightest = self.space.constraints().iter().zip(failures).find(|(_, failed)| **failed == most);
        let name = tightest.map_or("", |(constraint, _)| constraint.text());
        let rate = 100.0 * f64::from(MAX_DRAWS - most) / f64::from(MAX_DRAWS);
        format!(
            "the constraint `{name}` passes {rate:.2} % of the draws, the fewest; widen the ranges it reads"
        )
    }
}

impl Sampler for RandomSampler {
    fn positions(&self) -> u64 {
        self.draws.len() as u64
    }

    fn id_at(&self, position: u64) -> TrialId {
        TrialId(position)
    }

    fn ask(&self, position: u64) -> Asked {
        let id = self.id_at(position);
        let draws = usize::try_from(position).ok().and_then(|i| self.draws.get(i)).copied().unwrap_or(1);
        let mut stream = self.stream(id);
        let mut drawn = stream();
        for _ in 1..draws {
            drawn = stream();
        }
        Asked::Run(self.space.trial_of(id, drawn.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::axis::{Axis, Levels};
    use crate::search::constraint::Constraint;

    fn space(constraint: Option<&str>) -> Arc<Space> {
        let levels = Levels::Choice { values: (0..5).map(ParamValue::Int).collect(), ordered: true };
        let axis = |name: &str| Axis { name: name.into(), levels: levels.clone(), condition: None };
        let space = Space::new(vec![axis("a"), axis("b")], vec![]);
        let constraints =
            constraint.map(|text| Constraint::parse(text, |n| space.slot_of(n)).expect("parses"));
        Arc::new(space.with_constraints(constraints.into_iter().collect()))
    }

    #[test]
    fn distinct_draws_exhaust_the_admissible_sets_without_a_repeat() {
        let sampler = RandomSampler::new(space(Some("a < b")), 10, true, MasterSeed(3), 0).expect("ten sets");
        let mut sets: Vec<String> =
            (0..10).map(|p| format!("{:?}", sampler.trial_at(p).expect("runs").params.values())).collect();
        sets.sort();
        sets.dedup();
        assert_eq!(sets.len(), 10);
        let error =
            RandomSampler::new(space(Some("a < b")), 11, true, MasterSeed(3), 0).expect_err("only ten");
        assert!(error.to_string().contains("only 10 of 25 combinations"), "{error}");
    }

    #[test]
    fn a_trial_does_not_depend_on_how_many_are_drawn() {
        let sampler = |n| RandomSampler::new(space(None), n, false, MasterSeed(3), 0).expect("draws");
        assert_eq!(sampler(5).trial_at(4), sampler(50).trial_at(4));
    }

    #[test]
    fn an_impossible_constraint_is_named() {
        let error = RandomSampler::new(space(Some("a > 9")), 1, true, MasterSeed(3), 0).expect_err("none");
        assert!(error.to_string().contains("`a > 9` passes 0.00 %"), "{error}");
    }
}
