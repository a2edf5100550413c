//! Trade metrics (`metrics.md` section 2).

use super::accumulate::Sums;
use super::names::MetricId;
use super::ratio::{ratio, sortino, zero_spread};
use super::values::Metrics;
use crate::types::{CloseReason, Timestamp, Trade};

/// One position as the metrics see it: its legs merged.
#[derive(Debug, Clone, Copy)]
struct Row {
    exit: Timestamp,
    entry: Timestamp,
    symbol: u16,
    number: u32,
    /// Result before explicit fees.
    gross: f64,
    /// Commissions and swap.
    fee: f64,
    r: Option<f64>,
    size: f64,
}

impl Row {
    fn of(trade: &Trade) -> Self {
        Self {
            exit: trade.exit_time,
            entry: trade.entry_time,
            symbol: trade.symbol.0,
            number: trade.number,
            gross: trade.result,
            fee: trade.total_fee() + trade.swap,
            r: trade.r_multiple,
            size: trade.size,
        }
    }

    fn position(&self) -> (u16, u32, Timestamp) {
        (self.symbol, self.number, self.entry)
    }

    fn order(&self) -> (Timestamp, Timestamp, u16, u32) {
        (self.exit, self.entry, self.symbol, self.number)
    }
}

/// Reused memory of one thread.
#[derive(Debug, Clone, Default)]
pub(super) struct TradeScratch {
    rows: Vec<Row>,
    days: Vec<i64>,
}

/// Sums in one pass over the trades.
#[derive(Debug, Clone, Copy)]
struct Totals {
    sums: Sums<6>,
    wins: usize,
    losses: usize,
    largest_win: f64,
    largest_loss: f64,
    max_abs_r: f64,
    /// Whether every trade has an R-multiple.
    all_r: bool,
    losing_run: usize,
}

const GROSS: usize = 0;
const FEE: usize = 1;
const NET: usize = 2;
const WON: usize = 3;
const LOST: usize = 4;
const R: usize = 5;

/// Fills in the trade metrics; returns the net profit.
pub(super) fn measure(trades: &[Trade], scratch: &mut TradeScratch, out: &mut Metrics) -> f64 {
    collect(trades, &mut scratch.rows);
    let rows = &scratch.rows;
    let totals = total(rows);
    let n = rows.len();
    let count = n as f64;
    let sum = |lane, terms| totals.sums.get(lane, terms);
    let (profit_net, fees) = (sum(NET, n), sum(FEE, n));
    let (won, lost) = (sum(WON, totals.wins), sum(LOST, totals.losses));
    let avg_win = mean_or_zero(won, totals.wins);
    let avg_loss = mean_or_zero(lost, totals.losses);
    let per_trade = |value: f64| (n > 0).then(|| value / count);

    out.set(const { MetricId::of("total_trades") }, count);
    out.set(const { MetricId::of("wins") }, totals.wins as f64);
    out.set(const { MetricId::of("losses") }, totals.losses as f64);
    out.set(const { MetricId::of("breakeven") }, (n - totals.wins - totals.losses) as f64);
    out.set(const { MetricId::of("win_rate") }, per_trade(totals.wins as f64));
    out.set(const { MetricId::of("profit_gross") }, sum(GROSS, n));
    out.set(const { MetricId::of("fees_total") }, fees);
    out.set(const { MetricId::of("profit_net") }, profit_net);
    out.set(const { MetricId::of("gross_profit") }, won);
    out.set(const { MetricId::of("gross_loss") }, lost);
    out.set(const { MetricId::of("profit_factor") }, ratio(won, lost));
    out.set(const { MetricId::of("avg_trade_pnl") }, per_trade(profit_net));
    out.set(const { MetricId::of("avg_win") }, avg_win);
    out.set(const { MetricId::of("avg_loss") }, avg_loss);
    out.set(const { MetricId::of("largest_win") }, totals.largest_win);
    out.set(const { MetricId::of("largest_loss") }, totals.largest_loss);
    out.set(const { MetricId::of("payoff_ratio") }, ratio(avg_win, avg_loss));
    out.set(const { MetricId::of("fee_share") }, ratio(fees, won));
    out.set(const { MetricId::of("max_consecutive_losses") }, totals.losing_run as f64);
    let active_days = active_days(rows, &mut scratch.days);
    out.set(const { MetricId::of("active_days") }, active_days as f64);
    out.set(
        const { MetricId::of("trades_per_active_day") },
        per_trade(count).map(|_| count / active_days as f64),
    );
    if totals.all_r {
        r_metrics(rows, sum(R, n), totals.max_abs_r, out);
    }
    profit_net
}

