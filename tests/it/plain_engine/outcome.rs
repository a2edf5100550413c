//! What one run states: everything an engine vector states, and what the later switches add.

use serde::Serialize;
use serde_json::{Value, json};

use super::account::{Account, FeeLine, Position, Reason, Status};
use super::costs::round_to;
use super::input::{Case, Direction, SignalKind};
use super::run::Run;

/// The position record of the vectors, plus `ambiguous`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Record {
    pub(crate) signal: usize,
    pub(crate) symbol: String,
    pub(crate) direction: Direction,
    pub(crate) order_type: SignalKind,
    pub(crate) status: Status,
    pub(crate) entry_time_us: i64,
    pub(crate) trigger_time_us: Option<i64>,
    pub(crate) exit_time_us: Option<i64>,
    pub(crate) entry_price: f64,
    pub(crate) stop_loss: Option<f64>,
    pub(crate) take_profit: Option<f64>,
    pub(crate) initial_stop_loss: Option<f64>,
    pub(crate) initial_take_profit: Option<f64>,
    pub(crate) size: f64,
    pub(crate) risk_per_trade: f64,
    pub(crate) exit_price: Option<f64>,
    pub(crate) reason: Option<Reason>,
    pub(crate) result: Option<f64>,
    /// 0 while not closed; null when closed without an initial stop.
    pub(crate) r_multiple: Option<f64>,
    pub(crate) entry_fee: f64,
    pub(crate) exit_fee: f64,
    pub(crate) ambiguous: bool,
}

impl Record {
    fn new(case: &Case, position: &Position) -> Self {
        Self {
            signal: position.signal,
            symbol: case.symbols[position.symbol].clone(),
            direction: position.direction,
            order_type: position.order_type,
            status: position.status,
            entry_time_us: position.entry_time,
            trigger_time_us: position.trigger_time,
            exit_time_us: position.exit_time,
            entry_price: position.entry_price,
            stop_loss: position.stop_loss,
            take_profit: position.take_profit,
            initial_stop_loss: position.initial_stop_loss,
            initial_take_profit: position.initial_take_profit,
            size: position.size,
            risk_per_trade: position.risk_per_trade,
            exit_price: position.exit_price,
            reason: position.reason,
            result: position.result,
            r_multiple: position.r_multiple,
            entry_fee: position.entry_fee,
            exit_fee: position.exit_fee,
            ambiguous: position.ambiguous,
        }
    }
}

/// Lists of signal numbers are in the order in which things happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) start_index: usize,
    /// Entry signals that reached the executor, and whether it took them.
    pub(crate) signals_processed: Vec<(usize, bool)>,
    pub(crate) uniforms_consumed: usize,
    /// In booking order.
    pub(crate) trades: Vec<Record>,
    /// In the order of the active list.
    pub(crate) still_open: Vec<Record>,
    pub(crate) still_pending: Vec<Record>,
    pub(crate) break_even: Vec<usize>,
    pub(crate) expired: Vec<usize>,
    /// Market signals refused on the bar of the signal: stop distance or minimum lot.
    pub(crate) rejected_at_signal: Vec<usize>,
    pub(crate) rejected_ruin: Vec<usize>,
    /// Market signals refused because one was waiting already.
    pub(crate) rejected_waiting: Vec<usize>,
    /// Waiting market orders refused at their open: stop distance or minimum lot.
    pub(crate) rejected_at_fill: Vec<usize>,
    pub(crate) rejected_at_trigger: Vec<usize>,
    pub(crate) unfilled_at_end: Vec<usize>,
    pub(crate) fees_log: Vec<FeeLine>,
    pub(crate) final_balance: f64,
    pub(crate) equity: f64,
    pub(crate) total_fees: f64,
    pub(crate) max_equity: f64,
    pub(crate) max_drawdown: f64,
    pub(crate) initial_max_drawdown: f64,
    pub(crate) equity_per_bar: Vec<(i64, f64)>,
    pub(crate) equity_per_trade: Vec<(i64, f64)>,
    pub(crate) ruined: bool,
    pub(crate) summary: Summary,
}

/// The rounded display block (8.5).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Summary {
    #[serde(rename = "Initial Balance")]
    pub(crate) initial_balance: f64,
    #[serde(rename = "Final Balance")]
    pub(crate) final_balance: f64,
    #[serde(rename = "Equity")]
    pub(crate) equity: f64,
    #[serde(rename = "Max Drawdown")]
    pub(crate) max_drawdown: f64,
    #[serde(rename = "Drawdown Initial Balance")]
    pub(crate) initial_max_drawdown: f64,
    #[serde(rename = "Total Fees")]
    pub(crate) total_fees: f64,
    #[serde(rename = "Total Lots")]
    pub(crate) total_lots: f64,
    #[serde(rename = "Total Trades")]
    pub(crate) total_trades: usize,
    #[serde(rename = "Expired Orders")]
    pub(crate) expired_orders: usize,
    #[serde(rename = "Partial Closed Orders")]
    pub(crate) partial_closed_orders: usize,
    #[serde(rename = "Orders closed at Break Even")]
    pub(crate) orders_closed_at_break_even: usize,
    #[serde(rename = "Avg R-Multiple")]
    pub(crate) avg_r_multiple: f64,
    #[serde(rename = "Winrate")]
    pub(crate) winrate: f64,
    #[serde(rename = "Wins")]
    pub(crate) wins: usize,
    #[serde(rename = "Losses")]
    pub(crate) losses: usize,
}

