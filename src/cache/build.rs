//! Computes what a plan asks for: in parallel, sharing intermediate steps, reusing an earlier cache.
//!
//! A series depends on the data and its key alone, so neither the number of threads nor what was reused shows in a
//! single bit.

use super::bitmap::words_for;
use super::columns::{CacheReport, Column, IndicatorCache, Kept};
use super::compare::bitmaps;
use super::compute::compute_all;
use super::error::CacheError;
use super::expression::add_expressions;
use super::masks::MaskKey;
use super::needs::Needs;
use super::plan::CachePlan;
use super::source::{Origin, StepMaps, check, values};
use crate::data::MultiSymbolData;
use crate::indicators::{IndicatorKind, SeriesKey};
use crate::types::SymbolId;
use std::collections::{BTreeMap, BTreeSet};

/// A cache with every series and comparison of `plan`.
///
/// What `previous` holds is taken over when it was built from the same data; what is not planned any more stays, the
/// most recently planned first, as long as it fits `budget` (bytes; `None` = no limit). Until the caller drops
/// `previous`, what did not fit stays in memory.
///
/// # Errors
/// [`CacheError`] when a key names no series of the data, or the plan alone exceeds the budget.
pub fn build(
    plan: &CachePlan,
    data: &MultiSymbolData,
    previous: Option<&IndicatorCache>,
    budget: Option<u64>,
) -> Result<IndicatorCache, CacheError> {
    let previous = previous.filter(|cache| cache.origin.is(data));
    plan.keys().try_for_each(|key| check(key, data))?;
    let masks = plan.mask_keys().map(|key| Ok((*key, mask_rows(key, data)?)));
    let masks: Vec<(MaskKey, usize)> = masks.collect::<Result<_, CacheError>>()?;
    let maps = StepMaps::of(plan.keys(), data, previous.map(|cache| &cache.maps));
    let limit = budget.unwrap_or(u64::MAX);
    let bytes = |needs: &Needs| {
        maps.bytes()
            + needs.columns.iter().map(|key| 8 * values(key, data, &maps) as u64).sum::<u64>()
            + masks.iter().map(|(_, rows)| 8 * words_for(*rows) as u64).sum::<u64>()
    };
    // The share that a wave may take.
    let needs = needs(plan, data, previous, |needs| bytes(needs) <= limit / 4);
    let needed = bytes(&needs);
    if needed > limit {
        return Err(CacheError::Budget { needed, limit });
    }

    let generation = previous.map_or(0, |cache| cache.generation) + 1;
    let mut cache =
        IndicatorCache { origin: Origin::of(data), maps, generation, ..IndicatorCache::default() };
    let mut computed = add_columns(&mut cache, &needs.columns, plan, data, previous)?;
    computed += add_masks(&mut cache, &masks, plan, data, previous);
    cache.passed = previous.map_or_else(BTreeSet::new, |previous| previous.passed.clone());
    cache
        .passed
        .extend(needs.passing.into_iter().filter(|key| matches!(key.kind, IndicatorKind::Expression(_))));
    let kept = previous.map_or(0, |previous| keep_leftovers(&mut cache, previous, limit - needed));
    cache.report = CacheReport {
        series: plan.keys().count() as u64,
        masks: masks.len() as u64,
        bytes: needed + kept,
        requests: plan.requests(),
        hits: plan.requests().saturating_sub(computed),
        computed,
    };
    Ok(cache)
}

/// What a plan needs. An expression that passed by before and is needed again becomes a column where that `fits`: it would be
/// calculated for every batch otherwise. An average costs little more than its column.
fn needs(
    plan: &CachePlan,
    data: &MultiSymbolData,
    previous: Option<&IndicatorCache>,
    fits: impl Fn(&Needs) -> bool,
) -> Needs {
    let is_missing = |key: &&MaskKey| previous.is_none_or(|previous| previous.mask(key).is_none());
    let missing: Vec<MaskKey> = plan.mask_keys().filter(is_missing).copied().collect();
    let of = |again: Option<&BTreeSet<SeriesKey>>| Needs::of(plan, &missing, data, previous, again);
    let kept = of(previous.map(|previous| &previous.passed));
    if fits(&kept) { kept } else { of(None) }
}

/// Rows of the symbol a comparison is about.
fn mask_rows(key: &MaskKey, data: &MultiSymbolData) -> Result<usize, CacheError> {
    let symbol = key.symbol().and_then(|id| data.symbols().get(id.index()));
    symbol.map(|symbol| symbol.bars.len()).ok_or_else(|| CacheError::MaskSymbols { mask: key.to_string() })
}

