//! Search methods that learn: one generation at a time, each made from the results of those before.
//!
//! A generation is complete and in trial order before the method hears of it, so what it asks next cannot depend on
//! threads. Nothing of the method is stored: on resume it is replayed, its questions answered from finished chunks.

use std::collections::{BTreeMap, BTreeSet};

use rayon::ThreadPool;
use rayon::prelude::*;

use super::fan_out::run_one;
use super::run::{SweepError, TrialEvaluator, thread_pool};
use super::store::Stored;
use super::{
    ChunkPlan, ChunkStore, DailyReturns, FinishedChunk, Progress, ProgressEvent, Ranker, Reducer,
    RunSettings, StopFlag, StopReason, SweepEnd, SweepReport, TrialOutcome, TrialRow,
};
use crate::types::{Digest, DigestWriter, Trial, TrialId};

/// A method that asks for generations: TPE, CMA-ES, NSGA-II. Trial ids count from 0 in the order of asking.
pub trait GenerationSource: Send {
    /// The next generation; empty when the method is done.
    fn ask(&mut self) -> Vec<Trial>;

    /// Its rows, one per trial, in trial order.
    fn tell(&mut self, rows: &[TrialRow]);
}

/// One adaptive search with everything needed to run it. Positions of the plan are an upper bound.
#[derive(Clone, Copy)]
pub struct AdaptiveSweep<'a, E, R> {
    /// How trials are cut into chunks, in the order of asking.
    pub plan: &'a ChunkPlan,
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

impl<E, R> std::fmt::Debug for AdaptiveSweep<'_, E, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdaptiveSweep").field("plan", self.plan).finish_non_exhaustive()
    }
}

impl<E: TrialEvaluator, R: Ranker> AdaptiveSweep<'_, E, R> {
    /// Asks, runs and tells until the method is done.
    ///
    /// # Errors
    /// When the store fails, a batch cannot be prepared, or there are no threads. Chunks stored before stay.
    pub fn run<G: GenerationSource, C: ChunkStore>(
        &self,
        source: &mut G,
        store: &mut C,
    ) -> Result<SweepReport, SweepError<C::Error, E::Error>> {
        let pool = thread_pool(self.settings.threads)?;
        let listed = store.listed().map_err(SweepError::Store)?;
        let total = self.plan.positions;
        self.progress.event(&ProgressEvent::Begin { total, resumed: 0 });
        let mut state = Search::new(self, store, listed);
        let mut end = SweepEnd::Complete;
        let mut previous = None;
        loop {
            let asked = source.ask();
            if asked.is_empty() {
                state.hand_over(true).map_err(SweepError::Store)?;
                break;
            }
            let stopped = self.stop.is_set();
            let rows = if stopped { None } else { state.answer(&pool, asked, &mut previous)? };
            let Some(rows) = rows else {
                end = SweepEnd::Stopped(self.stop.reason().unwrap_or(StopReason::Failure));
                break;
            };
            source.tell(&rows);
            state.rows.extend(rows);
            state.hand_over(false).map_err(SweepError::Store)?;
            let counts = state.reducer.counts();
            if counts.failed as f64 > self.settings.max_failures * total.max(counts.trials) as f64 {
                end = SweepEnd::TooManyFailures { failed: counts.failed, of: counts.trials };
                break;
            }
        }
        let report = state.finish(end, self.settings.max_failures);
        store.finish().map_err(SweepError::Store)?;
        Ok(report)
    }
}

/// All of something, or nothing because somebody asked to stop.
type Unless<T, S, E> = Result<Option<Vec<T>>, SweepError<S, E>>;

/// A search under way.
struct Search<'a, E, R: Ranker, C> {
    sweep: &'a AdaptiveSweep<'a, E, R>,
    store: &'a mut C,
    reducer: Reducer<'a, R>,
    /// Chunks that are stored under some file, not yet looked at.
    listed: BTreeSet<u64>,
    /// Rows of the stored chunk that is being replayed.
    replay: BTreeMap<TrialId, TrialRow>,
    /// Chunks that were intact, and need not be written.
    intact: BTreeSet<u64>,
    damaged: Vec<(u64, String)>,
    /// Answered rows from the beginning of the open chunk on.
    rows: Vec<TrialRow>,
    returns: Vec<(u32, TrialId, DailyReturns)>,
    /// First answer to every parameter set.
    answers: BTreeMap<Digest, TrialRow>,
    open_chunk: u64,
    asked: u64,
    bars: u64,
    run: u64,
}

