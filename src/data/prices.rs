//! Checks of prices and volume: finite, positive, high and low around open and close.

use super::error::{DataCode, DataError};
use super::raw::{RawSide, SideOf};
use super::report::{Warning, WarningCode};
use super::settings::ReadPolicy;
use crate::types::Timestamp;

/// Rows per fast look at prices.
const CHUNK: usize = 1024;

/// Checks prices and volume row by row.
///
/// # Errors
/// The first broken rule of the group.
pub(crate) fn check_prices(side: &RawSide, of: &SideOf, policy: &ReadPolicy) -> Result<(), DataError> {
    for start in (0..side.len()).step_by(CHUNK) {
        let rows = start..(start + CHUNK).min(side.len());
        if !all_fine(side, rows.clone()) {
            for k in rows {
                if let Some(error) = price_problem(side, k, policy) {
                    return Err(side.at(error, k, of));
                }
            }
        }
    }
    Ok(())
}

/// Branch-free look at a range of rows; `false` sends them to [`price_problem`].
fn all_fine(side: &RawSide, rows: std::ops::Range<usize>) -> bool {
    let [open, high, low, close] = side.prices.columns().map(|column| &column[rows.clone()]);
    let volume = &side.volume[rows];
    let mut fine = true;
    for k in 0..open.len() {
        let (bottom, top) = (low[k], high[k]);
        fine &= bottom > 0.0;
        fine &= top < f64::INFINITY;
        fine &= open[k] >= bottom;
        fine &= open[k] <= top;
        fine &= close[k] >= bottom;
        fine &= close[k] <= top;
        fine &= volume[k] >= 0.0;
        fine &= volume[k] < f64::INFINITY;
    }
    fine
}

/// The first rule that the prices or the volume of a row break.
pub(crate) fn price_problem(side: &RawSide, k: usize, policy: &ReadPolicy) -> Option<DataError> {
    let bar = side.prices.at(k);
    let prices = [bar.open, bar.high, bar.low, bar.close];
    let named = |price: usize| side.names.prices[price].clone();
    if let Some(price) = prices.iter().position(|value| !value.is_finite()) {
        return Some(
            DataError::new(DataCode::NonFinitePrice, "a price must be a finite number")
                .column(named(price))
                .value(prices[price])
                .hint("fix the source and export again"),
        );
    }
    let volume = side.volume[k];
    if !volume.is_finite() {
        return Some(
            DataError::new(DataCode::NonFiniteVolume, "a volume must be a finite number")
                .column(side.names.volume.clone())
                .value(volume)
                .hint("leave the volume column out when it is unknown"),
        );
    }
    let negative = prices.iter().position(|&value| value <= 0.0).filter(|_| !policy.allow_negative_prices);
    if let Some(price) = negative {
        return Some(
            DataError::new(DataCode::NonPositivePrice, "a price must be above zero")
                .column(named(price))
                .value(prices[price])
                .hint(
                    "allow_negative_prices (--allow-negative-prices) permits it, for spreads and crude oil",
                ),
        );
    }
    let outside = |value: f64| value < bar.low || value > bar.high;
    let (what, price) = if bar.high < bar.low {
        ("high below low", 1)
    } else if outside(bar.open) {
        ("open outside low and high", 0)
    } else if outside(bar.close) {
        ("close outside low and high", 3)
    } else if volume < 0.0 {
        return Some(
            DataError::new(DataCode::NegativeVolume, "a volume must be at least zero")
                .column(side.names.volume.clone())
                .value(volume)
                .hint("leave the volume column out when it is unknown"),
        );
    } else {
        return None;
    };
    Some(
        DataError::new(DataCode::OhlcInconsistent, what)
            .column(named(price))
            .value(format!(
                "{} (open {}, high {}, low {}, close {})",
                prices[price], bar.open, bar.high, bar.low, bar.close
            ))
            .hint("fix the source, or import again with --drop-bad-rows (each dropped row is listed)"),
    )
}

/// `e^0.1` and `e^0.5`: the close moved by more than this factor.
const JUMP_FX: f64 = 1.105_170_918_075_647_7;
const JUMP: f64 = 1.648_721_270_700_128_2;

/// Counts closes that moved more than plausible in one bar.
#[derive(Debug)]
pub(crate) struct PriceJumps {
    limit: f64,
    previous: Option<f64>,
    /// What was found so far.
    pub(crate) warning: Option<Warning>,
}

impl PriceJumps {
    pub(crate) fn new(of: &SideOf) -> Self {
        Self { limit: if of.is_fx { JUMP_FX } else { JUMP }, previous: None, warning: None }
    }

    /// The next block of a side.
    pub(crate) fn look(&mut self, block: &RawSide) {
        let close = &block.prices.close;
        let Some((&first, &last)) = close.first().zip(close.last()) else { return };
        if let Some(previous) = self.previous.filter(|&previous| self.jumped(previous, first)) {
            self.found(block, 0, previous);
        }
        for (k, pair) in close.windows(2).enumerate() {
            if self.jumped(pair[0], pair[1]) {
                self.found(block, k + 1, pair[0]);
            }
        }
        self.previous = Some(last);
    }

    fn jumped(&self, before: f64, after: f64) -> bool {
        before > 0.0 && (after > before * self.limit || after * self.limit < before)
    }

    fn found(&mut self, block: &RawSide, k: usize, previous: f64) {
        let warning = self.warning.get_or_insert_with(|| Warning {
            code: WarningCode::PriceJump,
            count: 0,
            row: block.place.row(k),
            time: Timestamp(block.times[k]),
            column: Some(block.names.prices[3].clone()),
            detail: format!("close went from {previous} to {} in one bar", block.prices.close[k]),
        });
        warning.count += 1;
    }
}