/// Takes over or computes these series of a plan; returns how many were computed.
fn add_columns(
    cache: &mut IndicatorCache,
    columns: &BTreeSet<SeriesKey>,
    plan: &CachePlan,
    data: &MultiSymbolData,
    previous: Option<&IndicatorCache>,
) -> Result<u64, CacheError> {
    let generation = cache.generation;
    let mut missing = Vec::new();
    let mut expressions = Vec::new();
    for key in columns {
        match previous.and_then(|previous| previous.get(key)) {
            Some(column) => drop(cache.columns.insert(*key, Kept { value: column.clone(), generation })),
            None if matches!(key.kind, IndicatorKind::Expression(_)) => expressions.push(*key),
            None => missing.push(*key),
        }
    }
    for (key, value) in compute_all(&missing, data, &cache.maps) {
        cache.columns.insert(key, Kept { value, generation });
    }
    let computed = missing.len() as u64;
    Ok(computed + add_expressions(cache, expressions, plan.definitions(), data)?)
}

/// Takes over or computes every planned comparison; returns how many were computed, series that passed by included.
fn add_masks(
    cache: &mut IndicatorCache,
    masks: &[(MaskKey, usize)],
    plan: &CachePlan,
    data: &MultiSymbolData,
    previous: Option<&IndicatorCache>,
) -> u64 {
    let generation = cache.generation;
    let mut missing: BTreeMap<Option<SymbolId>, (usize, Vec<MaskKey>)> = BTreeMap::new();
    for (key, rows) in masks {
        match previous.and_then(|previous| previous.mask(key)) {
            Some(mask) => drop(cache.masks.insert(*key, Kept { value: mask.clone(), generation })),
            None => missing.entry(key.symbol()).or_insert((*rows, Vec::new())).1.push(*key),
        }
    }
    let mut computed = 0;
    for (rows, keys) in missing.into_values() {
        let (done, passed) = bitmaps(&keys, rows, data, plan.definitions(), |key| cache.get(key));
        computed += (keys.len() + passed) as u64;
        cache.masks.extend(keys.into_iter().zip(done.into_iter().map(|value| Kept { value, generation })));
    }
    computed
}

/// Keeps what is not planned any more as far as there is room; returns the bytes kept.
fn keep_leftovers(cache: &mut IndicatorCache, previous: &IndicatorCache, room: u64) -> u64 {
    let mut left = room;
    let mut fits = |bytes: u64| {
        let fits = bytes <= left;
        left -= if fits { bytes } else { 0 };
        fits
    };
    for (key, kept) in newest_first(&previous.masks) {
        if !cache.masks.contains_key(key) && fits(8 * kept.value.len() as u64) {
            cache.masks.insert(*key, kept.clone());
        }
    }
    for (key, kept) in newest_first(&previous.columns) {
        // A stepwise column lives with the map of its timeframe.
        let has_map =
            matches!(kept.value, Column::Dense(_)) || key.kind.is_price() || cache.maps.get(key).is_some();
        if has_map && !cache.columns.contains_key(key) && fits(kept.value.own_bytes()) {
            cache.columns.insert(*key, kept.clone());
        }
    }
    room - left
}

/// Entries by the last plan that asked for them, newest first, then by key.
fn newest_first<K: Ord, T>(entries: &BTreeMap<K, Kept<T>>) -> Vec<(&K, &Kept<T>)> {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|(_, kept)| std::cmp::Reverse(kept.generation));
    sorted
}

#[cfg(test)]
mod tests {
    use super::super::sample::{ROWS, key, kinds, market};
    use super::super::source::Columns;
    use super::*;
    use crate::cache::{Comparison, Operand};
    use crate::indicators::compute::compute;
    use crate::indicators::{Bars, FloatBits, IndicatorKind};
    use crate::types::PriceSide;
    use crate::types::Timeframe::{D1, H1, M5};

    fn whole_plan() -> CachePlan {
        let mut plan = CachePlan::default();
        for kind in kinds() {
            plan.series(key(M5, kind));
            plan.series(key(H1, kind));
            plan.series(SeriesKey { side: PriceSide::Ask, symbol: SymbolId(1), ..key(M5, kind) });
        }
        for period in 1..20 {
            plan.mask(cross(ema(period), ema(20)));
        }
        plan
    }

    fn ema(period: u32) -> SeriesKey {
        key(M5, IndicatorKind::Ema { period })
    }

