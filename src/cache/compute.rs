//! Computes missing series: families of related keys in parallel, each over the bars of its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::columns::Column;
use super::source::{Columns, StepMaps, closes_at};
use crate::data::MultiSymbolData;
use crate::indicators::family::Family;
use crate::indicators::stepwise::fill_forward;
use crate::indicators::{IndicatorKind, SeriesKey};
use crate::types::{PriceSide, SymbolId, Timeframe};

type Place = (SymbolId, Timeframe, PriceSide);

/// All columns of `keys`, family by family.
pub(super) fn compute_all(
    keys: &[SeriesKey],
    data: &MultiSymbolData,
    maps: &StepMaps,
) -> Vec<(SeriesKey, Column)> {
    let mut jobs: BTreeMap<(Place, bool, Family), Vec<SeriesKey>> = BTreeMap::new();
    for key in keys {
        let place = (key.symbol, key.timeframe, key.side);
        jobs.entry((place, key.kind.is_price(), Family::of(key.kind))).or_default().push(*key);
    }
    let jobs: Vec<Vec<SeriesKey>> = jobs.into_values().collect();
    let sources = sources(&jobs, data, maps);
    let done = jobs.par_iter().with_max_len(1).map(|members| compute_job(members, data, maps, &sources));
    done.collect::<Vec<_>>().concat()
}

/// The bars each stepwise or primary job reads, once per symbol, timeframe and side.
fn sources<'a>(
    jobs: &[Vec<SeriesKey>],
    data: &'a MultiSymbolData,
    maps: &StepMaps,
) -> BTreeMap<Place, Columns<'a>> {
    let mut sources = BTreeMap::new();
    for key in jobs.iter().map(|members| &members[0]).filter(|key| !is_mapped_price(key, data)) {
        let symbol = data.symbol(key.symbol);
        let columns = || match (maps.get(key), symbol.higher(key.timeframe)) {
            (Some(map), Some(higher)) => Columns::of(&higher.bars, key.side, Some(&map.visible)),
            _ => Columns::of(&symbol.bars, key.side, None),
        };
        sources.entry((key.symbol, key.timeframe, key.side)).or_insert_with(columns);
    }
    sources
}

fn is_mapped_price(key: &SeriesKey, data: &MultiSymbolData) -> bool {
    key.kind.is_price() && key.timeframe != data.timeframe()
}

/// The columns of one family; all members share symbol, timeframe and side.
fn compute_job(
    members: &[SeriesKey],
    data: &MultiSymbolData,
    maps: &StepMaps,
    sources: &BTreeMap<Place, Columns<'_>>,
) -> Vec<(SeriesKey, Column)> {
    let key = &members[0];
    let kinds: Vec<IndicatorKind> = members.iter().map(|key| key.kind).collect();
    let family = Family::of(key.kind);
    let higher = data.symbol(key.symbol).higher(key.timeframe).filter(|_| is_mapped_price(key, data));
    let columns: Vec<Column> = if let Some(higher) = higher {
        let whole = Columns::of(&higher.bars, key.side, None);
        let mapped = |values| Column::Mapped { values, map: higher.map.clone() };
        family.compute(&kinds, &whole.bars()).into_iter().map(mapped).collect()
    } else {
        let mut bars = sources[&(key.symbol, key.timeframe, key.side)].bars();
        let other = key.kind.other().map(|other| closes_at(bars.times, key, other, data));
        bars.other = other.as_deref().unwrap_or_default();
        let series = family.compute(&kinds, &bars);
        let latest = maps.get(key).map(|map| &map.latest);
        series.into_iter().map(|values| finished(values, latest)).collect()
    };
    members.iter().copied().zip(columns).collect()
}

fn finished(values: Arc<[f64]>, latest: Option<&Arc<[u32]>>) -> Column {
    match latest {
        None => Column::Dense(values),
        Some(map) => {
            let mut filled = values.to_vec();
            fill_forward(&mut filled);
            Column::Mapped { values: filled.into(), map: map.clone() }
        }
    }
}
