//! A sweep file, run several times over data that are loaded once.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::market::is_reference;
use super::{BenchError, Market, Meter, Numbers, Repetitions, Source, Usage};
use crate::cache::CacheReport;
use crate::config::{self, JobSpec, LoadOptions, Text};
use crate::engine::{Clock, Registry, WindowEnd};
use crate::job::{JobError, JobOptions, Prepared, prepare};
use crate::metrics::MetricId;
use crate::sweep::study::LatestCache;
use crate::sweep::{
    ChunkStore, FeasibleTrials, FinishedChunk, ObjectiveRanker, Progress, ProgressEvent, StopFlag, Stored,
    Sweep, SweepEnd, TrialRow, WindowEvaluator,
};
use crate::types::Digest;

/// How to measure.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// Repetitions; the one with the least processor time counts.
    pub repeat: usize,
    /// Threads for trials, at least 1.
    pub threads: usize,
    /// The engine's clock.
    pub clock: Clock,
    /// Values of the sweep file to replace, as `PATH=JSON`.
    pub set: Vec<String>,
    /// Bytes for market data and shared series; `None` = no limit.
    pub memory: Option<u64>,
    /// The clocks of the process.
    pub meter: Meter,
}

/// What a sweep took, and what came out.
#[derive(Debug, Clone)]
pub struct SweepFigures {
    /// Steps of the window of every trial.
    pub bars: u64,
    /// Parameter sets run per repetition.
    pub sets: u64,
    /// Reading, checking and indexing the bars.
    pub load: Usage,
    /// The timed part, time and time again.
    pub used: Repetitions,
    /// Time of the process when the first parameter set of the first repetition was done.
    pub first_result: Duration,
    /// Closed trades of all sets.
    pub trades: u64,
    /// Net profit of all sets, added in their order.
    pub profit: f64,
    /// Digest over all rows of the sweep.
    pub digest: Digest,
    /// Use of the shared series by one repetition.
    pub cache: CacheReport,
    /// Steps the clock stopped on, of all sets.
    pub stepped: u64,
    /// Whether the market is the one for which results are recorded.
    pub reference: bool,
    /// Comparison with the recorded results; `None` where there are none for this market.
    pub numbers: Option<Numbers>,
}

impl SweepFigures {
    /// Bars times parameter sets.
    pub fn bar_sets(&self) -> f64 {
        self.bars as f64 * self.sets as f64
    }

    /// Share of all bars of all sets that the clock stopped on.
    pub fn stepped_share(&self) -> f64 {
        self.stepped as f64 / self.bar_sets()
    }
}

/// Measures a workload or a sweep file. A file reads its own data unless `market` is given; a validation in it is left
/// out, the search on the whole development range is what runs.
///
/// # Errors
/// When the file or its data are refused, memory does not suffice, or too many trials fail.
pub fn measure(
    source: &Source,
    market: Option<&Market>,
    registry: &Registry,
    options: &BenchOptions,
) -> Result<SweepFigures, BenchError> {
    let before = (options.meter)();
    let spec = load(source, market, registry, &options.set)?;
    let job = JobOptions {
        threads: options.threads,
        clock: options.clock,
        memory: options.memory,
        ..JobOptions::default()
    };
    let mut prepared = prepare(spec, registry, &job)?;
    // Part of the market, made once for all trials: not to be found in the first repetition alone.
    prepared.study.inputs.data.symbols().iter().for_each(|symbol| _ = symbol.bars.passage());
    let load = (options.meter)().since(before);

    let reference = is_reference(&prepared.study.inputs.data);
    let expected = match source {
        Source::Workload(workload) if reference && options.set.is_empty() => workload.expected(),
        _ => None,
    };
    let first = FirstResult { meter: options.meter, at: Mutex::default() };
    let (used, run) = Repetitions::of(options.repeat, options.meter, || {
        prepared.study.latest = LatestCache::default();
        once(&prepared, options.threads, &first, expected.is_some())
    })?;
    Ok(SweepFigures {
        bars: prepared.window.len() as u64,
        sets: run.tally.sets,
        load,
        used,
        first_result: first.at.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_default(),
        trades: run.tally.trades,
        profit: run.tally.profit,
        digest: run.digest,
        cache: run.cache,
        stepped: run.stepped,
        reference,
        numbers: expected.map(|expected| expected.compare(&run.tally.rows)),
    })
}

