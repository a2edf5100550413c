//! Pieces of files become checked series: parts of one side joined in time, bid and ask aligned.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::beside::Beside;
use super::settings::ImportSettings;
use super::spool::Spool;
use crate::data::bars::{BarSeries, PriceColumns};
use crate::data::error::{DataCode, DataError};
use crate::data::load::missing_side;
use crate::data::pair::{CrossedBars, CrossedRanges, Shift, check_loss, uncross};
use crate::data::raw::{Blocks, RawSide, SideOf};
use crate::data::report::{Crossed, FileReport, QuoteSide};
use crate::data::settings::{OnCrossed, ReadPolicy};
use crate::data::symbol::SymbolTable;
use crate::data::validate::{Repeats, check_side};
use crate::types::{PriceSide, Timeframe, Timestamp};

/// Rows of one side from one file.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) of: SideOf,
    pub(super) rows: Spool,
    /// Whether another piece was made from the same rows of the file; they are counted there.
    pub(super) shares_rows: bool,
}

/// A checked series in memory and the sides that are to be written.
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

/// A checked series whose rows are still in blocks.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) symbol: String,
    pub(super) timeframe: Timeframe,
    pub(super) report: FileReport,
    pub(super) rows_before: [usize; 2],
    pub(super) crossed: Crossed,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Pair {
        bid: Box<Spool>,
        ask: Box<Spool>,
        on_crossed: OnCrossed,
    },
    One {
        side: QuoteSide,
        rows: Spool,
    },
    /// One side in the file, and how far bid and ask lie from it.
    Made {
        rows: Spool,
        shifts: [Option<Shift>; 2],
    },
}

type SidesOfBlock = Result<Vec<RawSide>, DataError>;

impl Series {
    /// Which sides there are.
    pub(super) fn sides(&self) -> Vec<QuoteSide> {
        match &self.rows {
            Rows::One { side, .. } => vec![*side],
            Rows::Pair { .. } | Rows::Made { .. } => vec![QuoteSide::Bid, QuoteSide::Ask],
        }
    }

    /// Final rows block by block, every side of [`Series::sides`].
    pub(super) fn blocks(&self) -> Box<dyn Iterator<Item = SidesOfBlock> + '_> {
        match &self.rows {
            Rows::One { rows, .. } => Box::new(rows.blocks().map(|block| Ok(vec![block?.into_owned()]))),
            Rows::Pair { bid, ask, on_crossed } => Box::new(Beside::new(bid, ask).map(|pair| {
                let (mut bid, mut ask) = pair?;
                uncross(&mut bid, &mut ask, *on_crossed);
                Ok(vec![bid, ask])
            })),
            Rows::Made { rows, shifts } => Box::new(rows.blocks().map(|block| {
                let block = block?;
                let made = shifts.iter().map(|shift| {
                    let mut side = block.clone().into_owned();
                    if let Some(shift) = shift {
                        shift.apply(&mut side.prices);
                    }
                    side
                });
                Ok(made.collect())
            })),
        }
    }

    /// All of it in memory.
    ///
    /// # Errors
    /// Trouble with temporary files.
    pub(super) fn into_memory(self) -> Result<ImportedSeries, DataError> {
        let names = self.sides();
        let mut whole: Vec<RawSide> = Vec::new();
        let mut ranges = CrossedRanges::default();
        for sides in self.blocks() {
            let sides = sides?;
            if let [bid, ask] = &sides[..] {
                ranges.look(bid, ask);
            }
            for (k, block) in sides.into_iter().enumerate() {
                if whole.len() == k {
                    let mut empty = block.without_rows();
                    empty.reserve(self.report.rows);
                    whole.push(empty);
                }
                whole[k].append(&block);
            }
        }
        let Self { symbol, timeframe, mut report, rows_before, crossed, .. } = self;
        report.warnings.extend(ranges.warning);
        let mut whole = whole.into_iter();
        let first = whole.next().expect("a checked series has rows");
        let own_volume = whole.as_slice().first().filter(|ask| ask.volume != first.volume);
        let own_volume = own_volume.map(|ask| Arc::new(ask.volume.clone()));
        let bid = Arc::new(first.prices);
        let ask = whole.next().map_or_else(|| Arc::clone(&bid), |ask| Arc::new(ask.prices));
        let side = |side| {
            let own_volume = own_volume.clone().filter(|_| side == QuoteSide::Ask && names.len() == 2);
            ImportedSide { side, own_volume }
        };
        Ok(ImportedSeries {
            symbol,
            timeframe,
            bars: BarSeries::new(timeframe, first.times, bid, ask, first.volume),
            sides: names.iter().copied().map(side).collect(),
            report,
            rows_before,
            crossed,
        })
    }
}

/// One side of a symbol, whole and checked.
struct Whole {
    rows: Spool,
    of: SideOf,
    report: FileReport,
}

