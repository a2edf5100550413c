//! One enumeration of trials from the first chunk to the last: wave by wave over the pool, back into order, to the store.
//!
//! Three parties work at the same time. The *producer* enumerates a wave (some thousands of trials, whole chunks),
//! plans and builds the series it needs and puts it into the pool. The *pool* runs trials; a thread that finds nothing
//! left of one wave begins the next, so nobody waits for the last trial of a chunk. The *reducer* (the calling thread)
//! collects outcomes, and hands over every chunk that is complete, in chunk order. At most two waves are alive at a
//! time, which bounds memory whatever the size of the sweep.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};
use rayon::ThreadPool;

use super::collect::{Collector, Message};
use super::fan_out::fan_out;
use super::jobs;
use super::outcome::RowShape;
use super::resume::read_back;
use super::{
    ChunkPlan, ChunkStore, Progress, Ranker, Reducer, StopFlag, StopReason, SweepSummary, TrialResult,
    TrialRow,
};
use crate::types::{Trial, TrialError};

/// An enumeration of trials that needs no answers: grid, random, Sobol, Latin hypercube.
pub trait TrialSource: Sync {
    /// Number of positions, excluded ones included.
    fn positions(&self) -> u64;

    /// The trial at a position; `None` when a constraint excludes it.
    fn trial_at(&self, position: u64) -> Option<Trial>;
}

/// Runs trials. A batch is whatever several trials share: the indicator cache.
pub trait TrialEvaluator: Sync {
    /// What a batch will need.
    type Plan: Send;
    /// What a batch has, complete and read-only.
    type Batch: Send + Sync;
    /// Why a batch cannot be prepared; it ends the sweep.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Number of metric columns and objectives of every result.
    fn shape(&self) -> RowShape;

    /// Collects what these trials need. Called beside the pool while earlier trials run.
    ///
    /// # Errors
    /// When they can never run.
    fn plan(&self, trials: &[Trial]) -> Result<Self::Plan, Self::Error>;

    /// Makes it, inside the pool; what `previous` has need not be made again.
    ///
    /// # Errors
    /// When it does not fit the memory budget.
    fn build(&self, plan: Self::Plan, previous: Option<&Self::Batch>) -> Result<Self::Batch, Self::Error>;

    /// Runs one trial: a function of its arguments and of nothing else.
    ///
    /// # Errors
    /// When the trial gives no result; the sweep goes on. A panic counts as an error too.
    fn evaluate(&self, batch: &Self::Batch, trial: &Trial) -> Result<TrialResult, TrialError>;

    /// How many trials it gains from running side by side.
    fn side_by_side(&self) -> usize {
        1
    }

    /// Among how many trials neighbours may be looked for; the same whenever it is asked, so that waves are cut the same.
    fn neighbourhood(&self) -> usize {
        1
    }

    /// Places of these trials in an order in which neighbours share more, since neighbours run side by side. Changes no
    /// result.
    fn neighbours(&self, trials: &[Trial]) -> Vec<usize> {
        (0..trials.len()).collect()
    }

    /// Runs some trials side by side; the same results in the same order as [`TrialEvaluator::evaluate`] for each.
    fn evaluate_together(
        &self,
        batch: &Self::Batch,
        trials: &[Trial],
    ) -> Vec<Result<TrialResult, TrialError>> {
        trials.iter().map(|trial| self.evaluate(batch, trial)).collect()
    }
}

/// How to run, none of which changes any result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunSettings {
    /// Threads for trials; 0 = all cores.
    pub threads: usize,
    /// Rows of the leaderboard.
    pub keep_best: usize,
    /// Metric column whose moments are wanted.
    pub watched: Option<usize>,
    /// Share of failed trials that stops the sweep.
    pub max_failures: f64,
    /// Trials prepared together, rounded up to whole chunks.
    pub wave_trials: usize,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self { threads: 0, keep_best: 100, watched: None, max_failures: 0.01, wave_trials: 4096 }
    }
}

/// Why a sweep could not go on; finished chunks are safe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError<S: std::error::Error + 'static, E: std::error::Error + 'static> {
    /// The store could not list, read or take a chunk.
    #[error(transparent)]
    Store(S),
    /// A batch of trials could not be prepared.
    #[error(transparent)]
    Prepare(E),
    /// The operating system gave no threads.
    #[error("cannot start {threads} threads: {reason}; use fewer with --threads")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// What the system said.
        reason: String,
    },
}

