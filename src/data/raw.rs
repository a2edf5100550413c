//! One side of one symbol as read from a file, before any check.

use std::path::PathBuf;

use super::bars::PriceColumns;
use super::error::DataError;
use super::report::QuoteSide;
use super::resample::DayAnchor;
use crate::types::Timeframe;

/// Columns of one side; all have the same length.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawSide {
    /// Symbol named in the rows of a file that holds several.
    pub(crate) symbol: Option<String>,
    /// Open times, microseconds UTC.
    pub(crate) times: Vec<i64>,
    /// Prices as stored.
    pub(crate) prices: PriceColumns,
    /// Volume; 0 when the file has none.
    pub(crate) volume: Vec<f64>,
    /// Where each row stands in the file.
    pub(crate) place: Places,
    /// Names of the columns in the file.
    pub(crate) names: ColumnNames,
    /// First row whose time is wrong in a way the integers no longer show; reported in row order with other times.
    pub(crate) bad_time: Option<(usize, DataError)>,
    /// First price column that is stored with 24 bits.
    pub(crate) float32: Option<usize>,
    /// Anchor of the day the file was resampled with, from its metadata.
    pub(crate) anchor: DayAnchor,
}

/// Row numbers and lines of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Data row of each kept row; empty = row for row.
    pub(crate) rows: Vec<u32>,
    /// Line of each kept row in a text file; empty = not a text file.
    pub(crate) lines: Vec<u32>,
}

impl Places {
    /// Data row in the file.
    pub(crate) fn row(&self, k: usize) -> usize {
        self.rows.get(k).map_or(k, |&row| row as usize)
    }

    /// Line in the file.
    pub(crate) fn line(&self, k: usize) -> Option<u64> {
        self.lines.get(k).map(|&line| u64::from(line))
    }
}

/// Names of the columns as the file has them.
#[derive(Debug, Clone)]
pub(crate) struct ColumnNames {
    /// Time.
    pub(crate) time: String,
    /// Open, high, low, close.
    pub(crate) prices: [String; 4],
    /// Volume.
    pub(crate) volume: String,
}

impl Default for ColumnNames {
    fn default() -> Self {
        Self {
            time: "timestamp".to_owned(),
            prices: ["open", "high", "low", "close"].map(str::to_owned),
            volume: "volume".to_owned(),
        }
    }
}

/// What a side is supposed to be.
#[derive(Debug, Clone)]
pub(crate) struct SideOf {
    /// The file.
    pub(crate) path: PathBuf,
    /// The symbol.
    pub(crate) symbol: String,
    /// Whether it is a pair of national currencies.
    pub(crate) is_fx: bool,
    /// The timeframe.
    pub(crate) timeframe: Timeframe,
    /// Bid, ask, last or mid.
    pub(crate) side: QuoteSide,
}

impl RawSide {
    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// Keeps the rows for which `keep` holds.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        fn filter<T>(column: &mut Vec<T>, keep: &[bool]) {
            let mut k = 0;
            column.retain(|_| {
                k += 1;
                keep[k - 1]
            });
        }
        if self.place.rows.is_empty() {
            self.place.rows = (0..u32::try_from(keep.len()).unwrap_or(u32::MAX)).collect();
        }
        filter(&mut self.place.rows, keep);
        if !self.place.lines.is_empty() {
            filter(&mut self.place.lines, keep);
        }
        filter(&mut self.times, keep);
        for column in self.prices.columns_mut() {
            filter(column, keep);
        }
        filter(&mut self.volume, keep);
    }

    /// The error at a row, with row, line, time and file.
    pub(crate) fn at(&self, error: DataError, k: usize, of: &SideOf) -> DataError {
        let error = error.path(&of.path).row(self.place.row(k)).time(self.times[k]);
        match self.place.line(k) {
            Some(line) => error.line(line),
            None => error,
        }
    }
}
