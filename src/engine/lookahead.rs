//! Does a strategy know the future? The market after an instant is replaced by noise; nothing it computed or decided
//! up to there may change.
//!
//! Looked at are the planned series, everything the strategy says, and the run as a whole. Half of the instants are bars
//! on which a decision fell, because a leak that reaches one bar ahead shows best there. Each look takes a stretch of the
//! market around its instant, so the cost does not grow with the length of the data.

use std::fmt;
use std::sync::Arc;

use super::excerpt::excerpt;
use super::noise::{KnownHigher, with_noise_after};
use super::run::{EngineInputs, RunRequest, StrategyRunner, TrialRun, WindowEnd};
use super::statements::Statement;
use crate::cache::{self, CachePlan, IndicatorCache};
use crate::data::MultiSymbolData;
use crate::indicators::{IndicatorKind, SeriesKey};
use crate::types::{StepRange, Timestamp, Trial, TrialError, TrialId};

/// Where and how far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookaheadSearch {
    /// Instants after which the market is noise.
    pub instants: usize,
    /// Tradeable steps before each instant; the strategy's warm-up comes on top.
    pub before: usize,
    /// Steps of noise after each instant.
    pub after: usize,
}

/// What a search looked at and found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LookaheadReport {
    /// Instants looked at.
    pub instants: usize,
    /// Distinct series compared.
    pub series: usize,
    /// Statements compared.
    pub decisions: usize,
    /// What changed, the first time each: series first, then a finding per trial.
    pub leaks: Vec<Leak>,
}

/// Something that depends on what came after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Leak {
    /// Everything that opened after this bar was noise.
    pub known_until: Timestamp,
    /// What changed.
    pub what: Leaked,
}

/// What changed with the future.
#[derive(Debug, Clone, PartialEq)]
pub enum Leaked {
    /// A planned series.
    Series {
        /// Its name: `ema(20) on H4 bid of EURUSD`.
        series: String,
        /// First bar whose value changed.
        bar: Timestamp,
        /// Value with the true future.
        truth: f64,
        /// Value with noise.
        noise: f64,
    },
    /// A decision.
    Decision {
        /// Whose.
        trial: TrialId,
        /// Bar on which it fell, or did not.
        bar: Timestamp,
        /// What was said with the true future, if anything.
        truth: Option<String>,
        /// What was said with noise, if anything.
        noise: Option<String>,
    },
    /// The account, although every decision stayed.
    Account {
        /// Whose.
        trial: TrialId,
    },
}

impl fmt::Display for Leak {
    /// What changed, where, and how.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        match &self.what {
            Leaked::Series { series, bar, truth, noise } => {
                write!(
                    f,
                    "{series} at {bar} is {truth}, and {noise} when the bars after {} are noise",
                    self.known_until
                )
            }
            Leaked::Decision { trial, bar, truth, noise } => write!(
                f,
                "trial {trial} at {bar} says: {}; when the bars after {} are noise: {}",
                said(truth),
                self.known_until,
                said(noise)
            ),
            Leaked::Account { trial } => {
                write!(f, "the account of trial {trial} changes with the bars after {}", self.known_until)
            }
        }
    }
}

/// Looks for knowledge of the future in some trials of one strategy on the window of `request`.
///
/// # Errors
/// As [`StrategyRunner::run`]; also when the series of the trials cannot be computed.
pub fn find_lookahead(
    runner: &dyn StrategyRunner,
    trials: &[Trial],
    inputs: &EngineInputs,
    request: &RunRequest,
    search: &LookaheadSearch,
) -> Result<LookaheadReport, TrialError> {
    let window = StepRange { start: request.window.start, end: request.window.end.min(inputs.data.steps()) };
    let warmup = trials.iter().map(|trial| runner.warmup_bars(trial)).max().unwrap_or(0);
    let mut report = LookaheadReport::default();
    let mut look = Look { runner, trials, inputs, request, report: &mut report };
    for k in 1..=search.instants {
        let last = window.start + window.len() * k / (search.instants + 1);
        if last + 1 >= inputs.data.steps() {
            continue;
        }
        let start = last.saturating_sub(search.before).max(window.start);
        let first = start.saturating_sub(warmup);
        let end = (last + 1).saturating_add(search.after).min(inputs.data.steps());
        let at = if k % 2 == 0 { Instant::Spread } else { Instant::Decision };
        look.at(StepRange { start: first, end }, StepRange { start, end: last + 1 }, at)?;
    }
    Ok(report)
}