impl<'a, E: TrialEvaluator, R: Ranker, C: ChunkStore> Search<'a, E, R, C> {
    fn new(sweep: &'a AdaptiveSweep<'a, E, R>, store: &'a mut C, listed: BTreeSet<u64>) -> Self {
        let (fold, settings) = (sweep.plan.fold, sweep.settings);
        Self {
            sweep,
            store,
            reducer: Reducer::new(sweep.ranker, fold, settings.keep_best, settings.watched),
            listed,
            replay: BTreeMap::new(),
            intact: BTreeSet::new(),
            damaged: Vec::new(),
            rows: Vec::new(),
            returns: Vec::new(),
            answers: BTreeMap::new(),
            open_chunk: sweep.plan.first_chunk,
            asked: 0,
            bars: 0,
            run: 0,
        }
    }

    /// One row per trial: from a stored chunk, from an earlier trial with the same parameters, or from a run. `None` when
    /// somebody asked to stop before all were there.
    fn answer(
        &mut self,
        pool: &ThreadPool,
        asked: Vec<Trial>,
        previous: &mut Option<E::Batch>,
    ) -> Unless<TrialRow, C::Error, E::Error> {
        let keys: Vec<Digest> = asked.iter().map(key_of).collect();
        let mut rows: Vec<Option<TrialRow>> = Vec::with_capacity(asked.len());
        let mut to_run: Vec<usize> = Vec::new();
        let mut known: BTreeSet<Digest> = BTreeSet::new();
        for (i, trial) in asked.iter().enumerate() {
            self.load_chunk_of(self.asked + i as u64).map_err(SweepError::Store)?;
            rows.push(self.replay.remove(&trial.id).filter(|row| same_parameters(row, trial)));
            let first = !self.answers.contains_key(&keys[i]) && known.insert(keys[i]);
            if rows[i].is_none() && first {
                to_run.push(i);
            }
        }
        let Some(outcomes) = self.run_all(pool, &asked, &to_run, previous)? else { return Ok(None) };
        for (i, outcome) in to_run.into_iter().zip(outcomes) {
            self.bars += outcome.bars;
            self.run += 1;
            self.returns.extend(outcome.returns);
            rows[i] = outcome.rows.into_iter().next();
        }
        self.asked += asked.len() as u64;
        let complete = asked.into_iter().zip(rows).zip(keys).map(|((trial, row), key)| match row {
            Some(row) => {
                let row = TrialRow { trial, ..row };
                self.answers.entry(key).or_insert_with(|| row.clone());
                row
            }
            None => TrialRow::copy_of(&self.answers[&key], trial),
        });
        Ok(Some(complete.collect()))
    }

    fn run_all(
        &self,
        pool: &ThreadPool,
        asked: &[Trial],
        to_run: &[usize],
        previous: &mut Option<E::Batch>,
    ) -> Unless<TrialOutcome, C::Error, E::Error> {
        if to_run.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let AdaptiveSweep { plan, evaluator, stop, .. } = self.sweep;
        let trials: Vec<Trial> = to_run.iter().map(|&i| asked[i].clone()).collect();
        let needs = evaluator.plan(&trials).map_err(SweepError::Prepare)?;
        let batch =
            pool.install(|| evaluator.build(needs, previous.as_ref())).map_err(SweepError::Prepare)?;
        let outcomes = pool.install(|| {
            let run = |trial| (!stop.is_set()).then(|| run_one(*evaluator, &batch, trial, plan.fold));
            trials.par_iter().with_max_len(1).map(run).collect()
        });
        *previous = Some(batch);
        Ok(outcomes)
    }

