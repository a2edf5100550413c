//! From loaded series to the market of a study: timeline, row maps, higher-timeframe maps.

use std::sync::Arc;

use super::align::{HigherTimes, higher_map, nominal_ends};
use super::bars::BarSeries;
use super::error::{DataCode, DataError};
use super::fingerprint::{SeriesDigest, root};
use super::multi::{HigherSeries, MultiSymbolData, SymbolSeries};
use super::settings::{AlignmentSettings, TimelineMode};
use super::symbol::SymbolSpec;
use super::timeline::{intersection, row_map, union};
use crate::types::{Digest, Timeframe};

/// Series of one symbol before it has a place on the timeline.
#[derive(Debug, Clone)]
pub struct SymbolBars {
    /// Pip, tick, lots, currencies.
    pub spec: SymbolSpec,
    /// Bars of the primary timeframe.
    pub primary: BarSeries,
    /// Higher timeframes, in any order.
    pub higher: Vec<HigherBars>,
}

/// A higher timeframe before it is mapped.
#[derive(Debug, Clone)]
pub struct HigherBars {
    /// The bars.
    pub bars: BarSeries,
    /// Instant at which each bar is complete.
    pub ends: Vec<i64>,
    /// Whether the bars were read from a file.
    pub from_file: bool,
}

impl HigherBars {
    /// Bars as read from a file: complete one length after their open.
    pub fn from_file(bars: BarSeries) -> Self {
        let ends = nominal_ends(&bars);
        Self { bars, ends, from_file: true }
    }
}

impl SymbolBars {
    /// A symbol with nothing but its primary bars.
    pub fn new(spec: SymbolSpec, primary: BarSeries) -> Self {
        Self { spec, primary, higher: Vec::new() }
    }
}

/// Instants of all steps.
///
/// # Errors
/// `no_common_timestamps` when no instant remains, `E102` when the anchor is none of the symbols.
pub fn steps(symbols: &[SymbolBars], mode: &TimelineMode) -> Result<Vec<i64>, DataError> {
    let times: Vec<&[i64]> = symbols.iter().map(|symbol| symbol.primary.times()).collect();
    let timeline = match mode {
        TimelineMode::Union => union(&times),
        TimelineMode::Intersection => intersection(&times),
        TimelineMode::Anchor(name) => anchor(symbols, name)?.primary.times().to_vec(),
    };
    if timeline.is_empty() {
        let names: Vec<&str> = symbols.iter().map(|symbol| symbol.spec.name.as_str()).collect();
        return Err(DataError::new(
            DataCode::NoCommonTimestamps,
            format!("no instant remains for {}", names.join(", ")),
        )
        .hint("data.timeline \"union\" keeps the instants of every symbol"));
    }
    Ok(timeline)
}

fn anchor<'a>(symbols: &'a [SymbolBars], name: &str) -> Result<&'a SymbolBars, DataError> {
    symbols.iter().find(|symbol| symbol.spec.name == name).ok_or_else(|| {
        let names: Vec<&str> = symbols.iter().map(|symbol| symbol.spec.name.as_str()).collect();
        DataError::new(
            DataCode::Selection,
            format!("data.timeline names the anchor {name}, which is not loaded"),
        )
        .hint(format!("loaded symbols: {}", names.join(", ")))
    })
}

/// Puts symbols on a timeline made by [`steps`]; symbols in the order given.
pub fn assemble(
    timeframe: Timeframe,
    timeline: Vec<i64>,
    symbols: Vec<SymbolBars>,
    alignment: AlignmentSettings,
    fingerprint: Digest,
) -> MultiSymbolData {
    let series = symbols.into_iter().map(|symbol| place(symbol, &timeline, alignment)).collect();
    MultiSymbolData::new(timeframe, timeline, series, fingerprint)
}

/// Bars made in memory, on the union of their instants; the fingerprint covers them all.
///
/// # Errors
/// As [`steps`].
pub fn in_memory(
    timeframe: Timeframe,
    symbols: Vec<SymbolBars>,
    alignment: AlignmentSettings,
) -> Result<MultiSymbolData, DataError> {
    let timeline = steps(&symbols, &TimelineMode::Union)?;
    let digests: Vec<Vec<SeriesDigest>> = symbols.iter().map(series_digests).collect();
    let fingerprint = root_of(&symbols, &digests, None);
    Ok(assemble(timeframe, timeline, symbols, alignment, fingerprint))
}

/// Digests of primary and higher series, shortest first.
pub(crate) fn series_digests(symbol: &SymbolBars) -> Vec<SeriesDigest> {
    let mut higher: Vec<&BarSeries> = symbol.higher.iter().map(|series| &series.bars).collect();
    higher.sort_by_key(|bars| bars.timeframe());
    let of = |bars: &BarSeries| SeriesDigest::of(&symbol.spec.name, bars);
    std::iter::once(&symbol.primary).chain(higher).map(of).collect()
}