/// Checks every piece, joins pieces of one side, then sides of one series; series by symbol and timeframe.
pub(super) fn assemble(pieces: Vec<Piece>, settings: &ImportSettings) -> Result<Vec<Series>, DataError> {
    let mut sides: BTreeMap<(String, Timeframe, QuoteSide), Vec<Whole>> = BTreeMap::new();
    for piece in pieces {
        let key = (piece.of.symbol.clone(), piece.of.timeframe, piece.of.side);
        sides.entry(key).or_default().push(checked(piece, &settings.policy)?);
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

fn checked(piece: Piece, policy: &ReadPolicy) -> Result<Whole, DataError> {
    let Piece { of, mut rows, .. } = piece;
    let mut repeats = Repeats::new(policy);
    if repeats.are_left_out() {
        rows = rows.map(|block| {
            repeats.leave_out(block);
            Ok(())
        })?;
    }
    let mut report = check_side(&rows, &of, policy)?;
    report.duplicates_dropped = repeats.dropped;
    Ok(Whole { rows, of, report })
}

/// Parts of one side, the earliest first; they must not overlap.
fn in_time(mut parts: Vec<Whole>, policy: &ReadPolicy) -> Result<Whole, DataError> {
    if parts.len() == 1 {
        return Ok(parts.remove(0));
    }
    parts.sort_by_key(|part| part.report.first);
    for pair in parts.windows(2) {
        follows(&pair[0], &pair[1], policy)?;
    }
    let (spools, reports): (Vec<Spool>, Vec<(SideOf, FileReport)>) =
        parts.into_iter().map(|part| (part.rows, (part.of, part.report))).unzip();
    let rows = Spool::joined(&spools)?;
    let mut reports = reports.into_iter();
    let (of, mut report) = reports.next().expect("a key has at least one part");
    for (_, part) in reports {
        report.rows += part.rows;
        report.last = part.last;
        report.duplicates_dropped += part.duplicates_dropped;
        report.warnings.extend(part.warnings);
    }
    Ok(Whole { rows, of, report })
}

fn follows(whole: &Whole, part: &Whole, policy: &ReadPolicy) -> Result<(), DataError> {
    let (last, first): (Timestamp, Timestamp) = (whole.report.last, part.report.first);
    if first <= last {
        return Err(overlap(whole, part));
    }
    if first.0 - last.0 > policy.max_gap {
        return Err(DataError::new(DataCode::GapTooLarge, format!("no bar between {last} and {first}"))
            .path(&part.of.path)
            .row(0)
            .column(part.rows.facts().names.time.clone())
            .hint("a file in between is missing, or allow it: --max-gap"));
    }
    Ok(())
}

fn overlap(whole: &Whole, part: &Whole) -> DataError {
    let same = part.report.first == whole.report.last;
    let code = if same { DataCode::DuplicateTimestamp } else { DataCode::UnsortedTimestamps };
    DataError::new(code, format!("begins before {} ends", whole.of.path.display()))
        .path(&part.of.path)
        .row(0)
        .column(part.rows.facts().names.time.clone())
        .value(format!("{} after {}", part.report.first, whole.report.last))
        .hint("give files that do not overlap")
}

fn pair(bid: Whole, ask: Whole, policy: &ReadPolicy) -> Result<Series, DataError> {
    let rows_before = [bid.rows.len(), ask.rows.len()];
    let mut found = CrossedBars::default();
    let mut common = 0;
    for pair in Beside::new(&bid.rows, &ask.rows) {
        let (below, above) = pair?;
        common += below.len();
        found.look(&below, &above, &bid.of);
    }
    check_loss(common, rows_before, &bid.of, &ask.of, policy)?;
    let crossed = found.judged(&bid.of, policy)?;
    let mut report = bid.report;
    report.rows = common - if policy.on_crossed == OnCrossed::Drop { crossed.bars } else { 0 };
    report.duplicates_dropped += ask.report.duplicates_dropped;
    report.warnings.extend(ask.report.warnings);
    Ok(Series {
        symbol: bid.of.symbol,
        timeframe: bid.of.timeframe,
        report,
        rows_before,
        crossed,
        rows: Rows::Pair { bid: Box::new(bid.rows), ask: Box::new(ask.rows), on_crossed: policy.on_crossed },
    })
}

fn single(one: Whole, settings: &ImportSettings) -> Result<Series, DataError> {
    let Whole { rows, of, report } = one;
    let quoted = matches!(of.side, QuoteSide::Bid | QuoteSide::Ask);
    if settings.both_sides && quoted && settings.spread.is_none() {
        return Err(missing_side(&of.path, &of.symbol, of.side));
    }
    let rows_before = [rows.len(); 2];
    let rows = match settings.spread {
        None => Rows::One { side: of.side, rows },
        Some(spread) => {
            let digits = settings.digits.unwrap_or_else(|| {
                SymbolTable::default().lookup(&of.symbol, true).map_or(5, |spec| spec.digits())
            });
            let distances = match of.side {
                QuoteSide::Bid => [None, Some(spread)],
                QuoteSide::Ask => [Some(-spread), None],
                QuoteSide::Last | QuoteSide::Mid => [Some(-spread / 2.0), Some(spread / 2.0)],
            };
            let mut shifts = distances.map(|by| by.map(|by| Shift::new(by, digits)));
            for block in rows.blocks() {
                let block = block?;
                shifts.iter_mut().flatten().for_each(|shift| shift.look(&block.prices));
            }
            Rows::Made { rows, shifts }
        }
    };
    let (symbol, timeframe) = (of.symbol, of.timeframe);
    Ok(Series { symbol, timeframe, report, rows_before, crossed: Crossed::default(), rows })
}
