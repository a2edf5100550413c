//! All metrics of one run.

use super::calendar::MetricCalendar;
use super::equity::{self, Curve};
use super::names::MetricId;
use super::trade_rows::TradeRows;
use super::trades::{self, TradeScratch};
use super::values::Metrics;
use crate::types::EquityCurve;

/// What a run left behind, as far as metrics look at it. Money in account currency.
#[derive(Debug, Clone, Copy)]
pub struct RunFacts<'a> {
    /// Closed trades, in any order.
    pub trades: &'a TradeRows,
    /// Equity after costs, from the window's first step on; a curve that stops early holds its last value until the
    /// window's end.
    pub curve: &'a EquityCurve,
    /// Equity at the start, above 0.
    pub initial_equity: f64,
    /// Steps of the window.
    pub bars: u64,
    /// Steps with an open position.
    pub bars_in_position: u64,
    /// Share of trades closed on a bar that reached stop and target (`execution.md` 9b).
    pub ambiguous_exits: Option<f64>,
    /// Net profit with every such exit at the stop.
    pub profit_net_worst: Option<f64>,
    /// Net profit with every such exit at the target.
    pub profit_net_best: Option<f64>,
    /// Factor on all costs at which nothing is left.
    pub break_even_cost_multiplier: Option<f64>,
}

/// Memory that a thread keeps between trials.
#[derive(Debug, Clone, Default)]
pub struct MetricScratch {
    trades: TradeScratch,
    returns: Vec<f64>,
    sorting: Vec<f64>,
}

/// Computes every metric of a run over the calendar's window. Costs O(points of the curve + days + weeks + trades) and
/// allocates nothing once `scratch` has grown.
pub fn compute(facts: &RunFacts<'_>, calendar: &MetricCalendar, scratch: &mut MetricScratch) -> Metrics {
    let mut out = Metrics::UNDEFINED;
    let profit_net = trades::measure(facts.trades, &mut scratch.trades, &mut out);
    let exposure = (facts.bars > 0).then(|| facts.bars_in_position as f64 / facts.bars as f64);
    out.set(const { MetricId::of("exposure") }, exposure);
    let curve = Curve::of(facts.curve, calendar, facts.initial_equity);
    let has_trades = !facts.trades.is_empty();
    equity::measure(&curve, profit_net, has_trades, &mut scratch.returns, &mut scratch.sorting, &mut out);
    out.set(const { MetricId::of("ambiguous_exits") }, facts.ambiguous_exits);
    out.set(const { MetricId::of("profit_net_worst") }, facts.profit_net_worst);
    out.set(const { MetricId::of("profit_net_best") }, facts.profit_net_best);
    out.set(const { MetricId::of("break_even_cost_multiplier") }, facts.break_even_cost_multiplier);
    out
}

/// The trading days (since 1970-01-01) and daily returns of a curve. A step from an equity of zero or less has no return,
/// and its day is left out (`metrics.md` 3.1).
pub fn dated_returns<'a>(
    curve: &'a EquityCurve,
    calendar: &'a MetricCalendar,
    initial_equity: f64,
) -> impl Iterator<Item = (i64, f64)> + use<'a> {
    Curve::of(curve, calendar, initial_equity).daily_returns()
}

/// Replaces `out` by the returns of [`dated_returns`].
pub fn daily_returns(
    curve: &EquityCurve,
    calendar: &MetricCalendar,
    initial_equity: f64,
    out: &mut Vec<f64>,
) {
    out.clear();
    out.extend(dated_returns(curve, calendar, initial_equity).map(|(_, value)| value));
}
