//! Computes the bitmaps of comparisons: chunk by chunk of rows, every comparison of a symbol in each.
//!
//! The rows of a chunk are read from memory once and stay near while all comparisons of them are made. `left >= right`
//! and `left <= right` are taken once per pair of operands; every comparison follows from these two words.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::averages::Averages;
use super::bitmap::words_for;
use super::columns::Column;
use super::lanes::{Right, compare};
use super::masks::{Comparison, MaskKey, Operand, PriceField};
use crate::data::{MultiSymbolData, NO_ROW};
use crate::indicators::SeriesKey;
use crate::indicators::bollinger::band;
use crate::types::registers;

/// Rows of a chunk, a multiple of 64: 8 KiB of each operand, so that some stay in the nearest cache.
/// Small under test, so that seams are crossed.
const CHUNK: usize = if cfg!(test) { 128 } else { 1024 };

/// An operand with its columns at hand.
enum Values<'a> {
    Column {
        column: ColumnSlices<'a>,
        back: usize,
    },
    /// An average that passes by, by its place.
    Average(usize),
    Band {
        mean: ColumnSlices<'a>,
        std: ColumnSlices<'a>,
        factor: f64,
    },
    Constant(f64),
}

/// A column as slices.
#[derive(Clone, Copy)]
enum ColumnSlices<'a> {
    Dense(&'a [f64]),
    Mapped { values: &'a [f64], map: &'a [u32] },
}

impl<'a> ColumnSlices<'a> {
    fn of(column: &'a Column) -> Self {
        match column {
            Column::Dense(values) => Self::Dense(values),
            Column::Mapped { values, map } => Self::Mapped { values, map },
        }
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

    /// The value so many rows before a row.
    fn before(self, row: usize, back: usize) -> f64 {
        row.checked_sub(back).map_or(f64::NAN, |row| self.at(row))
    }

    /// The values so many rows before some rows, as they lie in memory where possible.
    fn rows(self, start: usize, end: usize, back: usize) -> Cow<'a, [f64]> {
        match self {
            Self::Dense(values) if back <= start => Cow::Borrowed(&values[start - back..end - back]),
            _ => (start..end).map(|row| self.before(row, back)).collect(),
        }
    }
}

impl<'a> Values<'a> {
    fn of(
        operand: &Operand,
        data: &'a MultiSymbolData,
        averages: &Averages<'_>,
        column: &impl Fn(&SeriesKey) -> Option<&'a Column>,
    ) -> Self {
        let slices = |key: &SeriesKey| {
            ColumnSlices::of(column(key).expect("a plan asks for the series of its comparisons"))
        };
        match *operand {
            Operand::Series(key) => match averages.place(&key) {
                Some(place) => Self::Average(place),
                None => Self::Column { column: slices(&key), back: 0 },
            },
            Operand::Back(key, bars) => Self::Column { column: slices(&key), back: bars as usize },
            Operand::Band { mean, std, factor } => {
                Self::Band { mean: slices(&mean), std: slices(&std), factor: factor.get() }
            }
            Operand::Price { symbol, side, field } => {
                let prices = data.symbol(symbol).bars.side(side);
                let values = match field {
                    PriceField::Open => &prices.open,
                    PriceField::High => &prices.high,
                    PriceField::Low => &prices.low,
                    PriceField::Close => &prices.close,
                };
                Self::Column { column: ColumnSlices::Dense(values), back: 0 }
            }
            Operand::Constant(number) => Self::Constant(number.get()),
        }
    }

    /// The number on the row before one; `latest` are the averages there.
    fn before(&self, row: usize, latest: &[f64]) -> f64 {
        let Some(row) = row.checked_sub(1) else { return f64::NAN };
        match self {
            Self::Column { column, back } => column.before(row, *back),
            Self::Average(place) => latest[*place],
            Self::Band { mean, std, factor } => band(mean.at(row), std.at(row), *factor),
            Self::Constant(number) => *number,
        }
    }

