//! A few trials run beforehand, to say what the rest will take. No clock here: whoever asks measures.

use std::sync::Arc;

use super::{JobError, Prepared};
use crate::cache::{CachePlan, IndicatorCache};
use crate::engine::WindowEnd;
use crate::search::sampler::Asked;
use crate::sweep::{TrialEvaluator, WindowEvaluator};
use crate::types::{StepRange, Trial};

/// Trials whose series are looked at to guess how many there will be at a time.
const LOOKED_AT: u64 = 512;
/// Most trials that are prepared together.
const MOST: usize = 4096;
/// Memory for the series of one wave when no budget is known.
const USUAL: u64 = 1 << 29;

impl Prepared {
    /// At most `most` trials that would run, evenly spread over the positions.
    pub fn sample(&self, most: u64) -> Vec<Trial> {
        let positions = self.plan.positions;
        let step = positions.div_ceil(most.max(1)).max(1);
        let sampler = self.samplers[0].as_ref();
        let asked = (0..positions).step_by(usize::try_from(step).unwrap_or(usize::MAX));
        let trials = asked.filter_map(|position| match sampler.ask(position) {
            Asked::Run(trial) => Some(trial),
            _ => None,
        });
        trials.filter(|trial| self.study.infeasible(trial).is_none()).collect()
    }

    /// Computes the series of some trials.
    ///
    /// # Errors
    /// When they do not fit the memory budget.
    pub fn series_of(&self, trials: &[Trial]) -> Result<Arc<IndicatorCache>, JobError> {
        Ok(self.study.cache_for(trials)?)
    }

    /// Trials that run as one wave: as many as the memory for their series allows. Changes no result.
    ///
    /// Two waves can be in memory at a time, and the one before lends its series to the next: a wave gets a quarter
    /// of the budget. A grid shares nearly all series and runs in full waves; random points of a continuous space share
    /// few, and thousands of them together would need gigabytes.
    pub fn wave_trials(&self) -> usize {
        let budget = self.study.cache_budget.map_or(USUAL, |budget| (budget / 4).min(USUAL));
        let per_trial = self.added_per_trial(|plan| plan.bytes(&self.study.inputs.data));
        if per_trial * MOST as f64 <= budget as f64 {
            return MOST;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4096")]
        let trials = (budget as f64 / per_trial) as usize;
        trials.max(16)
    }

    /// What one more trial adds to the plan of the others, by some measure.
    fn added_per_trial(&self, measure: impl Fn(&CachePlan) -> u64) -> f64 {
        let sample = self.sample(LOOKED_AT);
        let mut plan = CachePlan::default();
        let mut half = 0;
        for (k, trial) in sample.iter().enumerate() {
            // A set that cannot be planned needs nothing.
            let _ = self.study.runner.plan(trial, &self.study.inputs.data, &mut plan);
            if k + 1 == sample.len() / 2 {
                half = measure(&plan);
            }
        }
        measure(&plan).saturating_sub(half) as f64 / (sample.len() - sample.len() / 2).max(1) as f64
    }

    /// Series and comparisons in memory at a time.
    pub fn distinct_series(&self) -> u64 {
        let mut plan = CachePlan::default();
        let sample = self.sample(LOOKED_AT);
        for trial in &sample {
            let _ = self.study.runner.plan(trial, &self.study.inputs.data, &mut plan);
        }
        let more = (self.wave_trials() as u64).min(self.plan.positions).saturating_sub(sample.len() as u64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let added = (self.added_per_trial(series_in) * more as f64) as u64;
        series_in(&plan) + added
    }

    /// The range trials run on: the first training range of a walk-forward study.
    pub fn trial_window(&self) -> StepRange {
        self.splits
            .as_ref()
            .and_then(|splits| splits.windows.first())
            .map_or(self.window, |first| first.train)
    }

    /// Runs one trial and throws its result away, even when it fails: the time counts either way.
    pub fn try_out(&self, series: &Arc<IndicatorCache>, trial: &Trial) {
        let evaluator = WindowEvaluator::new(&self.study, self.trial_window(), 0, WindowEnd::EndOfRun);
        let _ = evaluator.evaluate(series, trial);
    }
}

fn series_in(plan: &CachePlan) -> u64 {
    (plan.keys().count() + plan.mask_keys().count()) as u64
}
