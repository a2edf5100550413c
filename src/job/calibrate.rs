//! A few trials run beforehand, to say what the rest will take. No clock here: whoever asks measures.

use std::sync::Arc;

use super::{JobError, Prepared};
use crate::cache::{CachePlan, IndicatorCache};
use crate::engine::WindowEnd;
use crate::search::sampler::Asked;
use crate::sweep::{TrialEvaluator, WindowEvaluator};
use crate::types::{StepRange, Trial};

/// Trials whose series are looked at to guess how many there will be at a time.
const LOOKED_AT: u64 = 4096;

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

    /// Series and comparisons that the first few thousand trials need together.
    pub fn distinct_series(&self) -> usize {
        let mut plan = CachePlan::default();
        for trial in self.sample(LOOKED_AT) {
            // A set that cannot be planned needs nothing.
            let _ = self.study.runner.plan(&trial, &self.study.inputs.data, &mut plan);
        }
        plan.keys().count() + plan.mask_keys().count()
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
