//! Computes the bitmaps of comparisons: chunk by chunk of rows, every comparison of a symbol in each.
//!
//! The rows of a chunk are read from memory once and stay near while all comparisons of them are made. `left >= right`
//! and `left <= right` are taken once per pair of operands; every comparison follows from these two words.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::bitmap::words_for;
use super::columns::Column;
use super::expression::Definitions;
use super::lanes::{Right, compare};
use super::masks::{Comparison, MaskKey, Operand};
use super::passing::{Found, Passing};
use super::slices::Slices;
use super::stretches;
use super::tiles::TilesSoFar;
use crate::data::MultiSymbolData;
use crate::indicators::SeriesKey;
use crate::indicators::bollinger::band;
use crate::types::{Timeframe, registers};

/// Rows of a chunk, a multiple of 64: 8 KiB of each operand, so that some stay in the nearest cache.
/// Small under test, so that seams are crossed.
pub(super) const CHUNK: usize = if cfg!(test) { 128 } else { 1024 };

/// An operand whose series are found.
enum Values<'a> {
    Series(Found<'a>, usize),
    Band { mean: Found<'a>, std: Found<'a>, factor: f64 },
    Constant(f64),
}

impl<'a> Values<'a> {
    fn of(operand: &Operand, primary: Timeframe, found: impl Fn(&SeriesKey) -> Found<'a>) -> Self {
        match *operand {
            Operand::Band { mean, std, factor } => {
                Self::Band { mean: found(&mean), std: found(&std), factor: factor.get() }
            }
            Operand::Constant(number) => Self::Constant(number.get()),
            Operand::Back(key, bars) => Self::Series(found(&key), bars as usize),
            Operand::Series(key) => Self::Series(found(&key), 0),
            Operand::Price { symbol, side, field } => {
                Self::Series(found(&SeriesKey { symbol, timeframe: primary, side, kind: field.kind() }), 0)
            }
        }
    }

    /// The numbers so many rows before some rows; `NaN` before the first.
    fn rows<'t>(&self, tiles: TilesSoFar<'t>, rows: Range<usize>, back: usize) -> Rows<'t>
    where
        'a: 't,
    {
        match self {
            Self::Series(found, bars) => Rows::Each(found.rows(tiles, rows, bars.saturating_add(back))),
            Self::Band { mean, std, factor } => {
                let (mean, std) = (mean.rows(tiles, rows.clone(), back), std.rows(tiles, rows, back));
                Rows::Each(mean.iter().zip(std.iter()).map(|(&m, &s)| band(m, s, *factor)).collect())
            }
            Self::Constant(number) => Rows::Same(*number),
        }
    }
}

/// An operand over the rows of a chunk.
enum Rows<'a> {
    Each(Cow<'a, [f64]>),
    Same(f64),
}

impl Rows<'_> {
    fn first(&self) -> f64 {
        match self {
            Self::Each(rows) => rows[0],
            Self::Same(number) => *number,
        }
    }
}

/// Two operands, by position, and what is asked of them.
struct Pair {
    left: usize,
    right: usize,
    wanted: Vec<Wanted>,
}

/// One comparison of a pair.
#[derive(Clone, Copy)]
struct Wanted {
    /// Place among the keys.
    place: usize,
    comparison: Comparison,
    when: When,
}

/// Of which row a bit tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Now,
    /// The row before.
    Before,
}

