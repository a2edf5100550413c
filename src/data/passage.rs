//! First bar on which a price reaches a level: block extremes at three levels over the columns of a series.
//!
//! A query looks at the next 16 bars, then at the 16 blocks from the first whole one on, and so on, and back down: a level
//! that is near is found in two or three looks at sixteen places, each without a branch, and one that is not reached for
//! a million bars costs some twenty. Answers are exactly those of the plain loop over the bars, ties included
//! (`low <= level`, `high >= level`).

use pulp::{Simd, WithSimd};

use super::bars::{BarSeries, PriceColumns};
use crate::types::{PriceSide, registers};

/// Entries of one level that an entry of the next stands for.
const BLOCK: usize = 16;

/// Levels above the bars: blocks of 16, 256 and 4,096 bars.
const LEVELS: usize = 3;

/// The places of a block, as the lanes of a search.
const PLACES: [f64; BLOCK] = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];

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

/// What is known of one side.
#[derive(Debug, Clone, Default)]
struct SideIndex {
    /// Extremes, the finest level first.
    levels: [Extremes; LEVELS],
    /// Whether every bar has a close.
    has_all_closes: bool,
}

impl SideIndex {
    fn of(columns: &PriceColumns) -> Self {
        let blocks = Extremes::of(&columns.low, &columns.high);
        let stretches = Extremes::of(&blocks.low, &blocks.high);
        let ranges = Extremes::of(&stretches.low, &stretches.high);
        let has_all_closes = columns.close.iter().fold(true, |all, close| all & close.is_finite());
        Self { levels: [blocks, stretches, ranges], has_all_closes }
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

    /// Whether every bar of a side has a close, a finite number.
    pub fn has_all_closes(&self, side: PriceSide) -> bool {
        self.side(side).has_all_closes
    }

    fn side(&self, side: PriceSide) -> &SideIndex {
        match side {
            PriceSide::Bid => &self.bid,
            PriceSide::Ask => &self.ask,
        }
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
    /// Whether a bar of this range leaves it.
    #[inline]
    pub fn is_left(self, low: f64, high: f64) -> bool {
        #[expect(
            clippy::needless_bitwise_bool,
            reason = "no branch between the two comparisons of a hot loop"
        )]
        let reached = (low <= self.below) | (high >= self.above);
        reached
    }
}

/// One side of a series up to a row, ready to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Passages<'a> {
    levels: [Level<'a>; LEVELS + 1],
}

impl<'a> Passages<'a> {
    /// The bars before row `to`.
    ///
    /// # Panics
    /// When `to` lies behind the last bar.
    pub fn of(bars: &'a BarSeries, side: PriceSide, to: usize) -> Self {
        let columns = bars.side(side);
        let [blocks, stretches, ranges] = &bars.passage().side(side).levels;
        let entries = |size: usize| to.div_ceil(size);
        let levels = [
            Level { low: &columns.low[..to], high: &columns.high[..to] },
            Level::of(blocks, entries(BLOCK)),
            Level::of(stretches, entries(BLOCK.pow(2))),
            Level::of(ranges, entries(BLOCK.pow(3))),
        ];
        Self { levels }
    }

    /// First row at or after `from` whose bar leaves the band, for whom only rows up to `until` matter: `None` when none of
    /// them does, whatever later ones do. The answer may still be a later row.
    #[inline]
    pub fn first_until(&self, from: usize, until: usize, band: Band) -> Option<usize> {
        registers::arch().dispatch(Query { levels: &self.levels, from, until, band })
    }
}

/// The bars, or the extremes of one level; equally long.
#[derive(Debug, Clone, Copy)]
struct Level<'a> {
    low: &'a [f64],
    high: &'a [f64],
}

impl<'a> Level<'a> {
    fn of(extremes: &'a Extremes, entries: usize) -> Self {
        Self { low: &extremes.low[..entries], high: &extremes.high[..entries] }
    }

    /// First of the 16 places from `from` on where the band is left; places behind the last one never leave it.
    #[expect(
        clippy::inline_always,
        reason = "must be compiled inside the function that enables the instructions"
    )]
    #[inline(always)]
    fn first_of_block<S: Simd>(self, simd: S, band: Band, from: usize) -> Option<usize> {
        let block = |column: &'a [f64]| column.get(from..from + BLOCK);
        let Some((low, high)) = block(self.low).zip(block(self.high)) else {
            return (from..self.low.len()).find(|&place| band.is_left(self.low[place], self.high[place]));
        };
        let (below, above) = (simd.splat_f64s(band.below), simd.splat_f64s(band.above));
        let lanes = |column| S::as_simd_f64s(column).0.iter();
        let left = lanes(low).zip(lanes(high)).map(|(&low, &high)| {
            simd.or_m64s(
                simd.less_than_or_equal_f64s(low, below),
                simd.greater_than_or_equal_f64s(high, above),
            )
        });
        first_set(simd, left).map(|place| from + place)
    }
}

