//! A walk-forward study: search each training range, try the chosen set on the test that follows, join the tests.
//!
//! Every window is the same sweep on another range of one timeline; series are causal, so they are computed once over the
//! whole history. What a test does never reaches a choice: the choice of a window reads its training rows only.

use std::collections::BTreeMap;

use super::efficiency::{
    Coordinate, WindowProfit, days, parameter_drift, profitable_share, rank_correlation,
    walk_forward_efficiency,
};
use super::settings::{Stitch, WalkForwardSettings};
use super::splits::{Splits, Window};
use super::stitch::{OverlapError, scale_trade, stitch};
use crate::cache::{CacheError, CacheReport};
use crate::engine::settings::PnlMode;
use crate::engine::{self, BookedTrades, TrialRun, WindowEnd};
use crate::metrics::{METRIC_COUNT, MetricId, Metrics};
use crate::search::{Coordinate as Level, Levels, Sampler, Space};
use crate::sweep::reducer::ChunkFigures;
use crate::sweep::{
    ChunkPlan, ChunkStore, FeasibleTrials, Moments, ObjectiveRanker, Progress, ProgressEvent, RunSettings,
    StopFlag, Study, Sweep, SweepCounts, SweepEnd, SweepError, SweepReport, TrialRow, WindowEvaluator,
};
use crate::types::{EquityCurve, ParamValue, StepRange, Trade, Trial, TrialError, math};

/// Everything a walk-forward study reads.
#[derive(Clone, Copy)]
pub struct WalkForward<'a> {
    /// Strategy, market and aim.
    pub study: &'a Study,
    /// The points, one sampler per window: its number is the fold of their random addresses.
    pub samplers: &'a [Box<dyn Sampler>],
    /// The space of the points, for the drift of the choices.
    pub space: &'a Space,
    /// Training and test ranges.
    pub splits: &'a Splits,
    /// How tests are joined.
    pub settings: &'a WalkForwardSettings,
    /// How the positions of one window are cut.
    pub plan: &'a ChunkPlan,
    /// Threads and the like.
    pub run: &'a RunSettings,
    /// Who watches.
    pub progress: &'a dyn Progress,
    /// The wish to stop.
    pub stop: &'a StopFlag,
}

impl std::fmt::Debug for WalkForward<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalkForward").field("splits", self.splits).finish_non_exhaustive()
    }
}

