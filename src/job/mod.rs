//! The whole flow: sweep file → data → series → trials → ranking → run folder.
//!
//! [`run`] is the product for a Rust user; the command line adds words, colours and a clock. Whatever a run leaves
//! behind can be opened again with [`Opened`], to show or verify single trials.

mod calibrate;
pub mod checks;
mod closing;
mod count;
mod error;
mod failures;
mod folder;
mod opened;
mod prepare;
mod windows;

use std::path::PathBuf;

pub use checks::{ShortWarmup, WarmupReport};
pub use count::Count;
pub use error::JobError;
pub use opened::{Opened, RankedRun, ShownTrial, VerifySelection};
pub use prepare::{Prepared, prepare};

use crate::config::JobSpec;
use crate::engine::{Clock, WindowEnd, registry::Registry};
use crate::metrics::MetricId;
use crate::report::{CacheUse, ClosingScreen, Counts, DataNote, HoldoutState, Note, PlanNote, RankedTable};
use crate::sweep::{
    FeasibleTrials, ObjectiveRanker, Progress, ProgressEvent, RunSettings, Shard, StopFlag, StopReason,
    Sweep, SweepCounts, SweepEnd, SweepSummary, WindowEvaluator,
};
use crate::types::{Timestamp, Trial};
use folder::RunTarget;

/// How to run; nothing here changes a result.
#[derive(Debug, Clone)]
pub struct JobOptions {
    /// Run folder; `None` = `output.dir` of the file, else a folder named by the study under `results`.
    pub out: Option<PathBuf>,
    /// Where run folders lie when none is named.
    pub results: PathBuf,
    /// Whether `latest` in `results` points to the run, wherever that lies.
    pub latest: bool,
    /// Threads for trials; 0 = all cores.
    pub threads: usize,
    /// Part of the study to run.
    pub shard: Shard,
    /// Start again although the run exists; the old one is moved aside.
    pub fresh: bool,
    /// Bytes for market data and shared series; `None` = no limit.
    pub memory: Option<u64>,
    /// Share of failed trials that stops the run.
    pub max_failures: f64,
    /// Go on with a run of another engine version.
    pub accept_version: bool,
    /// Run every trial under both clocks and compare the bits; the first failed trial ends the run.
    pub check_candidates: bool,
    /// The engine's clock.
    pub clock: Clock,
    /// Rows of the table on the closing screen.
    pub table_rows: usize,
    /// Host and the like, for the manifest; outside every digest.
    pub about: serde_json::Map<String, serde_json::Value>,
    /// The time of day, for the event log; a library has no clock of its own.
    pub wall: fn() -> Option<Timestamp>,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            out: None,
            results: PathBuf::from("results"),
            latest: false,
            threads: 0,
            shard: Shard::WHOLE,
            fresh: false,
            memory: None,
            max_failures: 0.01,
            accept_version: false,
            check_candidates: false,
            clock: Clock::default(),
            table_rows: 10,
            about: serde_json::Map::new(),
            wall: || None,
        }
    }
}

/// How a job ended.
#[derive(Debug, Clone)]
pub struct JobReport {
    /// What the end of the run says; seconds and peak memory are left to whoever has a clock.
    pub screen: ClosingScreen,
    /// Complete, stopped, or too many failures.
    pub end: SweepEnd,
}

/// Runs a sweep file: searches, validates, ranks, and leaves a run folder. Goes on with an unfinished run.
///
/// # Errors
/// When the data are refused, the run folder cannot be used, or memory does not suffice. A failed trial is no error.
pub fn run(
    spec: JobSpec,
    registry: &Registry,
    options: &JobOptions,
    progress: &dyn Progress,
    stop: &StopFlag,
) -> Result<JobReport, JobError> {
    let prepared = prepare(spec, registry, options)?;
    let count = prepared.announce(options, progress)?;
    let excluded = count.map(|count| prepared.plan.positions - count.run);
    let mut target = RunTarget::open(&prepared, options, progress)?;
    let job = Job { prepared: &prepared, options, progress, stop, excluded };
    let mut finished = match &prepared.splits {
        None => job.search(&mut target)?,
        Some(splits) => job.walk_forward(splits, &mut target)?,
    };
    if matches!(finished.end, SweepEnd::TooManyFailures { .. }) {
        finished.notes.extend(failures::first_failure(&mut target.chunks)?);
    }
    if options.check_candidates {
        finished.notes.extend(failures::unchecked(finished.summary.counts.trials, finished.run));
    }
    target.conclude(&prepared, &finished)?;
    finished.notes.extend(job.lookahead(&finished));
    Ok(JobReport { end: finished.end, screen: job.screen(&target, finished) })
}