impl Outcome {
    pub(crate) fn new(case: &Case, run: &Run<'_>, start_index: usize) -> Self {
        let account = &run.account;
        let notes = run.notes.clone();
        let records = |ids: &[usize]| {
            ids.iter().map(|id| Record::new(case, &account.positions[*id])).collect::<Vec<_>>()
        };
        let numbers = |ids: &[usize]| ids.iter().map(|id| account.positions[*id].signal).collect::<Vec<_>>();
        let with = |status: Status| {
            let ids = account.active.iter().copied().filter(|id| account.positions[*id].status == status);
            records(&ids.collect::<Vec<_>>())
        };
        let trades = records(&account.closed);
        Self {
            start_index,
            signals_processed: notes.signals_processed,
            uniforms_consumed: run.draws.consumed,
            still_open: with(Status::Open),
            still_pending: with(Status::Pending),
            break_even: numbers(&account.break_even),
            expired: numbers(&account.expired),
            rejected_at_signal: notes.rejected_at_signal,
            rejected_ruin: notes.rejected_ruin,
            rejected_waiting: notes.rejected_waiting,
            rejected_at_fill: notes.rejected_at_fill,
            rejected_at_trigger: notes.rejected_at_trigger,
            unfilled_at_end: notes.unfilled_at_end,
            fees_log: account.fees.clone(),
            final_balance: account.cash,
            equity: account.equity,
            total_fees: account.total_fees,
            max_equity: account.max_equity,
            max_drawdown: account.max_drawdown,
            initial_max_drawdown: account.initial_max_drawdown,
            equity_per_bar: account.curve.clone(),
            equity_per_trade: per_trade(case.initial_balance, run.market.axis[start_index], &trades),
            ruined: account.ruined,
            summary: summary(account, &trades),
            trades,
        }
    }

    /// The `expected` object of an engine vector.
    pub(crate) fn to_json(&self) -> Value {
        let values: Vec<f64> = self.equity_per_bar.iter().map(|(_, value)| *value).collect();
        json!({
            "start_index": self.start_index, "signals_processed": self.signals_processed,
            "uniforms_consumed": self.uniforms_consumed, "trades": self.trades,
            "still_open": self.still_open, "still_pending": self.still_pending,
            "break_even": self.break_even, "expired": self.expired,
            "rejected_at_trigger": self.rejected_at_trigger, "ruined": self.ruined,
            "fees_log": self.fees_log, "final_balance": self.final_balance, "equity": self.equity,
            "total_fees": self.total_fees, "max_equity": self.max_equity, "max_drawdown": self.max_drawdown,
            "initial_max_drawdown": self.initial_max_drawdown, "equity_per_bar": values,
            "equity_per_trade": self.equity_per_trade, "summary": self.summary,
        })
    }
}

/// The second curve of Q-29.
fn per_trade(initial_balance: f64, first_ts: i64, trades: &[Record]) -> Vec<(i64, f64)> {
    let mut sorted: Vec<&Record> = trades.iter().collect();
    sorted.sort_by_key(|trade| trade.exit_time_us);
    let mut curve = vec![(first_ts, initial_balance)];
    let mut value = initial_balance;
    for trade in sorted {
        let result = trade.result.expect("a closed trade has a result");
        value += result - trade.entry_fee - trade.exit_fee;
        curve.push((trade.exit_time_us.expect("a closed trade has an exit time"), value));
    }
    curve
}

fn summary(account: &Account, trades: &[Record]) -> Summary {
    let results: Vec<f64> = trades.iter().filter_map(|trade| trade.result).collect();
    let wins = results.iter().filter(|result| **result > 0.0).count();
    let (mut weighted, mut risk) = (0.0, 0.0);
    for trade in trades {
        if let Some(r) = trade.r_multiple {
            weighted += r * trade.risk_per_trade;
            risk += trade.risk_per_trade;
        }
    }
    let mut lots = 0.0;
    for trade in trades {
        lots += trade.size;
    }
    let share = if trades.is_empty() { 0.0 } else { wins as f64 / trades.len() as f64 * 100.0 };
    Summary {
        initial_balance: round_to(account.initial_balance, 2),
        final_balance: round_to(account.cash, 2),
        equity: round_to(account.equity, 2),
        max_drawdown: round_to(account.max_drawdown, 2),
        initial_max_drawdown: round_to(account.initial_max_drawdown, 2),
        total_fees: round_to(account.total_fees, 2),
        total_lots: round_to(lots, 2),
        total_trades: trades.len(),
        expired_orders: account.expired.len(),
        partial_closed_orders: 0,
        orders_closed_at_break_even: account.break_even.len(),
        avg_r_multiple: if risk == 0.0 { 0.0 } else { round_to(weighted / risk, 3) },
        winrate: round_to(share, 2),
        wins,
        losses: results.iter().filter(|result| **result <= 0.0).count(),
    }
}