/// Where the noise begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instant {
    /// After the window.
    Spread,
    /// After the last bar of the window on which any of the trials decides something.
    Decision,
}

/// The planned series of some trials, computed.
pub(super) fn series_of(
    runner: &dyn StrategyRunner,
    trials: &[Trial],
    data: &MultiSymbolData,
) -> Result<(CachePlan, IndicatorCache), TrialError> {
    let mut plan = CachePlan::default();
    for trial in trials {
        runner.plan(trial, data, &mut plan)?;
    }
    plan.keep_all();
    let cache =
        cache::build(&plan, data, None, None).map_err(|error| TrialError::Engine(error.to_string()))?;
    Ok((plan, cache))
}

/// One run with its own cache.
pub(super) fn run(
    runner: &dyn StrategyRunner,
    trial: &Trial,
    inputs: &EngineInputs,
    request: &RunRequest,
) -> Result<TrialRun, TrialError> {
    let (_, cache) = series_of(runner, std::slice::from_ref(trial), &inputs.data)?;
    runner.run(&EngineInputs { cache: Arc::new(cache), ..inputs.clone() }, request, trial)
}

/// Trials on the true market and on one with noise.
struct Look<'a> {
    runner: &'a dyn StrategyRunner,
    trials: &'a [Trial],
    inputs: &'a EngineInputs,
    request: &'a RunRequest,
    report: &'a mut LookaheadReport,
}

