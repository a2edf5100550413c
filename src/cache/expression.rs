//! Series defined by an expression over other series: the cache computes them after what they read, as whole columns or on
//! their way through the rows (`passing.rs`).
//!
//! The definition lives outside the cache (rule strategies write them); a key holds only its digest. Equal definitions
//! have equal digests and share one column.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::columns::{Column, IndicatorCache, Kept};
use super::error::CacheError;
use super::passing::Found;
use super::slices::Slices;
use super::tiles::TilesSoFar;
use crate::data::MultiSymbolData;
use crate::indicators::stepwise::{fill_forward, reduce};
use crate::indicators::{SeriesKey, shared_column};
use crate::types::{SymbolId, Timeframe};

/// What stands behind [`crate::indicators::IndicatorKind::Expression`].
pub trait Expression: Send + Sync + fmt::Debug {
    /// Series it reads; expressions among them are planned by the caller too.
    fn inputs(&self) -> Vec<SeriesKey>;

    /// How many rows before its own a value looks back on in series of the same symbol, if it looks at nothing else and may be
    /// computed some rows at a time; `None` when it is computed as a whole column.
    fn reach(&self) -> Option<usize> {
        None
    }

    /// Writes one value per row of `source`, `NaN` where there is none; depends on nothing but the source, and at a row
    /// on nothing after it.
    fn write(&self, source: &ExpressionSource<'_>, out: &mut [f64]);
}

/// What an expression may read, on the rows of its own series: the primary bars of its symbol, or the visible bars of
/// a higher timeframe.
#[derive(Clone)]
pub struct ExpressionSource<'a> {
    key: SeriesKey,
    data: &'a MultiSymbolData,
    rows: Range<usize>,
    inputs: Inputs<'a>,
}

/// Where inputs are found.
#[derive(Clone, Copy)]
enum Inputs<'a> {
    Finished(&'a IndicatorCache),
    Passing(&'a [(SeriesKey, Found<'a>)], TilesSoFar<'a>),
}

impl fmt::Debug for ExpressionSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpressionSource").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<'a> ExpressionSource<'a> {
    /// For all rows of a series, whose inputs are columns.
    fn finished(key: SeriesKey, data: &'a MultiSymbolData, cache: &'a IndicatorCache) -> Self {
        let visible = cache.maps.get(&key).map(|map| map.visible.len());
        let rows = 0..visible.unwrap_or(data.symbol(key.symbol).bars.len());
        Self { key, data, rows, inputs: Inputs::Finished(cache) }
    }

    /// For some primary rows of a series that passes by.
    pub(super) fn passing(
        key: SeriesKey,
        data: &'a MultiSymbolData,
        rows: Range<usize>,
        inputs: &'a [(SeriesKey, Found<'a>)],
        tiles: TilesSoFar<'a>,
    ) -> Self {
        Self { key, data, rows, inputs: Inputs::Passing(inputs, tiles) }
    }

    /// The bars of another symbol as the rows, for an expression without a [`Expression::reach`].
    #[must_use]
    pub fn foreign(&self, symbol: SymbolId) -> Self {
        let key = SeriesKey { symbol, timeframe: self.data.timeframe(), ..self.key };
        Self { key, rows: 0..self.data.symbol(symbol).bars.len(), ..self.clone() }
    }

    /// The market.
    pub fn data(&self) -> &'a MultiSymbolData {
        self.data
    }

    /// Symbol of the series that is computed.
    pub fn symbol(&self) -> SymbolId {
        self.key.symbol
    }

    /// Timeframe of the rows.
    pub fn timeframe(&self) -> Timeframe {
        self.key.timeframe
    }

    /// The rows asked for: all of them where there is no [`Expression::reach`].
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Open time of every row asked for, microseconds UTC.
    pub fn times(&self) -> Cow<'a, [i64]> {
        let symbol = self.data.symbol(self.key.symbol);
        match (self.visible(), symbol.higher(self.key.timeframe)) {
            (Some(visible), Some(higher)) => Cow::Owned(reduce(higher.bars.times(), visible)),
            _ => Cow::Borrowed(&symbol.bars.times()[self.rows()]),
        }
    }

    /// The values so many rows before some rows of a series of the same symbol, `NaN` before the first. On the primary rows
    /// it may be of any timeframe; on the rows of a higher timeframe only of that one.
    ///
    /// # Panics
    /// When the series is not among [`Expression::inputs`], or the rows are beyond the [`Expression::reach`].
    pub fn series(&self, key: &SeriesKey, rows: Range<usize>, back: usize) -> Cow<'a, [f64]> {
        const ABSENT: &str = "inputs are listed, and computed first";
        match self.inputs {
            Inputs::Passing(inputs, tiles) => {
                let (_, found) = inputs.iter().find(|(input, _)| input == key).expect(ABSENT);
                found.rows(tiles, rows, back)
            }
            Inputs::Finished(cache) => {
                let slices = Slices::of(cache.get(key).expect(ABSENT));
                match (slices, self.visible()) {
                    (Slices::Mapped { values, .. }, Some(visible)) if key.kind.is_price() => {
                        Slices::Mapped { values, map: visible }.rows(rows, back)
                    }
                    (Slices::Mapped { values, .. }, Some(_)) => Slices::Dense(values).rows(rows, back),
                    (slices, _) => slices.rows(rows, back),
                }
            }
        }
    }

    /// Row of another symbol's newest primary bar at or before each own primary bar; `None` before its first one.
    pub fn newest_rows(&self, other: SymbolId) -> Vec<Option<usize>> {
        let (own, other) = (self.data.symbol(self.key.symbol), self.data.symbol(other));
        let mut rows = vec![None; own.bars.len()];
        for step in 0..self.data.steps() {
            if let Some(row) = own.row(step) {
                rows[row] = other.last_row(step);
            }
        }
        rows
    }

    /// The visible bars of a higher timeframe whose rows are asked for.
    fn visible(&self) -> Option<&'a [u32]> {
        match self.inputs {
            Inputs::Finished(cache) => cache.maps.get(&self.key).map(|map| map.visible.as_ref()),
            Inputs::Passing(..) => None,
        }
    }
}

