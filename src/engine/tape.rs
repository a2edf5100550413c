//! The bars of one symbol as the loop reads them: plain slices, one load away.

use crate::data::{NO_ROW, PriceColumns, RowMap, SymbolSeries};
use crate::types::{Direction, Timestamp};

/// Prices of one side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quotes<'a> {
    pub(super) open: &'a [f64],
    pub(super) high: &'a [f64],
    pub(super) low: &'a [f64],
    pub(super) close: &'a [f64],
}

impl<'a> Quotes<'a> {
    fn of(columns: &'a PriceColumns) -> Self {
        Self { open: &columns.open, high: &columns.high, low: &columns.low, close: &columns.close }
    }
}

/// Bars of one symbol with its place on the timeline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tape<'a> {
    pub(super) times: &'a [i64],
    pub(super) bid: Quotes<'a>,
    pub(super) ask: Quotes<'a>,
    /// Row and last row of every step, where they are not the step itself.
    map: Option<(&'a [u32], &'a [u32])>,
}

impl<'a> Tape<'a> {
    pub(super) fn of(series: &'a SymbolSeries) -> Self {
        Self {
            times: series.bars.times(),
            bid: Quotes::of(series.bars.bid()),
            ask: Quotes::of(series.bars.ask()),
            map: match &series.rows {
                RowMap::Identity => None,
                RowMap::Sparse { row, last } => Some((row, last)),
            },
        }
    }

    /// The symbol's row at a step.
    #[inline]
    pub(super) fn row(&self, step: usize) -> Option<usize> {
        match self.map {
            None => Some(step),
            Some((rows, _)) => (rows[step] != NO_ROW).then_some(rows[step] as usize),
        }
    }

    /// The symbol's last row at or before a step.
    #[inline]
    pub(super) fn last_row(&self, step: usize) -> Option<usize> {
        match self.map {
            None => Some(step),
            Some((_, lasts)) => (lasts[step] != NO_ROW).then_some(lasts[step] as usize),
        }
    }

    /// Whether rows and steps are the same numbers.
    #[inline]
    pub(super) fn is_dense(&self) -> bool {
        self.map.is_none()
    }

    /// Open time of a row.
    #[inline]
    pub(super) fn time(&self, row: usize) -> Timestamp {
        Timestamp(self.times[row])
    }

    /// The side on which a position of this direction closes.
    #[inline]
    pub(super) fn exit_side(&self, direction: Direction) -> &Quotes<'a> {
        match direction {
            Direction::Long => &self.bid,
            Direction::Short => &self.ask,
        }
    }

    /// Bid and ask at the open of a row.
    #[inline]
    pub(super) fn opens(&self, row: usize) -> (f64, f64) {
        (self.bid.open[row], self.ask.open[row])
    }
}
