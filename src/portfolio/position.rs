//! State of one order from placing to closing (`execution.md` 3, 8).

use serde::{Deserialize, Serialize};

use crate::types::intern::Name;
use crate::types::{Direction, OrderType, SymbolId, Timestamp};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PositionStatus {
    /// Placed, not filled.
    Pending,
    /// Filled, not closed.
    Open,
    /// Closed or expired.
    Closed,
}

/// An order and the position it becomes. Prices in quote currency, money in account currency, size in lots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Number of the order within its run, in order of acceptance.
    pub number: u32,
    /// The symbol traded.
    pub symbol: SymbolId,
    /// Long or short.
    pub direction: Direction,
    /// The order's type.
    pub order_type: OrderType,
    /// Pending, open or closed.
    pub status: PositionStatus,
    /// Placing bar; the fill bar with next-open fills.
    pub entry_time: Timestamp,
    /// Fill bar; equals `entry_time` until filled.
    pub trigger_time: Timestamp,
    /// Row of the symbol's own bars on which the order was filled (placed, while pending).
    pub row: u32,
    /// Level of a pending order; fill price after slippage once open.
    pub entry_price: f64,
    /// Current stop; `None` = never hit.
    pub stop_loss: Option<f64>,
    /// Current target; `None` = never hit.
    pub take_profit: Option<f64>,
    /// Stop at the fill.
    pub initial_stop_loss: Option<f64>,
    /// Target at the fill.
    pub initial_take_profit: Option<f64>,
    /// Lots; 0 while pending.
    pub size: f64,
    /// Money at risk the size was made for.
    pub risk_per_trade: f64,
    /// Fee booked at the entry.
    pub entry_fee: f64,
    /// Fee booked at the exit.
    pub exit_fee: f64,
    /// Swap booked so far; negative is a credit.
    pub swap: f64,
    /// Whether break-even has had its one chance.
    pub break_even_done: bool,
    /// Which rule of the strategy spoke.
    #[serde(deserialize_with = "crate::types::intern::optional")]
    pub scenario: Option<Name>,
    /// Stamp of the engine instance.
    pub magic_number: u64,
}