/// What a finished or interrupted search leaves for the closing.
struct Finished {
    end: SweepEnd,
    summary: SweepSummary,
    /// Daily returns of the window that the best row was measured on.
    observations: usize,
    cache: CacheUse,
    /// Trials run by this process.
    run: u64,
    bars: u64,
    notes: Vec<Note>,
    /// The walk-forward figures, ready to be stored.
    windows: Option<windows::WindowFiles>,
}

/// Trials of the best that are tested for knowledge of the future.
const LOOKED_AHEAD: usize = 5;

struct Job<'a> {
    prepared: &'a Prepared,
    options: &'a JobOptions,
    progress: &'a dyn Progress,
    stop: &'a StopFlag,
    excluded: Option<u64>,
}

impl Job<'_> {
    fn settings(&self) -> RunSettings {
        RunSettings {
            threads: self.options.threads,
            keep_best: self.prepared.spec.output.keep_best.max(self.prepared.spec.output.keep_trades),
            watched: Some(const { MetricId::of("sharpe_equity_daily") }.index()),
            // A promise that is broken once is broken.
            max_failures: if self.options.check_candidates { 0.0 } else { self.options.max_failures },
            wave_trials: self.prepared.wave_trials(),
        }
    }

    fn search(&self, target: &mut RunTarget) -> Result<Finished, JobError> {
        let prepared = self.prepared;
        let evaluator = WindowEvaluator::new(&prepared.study, prepared.window, 0, WindowEnd::EndOfRun);
        let sweep = Sweep {
            plan: &prepared.plan,
            source: &FeasibleTrials { sampler: prepared.samplers[0].as_ref(), study: &prepared.study },
            evaluator: &evaluator,
            ranker: &ObjectiveRanker(prepared.study.objective.clone()),
            settings: &self.settings(),
            progress: self.progress,
            stop: self.stop,
        };
        let mut report = sweep.run(&mut target.chunks)?;
        if report.summary.best.is_empty() {
            // Nothing whole yet: a partial ranking is better than none.
            report.summary.best = std::mem::take(&mut report.unfinished);
            let ranker = ObjectiveRanker(prepared.study.objective.clone());
            report.summary.best.sort_by_cached_key(|row| crate::sweep::Ranker::key(&ranker, row));
        }
        let notes = report.damaged.iter().map(|(chunk, how)| Note::Other {
            code: "damaged_chunk".to_owned(),
            text: format!("chunk {chunk} was damaged ({how}) and was run again"),
        });
        Ok(Finished {
            end: report.end,
            observations: evaluator.calendar().days().len(),
            cache: cache_use(&evaluator),
            run: report.run,
            bars: report.bars,
            notes: notes.collect(),
            windows: None,
            summary: report.summary,
        })
    }

    /// The best sets on markets whose future is noise: a decision that changes was made with knowledge of it.
    fn lookahead(&self, finished: &Finished) -> Option<Note> {
        let sound = finished.summary.best.iter().filter(|row| row.error.is_none());
        let trials: Vec<Trial> = sound.take(LOOKED_AHEAD).map(|row| row.trial.clone()).collect();
        let ended = matches!(finished.end, SweepEnd::Complete | SweepEnd::Stopped(StopReason::TimeBudget));
        (ended && !trials.is_empty()).then(|| closing::lookahead(&trials, self.prepared))
    }

    fn screen(&self, target: &RunTarget, finished: Finished) -> ClosingScreen {
        let prepared = self.prepared;
        let spec = &prepared.spec;
        let SweepCounts { trials, failed, feasible, pruned, .. } = finished.summary.counts;
        let best = finished.summary.best.first();
        let data = &prepared.study.inputs.data;
        let settings = &prepared.study.inputs.settings;
        let mut notes = closing::notes(best, &spec.space, settings, data.symbols(), self.holdout_state());
        notes.extend(finished.notes);
        let periods = f64::from(prepared.study.periods_per_year);
        ClosingScreen {
            name: spec.name.clone(),
            study: prepared.identity.study_id(),
            strategy: prepared.study.runner.name().to_owned(),
            table: self.table(&finished.summary),
            luck: closing::luck(best, trials, &finished.summary.moments, finished.observations, periods),
            forward: finished.windows.as_ref().map(|windows| windows.forward(prepared)),
            notes,
            counts: Counts {
                stored: trials,
                run: finished.run,
                feasible,
                failed,
                pruned,
                excluded: self.excluded,
            },
            bars: finished.bars,
            cache: finished.cache,
            seconds: 0.0,
            threads: threads(self.options.threads),
            peak_memory: None,
            digest: finished.summary.digest,
            folder: target.root().to_owned(),
            truncated: truncated(finished.end),
        }
    }

    fn table(&self, summary: &SweepSummary) -> RankedTable {
        let spec = &self.prepared.spec;
        closing::ranked_table(
            &summary.best,
            &self.prepared.study.objective,
            &spec.space,
            self.options.table_rows,
        )
    }

    fn holdout_state(&self) -> HoldoutState {
        match &self.prepared.holdout {
            None => HoldoutState::Off,
            Some(info) => HoldoutState::Sealed(info.to_string()),
        }
    }
}

