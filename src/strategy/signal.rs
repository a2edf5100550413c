//! What a strategy says: enter, close, move a level.

use serde::{Deserialize, Serialize};

use super::view::BarView;
use crate::types::intern::Name;
use crate::types::{Direction, OrderType, SymbolId};

/// A stop or target as the strategy states it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Level {
    /// None: never hit.
    Absent,
    /// An absolute price.
    Price(f64),
    /// A distance in price units, resolved at the fill: against the position for a stop, with it for a target.
    Distance(f64),
    /// Asked from the strategy once the fill is known ([`super::Strategy::levels_at_fill`]).
    AtFill,
}

/// An order to place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TradeSignal {
    /// What to trade.
    pub symbol: SymbolId,
    /// Long or short.
    pub direction: Direction,
    /// Market, limit or stop.
    pub order_type: OrderType,
    /// Level of a pending order; price of a market order filled at the signal's price (unused with next-open fills).
    pub entry_price: f64,
    /// Stop.
    pub stop_loss: Level,
    /// Target.
    pub take_profit: Level,
    /// Lots instead of the engine's sizing.
    pub lots: Option<f64>,
    /// Which rule speaks, for the trade record.
    #[serde(deserialize_with = "crate::types::intern::optional")]
    pub scenario: Option<Name>,
    /// Free for the strategy; handed back by [`super::Strategy::levels_at_fill`].
    pub tag: u64,
}

impl TradeSignal {
    /// An order at market for the symbol of a bar, sized by the engine.
    pub fn market(bar: &BarView<'_>, direction: Direction, stop_loss: Level, take_profit: Level) -> Self {
        Self {
            symbol: bar.symbol(),
            direction,
            order_type: OrderType::Market,
            entry_price: bar.market_price(direction),
            stop_loss,
            take_profit,
            lots: None,
            scenario: None,
            tag: 0,
        }
    }
}

/// One statement of a strategy at one bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Signal {
    /// Place an order.
    Enter(TradeSignal),
    /// Close the open position of a symbol (`execution.md` 9a, exit signals).
    Close(SymbolId),
}

/// The statements of one evaluation, in order; the buffer is reused from bar to bar.
#[derive(Debug, Clone, Default)]
pub struct Signals(Vec<Signal>);

impl Signals {
    /// Adds an order.
    pub fn enter(&mut self, signal: TradeSignal) {
        self.0.push(Signal::Enter(signal));
    }

    /// Adds an exit signal.
    pub fn close(&mut self, symbol: SymbolId) {
        self.0.push(Signal::Close(symbol));
    }

    /// The statements so far.
    pub fn as_slice(&self) -> &[Signal] {
        &self.0
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// What to do with one open position after the exits of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PositionAction {
    /// Nothing.
    Keep,
    /// Set the stop, the target, or both; effective from the next bar. `None` leaves a level as it is.
    Move {
        /// New stop.
        stop_loss: Option<f64>,
        /// New target.
        take_profit: Option<f64>,
    },
    /// Close at this bar's close.
    Close,
}
