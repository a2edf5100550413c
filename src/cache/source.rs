//! Where the series of a plan are computed: the bars of a symbol, timeframe and side, reduced on higher timeframes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::CacheError;
use crate::data::{BarSeries, HigherSeries, MultiSymbolData, NO_ROW, SymbolSeries};
use crate::indicators::stepwise::{reduce, steps};
use crate::indicators::{Bars, IndicatorKind, SeriesKey};
use crate::types::{PriceSide, SymbolId, Timeframe};

/// The market a cache was computed from, by identity: equal means the same memory, so reuse is safe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin(Vec<(Arc<BarSeries>, Vec<HigherSeries>)>);

impl Origin {
    pub(crate) fn of(data: &MultiSymbolData) -> Self {
        Self(data.symbols().iter().map(|symbol| (symbol.bars.clone(), symbol.higher.clone())).collect())
    }

    pub(crate) fn is(&self, data: &MultiSymbolData) -> bool {
        let same_higher = |left: &HigherSeries, right: &HigherSeries| {
            Arc::ptr_eq(&left.bars, &right.bars) && Arc::ptr_eq(&left.map, &right.map)
        };
        let same = |(bars, higher): &(Arc<BarSeries>, Vec<HigherSeries>), symbol: &SymbolSeries| {
            Arc::ptr_eq(bars, &symbol.bars)
                && higher.len() == symbol.higher.len()
                && higher.iter().zip(&symbol.higher).all(|(left, right)| same_higher(left, right))
        };
        self.0.len() == data.symbols().len()
            && self.0.iter().zip(data.symbols()).all(|(own, symbol)| same(own, symbol))
    }
}

/// Which higher bars became visible on the primary rows; shared by all series of a symbol and timeframe.
#[derive(Debug, Clone)]
pub(crate) struct StepMap {
    /// Higher rows in order of appearance.
    pub(crate) visible: Arc<[u32]>,
    /// Per primary row the newest index into `visible`.
    pub(crate) latest: Arc<[u32]>,
}

impl StepMap {
    fn of(higher: &HigherSeries) -> Self {
        let found = steps(&higher.map, NO_ROW);
        Self { visible: found.visible.into(), latest: found.latest.into() }
    }

    fn bytes(&self) -> u64 {
        4 * (self.visible.len() + self.latest.len()) as u64
    }
}

/// The step maps of all higher timeframes a plan touches.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepMaps(BTreeMap<(SymbolId, Timeframe), StepMap>);

impl StepMaps {
    /// The maps `keys` need, taken from `previous` where they are there.
    pub(crate) fn of<'a>(
        keys: impl Iterator<Item = &'a SeriesKey>,
        data: &MultiSymbolData,
        previous: Option<&Self>,
    ) -> Self {
        let mut maps = BTreeMap::new();
        for key in keys.filter(|key| !key.kind.is_price() && key.timeframe != data.timeframe()) {
            let name = (key.symbol, key.timeframe);
            let Some(higher) = data.symbol(key.symbol).higher(key.timeframe) else { continue };
            let old = || previous.and_then(|maps| maps.0.get(&name).cloned());
            maps.entry(name).or_insert_with(|| old().unwrap_or_else(|| StepMap::of(higher)));
        }
        Self(maps)
    }

    pub(crate) fn get(&self, key: &SeriesKey) -> Option<&StepMap> {
        self.0.get(&(key.symbol, key.timeframe))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.values().map(StepMap::bytes).sum()
    }
}

/// Checks that a key names a series of this data.
pub(crate) fn check(key: &SeriesKey, data: &MultiSymbolData) -> Result<(), CacheError> {
    if let Some(problem) = key.kind.problem() {
        return Err(CacheError::Parameter { series: key.to_string(), problem });
    }
    let Some(symbol) = data.symbols().get(key.symbol.index()) else {
        let symbols = data.symbols().len();
        return Err(CacheError::UnknownSymbol { series: key.to_string(), symbol: key.symbol.0, symbols });
    };
    if let Some(other) = key.kind.other() {
        check(&SeriesKey { symbol: other, kind: IndicatorKind::Close, ..*key }, data)?;
    }
    if key.timeframe == data.timeframe() || symbol.higher(key.timeframe).is_some() {
        return Ok(());
    }
    let higher = symbol.higher.iter().map(HigherSeries::timeframe);
    let loaded: Vec<&str> = std::iter::once(data.timeframe()).chain(higher).map(Timeframe::as_str).collect();
    Err(CacheError::UnknownTimeframe {
        symbol: symbol.spec.name.clone(),
        timeframe: key.timeframe,
        loaded: loaded.join(", "),
    })
}

/// Values a key's column will hold.
pub(crate) fn values(key: &SeriesKey, data: &MultiSymbolData, maps: &StepMaps) -> usize {
    let symbol = data.symbol(key.symbol);
    match symbol.higher(key.timeframe).filter(|_| key.timeframe != data.timeframe()) {
        None => symbol.bars.len(),
        Some(higher) => {
            maps.get(key).filter(|_| !key.kind.is_price()).map_or(higher.bars.len(), |map| map.visible.len())
        }
    }
}

/// The columns of one symbol, timeframe and side, as they are or reduced to visible higher bars.
#[derive(Debug)]
pub(crate) enum Columns<'a> {
    Whole(&'a BarSeries, PriceSide),
    Reduced { times: Vec<i64>, prices: Box<[Vec<f64>; 5]> },
}

impl<'a> Columns<'a> {
    pub(crate) fn of(bars: &'a BarSeries, side: PriceSide, visible: Option<&[u32]>) -> Self {
        let Some(visible) = visible else { return Self::Whole(bars, side) };
        let p = bars.side(side);
        let prices = [&p.open, &p.high, &p.low, &p.close].map(|column| reduce(column, visible));
        let [open, high, low, close] = prices;
        let volume = reduce(bars.volume(), visible);
        Self::Reduced {
            times: reduce(bars.times(), visible),
            prices: Box::new([open, high, low, close, volume]),
        }
    }

    pub(crate) fn bars(&self) -> Bars<'_> {
        match self {
            Self::Whole(bars, side) => {
                let prices = bars.side(*side);
                Bars {
                    times: bars.times(),
                    open: &prices.open,
                    high: &prices.high,
                    low: &prices.low,
                    close: &prices.close,
                    volume: bars.volume(),
                    other: &[],
                }
            }
            Self::Reduced { times, prices } => {
                let [open, high, low, close, volume] = prices.as_ref();
                Bars { times, open, high, low, close, volume, other: &[] }
            }
        }
    }
}

/// The closes of a symbol at `times`, `NaN` where it has no bar that opens then.
///
/// Bars that open at the same time and have the same length are complete at the same time, so nothing is seen early.
pub(crate) fn closes_at(
    times: &[i64],
    key: &SeriesKey,
    symbol: SymbolId,
    data: &MultiSymbolData,
) -> Vec<f64> {
    let symbol = data.symbol(symbol);
    let higher = symbol.higher(key.timeframe).filter(|_| key.timeframe != data.timeframe());
    let bars = higher.map_or(&symbol.bars, |higher| &higher.bars);
    let close = &bars.side(key.side).close;
    let mut row = 0;
    let at = |&time: &i64| {
        while bars.times().get(row).is_some_and(|&open| open < time) {
            row += 1;
        }
        if bars.times().get(row) == Some(&time) { close[row] } else { f64::NAN }
    };
    times.iter().map(at).collect()
}
