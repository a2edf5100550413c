//! First bar on which a price reaches a level: block extremes at three levels over the columns of a series.
//!
//! A query walks bars to the end of its block of 16, then blocks to the end of theirs, and so on, and back down: a level
//! that is near is found in two or three looks of sixteen, and one that is not reached for a million bars costs some
//! hundred comparisons. Answers are exactly those of the plain loop over the bars, ties included (`low <= level`,
//! `high >= level`).

use super::bars::{BarSeries, PriceColumns};
use crate::types::PriceSide;

/// Entries of one level that an entry of the next stands for.
const BLOCK: usize = 16;

/// Levels above the bars: blocks of 16, 256 and 4,096 bars.
const LEVELS: usize = 3;

/// Extremes of consecutive stretches of bars.
#[derive(Debug, Clone, Default)]
struct Extremes {
    low: Box<[f64]>,
    high: Box<[f64]>,
}

impl Extremes {
    fn of(low: &[f64], high: &[f64]) -> Self {
        let least = |stretch: &[f64]| stretch.iter().fold(f64::INFINITY, |a, &b| if b < a { b } else { a });
        let most =
            |stretch: &[f64]| stretch.iter().fold(f64::NEG_INFINITY, |a, &b| if b > a { b } else { a });
        Self { low: low.chunks(BLOCK).map(least).collect(), high: high.chunks(BLOCK).map(most).collect() }
    }
}

/// Extremes of one side, the finest level first.
#[derive(Debug, Clone, Default)]
struct SideIndex([Extremes; LEVELS]);

impl SideIndex {
    fn of(columns: &PriceColumns) -> Self {
        let blocks = Extremes::of(&columns.low, &columns.high);
        let stretches = Extremes::of(&blocks.low, &blocks.high);
        let ranges = Extremes::of(&stretches.low, &stretches.high);
        Self([blocks, stretches, ranges])
    }
}

/// Extremes of both sides of a series; 2.7 % of the memory of its bars.
#[derive(Debug, Clone, Default)]
pub struct PassageIndex {
    bid: SideIndex,
    ask: SideIndex,
}

impl PassageIndex {
    /// Computes the extremes of a series.
    pub(super) fn of(bars: &BarSeries) -> Self {
        Self { bid: SideIndex::of(bars.bid()), ask: SideIndex::of(bars.ask()) }
    }
}

/// The band a price has to leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Reached when `low <= below`; minus infinity = never.
    pub below: f64,
    /// Reached when `high >= above`; infinity = never.
    pub above: f64,
}

impl Band {
    #[inline]
    fn is_left(self, low: f64, high: f64) -> bool {
        #[expect(
            clippy::needless_bitwise_bool,
            reason = "no branch between the two comparisons of a hot loop"
        )]
        let reached = (low <= self.below) | (high >= self.above);
        reached
    }

    /// First place of two equally long slices where the band is left.
    #[inline]
    fn first_in(self, low: &[f64], high: &[f64]) -> Option<usize> {
        const LANES: usize = 8;
        let (low_lanes, low_rest) = low.as_chunks::<LANES>();
        let (high_lanes, high_rest) = high.as_chunks::<LANES>();
        for (chunk, (lows, highs)) in low_lanes.iter().zip(high_lanes).enumerate() {
            // Without an early exit inside, so that the eight comparisons become one vector operation.
            let any = lows.iter().zip(highs).fold(false, |any, (&l, &h)| any | self.is_left(l, h));
            if any {
                let within = lows.iter().zip(highs).position(|(&l, &h)| self.is_left(l, h));
                return within.map(|place| chunk * LANES + place);
            }
        }
        let rest = low_rest.iter().zip(high_rest).position(|(&l, &h)| self.is_left(l, h));
        rest.map(|place| low_lanes.len() * LANES + place)
    }
}