/// How a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepEnd {
    /// Every chunk is stored.
    Complete,
    /// Somebody asked to stop.
    Stopped(StopReason),
    /// More trials failed than allowed.
    TooManyFailures {
        /// Failed trials.
        failed: u64,
        /// Trials that are not failed and failed ones, so far.
        of: u64,
    },
}

/// What a sweep leaves beside its chunks.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepReport {
    /// How it ended.
    pub end: SweepEnd,
    /// Everything folded from complete chunks.
    pub summary: SweepSummary,
    /// Rows of chunks that were not complete when it stopped; they are not stored and will be run again.
    pub unfinished: Vec<TrialRow>,
    /// Positions of complete chunks that constraints exclude.
    pub excluded: u64,
    /// Chunks found finished.
    pub resumed: u64,
    /// Chunks found damaged and run again, with how it was noticed.
    pub damaged: Vec<(u64, String)>,
    /// Bars simulated by this process.
    pub bars: u64,
    /// Trials run by this process.
    pub run: u64,
}

/// One enumeration with everything needed to run it.
#[derive(Clone, Copy)]
pub struct Sweep<'a, S, E, R> {
    /// How positions are cut.
    pub plan: &'a ChunkPlan,
    /// The trials.
    pub source: &'a S,
    /// Runs them.
    pub evaluator: &'a E,
    /// Ranks them.
    pub ranker: &'a R,
    /// How to run.
    pub settings: &'a RunSettings,
    /// Who watches.
    pub progress: &'a dyn Progress,
    /// The wish to stop.
    pub stop: &'a StopFlag,
}

impl<S, E, R> std::fmt::Debug for Sweep<'_, S, E, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweep")
            .field("plan", self.plan)
            .field("settings", self.settings)
            .finish_non_exhaustive()
    }
}

impl<S: TrialSource, E: TrialEvaluator, R: Ranker> Sweep<'_, S, E, R> {
    /// Runs every chunk the store does not hold intact.
    ///
    /// # Errors
    /// When the store fails, a batch cannot be prepared, or there are no threads. Chunks stored before stay.
    pub fn run<C: ChunkStore>(&self, store: &mut C) -> Result<SweepReport, SweepError<C::Error, E::Error>> {
        let pool = thread_pool(self.settings.threads)?;
        let mut reducer =
            Reducer::new(self.ranker, self.plan.fold, self.settings.keep_best, self.settings.watched);
        let back = read_back(store, self.plan, &mut reducer, self.progress).map_err(SweepError::Store)?;
        let (send, receive) = bounded(1024);
        let (permit, permits) = bounded(2);
        for _ in 0..2 {
            permit.send(()).expect("the receiver is at hand and there is room for two");
        }
        let mut collector = Collector::new(self, store, reducer, &back);
        let outcome = std::thread::scope(|scope| {
            let todo = &back.todo;
            let pool = &pool;
            // The sender goes with the producer: once it and the workers are done, the channel ends.
            scope.spawn(move || self.produce(pool, todo, &permits, &send));
            collector.collect(receive, permit).inspect_err(|_| self.stop.set(StopReason::Failure))
        });
        outcome?;
        let report = collector.finish(back);
        store.finish().map_err(SweepError::Store)?;
        Ok(report)
    }

    /// Prepares wave after wave and puts it into the pool.
    fn produce(
        &self,
        pool: &ThreadPool,
        todo: &[u64],
        permits: &Receiver<()>,
        send: &Sender<Message<E::Error>>,
    ) {
        let mut previous: Option<Arc<E::Batch>> = None;
        pool.in_place_scope(|scope| {
            let mut todo = todo.iter().copied().peekable();
            while todo.peek().is_some() && permits.recv().is_ok() && !self.stop.is_set() {
                let (shapes, jobs) = jobs::enumerate(self, &mut todo);
                let prepared = self
                    .evaluator
                    .plan(&jobs.trials)
                    .and_then(|plan| pool.install(|| self.evaluator.build(plan, previous.as_deref())));
                let batch = match prepared {
                    Ok(batch) => Arc::new(batch),
                    Err(error) => {
                        // Nobody listens any more only if the store failed first; that error is told instead.
                        let _ = send.send(Message::Broken(error));
                        return;
                    }
                };
                previous = Some(Arc::clone(&batch));
                if send.send(Message::Wave(shapes)).is_err() {
                    return;
                }
                let send = send.clone();
                scope.spawn(move |_| {
                    fan_out(self.evaluator, &*batch, &jobs, self.plan.fold, self.stop, |outcomes| {
                        send.send(Message::Outcomes(outcomes)).is_ok()
                    });
                    // Nobody listens any more only when the sweep is over.
                    let _ = send.send(Message::WaveEnded);
                });
            }
        });
    }
}

