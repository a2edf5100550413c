//! From price movements to account money: results, floating equity (`execution.md` 8.2, 13.1).

use super::event_engine::{EngineError, EventEngine};
use super::exits::PriceField;
use super::observer::Observer;
use crate::costs::Draws;
use crate::portfolio::Position;
use crate::portfolio::ledger::r_multiple;
use crate::strategy::Strategy;
use crate::types::{EquityCurve, SymbolId};

/// What one open position is worth at a close, with everything looked up that does not change while it is held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark<'a> {
    closes: &'a [f64],
    /// 1 for long, -1 for short: a factor takes no branch, and most of what is held alternates.
    sign: f64,
    entry_price: f64,
    size: f64,
    unit_value: f64,
}

impl Mark<'_> {
    /// What the position would book before fees at the close of a row; a zero may have either sign.
    #[inline]
    pub(super) fn result(&self, row: usize) -> f64 {
        self.worth(self.closes[row])
    }

    #[inline]
    fn worth(&self, close: f64) -> f64 {
        ((self.sign * (close - self.entry_price)) * self.size) * self.unit_value
    }

    /// Records the equity of the steps in `from..to`, which are rows too and not empty, of an account with only this
    /// position; returns the last one.
    pub(super) fn pass_over(&self, from: usize, to: usize, cash: f64, curve: &mut EquityCurve) -> f64 {
        #[expect(clippy::cast_possible_truncation, reason = "a timeline has fewer than 2^32 steps")]
        let first = from as u32;
        let equities = self.closes[from..to].iter().map(|&close| cash + self.worth(close));
        curve.record_each(first, cash, equities).expect("a stretch has a step")
    }

    /// Least and greatest equity of the steps in `from..to`, of the same account; of no steps any two numbers. Rounding keeps
    /// the order of closes, so the extremes are those of the extreme closes.
    #[inline]
    pub(super) fn range(&self, from: usize, to: usize, cash: f64) -> (f64, f64) {
        let (low, high) = range(&self.closes[from..to]);
        let (at_low, at_high) = (cash + self.worth(low), cash + self.worth(high));
        (at_low.min(at_high), at_low.max(at_high))
    }
}

/// Least and greatest of some prices, none of them `NaN`; without any, infinity and minus infinity.
#[inline]
fn range(prices: &[f64]) -> (f64, f64) {
    let mut low = [f64::INFINITY; 4];
    let mut high = [f64::NEG_INFINITY; 4];
    let (fours, rest) = prices.as_chunks::<4>();
    // The last four once more take the place of a rest.
    let last = prices.last_chunk::<4>().filter(|_| !rest.is_empty());
    for four in fours.iter().chain(last) {
        for (lane, &price) in four.iter().enumerate() {
            low[lane] = if price < low[lane] { price } else { low[lane] };
            high[lane] = if price > high[lane] { price } else { high[lane] };
        }
    }
    let few = if fours.is_empty() { rest } else { &[] };
    let pairs =
        |lanes: [f64; 4], pick: fn(f64, f64) -> f64| pick(pick(lanes[0], lanes[1]), pick(lanes[2], lanes[3]));
    let low = few.iter().fold(pairs(low, f64::min), |low, &price| low.min(price));
    (low, few.iter().fold(pairs(high, f64::max), |high, &price| high.max(price)))
}

impl<'a, S: Strategy, D: Draws, O: Observer> EventEngine<'a, S, D, O> {
    /// Account money per price unit and lot at a step; 0 where results do not need it.
    #[inline]
    pub(super) fn unit_value(&self, symbol: SymbolId, step: usize) -> Result<f64, EngineError> {
        if !self.by_volume() {
            return Ok(0.0);
        }
        if let Some(value) = self.unit_values[symbol.index()] {
            return Ok(value);
        }
        let execution = self.simulator.symbol(symbol.index());
        Ok(execution.unit_value(self.settings.sizing, &self.rates(step))?)
    }

    /// Result before fees and multiple of the initial risk of a close at `exit`.
    #[inline]
    pub(super) fn result(&self, position: &Position, exit: f64, unit_value: f64) -> (f64, Option<f64>) {
        // No movement is a positive zero for a short, too.
        let movement = position.direction.signed(exit - position.entry_price) + 0.0;
        let r = position.initial_stop_loss.map(|stop| r_multiple(movement, position.entry_price, stop));
        let result = if self.by_volume() {
            (movement * position.size) * unit_value
        } else {
            // Without a stop an order is refused in this mode before it opens.
            r.unwrap_or(0.0) * position.risk_per_trade
        };
        (result, r)
    }

    /// Cash and what each open position would book at the newest close of its symbol, in opening order.
    #[inline]
    pub(super) fn marked_equity(&self, step: usize) -> Result<f64, EngineError> {
        self.marked_at(step, PriceField::Close)
    }

    /// Appends the marks of all open positions, in opening order, if steps are their rows and their worth depends on nothing
    /// but the close; returns whether it is so.
    pub(super) fn find_marks(&self, marks: &mut Vec<Mark<'a>>) -> bool {
        self.book
            .open()
            .iter()
            .all(|&index| self.mark(self.book.position(index)).map(|mark| marks.push(mark)).is_some())
    }

    /// The mark of a position whose rows are the steps and whose worth depends on nothing but the close.
    #[inline]
    pub(super) fn mark(&self, position: &Position) -> Option<Mark<'a>> {
        let tape = self.tapes[position.symbol.index()];
        let unit_value = self.unit_values[position.symbol.index()].filter(|_| self.by_volume())?;
        tape.is_dense().then(|| Mark {
            closes: tape.exit_side(position.direction).close,
            sign: position.direction.sign(),
            entry_price: position.entry_price,
            size: position.size,
            unit_value,
        })
    }

    /// What a position whose rows are the steps would book before fees at the close of a step.
    pub(super) fn worth(&self, position: &Position, step: usize) -> Result<f64, EngineError> {
        let price = self.exit_price_field(position, step, PriceField::Close);
        let unit_value = self.unit_value(position.symbol, step)?;
        Ok(self.result(position, price, unit_value).0)
    }

    /// As [`EventEngine::marked_equity`], at the open of symbols whose bar has only just opened.
    #[inline]
    pub(super) fn marked_at(&self, step: usize, field: PriceField) -> Result<f64, EngineError> {
        let mut equity = self.ledger.cash();
        for &index in self.book.open() {
            let position = self.book.position(index);
            let tape = &self.tapes[position.symbol.index()];
            let Some(row) = tape.last_row(step) else { continue };
            let side = tape.exit_side(position.direction);
            let price = match field {
                PriceField::Open if tape.row(step).is_some() => side.open[row],
                _ => side.close[row],
            };
            let unit_value = self.unit_value(position.symbol, step)?;
            equity += self.result(position, price, unit_value).0;
        }
        Ok(equity)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_range_holds_every_price_and_both_its_ends_are_prices(
            prices in prop::collection::vec(0.5..2.0_f64, 1..40),
        ) {
            let (low, high) = range(&prices);
            prop_assert!(prices.contains(&low) && prices.contains(&high));
            prop_assert!(prices.iter().all(|&price| low <= price && price <= high));
        }
    }

    #[test]
    fn no_prices_have_no_range() {
        assert_eq!(range(&[]), (f64::INFINITY, f64::NEG_INFINITY));
    }
}
