//! Round trips: a lone position from its signal to its close, without the phases that have nothing to do on the way.
//!
//! Most runs hold one position at a time, entered at market and left at a level or on a signal. Between two statements of
//! the strategy nothing can happen to it that is not known when it opens, so its events are taken one after the other, and
//! it stands in no list meanwhile. Whatever else is said or waits gets whole steps, from the very phase on at which it
//! came up.

use std::slice;

use super::book::Opened;
use super::calm::ONLY;
use super::clock::exit_band;
use super::entries::address;
use super::event_engine::{EngineError, EventEngine};
use super::exits::Close;
use super::observer::Observer;
use super::run::Clock;
use super::settings::{EquityMode, StepOrder};
use super::waiting::{Waiting, WaitingExit};
use super::walk::Walk;
use crate::cache::bitmap;
use crate::costs::Draws;
use crate::execution::exits::Holding;
use crate::portfolio::Position;
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

/// How far a position was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Followed {
    /// To the end of what is walked.
    ToEnd,
    /// To a step on which it was closed; from there on the strategy speaks at `next` for the first time.
    Closed { step: usize, next: usize },
    /// To a step on which the strategy has said something that needs the rest of the whole step.
    Whole(usize),
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

    /// Whether highs and lows of bars are looked at, as far as the run has shown.
    pub(super) fn watches_levels(&self) -> bool {
        self.walk != Walk::RoundTrips || self.has_levels
    }

    /// Takes positions one after the other until `end` or until something asks for a whole step.
    pub(super) fn pass_round_trips(&mut self, end: usize) -> Result<(), EngineError> {
        // The first step of a window puts the account on the curve.
        while self.window.start < self.next_step && self.next_step < end {
            let waits = !self.waiting.orders().is_empty() || !self.waiting_exits.is_empty();
            if waits || self.book.active().len() != self.book.open().len() || self.book.open().len() > 1 {
                break;
            }
            let mut held = self.book.take_lone();
            let whole = self.pass_lone(&mut held, end)?;
            let touch = self.next_touch;
            self.enlist(0, held);
            (self.next_ask, self.next_touch) = (0, touch);
            if let Some(step) = whole {
                self.rest_of_step(step)?;
            }
        }
        Ok(())
    }

    /// Takes the position that is held and those after it until `end`, or to a step that it returns because its rest has
    /// to be walked whole.
    fn pass_lone(&mut self, held: &mut Option<Opened>, end: usize) -> Result<Option<usize>, EngineError> {
        let mut filled = None;
        loop {
            let (step, said, next) = match held {
                None => match self.await_word(end) {
                    Some((step, said)) => (step, said, step + 1),
                    None => return Ok(None),
                },
                Some(open) => match self.follow(open, end, filled)? {
                    Followed::ToEnd => return Ok(None),
                    Followed::Whole(step) => return Ok(Some(step)),
                    Followed::Closed { step, next } => {
                        *held = None;
                        self.next_touch = 0;
                        let said = if next == step { self.hear(step, None) } else { Heard::Nothing };
                        if matches!(said, Heard::Nothing | Heard::Enter) {
                            self.equity = self.ledger.cash();
                            self.record(step);
                        }
                        (step, said, next)
                    }
                },
            };
            match said {
                Heard::Nothing => self.next_step = next.max(step + 1),
                Heard::Enter => {
                    self.next_step = step + 1;
                    if step + 1 >= end {
                        self.leave_for_open(step + 1);
                        return Ok(None);
                    }
                    self.enter_at(step + 1, held)?;
                    filled = Some(step + 1);
                }
                Heard::Close | Heard::Other => return Ok(Some(step)),
            }
        }
    }

    /// Passes the steps without a position until the strategy says something; `None` when it does not before `end`.
    fn await_word(&mut self, end: usize) -> Option<(usize, Heard)> {
        loop {
            let step = self.promised_from(self.next_step, None);
            self.next_step = step;
            if step >= end {
                return None;
            }
            self.counters.bars_stepped += 1;
            let said = self.hear(step, None);
            if said != Heard::Nothing {
                return Some((step, said));
            }
            self.next_step = step + 1;
        }
    }

    /// Leaves the order that was said waiting for a step that is not walked now.
    fn leave_for_open(&mut self, due: usize) {
        let [Signal::Enter(signal)] = *self.signals.as_slice() else { unreachable!("an entry was heard") };
        let number = self.book.take_number();
        self.observer.signal(&signal, Ok(number));
        self.waiting.push(Waiting { number, agent: 0, signal, due });
        self.signals.clear();
    }

    /// Fills the order that was said at the open of a step, unless it is refused there.
    #[inline]
    fn enter_at(&mut self, step: usize, held: &mut Option<Opened>) -> Result<(), EngineError> {
        let mut said = std::mem::take(&mut self.signals);
        let [Signal::Enter(signal)] = said.as_slice() else { unreachable!("an entry was heard") };
        let number = self.book.take_number();
        self.observer.signal(signal, Ok(number));
        self.counters.bars_stepped += 1;
        self.fill_at_open(step, step, 0, number, signal, held)?;
        self.next_touch = 0;
        self.has_levels |= held.as_ref().is_some_and(|Opened { position, .. }| {
            position.stop_loss.is_some() || position.take_profit.is_some()
        });
        said.clear();
        self.signals = said;
        Ok(())
    }

    /// Follows a position from the next step on, on which it is held already. The step it was filled on is counted.
    fn follow(
        &mut self,
        open: &mut Opened,
        end: usize,
        filled: Option<usize>,
    ) -> Result<Followed, EngineError> {
        let mut look = self.next_step;
        let exits_first = self.settings.step_order == StepOrder::ExitsFirst;
        loop {
            let asked = self.promised_from(look, Some(&open.position));
            let touch = self.level_reached(&open.position, look, asked);
            let step = asked.min(touch).min(self.window.end);
            self.book_held(&open.position, step)?;
            if step >= end {
                return Ok(Followed::ToEnd);
            }
            let touched = touch == step;
            self.counters.bars_stepped += u64::from(filled != Some(step));
            if touched
                && exits_first
                && let Some(next) = self.close_at_level(step, open, step)?
            {
                return Ok(Followed::Closed { step, next });
            }
            let said = if asked != step {
                Heard::Nothing
            } else if self.agents[0].closes_from <= step {
                Heard::Close
            } else {
                self.hear(step, Some(&open.position))
            };
            if matches!(said, Heard::Enter | Heard::Other) {
                return Ok(Followed::Whole(step));
            }
            if touched
                && !exits_first
                && let Some(next) = self.close_at_level(step, open, step + 1)?
            {
                return Ok(Followed::Closed { step, next });
            }
            if said == Heard::Close {
                return self.leave_at(step + 1, open, end);
            }
            look = step + 1;
        }
    }

    /// Books the steps before `step` on which a position is held.
    #[expect(clippy::inline_always, reason = "calls on the way from trade to trade are measurable")]
    #[inline(always)]
    fn book_held(&mut self, position: &Position, step: usize) -> Result<(), EngineError> {
        let from = self.next_step;
        self.next_step = step;
        self.counters.bars_in_position += (step - from) as u64;
        if from == step {
            Ok(())
        } else if self.settings.equity_mode == EquityMode::Cash {
            self.equity = self.ledger.cash();
            self.record(from);
            Ok(())
        } else {
            self.mark_held(position, from, step)
        }
    }

    /// Books what a position is worth on some steps, of which there is one at least.
    #[inline(never)]
    fn mark_held(&mut self, position: &Position, from: usize, step: usize) -> Result<(), EngineError> {
        let cash = self.ledger.cash();
        if let Some(mark) = self.mark(position) {
            self.equity = self.equities.pass_over(&mark, from, step, cash);
        } else {
            for step in from..step {
                self.equity = cash + self.worth(position, step)?;
                self.record(step);
            }
        }
        Ok(())
    }

    /// First step from one on whose bar reaches a level of a position, or none; where the strategy is asked sooner it may be none
    /// as well. What is sure is remembered.
    #[inline]
    fn level_reached(&mut self, position: &Position, from: usize, asked: usize) -> usize {
        if self.next_touch >= from {
            return self.next_touch;
        }
        let (side, band) = exit_band(position, self.level_buffer(), None);
        let reached = self.passage_until(ONLY, side, (from, asked), band);
        if reached.is_some() || asked >= self.window.end {
            self.next_touch = reached.unwrap_or(usize::MAX);
        }
        reached.unwrap_or(usize::MAX)
    }

    /// The pip buffer of the only symbol as a price difference.
    #[inline]
    pub(super) fn level_buffer(&self) -> f64 {
        self.simulator.symbol(ONLY.index()).pip_size * self.settings.pip_buffer_factor
    }

    /// Closes a position where the bar of a step reaches a level. Returns the first step from `asks` on on which the
    /// strategy may speak after it, or `None` if it is not closed.
    #[inline]
    fn close_at_level(
        &mut self,
        step: usize,
        open: &mut Opened,
        asks: usize,
    ) -> Result<Option<usize>, EngineError> {
        let buffer = self.level_buffer();
        match self.level_close(&open.position, None, step, Holding::FromOpen, buffer) {
            Some(close) => self.close_lone(step, open, &close, asks).map(Some),
            None => Ok(None),
        }
    }

    /// Closes a position at the open of a step, or leaves its exit waiting where that lies beyond `end`.
    #[inline]
    fn leave_at(&mut self, step: usize, open: &mut Opened, end: usize) -> Result<Followed, EngineError> {
        self.book_held(&open.position, step)?;
        if step >= end {
            let number = open.position.number;
            self.waiting_exits.push(WaitingExit { number, symbol: ONLY, due: step });
            return Ok(Followed::ToEnd);
        }
        self.counters.bars_stepped += 1;
        let close = self.signal_close(&open.position, step);
        let next = self.close_lone(step, open, &close, step)?;
        Ok(Followed::Closed { step, next })
    }

    /// Books the close of a position. Returns the first step from `asks` on on which the strategy may speak after it; an
    /// order it gives there fills on the bar behind.
    #[expect(clippy::inline_always, reason = "calls on the way from trade to trade are measurable")]
    #[inline(always)]
    fn close_lone(
        &mut self,
        step: usize,
        open: &mut Opened,
        close: &Close,
        asks: usize,
    ) -> Result<usize, EngineError> {
        let next = self.promised_from(asks, None);
        self.simulator.foresee(address(ONLY, next + 1));
        self.book_close(step, &mut open.position, open.paid, close)?;
        Ok(next)
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

    /// First step from `from` on, up to the end of the window, on which the strategy may speak while it holds a position.
    #[inline]
    fn promised_from(&self, from: usize, held: Option<&Position>) -> usize {
        let rows = self.rows_when(0, held.map(|position| position.direction));
        let row = rows.and_then(|rows| bitmap::next_set(rows, from));
        row.map_or(self.window.end, |row| row.min(self.window.end))
    }

    /// Asks the strategy on a step.
    #[inline]
    fn hear(&mut self, step: usize, held: Option<&Position>) -> Heard {
        let bars = &*self.data.symbol(ONLY).bars;
        let bar = BarView::of_row(self.data, bars, ONLY, step);
        let account = AccountView::new(held.map_or(&[], slice::from_ref), self.ledger.cash(), self.equity);
        self.agents[0].strategy.evaluate(&bar, &account, &mut self.signals);
        let halted = || self.settings.halt_on_ruin && self.ledger.cash() <= 0.0;
        let said = match self.signals.as_slice() {
            [] => Heard::Nothing,
            [Signal::Enter(signal)]
                if signal.order_type == OrderType::Market
                    && signal.symbol == ONLY
                    && held.is_none()
                    && !halted() =>
            {
                Heard::Enter
            }
            [Signal::Close(ONLY)] if held.is_some() => Heard::Close,
            _ => Heard::Other,
        };
        if said == Heard::Close {
            self.signals.clear();
        }
        said
    }
}
