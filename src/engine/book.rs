//! The active list: pending and open orders in signal order, the open ones also in opening order.

use super::clock::Reach;
use crate::portfolio::{Position, PositionStatus};
use crate::strategy::TradeSignal;
use crate::types::SymbolId;

/// What the market took at an entry, price units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct EntryCosts {
    /// Half the spread.
    pub(super) half_spread: f64,
    /// Slippage against the position.
    pub(super) slippage: f64,
}

/// A filled position that stands in no list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Opened {
    pub(super) position: Position,
    pub(super) paid: EntryCosts,
    /// Margin it uses, account money.
    pub(super) margin: f64,
}

/// What the engine knows of an order beyond its position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ticket {
    /// The signal of an order that was placed to wait for its price.
    pub(super) placed: Option<TradeSignal>,
    /// Strategy instance it belongs to.
    pub(super) agent: usize,
    pub(super) paid: EntryCosts,
    /// Margin it uses, account money.
    pub(super) margin: f64,
    /// Place of the first rollover it has not been charged for.
    pub(super) next_night: usize,
    /// Next step on which something can happen to it, when the clock has asked.
    pub(super) reach: Option<Reach>,
}

impl Ticket {
    /// The ticket of an order before its fill.
    #[inline]
    pub(super) fn new(agent: usize, placed: Option<TradeSignal>) -> Self {
        Self { placed, agent, paid: EntryCosts::default(), margin: 0.0, next_night: 0, reach: None }
    }
}

/// Positions and tickets side by side; closed ones stay until [`Book::sweep`].
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    positions: Vec<Position>,
    tickets: Vec<Ticket>,
    open: Vec<usize>,
    next_number: u32,
}

impl Book {
    /// The number of the next accepted order.
    pub(super) fn take_number(&mut self) -> u32 {
        self.next_number += 1;
        self.next_number - 1
    }

    /// Keeps the numbers before this one from being given again.
    pub(super) fn reserve_before(&mut self, number: u32) {
        self.next_number = self.next_number.max(number);
    }

    /// That number, not taken yet.
    pub(super) fn next_number(&self) -> u32 {
        self.next_number
    }

    /// Appends an order to the active list and returns its place.
    #[inline]
    pub(super) fn push(&mut self, position: Position, ticket: Ticket) -> usize {
        self.positions.push(position);
        self.tickets.push(ticket);
        self.positions.len() - 1
    }

    /// Takes out the only order of the book, which is an open position. The signal its order was placed with is forgotten: it
    /// matters only on the bar of its fill.
    pub(super) fn take_lone(&mut self) -> Option<Opened> {
        self.open.clear();
        let (position, Ticket { paid, margin, .. }) = self.positions.pop().zip(self.tickets.pop())?;
        Some(Opened { position, paid, margin })
    }

    /// Appends a filled order to the open list.
    #[inline]
    pub(super) fn opened(&mut self, index: usize) {
        self.open.push(index);
    }

    /// Closes an open order: it leaves the open list.
    #[inline]
    pub(super) fn closed(&mut self, index: usize) {
        self.positions[index].status = PositionStatus::Closed;
        if let Some(place) = self.open.iter().position(|&open| open == index) {
            self.open.remove(place);
        }
    }

    /// Drops closed orders from the active list.
    #[inline]
    pub(super) fn sweep(&mut self) {
        let mut kept = 0;
        for index in 0..self.positions.len() {
            if self.positions[index].status == PositionStatus::Closed {
                continue;
            }
            if kept != index {
                self.positions.swap(kept, index);
                self.tickets.swap(kept, index);
                if let Some(open) = self.open.iter_mut().find(|open| **open == index) {
                    *open = kept;
                }
            }
            kept += 1;
        }
        self.positions.truncate(kept);
        self.tickets.truncate(kept);
    }

    /// Pending and open orders, in signal order.
    #[inline]
    pub(super) fn active(&self) -> &[Position] {
        &self.positions
    }

    /// The first symbol with an active order behind another in configured order, or of all.
    #[inline]
    pub(super) fn next_symbol(&self, behind: Option<SymbolId>) -> Option<SymbolId> {
        self.positions.iter().map(|position| position.symbol).filter(|symbol| Some(*symbol) > behind).min()
    }

    /// Places of the open positions, in opening order.
    #[inline]
    pub(super) fn open(&self) -> &[usize] {
        &self.open
    }

    /// The order at a place.
    #[inline]
    pub(super) fn position(&self, index: usize) -> &Position {
        &self.positions[index]
    }

    /// The order at a place, to change.
    #[inline]
    pub(super) fn position_mut(&mut self, index: usize) -> &mut Position {
        &mut self.positions[index]
    }

    /// The ticket at a place.
    #[inline]
    pub(super) fn ticket(&self, index: usize) -> &Ticket {
        &self.tickets[index]
    }

    /// The ticket at a place, to change.
    pub(super) fn ticket_mut(&mut self, index: usize) -> &mut Ticket {
        &mut self.tickets[index]
    }

    /// Place of the order with a number, if it is still active.
    pub(super) fn find(&self, number: u32) -> Option<usize> {
        self.positions.iter().position(|position| position.number == number)
    }
}
