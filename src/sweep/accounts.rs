//! Metrics of a trial whose symbols have an account each: those of the accounts, joined (`search.md` 4, 13.3).

use crate::metrics::{Goal, MetricId, Metrics};
use crate::search::{Across, Objective};

/// Every metric joined over the accounts, in their order: by the `across` that the objective gives the metric, else by
/// their mean. A count may therefore come out broken.
pub(super) fn joined(accounts: &[Metrics], objective: &Objective) -> Metrics {
    let mut out = Metrics::UNDEFINED;
    let mut parts = Vec::with_capacity(accounts.len());
    for id in MetricId::all() {
        parts.clear();
        parts.extend(accounts.iter().map(|account| account.get(id)));
        let (across, goal) = rule(objective, id);
        out.set(id, across.join(goal, &parts));
    }
    out
}

/// How the objective joins a metric; its first mention counts.
fn rule(objective: &Objective, id: MetricId) -> (Across, Goal) {
    let term = objective.terms().into_iter().find(|term| term.metric == id);
    term.map_or((Across::Mean, id.def().goal), |term| (term.across, term.goal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Aim, Term};

    #[test]
    fn a_metric_is_joined_as_the_objective_says_and_all_others_by_their_mean() {
        let id = |key: &str| MetricId::from_key(key).expect(key);
        let account = |profit: f64, trades: f64| {
            let mut metrics = Metrics::UNDEFINED;
            metrics.set(id("profit_net"), profit);
            metrics.set(id("total_trades"), trades);
            metrics
        };
        let term = Term { metric: id("profit_net"), goal: Goal::Max, across: Across::Worst };
        let objective = Objective { aim: Aim::Single(term), tie_break: Vec::new() };
        let metrics = joined(&[account(30.0, 5.0), account(-10.0, 8.0)], &objective);
        assert_eq!(metrics.get(id("profit_net")), Some(-10.0));
        assert_eq!(metrics.get(id("total_trades")), Some(6.5));
        assert_eq!(metrics.get(id("win_rate")), None, "undefined in a part is undefined in the whole");
    }
}
