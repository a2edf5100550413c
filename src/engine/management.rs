//! After the exits of a bar: holding time, break-even, trailing, the strategy's own hand, expiry (`execution.md` 8.1).

use super::event_engine::{EngineError, EventEngine};
use super::exits::PriceField;
use super::observer::Observer;
use super::settings::ManagementSettings;
use crate::costs::Draws;
use crate::execution::simulator::ExitSlip;
use crate::portfolio::{Position, PositionStatus};
use crate::strategy::{BarView, PositionAction, Strategy};
use crate::types::{CloseReason, SymbolId};

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// Looks after the open positions of every symbol that has a bar, in opening order.
    #[inline]
    pub(super) fn management_phase(&mut self, step: usize) -> Result<(), EngineError> {
        if !self.manages || self.book.open().is_empty() {
            return Ok(());
        }
        for symbol in self.data.ids() {
            if let Some(bar) = BarView::at(self.data, symbol, step) {
                self.manage_symbol(symbol, &bar)?;
            }
        }
        Ok(())
    }

    fn manage_symbol(&mut self, symbol: SymbolId, bar: &BarView<'_>) -> Result<(), EngineError> {
        let (mut place, mut closed) = (0, false);
        while place < self.book.open().len() {
            let index = self.book.open()[place];
            if self.book.position(index).symbol == symbol && self.manage(index, bar)? {
                closed = true;
            } else {
                place += 1;
            }
        }
        if closed {
            self.book.sweep();
        }
        Ok(())
    }

    /// The rules in their order; a close stops the chain. Returns whether the position was closed.
    fn manage(&mut self, index: usize, bar: &BarView<'_>) -> Result<bool, EngineError> {
        if self.held_too_long(index, bar) {
            let slips = if self.settings.timeout_costs { ExitSlip::Adverse } else { ExitSlip::None };
            self.close_at_market(bar.step(), bar.row(), index, slips, CloseReason::Timeout)?;
            return Ok(true);
        }
        let price = self.exit_price_field(self.book.position(index), bar.row(), PriceField::Close);
        let pip = self.simulator.symbol(bar.symbol().index()).pip_size;
        let rules = &self.settings.management;
        break_even(self.book.position_mut(index), rules, price, pip);
        trail(self.book.position_mut(index), rules, price);
        self.ask_strategy(index, bar)
    }

    fn held_too_long(&self, index: usize, bar: &BarView<'_>) -> bool {
        let agent = &self.agents[self.ticket(index).agent];
        let Some(longest) = self.max_holding.or(agent.max_holding) else { return false };
        let position = self.book.position(index);
        let since = if self.clock_at_fill() { position.trigger_time } else { position.entry_time };
        bar.time().0 - since.0 >= longest
    }

    fn ask_strategy(&mut self, index: usize, bar: &BarView<'_>) -> Result<bool, EngineError> {
        let agent = &mut self.agents[self.book.ticket(index).agent];
        if !agent.manages {
            return Ok(false);
        }
        match agent.strategy.manage_position(self.book.position(index), bar) {
            PositionAction::Keep => Ok(false),
            PositionAction::Move { stop_loss, take_profit } => {
                let position = self.book.position_mut(index);
                position.stop_loss = stop_loss.or(position.stop_loss);
                position.take_profit = take_profit.or(position.take_profit);
                Ok(false)
            }
            PositionAction::Close => {
                self.close_at_market(bar.step(), bar.row(), index, ExitSlip::Rule, CloseReason::Signal)?;
                Ok(true)
            }
        }
    }

    /// Drops pending orders that have waited their bars.
    pub(super) fn expire(&mut self, step: usize) {
        let Some(bars) = self.settings.pending_ttl_bars else { return };
        let mut expired = false;
        for index in 0..self.book.active().len() {
            let position = self.book.position(index);
            let row = self.data.symbol(position.symbol).row(step);
            let due = position.row as usize + bars as usize;
            if position.status == PositionStatus::Pending && row.is_some_and(|row| row >= due) {
                self.book.position_mut(index).status = PositionStatus::Closed;
                self.counters.expired += 1;
                self.observer.expired(self.book.position(index));
                expired = true;
            }
        }
        if expired {
            self.book.sweep();
        }
    }
}

/// Risk at the fill, price units; `None` without a stop or with one at the entry.
fn initial_risk(position: &Position) -> Option<f64> {
    let risk = (position.entry_price - position.initial_stop_loss?).abs();
    (risk != 0.0).then_some(risk)
}

/// When the profit first reaches its trigger, and only then, the stop goes to the entry and a little beyond.
fn break_even(position: &mut Position, rules: &ManagementSettings, price: f64, pip: f64) {
    let Some(trigger) = rules.be_trigger_r else { return };
    let Some(risk) = initial_risk(position).filter(|_| !position.break_even_done) else { return };
    let side = position.direction.sign();
    if side * (price - position.entry_price) >= trigger * risk {
        let offset = rules.be_offset_pips.unwrap_or(0.0);
        let candidate = position.entry_price + side * offset * pip;
        tighten(position, candidate, price);
        position.break_even_done = true;
    }
}

/// From its start on the stop follows the price at a distance.
fn trail(position: &mut Position, rules: &ManagementSettings, price: f64) {
    let Some(distance) = rules.trail_distance_r else { return };
    let Some(risk) = initial_risk(position) else { return };
    let side = position.direction.sign();
    if side * (price - position.entry_price) >= rules.trail_start_r.unwrap_or(0.0) * risk {
        tighten(position, price - side * distance * risk, price);
    }
}

/// Moves the stop if that tightens it and the price is not beyond it already.
fn tighten(position: &mut Position, candidate: f64, price: f64) {
    let side = position.direction.sign();
    let tightens = position.stop_loss.is_some_and(|stop| side * (candidate - stop) > 0.0);
    let beyond_price = side * (price - candidate) < 0.0;
    if tightens && !beyond_price {
        position.stop_loss = Some(candidate);
    }
}