/// Definitions by key, as planned.
pub(super) type Definitions = BTreeMap<SeriesKey, Arc<dyn Expression>>;

/// Computes `missing`, in rounds: a round holds what reads only finished series. Returns how many were computed.
///
/// # Errors
/// [`CacheError::Parameter`] when an input was not planned.
pub(super) fn add_expressions(
    cache: &mut IndicatorCache,
    missing: Vec<SeriesKey>,
    definitions: &Definitions,
    data: &MultiSymbolData,
) -> Result<u64, CacheError> {
    let count = missing.len() as u64;
    let mut waiting = missing;
    while !waiting.is_empty() {
        let (ready, later): (Vec<SeriesKey>, Vec<SeriesKey>) = waiting.into_iter().partition(|key| {
            definitions
                .get(key)
                .is_some_and(|defined| defined.inputs().iter().all(|input| cache.get(input).is_some()))
        });
        if let (true, Some(key)) = (ready.is_empty(), later.first()) {
            let problem = "its definition, or a series it reads, was not planned";
            return Err(CacheError::Parameter { series: key.to_string(), problem });
        }
        let finished: &IndicatorCache = cache;
        let compute = |key: &SeriesKey| (*key, column(*key, definitions, data, finished));
        let done: Vec<(SeriesKey, Column)> = ready.par_iter().with_max_len(1).map(compute).collect();
        let generation = cache.generation;
        for (key, value) in done {
            cache.columns.insert(key, Kept { value, generation });
        }
        waiting = later;
    }
    Ok(count)
}

fn column(
    key: SeriesKey,
    definitions: &Definitions,
    data: &MultiSymbolData,
    cache: &IndicatorCache,
) -> Column {
    let source = ExpressionSource::finished(key, data, cache);
    let map = cache.maps.get(&key);
    let values = shared_column(source.rows().len(), |out| {
        definitions[&key].write(&source, out);
        if map.is_some() {
            fill_forward(out);
        }
    });
    match map {
        None => Column::Dense(values),
        Some(map) => Column::Mapped { values, map: Arc::clone(&map.latest) },
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{key, market};
    use super::*;
    use crate::cache::{CachePlan, build};
    use crate::data::NO_ROW;
    use crate::indicators::{ExpressionId, IndicatorKind};
    use crate::types::Timeframe::{H1, M5};

    /// Twice another series, minus the row's number.
    #[derive(Debug)]
    struct Doubled(SeriesKey);

    impl Expression for Doubled {
        fn inputs(&self) -> Vec<SeriesKey> {
            vec![self.0]
        }

        fn write(&self, source: &ExpressionSource<'_>, out: &mut [f64]) {
            assert_eq!(source.times().len(), source.rows().len());
            let values = source.series(&self.0, source.rows(), 0);
            for ((row, out), x) in source.rows().zip(out).zip(values.iter()) {
                *out = 2.0 * x - row as f64;
            }
        }
    }

    fn expression(timeframe: Timeframe, id: u64) -> SeriesKey {
        key(timeframe, IndicatorKind::Expression(ExpressionId([0, id])))
    }

    #[test]
    fn an_expression_is_computed_after_what_it_reads_and_reused_by_its_key() {
        let data = market();
        let ema = key(M5, IndicatorKind::Ema { period: 5 });
        let (inner, outer) = (expression(M5, 9), expression(M5, 1));
        let mut plan = CachePlan::default();
        plan.define(outer, Arc::new(Doubled(inner)));
        plan.define(inner, Arc::new(Doubled(ema)));
        plan.keep_all();
        let cache = build(&plan, &data, None, None).expect("planned");
        let at = |key, row| cache.get(&key).expect("planned").at(row);
        assert_eq!(at(outer, 40), 2.0 * (2.0 * at(ema, 40) - 40.0) - 40.0);
        let again = build(&plan, &data, Some(&cache), None).expect("planned");
        assert_eq!(again.report().computed, 0);
    }

    #[test]
    fn on_a_higher_timeframe_the_rows_are_its_visible_bars() {
        let data = market();
        let close = key(H1, IndicatorKind::Close);
        let doubled = expression(H1, 3);
        let mut plan = CachePlan::default();
        plan.define(doubled, Arc::new(Doubled(close)));
        plan.keep_all();
        let cache = build(&plan, &data, None, None).expect("planned");
        let map = &data.symbols()[0].higher(H1).expect("loaded").map;
        let row = map.iter().rposition(|&higher| higher != NO_ROW).expect("a visible bar");
        let mut seen: Vec<u32> = map[..=row].iter().copied().filter(|&higher| higher != NO_ROW).collect();
        seen.dedup();
        let expected = 2.0 * cache.get(&close).expect("planned").at(row) - (seen.len() - 1) as f64;
        assert_eq!(cache.get(&doubled).expect("planned").at(row), expected);
    }

    #[test]
    fn an_unplanned_input_is_named() {
        let data = market();
        let mut plan = CachePlan::default();
        plan.define(expression(M5, 1), Arc::new(Doubled(expression(M5, 2))));
        plan.keep_all();
        let error = build(&plan, &data, None, None).expect_err("the inner definition is missing");
        assert!(error.to_string().contains("was not planned"), "{error}");
    }
}
