//! An account per symbol: one engine each, joined into one result (`search.md` 13.3).

use super::run::TrialRun;
use super::tally::Tally;
use crate::types::{CurvePoint, EquityCurve};

/// The runs of all symbols as one: trades in order of time, curves added up, counts summed. The single runs stay in
/// `parts`, for metrics joined by `across`.
pub fn join(parts: Vec<TrialRun>, by_volume: bool) -> TrialRun {
    let sum = |count: fn(&TrialRun) -> u32| parts.iter().map(count).fold(0, u32::saturating_add);
    let total = |count: fn(&TrialRun) -> u64| parts.iter().map(count).sum();
    let money = |amount: fn(&TrialRun) -> f64| parts.iter().map(amount).fold(0.0, |a, b| a + b);
    let mut trades: Vec<_> = parts.iter().flat_map(|part| part.trades.iter().cloned()).collect();
    trades.sort_by_key(|trade| (trade.exit_time, trade.symbol));
    let mut tally = Tally::of(&trades, &[]);
    tally.complete();
    TrialRun {
        curve: added(&parts),
        watch: None,
        initial_balance: money(|part| part.initial_balance),
        final_cash: money(|part| part.final_cash),
        bars: total(|part| part.bars),
        bars_in_position: total(|part| part.bars_in_position),
        bars_stepped: total(|part| part.bars_stepped),
        still_open: sum(|part| part.still_open),
        still_pending: sum(|part| part.still_pending),
        unfilled_at_end: sum(|part| part.unfilled_at_end),
        rejected: sum(|part| part.rejected),
        rejected_at_trigger: sum(|part| part.rejected_at_trigger),
        expired: sum(|part| part.expired),
        ruined: parts.iter().any(|part| part.ruined),
        ambiguous_exits: tally.ambiguous_share(),
        profit_net_worst: Some(money(|part| part.profit_net_worst.unwrap_or(0.0))),
        profit_net_best: Some(money(|part| part.profit_net_best.unwrap_or(0.0))),
        break_even_cost_multiplier: if by_volume { tally.cost_multiplier() } else { None },
        trades,
        booked: tally.into_booked().0,
        parts,
    }
}

/// The curves of all accounts, added step by step in symbol order.
fn added(parts: &[TrialRun]) -> EquityCurve {
    let mut steps: Vec<u32> = parts.iter().flat_map(|part| part.curve.change_steps()).copied().collect();
    steps.sort_unstable();
    steps.dedup();
    let mut points: Vec<_> = parts.iter().map(|part| part.curve.points().peekable()).collect();
    let mut now: Vec<Option<CurvePoint>> = vec![None; parts.len()];
    let mut curve = EquityCurve::default();
    for step in steps {
        let (mut cash, mut equity) = (0.0, 0.0);
        for (points, now) in points.iter_mut().zip(&mut now) {
            // An account counts with its first point before its window begins.
            while now.is_none() || points.peek().is_some_and(|next| next.step <= step) {
                let Some(next) = points.next() else { break };
                *now = Some(next);
            }
            if let Some(point) = now {
                cash += point.cash;
                equity += point.equity;
            }
        }
        curve.record(step, cash, equity);
    }
    curve.extend_to(parts.iter().map(|part| part.curve.end()).max().unwrap_or(0));
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(points: &[(u32, f64)], end: u32) -> TrialRun {
        let mut curve = EquityCurve::default();
        for &(step, equity) in points {
            curve.record(step, equity, equity);
        }
        curve.extend_to(end);
        TrialRun { curve, initial_balance: 10.0, bars: 6, ..TrialRun::default() }
    }

    #[test]
    fn curves_add_up_at_every_change_of_either() {
        let joined =
            join(vec![part(&[(2, 10.0), (5, 12.0)], 8), part(&[(2, 10.0), (4, 7.0), (5, 8.0)], 8)], true);
        let dense: Vec<f64> = joined.curve.per_step().map(|point| point.equity).collect();
        assert_eq!(dense, [20.0, 20.0, 17.0, 20.0, 20.0, 20.0]);
        assert_eq!((joined.initial_balance, joined.bars, joined.parts.len()), (20.0, 12, 2));
    }
}
