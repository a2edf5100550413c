//! The exit side of a step: triggers, stops and targets of every position, and the booking of a close.

use super::book::{EntryCosts, Ticket};
use super::calm::ONLY;
use super::detail::quote_at;
use super::entries::address;
use super::event_engine::{EngineError, EventEngine};
use super::observer::Observer;
use crate::costs::{Draws, FeeCall, spread};
use crate::execution::exits::{ExitLevel, Held, Holding, reaches};
use crate::execution::fills::triggers;
use crate::execution::simulator::{ExitFill, ExitSlip};
use crate::portfolio::{FeeEntry, FeeKind, Ledger, Position, PositionStatus};
use crate::strategy::Strategy;
use crate::types::{CloseReason, OrderType, SymbolId, Timestamp, Trade, TradeCosts};

/// Which price of a bar an exit uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PriceField {
    Open,
    Close,
}

/// A close about to be booked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Close {
    pub(super) row: usize,
    /// Price before slippage.
    pub(super) price: f64,
    /// Where its spread is read.
    pub(super) field: PriceField,
    pub(super) slips: ExitSlip,
    /// Whether it pays an exit fee.
    pub(super) fee: bool,
    pub(super) reason: CloseReason,
    /// The other level of an ambiguous bar.
    pub(super) other: Option<(ExitLevel, f64)>,
}

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// Tests every order of every symbol that has a bar, symbols in configured order.
    #[inline]
    pub(super) fn exit_phase<const SINGLE: bool>(&mut self, step: usize) -> Result<(), EngineError> {
        if SINGLE {
            return self.exits_of(ONLY, step, step);
        }
        let mut next = self.book.next_symbol(None);
        while let Some(symbol) = next {
            if let Some(row) = self.tapes[symbol.index()].row(step) {
                self.exits_of(symbol, step, row)?;
            }
            next = self.book.next_symbol(Some(symbol));
        }
        Ok(())
    }

    /// One call of the exit phase: the orders of a symbol against its bar, in signal order.
    fn exits_of(&mut self, symbol: SymbolId, step: usize, row: usize) -> Result<(), EngineError> {
        let own_pip = self.simulator.symbol(symbol.index()).pip_size;
        let buffer = self.shared_pip().unwrap_or(own_pip) * self.settings.pip_buffer_factor;
        let time = self.tapes[symbol.index()].time(row);
        let mut changed = false;
        for index in 0..self.book.active().len() {
            let position = self.book.position(index);
            if position.symbol != symbol
                || position.status == PositionStatus::Closed
                || time < position.entry_time
            {
                continue;
            }
            if position.status == PositionStatus::Pending {
                changed |= self.try_trigger(step, row, index, buffer)?;
                continue;
            }
            if time == position.entry_time && !self.next_open() {
                continue;
            }
            if position.stop_loss.is_none() && position.take_profit.is_none() {
                continue;
            }
            let side = self.tapes[symbol.index()].exit_side(position.direction);
            let (low, high) = (side.low[row], side.high[row]);
            if reaches(position.direction, position.stop_loss, position.take_profit, low, high, buffer) {
                let same_bar = position.order_type != OrderType::Market && position.trigger_time == time;
                let holding = if same_bar { Holding::Triggered } else { Holding::FromOpen };
                changed |= self.try_exit(step, row, index, holding, buffer)?;
            }
        }
        if changed {
            self.book.sweep();
        }
        Ok(())
    }

    /// A pending order against a bar after its own. Returns whether it left the active list.
    fn try_trigger(
        &mut self,
        step: usize,
        row: usize,
        index: usize,
        buffer: f64,
    ) -> Result<bool, EngineError> {
        let position = self.book.position(index);
        let first = position.row as usize + 1 + self.settings.order_delay_bars as usize;
        if row < first || self.tapes[position.symbol.index()].time(row) <= position.entry_time {
            return Ok(false);
        }
        let quote = quote_at(&self.data.symbol(position.symbol).bars, row);
        if !triggers(position.direction, position.order_type, position.entry_price, &quote) {
            return Ok(false);
        }
        match self.trigger(step, row, index, &quote)? {
            None => Ok(true),
            Some(at_open) => {
                let holding = if at_open { Holding::TriggeredAtOpen } else { Holding::Triggered };
                self.try_exit(step, row, index, holding, buffer)
            }
        }
    }

    /// Closes a position if the bar ends it. Returns whether it did.
    #[inline]
    pub(super) fn try_exit(
        &mut self,
        step: usize,
        row: usize,
        index: usize,
        holding: Holding,
        buffer: f64,
    ) -> Result<bool, EngineError> {
        let placed = self.book.ticket(index).placed.map(|signal| signal.entry_price);
        match self.level_close(self.book.position(index), placed, row, holding, buffer) {
            Some(close) => self.close(step, index, &close).map(|()| true),
            None => Ok(false),
        }
    }

    /// The close of a position at the level its bar reaches. `placed` is the level at which its order waited.
    #[inline]
    pub(super) fn level_close(
        &self,
        position: &Position,
        placed: Option<f64>,
        row: usize,
        holding: Holding,
        buffer: f64,
    ) -> Option<Close> {
        let held = Held {
            direction: position.direction,
            order_type: position.order_type,
            stop: position.stop_loss,
            target: position.take_profit,
            stop_moved: position.stop_loss != position.initial_stop_loss,
            holding,
        };
        let choice = self.choose_exit((position.symbol, row), &held, placed.unwrap_or(f64::NAN), buffer)?;
        Some(Close {
            row,
            price: choice.price,
            field: PriceField::Open,
            slips: choice.level.into(),
            fee: true,
            reason: choice.reason,
            other: choice.other,
        })
    }

    /// Closes at the bar's close: bid for long, ask for short.
    pub(super) fn close_at_market(
        &mut self,
        step: usize,
        row: usize,
        index: usize,
        slips: ExitSlip,
        reason: CloseReason,
    ) -> Result<(), EngineError> {
        let field = PriceField::Close;
        let price = self.exit_price_field(self.book.position(index), row, field);
        let fee = slips != ExitSlip::None;
        self.close(step, index, &Close { row, price, field, slips, fee, reason, other: None })
    }

    /// The close at a bar's open on an exit signal: bid for long, ask for short.
    #[inline]
    pub(super) fn signal_close(&self, position: &Position, row: usize) -> Close {
        let field = PriceField::Open;
        let price = self.exit_price_field(position, row, field);
        let (slips, reason) = (ExitSlip::Rule, CloseReason::Signal);
        Close { row, price, field, slips, fee: true, reason, other: None }
    }

    /// Closes a position of the book. It stays in the active list, closed, until it is swept.
    pub(super) fn close(&mut self, step: usize, index: usize, close: &Close) -> Result<(), EngineError> {
        let Ticket { paid, agent, .. } = *self.book.ticket(index);
        let mut position = self.book.position(index).clone();
        self.book_close(step, &mut position, paid, close)?;
        self.book.closed(index);
        self.holding_changed(position.symbol);
        if self.gates.any() {
            self.gates.exited(&mut self.agents[agent].gate, self.data.time(step));
        }
        Ok(())
    }

    /// Books a close: slippage, exit fee, result, cash. `paid` is what the entry cost.
    #[inline]
    pub(super) fn book_close(
        &mut self,
        step: usize,
        position: &mut Position,
        paid: EntryCosts,
        close: &Close,
    ) -> Result<(), EngineError> {
        let (symbol, direction, size) = (position.symbol, position.direction, position.size);
        let at = address(symbol, close.row);
        let exit = self.simulator.exit_price(direction, close.price, close.slips, at)?;
        let unit_value = self.unit_value(symbol, step)?;
        let time = self.data.time(step);
        if close.fee {
            let live = self.rates(step);
            let fee = self.simulator.fee(symbol.index(), FeeCall::Exit, exit.price, size, &live)?;
            charge(&mut self.ledger, &mut self.observer, position, FeeKind::Exit, time, fee);
        }
        let other = match close.other {
            Some(other) => Some(self.alternative(step, position, close.row, other, &exit, unit_value)?),
            None => None,
        };
        let (result, r_multiple) = self.result(position, exit.price, unit_value);
        let ends = End { time, price: exit.price, result, r_multiple, reason: close.reason };
        let items = self.items(position, paid, close, &exit, unit_value);
        let trade = trade_of(position, &ends, other.is_some(), items);
        self.ledger.book_trade(&trade);
        self.tally.add(&trade, other);
        Ok(())
    }

    /// The other level of an ambiguous bar, and the net profit it would have given.
    #[cold]
    fn alternative(
        &self,
        step: usize,
        position: &Position,
        row: usize,
        (level, price): (ExitLevel, f64),
        taken: &ExitFill,
        unit_value: f64,
    ) -> Result<(ExitLevel, f64), EngineError> {
        let at = address(position.symbol, row);
        let price = self.simulator.alternative_exit(position.direction, price, level.into(), taken.pips, at);
        let live = self.rates(step);
        let fee = self.simulator.fee(position.symbol.index(), FeeCall::Exit, price, position.size, &live)?;
        let (result, _) = self.result(position, price, unit_value);
        Ok((level, result - ((position.entry_fee + fee) + position.swap)))
    }

    /// What the trade paid, item by item, in account money; only where results come from the size.
    #[inline]
    fn items(
        &self,
        position: &Position,
        paid: EntryCosts,
        close: &Close,
        exit: &ExitFill,
        unit_value: f64,
    ) -> TradeCosts {
        if !self.by_volume() {
            return TradeCosts::default();
        }
        let tape = &self.tapes[position.symbol.index()];
        let (bid, ask) = match close.field {
            PriceField::Open => tape.opens(close.row),
            PriceField::Close => (tape.bid.close[close.row], tape.ask.close[close.row]),
        };
        let half_exit = spread::half_spread(bid, Some(ask));
        let slipped = position.direction.signed(close.price - exit.price);
        let money = |distance: f64| (distance * position.size) * unit_value;
        TradeCosts {
            spread: money(paid.half_spread + half_exit),
            // Nothing is a positive zero for a short, too.
            slippage: money(paid.slippage + slipped + 0.0),
            commission: position.entry_fee + position.exit_fee,
            swap: position.swap,
        }
    }

    /// The price an exit of a position gets on a bar: bid for long, ask for short.
    #[inline]
    pub(super) fn exit_price_field(&self, position: &Position, row: usize, field: PriceField) -> f64 {
        let side = self.tapes[position.symbol.index()].exit_side(position.direction);
        match field {
            PriceField::Open => side.open[row],
            PriceField::Close => side.close[row],
        }
    }
}

