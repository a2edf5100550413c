//! The trials of a wave, in the order in which they run.

use super::run::{Sweep, TrialEvaluator, TrialSource};
use super::{Ranker, collect::ChunkShape};
use crate::types::Trial;

/// Trials with their positions.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    pub(super) positions: Vec<u64>,
    pub(super) trials: Vec<Trial>,
}

impl Jobs {
    /// The same jobs in another order of their places.
    pub(super) fn in_order(self, order: &[usize]) -> Self {
        let mut trials: Vec<Option<Trial>> = self.trials.into_iter().map(Some).collect();
        Self {
            positions: order.iter().map(|&place| self.positions[place]).collect(),
            trials: order.iter().filter_map(|&place| trials[place].take()).collect(),
        }
    }

    /// Appends other jobs.
    pub(super) fn append(&mut self, mut others: Self) {
        self.positions.append(&mut others.positions);
        self.trials.append(&mut others.trials);
    }

    /// The same jobs, dealt out like cards to so many hands, one hand after the other: neighbours in a grid cost much the
    /// same, so all hands do. Every other round goes backwards, because costs fall or rise along a parameter and the first
    /// hand would get the dearer one every time.
    pub(super) fn dealt(&self, hands: usize) -> Self {
        let rounds = self.trials.len().div_ceil(hands);
        let in_round = |hand, round: usize| if round.is_multiple_of(2) { hand } else { hands - 1 - hand };
        let places = || {
            let hand = |hand| (0..rounds).map(move |round| round * hands + in_round(hand, round));
            (0..hands).flat_map(hand).filter(|&place| place < self.trials.len())
        };
        Self {
            positions: places().map(|place| self.positions[place]).collect(),
            trials: places().map(|place| self.trials[place].clone()).collect(),
        }
    }
}

/// The next chunks, at least `wave_trials` trials if there are as many, and their jobs.
pub(super) fn enumerate<S: TrialSource, E: TrialEvaluator, R: Ranker>(
    sweep: &Sweep<'_, S, E, R>,
    todo: &mut impl Iterator<Item = u64>,
) -> (Vec<ChunkShape>, Jobs) {
    let (mut shapes, mut jobs) = (Vec::new(), Jobs::default());
    let wave = sweep.settings.wave_trials.max(1);
    while jobs.trials.len() < wave {
        // What is put in another order becomes whole together, and is lost together when the process is killed.
        let some = sweep.evaluator.neighbourhood().min(wave - jobs.trials.len());
        let next = next_chunks(sweep, todo, some, &mut shapes);
        if next.trials.is_empty() {
            break;
        }
        let order = sweep.evaluator.neighbours(&next.trials);
        jobs.append(next.in_order(&order));
    }
    (shapes, jobs)
}

/// The next chunks, at least so many trials if there are as many.
fn next_chunks<S: TrialSource, E: TrialEvaluator, R: Ranker>(
    sweep: &Sweep<'_, S, E, R>,
    todo: &mut impl Iterator<Item = u64>,
    trials: usize,
    shapes: &mut Vec<ChunkShape>,
) -> Jobs {
    let mut jobs = Jobs::default();
    while jobs.trials.len() < trials {
        let Some(number) = todo.next() else { break };
        let before = jobs.trials.len();
        for position in sweep.plan.positions_of(number) {
            if let Some(trial) = sweep.source.trial_at(position) {
                jobs.positions.push(position);
                jobs.trials.push(trial);
            }
        }
        shapes.push(ChunkShape { number, trials: jobs.trials.len() - before });
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::super::fakes::{ByObjective, FakeEvaluator, FakeSource, trial};
    use super::super::{ChunkPlan, RunSettings, Silent, StopFlag};
    use super::*;

    /// Waves of 1,000 positions in chunks of 16: their chunks, and the positions of their jobs.
    fn waves(wave_trials: usize) -> Vec<(Vec<u64>, Vec<u64>)> {
        let source = FakeSource(1_000);
        let sweep = Sweep {
            plan: &ChunkPlan::new(source.positions()).with_chunk_trials(16),
            source: &source,
            evaluator: &FakeEvaluator::default(),
            ranker: &ByObjective,
            settings: &RunSettings { wave_trials, ..RunSettings::default() },
            progress: &Silent,
            stop: &StopFlag::default(),
        };
        let mut todo = 0..63;
        let wave = || {
            let (shapes, jobs) = enumerate(&sweep, &mut todo);
            assert_eq!(shapes.iter().map(|shape| shape.trials).sum::<usize>(), jobs.trials.len());
            let same = |(place, trial): (&u64, &Trial)| sweep.source.trial_at(*place).as_ref() == Some(trial);
            assert!(jobs.positions.iter().zip(&jobs.trials).all(same));
            let chunks = shapes.iter().map(|shape| shape.number).collect();
            (!shapes.is_empty()).then_some((chunks, jobs.positions))
        };
        std::iter::from_fn(wave).collect()
    }

    #[test]
    fn a_wave_holds_no_more_trials_than_wanted_and_a_chunk() {
        let sizes = |wave| waves(wave).into_iter().map(|(_, positions)| positions.len());
        assert!(sizes(1).all(|trials| trials <= 16));
        assert!(sizes(100).all(|trials| trials < 100 + 16));
        assert!(sizes(100).count() <= 9);
    }

    #[test]
    fn waves_have_every_chunk_in_order_and_every_trial_once() {
        let (mut chunks, mut positions) = (Vec::new(), Vec::new());
        for (next, jobs) in waves(400) {
            let of_chunks = |position: &u64| next.contains(&(position / 16));
            assert!(jobs.iter().all(of_chunks) && !jobs.is_sorted());
            chunks.extend(next);
            positions.extend(jobs);
        }
        assert_eq!(chunks, (0..63).collect::<Vec<_>>());
        positions.sort_unstable();
        let wanted = (0..1_000).filter(|&position| FakeSource(1_000).trial_at(position).is_some());
        assert_eq!(positions, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn jobs_are_dealt_out_like_cards() {
        let jobs = Jobs { positions: (10..15).collect(), trials: (0..5).map(trial).collect() };
        let dealt = jobs.dealt(2);
        assert_eq!(dealt.positions, [10, 13, 14, 11, 12]);
        assert_eq!(dealt.trials.iter().map(|trial| trial.id.0).collect::<Vec<_>>(), [0, 3, 4, 1, 2]);
    }
}
