//! A series as it lies in memory: one number per primary row, or a map to the numbers of a higher timeframe.

use std::borrow::Cow;
use std::ops::Range;

use super::columns::Column;
use crate::data::{BarSeries, NO_ROW};
use crate::indicators::{IndicatorKind, SeriesKey};

/// A column as slices.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slices<'a> {
    Dense(&'a [f64]),
    Mapped { values: &'a [f64], map: &'a [u32] },
}

impl<'a> Slices<'a> {
    pub(super) fn of(column: &'a Column) -> Self {
        match column {
            Column::Dense(values) => Self::Dense(values),
            Column::Mapped { values, map } => Self::Mapped { values, map },
        }
    }

    /// A price of these bars; `None` for every other kind of series.
    pub(super) fn price(key: &SeriesKey, bars: &'a BarSeries) -> Option<Self> {
        let prices = bars.side(key.side);
        Some(Self::Dense(match key.kind {
            IndicatorKind::Open => &prices.open,
            IndicatorKind::High => &prices.high,
            IndicatorKind::Low => &prices.low,
            IndicatorKind::Close => &prices.close,
            IndicatorKind::Volume => bars.volume(),
            _ => return None,
        }))
    }

    fn at(self, row: usize) -> f64 {
        match self {
            Self::Dense(values) => values[row],
            Self::Mapped { values, map } => match map[row] {
                NO_ROW => f64::NAN,
                index => values[index as usize],
            },
        }
    }

    /// The values so many rows before some rows, as they lie in memory where possible; `NaN` before the first.
    pub(super) fn rows(self, rows: Range<usize>, back: usize) -> Cow<'a, [f64]> {
        match self {
            Self::Dense(values) if back <= rows.start => {
                Cow::Borrowed(&values[rows.start - back..rows.end - back])
            }
            _ => rows.map(|row| row.checked_sub(back).map_or(f64::NAN, |row| self.at(row))).collect(),
        }
    }
}
