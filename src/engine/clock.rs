//! Which step comes next: the earliest on which anything can happen. A step on any other bar would change nothing.
//!
//! Events are the next candidate bar of a strategy, the next bar that can reach a level, move a managed stop, time a
//! position out, trigger or expire an order, the open a waiting order fills at, a rollover, and the end of the window.
//! Naming a bar on which nothing happens after all is allowed; leaving one out is not.

use super::calm::ONLY;
use super::context::contains;
use super::event_engine::EventEngine;
use super::observer::Observer;
use super::run::Clock;
use super::settings::{EquityMode, ManagementSettings};
use super::tape::Tape;
use crate::cache::bitmap;
use crate::costs::Draws;
use crate::data::passage::{Band, Passages};
use crate::data::{MultiSymbolData, SymbolSeries};
use crate::portfolio::{Position, PositionStatus};
use crate::strategy::{Candidates, Strategy};
use crate::types::{Direction, OrderType, PriceSide, StepRange, SymbolId, Timestamp};

/// No row of the window.
const NEVER: usize = usize::MAX;

/// The next step on which something can happen to an order, and for which state of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reach {
    step: usize,
    stop: Option<f64>,
    target: Option<f64>,
    status: PositionStatus,
}

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// The step to walk after `step`.
    #[inline]
    pub(super) fn next_event<const SINGLE: bool>(&mut self, step: usize) -> usize {
        match self.request.clock {
            Clock::EveryBar => step + 1,
            Clock::Skipping => self.next_possible::<SINGLE>(step),
        }
    }

    #[inline]
    fn next_possible<const SINGLE: bool>(&mut self, step: usize) -> usize {
        let soonest = step + 1;
        let mut next = self.window.end;
        if !self.waiting.orders().is_empty() || !self.waiting_exits.is_empty() {
            next = self.next_fill(soonest);
        }
        if next <= soonest || (self.settings.margin.is_some() && !self.book.open().is_empty()) {
            return soonest;
        }
        if self.next_ask <= step {
            self.next_ask = self.find_ask::<SINGLE>(step);
        }
        next = next.min(self.next_ask);
        if next <= soonest {
            return soonest;
        }
        if self.next_touch <= step {
            self.next_touch = self.find_touch::<SINGLE>(step);
        }
        next.min(self.next_touch).max(soonest)
    }

    /// Next step after this one on which any strategy may speak.
    #[inline]
    fn find_ask<const SINGLE: bool>(&mut self, step: usize) -> usize {
        if SINGLE {
            let Some(rows) = self.rows_of(0, ONLY) else { return step + 1 };
            return bitmap::next_set(rows, step + 1).unwrap_or(NEVER);
        }
        (0..self.agents.len()).fold(NEVER, |next, index| next.min(self.next_candidate(index, step)))
    }

    /// Next step after this one on which something can happen to any active order.
    #[inline]
    fn find_touch<const SINGLE: bool>(&mut self, step: usize) -> usize {
        if let ([order], true) = (self.book.active(), SINGLE) {
            return self.touching_row(0, order, step + 1).unwrap_or(NEVER);
        }
        (0..self.book.active().len()).fold(NEVER, |next, index| next.min(self.next_of_order(index, step)))
    }

    /// Orders have come, gone or changed: when something can happen to them has to be found again.
    #[inline]
    pub(super) fn orders_changed(&mut self) {
        self.next_touch = 0;
    }

    /// Next step at whose open something that waits is filled.
    #[inline]
    fn next_fill(&self, soonest: usize) -> usize {
        let mut next = self.window.end;
        for waiting in self.waiting.orders() {
            next = next.min(self.step_of_row(waiting.signal.symbol, waiting.due, soonest));
        }
        for waiting in &self.waiting_exits {
            next = next.min(self.step_of_row(waiting.symbol, waiting.due, soonest));
        }
        next
    }

    /// Next step on which a strategy may speak, remembered until it comes or the strategy holds something else.
    fn next_candidate(&mut self, index: usize, step: usize) -> usize {
        if self.due[index] > step {
            return self.due[index];
        }
        let Some(symbol) = self.agents[index].symbol else { return step + 1 };
        let Some(rows) = self.rows_of(index, symbol) else { return step + 1 };
        let row = bitmap::next_set(rows, next_row(&self.tapes[symbol.index()], step));
        let next = row.map_or(NEVER, |row| self.step_of_row(symbol, row, step + 1));
        self.due[index] = next;
        next
    }

    /// What a symbol holds has changed: when its strategies may speak has to be found again.
    #[inline]
    pub(super) fn holding_changed(&mut self, symbol: SymbolId) {
        self.orders_changed();
        self.next_ask = 0;
        for (due, agent) in self.due.iter_mut().zip(&self.agents) {
            if agent.symbol == Some(symbol) {
                *due = 0;
            }
        }
    }

    /// The rows on which a strategy may speak, given what its symbol holds; `None` = all.
    #[inline]
    pub(super) fn rows_of(&self, index: usize, symbol: SymbolId) -> Option<&[u64]> {
        self.rows_when(index, self.held(symbol))
    }

    /// The rows on which a strategy may speak while its symbol holds a position of this direction, or none; `None` = all.
    #[inline]
    pub(super) fn rows_when(&self, index: usize, held: Option<Direction>) -> Option<&[u64]> {
        match &self.agents[index].candidates {
            Candidates::EveryBar => None,
            Candidates::Mask(rows) => Some(rows),
            Candidates::ByPosition { flat, long, short } => Some(match held {
                None => flat,
                Some(direction) => [long, short][direction as usize],
            }),
        }
    }

    /// The direction of the oldest open position of a symbol.
    #[inline]
    fn held(&self, symbol: SymbolId) -> Option<Direction> {
        if self.book.open().is_empty() {
            return None;
        }
        let mut active = self.book.active().iter();
        let oldest = active.find(|p| p.symbol == symbol && p.status == PositionStatus::Open);
        oldest.map(|position| position.direction)
    }

    /// Whether a strategy is asked on a step: not on rows it promised to be silent on, when the clock skips.
    #[inline]
    pub(super) fn may_speak<const SINGLE: bool>(&self, index: usize, step: usize) -> bool {
        if self.request.clock == Clock::EveryBar {
            return true;
        }
        if SINGLE {
            return self.rows_of(0, ONLY).is_none_or(|rows| contains(rows, step));
        }
        if self.due[index] > step {
            return false;
        }
        let Some(symbol) = self.agents[index].symbol else { return true };
        let Some(row) = self.tapes[symbol.index()].row(step) else { return false };
        self.rows_of(index, symbol).is_none_or(|rows| contains(rows, row))
    }

    /// Next step on which something can happen to an order, remembered until it comes or the order changes.
    fn next_of_order(&mut self, index: usize, step: usize) -> usize {
        let known = self.book.ticket(index).reach;
        if known.is_some_and(|reach| reach.step > step && self.still_holds(&reach, index)) {
            return known.map_or(NEVER, |reach| reach.step);
        }
        let position = self.book.position(index);
        let (symbol, stop, target) = (position.symbol, position.stop_loss, position.take_profit);
        let status = position.status;
        let tape = &self.tapes[symbol.index()];
        let row = self.touching_row(index, position, next_row(tape, step));
        let next = row.map_or(NEVER, |row| self.step_of_row(symbol, row, step + 1));
        self.book.ticket_mut(index).reach = Some(Reach { step: next, stop, target, status });
        next
    }

    /// First row on which something can happen to an order.
    #[inline]
    fn touching_row(&self, index: usize, order: &Position, from: usize) -> Option<usize> {
        match order.status {
            PositionStatus::Pending => self.pending_row(order, from),
            _ => self.open_row(index, from),
        }
    }

    /// First row from one on whose bar leaves a band; without a band there is nothing to look for.
    #[inline]
    pub(super) fn passage(
        &self,
        symbol: SymbolId,
        side: PriceSide,
        from: usize,
        band: Band,
    ) -> Option<usize> {
        self.passage_until(symbol, side, (from, usize::MAX), band)
    }

    /// The same for whom only rows up to the second one matter; the answer may still be a later one.
    #[inline]
    pub(super) fn passage_until(
        &self,
        symbol: SymbolId,
        side: PriceSide,
        (from, until): (usize, usize),
        band: Band,
    ) -> Option<usize> {
        let endless = band.below == f64::NEG_INFINITY && band.above == f64::INFINITY;
        if endless {
            return None;
        }
        self.passages[symbol.index()][side as usize].first_until(from, until, band)
    }

    /// Whether an order is still what its next event was found for. Only the management phase moves levels.
    #[inline]
    fn still_holds(&self, reach: &Reach, index: usize) -> bool {
        let position = self.book.position(index);
        reach.status == position.status
            && (!self.manages || (reach.stop, reach.target) == (position.stop_loss, position.take_profit))
    }

    /// First row on which a pending order can trigger or expires.
    fn pending_row(&self, order: &Position, from: usize) -> Option<usize> {
        let placed = order.row as usize;
        let first = from.max(placed + 1 + self.settings.order_delay_bars as usize);
        let (side, band) = trigger_band(order);
        let reached = self.passage(order.symbol, side, first, band);
        let expiry = self.settings.pending_ttl_bars.map(|bars| (placed + bars as usize).max(from));
        earliest(reached, expiry)
    }

    /// First row on which an open position can close or its stop can move.
    #[inline]
    fn open_row(&self, index: usize, from: usize) -> Option<usize> {
        let (position, ticket) = (self.book.position(index), self.book.ticket(index));
        let agent = &self.agents[ticket.agent];
        if agent.manages {
            return Some(from);
        }
        let execution = self.simulator.symbol(position.symbol.index());
        let buffer = execution.pip_size * self.settings.pip_buffer_factor;
        let rules = self.manages.then_some(&self.settings.management);
        let (side, band) = exit_band(position, buffer, rules);
        let reached = self.passage(position.symbol, side, from, band);
        let times = self.tapes[position.symbol.index()].times;
        let first_at = |instant: i64| times.partition_point(|&time| time < instant).max(from);
        let timeout = self.max_holding.or(agent.max_holding).map(|longest| {
            let since = if self.clock_at_fill() { position.trigger_time } else { position.entry_time };
            first_at(since.0.saturating_add(longest))
        });
        let night = self.nights.get(ticket.next_night).map(|night| first_at(night.time.0));
        earliest(earliest(reached, timeout), night.filter(|_| self.swaps[position.symbol.index()].is_some()))
    }

    /// The step of a row, at least `soonest`; beyond every window for a row that is not there.
    fn step_of_row(&self, symbol: SymbolId, row: usize, soonest: usize) -> usize {
        let tape = &self.tapes[symbol.index()];
        if tape.is_dense() {
            return row.max(soonest);
        }
        match tape.times.get(row) {
            Some(&time) => self.data.step_at(Timestamp(time)).max(soonest),
            None => NEVER,
        }
    }

    /// Books what the steps in `from..to`, on which nothing happens to the open positions, still show: bars in position,
    /// floating equity.
    pub(super) fn pass_over(&mut self, from: usize, to: usize) -> Result<(), super::EngineError> {
        self.counters.bars_in_position += (to - from) as u64;
        if self.settings.equity_mode == EquityMode::Cash {
            return Ok(());
        }
        let mut marks = std::mem::take(&mut self.marks);
        marks.clear();
        let known = self.find_marks(&mut marks);
        let cash = self.ledger.cash();
        match &marks[..] {
            [mark] if known => self.equity = self.equities.pass_over(mark, from, to, cash),
            marks => {
                for step in from..to {
                    self.equity = if known {
                        marks.iter().fold(cash, |equity, mark| equity + mark.result(step))
                    } else {
                        self.marked_equity(step)?
                    };
                    self.record(step);
                }
            }
        }
        self.marks = marks;
        Ok(())
    }
}