/// First row in `[from, to)` whose bar on `side` leaves the band; `None` when none does.
///
/// # Panics
/// When `to` lies behind the last bar.
#[inline]
pub fn first_passage(bars: &BarSeries, side: PriceSide, from: usize, to: usize, band: Band) -> Option<usize> {
    if from >= to {
        return None;
    }
    let columns = bars.side(side);
    let index = match side {
        PriceSide::Bid => &bars.passage().bid,
        PriceSide::Ask => &bars.passage().ask,
    };
    let [blocks, stretches, ranges] = &index.0;
    let top = |from, to| Level::of(ranges).scan(band, from, to);
    let third = |from, to| Level::of(stretches).search(band, from, to, top);
    let second = |from, to| Level::of(blocks).search(band, from, to, third);
    Level { low: &columns.low, high: &columns.high }.search(band, from, to, second)
}

/// The bars, or the extremes of one level.
#[derive(Debug, Clone, Copy)]
struct Level<'a> {
    low: &'a [f64],
    high: &'a [f64],
}

impl<'a> Level<'a> {
    fn of(extremes: &'a Extremes) -> Self {
        Self { low: &extremes.low, high: &extremes.high }
    }

    /// First place in `[from, to)` where the band is left.
    #[inline]
    fn scan(self, band: Band, from: usize, to: usize) -> Option<usize> {
        band.first_in(&self.low[from..to], &self.high[from..to]).map(|place| from + place)
    }

    /// The same for a level with one above it: `above` finds blocks that may hold such a place.
    #[inline]
    fn search(
        self,
        band: Band,
        from: usize,
        to: usize,
        above: impl Fn(usize, usize) -> Option<usize>,
    ) -> Option<usize> {
        let head = (from / BLOCK + 1).saturating_mul(BLOCK).min(to);
        if let Some(place) = self.scan(band, from, head) {
            return Some(place);
        }
        let (mut block, blocks) = (head.div_ceil(BLOCK), to.div_ceil(BLOCK));
        // The last block may reach beyond `to`: its extremes may promise what the places before `to` do not hold.
        while block < blocks {
            block = above(block, blocks)?;
            let start = block * BLOCK;
            if let Some(place) = self.scan(band, start, (start + BLOCK).min(to)) {
                return Some(place);
            }
            block += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::types::Timeframe;

    fn series(prices: &[(i16, u8)]) -> BarSeries {
        let mut columns = PriceColumns::default();
        for &(low, height) in prices {
            let (low, high) = (f64::from(low), f64::from(low) + f64::from(height));
            columns.push(super::super::Ohlc { open: low, high, low, close: high });
        }
        let times = (0_i64..).map(|i| i * Timeframe::M1.micros()).take(prices.len()).collect();
        let columns = Arc::new(columns);
        let volume = vec![0.0; prices.len()];
        BarSeries::new(Timeframe::M1, times, Arc::clone(&columns), columns, volume)
    }

    proptest! {
        #[test]
        fn the_index_answers_like_the_plain_loop(
            seed in prop::collection::vec((-40_i16..40, 0_u8..6), 1..200),
            repeat in 1_usize..90,
            from in 0_usize..9000,
            cut in 0_usize..100,
            below in -45_i16..45,
            above in -45_i16..45,
        ) {
            let prices: Vec<_> = seed.iter().copied().cycle().take(seed.len() * repeat).collect();
            let bars = series(&prices);
            let to = bars.len() - cut.min(bars.len());
            let band = Band { below: f64::from(below), above: f64::from(above) };
            let lows = &bars.bid().low;
            let plain = (from..to).find(|&i| lows[i] <= band.below || bars.bid().high[i] >= band.above);
            prop_assert_eq!(first_passage(&bars, PriceSide::Bid, from, to, band), plain);
        }
    }

    #[test]
    fn a_level_far_away_is_found_through_all_levels() {
        let mut prices = vec![(0, 1); 300_000];
        prices[299_999] = (-9, 1);
        let bars = series(&prices);
        let band = Band { below: -9.0, above: f64::INFINITY };
        assert_eq!(first_passage(&bars, PriceSide::Bid, 0, 300_000, band), Some(299_999));
        assert_eq!(first_passage(&bars, PriceSide::Bid, 0, 299_999, band), None);
    }
}
