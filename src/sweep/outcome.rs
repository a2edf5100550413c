//! What one trial leaves behind: a row of the trial table, and its digest.
//!
//! A [`TrialRow`] is the same thing whether the trial has just run or was read back from a finished chunk; everything
//! after the fan-out works on rows, so a resumed sweep cannot rank differently from an uninterrupted one.

use std::sync::Arc;

use super::rank::TrialStatus;
use crate::engine::BookedTrades;
use crate::types::{Digest, DigestWriter, Trial, TrialError, TrialId};

/// Metric values of one trial in the order of the table's metric columns; an undefined one is kept as NaN, which no
/// metric ever is. Two rows of values are equal when their bits are, undefined ones included.
#[derive(Debug, Clone)]
pub struct MetricValues(Box<[f64]>);

impl PartialEq for MetricValues {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }
}

impl MetricValues {
    /// From one optional value per metric column.
    pub fn new(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        Self(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }

    /// `count` undefined values.
    pub fn undefined(count: usize) -> Self {
        Self(vec![f64::NAN; count].into())
    }

    /// The value of a metric column; `None` when undefined or beyond the columns.
    pub fn get(&self, column: usize) -> Option<f64> {
        self.0.get(column).copied().filter(|value| !value.is_nan())
    }

    /// Number of metric columns.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no metric columns.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All values in column order.
    pub fn iter(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        self.0.iter().map(|&value| (!value.is_nan()).then_some(value))
    }
}

/// Returns per day of one trial (`metrics.md` 3.1). The dates are usually shared by all trials of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct DailyReturns {
    /// Days since 1970-01-01, increasing.
    pub days: Arc<[i32]>,
    /// One return per day, as a fraction.
    pub returns: Box<[f64]>,
}

/// A trial on one fold of a validation, beside its joined result.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldResult {
    /// Number of the fold, from 1.
    pub fold: u32,
    /// What the trial did there.
    pub result: TrialResult,
}

/// What a trial that ran came to.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialResult {
    /// Every metric.
    pub metrics: MetricValues,
    /// Digest of the trade list, every field by its bits ([`BookedTrades::digest`]).
    pub trades_digest: Digest,
    /// One value per objective, each oriented as the sweep file states; undefined = `None`.
    pub objectives: Box<[Option<f64>]>,
    /// Whether every requirement is met.
    pub feasible: bool,
    /// Total violation of the requirements, 0 when feasible.
    pub violation: f64,
    /// Rung at which the trial was stopped, if it was.
    pub pruned_at: Option<u32>,
    /// Why it was pruned or could not trade, in words.
    pub reason: Option<String>,
    /// The earlier trial with the same parameters whose result this is.
    pub duplicate_of: Option<TrialId>,
    /// Returns per day, when they are kept.
    pub daily_returns: Option<DailyReturns>,
    /// Bars simulated.
    pub bars: u64,
    /// The parts of a trial that was run on several folds; empty otherwise.
    pub folds: Vec<FoldResult>,
}

impl TrialResult {
    /// A parameter set that cannot trade: nothing was run, nothing is defined, and it ranks behind every feasible set.
    pub fn infeasible(metrics: usize, objectives: usize, violation: f64, reason: String) -> Self {
        Self {
            metrics: MetricValues::undefined(metrics),
            trades_digest: BookedTrades::default().digest(),
            objectives: vec![None; objectives].into(),
            feasible: false,
            violation,
            pruned_at: Some(0),
            reason: Some(reason),
            duplicate_of: None,
            daily_returns: None,
            bars: 0,
            folds: Vec::new(),
        }
    }
}

/// One row of the trial table (`search.md` section 15).
#[derive(Debug, Clone, PartialEq)]
pub struct TrialRow {
    /// Walk-forward window or fold, 0 when unused.
    pub fold: u32,
    /// Number and parameters.
    pub trial: Trial,
    /// Whether it gave a result.
    pub status: TrialStatus,
    /// Why it failed or was pruned.
    pub error: Option<String>,
    /// Whether every requirement is met; false for failed trials.
    pub feasible: bool,
    /// Total violation of the requirements; `None` for failed trials.
    pub violation: Option<f64>,
    /// One value per objective.
    pub objectives: Box<[Option<f64>]>,
    /// Rung at which the trial was stopped, if it was.
    pub pruned_at: Option<u32>,
    /// The earlier trial with the same parameters.
    pub duplicate_of: Option<TrialId>,
    /// Every metric.
    pub metrics: MetricValues,
    /// Covers fold, id, parameters, status, metrics and every trade.
    pub digest: Digest,
}

/// Shape of a row that has no result of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowShape {
    /// Number of metric columns.
    pub metrics: usize,
    /// Number of objectives.
    pub objectives: usize,
}

impl TrialRow {
    /// The row of a finished trial.
    pub fn new(fold: u32, trial: Trial, result: &Result<TrialResult, TrialError>, shape: RowShape) -> Self {
        let mut row = match result {
            Ok(result) => Self {
                fold,
                trial,
                status: TrialStatus::Ok,
                error: result.reason.clone(),
                feasible: result.feasible,
                violation: Some(result.violation),
                objectives: result.objectives.clone(),
                pruned_at: result.pruned_at,
                duplicate_of: result.duplicate_of,
                metrics: result.metrics.clone(),
                digest: result.trades_digest,
            },
            Err(error) => Self {
                fold,
                trial,
                status: TrialStatus::Failed,
                error: Some(error.to_string()),
                feasible: false,
                violation: None,
                objectives: vec![None; shape.objectives].into(),
                pruned_at: None,
                duplicate_of: None,
                metrics: MetricValues::undefined(shape.metrics),
                digest: BookedTrades::default().digest(),
            },
        };
        row.digest = trial_digest(&row, row.digest);
        row
    }