/// The digest of everything.
pub(crate) fn root_of(symbols: &[SymbolBars], digests: &[Vec<SeriesDigest>], news: Option<Digest>) -> Digest {
    let parts: Vec<(&SymbolSpec, Vec<&SeriesDigest>)> =
        symbols.iter().zip(digests).map(|(symbol, list)| (&symbol.spec, list.iter().collect())).collect();
    root(&parts, news)
}

fn place(symbol: SymbolBars, timeline: &[i64], alignment: AlignmentSettings) -> SymbolSeries {
    let SymbolBars { spec, primary, mut higher } = symbol;
    higher.sort_by_key(|series| series.bars.timeframe());
    let rows = row_map(timeline, primary.times());
    let higher = higher
        .into_iter()
        .map(|series| {
            let times = HigherTimes {
                timeframe: series.bars.timeframe(),
                opens: series.bars.times(),
                ends: &series.ends,
            };
            let map = higher_map(primary.times(), primary.timeframe(), &times, alignment);
            HigherSeries { map: map.into(), bars: Arc::new(series.bars), from_file: series.from_file }
        })
        .collect();
    SymbolSeries { spec, bars: Arc::new(primary), rows, higher }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::bars::PriceColumns;
    use crate::data::multi::NO_ROW;
    use crate::data::resample::{DayAnchor, ResampleRule, resample};
    use crate::data::settings::EntryTimestampMode;
    use crate::data::symbol::SymbolTable;
    use crate::types::time::{DAY, MINUTE};

    /// Bars with holes; `kinds` picks the step to the next bar.
    fn symbol(name: &str, kinds: &[u8], anchor: DayAnchor, until: i64) -> SymbolBars {
        let first = 19_665 * DAY;
        let steps = kinds.iter().scan(first, |time, kind| {
            *time += [15, 15, 30, 600][usize::from(*kind) % 4] * MINUTE;
            Some(*time)
        });
        let times: Vec<i64> = steps.filter(|&time| time < until).collect();
        let column: Vec<f64> = times.iter().map(|time| 1.0 + (time / MINUTE % 977) as f64 * 1e-4).collect();
        let prices = Arc::new(PriceColumns {
            open: column.clone(),
            high: column.clone(),
            low: column.clone(),
            close: column,
        });
        let rows = times.len();
        let bars = BarSeries::new(Timeframe::M15, times, Arc::clone(&prices), prices, vec![0.0; rows]);
        let rule = ResampleRule { anchor, ..ResampleRule::default() };
        let higher = [Timeframe::H1, Timeframe::H4, Timeframe::D1]
            .into_iter()
            .map(|timeframe| {
                let made = resample(&bars, timeframe, rule);
                HigherBars { bars: made.bars, ends: made.ends, from_file: false }
            })
            .collect();
        let spec = SymbolTable::default().lookup(name, false).expect("built in");
        SymbolBars { spec, primary: bars, higher }
    }

    /// Everything a strategy could read at a step.
    fn seen(data: &MultiSymbolData, step: usize) -> Vec<Option<u64>> {
        let mut all = vec![Some(data.timeline()[step].cast_unsigned())];
        for series in data.symbols() {
            let row = series.row(step);
            all.extend([row, series.last_row(step)].map(|row| row.map(|row| row as u64)));
            all.push(row.map(|row| series.bars.ask().close[row].to_bits()));
            for higher in &series.higher {
                let shown = row.map(|row| higher.map[row]).filter(|&shown| shown != NO_ROW);
                all.push(shown.map(|shown| higher.bars.bid().close[shown as usize].to_bits()));
                all.push(shown.map(|shown| higher.bars.bid().high[shown as usize].to_bits()));
            }
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn nothing_at_or_before_an_instant_depends_on_what_follows(
            kinds in proptest::collection::vec(proptest::collection::vec(0_u8..9, 150..400), 2),
            cut in 1_usize..400,
            ny in any::<bool>(),
            at_close in any::<bool>(),
        ) {
            let anchor = if ny { DayAnchor::Ny17 } else { DayAnchor::Utc };
            let entry_timestamp_mode =
                if at_close { EntryTimestampMode::Close } else { EntryTimestampMode::Open };
            let alignment = AlignmentSettings { entry_timestamp_mode, ..AlignmentSettings::default() };
            let market = |until| {
                let symbols = ["EURUSD", "USDJPY"].iter().zip(&kinds);
                let symbols = symbols.map(|(name, kinds)| symbol(name, kinds, anchor, until)).collect();
                in_memory(Timeframe::M15, symbols, alignment)
            };
            let whole = market(i64::MAX).expect("bars");
            let last = cut.min(whole.steps() - 1);
            let Ok(known) = market(whole.timeline()[last] + 1) else { return Ok(()) };
            prop_assert_eq!(known.steps(), last + 1);
            for step in 0..=last {
                prop_assert_eq!(seen(&known, step), seen(&whole, step), "step {}", step);
            }
        }
    }
}
