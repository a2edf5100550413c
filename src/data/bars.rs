//! Bars of one symbol and timeframe in columns: bid, ask, volume.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::passage::PassageIndex;
use crate::types::{PriceSide, Timeframe, Timestamp};

/// One price side of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ohlc {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

/// Four price columns of equal length, quote currency.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PriceColumns {
    /// First prices.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Last prices.
    pub close: Vec<f64>,
}

impl PriceColumns {
    /// Empty columns with room for `rows` bars.
    pub fn with_capacity(rows: usize) -> Self {
        let column = || Vec::with_capacity(rows);
        Self { open: column(), high: column(), low: column(), close: column() }
    }

    /// The bar at `row`.
    ///
    /// # Panics
    /// When `row` is out of range.
    #[inline]
    pub fn at(&self, row: usize) -> Ohlc {
        Ohlc { open: self.open[row], high: self.high[row], low: self.low[row], close: self.close[row] }
    }

    /// Number of bars.
    pub fn len(&self) -> usize {
        self.close.len()
    }

    /// Whether there is no bar.
    pub fn is_empty(&self) -> bool {
        self.close.is_empty()
    }

    /// Appends a bar.
    pub fn push(&mut self, bar: Ohlc) {
        self.open.push(bar.open);
        self.high.push(bar.high);
        self.low.push(bar.low);
        self.close.push(bar.close);
    }

    /// Drops all bars from `rows` on.
    pub fn truncate(&mut self, rows: usize) {
        for column in self.columns_mut() {
            column.truncate(rows);
        }
    }

    /// Keeps the bars of a range of rows and gives back the memory of the others.
    ///
    /// # Panics
    /// When the range lies outside.
    pub fn cut(&mut self, rows: &Range<usize>) {
        for column in self.columns_mut() {
            cut(column, rows);
        }
    }

    /// Copies of the bars at `rows`.
    ///
    /// # Panics
    /// When a row is out of range.
    pub fn select(&self, rows: &[usize]) -> Self {
        let pick = |column: &[f64]| rows.iter().map(|&row| column[row]).collect();
        Self {
            open: pick(&self.open),
            high: pick(&self.high),
            low: pick(&self.low),
            close: pick(&self.close),
        }
    }

    /// Open, high, low, close.
    pub fn columns(&self) -> [&Vec<f64>; 4] {
        [&self.open, &self.high, &self.low, &self.close]
    }

    /// Open, high, low, close, to be changed together.
    pub fn columns_mut(&mut self) -> [&mut Vec<f64>; 4] {
        [&mut self.open, &mut self.high, &mut self.low, &mut self.close]
    }
}

/// Keeps a range of rows of one column.
pub(crate) fn cut<T>(column: &mut Vec<T>, rows: &Range<usize>) {
    column.truncate(rows.end);
    column.drain(..rows.start);
    column.shrink_to_fit();
}

/// Validated bars of one symbol and timeframe: bid and ask aligned row by row, times strictly increasing.
///
/// When both sides are equal (trades or mids without a spread) the ask shares the bid's columns.
#[derive(Debug, Clone)]
pub struct BarSeries {
    timeframe: Timeframe,
    times: Arc<Vec<i64>>,
    bid: Arc<PriceColumns>,
    ask: Arc<PriceColumns>,
    volume: Arc<Vec<f64>>,
    passage: OnceLock<PassageIndex>,
}

impl BarSeries {
    /// Columns of equal length.
    ///
    /// # Panics
    /// When the lengths differ; callers validate values and order before.
    pub fn new(
        timeframe: Timeframe,
        times: Vec<i64>,
        bid: Arc<PriceColumns>,
        ask: Arc<PriceColumns>,
        volume: Vec<f64>,
    ) -> Self {
        let rows = times.len();
        assert!([bid.len(), ask.len(), volume.len()].iter().all(|&n| n == rows), "one row per time");
        Self {
            timeframe,
            times: Arc::new(times),
            bid,
            ask,
            volume: Arc::new(volume),
            passage: OnceLock::new(),
        }
    }

