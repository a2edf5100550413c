//! The loop over steps, and which parts of a run have a loop of their own.

use super::calm::ONLY;
use super::event_engine::{EngineError, EventEngine};
use super::observer::Observer;
use crate::costs::Draws;
use crate::strategy::Strategy;

/// How a run walks its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// Whole steps of several strategies or symbols, or of a symbol that lacks some.
    Together,
    /// Whole steps of one strategy on one symbol whose rows are the steps.
    Alone,
    /// The same, calm bars in a loop of their own.
    CalmBars,
    /// The same, round trips in a loop of their own.
    RoundTrips,
}

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// Walks the window up to a step, which is not walked yet. A clock that skips may stop further on: nothing happens
    /// between.
    ///
    /// # Errors
    /// As [`EventEngine::run`].
    pub fn advance(&mut self, until: usize) -> Result<(), EngineError> {
        let end = self.window.end.min(until);
        match self.walk {
            Walk::Together => self.walk_steps::<false>(end),
            Walk::Alone | Walk::CalmBars | Walk::RoundTrips => self.walk_steps::<true>(end),
        }
    }

    /// What of this run has a loop of its own.
    pub(super) fn own_loop(&self) -> Walk {
        if !self.is_alone() {
            Walk::Together
        } else if self.has_round_trips() {
            Walk::RoundTrips
        } else if self.has_calm_bars() {
            Walk::CalmBars
        } else {
            Walk::Alone
        }
    }

    /// The loop. It is compiled twice: `SINGLE` says that one strategy trades one symbol whose rows are the steps.
    fn walk_steps<const SINGLE: bool>(&mut self, end: usize) -> Result<(), EngineError> {
        while self.next_step < end {
            match self.walk {
                Walk::RoundTrips if SINGLE => self.pass_round_trips(end)?,
                Walk::CalmBars if SINGLE => self.pass_calm_bars(end)?,
                _ => {}
            }
            if self.next_step >= end {
                break;
            }
            let step = self.next_step;
            self.step::<SINGLE>(step)?;
            self.counters.bars_stepped += 1;
            self.turn::<SINGLE>(step)?;
        }
        Ok(())
    }

    /// Whether one strategy trades one symbol whose rows are the steps.
    fn is_alone(&self) -> bool {
        let ([tape], [agent]) = (&self.tapes[..], &self.agents[..]) else { return false };
        tape.is_dense() && agent.symbol == Some(ONLY)
    }
}