/// The bars of both sides of every symbol within a window, bid first.
pub(super) fn passages(data: &MultiSymbolData, window: StepRange) -> Vec<[Passages<'_>; 2]> {
    data.symbols().iter().map(|series| both_sides(series, window)).collect()
}

fn both_sides(series: &SymbolSeries, window: StepRange) -> [Passages<'_>; 2] {
    let last = window.end.checked_sub(1).and_then(|step| series.last_row(step));
    let rows = last.map_or(0, |last| last + 1);
    [PriceSide::Bid, PriceSide::Ask].map(|side| Passages::of(&series.bars, side, rows))
}

/// First row after a step.
#[inline]
fn next_row(tape: &Tape<'_>, step: usize) -> usize {
    tape.last_row(step).map_or(0, |row| row + 1)
}

fn earliest(left: Option<usize>, right: Option<usize>) -> Option<usize> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

/// The prices that trigger a pending order, on its entry side.
fn trigger_band(order: &Position) -> (PriceSide, Band) {
    let level = order.entry_price;
    let below = Band { below: level, above: f64::INFINITY };
    let above = Band { below: f64::NEG_INFINITY, above: level };
    let band = match (order.order_type, order.direction) {
        (OrderType::Limit, Direction::Long) | (OrderType::Stop, Direction::Short) => below,
        _ => above,
    };
    (order.direction.entry_side(), band)
}

