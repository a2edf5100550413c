//! Trade metrics (`metrics.md` section 2).

use super::moments::Spread;
use super::names::MetricId;
use super::ratio::{ratio, sortino};
use super::trade_rows::{Row, TradeRows};
use super::values::Metrics;
use crate::types::sums::Sums;

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
pub(super) fn measure(trades: &TradeRows, scratch: &mut TradeScratch, out: &mut Metrics) -> f64 {
    let rows = ordered(trades, &mut scratch.rows);
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
    let active_days = trades.active_days(&mut scratch.days);
    out.set(const { MetricId::of("active_days") }, active_days as f64);
    out.set(
        const { MetricId::of("trades_per_active_day") },
        per_trade(count).map(|_| count / active_days as f64),
    );
    if totals.all_r {
        r_metrics(rows, sum(R, n), out);
    }
    profit_net
}

/// One row per position in the order of (exit, entry, symbol, number).
fn ordered<'a>(trades: &'a TradeRows, room: &'a mut Vec<Row>) -> &'a [Row] {
    if trades.is_ordered() && !trades.has_legs() {
        return trades.rows();
    }
    room.clear();
    room.extend_from_slice(trades.rows());
    if trades.has_legs() {
        merge_legs(room);
    }
    room.sort_unstable_by_key(Row::order);
    room
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
    let mut weighted = whole.r * whole.size;
    for leg in &legs[1..] {
        whole.exit = leg.exit;
        whole.gross += leg.gross;
        whole.fee += leg.fee;
        whole.size += leg.size;
        weighted += leg.r * leg.size;
    }
    whole.r = if whole.size > 0.0 { weighted / whole.size } else { f64::NAN };
    whole
}

fn total(rows: &[Row]) -> Totals {
    let mut totals = Totals {
        sums: Sums::ZERO,
        wins: 0,
        losses: 0,
        largest_win: 0.0,
        largest_loss: 0.0,
        all_r: true,
        losing_run: 0,
    };
    let mut run = 0;
    for row in rows {
        let net = row.gross - row.fee;
        let won = if row.gross > 0.0 { row.gross } else { 0.0 };
        let lost = if row.gross < 0.0 { -row.gross } else { 0.0 };
        totals.sums.add([row.gross, row.fee, net, won, lost, row.r]);
        totals.wins += usize::from(row.gross > 0.0);
        totals.losses += usize::from(row.gross < 0.0);
        totals.largest_win = if won > totals.largest_win { won } else { totals.largest_win };
        totals.largest_loss = if lost > totals.largest_loss { lost } else { totals.largest_loss };
        totals.all_r &= !row.r.is_nan();
        run = if net < 0.0 { run + 1 } else { 0 };
        totals.losing_run = totals.losing_run.max(run);
    }
    totals
}

/// Metrics in multiples of the initial risk, from their sum on; only called when every trade has one.
fn r_metrics(rows: &[Row], total: f64, out: &mut Metrics) {
    out.set(const { MetricId::of("total_r_multiple") }, total);
    if rows.is_empty() {
        return;
    }
    let count = rows.len() as f64;
    let spread = Spread::around(total / count, rows.iter().map(|row| row.r));
    out.set(const { MetricId::of("avg_r_multiple") }, spread.mean);
    let sharpe = spread.sharpe();
    out.set(const { MetricId::of("sharpe_trade_r") }, sharpe);
    out.set(const { MetricId::of("sqn") }, sharpe.map(|sharpe| sharpe * count.sqrt()));
    let sortino = sortino(spread.mean, spread.downside(), spread.max_abs, 1.0);
    out.set(const { MetricId::of("sortino_trade_r") }, sharpe.map(|_| sortino));
}