/// One row per position in the order of (exit, entry, symbol, number).
fn collect(trades: &[Trade], rows: &mut Vec<Row>) {
    rows.clear();
    rows.extend(trades.iter().map(Row::of));
    if trades.iter().any(|trade| trade.reason == CloseReason::PartialExit) {
        merge_legs(rows);
    }
    if !rows.is_sorted_by_key(Row::order) {
        rows.sort_unstable_by_key(Row::order);
    }
}

/// Joins the legs of a position: results and fees summed, R weighted by leg size, the exit of the last leg.
fn merge_legs(rows: &mut Vec<Row>) {
    rows.sort_by_key(|row| (row.position(), row.exit));
    let mut kept = 0;
    let mut start = 0;
    while start < rows.len() {
        let legs = rows[start..].iter().take_while(|row| row.position() == rows[start].position()).count();
        rows[kept] = merged(&rows[start..start + legs]);
        kept += 1;
        start += legs;
    }
    rows.truncate(kept);
}

fn merged(legs: &[Row]) -> Row {
    let mut whole = legs[0];
    if legs.len() == 1 {
        return whole;
    }
    let mut weighted = whole.r.map(|r| r * whole.size);
    for leg in &legs[1..] {
        whole.exit = leg.exit;
        whole.gross += leg.gross;
        whole.fee += leg.fee;
        whole.size += leg.size;
        weighted = weighted.zip(leg.r).map(|(sum, r)| sum + r * leg.size);
    }
    whole.r = weighted.filter(|_| whole.size > 0.0).map(|sum| sum / whole.size);
    whole
}

fn total(rows: &[Row]) -> Totals {
    let mut totals = Totals {
        sums: Sums::ZERO,
        wins: 0,
        losses: 0,
        largest_win: 0.0,
        largest_loss: 0.0,
        max_abs_r: 0.0,
        all_r: true,
        losing_run: 0,
    };
    let mut run = 0;
    for row in rows {
        let net = row.gross - row.fee;
        let r = row.r.unwrap_or(0.0);
        let won = row.gross.max(0.0);
        let lost = (-row.gross).max(0.0);
        totals.sums.add([row.gross, row.fee, net, won, lost, r]);
        totals.wins += usize::from(row.gross > 0.0);
        totals.losses += usize::from(row.gross < 0.0);
        totals.largest_win = totals.largest_win.max(won);
        totals.largest_loss = totals.largest_loss.max(lost);
        totals.max_abs_r = totals.max_abs_r.max(r.abs());
        totals.all_r &= row.r.is_some();
        run = if net < 0.0 { run + 1 } else { 0 };
        totals.losing_run = totals.losing_run.max(run);
    }
    totals
}

/// Metrics in multiples of the initial risk; only called when every trade has one.
fn r_metrics(rows: &[Row], sum_r: f64, max_abs: f64, out: &mut Metrics) {
    let n = rows.len();
    out.set(const { MetricId::of("total_r_multiple") }, sum_r);
    if n == 0 {
        return;
    }
    let count = n as f64;
    let mean = sum_r / count;
    out.set(const { MetricId::of("avg_r_multiple") }, mean);
    if n < 2 {
        return;
    }
    let mut squares = Sums::<2>::ZERO;
    for r in rows.iter().filter_map(|row| row.r) {
        let below = r.min(0.0);
        squares.add([(r - mean) * (r - mean), below * below]);
    }
    let deviation = (squares.get(0, n) / (count - 1.0)).sqrt();
    let downside = (squares.get(1, n) / count).sqrt();
    let sharpe = if zero_spread(deviation, max_abs) { 0.0 } else { mean / deviation };
    out.set(const { MetricId::of("sharpe_trade_r") }, sharpe);
    out.set(const { MetricId::of("sortino_trade_r") }, sortino(mean, downside, max_abs, 1.0));
    out.set(const { MetricId::of("sqn") }, sharpe * count.sqrt());
}

fn mean_or_zero(sum: f64, terms: usize) -> f64 {
    if terms == 0 { 0.0 } else { sum / terms as f64 }
}

/// Distinct UTC dates of entries.
fn active_days(rows: &[Row], days: &mut Vec<i64>) -> usize {
    days.clear();
    days.extend(rows.iter().map(|row| row.entry.utc_day()));
    days.sort_unstable();
    days.dedup();
    days.len()
}
