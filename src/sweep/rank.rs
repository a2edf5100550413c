//! One total order over the trials of a study (`search.md` section 5): the ranking does not depend on arrival.
//!
//! Sorting ascending puts the best trial first; the greatest key of a set is its worst trial, so that a max-heap
//! keeps the best K. There is no epsilon, because an epsilon is not transitive.

use std::cmp::Ordering;

use crate::types::TrialId;

/// Whether a trial gave a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrialStatus {
    /// It ran to its end, or to the rung where it was pruned.
    Ok,
    /// Error, panic, timeout or non-finite equity; only the trial id counts among them.
    Failed,
}

impl TrialStatus {
    /// The name in the trial table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

/// Place of a trial in a non-dominated sort.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrontPlace {
    /// Front number, 0 = not dominated by any trial.
    pub front: u32,
    /// Whether it is the first or last of its front in some objective: before every inner point.
    pub is_boundary: bool,
    /// Crowding distance over the objectives in which it is an inner point.
    pub crowding: f64,
}

/// What decides the place of a trial. Objective and tie-breaks are oriented: larger is better.
#[derive(Debug, Clone)]
pub struct RankKey {
    /// Ok or failed.
    pub status: TrialStatus,
    /// Total violation of the `require` rules, 0 = feasible.
    pub violation: f64,
    /// Rung at which the trial was pruned; `None` = complete.
    pub pruned_at: Option<u32>,
    /// Place in the non-dominated sort of a study with several objectives.
    pub front: Option<FrontPlace>,
    /// Oriented objective; `None` = undefined, worse than any number.
    pub objective: Option<f64>,
    /// Oriented values of `objective.tie_break`, in file order; `None` = undefined.
    pub tie_breaks: Vec<Option<f64>>,
    /// Number of the trial, unique within a ranking; the smaller one wins the last tie.
    pub trial_id: TrialId,
}

impl RankKey {
    /// Whether no requirement is violated.
    pub fn is_feasible(&self) -> bool {
        self.violation == 0.0
    }

    fn by_requirements(&self, other: &Self) -> Ordering {
        match (self.is_feasible(), other.is_feasible()) {
            (true, true) => later_rung_first(self.pruned_at, other.pruned_at),
            (false, false) => (self.violation + 0.0).total_cmp(&(other.violation + 0.0)),
            (mine, theirs) => theirs.cmp(&mine),
        }
    }

    fn by_result(&self, other: &Self) -> Ordering {
        self.by_requirements(other)
            .then_with(|| outer_front_first(self.front, other.front))
            .then_with(|| larger_first(self.objective, other.objective))
            .then_with(|| self.by_tie_breaks(other))
    }

    fn by_tie_breaks(&self, other: &Self) -> Ordering {
        let pairs = self.tie_breaks.iter().zip(&other.tie_breaks);
        pairs
            .map(|(mine, theirs)| larger_first(*mine, *theirs))
            .find(|o| o.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// Larger value first, undefined last; `-0.0` equals `0.0` and NaN counts as undefined.
pub fn larger_first(mine: Option<f64>, theirs: Option<f64>) -> Ordering {
    let defined = |value: Option<f64>| value.filter(|v| !v.is_nan()).map(|v| v + 0.0);
    match (defined(mine), defined(theirs)) {
        (Some(mine), Some(theirs)) => theirs.total_cmp(&mine),
        (mine, theirs) => theirs.is_some().cmp(&mine.is_some()),
    }
}

/// Complete (`None`) before pruned, then the later rung.
fn later_rung_first(mine: Option<u32>, theirs: Option<u32>) -> Ordering {
    let reached = |rung: Option<u32>| rung.map_or(u64::MAX, u64::from);
    reached(theirs).cmp(&reached(mine))
}

/// Smaller front first, then boundary points, then the larger crowding distance.
fn outer_front_first(mine: Option<FrontPlace>, theirs: Option<FrontPlace>) -> Ordering {
    match (mine, theirs) {
        (Some(mine), Some(theirs)) => mine.front.cmp(&theirs.front).then_with(|| {
            theirs
                .is_boundary
                .cmp(&mine.is_boundary)
                .then_with(|| larger_first(Some(mine.crowding), Some(theirs.crowding)))
        }),
        (mine, theirs) => theirs.is_some().cmp(&mine.is_some()),
    }
}

impl Ord for RankKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.status
            .cmp(&other.status)
            .then_with(|| match self.status {
                TrialStatus::Ok => self.by_result(other),
                TrialStatus::Failed => Ordering::Equal,
            })
            .then_with(|| self.trial_id.cmp(&other.trial_id))
    }
}

impl PartialOrd for RankKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RankKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for RankKey {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(trial_id: u64, objective: Option<f64>) -> RankKey {
        RankKey {
            status: TrialStatus::Ok,
            violation: 0.0,
            pruned_at: None,
            front: None,
            objective,
            tie_breaks: vec![],
            trial_id: TrialId(trial_id),
        }
    }

    #[test]
    fn undefined_ranks_behind_every_number_and_ties_go_to_the_lower_id() {
        assert!(key(9, Some(f64::NEG_INFINITY)) < key(1, None));
        assert!(key(1, Some(0.0)) < key(2, Some(-0.0)));
        assert!(key(3, Some(-0.0)) > key(2, Some(0.0)));
        assert!(key(5, Some(f64::NAN)) > key(4, None));
    }

    #[test]
    fn requirements_come_before_the_objective_and_failures_last() {
        let infeasible = |violation| RankKey { violation, ..key(1, Some(100.0)) };
        assert!(key(2, None) < infeasible(0.1));
        assert!(infeasible(0.1) < infeasible(0.2));
        let failed = RankKey { status: TrialStatus::Failed, ..key(0, Some(1e9)) };
        assert!(infeasible(9.0) < failed);
    }

    #[test]
    fn pruned_trials_follow_complete_ones_later_rung_first() {
        let pruned = |rung| RankKey { pruned_at: Some(rung), ..key(1, Some(100.0)) };
        assert!(key(2, None) < pruned(3));
        assert!(pruned(3) < pruned(2));
        // Among infeasible trials only the violation counts, then the objective.
        let lost = |rung, objective| RankKey { violation: 1.0, pruned_at: rung, ..key(1, objective) };
        assert!(lost(Some(1), Some(2.0)) < lost(None, Some(1.0)));
    }

    #[test]
    fn fronts_come_before_crowding_and_boundary_points_before_inner_ones() {
        let at = |id, front, is_boundary, crowding| RankKey {
            front: Some(FrontPlace { front, is_boundary, crowding }),
            ..key(id, None)
        };
        let mut keys = [at(0, 1, true, 9.0), at(1, 0, false, 0.2), at(2, 0, false, 0.5), at(3, 0, true, 0.0)];
        keys.sort();
        assert_eq!(keys.iter().map(|k| k.trial_id.0).collect::<Vec<_>>(), [3, 2, 1, 0]);
    }
}