/// The bitmaps of `keys`, all of one symbol with so many rows, in their order, and how many series passed by for them.
/// A series that `column` does not know must be able to.
pub(super) fn bitmaps<'a>(
    keys: &[MaskKey],
    rows: usize,
    data: &'a MultiSymbolData,
    definitions: &'a Definitions,
    column: impl Fn(&SeriesKey) -> Option<&'a Column>,
) -> (Vec<Arc<[u64]>>, usize) {
    let (operands, pairs) = arrange(keys);
    let price = |key: &SeriesKey| {
        Slices::price(key, &data.symbol(key.symbol).bars).filter(|_| key.timeframe == data.timeframe())
    };
    let slices = |key: &SeriesKey| column(key).map(Slices::of).or_else(|| price(key));
    let passing = Passing::of(&looked_at(&operands), data, definitions, slices);
    let found = |key: &SeriesKey| match passing.place(key) {
        Some(place) => Found::Tile(place),
        None => Found::Column(slices(key).expect("a series without a place is a column")),
    };
    let value = |operand| Values::of(operand, data.timeframe(), found);
    let values: Vec<Values<'_>> = operands.iter().map(value).collect();
    // A pass has to begin early, so there are as few stretches as keep all threads busy.
    let threads = if passing.is_empty() { rows.div_ceil(CHUNK) } else { rayon::current_num_threads() };
    let ends = stretches::ends(rows, threads, passing.lag(pairs.len()));
    let mut bitmaps: Vec<Arc<[u64]>> =
        keys.par_iter().map(|_| std::iter::repeat_n(0, words_for(rows)).collect()).collect();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let mut stretches: Vec<Stretch<'_>> = starts
        .zip(&ends)
        .map(|(start, &end)| Stretch { start, end, words: Vec::with_capacity(keys.len()) })
        .collect();
    for bitmap in &mut bitmaps {
        let mut own = Arc::get_mut(bitmap).expect("nobody else holds a new bitmap");
        for stretch in &mut stretches {
            let words = own.split_off_mut(..words_for(stretch.end - stretch.start));
            stretch.words.push(words.expect("a bitmap has the words of all stretches"));
        }
    }
    stretches.into_par_iter().for_each(|stretch| stretch.fill(&passing, &values, &pairs));
    (bitmaps, passing.len())
}

/// The series of some operands, and how many rows back they are looked at: a cross looks one row further.
fn looked_at(operands: &[Operand]) -> Vec<(SeriesKey, usize)> {
    let rows = |operand: &Operand| if let Operand::Back(_, bars) = operand { *bars as usize } else { 0 };
    operands.iter().flat_map(|operand| operand.series().map(|key| (key, rows(operand) + 1))).collect()
}

/// The distinct operands, and the distinct pairs of them.
fn arrange(keys: &[MaskKey]) -> (Vec<Operand>, Vec<Pair>) {
    let mut asked: BTreeMap<(Operand, Operand), Vec<Wanted>> = BTreeMap::new();
    for (place, key) in keys.iter().enumerate() {
        let (sides, when) = sides_of(key);
        asked.entry(sides).or_default().push(Wanted { place, comparison: key.comparison, when });
    }
    let mut operands: Vec<Operand> = asked.keys().flat_map(|(left, right)| [*left, *right]).collect();
    operands.sort_unstable();
    operands.dedup();
    let position = |operand: &Operand| operands.binary_search(operand).expect("every operand is listed");
    let pair = |((left, right), wanted): (&(Operand, Operand), &Vec<Wanted>)| Pair {
        left: position(left),
        right: position(right),
        wanted: wanted.clone(),
    };
    let pairs = asked.iter().map(pair).collect();
    (operands, pairs)
}

/// The operands of a comparison. What is compared one row ago is what was compared there: its words are taken with those of
/// now.
fn sides_of(key: &MaskKey) -> ((Operand, Operand), When) {
    let there = |operand| match operand {
        Operand::Back(series, 1) => Some(Operand::Series(series)),
        Operand::Constant(_) => Some(operand),
        _ => None,
    };
    let crosses = matches!(key.comparison, Comparison::CrossAbove | Comparison::CrossBelow);
    match there(key.left).zip(there(key.right)).filter(|_| !crosses) {
        Some(sides) => (sides, When::Before),
        None => ((key.left, key.right), When::Now),
    }
}

/// Consecutive rows of all bitmaps: their words, one list per key.
struct Stretch<'a> {
    start: usize,
    end: usize,
    words: Vec<&'a mut [u64]>,
}

impl Stretch<'_> {
    /// Compares chunk by chunk.
    fn fill(mut self, passing: &Passing<'_>, values: &[Values<'_>], pairs: &[Pair]) {
        let mut pass = passing.pass(self.start, CHUNK.min(self.end - self.start));
        for start in (self.start..self.end).step_by(CHUNK) {
            let rows = start..self.end.min(start + CHUNK);
            pass.advance(rows.end);
            let tiles = pass.tiles();
            let before: Vec<f64> =
                values.iter().map(|values| values.rows(tiles, start..start + 1, 1).first()).collect();
            let first = (start - self.start) / 64;
            let words = first..first + words_for(rows.len());
            let last = u64::MAX >> (rows.len().wrapping_neg() % 64);
            let rows: Vec<Rows<'_>> =
                values.iter().map(|values| values.rows(tiles, rows.clone(), 0)).collect();
            compare_chunk((words, last), &before, &rows, pairs, &mut self.words);
        }
    }
}