    /// Reads the stored chunk of a position when the replay reaches it.
    fn load_chunk_of(&mut self, position: u64) -> Result<(), C::Error> {
        let plan = self.sweep.plan;
        let chunk = plan.first_chunk + position / plan.chunk_trials;
        if !self.listed.remove(&chunk) {
            return Ok(());
        }
        match self.store.read(chunk)? {
            Stored::Whole(rows) => {
                self.intact.insert(chunk);
                self.replay.extend(rows.into_iter().map(|row| (row.trial.id, row)));
            }
            Stored::Damaged(how) => {
                let note = format!("chunk {chunk} is damaged ({how}): it runs again");
                self.sweep.progress.event(&ProgressEvent::Note(&note));
                self.damaged.push((chunk, how));
            }
        }
        Ok(())
    }

    /// Stores every chunk that is full; with `all` also the last, short one.
    fn hand_over(&mut self, all: bool) -> Result<(), C::Error> {
        let size = usize::try_from(self.sweep.plan.chunk_trials).unwrap_or(usize::MAX);
        while self.rows.len() >= size || (all && !self.rows.is_empty()) {
            let rest = self.rows.split_off(size.min(self.rows.len()));
            let rows = std::mem::replace(&mut self.rows, rest);
            let last = rows.last().map_or(TrialId(0), |row| row.trial.id);
            let (returns, later) =
                std::mem::take(&mut self.returns).into_iter().partition(|(_, trial, _)| *trial <= last);
            self.returns = later;
            let number = self.open_chunk;
            self.open_chunk += 1;
            let chunk = FinishedChunk::new(number, rows, returns);
            if self.reducer.accept(number, &chunk.rows)
                && let Some(leader) = self.reducer.leader()
            {
                self.sweep.progress.event(&ProgressEvent::Best(leader));
            }
            if !self.intact.contains(&number) {
                self.store.write(chunk)?;
                self.sweep.progress.event(&ProgressEvent::Chunk(number));
            }
        }
        let counts = self.reducer.counts();
        self.sweep.progress.event(&ProgressEvent::Trials { done: self.asked, counts });
        Ok(())
    }

    fn finish(self, end: SweepEnd, max_failures: f64) -> SweepReport {
        let counts = self.reducer.counts();
        let end = match end {
            SweepEnd::Complete if counts.failed as f64 > max_failures * counts.trials as f64 => {
                SweepEnd::TooManyFailures { failed: counts.failed, of: counts.trials }
            }
            end => end,
        };
        SweepReport {
            end,
            summary: self.reducer.finish(),
            unfinished: self.rows,
            excluded: 0,
            resumed: self.intact.len() as u64,
            damaged: self.damaged,
            bars: self.bars,
            run: self.run,
        }
    }
}

fn key_of(trial: &Trial) -> Digest {
    let mut writer = DigestWriter::new("omega-sweep parameters 1");
    trial.params.digest(&mut writer);
    writer.finish()
}

