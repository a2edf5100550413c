//! Would the target still have been reached, were stop and target a spread worse (`walk_forward_and_robustness.md` 5.2)?

use super::stress::Formula;
use crate::types::Direction;

/// A trade that closed at its target. Prices in quote currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetTrade {
    /// Long or short.
    pub direction: Direction,
    /// Target at the close.
    pub take_profit: f64,
    /// Stop at the close.
    pub stop_loss: f64,
    /// Ask minus bid at the entry.
    pub spread: f64,
    /// Row of the entry bar.
    pub entry_row: usize,
    /// Row of the exit bar.
    pub exit_row: usize,
}

/// Highs and lows of both sides, one entry per row.
#[derive(Debug, Clone, Copy)]
pub struct HighLow<'a> {
    /// Bid highs.
    pub bid_high: &'a [f64],
    /// Bid lows.
    pub bid_low: &'a [f64],
    /// Ask highs.
    pub ask_high: &'a [f64],
    /// Ask lows.
    pub ask_low: &'a [f64],
}

/// Score of one trade: 0 when the stop comes first, in the same bar, or neither comes; else 1 less a tenth for every bar
/// later than the exit, at most a half. `None` for a trade entered on the last bar.
///
/// The reference measures the delay one bar short.
pub fn trade_score(trade: &TargetTrade, bars: &HighLow<'_>, formula: Formula) -> Option<f64> {
    let (high, low, shift) = match trade.direction {
        Direction::Long => (bars.bid_high, bars.bid_low, trade.spread),
        Direction::Short => (bars.ask_high, bars.ask_low, -trade.spread),
    };
    let (target, stop) = (trade.take_profit + shift, trade.stop_loss + shift);
    let from = trade.entry_row + 1;
    if from >= high.len() {
        return None;
    }
    for (row, (high, low)) in (from..).zip(high[from..].iter().zip(&low[from..])) {
        let (reached, stopped) = match trade.direction {
            Direction::Long => (*high >= target, *low <= stop),
            Direction::Short => (*low <= target, *high >= stop),
        };
        if stopped {
            return Some(0.0);
        }
        if reached {
            let row = if formula == Formula::OmegaV1 { row - 1 } else { row };
            let delay = row.saturating_sub(trade.exit_row) as f64;
            return Some(1.0 - (0.1 * delay).min(0.5));
        }
    }
    Some(0.0)
}

/// Mean score of the trades that closed at their target. Without one it is undefined, 1 in the reference.
pub fn score(trades: &[TargetTrade], bars: &HighLow<'_>, formula: Formula) -> Option<f64> {
    let scores: Vec<f64> = trades.iter().filter_map(|trade| trade_score(trade, bars, formula)).collect();
    if scores.is_empty() {
        return (formula == Formula::OmegaV1).then_some(1.0);
    }
    Some(crate::types::math::sum(&scores) / scores.len() as f64)
}