/// Why a study could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkForwardRunError<S: std::error::Error + 'static> {
    /// The search of a window failed.
    #[error(transparent)]
    Sweep(#[from] SweepError<S, CacheError>),
    /// The series of a test did not fit the memory budget.
    #[error(transparent)]
    Cache(CacheError),
    /// A chosen set gave a result in training and none in its test.
    #[error("the set chosen in window {window} failed in its test: {error}")]
    Test {
        /// Window.
        window: u32,
        /// What happened.
        error: TrialError,
    },
    /// Tests overlap and cannot be joined.
    #[error(transparent)]
    Overlap(#[from] OverlapError),
}

/// A chosen set on the test of its window.
#[derive(Debug, Clone)]
pub struct TestRun {
    /// Everything it did.
    pub run: TrialRun,
    /// Its metrics over the test.
    pub metrics: Metrics,
    /// Its objective over the test.
    pub objective: Option<f64>,
}

/// One window.
#[derive(Debug, Clone)]
pub struct WindowOutcome {
    /// Training and test ranges.
    pub window: Window,
    /// How its trials went.
    pub counts: SweepCounts,
    /// Its best rows in training, best first; the first one is the choice.
    pub best: Vec<TrialRow>,
    /// The choice on the test; `None` when no trial gave a result and the account stood still.
    pub test: Option<TestRun>,
}

impl WindowOutcome {
    /// The chosen row: rank 1 of the training range, if any trial gave a result.
    pub fn chosen(&self) -> Option<&TrialRow> {
        self.best.first().filter(|row| row.status == crate::sweep::TrialStatus::Ok)
    }
}

/// The tests as one account.
#[derive(Debug, Clone)]
pub struct OutOfSample {
    /// Equity from the first test to the last.
    pub curve: EquityCurve,
    /// Trades of all tests, in the money of the joined account.
    pub trades: Vec<Trade>,
    /// Metrics of curve and trades: the headline numbers of the study.
    pub metrics: Metrics,
    /// Its objective.
    pub objective: Option<f64>,
    /// Steps from the first test to the end of the last.
    pub steps: StepRange,
    /// Profit per day in the tests over profit per day in training; `None` when training made none.
    pub efficiency: Option<f64>,
    /// The same per window, in order.
    pub window_efficiency: Vec<Option<f64>>,
    /// Share of windows whose test made money.
    pub profitable_share: Option<f64>,
    /// Share of the testable steps that some test covers.
    pub coverage: f64,
    /// Rank correlation of the choices' objectives in training and test.
    pub rank_correlation: Option<f64>,
    /// Mean distance between consecutive choices.
    pub parameter_drift: Option<f64>,
}

/// How a study ended.
#[derive(Debug, Clone)]
pub struct WalkForwardReport {
    /// Complete, stopped, or too many failures.
    pub end: SweepEnd,
    /// Finished windows, in order.
    pub windows: Vec<WindowOutcome>,
    /// The joined tests; `None` unless every window is finished.
    pub out_of_sample: Option<OutOfSample>,
    /// How all trials of all windows went.
    pub counts: SweepCounts,
    /// Figures per chunk over all windows.
    pub chunks: BTreeMap<u64, ChunkFigures>,
    /// Chunks found finished, and damaged ones run again.
    pub resumed: u64,
    /// Damaged chunks that were run again, with how it was noticed.
    pub damaged: Vec<(u64, String)>,
    /// Bars simulated by this process, tests included.
    pub bars: u64,
    /// Trials run by this process.
    pub run: u64,
    /// Moments of the watched metric over the completed trials of all windows.
    pub moments: Moments,
    /// Use of the shared series; `bytes` is the peak.
    pub cache: CacheReport,
}

/// How the positions of window number `place` are cut: chunk numbers go on from window to window.
pub fn window_plan(plan: &ChunkPlan, splits: &Splits, place: usize) -> ChunkPlan {
    ChunkPlan { fold: splits.windows[place].index, first_chunk: place as u64 * plan.chunk_count(), ..*plan }
}

impl WalkForward<'_> {
    /// Runs every window that the store does not hold.
    ///
    /// # Errors
    /// When the store fails, memory does not suffice, or a chosen set fails in its test.
    pub fn run<C: ChunkStore>(
        &self,
        store: &mut C,
    ) -> Result<WalkForwardReport, WalkForwardRunError<C::Error>> {
        let mut report = WalkForwardReport {
            end: SweepEnd::Complete,
            windows: Vec::with_capacity(self.splits.windows.len()),
            out_of_sample: None,
            counts: SweepCounts::default(),
            chunks: BTreeMap::new(),
            resumed: 0,
            damaged: Vec::new(),
            bars: 0,
            run: 0,
            moments: Moments::default(),
            cache: CacheReport::default(),
        };
        for (place, window) in self.splits.windows.iter().enumerate() {
            let text = format!("window {} of {}", place + 1, self.splits.windows.len());
            self.progress.event(&ProgressEvent::Note(&text));
            let (found, cache) = self.search(place, window, store)?;
            report.add(&found, &cache);
            if found.end != SweepEnd::Complete {
                report.end = found.end;
                return Ok(report);
            }
            let mut outcome = WindowOutcome {
                window: *window,
                counts: found.summary.counts,
                best: found.summary.best,
                test: None,
            };
            if let Some(row) = outcome.chosen() {
                let test = self.test(window, row)?;
                report.bars += test.run.bars;
                outcome.test = Some(test);
            }
            report.windows.push(outcome);
        }
        report.out_of_sample = self.join(&report.windows)?;
        Ok(report)
    }

    fn search<C: ChunkStore>(
        &self,
        place: usize,
        window: &Window,
        store: &mut C,
    ) -> Result<(SweepReport, CacheReport), SweepError<C::Error, CacheError>> {
        let evaluator = WindowEvaluator::new(self.study, window.train, window.index, WindowEnd::EndOfRun);
        let sweep = Sweep {
            plan: &window_plan(self.plan, self.splits, place),
            source: &FeasibleTrials { sampler: self.samplers[place].as_ref(), study: self.study },
            evaluator: &evaluator,
            ranker: &ObjectiveRanker(self.study.objective.clone()),
            settings: self.run,
            progress: self.progress,
            stop: self.stop,
        };
        let found = sweep.run(store)?;
        Ok((found, evaluator.cache_report()))
    }

    /// Runs a row's parameters on a window's test.
    fn test<S: std::error::Error + 'static>(
        &self,
        window: &Window,
        row: &TrialRow,
    ) -> Result<TestRun, WalkForwardRunError<S>> {
        let evaluator = WindowEvaluator::new(self.study, window.test, window.index, WindowEnd::Close);
        let cache =
            self.study.cache_for(std::slice::from_ref(&row.trial)).map_err(WalkForwardRunError::Cache)?;
        let run = evaluator
            .simulate(&cache, &row.trial)
            .map_err(|error| WalkForwardRunError::Test { window: window.index, error })?;
        let metrics = evaluator.measure(&run);
        let objective = self.study.objective.score(|id| metrics.get(id));
        Ok(TestRun { run, metrics, objective })
    }

    fn join(&self, windows: &[WindowOutcome]) -> Result<Option<OutOfSample>, OverlapError> {
        let (Some(first), Some(last)) = (windows.first(), windows.last()) else { return Ok(None) };
        let steps = StepRange { start: first.window.test.start, end: last.window.test.end };
        let accounts = windows.iter().filter_map(|outcome| outcome.test.as_ref()).map(|t| t.run.parts.len());
        let joined = match accounts.max().unwrap_or(0) {
            0 => self.stitched(windows, |run| run)?,
            accounts => {
                let account = |k: usize| self.stitched(windows, |run| &run.parts[k]);
                let parts = (0..accounts).map(account).collect::<Result<Vec<_>, _>>()?;
                let by_volume = self.study.inputs.settings.pnl_mode == PnlMode::Volume;
                engine::accounts::join(parts, by_volume)
            }
        };
        let evaluator = WindowEvaluator::new(self.study, steps, 0, WindowEnd::Close);
        let metrics = evaluator.measure(&joined);
        let profits: Vec<WindowProfit> = windows.iter().map(|outcome| self.profit(outcome)).collect();
        let objectives = |of: fn(&WindowOutcome) -> Option<f64>| -> Vec<Option<f64>> {
            windows.iter().map(|outcome| self.study.objective.oriented(of(outcome))).collect()
        };
        let in_sample = objectives(|w| w.chosen().and_then(|row| row.objectives.first().copied().flatten()));
        let out_of_sample = objectives(|w| w.test.as_ref().and_then(|test| test.objective));
        let chosen: Vec<Vec<Coordinate>> =
            windows.iter().filter_map(|w| w.chosen()).map(|row| self.coordinates(&row.trial)).collect();
        Ok(Some(OutOfSample {
            objective: self.study.objective.score(|id| metrics.get(id)),
            metrics,
            trades: joined.trades,
            curve: joined.curve,
            steps,
            efficiency: walk_forward_efficiency(&profits),
            window_efficiency: profits.iter().map(WindowProfit::efficiency).collect(),
            profitable_share: profitable_share(&profits),
            coverage: self.splits.oos_coverage,
            rank_correlation: rank_correlation(&in_sample, &out_of_sample),
            parameter_drift: parameter_drift(&chosen),
        }))
    }

    /// The tests of one account one after the other, as one run.
    fn stitched(
        &self,
        windows: &[WindowOutcome],
        account: impl Fn(&TrialRun) -> &TrialRun,
    ) -> Result<TrialRun, OverlapError> {
        let balance = self.study.inputs.settings.initial_balance;
        let tests: Vec<Option<&TrialRun>> =
            windows.iter().map(|outcome| outcome.test.as_ref().map(|test| account(&test.run))).collect();
        let curve = |(outcome, test): (&WindowOutcome, Option<&TrialRun>)| {
            test.map_or_else(|| flat(outcome.window.test, balance), |run| run.curve.clone())
        };
        let curves: Vec<EquityCurve> = windows.iter().zip(tests.iter().copied()).map(curve).collect();
        let stitched = stitch(self.settings.stitch, balance, &curves)?;
        let mut joined = TrialRun { curve: stitched.curve, initial_balance: balance, ..TrialRun::default() };
        for (run, &scale) in tests.iter().zip(&stitched.scales) {
            let Some(run) = run else { continue };
            joined.bars += run.bars;
            joined.bars_in_position += run.bars_in_position;
            joined.trades.extend(run.trades.iter().cloned().map(|mut trade| {
                if self.settings.stitch == Stitch::Compound {
                    scale_trade(&mut trade, scale);
                }
                trade
            }));
        }
        joined.booked = BookedTrades::of(&joined.trades);
        Ok(joined)
    }

    fn profit(&self, outcome: &WindowOutcome) -> WindowProfit {
        let data = &self.study.inputs.data;
        let length = |range| days(data.timeline(), range, data.timeframe().micros());
        let net = const { MetricId::of("profit_net") };
        let training = outcome.chosen().and_then(|row| row.metrics.get(net.index()));
        let test = outcome.test.as_ref().and_then(|test| test.metrics.get(net));
        WindowProfit {
            is_profit: training.unwrap_or(0.0),
            is_days: length(outcome.window.train),
            oos_profit: test.unwrap_or(0.0),
            oos_days: length(outcome.window.test),
        }
    }

    /// Where a parameter set lies on every searched parameter.
    fn coordinates(&self, trial: &Trial) -> Vec<Coordinate> {
        let searched = self.space.axes().iter().filter(|axis| axis.is_searched());
        searched.filter_map(|axis| Some(place(&axis.levels, trial.params.get(&axis.name)?))).collect()
    }
}

