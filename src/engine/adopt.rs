//! Taking over orders that exist already (`execution.md` 8.6).

use super::book::Ticket;
use super::event_engine::EventEngine;
use super::observer::Observer;
use crate::costs::Draws;
use crate::portfolio::{Position, PositionStatus};
use crate::strategy::{Level, Strategy, TradeSignal};

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// Takes over pending and open orders in the given order, the open ones as opened in that order too.
    ///
    /// Kept are those with the engine's magic number and a symbol one of its strategies trades, each number once (the
    /// first wins). Returns the others.
    pub fn adopt(&mut self, orders: impl IntoIterator<Item = Position>) -> Vec<Position> {
        let mut dropped = Vec::new();
        self.due.fill(0);
        (self.next_ask, self.next_touch) = (0, 0);
        for order in orders {
            let agent = (0..self.agents.len()).find(|&agent| self.trades_symbol(agent, order.symbol));
            match agent {
                Some(agent) if order.magic_number == self.settings.magic_number && self.is_new(&order) => {
                    self.book.reserve_before(order.number + 1);
                    let ticket = ticket_of(&order, agent);
                    let open = order.status == PositionStatus::Open;
                    let index = self.book.push(order, ticket);
                    if open {
                        self.book.opened(index);
                    }
                }
                _ => dropped.push(order),
            }
        }
        dropped
    }

    fn is_new(&self, order: &Position) -> bool {
        order.status != PositionStatus::Closed && self.book.find(order.number).is_none()
    }
}

/// The signal an order must have come from.
fn ticket_of(order: &Position, agent: usize) -> Ticket {
    let level = |price: Option<f64>| price.map_or(Level::Absent, Level::Price);
    let signal = TradeSignal {
        symbol: order.symbol,
        direction: order.direction,
        order_type: order.order_type,
        entry_price: order.entry_price,
        stop_loss: level(order.stop_loss),
        take_profit: level(order.take_profit),
        lots: None,
        scenario: order.scenario,
        tag: 0,
    };
    Ticket::new(agent, Some(signal))
}
