//! Folds rows into what the end of a sweep needs: counts, the best K, moments, digests.
//!
//! Every figure is free of order or folded in a fixed one: counts are integers, the best K follow a total order, floats
//! are summed per chunk in row order and the chunks in theirs. So chunks may arrive in any order, from any shard, fresh
//! or read back, and memory grows by a few bytes per chunk only.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use super::digest::{chunk_digest, sweep_digest};
use super::{TrialRow, TrialStatus};
use crate::types::{Digest, TrialId};

/// Gives every row its place in the total order of `search.md` section 5.
pub trait Ranker: Send + Sync {
    /// The place; the smaller key is the better row, and no two rows share one.
    type Key: Ord + Send;

    /// The key of a row.
    fn key(&self, row: &TrialRow) -> Self::Key;
}

/// How many trials went which way. Parts of a trial on single folds are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepCounts {
    /// Trials with a row.
    pub trials: u64,
    /// Of these, without a result.
    pub failed: u64,
    /// Of these, meeting every requirement.
    pub feasible: u64,
    /// Of these, stopped at a rung or unable to trade.
    pub pruned: u64,
    /// Of these, copies of an earlier trial.
    pub duplicates: u64,
}

impl SweepCounts {
    /// Counts one row.
    pub fn add(&mut self, row: &TrialRow) {
        self.trials += 1;
        self.failed += u64::from(row.status == TrialStatus::Failed);
        self.feasible += u64::from(row.feasible);
        self.pruned += u64::from(row.pruned_at.is_some());
        self.duplicates += u64::from(row.duplicate_of.is_some());
    }
}

/// Count, mean and sum of squared deviations, added in a fixed order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes one more value (Welford 1962).
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
    }

    /// Takes another group of values behind the own ones (Chan, Golub and `LeVeque` 1983).
    pub fn append(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (own, others) = (self.count as f64, other.count as f64);
        let distance = other.mean - self.mean;
        self.count += other.count;
        self.mean += distance * (others / self.count as f64);
        self.squares += other.squares + distance * distance * (own * others / self.count as f64);
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Arithmetic mean; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// Sample variance (n - 1); `None` with fewer than two values.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }
}

/// What is kept of a chunk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChunkFigures {
    /// Number of rows.
    pub rows: u64,
    /// Least and greatest trial id; `None` for a chunk without rows.
    pub trials: Option<(TrialId, TrialId)>,
    /// Digest over its trial digests.
    pub content: Digest,
    /// Moments of the watched metric over its completed trials.
    pub moments: Moments,
}

/// The end of a sweep, or of what there is of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepSummary {
    /// How many trials went which way.
    pub counts: SweepCounts,
    /// The best trials, best first.
    pub best: Vec<TrialRow>,
    /// Moments of the watched metric over all completed trials.
    pub moments: Moments,
    /// Figures per chunk.
    pub chunks: BTreeMap<u64, ChunkFigures>,
    /// Merkle root over the chunks in order.
    pub digest: Digest,
}

/// A row in the heap of the best; the worst kept one is on top.
struct Ranked<K>(K, Box<TrialRow>);

impl<K: Ord> Ord for Ranked<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K: Ord> PartialOrd for Ranked<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord> PartialEq for Ranked<K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<K: Ord> Eq for Ranked<K> {}

/// Takes chunks in any order, each once.
pub struct Reducer<'a, R: Ranker> {
    ranker: &'a R,
    fold: u32,
    keep: usize,
    watched: Option<usize>,
    best: BinaryHeap<Ranked<R::Key>>,
    counts: SweepCounts,
    chunks: BTreeMap<u64, ChunkFigures>,
}

impl<R: Ranker> std::fmt::Debug for Reducer<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reducer").field("counts", &self.counts).field("kept", &self.best.len()).finish()
    }
}

impl<'a, R: Ranker> Reducer<'a, R> {
    /// Keeps the best `keep` rows of `fold`; `watched` is the metric column whose moments are wanted (the Sharpe ratio,
    /// for the deflated one).
    pub fn new(ranker: &'a R, fold: u32, keep: usize, watched: Option<usize>) -> Self {
        let (best, chunks) = (BinaryHeap::new(), BTreeMap::new());
        Self { ranker, fold, keep, watched, best, counts: SweepCounts::default(), chunks }
    }

    /// Takes the rows of a chunk, in (fold, id) order. Says whether the best row is a new one.
    pub fn accept(&mut self, chunk: u64, rows: &[TrialRow]) -> bool {
        let mut moments = Moments::default();
        let mut leads = false;
        let fold = self.fold;
        for row in rows.iter().filter(|row| row.fold == fold) {
            self.counts.add(row);
            if let Some(value) = self.watched_value(row) {
                moments.add(value);
            }
            leads |= self.rank(row);
        }
        let ids = rows.iter().map(|row| row.trial.id);
        let trials = ids.clone().min().zip(ids.max());
        let figures = ChunkFigures { rows: rows.len() as u64, trials, content: chunk_digest(rows), moments };
        let before = self.chunks.insert(chunk, figures);
        debug_assert!(before.is_none(), "chunk {chunk} arrived twice");
        leads
    }