/// The pool of a sweep.
pub(super) fn thread_pool<S, E>(threads: usize) -> Result<ThreadPool, SweepError<S, E>>
where
    S: std::error::Error,
    E: std::error::Error,
{
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("trial-{index}"))
        .build()
        .map_err(|error| SweepError::Threads { threads, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use super::super::fakes::{ByObjective, FakeEvaluator, FakeSource};
    use super::super::{MemoryStore, ProgressEvent, Silent, Stored, TrialStatus};
    use super::*;

    const POSITIONS: u64 = 3_000;

    fn settings(threads: usize) -> RunSettings {
        RunSettings { threads, keep_best: 20, watched: Some(0), max_failures: 0.5, wave_trials: 200 }
    }

    fn sweep_into<C: ChunkStore>(
        store: &mut C,
        threads: usize,
        evaluator: &FakeEvaluator,
        progress: &dyn Progress,
        stop: &StopFlag,
    ) -> Result<SweepReport, SweepError<C::Error, std::convert::Infallible>> {
        let source = FakeSource(POSITIONS);
        let plan = ChunkPlan::new(source.positions()).with_chunk_trials(64);
        let settings = settings(threads);
        Sweep {
            plan: &plan,
            source: &source,
            evaluator,
            ranker: &ByObjective,
            settings: &settings,
            progress,
            stop,
        }
        .run(store)
    }

    fn whole(threads: usize) -> (MemoryStore, SweepReport) {
        let mut store = MemoryStore::default();
        let report =
            sweep_into(&mut store, threads, &FakeEvaluator::default(), &Silent, &StopFlag::default());
        (store, report.unwrap())
    }

    #[test]
    fn chunks_and_summary_do_not_depend_on_threads() {
        let (one, report) = whole(1);
        assert_eq!(report.end, SweepEnd::Complete);
        assert_eq!(report.summary.counts.trials + report.excluded, POSITIONS);
        assert_eq!(one.chunks().count(), 47);
        for threads in [2, 7] {
            let (many, of_many) = whole(threads);
            assert_eq!(of_many, report, "{threads} threads");
            assert_eq!(many, one, "{threads} threads");
        }
    }

    #[test]
    fn every_trial_has_one_row_and_rows_of_a_chunk_stand_in_id_order() {
        let (store, _) = whole(2);
        let ids: Vec<u64> = store.chunks().flat_map(|c| c.rows.iter().map(|r| r.trial.id.0)).collect();
        let distinct: BTreeSet<_> = ids.iter().collect();
        let source = FakeSource(POSITIONS);
        let expected: BTreeSet<u64> =
            (0..POSITIONS).filter_map(|p| source.trial_at(p)).map(|trial| trial.id.0).collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(distinct.into_iter().eq(&expected));
        assert!(store.chunks().all(|chunk| chunk.rows.is_sorted_by_key(TrialRow::key)));
    }

    #[test]
    fn panics_and_errors_become_failed_rows_with_their_reason() {
        let (store, report) = whole(2);
        let row = |id| store.chunks().flat_map(|c| &c.rows).find(|row| row.trial.id.0 == id);
        let (failed, panicked) = (row(1013).unwrap(), row(1077).unwrap());
        assert_eq!((failed.status, failed.error.as_deref()), (TrialStatus::Failed, Some("no rate")));
        assert_eq!(panicked.error.as_deref(), Some("panicked: unlucky number #1077"));
        assert_eq!(report.summary.counts.failed, 6);
    }

    /// Gives up after some writes, like a process that is killed.
    struct Dying {
        inner: MemoryStore,
        writes_left: usize,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("gone")]
    struct Gone;

    impl ChunkStore for Dying {
        type Error = Gone;

        fn listed(&mut self) -> Result<BTreeSet<u64>, Gone> {
            self.inner.listed().map_err(|_| Gone)
        }

        fn read(&mut self, chunk: u64) -> Result<Stored, Gone> {
            self.inner.read(chunk).map_err(|_| Gone)
        }

        fn write(&mut self, chunk: super::super::FinishedChunk) -> Result<(), Gone> {
            self.writes_left = self.writes_left.checked_sub(1).ok_or(Gone)?;
            self.inner.write(chunk).map_err(|_| Gone)
        }

        fn finish(&mut self) -> Result<(), Gone> {
            Ok(())
        }
    }

    #[test]
    fn a_sweep_that_dies_after_any_write_resumes_to_the_same_chunks() {
        let (whole, expected) = whole(2);
        for writes_left in [0, 1, 2, 7, 20, 46] {
            let mut store = Dying { inner: MemoryStore::default(), writes_left };
            let fakes = FakeEvaluator::default();
            let died = sweep_into(&mut store, 2, &fakes, &Silent, &StopFlag::default());
            assert!(matches!(died, Err(SweepError::Store(Gone))));
            store.writes_left = usize::MAX;
            let report = sweep_into(&mut store, 3, &fakes, &Silent, &StopFlag::default()).unwrap();
            assert_eq!(report.resumed, writes_left as u64);
            assert_eq!(report.summary, expected.summary);
            assert_eq!(report.excluded, expected.excluded);
            assert_eq!(store.inner, whole);
        }
    }

    /// Asks to stop after some chunks.
    struct StopAfter<'a>(u64, &'a StopFlag, Mutex<u64>);

    impl Progress for StopAfter<'_> {
        fn event(&self, event: &ProgressEvent<'_>) {
            if let ProgressEvent::Chunk(_) = event {
                let mut seen = self.2.lock().unwrap();
                *seen += 1;
                if *seen == self.0 {
                    self.1.set(StopReason::Interrupted);
                }
            }
        }
    }

    #[test]
    fn a_wish_to_stop_ends_between_trials_and_the_rest_runs_later() {
        let (whole, expected) = whole(1);
        for threads in [1, 2, 7] {
            let stop = StopFlag::default();
            let mut store = MemoryStore::default();
            let fakes = FakeEvaluator::default();
            let report =
                sweep_into(&mut store, threads, &fakes, &StopAfter(5, &stop, Mutex::default()), &stop)
                    .unwrap();
            assert_eq!(report.end, SweepEnd::Stopped(StopReason::Interrupted));
            assert!((5..47).contains(&store.chunks().count()));
            let report = sweep_into(&mut store, threads, &fakes, &Silent, &StopFlag::default()).unwrap();
            assert_eq!((report.end, report.summary), (SweepEnd::Complete, expected.summary.clone()));
            assert_eq!(store, whole);
        }
    }

    #[test]
    fn a_strategy_that_always_fails_stops_after_its_first_chunk() {
        let mut store = MemoryStore::default();
        let broken = FakeEvaluator { fail_all: true };
        let report = sweep_into(&mut store, 2, &broken, &Silent, &StopFlag::default()).unwrap();
        assert_eq!(report.end, SweepEnd::TooManyFailures { failed: 55, of: 55 });
        assert!(store.chunks().count() < 47);
    }

    #[test]
    fn shards_together_hold_the_chunks_of_the_whole() {
        let (whole, expected) = whole(2);
        for parts in [1, 2, 3, 8, 97] {
            let mut together = MemoryStore::default();
            let mut rows = 0;
            for part in (1..=parts).rev() {
                let source = FakeSource(POSITIONS);
                let shard = super::super::Shard { part, parts };
                let plan = ChunkPlan { shard, ..ChunkPlan::new(POSITIONS).with_chunk_trials(64) };
                let sweep = Sweep {
                    plan: &plan,
                    source: &source,
                    evaluator: &FakeEvaluator::default(),
                    ranker: &ByObjective,
                    settings: &settings(2),
                    progress: &Silent,
                    stop: &StopFlag::default(),
                };
                rows += sweep.run(&mut together).unwrap().summary.counts.trials;
            }
            assert_eq!((rows, together), (expected.summary.counts.trials, whole.clone()), "{parts} shards");
        }
    }
}