fn mean_or_zero(sum: f64, terms: usize) -> f64 {
    if terms == 0 { 0.0 } else { sum / terms as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::{CloseReason, Direction, OrderType, SymbolId, Timestamp, Trade, TradeCosts, math};

    fn trade(number: u32, entry: i64, exit: i64, result: f64, fee: f64) -> Trade {
        Trade {
            number,
            symbol: SymbolId(0),
            direction: Direction::Long,
            order_type: OrderType::Market,
            entry_time: Timestamp(entry),
            trigger_time: Timestamp(entry),
            exit_time: Timestamp(exit),
            entry_price: 1.0,
            exit_price: 1.0,
            initial_stop_loss: Some(0.9),
            stop_loss: Some(0.9),
            initial_take_profit: None,
            take_profit: None,
            size: 1.0,
            risk_per_trade: 100.0,
            result,
            r_multiple: Some(result / 100.0),
            entry_fee: fee,
            exit_fee: 0.0,
            swap: 0.0,
            reason: CloseReason::Signal,
            scenario: None,
            magic_number: 0,
            ambiguous: false,
            costs: TradeCosts::default(),
        }
    }

    fn metrics(trades: &[Trade]) -> Metrics {
        let mut out = Metrics::UNDEFINED;
        measure(&TradeRows::of(trades), &mut TradeScratch::default(), &mut out);
        out
    }

    fn value(trades: &[Trade], key: &str) -> Option<f64> {
        metrics(trades).get(MetricId::of(key))
    }

    #[test]
    fn legs_of_a_position_are_one_trade() {
        let mut part = trade(4, 10, 20, 60.0, 1.0);
        part.reason = CloseReason::PartialExit;
        part.size = 3.0;
        part.r_multiple = Some(1.0);
        let mut rest = trade(4, 10, 50, -20.0, 2.0);
        rest.r_multiple = Some(-1.0);
        let other = trade(5, 10, 30, -5.0, 0.0);
        let all = [part, other, rest];
        assert_eq!(value(&all, "total_trades"), Some(2.0));
        assert_eq!(value(&all, "wins"), Some(1.0));
        assert_eq!(value(&all, "profit_net"), Some(32.0));
        assert_eq!(value(&all, "total_r_multiple"), Some((3.0 - 1.0) / 4.0 - 0.05));
    }

    #[test]
    fn equal_numbers_of_other_symbols_or_windows_stay_apart() {
        let mut part = trade(0, 10, 20, 60.0, 0.0);
        part.reason = CloseReason::PartialExit;
        let later_window = trade(0, 90, 99, 1.0, 0.0);
        let mut other_symbol = trade(0, 10, 20, 1.0, 0.0);
        other_symbol.symbol = SymbolId(1);
        assert_eq!(value(&[part, other_symbol, later_window], "total_trades"), Some(3.0));
    }

    #[test]
    fn one_trade_without_r_makes_the_r_metrics_undefined() {
        let mut open_ended = trade(1, 1, 2, 5.0, 0.0);
        open_ended.r_multiple = None;
        let all = [trade(0, 0, 1, 5.0, 0.0), open_ended];
        for key in ["avg_r_multiple", "total_r_multiple", "sharpe_trade_r", "sortino_trade_r", "sqn"] {
            assert_eq!(value(&all, key), None, "{key}");
        }
        assert_eq!(value(&all, "profit_net"), Some(10.0));
    }

    #[test]
    fn swap_is_a_fee_and_a_credit_lowers_them() {
        let mut held = trade(0, 0, 1, 5.0, 1.0);
        held.swap = -3.0;
        assert_eq!(value(&[held], "profit_net"), Some(7.0));
    }

    #[test]
    fn a_losing_run_counts_after_fees() {
        let all = [trade(0, 0, 1, 0.5, 1.0), trade(1, 0, 2, -1.0, 0.0), trade(2, 0, 3, 5.0, 1.0)];
        assert_eq!(value(&all, "max_consecutive_losses"), Some(2.0));
    }

    fn trades() -> impl Strategy<Value = Vec<Trade>> {
        prop::collection::vec((0..50_i64, 0..50_i64, -100.0..100.0_f64, 0.0..3.0_f64), 0..1400).prop_map(
            |all| {
                all.into_iter()
                    .enumerate()
                    .map(|(i, (entry, held, result, fee))| {
                        trade(u32::try_from(i).expect("few"), entry, entry + held, result, fee)
                    })
                    .collect()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_order_of_booking_changes_no_bit(trades in trades(), seed in any::<u64>()) {
            let mut mixed = trades.clone();
            let mut rng = crate::types::MasterSeed(seed).rng(crate::types::rng::Purpose::User, 0, 0, 0);
            rng.shuffle(&mut mixed);
            prop_assert_eq!(metrics(&trades), metrics(&mixed));
        }

        #[test]
        fn sums_run_over_trades_in_order_of_exit(trades in trades()) {
            let mut sorted = trades.clone();
            sorted.sort_by_key(|t| (t.exit_time, t.entry_time, t.symbol, t.number));
            let sum = |f: &dyn Fn(&Trade) -> Option<f64>| {
                Some(math::sum(&sorted.iter().filter_map(f).collect::<Vec<_>>()) + 0.0)
            };
            let found = |key| metrics(&trades).get(MetricId::of(key));
            prop_assert_eq!(found("profit_net"), sum(&|t| Some(t.result - t.entry_fee)));
            prop_assert_eq!(found("gross_loss"), sum(&|t| (t.result < 0.0).then_some(-t.result)));
            prop_assert_eq!(found("total_r_multiple"), sum(&|t| t.r_multiple));
        }
    }
}
