//! The entry side of a step: signals at the executor, market orders and exit signals that wait for an open.

use super::book::{EntryCosts, Opened, Ticket};
use super::event_engine::{EngineError, EventEngine};
use super::exits::{PriceField, charge};
use super::observer::Observer;
use super::waiting::{Waiting, WaitingExit};
use crate::costs::spread::half_spread;
use crate::costs::{DrawAddress, Draws, FeeCall};
use crate::data::Ohlc;
use crate::execution::fills::Quote;
use crate::execution::simulator::{ExitSlip, Fill, Order};
use crate::execution::{Refusal, SimulatorError};
use crate::portfolio::{FeeKind, Position, PositionStatus};
use crate::strategy::{Level, Strategy, TradeSignal};
use crate::types::{CloseReason, Direction, OrderType, SymbolId, Timestamp};

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// A signal at the executor: filled, placed, left waiting, or refused.
    pub(super) fn process_signal(
        &mut self,
        step: usize,
        agent: usize,
        signal: &TradeSignal,
    ) -> Result<(), EngineError> {
        let outcome = self.accept(step, agent, signal)?;
        self.counters.rejected += u32::from(outcome.is_err());
        self.observer.signal(signal, outcome);
        Ok(())
    }

    fn accept(
        &mut self,
        step: usize,
        agent: usize,
        signal: &TradeSignal,
    ) -> Result<Result<u32, Refusal>, EngineError> {
        let tape = self.tapes[signal.symbol.index()];
        let Some(row) = tape.row(step) else { return Ok(Err(Refusal::NoBar)) };
        if self.settings.halt_on_ruin && self.ledger.cash() <= 0.0 {
            return Ok(Err(Refusal::Ruined));
        }
        if self.context.is_blocked(signal.symbol, row) {
            return Ok(Err(Refusal::News));
        }
        if signal.order_type != OrderType::Market {
            return Ok(Ok(self.place(agent, row, signal)));
        }
        if self.next_open() {
            return Ok(self.leave_waiting(agent, row, signal));
        }
        let spread = (tape.bid.close[row], tape.ask.close[row]);
        let number = self.book.next_number();
        let mut opened = None;
        let filled =
            self.fill_market(step, row, agent, signal, (number, signal.entry_price, spread), &mut opened)?;
        self.enlist(agent, opened);
        Ok(filled.map(|()| self.book.take_number()))
    }

    /// A pending order joins the active list.
    fn place(&mut self, agent: usize, row: usize, signal: &TradeSignal) -> u32 {
        let time = self.tapes[signal.symbol.index()].time(row);
        let number = self.book.take_number();
        let price_of = |level: Level| match level {
            Level::Price(price) => Some(price),
            _ => None,
        };
        let (stop_loss, take_profit) = (price_of(signal.stop_loss), price_of(signal.take_profit));
        let position = Position {
            status: PositionStatus::Pending,
            entry_price: signal.entry_price,
            stop_loss,
            take_profit,
            initial_stop_loss: stop_loss,
            initial_take_profit: take_profit,
            ..self.blank(number, row, time, signal)
        };
        self.book.push(position, Ticket::new(agent, Some(*signal)));
        self.orders_changed();
        number
    }

    /// A market order waits for the open of a later bar; one per symbol and strategy.
    fn leave_waiting(&mut self, agent: usize, row: usize, signal: &TradeSignal) -> Result<u32, Refusal> {
        let taken = |other: &Waiting| other.agent == agent && other.signal.symbol == signal.symbol;
        if self.waiting.orders().iter().any(taken) {
            return Err(Refusal::AlreadyWaiting);
        }
        let number = self.book.take_number();
        let due = row + 1 + self.settings.order_delay_bars as usize;
        self.waiting.push(Waiting { number, agent, signal: *signal, due });
        Ok(number)
    }

    /// Fills the market orders whose bar has opened: symbols in configured order, each in the order of its signals.
    pub(super) fn fill_waiting(&mut self, step: usize) -> Result<(), EngineError> {
        while let Some((place, row)) = self.due_order(step) {
            let Waiting { number, agent, signal, .. } = self.waiting.remove(place);
            let mut opened = None;
            self.fill_at_open(step, row, agent, number, &signal, &mut opened)?;
            self.enlist(agent, opened);
        }
        Ok(())
    }

    /// Puts a position that was filled on the lists.
    pub(super) fn enlist(&mut self, agent: usize, opened: Option<Opened>) {
        let Some(Opened { position, paid, margin }) = opened else { return };
        let symbol = position.symbol;
        let next_night = self.first_night(position.trigger_time);
        let index = self.book.push(position, Ticket { paid, margin, next_night, ..Ticket::new(agent, None) });
        self.book.opened(index);
        self.holding_changed(symbol);
    }

    /// Fills a market order at the open of a bar, into `opened` unless it is refused.
    #[inline]
    pub(super) fn fill_at_open(
        &mut self,
        step: usize,
        row: usize,
        agent: usize,
        number: u32,
        signal: &TradeSignal,
        opened: &mut Option<Opened>,
    ) -> Result<(), EngineError> {
        let (bid, ask) = self.tapes[signal.symbol.index()].opens(row);
        let price = signal.direction.pick(ask, bid);
        if let Err(why) = self.fill_market(step, row, agent, signal, (number, price, (bid, ask)), opened)? {
            self.counters.rejected += 1;
            self.observer.refused_at_fill(number, why);
        }
        Ok(())
    }

    /// Place of the first waiting order, by symbol and then by signal, whose bar has opened, and that bar's row.
    fn due_order(&self, step: usize) -> Option<(usize, usize)> {
        let orders = self.waiting.orders().iter().map(|order| (order.signal.symbol, order.due));
        self.first_due(step, orders)
    }

    /// Of orders by symbol and due row, the first by symbol and then by place whose bar has opened at a step.
    #[inline]
    fn first_due(
        &self,
        step: usize,
        orders: impl Iterator<Item = (SymbolId, usize)>,
    ) -> Option<(usize, usize)> {
        let mut first: Option<(SymbolId, usize, usize)> = None;
        for (place, (symbol, due)) in orders.enumerate() {
            let sooner = first.is_none_or(|(first, ..)| symbol < first);
            let row = self.tapes[symbol.index()].row(step);
            if let Some(row) = row.filter(|&row| sooner && row >= due) {
                first = Some((symbol, place, row));
            }
        }
        first.map(|(_, place, row)| (place, row))
    }

    /// Fills a market order, into `opened` unless it is refused, and charges its entry fee.
    #[inline]
    fn fill_market(
        &mut self,
        step: usize,
        row: usize,
        agent: usize,
        signal: &TradeSignal,
        (number, price, quotes): (u32, f64, (f64, f64)),
        opened: &mut Option<Opened>,
    ) -> Result<Result<(), Refusal>, EngineError> {
        let order =
            Order { direction: signal.direction, order_type: signal.order_type, price, lots: signal.lots };
        let live = self.rates(step);
        let at = address(signal.symbol, row);
        let strategy = &mut self.agents[agent].strategy;
        let levels = |fill| resolve(strategy, signal, fill);
        let fill = match self.simulator.process_signal(&order, at, levels, &live)? {
            Ok(fill) => fill,
            Err(why) => return Ok(Err(why)),
        };
        let field = if self.next_open() { PriceField::Open } else { PriceField::Close };
        let Some(margin) = self.margin_for(step, field, signal.symbol, &fill)? else {
            return Ok(Err(Refusal::Margin));
        };
        if fill.stop.is_none() && !self.by_volume() {
            return Err(SimulatorError::NoStop.into());
        }
        let time = self.tapes[signal.symbol.index()].time(row);
        let fee = self.simulator.fee(signal.symbol.index(), FeeCall::Entry, fill.price, fill.size, &live)?;
        let position = Position {
            entry_price: fill.price,
            size: fill.size,
            stop_loss: fill.stop,
            take_profit: fill.target,
            initial_stop_loss: fill.stop,
            initial_take_profit: fill.target,
            ..self.blank(number, row, time, signal)
        };
        let paid = EntryCosts::of(signal.direction, &fill, quotes);
        let Opened { position, .. } = opened.insert(Opened { position, paid, margin });
        charge(&mut self.ledger, &mut self.observer, position, FeeKind::Entry, self.data.time(step), fee);
        Ok(Ok(()))
    }

    /// A pending order its bar has reached: opened, or refused and gone. Returns whether it is open.
    pub(super) fn trigger(
        &mut self,
        step: usize,
        row: usize,
        index: usize,
        quote: &Quote,
    ) -> Result<Option<bool>, EngineError> {
        let position = self.book.position(index);
        let Some(side) = quote.entry_side(position.direction) else { return Ok(None) };
        let ticket = *self.book.ticket(index);
        let signal = ticket.placed.expect("the signal of an order that was placed");
        let order = Order {
            direction: position.direction,
            order_type: position.order_type,
            price: position.entry_price,
            lots: signal.lots,
        };
        let current = (position.stop_loss, position.take_profit);
        let symbol = position.symbol;
        let at = address(symbol, row);
        let live = self.rates(step);
        let strategy = &mut self.agents[ticket.agent].strategy;
        let levels = |fill| {
            let (stop, target) = resolve(strategy, &signal, fill);
            (current.0.or(stop), current.1.or(target))
        };
        let filled = match self.simulator.process_trigger(&order, at, side.open, levels, &live)? {
            Ok(fill) => match self.margin_for(step, PriceField::Open, symbol, &fill)? {
                Some(margin) => Ok((fill, margin)),
                None => Err(Refusal::Margin),
            },
            Err(why) => Err(why),
        };
        match filled {
            Ok((fill, margin)) => {
                self.book.ticket_mut(index).margin = margin;
                let ask = quote.ask.map_or(quote.bid.open, |ask: Ohlc| ask.open);
                self.open(step, row, index, &fill, (quote.bid.open, ask))?;
                Ok(Some(fill.at_open))
            }
            Err(why) => {
                self.counters.rejected_at_trigger += 1;
                let position = self.book.position_mut(index);
                position.status = PositionStatus::Closed;
                self.observer.refused_at_trigger(self.book.position(index), why);
                Ok(None)
            }
        }
    }

    /// A pending order becomes an open position.
    fn open(
        &mut self,
        step: usize,
        row: usize,
        index: usize,
        fill: &Fill,
        quotes: (f64, f64),
    ) -> Result<(), EngineError> {
        if fill.stop.is_none() && !self.by_volume() {
            return Err(SimulatorError::NoStop.into());
        }
        let position = self.book.position_mut(index);
        position.status = PositionStatus::Open;
        position.trigger_time = self.data.symbol(position.symbol).bars.time(row);
        position.row = row_number(row);
        position.entry_price = fill.price;
        position.size = fill.size;
        position.stop_loss = fill.stop;
        position.take_profit = fill.target;
        position.initial_stop_loss = fill.stop;
        position.initial_take_profit = fill.target;
        let (symbol, direction, opened) = (position.symbol, position.direction, position.trigger_time);
        let next_night = self.first_night(opened);
        let ticket = self.book.ticket_mut(index);
        ticket.paid = EntryCosts::of(direction, fill, quotes);
        ticket.next_night = next_night;
        self.book.opened(index);
        self.holding_changed(symbol);
        let live = self.rates(step);
        let fee = self.simulator.fee(symbol.index(), FeeCall::Entry, fill.price, fill.size, &live)?;
        let (time, position) = (self.data.time(step), self.book.position_mut(index));
        charge(&mut self.ledger, &mut self.observer, position, FeeKind::Entry, time, fee);
        Ok(())
    }

    /// An exit signal: closes now, or waits for the next open.
    pub(super) fn process_close(
        &mut self,
        step: usize,
        agent: usize,
        symbol: SymbolId,
    ) -> Result<(), EngineError> {
        let Some(row) = self.tapes[symbol.index()].row(step) else { return Ok(()) };
        let mut place = 0;
        while place < self.book.open().len() {
            let index = self.book.open()[place];
            let position = self.book.position(index);
            if position.symbol != symbol || self.book.ticket(index).agent != agent {
                place += 1;
                continue;
            }
            if self.next_open() {
                let number = position.number;
                if !self.waiting_exits.iter().any(|exit| exit.number == number) {
                    let due = row + 1 + self.settings.order_delay_bars as usize;
                    self.waiting_exits.push(WaitingExit { number, symbol, due });
                }
                place += 1;
            } else {
                self.close_at_market(step, row, index, ExitSlip::Rule, CloseReason::Signal)?;
            }
        }
        self.book.sweep();
        Ok(())
    }

    /// Closes the positions whose exit signal has reached its open, symbols in configured order; signals for positions
    /// that are gone are forgotten.
    pub(super) fn fill_waiting_exits(&mut self, step: usize) -> Result<(), EngineError> {
        let book = &self.book;
        self.waiting_exits.retain(|exit| book.find(exit.number).is_some());
        while let Some((place, row)) = self.due_exit(step) {
            let WaitingExit { number, .. } = self.waiting_exits.remove(place);
            let index = self.book.find(number).expect("the others are forgotten");
            let close = self.signal_close(self.book.position(index), row);
            self.close(step, index, &close)?;
        }
        self.book.sweep();
        Ok(())
    }

    /// Place of the first waiting exit, by symbol and then by signal, whose bar has opened, and that bar's row.
    fn due_exit(&self, step: usize) -> Option<(usize, usize)> {
        self.first_due(step, self.waiting_exits.iter().map(|exit| (exit.symbol, exit.due)))
    }

    /// An order before its fill.
    #[inline]
    fn blank(&self, number: u32, row: usize, time: Timestamp, signal: &TradeSignal) -> Position {
        Position {
            number,
            symbol: signal.symbol,
            direction: signal.direction,
            order_type: signal.order_type,
            status: PositionStatus::Open,
            entry_time: time,
            trigger_time: time,
            row: row_number(row),
            entry_price: 0.0,
            stop_loss: None,
            take_profit: None,
            initial_stop_loss: None,
            initial_take_profit: None,
            size: 0.0,
            risk_per_trade: self.settings.risk_per_trade,
            entry_fee: 0.0,
            exit_fee: 0.0,
            swap: 0.0,
            break_even_done: false,
            scenario: signal.scenario,
            magic_number: self.settings.magic_number,
        }
    }
}

