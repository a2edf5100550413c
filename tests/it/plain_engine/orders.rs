//! From a signal to a waiting order, a market position or a close: 3.1 and 9a.

use super::account::{Position, Reason, Status};
use super::costs::{FeeSide, fee};
use super::input::{Direction, Signal, SignalKind};
use super::run::Run;
use super::sizing::size;
use super::switches::MarketFill;

/// A market signal that fills at the open of the symbol's bar with number `due`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WaitingEntry {
    pub(crate) signal: usize,
    pub(crate) symbol: usize,
    due: usize,
}

/// An exit signal that closes these positions at the open of the symbol's bar with number `due`.
#[derive(Debug, Clone)]
pub(crate) struct WaitingExit {
    symbol: usize,
    positions: Vec<usize>,
    due: usize,
}

/// Where and when an order becomes a position, before slippage.
#[derive(Debug, Clone, Copy)]
struct Fill {
    price: f64,
    time: i64,
    index: usize,
    at_open: bool,
}

impl Run<'_> {
    /// The executor's answer to one signal of the bar at `index`.
    pub(crate) fn process_signal(&mut self, number: usize, index: usize) -> Result<(), String> {
        let signal = self.case.signals[number].clone();
        let symbol = self.symbol_of(&signal);
        if signal.kind == SignalKind::Close {
            return self.take_exit_signal(symbol, index);
        }
        let accepted = self.take_entry_signal(number, &signal, symbol, index)?;
        self.notes.signals_processed.push((number, accepted));
        Ok(())
    }

    fn take_entry_signal(
        &mut self,
        number: usize,
        signal: &Signal,
        symbol: usize,
        index: usize,
    ) -> Result<bool, String> {
        let switches = &self.case.switches;
        if switches.halt_on_ruin && self.account.cash <= 0.0 {
            self.notes.rejected_ruin.push(number);
            return Ok(false);
        }
        let due = self.market.ordinal(symbol, index) + 1 + switches.order_delay_bars;
        match (signal.kind, switches.market_fill) {
            (SignalKind::Market, MarketFill::SignalPrice) => {
                let price = signal.entry.ok_or("a market signal needs its price")?;
                let fill = Fill { price, time: self.market.axis[index], index, at_open: false };
                let opened = self.open_market(number, symbol, fill)?;
                if !opened {
                    self.notes.rejected_at_signal.push(number);
                }
                Ok(opened)
            }
            (SignalKind::Market, MarketFill::NextOpen) => {
                if self.waiting.iter().any(|order| order.symbol == symbol) {
                    self.notes.rejected_waiting.push(number);
                    return Ok(false);
                }
                self.waiting.push(WaitingEntry { signal: number, symbol, due });
                Ok(true)
            }
            _ => {
                self.place_pending(number, signal, symbol, index, due)?;
                Ok(true)
            }
        }
    }

    /// Waiting market orders whose bar opens now; an order that is refused is noted.
    pub(crate) fn fill_waiting(&mut self, symbol: usize, index: usize) -> Result<(), String> {
        let Some(bar) = self.market.bar(symbol, index) else { return Ok(()) };
        let number_of_bar = self.market.ordinal(symbol, index);
        for order in self.waiting.clone() {
            let direction = self.direction_of(order.signal);
            let Some(side) = bar.entry_side(direction) else { continue };
            if order.symbol != symbol || number_of_bar < order.due {
                continue;
            }
            self.waiting.retain(|other| other.signal != order.signal);
            let fill = Fill { price: side.open, time: bar.ts, index, at_open: true };
            if !self.open_market(order.signal, symbol, fill)? {
                self.notes.rejected_at_fill.push(order.signal);
            }
        }
        Ok(())
    }

    /// Exit signals whose bar opens now: bid.open for a long, ask.open for a short.
    pub(crate) fn fill_exit_signals(&mut self, symbol: usize, index: usize) -> Result<(), String> {
        let Some(bar) = self.market.bar(symbol, index) else { return Ok(()) };
        let number_of_bar = self.market.ordinal(symbol, index);
        for order in self.closing.clone() {
            if order.symbol != symbol || number_of_bar != order.due {
                continue;
            }
            for id in order.positions {
                let price = bar.exit_side(self.account.positions[id].direction).open;
                self.close_by_signal(id, price, bar.ts, index)?;
            }
        }
        self.closing.retain(|order| order.symbol != symbol || order.due > number_of_bar);
        Ok(())
    }

    fn take_exit_signal(&mut self, symbol: usize, index: usize) -> Result<(), String> {
        let positions = self.account.open_of(symbol);
        if self.case.switches.market_fill == MarketFill::NextOpen {
            let due = self.market.ordinal(symbol, index) + 1 + self.case.switches.order_delay_bars;
            self.closing.push(WaitingExit { symbol, positions, due });
            return Ok(());
        }
        let bar = self.market.bar(symbol, index).expect("a signal comes with a bar of its symbol");
        for id in positions {
            let price = bar.exit_side(self.account.positions[id].direction).close;
            self.close_by_signal(id, price, bar.ts, index)?;
        }
        self.account.drop_inactive();
        Ok(())
    }

    fn close_by_signal(&mut self, id: usize, price: f64, time: i64, index: usize) -> Result<(), String> {
        if self.account.positions[id].status != Status::Open {
            return Ok(());
        }
        let price = self.slip_exit(id, price, index)?;
        self.close(id, price, time, Reason::Signal, true)
    }

    /// 3.1: slip, levels, distance check, size, lists, fee.
    fn open_market(&mut self, number: usize, symbol: usize, fill: Fill) -> Result<bool, String> {
        let signal = self.case.signals[number].clone();
        let direction = self.direction_of(number);
        let price = self.slip(fill.price, direction, symbol, fill.index)?;
        let (stop, target) = levels(&signal, direction, price);
        if !self.distance_is_enough(symbol, direction, price, stop) {
            return Ok(false);
        }
        let Some(size) = size(self.case, symbol, price, stop)? else { return Ok(false) };
        let mut position = self.new_position(number, symbol, fill.index);
        position.status = Status::Open;
        position.entry_time = fill.time;
        position.trigger_time = Some(fill.time);
        position.entry_price = price;
        position.stop_loss = stop;
        position.take_profit = target;
        position.initial_stop_loss = stop;
        position.initial_take_profit = target;
        position.size = size;
        position.filled_at_open = fill.at_open;
        let id = self.account.positions.len();
        self.account.positions.push(position);
        self.account.active.push(id);
        self.account.open.push(id);
        self.charge_entry(id, fill.time)?;
        Ok(true)
    }

    pub(crate) fn charge_entry(&mut self, id: usize, time: i64) -> Result<(), String> {
        let position = &self.account.positions[id];
        let symbol = position.symbol;
        let fee = fee(self.case, symbol, FeeSide::Entry, position.size, position.entry_price)?;
        self.account.book_entry_fee(id, time, &self.case.symbols[symbol], fee);
        Ok(())
    }

    pub(crate) fn new_position(&self, number: usize, symbol: usize, index: usize) -> Position {
        Position {
            signal: number,
            symbol,
            direction: self.direction_of(number),
            order_type: self.case.signals[number].kind,
            status: Status::Pending,
            entry_time: self.market.axis[index],
            trigger_time: None,
            exit_time: None,
            entry_price: 0.0,
            stop_loss: None,
            take_profit: None,
            initial_stop_loss: None,
            initial_take_profit: None,
            size: 0.0,
            risk_per_trade: self.case.risk_per_trade,
            exit_price: None,
            reason: None,
            result: None,
            r_multiple: Some(0.0),
            entry_fee: 0.0,
            exit_fee: 0.0,
            ambiguous: false,
            placed_bar: self.market.ordinal(symbol, index),
            triggers_from: 0,
            filled_at_open: false,
            triggered_at_open: false,
            break_even_done: false,
        }
    }

    /// The check of 3.1, or the signed one of 13.1 under `min_sl_distance_pips`; passed without a stop.
    pub(crate) fn distance_is_enough(
        &self,
        symbol: usize,
        direction: Direction,
        fill: f64,
        stop: Option<f64>,
    ) -> bool {
        let Some(stop) = stop else { return true };
        match self.case.switches.min_sl_distance_pips {
            Some(m) => {
                let least = 0.00001_f64.max(m * self.case.pip(symbol));
                direction.sign() * (fill - stop) >= least
            }
            None => (fill - stop).abs() >= 0.00001,
        }
    }

    pub(crate) fn symbol_of(&self, signal: &Signal) -> usize {
        self.case.symbols.iter().position(|s| *s == signal.symbol).expect("the signal's symbol is configured")
    }

    fn direction_of(&self, number: usize) -> Direction {
        self.case.signals[number].direction.expect("an entry signal has a direction")
    }
}

/// Stop and target of a fill: prices as given, distances from the fill.
pub(crate) fn levels(signal: &Signal, direction: Direction, fill: f64) -> (Option<f64>, Option<f64>) {
    let below = |distance: f64| fill - distance;
    let above = |distance: f64| fill + distance;
    let (stop, target) = match direction {
        Direction::Long => (signal.sl_distance.map(below), signal.tp_distance.map(above)),
        Direction::Short => (signal.sl_distance.map(above), signal.tp_distance.map(below)),
    };
    (signal.sl.or(stop), signal.tp.or(target))
}