fn load(
    source: &Source,
    market: Option<&Market>,
    registry: &Registry,
    set: &[String],
) -> Result<JobSpec, JobError> {
    let mut changes = market.map(Market::overrides).unwrap_or_default();
    changes.push("validation={\"kind\":\"none\"}".to_owned());
    if let Source::Workload(workload) = source {
        changes.extend(workload.corrections().iter().map(|&change| change.to_owned()));
    }
    changes.extend_from_slice(set);
    let options = LoadOptions { set: changes, ..LoadOptions::default() };
    match source {
        Source::File(path) => Ok(config::load(path, registry, &options)?),
        Source::Workload(workload) => {
            let text = workload.sweep_file().unwrap_or_default();
            let shown = workload.name();
            let file = Text { shown, name: shown, text, folder: Path::new(".").to_owned() };
            Ok(config::parse(&file, registry, &options)?)
        }
    }
}

/// What one repetition gave.
struct Run {
    tally: Tally,
    digest: Digest,
    cache: CacheReport,
    stepped: u64,
}

/// The timed part: a sweep from its first position to its ranking.
fn once(prepared: &Prepared, threads: usize, first: &FirstResult, keep: bool) -> Result<Run, BenchError> {
    let evaluator = WindowEvaluator::new(&prepared.study, prepared.window, 0, WindowEnd::EndOfRun);
    let stop = StopFlag::default();
    let sweep = Sweep {
        plan: &prepared.plan,
        source: &FeasibleTrials { sampler: prepared.samplers[0].as_ref(), study: &prepared.study },
        evaluator: &evaluator,
        ranker: &ObjectiveRanker(prepared.study.objective.clone()),
        settings: &prepared.run_settings(threads, JobOptions::default().max_failures),
        progress: first,
        stop: &stop,
    };
    let mut tally = Tally { keep, ..Tally::default() };
    let report = sweep.run(&mut tally).map_err(JobError::from)?;
    if let SweepEnd::TooManyFailures { failed, of } = report.end {
        let reason = tally.reason.unwrap_or_default();
        return Err(BenchError::Failed { failed, of, reason });
    }
    Ok(Run {
        tally,
        digest: report.summary.digest,
        cache: evaluator.cache_report(),
        stepped: evaluator.bars_stepped(),
    })
}

/// Notes when the first trial is done.
struct FirstResult {
    meter: Meter,
    at: Mutex<Option<Duration>>,
}

impl Progress for FirstResult {
    fn event(&self, event: &ProgressEvent<'_>) {
        if let ProgressEvent::Trials { counts, .. } = event
            && counts.trials > 0
        {
            let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
            at.get_or_insert_with(|| (self.meter)().wall);
        }
    }
}

/// A store that adds up, and keeps the rows only where they will be compared.
#[derive(Debug, Default)]
struct Tally {
    keep: bool,
    rows: Vec<TrialRow>,
    sets: u64,
    trades: u64,
    profit: f64,
    reason: Option<String>,
}

impl Tally {
    fn add(&mut self, row: &TrialRow) {
        const TRADES: MetricId = MetricId::of("total_trades");
        const PROFIT: MetricId = MetricId::of("profit_net");
        let metric = |id: MetricId| row.metrics.get(id.index()).unwrap_or(0.0);
        self.sets += 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of trades")]
        let trades = metric(TRADES) as u64;
        self.trades += trades;
        self.profit += metric(PROFIT);
        if self.reason.is_none() {
            self.reason.clone_from(&row.error);
        }
    }
}

impl ChunkStore for Tally {
    type Error = crate::store::StoreError;

    fn listed(&mut self) -> Result<std::collections::BTreeSet<u64>, Self::Error> {
        Ok(std::collections::BTreeSet::new())
    }

    fn read(&mut self, _chunk: u64) -> Result<Stored, Self::Error> {
        Ok(Stored::Damaged("nothing is kept".to_owned()))
    }

    fn write(&mut self, chunk: FinishedChunk) -> Result<(), Self::Error> {
        chunk.rows.iter().for_each(|row| self.add(row));
        if self.keep {
            self.rows.extend(chunk.rows);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}