    /// Completed trials only: failed and pruned ones have no comparable value, copies no own one.
    fn watched_value(&self, row: &TrialRow) -> Option<f64> {
        let complete = row.status == TrialStatus::Ok && row.pruned_at.is_none() && row.duplicate_of.is_none();
        self.watched.filter(|_| complete).and_then(|column| row.metrics.get(column))
    }

    fn rank(&mut self, row: &TrialRow) -> bool {
        if self.keep == 0 {
            return false;
        }
        let key = self.ranker.key(row);
        if self.best.len() == self.keep {
            if self.best.peek().is_some_and(|worst| worst.0 <= key) {
                return false;
            }
            self.best.pop();
        }
        let leads = self.best.iter().all(|kept| key < kept.0);
        self.best.push(Ranked(key, Box::new(row.clone())));
        leads
    }

    /// Trials counted so far.
    pub fn counts(&self) -> SweepCounts {
        self.counts
    }

    /// Chunks taken so far.
    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// The best row so far.
    pub fn leader(&self) -> Option<&TrialRow> {
        self.best.iter().min().map(|ranked| &*ranked.1)
    }

    /// The end: everything folded, the best sorted.
    pub fn finish(self) -> SweepSummary {
        let mut moments = Moments::default();
        for figures in self.chunks.values() {
            moments.append(&figures.moments);
        }
        let digest = sweep_digest(self.chunks.values().map(|figures| figures.content));
        let best = self.best.into_sorted_vec().into_iter().map(|ranked| *ranked.1).collect();
        SweepSummary { counts: self.counts, best, moments, chunks: self.chunks, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fakes::{ByObjective, row};
    use super::*;
    use proptest::prelude::*;

    fn reduce(chunks: &[(u64, Vec<TrialRow>)]) -> SweepSummary {
        let mut reducer = Reducer::new(&ByObjective, 0, 5, Some(0));
        for (number, rows) in chunks {
            reducer.accept(*number, rows);
        }
        reducer.finish()
    }

    proptest! {
        #[test]
        fn any_order_of_chunks_gives_the_same_summary(
            values in prop::collection::vec(prop::option::of(-10.0_f64..10.0), 1..120),
            keys in prop::collection::vec(any::<u64>(), 30),
        ) {
            let rows: Vec<_> = (0..).zip(&values).map(|(id, value)| row(id, *value)).collect();
            let mut chunks: Vec<(u64, Vec<TrialRow>)> =
                (0..).zip(rows.chunks(8).map(<[_]>::to_vec)).collect();
            let ordered = reduce(&chunks);
            chunks.sort_by_key(|(number, _)| keys[usize::try_from(*number).unwrap()]);
            prop_assert_eq!(reduce(&chunks), ordered);
        }

        #[test]
        fn the_heap_keeps_what_sorting_everything_would(
            values in prop::collection::vec(prop::option::of(-3_i8..3), 1..60),
        ) {
            let rows: Vec<_> = (0..).zip(&values).map(|(id, value)| row(id, value.map(f64::from))).collect();
            let summary = reduce(&[(0, rows.clone())]);
            let mut sorted = rows;
            sorted.sort_by_key(|row| ByObjective.key(row));
            sorted.truncate(5);
            prop_assert_eq!(summary.best, sorted);
        }
    }

    #[test]
    fn moments_equal_the_two_pass_formula_whatever_the_chunking() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i * 7919 % 1000) / 300.0 - 1.0).collect();
        let mean = values.iter().sum::<f64>() / 1000.0;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 999.0;
        let mut all = Moments::default();
        for chunk in values.chunks(37) {
            let mut moments = Moments::default();
            for &value in chunk {
                moments.add(value);
            }
            all.append(&moments);
        }
        assert!((all.mean().unwrap() - mean).abs() < 1e-14);
        assert!((all.variance().unwrap() - variance).abs() < 1e-14);
        assert_eq!((all.count(), Moments::default().variance()), (1000, None));
    }

    #[test]
    fn failed_and_pruned_trials_are_counted_but_not_averaged() {
        let mut rows: Vec<_> = (0..4).map(|id| row(id, Some(1.0))).collect();
        rows[1].status = TrialStatus::Failed;
        rows[2].pruned_at = Some(1);
        let summary = reduce(&[(0, rows)]);
        assert_eq!((summary.counts.trials, summary.counts.failed, summary.counts.pruned), (4, 1, 1));
        assert_eq!(summary.moments.count(), 2);
    }
}
