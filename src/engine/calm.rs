//! Calm bars: visited one by one, but nothing waits for them, no level is reached and the strategy says nothing.
//!
//! A run that has to ask its strategy on every bar spends its time on such bars. What cannot change on them is looked up
//! once for the whole stretch; the first bar on which anything happens gets its whole step.

use super::clock::exit_band;
use super::event_engine::{EngineError, EventEngine};
use super::money::Mark;
use super::observer::Observer;
use super::run::Clock;
use super::settings::{EquityMode, StepOrder};
use crate::costs::Draws;
use crate::data::passage::Band;
use crate::strategy::{AccountView, BarView, Candidates, Strategy};
use crate::types::{PriceSide, SymbolId};

/// The symbol of a run that has no other.
pub(super) const ONLY: SymbolId = SymbolId(0);

/// Ranges of the bars on one side, and the prices that end an open position.
#[derive(Debug, Clone, Copy)]
struct Watch<'a> {
    low: &'a [f64],
    high: &'a [f64],
    band: Band,
}

impl Watch<'_> {
    #[inline]
    fn ends_at(&self, row: usize) -> bool {
        self.band.is_left(self.low[row], self.high[row])
    }
}

impl<'a, S: Strategy, D: Draws, O: Observer> EventEngine<'a, S, D, O> {
    /// Whether calm bars are worth a loop of their own: the only strategy is asked on all bars, whatever the time and the
    /// news.
    pub(super) fn has_calm_bars(&self) -> bool {
        let mut candidates = self.agents.iter().map(|agent| &agent.candidates);
        let asks = self.request.clock == Clock::EveryBar
            || candidates.any(|candidates| matches!(candidates, Candidates::EveryBar));
        asks && !self.gates.any() && !self.context.has_news(ONLY)
    }

    /// Passes the calm bars before `end`, and the bar on which the strategy breaks the silence.
    pub(super) fn pass_calm_bars(&mut self, end: usize) -> Result<(), EngineError> {
        let mut marks = std::mem::take(&mut self.marks);
        let passed = if !self.next_bar_is_calm(&mut marks) {
            Ok(())
        } else if self.book.open().is_empty() {
            self.pass_until(end, &marks, |_| false)
        } else {
            match [PriceSide::Bid, PriceSide::Ask].map(|side| self.watch(side)) {
                [Some(watch), None] | [None, Some(watch)] => {
                    self.pass_until(end, &marks, |row| watch.ends_at(row))
                }
                sides => self.pass_until(end, &marks, |row| sides.iter().flatten().any(|w| w.ends_at(row))),
            }
        };
        self.marks = marks;
        passed
    }

    fn pass_until(
        &mut self,
        end: usize,
        marks: &[Mark<'a>],
        ends_at: impl Fn(usize) -> bool,
    ) -> Result<(), EngineError> {
        let bars = &*self.data.symbol(ONLY).bars;
        let (start, cash) = (self.next_step, self.ledger.cash());
        let (strategy, active) = (&mut self.agents[0].strategy, self.book.active());
        let (mut step, mut equity) = (start, self.equity);
        while step < end && !ends_at(step) {
            let bar = BarView::of_row(self.data, bars, ONLY, step);
            strategy.evaluate(&bar, &AccountView::new(active, cash, equity), &mut self.signals);
            if !self.signals.is_empty() {
                break;
            }
            equity = marks.iter().fold(cash, |equity, mark| equity + mark.result(step));
            if step == start || !marks.is_empty() {
                self.equities.record(step, cash, equity);
            }
            step += 1;
        }
        if step > start {
            self.equity = equity;
            self.equities.extend_to(step);
            let passed = (step - start) as u64;
            self.counters.bars_stepped += passed;
            self.counters.bars_in_position += if self.book.open().is_empty() { 0 } else { passed };
            self.next_step = step;
        }
        if self.signals.is_empty() { Ok(()) } else { self.break_silence(step) }
    }

    /// The rest of a step whose strategy has spoken on an otherwise calm bar.
    fn break_silence(&mut self, step: usize) -> Result<(), EngineError> {
        let bars = &*self.data.symbol(ONLY).bars;
        self.process_signals(step, 0, &BarView::of_row(self.data, bars, ONLY, step))?;
        if self.settings.step_order == StepOrder::StrategyFirst {
            self.look_after::<true>(step)?;
        }
        self.settle(step)?;
        self.counters.bars_stepped += 1;
        self.turn::<true>(step)
    }

    /// Whether the next bar does not need a whole step for anything but a reached level; if so, `marks` are those of the
    /// open positions where the equity follows them.
    fn next_bar_is_calm(&self, marks: &mut Vec<Mark<'a>>) -> bool {
        marks.clear();
        let waits = !self.waiting.orders().is_empty() || !self.waiting_exits.is_empty();
        let open = self.book.open();
        if waits || self.book.active().len() != open.len() {
            return false;
        }
        let charged = self.manages || self.settings.margin.is_some() || !self.nights.is_empty();
        let marked = self.settings.equity_mode == EquityMode::MarkToMarket;
        open.is_empty() || (!charged && (!marked || self.find_marks(marks)))
    }

    /// The widest band that no open position of a side leaves.
    fn watch(&self, on: PriceSide) -> Option<Watch<'a>> {
        let buffer = self.level_buffer();
        let bands = self.book.active().iter().map(|position| exit_band(position, buffer, None));
        let of_side = bands.filter(|(side, _)| *side == on).map(|(_, band)| band);
        let band = of_side.reduce(|all, band| Band {
            below: all.below.max(band.below),
            above: all.above.min(band.above),
        })?;
        let columns = self.data.symbol(ONLY).bars.side(on);
        Some(Watch { low: &columns.low, high: &columns.high, band })
    }
}
