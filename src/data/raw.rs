//! One side of one symbol as read from a file, before any check.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

use super::bars::{Ohlc, PriceColumns, cut};
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
    /// Spread of each row in points; empty when the file has none.
    pub(crate) spread_points: Vec<i64>,
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
    /// Data row of each kept row; empty = row for row from `first` on.
    pub(crate) rows: Vec<u32>,
    /// Data row of the first row.
    pub(crate) first: usize,
    /// Line of each kept row in a text file; empty = not a text file.
    pub(crate) lines: Vec<u32>,
}

impl Places {
    /// Data row in the file.
    pub(crate) fn row(&self, k: usize) -> usize {
        self.rows.get(k).map_or(self.first + k, |&row| row as usize)
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

/// One row, to be compared with the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RawBar {
    pub(crate) time: i64,
    pub(crate) prices: Ohlc,
    pub(crate) volume: f64,
}

/// Rows in consecutive blocks; what is in memory as a whole is one block.
pub(crate) trait Blocks {
    /// All blocks in order, none of them empty.
    fn blocks(&self) -> impl Iterator<Item = Result<Cow<'_, RawSide>, DataError>>;
}

impl Blocks for RawSide {
    fn blocks(&self) -> impl Iterator<Item = Result<Cow<'_, RawSide>, DataError>> {
        (self.len() > 0).then_some(Ok(Cow::Borrowed(self))).into_iter()
    }
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
        self.number();
        filter(&mut self.place.rows, keep);
        if !self.place.lines.is_empty() {
            filter(&mut self.place.lines, keep);
        }
        filter(&mut self.times, keep);
        for column in self.prices.columns_mut() {
            filter(column, keep);
        }
        filter(&mut self.volume, keep);
        if !self.spread_points.is_empty() {
            filter(&mut self.spread_points, keep);
        }
    }

    /// One row.
    ///
    /// # Panics
    /// When `k` is out of range.
    pub(crate) fn bar(&self, k: usize) -> RawBar {
        RawBar { time: self.times[k], prices: self.prices.at(k), volume: self.volume[k] }
    }

    /// Makes room for exactly so many rows.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.times.reserve_exact(rows);
        self.prices.columns_mut().into_iter().for_each(|column| column.reserve_exact(rows));
        self.volume.reserve_exact(rows);
    }

    /// Appends the rows of a block of the same file.
    pub(crate) fn append(&mut self, block: &Self) {
        self.times.extend_from_slice(&block.times);
        for (column, rest) in self.prices.columns_mut().into_iter().zip(block.prices.columns()) {
            column.extend_from_slice(rest);
        }
        self.volume.extend_from_slice(&block.volume);
        self.spread_points.extend_from_slice(&block.spread_points);
        self.place.rows.extend_from_slice(&block.place.rows);
        self.place.lines.extend_from_slice(&block.place.lines);
    }

    /// Writes down where each row stands, so that rows of elsewhere may follow.
    pub(crate) fn number(&mut self) {
        if self.place.rows.is_empty() {
            let row = |k: usize| u32::try_from(self.place.first + k).unwrap_or(u32::MAX);
            self.place.rows = (0..self.len()).map(row).collect();
        }
    }

    /// Copies of a range of rows.
    ///
    /// # Panics
    /// When the range lies outside.
    pub(crate) fn part(&self, rows: Range<usize>) -> Self {
        let mut part = self.without_rows();
        part.times = self.times[rows.clone()].to_vec();
        for (column, all) in part.prices.columns_mut().into_iter().zip(self.prices.columns()) {
            *column = all[rows.clone()].to_vec();
        }
        part.volume = self.volume[rows.clone()].to_vec();
        part.spread_points = self.spread_points.get(rows.clone()).map(<[i64]>::to_vec).unwrap_or_default();
        let of = |list: &[u32]| list.get(rows.clone()).map(<[u32]>::to_vec).unwrap_or_default();
        part.place = Places {
            rows: of(&self.place.rows),
            lines: of(&self.place.lines),
            first: self.place.first + rows.start,
        };
        part
    }

    /// Copies of the rows `order`.
    ///
    /// # Panics
    /// When a row is out of range.
    pub(crate) fn select(&self, order: &[usize]) -> Self {
        fn pick<T: Copy>(list: &[T], order: &[usize]) -> Vec<T> {
            order.iter().filter_map(|&k| list.get(k).copied()).collect()
        }
        Self {
            times: pick(&self.times, order),
            prices: self.prices.select(order),
            volume: pick(&self.volume, order),
            spread_points: pick(&self.spread_points, order),
            place: Places {
                rows: order.iter().map(|&k| u32::try_from(self.place.row(k)).unwrap_or(u32::MAX)).collect(),
                lines: pick(&self.place.lines, order),
                first: 0,
            },
            ..self.without_rows()
        }
    }

    /// Keeps a range of rows and gives back the memory of the others.
    ///
    /// # Panics
    /// When the range lies outside.
    pub(crate) fn cut(&mut self, rows: &Range<usize>) {
        if *rows == (0..self.len()) {
            return;
        }
        let places = |list: &mut Vec<u32>| {
            if !list.is_empty() {
                cut(list, rows);
            }
        };
        places(&mut self.place.rows);
        places(&mut self.place.lines);
        self.place.first += rows.start;
        cut(&mut self.times, rows);
        self.prices.cut(rows);
        cut(&mut self.volume, rows);
        if !self.spread_points.is_empty() {
            cut(&mut self.spread_points, rows);
        }
    }

    /// Forgets the rows, keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.times.clear();
        self.prices.truncate(0);
        self.volume.clear();
        self.spread_points.clear();
        self.place.rows.clear();
        self.place.lines.clear();
    }

    /// Takes the first `count` rows out.
    ///
    /// # Panics
    /// When there are fewer.
    pub(crate) fn take_front(&mut self, count: usize) -> Self {
        if count == self.len() {
            let rest = self.without_rows();
            return std::mem::replace(self, rest);
        }
        let mut front = self.without_rows();
        front.times = self.times.drain(..count).collect();
        for (column, rest) in front.prices.columns_mut().into_iter().zip(self.prices.columns_mut()) {
            *column = rest.drain(..count).collect();
        }
        front.volume = self.volume.drain(..count).collect();
        front.spread_points = self.spread_points.drain(..count.min(self.spread_points.len())).collect();
        let places = |list: &mut Vec<u32>| list.drain(..count.min(list.len())).collect();
        front.place = Places {
            rows: places(&mut self.place.rows),
            lines: places(&mut self.place.lines),
            first: self.place.first,
        };
        self.place.first += count;
        front
    }

    /// The same file without its rows.
    pub(crate) fn without_rows(&self) -> Self {
        Self {
            symbol: self.symbol.clone(),
            names: self.names.clone(),
            bad_time: self.bad_time.clone(),
            float32: self.float32,
            anchor: self.anchor,
            ..Self::default()
        }
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