/// Some words of all bitmaps from the rows they stand for, in the last of them these bits; `before` are the operands on the
/// row before.
fn compare_chunk(
    (words, last): (Range<usize>, u64),
    before: &[f64],
    rows: &[Rows<'_>],
    pairs: &[Pair],
    out: &mut [&mut [u64]],
) {
    let arch = registers::arch();
    let (mut more, mut less) = ([0; CHUNK / 64], [0; CHUNK / 64]);
    let (more, less) = (&mut more[..words.len()], &mut less[..words.len()]);
    for pair in pairs {
        match (&rows[pair.left], &rows[pair.right]) {
            (Rows::Each(left), Rows::Each(right)) => compare(arch, left, Right::Rows(right), more, less),
            (Rows::Each(left), Rows::Same(right)) => compare(arch, left, Right::Constant(*right), more, less),
            (Rows::Same(left), Rows::Each(right)) => compare(arch, right, Right::Constant(*left), less, more),
            (Rows::Same(_), Rows::Same(_)) => unreachable!("a comparison reads a series"),
        }
        let before = (before[pair.left], before[pair.right]);
        for &Wanted { place, comparison, when } in &pair.wanted {
            let out = &mut out[place][words.clone()];
            let later = (when == When::Before).then(|| was(comparison, before));
            derive(comparison, (more, less), before, later, out);
            if let Some(word) = out.last_mut() {
                *word &= last;
            }
        }
    }
}

/// One comparison from "at least" and "at most"; `before` are the numbers of the row before the first word. With `later` all
/// rows are moved on by one, and the first gets it.
fn derive(
    comparison: Comparison,
    (more, less): (&[u64], &[u64]),
    before: (f64, f64),
    later: Option<u64>,
    out: &mut [u64],
) {
    let both = more.iter().zip(less);
    match comparison {
        Comparison::Less => write(both.map(|(more, less)| less & !more), later, out),
        Comparison::LessEqual => write(less.iter().copied(), later, out),
        Comparison::Greater => write(both.map(|(more, less)| more & !less), later, out),
        Comparison::GreaterEqual => write(more.iter().copied(), later, out),
        Comparison::CrossAbove => crossings(more, less, before.0 <= before.1, out),
        Comparison::CrossBelow => crossings(less, more, before.0 >= before.1, out),
    }
}

/// Whether numbers compare, as a word of one row.
fn was(comparison: Comparison, (left, right): (f64, f64)) -> u64 {
    let mut word = [0];
    let now = (&[u64::from(left >= right)][..], &[u64::from(left <= right)][..]);
    derive(comparison, now, (left, right), None, &mut word);
    word[0]
}

/// Writes words, all rows moved on by one behind `later`.
fn write(words: impl Iterator<Item = u64>, later: Option<u64>, out: &mut [u64]) {
    let pairs = out.iter_mut().zip(words);
    let Some(mut carried) = later else {
        return pairs.for_each(|(out, word)| *out = word);
    };
    for (out, word) in pairs {
        *out = word << 1 | carried;
        carried = word >> 63;
    }
}

/// Rows strictly on the side of `now` whose previous row was not: set in `other`, which holds equality too.
fn crossings(now: &[u64], other: &[u64], was_other: bool, out: &mut [u64]) {
    let mut carried = u64::from(was_other);
    for ((now, other), out) in now.iter().zip(other).zip(out) {
        *out = now & !other & (other << 1 | carried);
        carried = other >> 63;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sample::{Change, ROWS, key, market};
    use super::*;
    use crate::cache::bitmap::{count, is_set, words_for};
    use crate::cache::{CachePlan, IndicatorCache, PriceField, build};
    use crate::indicators::{FloatBits, IndicatorKind};
    use crate::types::Timeframe::{H1, M5};
    use crate::types::{PriceSide, SymbolId};

    fn operand() -> impl Strategy<Value = Operand> {
        let mean = key(M5, IndicatorKind::Sma { period: 20 });
        let series = prop::sample::select(vec![
            key(M5, IndicatorKind::Close),
            key(M5, IndicatorKind::Ema { period: 5 }),
            key(M5, IndicatorKind::Ema { period: 40 }),
            SeriesKey { side: PriceSide::Ask, ..key(M5, IndicatorKind::Ema { period: 40 }) },
            key(M5, IndicatorKind::ZScore { window: 10 }),
            key(H1, IndicatorKind::Close),
            key(H1, IndicatorKind::Ema { period: 3 }),
            mean,
            momentum(&mut CachePlan::default()),
        ]);
        let field = prop::sample::select(vec![
            PriceField::Open,
            PriceField::High,
            PriceField::Low,
            PriceField::Close,
        ]);
        prop_oneof![
            3 => series.clone().prop_map(Operand::Series),
            2 => (series.clone(), 0..3_u32).prop_map(|(key, bars)| Operand::Back(key, bars)),
            2 => (series, 0..800_u32).prop_map(|(key, bars)| Operand::Back(key, bars % 70 * (1 + bars % 11))),
            2 => (-2.0..2.0_f64).prop_map(move |factor| Operand::Band {
                mean,
                std: key(M5, IndicatorKind::Std { period: 20 }),
                factor: FloatBits::new(factor),
            }),
            2 => field.prop_map(|field| Operand::Price { symbol: SymbolId(0), side: PriceSide::Bid, field }),
            1 => prop_oneof![Just(1.09), Just(0.0), -2.0..2.0_f64].prop_map(|x| Operand::Constant(FloatBits::new(x))),
        ]
    }

    /// An expression over another, which pass by.
    fn momentum(plan: &mut CachePlan) -> SeriesKey {
        let change = Change::define(key(M5, IndicatorKind::Ema { period: 5 }), 7, plan);
        Change::define(change, 30, plan)
    }

    fn comparison() -> impl Strategy<Value = Comparison> {
        prop::sample::select(vec![
            Comparison::Less,
            Comparison::LessEqual,
            Comparison::Greater,
            Comparison::GreaterEqual,
            Comparison::CrossAbove,
            Comparison::CrossBelow,
        ])
    }

    /// The number a strategy would read at a row.
    fn read(operand: &Operand, row: usize, data: &MultiSymbolData, cache: &IndicatorCache) -> f64 {
        let at = |key, row| cache.get(key).expect("planned").at(row);
        match operand {
            Operand::Series(key) => at(key, row),
            Operand::Back(key, bars) => row.checked_sub(*bars as usize).map_or(f64::NAN, |row| at(key, row)),
            Operand::Band { mean, std, factor } => at(mean, row) + factor.get() * at(std, row),
            Operand::Price { field, .. } => {
                let bar = data.symbols()[0].bars.bid().at(row);
                match field {
                    PriceField::Open => bar.open,
                    PriceField::High => bar.high,
                    PriceField::Low => bar.low,
                    PriceField::Close => bar.close,
                }
            }
            Operand::Constant(number) => number.get(),
        }
    }

    proptest! {
        #[test]
        fn every_bit_is_the_comparison_a_strategy_would_make(
            left in operand(),
            comparison in comparison(),
            right in operand(),
            threads in 1..5_usize,
        ) {
            let key = MaskKey { left, comparison, right };
            prop_assume!(key.symbol().is_some());
            let data = market();
            let mut plan = CachePlan::default();
            momentum(&mut plan);
            plan.mask(key);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            let compared = pool.install(|| build(&plan, &data, None, None)).expect("fits");
            plan.keep_all();
            let cache = build(&plan, &data, None, None).expect("fits");
            let mask = compared.mask(&key).expect("planned");
            prop_assert_eq!(mask, cache.mask(&key).expect("planned"));
            prop_assert_eq!(mask.len(), words_for(ROWS));
            let mut set = 0;
            for row in 0..ROWS {
                let (l, r) = (read(&left, row, &data, &cache), read(&right, row, &data, &cache));
                let before = row.checked_sub(1).map(|row| (read(&left, row, &data, &cache), read(&right, row, &data, &cache)));
                let expected = match comparison {
                    Comparison::Less => l < r,
                    Comparison::LessEqual => l <= r,
                    Comparison::Greater => l > r,
                    Comparison::GreaterEqual => l >= r,
                    Comparison::CrossAbove => l > r && before.is_some_and(|(l, r)| l <= r),
                    Comparison::CrossBelow => l < r && before.is_some_and(|(l, r)| l >= r),
                };
                prop_assert_eq!(is_set(mask, row), expected, "row {}", row);
                set += u64::from(expected);
            }
            prop_assert_eq!(count(mask), set, "bits beyond the last row are 0");
        }
    }
}
