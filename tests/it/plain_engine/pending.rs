//! Limit and stop orders: placing (3.2), triggers (3.3) and what the fill costs (9, 13.1).

use super::account::{Position, Status};
use super::input::{Direction, Signal, SignalKind};
use super::market::Bar;
use super::orders::levels;
use super::run::Run;
use super::sizing::size;

impl Run<'_> {
    /// 3.2. Levels given as prices are known from here on, distances only from the fill on.
    pub(crate) fn place_pending(
        &mut self,
        number: usize,
        signal: &Signal,
        symbol: usize,
        index: usize,
        due: usize,
    ) -> Result<(), String> {
        let mut position = self.new_position(number, symbol, index);
        position.entry_price = signal.entry.ok_or("a pending order needs its price")?;
        position.stop_loss = signal.sl;
        position.take_profit = signal.tp;
        position.initial_stop_loss = signal.sl;
        position.initial_take_profit = signal.tp;
        position.triggers_from = due;
        self.account.active.push(self.account.positions.len());
        self.account.positions.push(position);
        Ok(())
    }

    /// 3.3: opens the pending order if this bar triggers it and its adjusted price passes the checks.
    pub(crate) fn try_trigger(&mut self, id: usize, bar: &Bar, index: usize) -> Result<(), String> {
        let position = self.account.positions[id].clone();
        let symbol = position.symbol;
        let too_early = self.market.ordinal(symbol, index) < position.triggers_from;
        if too_early || bar.ts <= position.entry_time || !is_triggered(&position, bar) {
            return Ok(());
        }
        let switches = &self.case.switches;
        let mut price = position.entry_price;
        if switches.gap_fills {
            price = gap_entry(&position, bar);
        }
        let at_open =
            switches.gap_fills && bar.entry_side(position.direction).is_some_and(|s| s.open == price);
        if switches.pending_slippage && position.order_type == SignalKind::Stop {
            price = self.slip(price, position.direction, symbol, index)?;
        }
        let signal = self.case.signals[position.signal].clone();
        let (stop, target) = levels(&signal, position.direction, price);
        let checked =
            switches.min_sl_distance_pips.is_some() || switches.gap_fills || switches.pending_slippage;
        let refused = checked && !self.distance_is_enough(symbol, position.direction, price, stop);
        let size = if refused { None } else { size(self.case, symbol, price, stop)? };
        let Some(size) = size else {
            self.account.positions[id].status = Status::Dropped;
            self.notes.rejected_at_trigger.push(position.signal);
            return Ok(());
        };
        let opened = &mut self.account.positions[id];
        opened.entry_price = price;
        opened.stop_loss = stop;
        opened.take_profit = target;
        opened.initial_stop_loss = stop;
        opened.initial_take_profit = target;
        opened.size = size;
        opened.status = Status::Open;
        opened.trigger_time = Some(bar.ts);
        opened.triggered_at_open = at_open;
        self.account.open.push(id);
        self.charge_entry(id, bar.ts)
    }
}

/// The table of 3.3.
pub(crate) fn is_triggered(position: &Position, bar: &Bar) -> bool {
    let entry = position.entry_price;
    match (position.order_type, position.direction, bar.ask) {
        (SignalKind::Limit, Direction::Long, Some(ask)) => ask.low <= entry,
        (SignalKind::Stop, Direction::Long, Some(ask)) => ask.high >= entry,
        (SignalKind::Limit, Direction::Short, _) => bar.bid.high >= entry,
        (SignalKind::Stop, Direction::Short, _) => bar.bid.low <= entry,
        _ => false,
    }
}

/// Section 9, entries.
fn gap_entry(position: &Position, bar: &Bar) -> f64 {
    let entry = position.entry_price;
    let Some(side) = bar.entry_side(position.direction) else { return entry };
    match (position.order_type, position.direction) {
        (SignalKind::Stop, Direction::Long) | (SignalKind::Limit, Direction::Short) => entry.max(side.open),
        _ => entry.min(side.open),
    }
}
