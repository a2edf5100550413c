//! Market orders and exit signals that wait for an open (`execution.md` 9a).

use serde::{Deserialize, Serialize};

use crate::strategy::TradeSignal;
use crate::types::SymbolId;

/// A market order that waits for an open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) number: u32,
    pub(super) agent: usize,
    pub(super) signal: TradeSignal,
    /// First row of the symbol it may fill on.
    pub(super) due: usize,
}

/// An exit signal that waits for an open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct WaitingExit {
    pub(super) number: u32,
    pub(super) symbol: SymbolId,
    pub(super) due: usize,
}

/// Waiting market orders in the order of their signals, and their symbols side by side for the strategy's view.
#[derive(Debug, Clone, Default)]
pub(super) struct WaitingList {
    orders: Vec<Waiting>,
    symbols: Vec<SymbolId>,
}

impl WaitingList {
    pub(super) fn of(orders: impl IntoIterator<Item = Waiting>) -> Self {
        let orders: Vec<_> = orders.into_iter().collect();
        let symbols = orders.iter().map(|order| order.signal.symbol).collect();
        Self { orders, symbols }
    }

    pub(super) fn push(&mut self, order: Waiting) {
        self.symbols.push(order.signal.symbol);
        self.orders.push(order);
    }

    pub(super) fn remove(&mut self, place: usize) -> Waiting {
        if place + 1 == self.orders.len() {
            self.symbols.pop();
            return self.orders.pop().expect("an order at the place");
        }
        self.symbols.remove(place);
        self.orders.remove(place)
    }

    #[inline]
    pub(super) fn orders(&self) -> &[Waiting] {
        &self.orders
    }

    /// Symbols of the orders.
    #[inline]
    pub(super) fn symbols(&self) -> &[SymbolId] {
        &self.symbols
    }
}
