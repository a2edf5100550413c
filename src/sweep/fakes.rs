//! Stand-ins for the tests of this module: trials, a runner, a ranking.

use std::cmp::Reverse;
use std::convert::Infallible;

use super::outcome::RowShape;
use super::run::{TrialEvaluator, TrialSource};
use super::{MetricValues, Ranker, TrialResult, TrialRow, TrialStatus};
use crate::engine::BookedTrades;
use crate::types::{MasterSeed, ParamSet, ParamValue, Purpose, Trial, TrialError, TrialId};

/// A grid of one parameter; every seventh position is excluded, ids run backwards in blocks of ten.
#[derive(Debug)]
pub(crate) struct FakeSource(pub(crate) u64);

impl TrialSource for FakeSource {
    fn positions(&self) -> u64 {
        self.0
    }

    fn trial_at(&self, position: u64) -> Option<Trial> {
        let block = position - position % 10;
        let id = block + 9 - position % 10;
        (position % 7 != 3).then(|| trial(id))
    }
}

/// Draws a Sharpe ratio from the trial's own address; ids ending in 13 fail, in 77 panic.
#[derive(Debug, Default)]
pub(crate) struct FakeEvaluator {
    pub(crate) fail_all: bool,
}

pub(crate) const SHAPE: RowShape = RowShape { metrics: 3, objectives: 1 };

impl TrialEvaluator for FakeEvaluator {
    type Plan = usize;
    type Batch = usize;
    type Error = Infallible;

    fn shape(&self) -> RowShape {
        SHAPE
    }

    fn plan(&self, trials: &[Trial]) -> Result<usize, Infallible> {
        Ok(trials.len())
    }

    fn build(&self, plan: usize, _previous: Option<&usize>) -> Result<usize, Infallible> {
        Ok(plan)
    }

    fn neighbourhood(&self) -> usize {
        150
    }

    fn neighbours(&self, trials: &[Trial]) -> Vec<usize> {
        (0..trials.len()).rev().collect()
    }

    fn evaluate(&self, batch: &usize, trial: &Trial) -> Result<TrialResult, TrialError> {
        assert!(*batch > 0, "a batch with this trial was prepared");
        if self.fail_all || trial.id.0 % 1000 == 13 {
            return Err(TrialError::Engine("no rate".to_owned()));
        }
        if trial.id.0 % 1000 == 77 {
            // A panic without the hook's text in the middle of the test output.
            std::panic::resume_unwind(Box::new(format!("unlucky number {}", trial.id)));
        }
        let mut rng = MasterSeed(1).rng(Purpose::User, 0, 0, trial.id.0);
        let sharpe = rng.normal();
        let trades = rng.below(1000) as f64;
        let defined = rng.below(10) > 0;
        Ok(TrialResult {
            metrics: MetricValues::new([defined.then_some(sharpe), Some(trades), None]),
            objectives: [defined.then_some(sharpe)].into(),
            feasible: trades >= 100.0,
            violation: ((100.0 - trades) / 100.0).max(0.0),
            trades_digest: BookedTrades::default().digest(),
            pruned_at: None,
            reason: None,
            bars: 10,
            ..TrialResult::infeasible(3, 1, 0.0, String::new())
        })
    }
}

/// Ranks by the objective, undefined last, ties to the smaller id.
#[derive(Debug)]
pub(crate) struct ByObjective;

impl Ranker for ByObjective {
    type Key = (bool, bool, Reverse<i64>, TrialId);

    fn key(&self, row: &TrialRow) -> Self::Key {
        let bits = row.objectives[0].map_or(i64::MIN, |value| {
            let bits = (value + 0.0).to_bits().cast_signed();
            bits ^ (((bits >> 63).cast_unsigned()) >> 1).cast_signed()
        });
        (row.status == TrialStatus::Failed, !row.feasible, Reverse(bits), row.trial.id)
    }
}

pub(crate) fn trial(id: u64) -> Trial {
    let params = [
        ("period", ParamValue::Int(id.cast_signed() % 50)),
        ("factor", ParamValue::Float(id as f64 / 8.0)),
        ("mode", ParamValue::text(if id.is_multiple_of(2) { "even" } else { "odd" })),
    ];
    Trial { id: TrialId(id), params: ParamSet::from_pairs(params) }
}

/// A completed, feasible row with this objective.
pub(crate) fn row(id: u64, objective: Option<f64>) -> TrialRow {
    let result = TrialResult {
        metrics: MetricValues::new([objective, Some(id as f64), None]),
        objectives: [objective].into(),
        feasible: true,
        pruned_at: None,
        reason: None,
        ..TrialResult::infeasible(3, 1, 0.0, String::new())
    };
    TrialRow::new(0, trial(id), &Ok(result), SHAPE)
}
