//! All metrics of one run.

use super::calendar::MetricCalendar;
use super::equity;
use super::names::MetricId;
use super::trade_rows::TradeRows;
use super::trades::{self, TradeScratch};
use super::values::Metrics;
use super::watch::EquityWatch;
use crate::types::EquityCurve;

/// The equity of a run over a window.
#[derive(Debug, Clone, Copy)]
pub enum EquityFacts<'a> {
    /// All its changes; a curve that stops early holds its last value until the window's end.
    Curve(&'a EquityCurve),
    /// What was seen of it over the calendar's window, to its end.
    Watched(&'a EquityWatch),
}

impl<'a> EquityFacts<'a> {
    /// What is seen of it over the window of a calendar; `room` is where a curve is watched.
    fn over(
        self,
        calendar: &MetricCalendar,
        initial_equity: f64,
        room: &'a mut EquityWatch,
    ) -> &'a EquityWatch {
        match self {
            Self::Watched(watch) => watch,
            Self::Curve(curve) => {
                room.follow(calendar, initial_equity, curve);
                room
            }
        }
    }
}

/// What a run left behind, as far as metrics look at it. Money in account currency.
#[derive(Debug, Clone, Copy)]
pub struct RunFacts<'a> {
    /// Closed trades, in any order.
    pub trades: &'a TradeRows,
    /// Equity after costs, from the window's first step on.
    pub equity: EquityFacts<'a>,
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
    watch: EquityWatch,
    returns: Vec<f64>,
    sorting: Vec<f64>,
}

/// Computes every metric of a run over the calendar's window. Costs O(days + weeks + trades), and the points of a curve, and
/// allocates nothing once `scratch` has grown.
pub fn compute(facts: &RunFacts<'_>, calendar: &MetricCalendar, scratch: &mut MetricScratch) -> Metrics {
    let mut out = Metrics::UNDEFINED;
    let profit_net = trades::measure(facts.trades, &mut scratch.trades, &mut out);
    let exposure = (facts.bars > 0).then(|| facts.bars_in_position as f64 / facts.bars as f64);
    out.set(const { MetricId::of("exposure") }, exposure);
    let initial = facts.initial_equity;
    let MetricScratch { watch, returns, sorting, .. } = scratch;
    let watch = facts.equity.over(calendar, initial, watch);
    let has_trades = !facts.trades.is_empty();
    equity::measure(watch, calendar, initial, profit_net, has_trades, (returns, sorting), &mut out);
    out.set(const { MetricId::of("ambiguous_exits") }, facts.ambiguous_exits);
    out.set(const { MetricId::of("profit_net_worst") }, facts.profit_net_worst);
    out.set(const { MetricId::of("profit_net_best") }, facts.profit_net_best);
    out.set(const { MetricId::of("break_even_cost_multiplier") }, facts.break_even_cost_multiplier);
    out
}

/// The trading days (since 1970-01-01) and daily returns of a run over the calendar's window. A step from an equity of zero
/// or less has no return, and its day is left out (`metrics.md` 3.1).
pub fn dated_returns(
    facts: &RunFacts<'_>,
    calendar: &MetricCalendar,
    scratch: &mut MetricScratch,
) -> (Vec<i64>, Vec<f64>) {
    let watch = facts.equity.over(calendar, facts.initial_equity, &mut scratch.watch);
    equity::daily_returns(watch, calendar, facts.initial_equity).unzip()
}
