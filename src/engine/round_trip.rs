//! Round trips: a lone position from its signal to its close, without the phases that have nothing to do on the way.
//!
//! Most runs hold one position at a time, entered at market and left at a level or on a signal. Between two statements of
//! the strategy nothing can happen to it that is not known when it opens, so its events are taken one after the other.
//! Whatever else is said or waits gets whole steps, from the very phase on at which it came up.

use super::calm::ONLY;
use super::event_engine::{EngineError, EventEngine};
use super::observer::Observer;
use super::run::Clock;
use super::settings::{EquityMode, StepOrder};
use super::waiting::{Waiting, WaitingExit};
use crate::cache::bitmap;
use crate::costs::Draws;
use crate::execution::exits::Holding;
use crate::portfolio::PositionStatus;
use crate::strategy::{AccountView, BarView, Candidates, Signal, Strategy};
use crate::types::OrderType;

/// What a strategy has said, as far as a round trip goes. Entries and other statements still stand in the list of signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Nothing,
    /// An order at market that can be left waiting for the next open.
    Enter,
    /// To close the position.
    Close,
    /// Anything else.
    Other,
}

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// Whether all there is to a lone position are its levels and what the strategy says on bars it has promised.
    pub(super) fn has_round_trips(&self) -> bool {
        let settings = self.settings;
        let promises = self.request.clock == Clock::Skipping
            && !self.agents.iter().any(|agent| matches!(agent.candidates, Candidates::EveryBar));
        let charged = self.manages || settings.margin.is_some() || !self.nights.is_empty();
        let gated = self.gates.any() || self.context.has_news(ONLY);
        promises && !charged && !gated && self.next_open() && settings.order_delay_bars == 0
    }

    /// Takes positions one after the other until `end` or until something asks for a whole step.
    pub(super) fn pass_round_trips(&mut self, end: usize) -> Result<(), EngineError> {
        self.next_ask = 0;
        let mut filled = None;
        // The first step of a window puts the account on the curve.
        while self.window.start < self.next_step && self.next_step < end {
            if !self.waiting.orders().is_empty() || !self.waiting_exits.is_empty() {
                break;
            }
            match self.book.active() {
                [] => filled = self.await_entry(end)?,
                [position] if position.status == PositionStatus::Open => filled = self.hold(end, filled)?,
                _ => break,
            }
        }
        Ok(())
    }

    /// From the next step on to the next entry. Returns the step on which a position was filled.
    fn await_entry(&mut self, end: usize) -> Result<Option<usize>, EngineError> {
        loop {
            let step = self.promised_from(self.next_step);
            self.next_step = step;
            if step >= end {
                return Ok(None);
            }
            self.counters.bars_stepped += 1;
            self.next_step = step + 1;
            match self.hear(step) {
                Heard::Nothing => {}
                Heard::Enter => return self.enter_at(step + 1, end),
                Heard::Close | Heard::Other => return self.rest_of_step(step).map(|()| None),
            }
        }
    }

    /// Fills the order that was said at the open of a step, or leaves it waiting where that lies beyond `end`. Returns the
    /// step when a position was filled on it.
    fn enter_at(&mut self, step: usize, end: usize) -> Result<Option<usize>, EngineError> {
        let mut said = std::mem::take(&mut self.signals);
        let [Signal::Enter(signal)] = said.as_slice() else { unreachable!("an entry was heard") };
        let number = self.book.take_number();
        self.observer.signal(signal, Ok(number));
        let filled = if step < end {
            self.counters.bars_stepped += 1;
            self.fill_at_open(step, step, 0, number, signal)?
        } else {
            self.waiting.push(Waiting { number, agent: 0, signal: *signal, due: step });
            false
        };
        said.clear();
        self.signals = said;
        Ok(filled.then_some(step))
    }

    /// Follows the only position from the next step on, on which it is held already. The step it was filled on is counted.
    /// Returns the step on which the next one was filled, where that followed at once.
    fn hold(&mut self, end: usize, filled: Option<usize>) -> Result<Option<usize>, EngineError> {
        let mut look = self.next_step;
        if self.next_touch < look {
            self.next_touch = self.find_touch::<true>(look - 1);
        }
        loop {
            let asked = self.promised_from(look);
            let step = asked.min(self.next_touch).min(self.window.end);
            self.book_held(step)?;
            if step >= end {
                return Ok(None);
            }
            let touched = self.next_touch == step;
            let exits_first = self.settings.step_order == StepOrder::ExitsFirst;
            self.counters.bars_stepped += u64::from(filled != Some(step));
            if touched && exits_first && self.close_at_level(step)? {
                return self.flat_within(step, end);
            }
            let said = if asked == step { self.hear(step) } else { Heard::Nothing };
            if matches!(said, Heard::Enter | Heard::Other) {
                return self.rest_of_step(step).map(|()| None);
            }
            if touched && !exits_first && self.close_at_level(step)? {
                self.next_step = step + 1;
                return self.settle(step).map(|()| None);
            }
            if said == Heard::Close {
                return self.leave_at(step + 1, end);
            }
            if touched {
                self.next_touch = self.find_touch::<true>(step);
            }
            look = step + 1;
        }
    }

    /// Books the steps before `step` on which the position is held.
    #[inline]
    fn book_held(&mut self, step: usize) -> Result<(), EngineError> {
        let from = self.next_step;
        self.next_step = step;
        if from == step {
            return Ok(());
        }
        if self.settings.equity_mode == EquityMode::Cash {
            self.equity = self.ledger.cash();
            self.record(from);
        }
        self.pass_over(from, step)
    }

    /// Closes the position where the bar of a step reaches a level. Returns whether it does.
    #[inline]
    fn close_at_level(&mut self, step: usize) -> Result<bool, EngineError> {
        let buffer = self.simulator.symbol(ONLY.index()).pip_size * self.settings.pip_buffer_factor;
        let closed = self.try_exit(step, step, 0, Holding::FromOpen, buffer)?;
        if closed {
            self.book.sweep();
        }
        Ok(closed)
    }

    /// Closes the position at the open of a step, or leaves its exit waiting where that lies beyond `end`.
    fn leave_at(&mut self, step: usize, end: usize) -> Result<Option<usize>, EngineError> {
        self.book_held(step)?;
        if step >= end {
            let number = self.book.position(0).number;
            self.waiting_exits.push(WaitingExit { number, symbol: ONLY, due: step });
            return Ok(None);
        }
        self.counters.bars_stepped += 1;
        self.close_at_open(step, step, 0)?;
        self.book.sweep();
        self.flat_within(step, end)
    }

    /// The rest of a step during which the position was closed, before the strategy is asked. Returns as
    /// `enter_at` does.
    fn flat_within(&mut self, step: usize, end: usize) -> Result<Option<usize>, EngineError> {
        let asked = self.promised_from(step) == step;
        let said = if asked { self.hear(step) } else { Heard::Nothing };
        if matches!(said, Heard::Close | Heard::Other) {
            return self.rest_of_step(step).map(|()| None);
        }
        self.next_step = step + 1;
        self.settle(step)?;
        if said == Heard::Enter { self.enter_at(step + 1, end) } else { Ok(None) }
    }

    /// Does what the strategy has said on a step, and what is left of the step.
    fn rest_of_step(&mut self, step: usize) -> Result<(), EngineError> {
        let bars = &*self.data.symbol(ONLY).bars;
        self.process_signals(step, 0, &BarView::of_row(self.data, bars, ONLY, step))?;
        if self.settings.step_order == StepOrder::StrategyFirst {
            self.look_after::<true>(step)?;
        }
        self.settle(step)?;
        self.turn::<true>(step)
    }

    /// First step from `from` on, up to the end of the window, on which the strategy may speak.
    #[inline]
    fn promised_from(&self, from: usize) -> usize {
        let row = self.rows_of(0, ONLY).and_then(|rows| bitmap::next_set(rows, from));
        row.map_or(self.window.end, |row| row.min(self.window.end))
    }

    /// Asks the strategy on a step.
    #[inline]
    fn hear(&mut self, step: usize) -> Heard {
        let bars = &*self.data.symbol(ONLY).bars;
        let bar = BarView::of_row(self.data, bars, ONLY, step);
        let account = AccountView::new(self.book.active(), self.ledger.cash(), self.equity);
        self.agents[0].strategy.evaluate(&bar, &account, &mut self.signals);
        let halted = || self.settings.halt_on_ruin && self.ledger.cash() <= 0.0;
        let said = match self.signals.as_slice() {
            [] => Heard::Nothing,
            [Signal::Enter(signal)]
                if signal.order_type == OrderType::Market
                    && signal.symbol == ONLY
                    && self.book.active().is_empty()
                    && !halted() =>
            {
                Heard::Enter
            }
            [Signal::Close(ONLY)] if !self.book.active().is_empty() => Heard::Close,
            _ => Heard::Other,
        };
        if said == Heard::Close {
            self.signals.clear();
        }
        said
    }
}
