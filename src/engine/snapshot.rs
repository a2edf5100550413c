//! Stopping a run between two steps and going on later (`execution.md` 8.6).
//!
//! Run to a step, snapshot, restore, go on: the same bits as without the stop, given the same inputs and strategies in
//! the state they had.

use serde::{Deserialize, Serialize};

use super::book::{Book, EntryCosts, Ticket};
use super::equity_record::EquityRecord;
use super::event_engine::{Counters, EventEngine};
use super::observer::Observer;
use super::tally::{Alternative, Tally};
use super::waiting::{Waiting, WaitingExit, WaitingList};
use super::wrapper::GateState;
use crate::costs::{DrawState, Draws};
use crate::portfolio::{Ledger, Position, PositionStatus};
use crate::strategy::{Strategy, TradeSignal};
use crate::types::{EquityCurve, SymbolId, Trade};

/// Everything a run has come to, but for the state of its strategies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EngineSnapshot {
    /// First step that has not been walked.
    pub next_step: usize,
    /// Where the draws stand; the resumed engine's source must go on from here.
    pub draws: DrawState,
    orders: Vec<Order>,
    /// Numbers of the open positions, in opening order.
    open: Vec<u32>,
    next_number: u32,
    waiting: Vec<Waiting>,
    waiting_exits: Vec<WaitingExit>,
    cash: f64,
    total_fees: f64,
    trades: Vec<Trade>,
    alternatives: Vec<Alternative>,
    curve: EquityCurve,
    equity: f64,
    gates: Vec<GateState>,
    counters: Counters,
}

/// One active order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    position: Position,
    placed: Option<TradeSignal>,
    agent: usize,
    half_spread: f64,
    slippage: f64,
    margin: f64,
}

impl EngineSnapshot {
    /// The active orders, in signal order.
    pub fn orders(&self) -> impl Iterator<Item = &Position> {
        self.orders.iter().map(|order| &order.position)
    }
}

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// The state between two steps.
    ///
    /// # Panics
    /// When the run is one for its figures alone, which keeps too little to go on from.
    pub fn snapshot(&self) -> EngineSnapshot {
        let orders = (0..self.book.active().len()).map(|index| {
            let Ticket { placed, agent, paid, margin, .. } = *self.book.ticket(index);
            let EntryCosts { half_spread, slippage } = paid;
            Order {
                position: self.book.position(index).clone(),
                placed,
                agent,
                half_spread,
                slippage,
                margin,
            }
        });
        EngineSnapshot {
            next_step: self.next_step,
            draws: self.simulator.draws().state(),
            orders: orders.collect(),
            open: self.book.open().iter().map(|&index| self.book.position(index).number).collect(),
            next_number: self.book.next_number(),
            waiting: self.waiting.orders().to_vec(),
            waiting_exits: self.waiting_exits.clone(),
            cash: self.ledger.cash(),
            total_fees: self.ledger.total_fees(),
            trades: self.ledger.trades().to_vec(),
            alternatives: self.tally.alternatives().to_vec(),
            curve: self.equities.curve().cloned().expect("a run that keeps its curve"),
            equity: self.equity,
            gates: self.agents.iter().map(|agent| agent.gate).collect(),
            counters: self.counters,
        }
    }

    /// Takes a state up again.
    ///
    /// Orders are kept, in stored order, when their magic number is the engine's and a strategy of the engine trades
    /// their symbol, each number once (the first wins). Returns the others; nothing is booked for them.
    pub fn restore(&mut self, snapshot: EngineSnapshot) -> Vec<Position> {
        let mut dropped = Vec::new();
        self.book = Book::default();
        self.due.fill(0);
        (self.next_ask, self.next_touch) = (0, 0);
        for order in snapshot.orders {
            if self.keeps(&order) {
                let Order { position, placed, agent, half_spread, slippage, margin } = order;
                let paid = EntryCosts { half_spread, slippage };
                let ticket = Ticket { paid, margin, ..Ticket::new(agent, placed) };
                let index = self.book.push(position, ticket);
                let night = self.first_night_from(index, snapshot.next_step);
                self.book.ticket_mut(index).next_night = night;
            } else {
                dropped.push(order.position);
            }
        }
        for number in snapshot.open {
            let index = self.book.find(number).filter(|index| !self.book.open().contains(index));
            if let Some(index) = index {
                self.book.opened(index);
            }
        }
        self.book.reserve_before(snapshot.next_number);
        let known = |waiting: &Waiting| self.trades_symbol(waiting.agent, waiting.signal.symbol);
        self.waiting = WaitingList::of(snapshot.waiting.into_iter().filter(known));
        self.waiting_exits = snapshot.waiting_exits;
        let initial = self.settings.initial_balance;
        self.tally = Tally::of(&snapshot.trades, &snapshot.alternatives);
        self.ledger = Ledger::resume(initial, snapshot.cash, snapshot.total_fees, snapshot.trades);
        self.equities = EquityRecord::Curve(snapshot.curve);
        self.equity = snapshot.equity;
        for (agent, gate) in self.agents.iter_mut().zip(snapshot.gates) {
            agent.gate = gate;
        }
        self.counters = snapshot.counters;
        self.next_step = snapshot.next_step;
        dropped
    }

    fn keeps(&self, order: &Order) -> bool {
        let position = &order.position;
        position.status != PositionStatus::Closed
            && position.magic_number == self.settings.magic_number
            && self.trades_symbol(order.agent, position.symbol)
            && self.book.find(position.number).is_none()
    }

    /// Whether a strategy instance trades a symbol of the data.
    pub(super) fn trades_symbol(&self, agent: usize, symbol: SymbolId) -> bool {
        let agent = self.agents.get(agent);
        symbol.index() < self.data.symbols().len()
            && agent.is_some_and(|agent| agent.symbol.is_none_or(|own| own == symbol))
    }
}