/// Where a value lies between the first and the last level of its parameter.
fn place(levels: &Levels, value: &ParamValue) -> Coordinate {
    let share = |first: f64, last: f64, value: f64| (value - first) / (last - first);
    match levels {
        Levels::Choice { values, ordered } => {
            let index = values.iter().position(|known| known == value).unwrap_or(values.len());
            if *ordered {
                Coordinate::Ordered(share(0.0, values.len() as f64 - 1.0, index as f64))
            } else {
                Coordinate::Unordered(index)
            }
        }
        Levels::LogPoints { from, to, .. } | Levels::Continuous { from, to, log: true } => {
            Coordinate::Ordered(share(
                math::ln(*from),
                math::ln(*to),
                math::ln(value.as_f64().unwrap_or(*from)),
            ))
        }
        Levels::Continuous { from, to, log: false } => {
            Coordinate::Ordered(share(*from, *to, value.as_f64().unwrap_or(*from)))
        }
        Levels::Stepped { count, .. } => {
            let number = |level| levels.value(Level::Level(level)).as_f64().unwrap_or(0.0);
            Coordinate::Ordered(share(number(0), number(count - 1), value.as_f64().unwrap_or(number(0))))
        }
    }
}

/// The equity of a test in which nothing was chosen.
fn flat(test: StepRange, balance: f64) -> EquityCurve {
    let step = |step: usize| u32::try_from(step).expect("steps fit 32 bits");
    let mut flat = EquityCurve::default();
    flat.record(step(test.start), balance, balance);
    flat.extend_to(step(test.end));
    flat
}

impl WalkForwardReport {
    fn add(&mut self, found: &SweepReport, cache: &CacheReport) {
        debug_assert!(found.summary.best.iter().all(|row| row.metrics.len() == METRIC_COUNT));
        let counts = found.summary.counts;
        self.counts.trials += counts.trials;
        self.counts.failed += counts.failed;
        self.counts.feasible += counts.feasible;
        self.counts.pruned += counts.pruned;
        self.counts.duplicates += counts.duplicates;
        self.chunks.extend(found.summary.chunks.iter().map(|(&number, figures)| (number, *figures)));
        self.resumed += found.resumed;
        self.damaged.extend(found.damaged.iter().cloned());
        self.bars += found.bars;
        self.run += found.run;
        self.moments.append(&found.summary.moments);
        self.cache.requests += cache.requests;
        self.cache.computed += cache.computed;
        self.cache.hits += cache.hits;
        self.cache.bytes = self.cache.bytes.max(cache.bytes);
    }
}