/// Place of the first lane that is set in the masks of a block.
#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
#[inline(always)]
fn first_set<S: Simd>(simd: S, masks: impl Iterator<Item = S::m64s>) -> Option<usize> {
    // A mask is a bit per lane where the instructions have such registers, else a lane of its own.
    if const { size_of::<S::m64s>() == size_of::<u8>() } {
        let mut bits = 0_u32;
        for (group, mask) in masks.enumerate() {
            let lanes: u8 = pulp::bytemuck::cast(mask);
            bits |= u32::from(lanes) << (group * S::F64_LANES);
        }
        return (bits != 0).then(|| bits.trailing_zeros() as usize);
    }
    let nowhere = simd.splat_f64s(f64::INFINITY);
    let places = S::as_simd_f64s(&PLACES).0.iter();
    let first = masks
        .zip(places)
        .fold(nowhere, |first, (left, &place)| simd.min_f64s(first, simd.select_f64s(left, place, nowhere)));
    let first = simd.reduce_min_f64s(first);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "one of the places")]
    let place = |first: f64| first as usize;
    (first < f64::INFINITY).then(|| place(first))
}

/// The first place of the finest level, at or after `from`, where the band is left; looked for up to `until`.
struct Query<'a> {
    levels: &'a [Level<'a>; LEVELS + 1],
    from: usize,
    until: usize,
    band: Band,
}

impl WithSimd for Query<'_> {
    type Output = Option<usize>;

    #[expect(
        clippy::inline_always,
        reason = "must be compiled inside the function that enables the instructions"
    )]
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<usize> {
        let (mut level, mut from, mut until) = (0, self.from, self.until);
        let mut place = loop {
            if from >= self.levels[level].low.len() || from > until {
                return None;
            }
            if let Some(place) = self.levels[level].first_of_block(simd, self.band, from) {
                break place;
            }
            from += BLOCK;
            // A single block more is sooner looked at than one of the level above and then it.
            if level < LEVELS && until - from.min(until) >= BLOCK {
                level += 1;
                from /= BLOCK;
                until /= BLOCK;
            }
        };
        while level > 0 {
            level -= 1;
            // The last block may reach beyond the bars that are asked for: its extremes may promise what they do not hold.
            place = self.levels[level].first_of_block(simd, self.band, place * BLOCK)?;
        }
        Some(place)
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
        fn the_index_answers_like_the_plain_loop_on_every_path(
            seed in prop::collection::vec((-40_i16..40, 0_u8..6), 1..200),
            repeat in 1_usize..90,
            from in 0_usize..9000,
            cut in 0_usize..100,
            below in -45_i16..45,
            above in -45_i16..45,
            ahead in prop_oneof![0_usize..100, 0_usize..9000],
        ) {
            let prices: Vec<_> = seed.iter().copied().cycle().take(seed.len() * repeat).collect();
            let bars = series(&prices);
            let to = bars.len() - cut.min(bars.len());
            let band = Band { below: f64::from(below), above: f64::from(above) };
            let lows = &bars.bid().low;
            let plain = (from..to).find(|&i| lows[i] <= band.below || bars.bid().high[i] >= band.above);
            let passages = Passages::of(&bars, PriceSide::Bid, to);
            for arch in registers::every_path() {
                let query = |until| arch.dispatch(Query { levels: &passages.levels, from, until, band });
                prop_assert_eq!(query(usize::MAX), plain, "{:?}", arch);
                match query(from + ahead) {
                    Some(row) => prop_assert_eq!(Some(row), plain, "{:?}", arch),
                    None => prop_assert!(plain.is_none_or(|row| row > from + ahead), "{:?}", arch),
                }
            }
        }
    }

    #[test]
    fn a_level_far_away_is_found_through_all_levels() {
        let mut prices = vec![(0, 1); 300_000];
        prices[299_999] = (-9, 1);
        let bars = series(&prices);
        let band = Band { below: -9.0, above: f64::INFINITY };
        assert_eq!(
            Passages::of(&bars, PriceSide::Bid, 300_000).first_until(0, usize::MAX, band),
            Some(299_999)
        );
        assert_eq!(Passages::of(&bars, PriceSide::Bid, 299_999).first_until(0, usize::MAX, band), None);
    }
}
