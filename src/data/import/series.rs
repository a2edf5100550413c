//! Pieces of files become checked series: parts of one side joined in time, bid and ask aligned.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::settings::ImportSettings;
use crate::data::align::common_runs;
use crate::data::bars::{BarSeries, PriceColumns};
use crate::data::error::{DataCode, DataError};
use crate::data::load::missing_side;
use crate::data::pair::{join, shifted};
use crate::data::raw::{Places, RawSide, SideOf};
use crate::data::report::{Crossed, FileReport, QuoteSide};
use crate::data::settings::ReadPolicy;
use crate::data::symbol::SymbolTable;
use crate::data::validate::check_side;
use crate::types::{PriceSide, Timeframe, Timestamp};

/// Rows of one side from one file.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) of: SideOf,
    pub(super) raw: RawSide,
}

/// A checked series and the sides that are to be written.
#[derive(Debug, Clone)]
pub struct ImportedSeries {
    /// The symbol.
    pub symbol: String,
    /// The timeframe.
    pub timeframe: Timeframe,
    /// Bars; of one-sided series both sides are the same.
    pub bars: BarSeries,
    /// Bid and ask, or the one side there is.
    pub sides: Vec<ImportedSide>,
    /// What checking found, the first side's report.
    pub report: FileReport,
    /// Rows of bid and ask before alignment, and crossed bars.
    pub rows_before: [usize; 2],
    /// Bars with bid above ask and what was done.
    pub crossed: Crossed,
}

/// One side of an imported series.
#[derive(Debug, Clone)]
pub struct ImportedSide {
    /// Which one.
    pub side: QuoteSide,
    /// Volume of this side where it differs from the series'.
    own_volume: Option<Arc<Vec<f64>>>,
}

impl ImportedSide {
    /// Prices of this side.
    pub fn prices<'a>(&self, bars: &'a BarSeries) -> &'a PriceColumns {
        bars.side(if self.side == QuoteSide::Ask { PriceSide::Ask } else { PriceSide::Bid })
    }

    /// Volume of this side.
    pub fn volume<'a>(&'a self, bars: &'a BarSeries) -> &'a [f64] {
        self.own_volume.as_ref().map_or(bars.volume(), |volume| volume.as_slice())
    }
}

/// One side of a symbol, whole and checked.
struct Whole {
    raw: RawSide,
    of: SideOf,
    report: FileReport,
}

/// Checks every piece, joins pieces of one side, then sides of one series; series by symbol and timeframe.
pub(super) fn assemble(
    pieces: Vec<Piece>,
    settings: &ImportSettings,
) -> Result<Vec<ImportedSeries>, DataError> {
    let mut sides: BTreeMap<(String, Timeframe, QuoteSide), Vec<Whole>> = BTreeMap::new();
    for Piece { of, mut raw } in pieces {
        let report = check_side(&mut raw, &of, &settings.policy)?;
        let key = (of.symbol.clone(), of.timeframe, of.side);
        sides.entry(key).or_default().push(Whole { raw, of, report });
    }
    let mut by_series: BTreeMap<(String, Timeframe), BTreeMap<QuoteSide, Whole>> = BTreeMap::new();
    for ((symbol, timeframe, side), parts) in sides {
        by_series.entry((symbol, timeframe)).or_default().insert(side, in_time(parts, &settings.policy)?);
    }
    let mut series = Vec::new();
    for (_, mut sides) in by_series {
        match (sides.remove(&QuoteSide::Bid), sides.remove(&QuoteSide::Ask)) {
            (Some(bid), Some(ask)) => series.push(pair(bid, ask, &settings.policy)?),
            (bid, ask) => {
                for one in bid.into_iter().chain(ask).chain(sides.into_values()) {
                    series.push(single(one, settings)?);
                }
            }
        }
    }
    Ok(series)
}

/// Parts of one side, the earliest first; they must not overlap.
fn in_time(mut parts: Vec<Whole>, policy: &ReadPolicy) -> Result<Whole, DataError> {
    parts.sort_by_key(|part| part.report.first);
    let mut parts = parts.into_iter();
    let mut whole = parts.next().expect("a key has at least one part");
    for part in parts {
        let last = whole.report.last;
        if part.report.first <= last {
            return Err(overlap(&whole, &part));
        }
        if part.report.first.0 - last.0 > policy.max_gap {
            return Err(DataError::new(
                DataCode::GapTooLarge,
                format!("no bar between {last} and {}", part.report.first),
            )
            .path(&part.of.path)
            .row(0)
            .column(part.raw.names.time.clone())
            .hint("a file in between is missing, or allow it: --max-gap"));
        }
        append(&mut whole, part);
    }
    Ok(whole)
}

