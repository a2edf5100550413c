//! The reducer's side of the channel: outcomes in any order go in, complete chunks leave in theirs.

use std::collections::{BTreeMap, VecDeque};

use crossbeam_channel::{Receiver, Sender};

use super::resume::ReadBack;
use super::run::{Sweep, SweepEnd, SweepError, SweepReport, TrialEvaluator, TrialSource};
use super::{
    ChunkStore, DailyReturns, FinishedChunk, ProgressEvent, Ranker, Reducer, StopReason, SweepCounts,
    TrialOutcome, TrialRow,
};
use crate::types::TrialId;

/// A chunk about to run.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkShape {
    pub(super) number: u64,
    pub(super) trials: usize,
}

/// From producer and workers to the reducer.
pub(super) enum Message<E> {
    /// These chunks are about to run; always before their first outcome.
    Wave(Vec<ChunkShape>),
    /// Trials finished.
    Outcomes(Vec<(u64, TrialOutcome)>),
    /// No more of a wave will come: it is done, or cut short by the wish to stop.
    WaveEnded,
    /// The next wave cannot be prepared.
    Broken(E),
}

/// A chunk some of whose trials are finished.
#[derive(Debug, Default)]
struct Assembly {
    missing: usize,
    ends_wave: bool,
    rows: Vec<TrialRow>,
    returns: Vec<(u32, TrialId, DailyReturns)>,
}

/// The reducer's side of the channel.
pub(super) struct Collector<'a, S, E, R: Ranker, C> {
    sweep: &'a Sweep<'a, S, E, R>,
    store: &'a mut C,
    reducer: Reducer<'a, R>,
    order: VecDeque<u64>,
    open: BTreeMap<u64, Assembly>,
    done: u64,
    live: SweepCounts,
    excluded: u64,
    bars: u64,
    run: u64,
    end: SweepEnd,
}

impl<'a, S: TrialSource, E: TrialEvaluator, R: Ranker, C: ChunkStore> Collector<'a, S, E, R, C> {
    pub(super) fn new(
        sweep: &'a Sweep<'a, S, E, R>,
        store: &'a mut C,
        reducer: Reducer<'a, R>,
        back: &ReadBack,
    ) -> Self {
        let live = reducer.counts();
        Self {
            sweep,
            store,
            reducer,
            order: VecDeque::new(),
            open: BTreeMap::new(),
            done: back.positions,
            live,
            excluded: back.positions - live.trials,
            bars: 0,
            run: 0,
            end: SweepEnd::Complete,
        }
    }

    pub(super) fn collect(
        &mut self,
        receive: Receiver<Message<E::Error>>,
        permit: Sender<()>,
    ) -> Result<(), SweepError<C::Error, E::Error>> {
        // Dropping the permit ends the producer, dropping the receiver ends the workers; both happen on every way out.
        let mut permit = Some(permit);
        for message in receive {
            match message {
                Message::Wave(shapes) => self.open_wave(&shapes),
                Message::Outcomes(outcomes) => self.take(outcomes),
                Message::WaveEnded if self.sweep.stop.is_set() => permit = None,
                Message::WaveEnded => {}
                Message::Broken(error) => return Err(SweepError::Prepare(error)),
            }
            self.hand_over(permit.as_ref()).map_err(SweepError::Store)?;
            if self.end != SweepEnd::Complete {
                self.sweep.stop.set(StopReason::Failure);
                break;
            }
        }
        Ok(())
    }

    fn open_wave(&mut self, shapes: &[ChunkShape]) {
        for (i, shape) in shapes.iter().enumerate() {
            let ends_wave = i + 1 == shapes.len();
            let range = self.sweep.plan.positions_of(shape.number);
            self.done += range.end - range.start - shape.trials as u64;
            self.order.push_back(shape.number);
            let assembly = Assembly { missing: shape.trials, ends_wave, ..Assembly::default() };
            self.open.insert(shape.number, assembly);
        }
    }

    fn take(&mut self, outcomes: Vec<(u64, TrialOutcome)>) {
        for (position, outcome) in outcomes {
            let plan = self.sweep.plan;
            let number = plan.first_chunk + position / plan.chunk_trials;
            let assembly = self.open.get_mut(&number).expect("a wave is announced before its outcomes");
            assembly.missing -= 1;
            self.live.add(&outcome.rows[0]);
            self.done += 1;
            self.bars += outcome.bars;
            self.run += 1;
            assembly.rows.extend(outcome.rows);
            assembly.returns.extend(outcome.returns);
        }
        self.sweep.progress.event(&ProgressEvent::Trials { done: self.done, counts: self.live });
    }

    /// Stores every chunk that is complete and whose predecessors are.
    fn hand_over(&mut self, permit: Option<&Sender<()>>) -> Result<(), C::Error> {
        while let Some(&number) = self.order.front() {
            if self.open.get(&number).is_none_or(|assembly| assembly.missing > 0) {
                break;
            }
            self.order.pop_front();
            let Some(assembly) = self.open.remove(&number) else { break };
            let chunk = FinishedChunk::new(number, assembly.rows, assembly.returns);
            let before = self.reducer.counts();
            if self.reducer.accept(number, &chunk.rows)
                && let Some(leader) = self.reducer.leader()
            {
                self.sweep.progress.event(&ProgressEvent::Best(leader));
            }
            self.count_chunk(number, before);
            self.store.write(chunk)?;
            self.sweep.progress.event(&ProgressEvent::Chunk(number));
            if assembly.ends_wave
                && let Some(permit) = permit
            {
                // The producer is gone after the last wave; then nobody needs the permit.
                let _ = permit.send(());
            }
        }
        Ok(())
    }

    /// The verdict on failures depends on complete chunks in their order only, never on what happens to be running.
    fn count_chunk(&mut self, number: u64, before: SweepCounts) {
        let plan = self.sweep.plan;
        let range = plan.positions_of(number);
        let counts = self.reducer.counts();
        let trials = counts.trials - before.trials;
        self.excluded += range.end - range.start - trials;
        let own = plan.chunks();
        let planned = plan.positions_of(own.end - 1).end - plan.positions_of(own.start).start;
        let all_failed = number == own.start && trials >= 16 && counts.failed - before.failed == trials;
        if all_failed || counts.failed as f64 > self.sweep.settings.max_failures * planned as f64 {
            self.end = SweepEnd::TooManyFailures { failed: counts.failed, of: counts.trials };
        }
    }

    pub(super) fn finish(self, back: ReadBack) -> SweepReport {
        let counts = self.reducer.counts();
        let unfinished: Vec<TrialRow> = self.open.into_values().flat_map(|assembly| assembly.rows).collect();
        let done = self.reducer.chunk_count() == self.sweep.plan.chunks().count();
        let end = match self.end {
            SweepEnd::Complete if !done => {
                SweepEnd::Stopped(self.sweep.stop.reason().unwrap_or(StopReason::Failure))
            }
            SweepEnd::Complete
                if counts.failed as f64 > self.sweep.settings.max_failures * counts.trials as f64 =>
            {
                SweepEnd::TooManyFailures { failed: counts.failed, of: counts.trials }
            }
            end => end,
        };
        SweepReport {
            end,
            summary: self.reducer.finish(),
            unfinished,
            excluded: self.excluded,
            resumed: back.valid,
            damaged: back.damaged,
            bars: self.bars,
            run: self.run,
        }
    }
}
