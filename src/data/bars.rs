//! Bars of one symbol and timeframe in columns: bid, ask, volume.

use std::sync::Arc;

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
        for column in [&mut self.open, &mut self.high, &mut self.low, &mut self.close] {
            column.truncate(rows);
        }
    }
}

/// Validated bars of one symbol and timeframe: bid and ask aligned row by row, times strictly increasing.
///
/// When both sides are equal (trades or mids without a spread) the ask shares the bid's columns.
#[derive(Debug, Clone)]
pub struct BarSeries {
    timeframe: Timeframe,
    times: Vec<i64>,
    bid: Arc<PriceColumns>,
    ask: Arc<PriceColumns>,
    volume: Vec<f64>,
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
        Self { timeframe, times, bid, ask, volume }
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

    /// Volume per bar, units of the source.
    pub fn volume(&self) -> &[f64] {
        &self.volume
    }
}