    /// The numbers of some rows; `tiles` are the averages on them.
    fn rows<'t>(&self, start: usize, end: usize, tiles: &[&'t [f64]]) -> Rows<'t>
    where
        'a: 't,
    {
        match self {
            Self::Column { column, back } => Rows::Each(column.rows(start, end, *back)),
            Self::Average(place) => Rows::Each(Cow::Borrowed(tiles[*place])),
            Self::Band { mean, std, factor } => {
                let (mean, std) = (mean.rows(start, end, 0), std.rows(start, end, 0));
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

/// Two operands, by position, and what is asked of them: places among the keys.
struct Pair {
    left: usize,
    right: usize,
    wanted: Vec<(usize, Comparison)>,
}

/// The bitmaps of `keys`, all of one symbol with so many rows, in their order. A series that `column` does not know must be
/// an average that passes by.
pub(super) fn bitmaps<'a>(
    keys: &[MaskKey],
    rows: usize,
    data: &'a MultiSymbolData,
    column: impl Fn(&SeriesKey) -> Option<&'a Column>,
) -> Vec<Arc<[u64]>> {
    let (operands, pairs) = arrange(keys);
    let series = operands.iter().flat_map(Operand::series);
    let averages = Averages::of(&series.filter(|key| column(key).is_none()).collect(), data);
    let value = |operand| Values::of(operand, data, &averages, &column);
    let values: Vec<Values<'_>> = operands.iter().map(value).collect();
    // Averages begin every stretch at the first row, so there are as few stretches as keep all threads busy.
    let threads = rayon::current_num_threads();
    let chunks = rows.div_ceil(CHUNK);
    let stretch = CHUNK * if averages.is_empty() { 1 } else { chunks.div_ceil(threads).max(1) };
    let mut bitmaps: Vec<Arc<[u64]>> =
        keys.par_iter().map(|_| std::iter::repeat_n(0, words_for(rows)).collect()).collect();
    let mut stretches: Vec<Stretch<'_>> = (0..rows)
        .step_by(stretch)
        .map(|start| Stretch { start, end: rows.min(start + stretch), words: Vec::with_capacity(keys.len()) })
        .collect();
    for bitmap in &mut bitmaps {
        let own = Arc::get_mut(bitmap).expect("nobody else holds a new bitmap");
        for (stretch, words) in stretches.iter_mut().zip(own.chunks_mut(stretch / 64)) {
            stretch.words.push(words);
        }
    }
    stretches.into_par_iter().for_each(|stretch| stretch.fill(&averages, &values, &pairs));
    bitmaps
}

/// The distinct operands, and the distinct pairs of them.
fn arrange(keys: &[MaskKey]) -> (Vec<Operand>, Vec<Pair>) {
    let mut operands: Vec<Operand> = keys.iter().flat_map(|key| [key.left, key.right]).collect();
    operands.sort_unstable();
    operands.dedup();
    let mut wanted: BTreeMap<(Operand, Operand), Vec<(usize, Comparison)>> = BTreeMap::new();
    for (place, key) in keys.iter().enumerate() {
        wanted.entry((key.left, key.right)).or_default().push((place, key.comparison));
    }
    let position = |operand: &Operand| operands.binary_search(operand).expect("every operand is listed");
    let pair = |((left, right), wanted): (&(Operand, Operand), _)| Pair {
        left: position(left),
        right: position(right),
        wanted,
    };
    let pairs = wanted.iter().map(|(sides, wanted)| pair((sides, wanted.clone()))).collect();
    (operands, pairs)
}

/// Consecutive rows of all bitmaps: their words, one list per key.
struct Stretch<'a> {
    start: usize,
    end: usize,
    words: Vec<&'a mut [u64]>,
}

impl Stretch<'_> {
    /// Compares chunk by chunk.
    fn fill(mut self, averages: &Averages<'_>, values: &[Values<'_>], pairs: &[Pair]) {
        let mut pass = averages.pass(self.start, CHUNK.min(self.end - self.start));
        for start in (self.start..self.end).step_by(CHUNK) {
            let (end, latest) = (self.end.min(start + CHUNK), pass.latest());
            let before: Vec<f64> = values.iter().map(|values| values.before(start, &latest)).collect();
            let tiles = pass.next(start, end);
            let rows: Vec<Rows<'_>> = values.iter().map(|values| values.rows(start, end, &tiles)).collect();
            let first = (start - self.start) / 64;
            compare_chunk(first..first + words_for(end - start), &before, &rows, pairs, &mut self.words);
        }
    }
}

/// Some words of all bitmaps from the rows they stand for; `before` are the operands on the row before.
fn compare_chunk(
    words: Range<usize>,
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
        for &(place, comparison) in &pair.wanted {
            derive(comparison, more, less, before, &mut out[place][words.clone()]);
        }
    }
}

/// One comparison from "at least" and "at most"; `before` are the numbers of the row before the first word.
fn derive(comparison: Comparison, more: &[u64], less: &[u64], before: (f64, f64), out: &mut [u64]) {
    let both = more.iter().zip(less);
    match comparison {
        Comparison::Less => both.zip(out).for_each(|((m, l), out)| *out = l & !m),
        Comparison::LessEqual => out.copy_from_slice(less),
        Comparison::Greater => both.zip(out).for_each(|((m, l), out)| *out = m & !l),
        Comparison::GreaterEqual => out.copy_from_slice(more),
        Comparison::CrossAbove => crossings(more, less, before.0 <= before.1, out),
        Comparison::CrossBelow => crossings(less, more, before.0 >= before.1, out),
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

    use super::super::sample::{ROWS, key, market};
    use super::*;
    use crate::cache::bitmap::{count, is_set, words_for};
    use crate::cache::{CachePlan, IndicatorCache, build};
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
        ]);
        let field = prop::sample::select(vec![
            PriceField::Open,
            PriceField::High,
            PriceField::Low,
            PriceField::Close,
        ]);
        prop_oneof![
            3 => series.clone().prop_map(Operand::Series),
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
