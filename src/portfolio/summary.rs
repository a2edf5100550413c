//! The rounded display block of a run (`execution.md` 8.5).

use super::equity::EquityExtremes;
use super::ledger::Ledger;
use crate::types::math::{round_decimals, sum};
use crate::types::{CloseReason, Trade};

/// Numbers for display: money and lots to two decimals, R to three. Wins are gross of fees unless the name says net.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Opening balance.
    pub initial_balance: f64,
    /// Realised cash.
    pub final_balance: f64,
    /// Equity at the last update.
    pub equity: f64,
    /// Deepest fall from the highest equity.
    pub max_drawdown: f64,
    /// Deepest fall below the opening balance.
    pub drawdown_initial_balance: f64,
    /// Booked fees.
    pub total_fees: f64,
    /// Lots of closed and partial trades.
    pub total_lots: f64,
    /// Closed trades without partial exits.
    pub total_trades: usize,
    /// Partial exits.
    pub partial_closed_orders: usize,
    /// Trades that ended at a moved stop.
    pub closed_at_break_even: usize,
    /// Risk-weighted mean of R.
    pub avg_r_multiple: f64,
    /// Wins per trade, per cent.
    pub winrate: f64,
    /// Trades with a result above 0.
    pub wins: usize,
    /// Trades with a result of 0 or below.
    pub losses: usize,
    /// Trades above 0 after their fees.
    pub net_wins: usize,
    /// Wins after fees per trade, per cent.
    pub net_winrate: f64,
}

impl Summary {
    /// The block of a finished account.
    pub fn new(ledger: &Ledger, equity: f64, extremes: &EquityExtremes) -> Self {
        let trades = ledger.trades();
        let partial = |trade: &&Trade| trade.reason == CloseReason::PartialExit;
        let closed: Vec<&Trade> = trades.iter().filter(|trade| !partial(trade)).collect();
        let wins = closed.iter().filter(|trade| trade.result > 0.0).count();
        let net_wins =
            closed.iter().filter(|trade| trade.result - trade.total_fee() - trade.swap > 0.0).count();
        let rate = |wins: usize| match closed.len() {
            0 => 0.0,
            trades => round_decimals(wins as f64 / trades as f64 * 100.0, 2),
        };
        Self {
            initial_balance: round_decimals(ledger.initial_balance(), 2),
            final_balance: round_decimals(ledger.cash(), 2),
            equity: round_decimals(equity, 2),
            max_drawdown: round_decimals(extremes.max_drawdown, 2),
            drawdown_initial_balance: round_decimals(extremes.initial_max_drawdown, 2),
            total_fees: round_decimals(ledger.total_fees(), 2),
            total_lots: round_decimals(sum(&in_list_order(trades, |trade| trade.size)), 2),
            total_trades: closed.len(),
            partial_closed_orders: trades.len() - closed.len(),
            closed_at_break_even: closed
                .iter()
                .filter(|trade| trade.reason == CloseReason::BreakEvenStopLoss)
                .count(),
            avg_r_multiple: average_r(trades),
            winrate: rate(wins),
            wins,
            losses: closed.len() - wins,
            net_wins,
            net_winrate: rate(net_wins),
        }
    }
}

/// One value per trade: closed ones first, then partial exits.
fn in_list_order(trades: &[Trade], value: impl Fn(&Trade) -> f64) -> Vec<f64> {
    let partial = |trade: &&Trade| trade.reason == CloseReason::PartialExit;
    let closed = trades.iter().filter(|trade| !partial(trade));
    closed.chain(trades.iter().filter(partial)).map(value).collect()
}

/// `round_3(sum(R * risk) / sum(risk))`; 0 without risk.
fn average_r(trades: &[Trade]) -> f64 {
    let weighted = sum(&in_list_order(trades, |t| t.r_multiple.unwrap_or(0.0) * t.risk_per_trade));
    let risk = sum(&in_list_order(trades, |t| if t.r_multiple.is_some() { t.risk_per_trade } else { 0.0 }));
    if risk == 0.0 { 0.0 } else { round_decimals(weighted / risk, 3) }
}