    /// The bars of a range of rows; memory of the others is given back when nobody else holds the columns.
    ///
    /// # Panics
    /// When the range lies outside.
    pub fn cut(self, rows: Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.len(), "rows of this series");
        if rows == (0..self.len()) {
            return self;
        }
        let one_sided = self.is_one_sided();
        let Self { timeframe, times, bid, ask, volume, passage: _ } = self;
        let ask = if one_sided { None } else { Some(shortened(ask, &rows)) };
        let bid = shortened(bid, &rows);
        let mut times = Arc::unwrap_or_clone(times);
        let mut volume = Arc::unwrap_or_clone(volume);
        cut(&mut times, &rows);
        cut(&mut volume, &rows);
        let ask = ask.unwrap_or_else(|| Arc::clone(&bid));
        Self {
            timeframe,
            times: Arc::new(times),
            bid,
            ask,
            volume: Arc::new(volume),
            passage: OnceLock::new(),
        }
    }

    /// Copies of the bars at `rows`, which must increase.
    ///
    /// # Panics
    /// When a row is out of range.
    pub fn select(&self, rows: &[usize]) -> Self {
        let bid = Arc::new(self.bid.select(rows));
        let ask = if self.is_one_sided() { Arc::clone(&bid) } else { Arc::new(self.ask.select(rows)) };
        let times = rows.iter().map(|&row| self.times[row]).collect();
        let volume = rows.iter().map(|&row| self.volume[row]).collect();
        Self::new(self.timeframe, times, bid, ask, volume)
    }

    /// Bytes of the columns; those that bid and ask share count once.
    pub fn bytes(&self) -> u64 {
        let sides = if self.is_one_sided() { 1 } else { 2 };
        self.len() as u64 * 8 * (2 + 4 * sides)
    }

    /// Whether bid and ask are the same columns.
    pub fn is_one_sided(&self) -> bool {
        Arc::ptr_eq(&self.bid, &self.ask)
    }

    /// Number of bars.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no bar.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Length of a bar.
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Open times, microseconds UTC, strictly increasing.
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// Open times to be shared with a timeline.
    pub(crate) fn shared_times(&self) -> &Arc<Vec<i64>> {
        &self.times
    }

    /// Open time of a bar.
    ///
    /// # Panics
    /// When `row` is out of range.
    #[inline]
    pub fn time(&self, row: usize) -> Timestamp {
        Timestamp(self.times[row])
    }

    /// The columns of one side.
    #[inline]
    pub fn side(&self, side: PriceSide) -> &PriceColumns {
        match side {
            PriceSide::Bid => &self.bid,
            PriceSide::Ask => &self.ask,
        }
    }

    /// Bid columns.
    #[inline]
    pub fn bid(&self) -> &PriceColumns {
        &self.bid
    }

    /// Ask columns.
    #[inline]
    pub fn ask(&self) -> &PriceColumns {
        &self.ask
    }

    /// Block extremes of lows and highs, computed at the first use and shared from then on.
    #[inline]
    pub fn passage(&self) -> &PassageIndex {
        self.passage.get_or_init(|| PassageIndex::of(self))
    }

    /// Volume per bar, units of the source.
    pub fn volume(&self) -> &[f64] {
        &self.volume
    }
}

fn shortened(columns: Arc<PriceColumns>, rows: &Range<usize>) -> Arc<PriceColumns> {
    let mut own = Arc::unwrap_or_clone(columns);
    own.cut(rows);
    Arc::new(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_keeps_rows_and_shared_sides() {
        let column = |shift: f64| (0..5).map(|k| f64::from(k) + shift).collect::<Vec<_>>();
        let bid = Arc::new(PriceColumns {
            open: column(0.0),
            high: column(0.5),
            low: column(-0.5),
            close: column(0.1),
        });
        let bars = BarSeries::new(Timeframe::M1, vec![0, 1, 2, 3, 4], Arc::clone(&bid), bid, column(9.0));
        let part = bars.clone().cut(1..3);
        assert!(part.is_one_sided());
        assert_eq!((part.times(), part.ask().close[1]), (&[1, 2][..], 2.1));
        assert_eq!(part.volume(), [10.0, 11.0]);
        assert_eq!(bars.select(&[0, 4]).bid().low, [-0.5, 3.5]);
    }
}
