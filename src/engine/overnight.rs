//! Financing over night, margin and stop-out (`execution.md` 9b).

use super::event_engine::{EngineError, EventEngine};
use super::exits::{PriceField, charge};
use super::observer::Observer;
use super::settings::{EngineSettings, MarginSettings};
use crate::costs::swap::{Rollover, rollovers};
use crate::costs::{Draws, SwapRates, SwapUnit};
use crate::data::MultiSymbolData;
use crate::execution::Fill;
use crate::execution::simulator::ExitSlip;
use crate::portfolio::FeeKind;
use crate::strategy::Strategy;
use crate::types::{CloseReason, StepRange, SymbolId, Timestamp};

/// Financing of each symbol.
pub(super) fn swaps(settings: &EngineSettings, data: &MultiSymbolData) -> Vec<Option<SwapRates>> {
    let of = |name: &str| settings.swap.as_ref().and_then(|swap| swap.of(name));
    data.symbols().iter().map(|symbol| of(&symbol.spec.name)).collect()
}

/// Rollovers within a window; none when nothing is financed.
pub(super) fn nights(settings: &EngineSettings, data: &MultiSymbolData, window: StepRange) -> Vec<Rollover> {
    match &settings.swap {
        Some(swap) if !window.is_empty() => {
            rollovers(data.time(window.start), data.time(window.end - 1), swap.triple_day)
        }
        _ => Vec::new(),
    }
}

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// The first rollover after a position was opened.
    #[inline]
    pub(super) fn first_night(&self, opened: Timestamp) -> usize {
        self.nights.partition_point(|night| night.time <= opened)
    }

    /// The first rollover a position has not been charged for when a run is taken up at a step.
    pub(super) fn first_night_from(&self, index: usize, next_step: usize) -> usize {
        let symbol = self.book.position(index).symbol;
        let row = next_step.checked_sub(1).and_then(|step| self.data.symbol(symbol).last_row(step));
        let charged = row.map(|row| self.data.symbol(symbol).bars.time(row));
        let passed = self.nights.partition_point(|night| charged.is_some_and(|until| night.time <= until));
        passed.max(self.first_night(self.book.position(index).trigger_time))
    }

    /// Charges every open position whose symbol has a bar for the rollovers that have passed, in opening order.
    pub(super) fn charge_nights(&mut self, step: usize) -> Result<(), EngineError> {
        let now = self.data.time(step);
        for place in 0..self.book.open().len() {
            let index = self.book.open()[place];
            let symbol = self.book.position(index).symbol;
            let Some(rates) = self.swaps[symbol.index()] else { continue };
            if self.data.symbol(symbol).row(step).is_none() {
                continue;
            }
            while let Some(night) = self.nights.get(self.book.ticket(index).next_night).copied() {
                if night.time > now {
                    break;
                }
                self.book.ticket_mut(index).next_night += 1;
                let amount = self.swap_of(index, rates, step)? * f64::from(night.nights);
                let position = self.book.position_mut(index);
                charge(&mut self.ledger, &mut self.observer, position, FeeKind::Swap, now, amount);
            }
        }
        Ok(())
    }

    /// Account money of one night of a position.
    fn swap_of(&self, index: usize, rates: SwapRates, step: usize) -> Result<f64, EngineError> {
        let position = self.book.position(index);
        let rate = rates.of(position.direction);
        let per_lot = match rates.unit {
            SwapUnit::MoneyPerLot => rate,
            SwapUnit::Pips => {
                let symbol = self.simulator.symbol(position.symbol.index());
                symbol
                    .to_account
                    .convert((rate * symbol.pip_size) * symbol.contract_size, &self.rates(step))?
            }
        };
        Ok(per_lot * position.size)
    }

    /// The margin of a fill, or `None` when the account cannot carry it. Without margin settings it is 0.
    #[inline]
    pub(super) fn margin_for(
        &self,
        step: usize,
        field: PriceField,
        symbol: SymbolId,
        fill: &Fill,
    ) -> Result<Option<f64>, EngineError> {
        match self.settings.margin {
            None => Ok(Some(0.0)),
            Some(margin) => self.free_margin(margin, step, field, symbol, fill),
        }
    }

    /// The same under settings.
    #[cold]
    fn free_margin(
        &self,
        margin: MarginSettings,
        step: usize,
        field: PriceField,
        symbol: SymbolId,
        fill: &Fill,
    ) -> Result<Option<f64>, EngineError> {
        let execution = self.simulator.symbol(symbol.index());
        let new = execution.notional(fill.price, fill.size, &self.rates(step))? / margin.leverage;
        let equity = self.marked_at(step, field)?;
        Ok((equity >= self.used_margin() + new).then_some(new))
    }

    /// Margin of all open positions.
    fn used_margin(&self) -> f64 {
        self.book.open().iter().fold(0.0, |used, &index| used + self.book.ticket(index).margin)
    }

    /// Closes everything at the newest close when equity falls below its share of the used margin.
    pub(super) fn stop_out(&mut self, step: usize) -> Result<(), EngineError> {
        let Some(margin) = self.settings.margin else { return Ok(()) };
        let equity = self.marked_equity(step)?;
        if equity < margin.stop_out * self.used_margin() {
            self.close_all(step, ExitSlip::Adverse, CloseReason::StopOut)?;
        }
        Ok(())
    }

    /// Closes the open list in order at the newest close of each symbol.
    pub(super) fn close_all(
        &mut self,
        step: usize,
        slips: ExitSlip,
        reason: CloseReason,
    ) -> Result<(), EngineError> {
        while let Some(&index) = self.book.open().first() {
            let symbol = self.book.position(index).symbol;
            let row = self.data.symbol(symbol).last_row(step).expect("an open position has a bar");
            self.close_at_market(step, row, index, slips, reason)?;
        }
        self.book.sweep();
        Ok(())
    }
}