    /// The row of a trial with the parameters of an earlier one: the same result, not run again. Its digest covers that of
    /// the original instead of a trade list.
    pub fn copy_of(original: &Self, trial: Trial) -> Self {
        let first = original.duplicate_of.unwrap_or(original.trial.id);
        let mut row = Self { trial, duplicate_of: Some(first), ..original.clone() };
        row.digest = trial_digest(&row, original.digest);
        row
    }

    /// Where the row stands in its chunk.
    pub fn key(&self) -> (u32, TrialId) {
        (self.fold, self.trial.id)
    }
}

/// A finished trial on its way to the reducer.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialOutcome {
    /// Its rows: the trial itself, then its folds if it has any.
    pub rows: Vec<TrialRow>,
    /// Returns per day by fold, where kept.
    pub returns: Vec<(u32, TrialId, DailyReturns)>,
    /// Bars simulated.
    pub bars: u64,
}

impl TrialOutcome {
    /// Takes a result apart into rows.
    pub fn new(fold: u32, trial: Trial, result: Result<TrialResult, TrialError>, shape: RowShape) -> Self {
        let id = trial.id;
        let (bars, folds, own) = match result {
            Ok(mut own) => (own.bars, std::mem::take(&mut own.folds), Ok(own)),
            Err(error) => (0, Vec::new(), Err(error)),
        };
        let mut outcome = Self { rows: Vec::with_capacity(1 + folds.len()), returns: Vec::new(), bars };
        for part in folds {
            outcome.push(part.fold, trial.clone(), Ok(part.result), shape);
        }
        outcome.push(fold, trial, own, shape);
        outcome.rows.rotate_right(1);
        outcome.returns.sort_by_key(|&(fold, _, _)| fold);
        debug_assert!(outcome.rows.iter().all(|row| row.trial.id == id));
        outcome
    }

    fn push(
        &mut self,
        fold: u32,
        trial: Trial,
        mut result: Result<TrialResult, TrialError>,
        shape: RowShape,
    ) {
        if let Ok(result) = &mut result
            && let Some(returns) = result.daily_returns.take()
        {
            self.returns.push((fold, trial.id, returns));
        }
        self.rows.push(TrialRow::new(fold, trial, &result, shape));
    }
}

/// BLAKE3 over fold, trial id, parameters, status, metrics and the digest of the trade list.
fn trial_digest(row: &TrialRow, trades: Digest) -> Digest {
    let mut writer = DigestWriter::new("omega-sweep trial 1");
    writer.u64(u64::from(row.fold)).u64(row.trial.id.0);
    row.trial.params.digest(&mut writer);
    writer.u64(u64::from(row.status == TrialStatus::Failed)).u64(row.metrics.len() as u64);
    for value in row.metrics.iter() {
        writer.optional_f64(value);
    }
    writer.digest(trades).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ParamSet, ParamValue};

    const SHAPE: RowShape = RowShape { metrics: 2, objectives: 1 };

    fn trial(id: u64, value: f64) -> Trial {
        Trial { id: TrialId(id), params: ParamSet::from_pairs([("a", ParamValue::Float(value))]) }
    }

    fn result(metric: Option<f64>, trades: &[u8]) -> TrialResult {
        TrialResult {
            metrics: MetricValues::new([metric, None]),
            trades_digest: Digest::of(trades),
            feasible: true,
            reason: None,
            pruned_at: None,
            violation: 0.0,
            objectives: [metric].into(),
            ..TrialResult::infeasible(2, 1, 0.0, String::new())
        }
    }

    fn digest(fold: u32, trial: Trial, result: &Result<TrialResult, TrialError>) -> Digest {
        TrialRow::new(fold, trial, result, SHAPE).digest
    }

    #[test]
    fn every_part_of_a_trial_moves_its_digest() {
        let failed = || Err(TrialError::Engine("no rate".to_owned()));
        let digests = [
            digest(0, trial(1, 1.0), &Ok(result(Some(1.0), &[]))),
            digest(1, trial(1, 1.0), &Ok(result(Some(1.0), &[]))),
            digest(0, trial(2, 1.0), &Ok(result(Some(1.0), &[]))),
            digest(0, trial(1, 1.0_f64.next_up()), &Ok(result(Some(1.0), &[]))),
            digest(0, trial(1, 1.0), &Ok(result(Some(1.0_f64.next_up()), &[]))),
            digest(0, trial(1, 1.0), &Ok(result(None, &[]))),
            digest(0, trial(1, 1.0), &Ok(result(Some(1.0), b"a trade"))),
            digest(0, trial(1, 1.0), &failed()),
        ];
        let distinct: std::collections::BTreeSet<_> = digests.iter().collect();
        assert_eq!(distinct.len(), digests.len());
        assert_eq!(digests[0], digest(0, trial(1, 1.0), &Ok(result(Some(1.0), &[]))));
    }

    #[test]
    fn folds_become_rows_behind_the_joined_one() {
        let mut joined = result(Some(1.0), &[]);
        joined.folds = vec![
            FoldResult { fold: 1, result: result(Some(2.0), &[]) },
            FoldResult { fold: 2, result: result(Some(0.0), &[]) },
        ];
        let outcome = TrialOutcome::new(0, trial(9, 1.0), Ok(joined), SHAPE);
        let keys: Vec<_> = outcome.rows.iter().map(TrialRow::key).collect();
        assert_eq!(keys, [(0, TrialId(9)), (1, TrialId(9)), (2, TrialId(9))]);
        assert_eq!(outcome.rows[2].metrics.get(0), Some(0.0));
    }
}