fn cache_use(evaluator: &WindowEvaluator<'_>) -> CacheUse {
    let report = evaluator.cache_report();
    CacheUse { series: report.computed, requests: report.requests, bytes: report.bytes }
}

fn threads(wanted: usize) -> usize {
    if wanted == 0 { std::thread::available_parallelism().map_or(1, std::num::NonZero::get) } else { wanted }
}

fn truncated(end: SweepEnd) -> Option<String> {
    match end {
        SweepEnd::Complete => None,
        SweepEnd::Stopped(StopReason::Interrupted) => Some("stopped by Ctrl-C".to_owned()),
        SweepEnd::Stopped(StopReason::Terminated) => Some("stopped by SIGTERM".to_owned()),
        SweepEnd::Stopped(StopReason::TimeBudget) => Some("the time budget is used up".to_owned()),
        SweepEnd::Stopped(StopReason::Failure) => Some("stopped after a failure".to_owned()),
        SweepEnd::TooManyFailures { failed, of } => Some(format!("{failed} of {of} trials failed")),
    }
}

/// Up to this many positions are counted before the run; more would keep the first progress line waiting.
const COUNTED: u64 = 50_000;

impl Prepared {
    /// Number of enumerations: walk-forward windows, or one.
    pub fn windows(&self) -> u64 {
        self.splits.as_ref().map_or(1, |splits| splits.windows.len()) as u64
    }

    /// Says what was loaded and what will run; returns the count where it is cheap to know.
    ///
    /// # Errors
    /// When it is known that nothing can run.
    pub fn announce(&self, options: &JobOptions, progress: &dyn Progress) -> Result<Option<Count>, JobError> {
        for note in data_notes(self) {
            progress.event(&ProgressEvent::Data(&note.to_string()));
        }
        let positions = self.plan.positions;
        let count = (positions <= COUNTED).then(|| self.count());
        if let Some(count) = &count
            && count.run == 0
        {
            return Err(JobError::NothingToRun { positions, because: count.because() });
        }
        let run = count.as_ref().map_or(positions, |count| count.run);
        let plan = PlanNote {
            combinations: self.spec.space.size().ok().map(u128::from),
            excluded: count.as_ref().map(|count| u128::from(positions - count.run)),
            trials: run * self.windows(),
            sampler: self.sampler_words(),
            seed: self.spec.seed.0,
            threads: threads(options.threads),
            holdout: self.holdout.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string),
        };
        progress.event(&ProgressEvent::Plan(&plan.to_string()));
        for line in count.iter().flat_map(Count::lines).chain(self.warmup_note()) {
            progress.event(&ProgressEvent::Note(&line));
        }
        Ok(count)
    }
}

fn data_notes(prepared: &Prepared) -> Vec<DataNote> {
    let data = &prepared.study.inputs.data;
    let note = |series: &crate::data::SymbolSeries| DataNote {
        symbol: series.spec.name.clone(),
        timeframe: data.timeframe(),
        bars: series.bars.len(),
        span: (!series.bars.is_empty())
            .then(|| (series.bars.time(0), series.bars.time(series.bars.len() - 1))),
        fingerprint: data.fingerprint().short(8),
        notes: prepared.data_phrases(series),
    };
    data.symbols().iter().map(note).collect()
}
