//! Who wants to see every booking of a run: tests, comparisons, diagnostics. A run without one pays nothing.

use crate::execution::Refusal;
use crate::portfolio::{FeeEntry, Position};
use crate::strategy::TradeSignal;

/// Sees what the engine does, in the order in which it does it.
pub trait Observer {
    /// Whether anybody looks at what only watchers read: the extremes of [`super::Outcome`].
    const WATCHES: bool = true;

    /// A signal reached the executor: the order's number, or why it was refused.
    fn signal(&mut self, _signal: &TradeSignal, _outcome: Result<u32, Refusal>) {}

    /// A waiting market order was refused at its fill.
    fn refused_at_fill(&mut self, _number: u32, _why: Refusal) {}

    /// A pending order was refused when it triggered.
    fn refused_at_trigger(&mut self, _order: &Position, _why: Refusal) {}

    /// A pending order ran out of time.
    fn expired(&mut self, _order: &Position) {}

    /// A fee was booked.
    fn fee(&mut self, _entry: &FeeEntry) {}
}

impl Observer for () {
    const WATCHES: bool = false;
}