impl Look<'_> {
    /// Looks at an instant of `window` on the market between the steps of `stretch`.
    fn at(&mut self, stretch: StepRange, window: StepRange, instant: Instant) -> Result<(), TrialError> {
        let known_higher =
            if self.inputs.settings.allow_lookahead { KnownHigher::Complete } else { KnownHigher::Shown };
        let near = excerpt(&self.inputs.data, stretch);
        let mut window = StepRange { start: window.start - stretch.start, end: window.end - stretch.start };
        let (plan, series) = series_of(self.runner, self.trials, &near)?;
        let inputs = |data: MultiSymbolData, cache| EngineInputs {
            data: Arc::new(data),
            cache: Arc::new(cache),
            // Rows blocked by news are numbered by whole data; a decision they would forbid is still a decision.
            context: Arc::default(),
            ..self.inputs.clone()
        };
        let truth = inputs(near, series);
        if instant == Instant::Decision {
            let request = RunRequest { window, ..*self.request };
            let last = self.last_decision(&truth, &request)?;
            window.end = last.map_or(window.end, |last| last + 1);
        }
        let last = window.end - 1;
        let noisy = with_noise_after(&truth.data, last, known_higher, self.inputs.seed);
        let (_, series) = series_of(self.runner, self.trials, &noisy)?;
        let noise = inputs(noisy, series);
        let known_until = truth.data.time(last);
        self.report.instants += 1;
        self.report.series = self.report.series.max(plan.keys().count());
        self.compare_series(&plan, [&truth.cache, &noise.cache], &truth.data, last);
        let request = RunRequest { window, window_end: WindowEnd::Close, ..*self.request };
        for trial in self.trials {
            let (run, said) = self.runner.listen(&truth, &request, trial)?;
            let (noisy_run, noisy_said) = self.runner.listen(&noise, &request, trial)?;
            self.report.decisions += said.len();
            let what = first_difference(trial.id, [&said, &noisy_said], &truth.data).or_else(|| {
                // Floats print in their shortest exact form, so equal texts are equal bits.
                (format!("{run:?}") != format!("{noisy_run:?}"))
                    .then_some(Leaked::Account { trial: trial.id })
            });
            if let Some(what) = what.filter(|_| !self.is_known(trial.id)) {
                self.report.leaks.push(Leak { known_until, what });
            }
        }
        Ok(())
    }

    /// The last step of a run on which any of the trials decides something.
    fn last_decision(
        &self,
        inputs: &EngineInputs,
        request: &RunRequest,
    ) -> Result<Option<usize>, TrialError> {
        let mut last = None;
        for trial in self.trials {
            let (_, said) = self.runner.listen(inputs, request, trial)?;
            last = last.max(said.last().map(|statement| statement.step));
        }
        Ok(last)
    }

    /// Whether the trial was caught at an earlier instant.
    fn is_known(&self, id: TrialId) -> bool {
        self.report.leaks.iter().any(|leak| match leak.what {
            Leaked::Decision { trial, .. } | Leaked::Account { trial } => trial == id,
            Leaked::Series { .. } => false,
        })
    }

    /// Compares the values of every series up to step `last`.
    fn compare_series(
        &mut self,
        plan: &CachePlan,
        [truth, noise]: [&IndicatorCache; 2],
        data: &MultiSymbolData,
        last: usize,
    ) {
        let mut found: Vec<(&SeriesKey, Leaked)> = Vec::new();
        for key in plan.keys() {
            let symbol = data.symbol(key.symbol);
            let (Some(last), Some(truth), Some(noise)) =
                (symbol.last_row(last), truth.get(key), noise.get(key))
            else {
                continue;
            };
            let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            if let Some(row) = (0..=last).find(|&row| !same(truth.at(row), noise.at(row))) {
                let bar = symbol.bars.time(row);
                let (truth, noise) = (truth.at(row), noise.at(row));
                found.push((key, Leaked::Series { series: series_name(key, data), bar, truth, noise }));
            }
        }
        // What is calculated from a series that leaks needs no name of its own.
        let is_derived = |key: &SeriesKey| matches!(key.kind, IndicatorKind::Expression(_));
        let has_source = found.iter().any(|(key, _)| !is_derived(key));
        for (key, what) in found {
            let name = |leaked: &Leaked| match leaked {
                Leaked::Series { series, .. } => Some(series.clone()),
                _ => None,
            };
            let known = self.report.leaks.iter().any(|leak| name(&leak.what) == name(&what));
            if !(known || (has_source && is_derived(key))) {
                self.report.leaks.push(Leak { known_until: data.time(last), what });
            }
        }
    }
}

/// `ema(20) on H4 bid of EURUSD`.
pub(super) fn series_name(key: &SeriesKey, data: &MultiSymbolData) -> String {
    let whole = key.to_string();
    let name = &data.symbol(key.symbol).spec.name;
    whole.rsplit_once(" of ").map_or(whole.clone(), |(series, _)| format!("{series} of {name}"))
}

/// The first statement that only one of two runs makes.
fn first_difference(
    trial: TrialId,
    [truth, noise]: [&[Statement]; 2],
    data: &MultiSymbolData,
) -> Option<Leaked> {
    // Texts instead of values: an absent number is not equal to itself.
    let differs = |place: &usize| format!("{:?}", truth.get(*place)) != format!("{:?}", noise.get(*place));
    let place = (0..truth.len().max(noise.len())).find(differs)?;
    let (truth, noise) = (truth.get(place), noise.get(place));
    let bar = [truth, noise].into_iter().flatten().map(|statement| statement.time).min()?;
    let at_bar = |said: Option<&Statement>| said.filter(|said| said.time == bar).map(|s| s.said.text(data));
    Some(Leaked::Decision { trial, bar, truth: at_bar(truth), noise: at_bar(noise) })
}