/// Whether a stored row answers this question: every stored parameter has the asked value.
fn same_parameters(row: &TrialRow, trial: &Trial) -> bool {
    row.trial.params.iter().all(|(name, stored)| {
        trial.params.get(name).is_some_and(|asked| match (stored.as_f64(), asked.as_f64()) {
            (Some(stored), Some(asked)) => stored == asked,
            _ => stored == asked,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::fakes::{ByObjective, FakeEvaluator};
    use super::super::{MemoryStore, Silent, TrialStatus};
    use super::*;
    use crate::types::{ParamSet, ParamValue};

    /// Climbs: every generation starts from the best trial so far; each asks its start again.
    struct Climber {
        generations: u64,
        next: u64,
        best: (f64, i64),
    }

    impl Climber {
        fn new() -> Self {
            Self { generations: 23, next: 0, best: (f64::NEG_INFINITY, 0) }
        }
    }

    impl GenerationSource for Climber {
        fn ask(&mut self) -> Vec<Trial> {
            if self.generations == 0 {
                return Vec::new();
            }
            self.generations -= 1;
            let trials = (0..6).map(|step| {
                let value = ParamValue::Int((self.best.1 + step * step) % 1000);
                let trial =
                    Trial { id: TrialId(self.next), params: ParamSet::from_pairs([("period", value)]) };
                self.next += 1;
                trial
            });
            trials.collect()
        }

        fn tell(&mut self, rows: &[TrialRow]) {
            assert!(rows.is_sorted_by_key(TrialRow::key));
            for row in rows {
                let score = row.objectives[0].unwrap_or(-9.0);
                if score > self.best.0 {
                    self.best = (score, row.trial.params.get("period").unwrap().as_i64().unwrap());
                }
            }
        }
    }

    fn climb(store: &mut MemoryStore, threads: usize, stop_after: Option<u64>) -> SweepReport {
        struct StopAt(Option<u64>, StopFlag);
        impl Progress for StopAt {
            fn event(&self, event: &ProgressEvent<'_>) {
                if let ProgressEvent::Trials { done, .. } = event
                    && self.0.is_some_and(|at| *done >= at)
                {
                    self.1.set(StopReason::Interrupted);
                }
            }
        }
        let plan = ChunkPlan::new(23 * 6).with_chunk_trials(16);
        let settings = RunSettings { threads, keep_best: 5, max_failures: 1.0, ..RunSettings::default() };
        let stop = StopFlag::default();
        let sweep = AdaptiveSweep {
            plan: &plan,
            evaluator: &FakeEvaluator::default(),
            ranker: &ByObjective,
            settings: &settings,
            progress: if stop_after.is_some() { &StopAt(stop_after, stop.clone()) } else { &Silent },
            stop: &stop,
        };
        sweep.run(&mut Climber::new(), store).unwrap()
    }

    #[test]
    fn generations_do_not_depend_on_threads() {
        let mut one = MemoryStore::default();
        let expected = climb(&mut one, 1, None);
        assert_eq!((expected.end, expected.summary.counts.trials), (SweepEnd::Complete, 138));
        assert_eq!(
            one.chunks().map(|chunk| chunk.rows.len()).collect::<Vec<_>>(),
            [16, 16, 16, 16, 16, 16, 16, 16, 10]
        );
        for threads in [2, 7] {
            let mut many = MemoryStore::default();
            assert_eq!(climb(&mut many, threads, None), expected);
            assert_eq!(many, one);
        }
    }

    #[test]
    fn the_same_parameters_are_run_once_and_marked() {
        let mut store = MemoryStore::default();
        let report = climb(&mut store, 2, None);
        let rows: Vec<&TrialRow> = store.chunks().flat_map(|chunk| &chunk.rows).collect();
        let copies: Vec<_> = rows.iter().filter(|row| row.duplicate_of.is_some()).collect();
        assert!(copies.len() >= 22);
        assert_eq!(report.summary.counts.duplicates, copies.len() as u64);
        let failed =
            rows.iter().filter(|row| row.status == TrialStatus::Failed && row.duplicate_of.is_none());
        assert_eq!(report.bars, 10 * (138 - copies.len() - failed.count()) as u64);
        for copy in copies {
            let original = rows.iter().find(|row| Some(row.trial.id) == copy.duplicate_of).unwrap();
            assert_eq!((&original.metrics, original.duplicate_of), (&copy.metrics, None));
            assert_eq!(original.trial.params, copy.trial.params);
            assert_ne!(original.digest, copy.digest);
        }
    }

    #[test]
    fn a_stopped_search_is_replayed_to_the_same_rows() {
        let mut whole = MemoryStore::default();
        let expected = climb(&mut whole, 2, None);
        for stop_after in [1, 15, 16, 17, 64, 100, 130] {
            let mut store = MemoryStore::default();
            let stopped = climb(&mut store, 2, Some(stop_after));
            assert_eq!(stopped.end, SweepEnd::Stopped(StopReason::Interrupted));
            let kept = store.chunks().count() as u64;
            let resumed = climb(&mut store, 1, None);
            assert_eq!((resumed.resumed, &resumed.summary), (kept, &expected.summary));
            assert_eq!(store, whole, "stopped after {stop_after}");
        }
    }
}