fn overlap(whole: &Whole, part: &Whole) -> DataError {
    let same = part.report.first == whole.report.last;
    let code = if same { DataCode::DuplicateTimestamp } else { DataCode::UnsortedTimestamps };
    DataError::new(code, format!("begins before {} ends", whole.of.path.display()))
        .path(&part.of.path)
        .row(0)
        .column(part.raw.names.time.clone())
        .value(format!("{} after {}", part.report.first, whole.report.last))
        .hint("give files that do not overlap")
}

fn append(whole: &mut Whole, part: Whole) {
    let RawSide { times, mut prices, volume, .. } = part.raw;
    whole.raw.times.extend(times);
    for (column, rest) in whole.raw.prices.columns_mut().into_iter().zip(prices.columns_mut()) {
        column.append(rest);
    }
    whole.raw.volume.extend(volume);
    // Rows of several files have no common numbering.
    whole.raw.place = Places::default();
    whole.report.rows = whole.raw.len();
    whole.report.last = Timestamp(whole.raw.times[whole.raw.len() - 1]);
    whole.report.duplicates_dropped += part.report.duplicates_dropped;
    whole.report.warnings.extend(part.report.warnings);
}

fn pair(bid: Whole, ask: Whole, policy: &ReadPolicy) -> Result<ImportedSeries, DataError> {
    // Volumes of the two sides may differ; both are kept.
    let differs = ask.raw.volume != bid.raw.volume;
    let ask_times = if differs { ask.raw.times.clone() } else { Vec::new() };
    let ask_volume = if differs { ask.raw.volume.clone() } else { Vec::new() };
    let joined = join(bid.raw, ask.raw, &bid.of, &ask.of, policy)?;
    let own_volume = differs.then(|| Arc::new(at_times(joined.bars.times(), &ask_times, &ask_volume)));
    let mut report = bid.report;
    report.rows = joined.bars.len();
    report.warnings.extend(ask.report.warnings);
    report.warnings.extend(joined.crossed_range);
    Ok(ImportedSeries {
        symbol: bid.of.symbol,
        timeframe: bid.of.timeframe,
        bars: joined.bars,
        sides: vec![
            ImportedSide { side: QuoteSide::Bid, own_volume: None },
            ImportedSide { side: QuoteSide::Ask, own_volume },
        ],
        report,
        rows_before: joined.rows_before,
        crossed: joined.crossed,
    })
}

/// Values of a series at some of its times.
fn at_times(wanted: &[i64], times: &[i64], values: &[f64]) -> Vec<f64> {
    common_runs(wanted, times).into_iter().flat_map(|(_, rows)| values[rows].to_vec()).collect()
}

fn single(one: Whole, settings: &ImportSettings) -> Result<ImportedSeries, DataError> {
    let Whole { raw, of, report } = one;
    let quoted = matches!(of.side, QuoteSide::Bid | QuoteSide::Ask);
    if settings.both_sides && quoted && settings.spread.is_none() {
        return Err(missing_side(&of.path, &of.symbol, of.side));
    }
    let rows = raw.len();
    let prices = Arc::new(raw.prices);
    let (bid, ask, sides) = match settings.spread {
        None => (Arc::clone(&prices), Arc::clone(&prices), vec![of.side]),
        Some(spread) => {
            let digits = settings.digits.unwrap_or_else(|| {
                SymbolTable::default().lookup(&of.symbol, true).map_or(5, |spec| spec.digits())
            });
            let moved = |by: f64| Arc::new(shifted(&prices, by, digits));
            let (bid, ask) = match of.side {
                QuoteSide::Bid => (Arc::clone(&prices), moved(spread)),
                QuoteSide::Ask => (moved(-spread), Arc::clone(&prices)),
                QuoteSide::Last | QuoteSide::Mid => (moved(-spread / 2.0), moved(spread / 2.0)),
            };
            (bid, ask, vec![QuoteSide::Bid, QuoteSide::Ask])
        }
    };
    Ok(ImportedSeries {
        symbol: of.symbol,
        timeframe: of.timeframe,
        bars: BarSeries::new(of.timeframe, raw.times, bid, ask, raw.volume),
        sides: sides.into_iter().map(|side| ImportedSide { side, own_volume: None }).collect(),
        report,
        rows_before: [rows, rows],
        crossed: Crossed::default(),
    })
}
