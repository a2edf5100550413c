//! When a pending order is reached inside a bar, and at what price (`execution.md` 3.3, 9).

use crate::data::Ohlc;
use crate::types::{Direction, OrderType};

/// Both sides of one bar; the ask may be missing in imported vectors, never in loaded data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quote {
    /// What a seller gets.
    pub bid: Ohlc,
    /// What a buyer pays.
    pub ask: Option<Ohlc>,
}

impl Quote {
    /// The side a position is opened on: ask for long (none when missing), bid for short.
    #[inline]
    pub fn entry_side(&self, direction: Direction) -> Option<Ohlc> {
        match direction {
            Direction::Long => self.ask,
            Direction::Short => Some(self.bid),
        }
    }
}

/// A pending order that was reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntryFill {
    /// Price before slippage.
    pub price: f64,
    /// Whether the bar opened at or beyond the level, so that the order filled at its open.
    pub at_open: bool,
}

/// Whether a bar reaches a pending order; equality does. A missing ask never triggers a long order, and a market order is
/// never pending.
#[inline]
pub fn triggers(direction: Direction, order_type: OrderType, level: f64, quote: &Quote) -> bool {
    let Some(side) = quote.entry_side(direction) else { return false };
    match (order_type, direction) {
        (OrderType::Limit, Direction::Long) | (OrderType::Stop, Direction::Short) => side.low <= level,
        (OrderType::Limit, Direction::Short) | (OrderType::Stop, Direction::Long) => side.high >= level,
        (OrderType::Market, _) => false,
    }
}

/// The price of a triggered order with `gap_fills`: the open when it lies at or beyond the level, else the level.
///
/// Worse or equal for stops, better or equal for limits.
#[inline]
pub fn gap_entry(direction: Direction, order_type: OrderType, level: f64, open: f64) -> EntryFill {
    let price = match (order_type, direction) {
        (OrderType::Limit, Direction::Long) | (OrderType::Stop, Direction::Short) => level.min(open),
        (OrderType::Limit, Direction::Short) | (OrderType::Stop, Direction::Long) => level.max(open),
        (OrderType::Market, _) => open,
    };
    EntryFill { price, at_open: price == open }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: Ohlc = Ohlc { open: 10.0, high: 12.0, low: 9.0, close: 11.0 };
    const WIDE: Ohlc = Ohlc { open: 10.5, high: 12.5, low: 9.5, close: 11.5 };
    const QUOTE: Quote = Quote { bid: BAR, ask: Some(WIDE) };

    #[test]
    fn equality_triggers_on_the_entry_side() {
        for (order_type, direction, reached, missed) in [
            (OrderType::Limit, Direction::Long, 9.5, 9.25),
            (OrderType::Stop, Direction::Long, 12.5, 12.75),
            (OrderType::Limit, Direction::Short, 12.0, 12.25),
            (OrderType::Stop, Direction::Short, 9.0, 8.75),
        ] {
            assert!(triggers(direction, order_type, reached, &QUOTE));
            assert!(!triggers(direction, order_type, missed, &QUOTE));
        }
    }

    #[test]
    fn a_gap_is_worse_for_stops_and_better_for_limits() {
        assert_eq!(gap_entry(Direction::Long, OrderType::Stop, 9.0, 10.0).price, 10.0);
        assert_eq!(gap_entry(Direction::Short, OrderType::Stop, 11.0, 10.0).price, 10.0);
        assert_eq!(gap_entry(Direction::Long, OrderType::Limit, 11.0, 10.0).price, 10.0);
        assert_eq!(gap_entry(Direction::Short, OrderType::Limit, 9.0, 10.0).price, 10.0);
        let inside = gap_entry(Direction::Long, OrderType::Stop, 11.0, 10.0);
        assert_eq!(inside, EntryFill { price: 11.0, at_open: false });
    }
}
