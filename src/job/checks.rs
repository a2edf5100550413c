//! Tests of the strategy itself: does it know the future, and is its warm-up long enough?

use super::{JobError, Prepared};
use crate::data::HigherSeries;
use crate::engine::{
    Clock, HistoryDifference, LookaheadReport, LookaheadSearch, RunRequest, WindowEnd, find_lookahead,
    history_difference,
};
use crate::types::{StepRange, Timeframe, Trial, TrialId};

/// A thorough look, for whoever asks for it.
pub const THOROUGH: LookaheadSearch = LookaheadSearch { instants: 24, before: 5_000, after: 1_000 };
/// A short look, at the end of every run.
pub const SHORT: LookaheadSearch = LookaheadSearch { instants: 6, before: 500, after: 200 };

/// Trials looked at to find the one with the longest memory.
const LOOKED_AT: u64 = 512;

/// What a test of the warm-up found.
#[derive(Debug, Clone, PartialEq)]
pub struct WarmupReport {
    /// Parameter sets compared.
    pub trials: usize,
    /// Steps of history in front of the study, as loaded.
    pub given: usize,
    /// Steps of history the comparison had at most.
    pub longest: usize,
    /// Sets whose trades depend on older bars, in order.
    pub short: Vec<ShortWarmup>,
}

/// A set whose trades depend on bars older than the warm-up.
#[derive(Debug, Clone, PartialEq)]
pub struct ShortWarmup {
    /// Which.
    pub trial: TrialId,
    /// Where it shows first.
    pub difference: HistoryDifference,
    /// A number of steps that is enough, and `data.warmup_bars` for it; `None` when even the longest is not known to be.
    pub enough: Option<(usize, u32)>,
}

impl Prepared {
    /// Looks for knowledge of the future in some trials.
    ///
    /// # Errors
    /// When a trial cannot run.
    pub fn find_lookahead(
        &self,
        trials: &[Trial],
        search: &LookaheadSearch,
    ) -> Result<LookaheadReport, JobError> {
        let study = &self.study;
        find_lookahead(study.runner.as_ref(), trials, &study.inputs, &request(self.window), search)
            .map_err(JobError::Check)
    }

    /// Compares the trades of some trials in the second half of the data, once with all bars before it and once with as
    /// many as stand in front of the study.
    ///
    /// # Errors
    /// When a trial cannot run.
    pub fn find_short_warmup(&self, trials: &[Trial]) -> Result<WarmupReport, JobError> {
        let given = self.window.start;
        let middle = self.window.start + self.window.len() / 2;
        let request = request(StepRange { start: middle, end: self.window.end });
        let compared = |trial: &Trial, bars| {
            let study = &self.study;
            history_difference(study.runner.as_ref(), trial, &study.inputs, &request, bars)
                .map_err(JobError::Check)
        };
        let mut short = Vec::new();
        for trial in trials {
            let Some(difference) = compared(trial, given)? else { continue };
            let mut steps = given.max(self.study.runner.warmup_bars(trial)).max(1);
            let mut enough = None;
            while enough.is_none() && steps * 2 <= middle {
                steps *= 2;
                enough = compared(trial, steps)?.is_none().then(|| (steps, self.setting_for(middle, steps)));
            }
            short.push(ShortWarmup { trial: trial.id, difference, enough });
        }
        Ok(WarmupReport { trials: trials.len(), given, longest: middle, short })
    }

    /// Of many trials the one that declares the longest warm-up, in front of `more` that are spread evenly.
    pub fn sample_with_longest_memory(&self, more: u64) -> Vec<Trial> {
        let runner = &self.study.runner;
        let mut trials = self.sample(more);
        let longest = self.sample(LOOKED_AT).into_iter().max_by_key(|trial| runner.warmup_bars(trial));
        if let Some(longest) = longest.filter(|longest| trials.iter().all(|trial| trial.id != longest.id)) {
            trials.insert(0, longest);
        }
        trials
    }

    /// What to say when the strategy declares a longer warm-up than stands in front of the study.
    pub(super) fn warmup_note(&self) -> Option<String> {
        let trials = self.sample(LOOKED_AT);
        let needed = trials.iter().map(|trial| self.study.runner.warmup_bars(trial)).max()?;
        let given = self.window.start;
        (needed > given).then(|| {
            format!(
                "{given} bars of warm-up, up to {needed} are needed: raise `data.warmup_bars` (test it: check --warmup)"
            )
        })
    }

    /// `data.warmup_bars` that loads the `steps` before a step: bars of the longest timeframe in calendar time.
    fn setting_for(&self, step: usize, steps: usize) -> u32 {
        let data = &self.study.inputs.data;
        let span = data.time(step).0 - data.time(step - steps).0;
        let higher = data.symbols().iter().flat_map(|symbol| &symbol.higher);
        let longest = higher.map(HigherSeries::timeframe).chain([data.timeframe()]).max();
        let length = longest.map_or(1, Timeframe::micros);
        u32::try_from((span + length - 1) / length).unwrap_or(u32::MAX)
    }
}

fn request(window: StepRange) -> RunRequest {
    let (clock, window_end) = (Clock::Skipping, WindowEnd::EndOfRun);
    RunRequest { window, fold: 0, repeat: 0, random_id: TrialId(0), clock, window_end }
}