impl EntryCosts {
    /// Those of a fill at bid and ask.
    #[inline]
    fn of(direction: Direction, fill: &Fill, (bid, ask): (f64, f64)) -> Self {
        let slippage = direction.signed(fill.price - fill.unslipped);
        Self { half_spread: half_spread(bid, Some(ask)), slippage }
    }
}

/// Where a draw on a bar is addressed.
pub(super) fn address(symbol: SymbolId, row: usize) -> DrawAddress {
    DrawAddress { symbol, row: row_number(row) }
}

#[expect(clippy::cast_possible_truncation, reason = "a series has fewer than 2^32 bars")]
fn row_number(row: usize) -> u32 {
    row as u32
}

/// Stop and target of a signal as prices, once its fill is known.
#[inline]
fn resolve<S: Strategy>(strategy: &mut S, signal: &TradeSignal, fill: f64) -> (Option<f64>, Option<f64>) {
    let asked = signal.stop_loss == Level::AtFill || signal.take_profit == Level::AtFill;
    let (stop, target) =
        if asked { strategy.levels_at_fill(signal, fill) } else { (Level::Absent, Level::Absent) };
    let pick = |own: Level, asked: Level| if own == Level::AtFill { asked } else { own };
    (
        price_at(pick(signal.stop_loss, stop), signal.direction.opposite(), fill),
        price_at(pick(signal.take_profit, target), signal.direction, fill),
    )
}

/// A level as a price; a distance lies above the fill for `Long` and below it for `Short`.
fn price_at(level: Level, side: Direction, fill: f64) -> Option<f64> {
    match level {
        Level::Absent | Level::AtFill => None,
        Level::Price(price) => Some(price),
        Level::Distance(distance) => Some(fill + side.signed(distance)),
    }
}
