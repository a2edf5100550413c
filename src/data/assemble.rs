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
