//! Computes the bitmap of a comparison: operands are laid out 64 rows at a time, then compared without branches.

use std::sync::Arc;

use super::columns::Column;
use super::masks::{Comparison, MaskKey, Operand, PriceField};
use crate::data::{MultiSymbolData, NO_ROW};
use crate::indicators::SeriesKey;
use crate::indicators::bollinger::band;

/// Rows of a word, and the row before them.
const BLOCK: usize = 65;

/// An operand with its columns at hand.
enum Values<'a> {
    Slice { values: &'a [f64], back: usize },
    Mapped { values: &'a [f64], map: &'a [u32], back: usize },
    Band { mean: Box<Values<'a>>, std: Box<Values<'a>>, factor: f64 },
    Constant(f64),
}

impl<'a> Values<'a> {
    fn of(operand: &Operand, data: &'a MultiSymbolData, column: &impl Fn(&SeriesKey) -> &'a Column) -> Self {
        match *operand {
            Operand::Series(key) => Self::column(column(&key), 0),
            Operand::Back(key, bars) => Self::column(column(&key), bars as usize),
            Operand::Band { mean, std, factor } => Self::Band {
                mean: Box::new(Self::column(column(&mean), 0)),
                std: Box::new(Self::column(column(&std), 0)),
                factor: factor.get(),
            },
            Operand::Price { symbol, side, field } => {
                let prices = data.symbol(symbol).bars.side(side);
                let values = match field {
                    PriceField::Open => &prices.open,
                    PriceField::High => &prices.high,
                    PriceField::Low => &prices.low,
                    PriceField::Close => &prices.close,
                };
                Self::Slice { values, back: 0 }
            }
            Operand::Constant(number) => Self::Constant(number.get()),
        }
    }

    fn column(column: &'a Column, back: usize) -> Self {
        match column {
            Column::Dense(values) => Self::Slice { values, back },
            Column::Mapped { values, map } => Self::Mapped { values, map, back },
        }
    }

    /// Writes the values of rows `start - 1, start, ...` up to `end` (exclusive); NaN before the first row.
    fn lay_out(&self, start: usize, end: usize, out: &mut [f64; BLOCK]) {
        let used = &mut out[..=end - start];
        match self {
            Self::Constant(number) => used.fill(*number),
            Self::Slice { values, back } => {
                // Place 0 stands for row `start - 1`.
                let ahead = (back + 1).saturating_sub(start).min(used.len());
                used[..ahead].fill(f64::NAN);
                let first = (start + ahead).saturating_sub(back + 1);
                let count = used.len() - ahead;
                used[ahead..].copy_from_slice(&values[first..first + count]);
            }
            Self::Mapped { values, map, back } => {
                for (place, value) in used.iter_mut().enumerate() {
                    let row = (start + place).checked_sub(back + 1).map_or(NO_ROW, |row| map[row]);
                    *value = if row == NO_ROW { f64::NAN } else { values[row as usize] };
                }
            }
            Self::Band { mean, std, factor } => {
                let mut deviation = [0.0; BLOCK];
                mean.lay_out(start, end, out);
                std.lay_out(start, end, &mut deviation);
                for (value, s) in out.iter_mut().zip(deviation) {
                    *value = band(*value, s, *factor);
                }
            }
        }
    }
}

/// The bitmap of `key` over the rows of its symbol. `column` must know every series of the key.
pub(crate) fn bitmap<'a>(
    key: &MaskKey,
    rows: usize,
    data: &'a MultiSymbolData,
    column: impl Fn(&SeriesKey) -> &'a Column,
) -> Arc<[u64]> {
    let left = Values::of(&key.left, data, &column);
    let right = Values::of(&key.right, data, &column);
    match key.comparison {
        Comparison::Less => words(rows, &left, &right, |l, r| l[1] < r[1]),
        Comparison::LessEqual => words(rows, &left, &right, |l, r| l[1] <= r[1]),
        Comparison::Greater => words(rows, &left, &right, |l, r| l[1] > r[1]),
        Comparison::GreaterEqual => words(rows, &left, &right, |l, r| l[1] >= r[1]),
        Comparison::CrossAbove => words(rows, &left, &right, |l, r| l[1] > r[1] && l[0] <= r[0]),
        Comparison::CrossBelow => words(rows, &left, &right, |l, r| l[1] < r[1] && l[0] >= r[0]),
    }
}

/// `holds` sees the previous and the current value of both sides.
fn words(
    rows: usize,
    left: &Values<'_>,
    right: &Values<'_>,
    holds: impl Fn([f64; 2], [f64; 2]) -> bool,
) -> Arc<[u64]> {
    let (mut l, mut r) = ([f64::NAN; BLOCK], [f64::NAN; BLOCK]);
    let word = |start: usize| {
        let end = rows.min(start + 64);
        left.lay_out(start, end, &mut l);
        right.lay_out(start, end, &mut r);
        let mut bits = 0;
        for lane in 0..64 {
            bits |= u64::from(holds([l[lane], l[lane + 1]], [r[lane], r[lane + 1]])) << lane;
        }
        // A short last block leaves older values behind.
        if end - start < 64 { bits & ((1 << (end - start)) - 1) } else { bits }
    };
    (0..rows).step_by(64).map(word).collect()
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
        ) {
            let key = MaskKey { left, comparison, right };
            prop_assume!(key.symbol().is_some());
            let data = market();
            let mut plan = CachePlan::default();
            plan.mask(key);
            let cache = build(&plan, &data, None, None).expect("fits");
            let mask = cache.mask(&key).expect("planned");
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
