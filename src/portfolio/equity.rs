//! Highest equity and deepest fall at bar ends, and the curve per trade (`execution.md` 8.3).

use crate::types::{CloseReason, Timestamp, Trade};

/// Extremes of the equity over the updates of a run, account currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EquityExtremes {
    /// Balance the second fall is counted from.
    initial_balance: f64,
    /// Highest equity so far, the opening balance included.
    pub max_equity: f64,
    /// Deepest fall below the highest equity so far.
    pub max_drawdown: f64,
    /// Deepest fall below the opening balance.
    pub initial_max_drawdown: f64,
    /// Whether equity was ever at or below zero.
    pub ruined: bool,
}

impl EquityExtremes {
    /// Before the first update.
    pub fn new(initial_balance: f64) -> Self {
        Self {
            initial_balance,
            max_equity: initial_balance,
            max_drawdown: 0.0,
            initial_max_drawdown: 0.0,
            ruined: false,
        }
    }

    /// One update. Repeating an equity changes nothing, so a run-length coded curve gives the same extremes.
    #[inline]
    pub fn update(&mut self, equity: f64) {
        if equity > self.max_equity {
            self.max_equity = equity;
        } else {
            raise(&mut self.max_drawdown, self.max_equity - equity);
        }
        raise(&mut self.initial_max_drawdown, self.initial_balance - equity);
        self.ruined |= equity <= 0.0;
    }
}

/// Lifts a maximum; a branch that is seldom taken costs less than the standard maximum with its rules for NaN.
#[inline]
fn raise(most: &mut f64, value: f64) {
    if value > *most {
        *most = value;
    }
}

/// A point of the curve per trade.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TradeCurvePoint {
    /// When the trade was closed.
    pub time: Timestamp,
    /// Opening balance plus all net results so far.
    pub equity: f64,
}

/// The curve per trade: the opening balance at the first bar, then one point per closed (then partial) trade, stably
/// sorted by exit time. Entry fees of positions that are still open are not in it.
pub fn equity_per_trade(
    first_bar: Timestamp,
    initial_balance: f64,
    trades: &[Trade],
) -> Vec<TradeCurvePoint> {
    let partial = |trade: &&Trade| trade.reason == CloseReason::PartialExit;
    let mut sorted: Vec<&Trade> = trades.iter().filter(|trade| !partial(trade)).collect();
    sorted.extend(trades.iter().filter(partial));
    sorted.sort_by_key(|trade| trade.exit_time);
    let mut equity = initial_balance;
    let mut curve = vec![TradeCurvePoint { time: first_bar, equity }];
    for trade in sorted {
        equity += trade.result - trade.entry_fee - trade.exit_fee - trade.swap;
        curve.push(TradeCurvePoint { time: trade.exit_time, equity });
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawdown_counts_from_the_highest_equity_before() {
        let mut extremes = EquityExtremes::new(100.0);
        for equity in [90.0, 120.0, 105.0, 130.0] {
            extremes.update(equity);
        }
        assert_eq!(extremes.max_equity, 130.0);
        assert_eq!(extremes.max_drawdown, 15.0);
        assert_eq!(extremes.initial_max_drawdown, 10.0);
        assert!(!extremes.ruined);
    }
}
