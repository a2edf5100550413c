//! The record of one closed position (`execution.md` 8.4).

use serde::{Deserialize, Serialize};

use super::intern::Name;
use super::{Direction, OrderType, SymbolId, Timestamp};

/// Why a position was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CloseReason {
    /// The initial stop was hit.
    StopLoss,
    /// The target was hit.
    TakeProfit,
    /// A stop that had been moved was hit, trailing included.
    BreakEvenStopLoss,
    /// The longest holding time was reached.
    Timeout,
    /// A part of the position was closed.
    PartialExit,
    /// A pending order ran out of time; it never became a position.
    LimitExpired,
    /// Closed at the last bar of the data.
    EndOfData,
    /// The strategy asked for it.
    Signal,
    /// Closed at the last bar of a walk-forward window.
    WindowEnd,
    /// Margin ran out.
    StopOut,
}

impl CloseReason {
    /// The name used in files and vectors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
            Self::BreakEvenStopLoss => "break_even_stop_loss",
            Self::Timeout => "timeout",
            Self::PartialExit => "partial_exit",
            Self::LimitExpired => "limit_expired",
            Self::EndOfData => "end_of_data",
            Self::Signal => "signal",
            Self::WindowEnd => "window_end",
            Self::StopOut => "stop_out",
        }
    }
}

/// A closed position. Prices in quote currency, money in account currency, sizes in lots; full precision.
///
/// An absent stop or target is `None`; without an initial stop `r_multiple` is undefined (`None`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trade {
    /// Number of the order within its run, in the order of acceptance; breaks ties of time.
    pub number: u32,
    /// The symbol traded.
    pub symbol: SymbolId,
    /// Long or short.
    pub direction: Direction,
    /// The order that opened it.
    pub order_type: OrderType,
    /// When the order was placed (signal bar), or filled with next-open fills.
    pub entry_time: Timestamp,
    /// When the order was filled.
    pub trigger_time: Timestamp,
    /// When the position was closed.
    pub exit_time: Timestamp,
    /// Fill price after slippage.
    pub entry_price: f64,
    /// Exit price after slippage.
    pub exit_price: f64,
    /// Stop at the fill.
    pub initial_stop_loss: Option<f64>,
    /// Stop at the close.
    pub stop_loss: Option<f64>,
    /// Target at the fill.
    pub initial_take_profit: Option<f64>,
    /// Target at the close.
    pub take_profit: Option<f64>,
    /// Lots.
    pub size: f64,
    /// Money at risk that the size was made for.
    pub risk_per_trade: f64,
    /// Profit before explicit fees.
    pub result: f64,
    /// Result in multiples of the initial risk.
    pub r_multiple: Option<f64>,
    /// Fee booked at the entry.
    pub entry_fee: f64,
    /// Fee booked at the exit.
    pub exit_fee: f64,
    /// Swap booked while open; negative is a credit.
    pub swap: f64,
    /// Why it was closed.
    pub reason: CloseReason,
    /// Which rule of the strategy spoke (`long_2`), if it names its rules.
    #[serde(deserialize_with = "super::intern::optional")]
    pub scenario: Option<Name>,
    /// Stamp of the engine instance.
    pub magic_number: u64,
    /// Whether the bar that closed it reached stop and target and its open decided neither (`execution.md` 9b).
    pub ambiguous: bool,
    /// Spread, slippage, commission and swap of this trade in account money (`execution.md` 9b); zero where not itemised.
    pub costs: TradeCosts,
}

impl Trade {
    /// `entry_fee + exit_fee`.
    pub fn total_fee(&self) -> f64 {
        self.entry_fee + self.exit_fee
    }
}

/// What one trade paid to the market and the broker, item by item, in account currency (`execution.md` 9b).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TradeCosts {
    /// Half the spread at the entry plus half at the exit.
    pub spread: f64,
    /// Slippage of entry and exit.
    pub slippage: f64,
    /// Explicit commission of entry and exit.
    pub commission: f64,
    /// Financing while open; negative is a credit.
    pub swap: f64,
}