/// The prices that can close a position or move its managed stop, on its exit side.
#[inline]
pub(super) fn exit_band(
    position: &Position,
    buffer: f64,
    rules: Option<&ManagementSettings>,
) -> (PriceSide, Band) {
    let managed = rules.and_then(|rules| managed_level(position, rules));
    // As for a long; a short's prices have the other sign, which rounds alike.
    let side = position.direction;
    let stop = position.stop_loss.map_or(f64::NEG_INFINITY, |stop| side.signed(stop) + buffer);
    let target = position.take_profit.map_or(f64::INFINITY, |target| side.signed(target) - buffer);
    let target = managed.map_or(target, |managed| target.min(side.signed(managed)));
    let (stop, target) = (side.signed(stop), side.signed(target));
    (side.exit_side(), Band { below: side.pick(stop, target), above: side.pick(target, stop) })
}

/// A price short of which neither break-even nor trailing can move the stop; a little early, so that the rounding of
/// the rules themselves cannot be missed.
fn managed_level(position: &Position, rules: &ManagementSettings) -> Option<f64> {
    let risk = (position.entry_price - position.initial_stop_loss?).abs();
    let stop = position.stop_loss?;
    let (entry, side) = (position.entry_price, position.direction.sign());
    // Nearer to the position's profit for a long when larger, for a short when smaller.
    let profit_at = |r: f64| side * entry + r * risk;
    let break_even = rules.be_trigger_r.filter(|_| !position.break_even_done).map(profit_at);
    let trail = rules.trail_distance_r.map(|distance| {
        let starts = profit_at(rules.trail_start_r.unwrap_or(0.0));
        starts.max(side * stop + distance * risk)
    });
    let soonest = match (break_even, trail) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b)?,
    };
    let slack = 1e-9 * (entry.abs() + soonest.abs());
    Some(side * (soonest - slack))
}