/// Charges a fee to the account and to its order.
#[inline]
pub(super) fn charge(
    ledger: &mut Ledger,
    observer: &mut impl Observer,
    position: &mut Position,
    kind: FeeKind,
    time: Timestamp,
    amount: f64,
) {
    if !ledger.book_fee(amount) {
        return;
    }
    match kind {
        FeeKind::Entry => position.entry_fee += amount,
        FeeKind::Exit => position.exit_fee += amount,
        FeeKind::Swap => position.swap += amount,
    }
    observer.fee(&FeeEntry { time, kind, symbol: position.symbol, size: position.size, amount });
}

/// How a position ended.
#[derive(Debug, Clone, Copy)]
struct End {
    time: Timestamp,
    price: f64,
    result: f64,
    r_multiple: Option<f64>,
    reason: CloseReason,
}

#[inline]
fn trade_of(position: &Position, end: &End, ambiguous: bool, costs: TradeCosts) -> Trade {
    Trade {
        number: position.number,
        symbol: position.symbol,
        direction: position.direction,
        order_type: position.order_type,
        entry_time: position.entry_time,
        trigger_time: position.trigger_time,
        exit_time: end.time,
        entry_price: position.entry_price,
        exit_price: end.price,
        initial_stop_loss: position.initial_stop_loss,
        stop_loss: position.stop_loss,
        initial_take_profit: position.initial_take_profit,
        take_profit: position.take_profit,
        size: position.size,
        risk_per_trade: position.risk_per_trade,
        result: end.result,
        r_multiple: end.r_multiple,
        entry_fee: position.entry_fee,
        exit_fee: position.exit_fee,
        swap: position.swap,
        reason: end.reason,
        scenario: position.scenario,
        magic_number: position.magic_number,
        ambiguous,
        costs,
    }
}