    fn cross(left: SeriesKey, right: SeriesKey) -> MaskKey {
        MaskKey {
            left: Operand::Series(left),
            comparison: Comparison::CrossAbove,
            right: Operand::Series(right),
        }
    }

    fn plan_of(keys: &[SeriesKey]) -> CachePlan {
        let mut plan = CachePlan::default();
        for key in keys {
            plan.series(*key);
        }
        plan
    }

    /// Every value of every column, by its bits, and every comparison.
    fn bits(cache: &IndicatorCache, plan: &CachePlan) -> Vec<Vec<u64>> {
        let column = |key| (0..ROWS).map(|row| cache.get(key).expect("planned").at(row).to_bits()).collect();
        let mask = |key| cache.mask(key).expect("planned").to_vec();
        plan.keys().map(column).chain(plan.mask_keys().map(mask)).collect()
    }

    fn with_threads(threads: usize, plan: &CachePlan, data: &MultiSymbolData) -> IndicatorCache {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| build(plan, data, None, None)).expect("fits")
    }

    #[test]
    fn the_number_of_threads_shows_in_no_bit() {
        let (data, plan) = (market(), whole_plan());
        let one = bits(&with_threads(1, &plan, &data), &plan);
        assert_eq!(one, bits(&with_threads(2, &plan, &data), &plan));
        assert_eq!(one, bits(&with_threads(7, &plan, &data), &plan));
    }

    #[test]
    fn sharing_work_gives_the_bits_of_each_series_alone() {
        let (data, plan) = (market(), whole_plan());
        let cache = build(&plan, &data, None, None).expect("fits");
        let columns = Columns::of(&data.symbols()[0].bars, PriceSide::Bid, None);
        for kind in kinds() {
            let alone: Vec<u64> = compute(kind, &columns.bars()).into_iter().map(f64::to_bits).collect();
            let shared: Vec<u64> =
                (0..ROWS).map(|row| cache.get(&key(M5, kind)).unwrap().at(row).to_bits()).collect();
            assert_eq!(alone, shared, "{kind}");
        }
    }

    #[test]
    fn no_series_looks_ahead() {
        let data = market();
        let columns = Columns::of(&data.symbols()[0].bars, PriceSide::Bid, None);
        let whole = columns.bars();
        for kind in kinds() {
            let full = compute(kind, &whole);
            for cut in [1, 30, 201, 230, 500] {
                let past = Bars {
                    times: &whole.times[..cut],
                    open: &whole.open[..cut],
                    high: &whole.high[..cut],
                    low: &whole.low[..cut],
                    close: &whole.close[..cut],
                    volume: &whole.volume[..cut],
                    other: &[],
                };
                let alone = compute(kind, &past);
                assert!(
                    alone.iter().zip(&full).all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{kind} cut at {cut}"
                );
                assert_eq!(alone.len(), cut);
            }
        }
    }

    #[test]
    fn reused_series_are_the_same_memory_and_the_same_bits() {
        let (data, plan) = (market(), whole_plan());
        let first = build(&plan_of(&[ema(3), ema(5)]), &data, None, None).expect("fits");
        let second = build(&plan, &data, Some(&first), None).expect("fits");
        let third = build(&plan, &data, Some(&second), None).expect("fits");
        assert_eq!(bits(&second, &plan), bits(&build(&plan, &data, None, None).expect("fits"), &plan));
        assert_eq!(bits(&second, &plan), bits(&third, &plan));
        let (Some(Column::Dense(old)), Some(Column::Dense(new))) = (first.get(&ema(3)), second.get(&ema(3)))
        else {
            panic!("both are dense");
        };
        assert!(std::sync::Arc::ptr_eq(old, new));
        assert_eq!(second.report().computed, second.report().series - 2 + second.report().masks);
        assert_eq!(third.report().computed, 0);
        assert_eq!(third.report().hits, third.report().requests);
    }

    #[test]
    fn another_market_reuses_nothing() {
        let plan = plan_of(&[ema(3)]);
        let first = build(&plan, &market(), None, None).expect("fits");
        assert_eq!(build(&plan, &market(), Some(&first), None).expect("fits").report().computed, 1);
    }

    #[test]
    fn the_budget_drops_what_was_planned_longest_ago() {
        let data = market();
        let column = 8 * ROWS as u64;
        let first = build(&plan_of(&[ema(3)]), &data, None, Some(2 * column)).expect("fits");
        let second = build(&plan_of(&[ema(5)]), &data, Some(&first), Some(2 * column)).expect("fits");
        assert_eq!((second.len(), second.report().bytes), (2, 2 * column));
        let third = build(&plan_of(&[ema(7)]), &data, Some(&second), Some(2 * column)).expect("fits");
        assert!(third.get(&ema(3)).is_none() && third.get(&ema(5)).is_some());
        let refused = build(&plan_of(&[ema(3), ema(5)]), &data, None, Some(2 * column - 1));
        assert_eq!(refused.unwrap_err(), CacheError::Budget { needed: 2 * column, limit: 2 * column - 1 });
    }

    #[test]
    fn higher_timeframes_step_when_a_bar_becomes_visible() {
        let data = market();
        let (close, mean) = (key(H1, IndicatorKind::Close), key(H1, IndicatorKind::Ema { period: 3 }));
        let cache = build(&plan_of(&[close, mean]), &data, None, None).expect("fits");
        let hours = &data.symbols()[0].higher[0].bars.bid().close;
        let at = |key, row| cache.get(key).expect("planned").at(row);
        assert!(at(&close, 11).is_nan() && at(&mean, 11).is_nan());
        assert_eq!((at(&close, 12), at(&mean, 23)), (hours[0], hours[0]));
        // While the map is stale the mean stays and the close is absent.
        assert!(at(&close, 320).is_nan());
        assert_eq!(at(&mean, 320), at(&mean, 299));
    }

    #[test]
    fn a_step_without_a_value_keeps_the_last_one() {
        let data = market();
        let kind = IndicatorKind::ZScore { window: 3 };
        let cache = build(&plan_of(&[key(H1, kind)]), &data, None, None).expect("fits");
        let hours =
            compute(kind, &Columns::of(&data.symbols()[0].higher[0].bars, PriceSide::Bid, None).bars());
        let gone = (1..hours.len()).find(|&hour| hours[hour].is_nan() && hours[hour - 1].is_finite());
        let gone = gone.expect("the flat stretch has no z-score");
        // Hour `h` is visible from row `12 * (h + 1)` on.
        assert_eq!(cache.get(&key(H1, kind)).unwrap().at(12 * (gone + 1)), hours[gone - 1]);
    }

    #[test]
    fn a_correlation_pairs_bars_by_their_time() {
        let data = market();
        let kind = IndicatorKind::Correlation { other: SymbolId(1), period: 20 };
        let cache = build(&plan_of(&[key(M5, kind), key(H1, kind)]), &data, None, None).expect("fits");
        let close = |symbol: usize| &data.symbols()[symbol].bars.bid().close;
        let expected = crate::indicators::correlation::correlation(close(0), close(1), 20);
        for (row, value) in expected.iter().enumerate() {
            assert_eq!(cache.get(&key(M5, kind)).unwrap().at(row).to_bits(), value.to_bits());
        }
        // The twentieth higher bar is complete after 20 hours of 12 bars.
        let hourly = |row| cache.get(&key(H1, kind)).unwrap().at(row);
        assert!(hourly(20 * 12 - 1).is_nan() && !hourly(20 * 12).is_nan());
    }

    #[test]
    fn what_the_data_lacks_is_named() {
        let data = market();
        let fails = |key| build(&plan_of(&[key]), &data, None, None).unwrap_err().to_string();
        assert_eq!(
            fails(key(D1, IndicatorKind::Close)),
            "timeframe D1 of EURUSD is not loaded, only M5, H1: add it to `data.timeframes.additional`"
        );
        assert_eq!(fails(ema(0)), "series `ema(0) on M5 bid of symbol 0`: periods must be at least 1");
        assert!(fails(SeriesKey { symbol: SymbolId(7), ..ema(3) }).contains("symbol 7"));
        let mut plan = CachePlan::default();
        let left = Operand::Series(ema(3));
        let right = Operand::Series(SeriesKey { symbol: SymbolId(1), ..ema(3) });
        plan.mask(MaskKey { left, comparison: Comparison::Less, right });
        assert!(matches!(build(&plan, &data, None, None), Err(CacheError::MaskSymbols { .. })));
    }

    #[test]
    fn asking_twice_is_a_hit() {
        let mut plan = plan_of(&[ema(3), ema(3), ema(5)]);
        let mask = MaskKey {
            left: Operand::Series(ema(3)),
            comparison: Comparison::Greater,
            right: Operand::Constant(FloatBits::new(1.0)),
        };
        plan.mask(mask);
        plan.mask(mask);
        let report = build(&plan, &market(), None, None).expect("fits").report();
        assert_eq!(
            (report.series, report.masks, report.requests, report.computed, report.hits),
            (2, 1, 5, 3, 2)
        );
    }
}
