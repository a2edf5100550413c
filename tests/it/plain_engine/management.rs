//! Holding time, break-even, trailing and scripted updates: 8.1.

use super::account::{Reason, Status};
use super::input::{Direction, Manager};
use super::market::Bar;
use super::run::Run;
use super::switches::HoldingClock;

impl Run<'_> {
    pub(crate) fn management_phase(&mut self, symbol: usize, index: usize) -> Result<(), String> {
        let Some(manager) = self.case.position_manager.clone() else { return Ok(()) };
        let Some(bar) = self.market.bar(symbol, index) else { return Ok(()) };
        for id in self.account.open_of(symbol) {
            self.time_out(id, &manager, &bar, index)?;
            if self.account.positions[id].status != Status::Open {
                continue;
            }
            self.break_even(id, &manager, &bar);
            self.trail(id, &manager, &bar);
            self.scripted(id, &manager, index);
        }
        self.account.drop_inactive();
        Ok(())
    }

    fn time_out(&mut self, id: usize, manager: &Manager, bar: &Bar, index: usize) -> Result<(), String> {
        let Some(minutes) = manager.max_holding_minutes else { return Ok(()) };
        let position = &self.account.positions[id];
        let since = match self.case.switches.holding_clock {
            HoldingClock::Signal => position.entry_time,
            HoldingClock::Fill => position.trigger_time.expect("an open position was filled"),
        };
        if bar.ts - since < minutes * 60_000_000 {
            return Ok(());
        }
        let price = bar.exit_side(position.direction).close;
        self.close_without_level(id, price, bar.ts, Reason::Timeout, index)
    }

    /// A close at the market that no level caused: free of costs unless `timeout_costs` is on.
    pub(crate) fn close_without_level(
        &mut self,
        id: usize,
        price: f64,
        time: i64,
        reason: Reason,
        index: usize,
    ) -> Result<(), String> {
        let costs = self.case.switches.timeout_costs;
        let price = if costs { self.slip_against(id, price, index)? } else { price };
        self.close(id, price, time, reason, costs)
    }

    fn break_even(&mut self, id: usize, manager: &Manager, bar: &Bar) {
        let Some(trigger_r) = manager.be_trigger_r else { return };
        let Some((d, p, r0)) = self.measure(id, bar) else { return };
        let position = &mut self.account.positions[id];
        if position.break_even_done || d * (p - position.entry_price) < trigger_r * r0 {
            return;
        }
        position.break_even_done = true;
        let pip = self.case.pip(position.symbol);
        let candidate = position.entry_price + d * manager.be_offset_pips.unwrap_or(0.0) * pip;
        self.tighten(id, d, p, candidate);
    }

    fn trail(&mut self, id: usize, manager: &Manager, bar: &Bar) {
        let (Some(start_r), Some(distance_r)) = (manager.trail_start_r, manager.trail_distance_r) else {
            return;
        };
        let Some((d, p, r0)) = self.measure(id, bar) else { return };
        if d * (p - self.account.positions[id].entry_price) >= start_r * r0 {
            self.tighten(id, d, p, p - d * distance_r * r0);
        }
    }

    /// `(d, p, R0)` of 8.1; nothing for a position whose R0 is 0 or undefined.
    fn measure(&self, id: usize, bar: &Bar) -> Option<(f64, f64, f64)> {
        let position = &self.account.positions[id];
        let r0 = (position.entry_price - position.initial_stop_loss?).abs();
        let p = bar.exit_side(position.direction).close;
        (r0 != 0.0).then_some((position.direction.sign(), p, r0))
    }

    /// Applied only if it tightens the stop and does not lie beyond the price.
    fn tighten(&mut self, id: usize, d: f64, p: f64, candidate: f64) {
        let position = &mut self.account.positions[id];
        let tightens = position.stop_loss.is_none_or(|stop| d * (candidate - stop) > 0.0);
        let beyond = match position.direction {
            Direction::Long => candidate > p,
            Direction::Short => candidate < p,
        };
        if tightens && !beyond {
            position.stop_loss = Some(candidate);
        }
    }

    fn scripted(&mut self, id: usize, manager: &Manager, index: usize) {
        let position = &mut self.account.positions[id];
        for update in &manager.updates {
            if update.index != index || update.signal != position.signal {
                continue;
            }
            position.stop_loss = update.sl.or(position.stop_loss);
            position.take_profit = update.tp.or(position.take_profit);
        }
    }
}
