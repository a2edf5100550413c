//! Reading the series of a study: files opened, memory estimated, sides read in parallel, checked and joined.

use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::bars::BarSeries;
use super::error::{DataCode, DataError};
use super::layout::SeriesFiles;
use super::pair::{join, one_sided};
use super::parquet::BarFile;
use super::raw::{RawSide, SideOf};
use super::report::{Crossed, FileReport, QuoteSide, SeriesReport, SidesFound};
use super::settings::{DataSettings, ReadPolicy};
use super::symbol::SymbolSpec;
use super::validate::{Repeats, check_side};
use super::zones::LocalZone;
use crate::types::Timeframe;

/// Bytes of one bar with bid, ask and volume.
const BAR_BYTES: u64 = 80;

/// A series to be read.
#[derive(Debug, Clone)]
pub(crate) struct SeriesPlan {
    pub(crate) spec: SymbolSpec,
    pub(crate) timeframe: Timeframe,
    pub(crate) files: SeriesFiles,
    /// Symbol to pick from a file that holds several.
    pub(crate) of_many: bool,
}

/// A series in memory and what reading it found.
#[derive(Debug)]
pub(crate) struct LoadedSeries {
    pub(crate) bars: BarSeries,
    pub(crate) files: Vec<FileReport>,
    pub(crate) report: SeriesReport,
    /// Whether the files hold bars behind the range that was asked for.
    pub(crate) more_follow: bool,
}

/// Reads all planned series; the first failing one in plan order is reported.
///
/// Of files in order of time only what `range`, microseconds UTC, needs is read and checked: its row groups and their
/// neighbours. Of what was read the bars of the range stay; all stay when none lies in it.
///
/// # Errors
/// Any code of the groups file to pair, `memory_limit` before anything is read.
pub(crate) fn load_all(
    plans: &[SeriesPlan],
    settings: &DataSettings,
    range: &Range<i64>,
    memory_limit: Option<u64>,
) -> Result<Vec<LoadedSeries>, DataError> {
    let zone = settings.policy.tz.as_deref().map(LocalZone::parse).transpose()?;
    let opened: Vec<Opened> = match plans {
        [first, ..] if first.of_many => many(plans, first, settings, range, memory_limit, zone.as_ref())?,
        _ => {
            let opened: Vec<Opened> =
                plans.iter().map(|plan| open(plan, &settings.policy, range)).collect::<Result<_, _>>()?;
            check_memory(opened.iter().map(Opened::rows), memory_limit)?;
            opened
        }
    };
    let loaded: Vec<Result<LoadedSeries, DataError>> = plans
        .par_iter()
        .zip(opened)
        .map(|(plan, opened)| load(plan, opened, settings, range, zone.as_ref()))
        .collect();
    loaded.into_iter().collect()
}

/// Files of one series whose footers are known good.
enum Opened {
    Pair(Box<[BarFile; 2]>),
    One(Box<BarFile>),
    /// Rows of one symbol out of a file that holds several.
    Rows(Box<RawSide>),
}

impl Opened {
    fn rows(&self) -> usize {
        match self {
            Self::Pair(files) => files.iter().map(BarFile::rows).max().unwrap_or(0),
            Self::One(file) => file.rows(),
            Self::Rows(raw) => raw.len(),
        }
    }
}

/// Reads a file with several symbols once and hands out their rows.
fn many(
    plans: &[SeriesPlan],
    first: &SeriesPlan,
    settings: &DataSettings,
    range: &Range<i64>,
    memory_limit: Option<u64>,
    zone: Option<&LocalZone>,
) -> Result<Vec<Opened>, DataError> {
    let SeriesFiles::One { path, .. } = &first.files else {
        unreachable!("a file with several symbols has one side");
    };
    let Opened::One(file) = open(first, &settings.policy, range)? else {
        unreachable!("one side opens as one file");
    };
    check_memory([file.rows()].into_iter(), memory_limit)?;
    let mut sides = file.read(first.timeframe, zone)?;
    let take = |plan: &SeriesPlan| {
        let name = plan.spec.name.as_str();
        match sides.iter().position(|side| side.symbol.as_deref() == Some(name)) {
            Some(k) => Ok(Opened::Rows(Box::new(sides.swap_remove(k)))),
            None => Err(absent(path, name, &sides)),
        }
    };
    plans.iter().map(take).collect()
}

fn open(plan: &SeriesPlan, policy: &ReadPolicy, range: &Range<i64>) -> Result<Opened, DataError> {
    let checked = |path: &Path, side| {
        let mut file = BarFile::open(path)?;
        file.keep_to(range);
        if !policy.ignore_metadata {
            check_metadata(&file, path, plan, side)?;
        }
        Ok::<BarFile, DataError>(file)
    };
    match &plan.files {
        SeriesFiles::Pair { bid, ask } => {
            Ok(Opened::Pair(Box::new([checked(bid, QuoteSide::Bid)?, checked(ask, QuoteSide::Ask)?])))
        }
        SeriesFiles::One { side, path } => Ok(Opened::One(Box::new(checked(path, *side)?))),
    }
}

fn check_metadata(file: &BarFile, path: &Path, plan: &SeriesPlan, side: QuoteSide) -> Result<(), DataError> {
    let asked = [
        ("schema", "1"),
        ("symbol", plan.spec.name.as_str()),
        ("timeframe", plan.timeframe.as_str()),
        ("side", side.as_str()),
    ];
    for (key, asked) in asked {
        let several = key == "symbol" && file.holds_several();
        match file.metadata(key).filter(|_| !several) {
            Some(found) if !found.eq_ignore_ascii_case(asked) => {
                return Err(metadata_mismatch(path, key, found, asked));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The error for metadata that disagrees with what was asked.
pub(crate) fn metadata_mismatch(path: &Path, key: &str, found: &str, asked: &str) -> DataError {
    DataError::new(DataCode::MetadataMismatch, format!("file says {found}, asked for {asked}"))
        .path(path)
        .column(key)
        .hint("the file lies under a wrong name; ignore_metadata (--ignore-metadata) reads it all the same")
}

fn check_memory(rows: impl Iterator<Item = usize>, limit: Option<u64>) -> Result<(), DataError> {
    let needed = rows.map(|rows| (rows as u64).saturating_mul(BAR_BYTES)).fold(0, u64::saturating_add);
    match limit {
        Some(limit) if needed > limit => Err(DataError::new(
            DataCode::MemoryLimit,
            format!("the bars need {}, allowed are {}", mebibytes(needed), mebibytes(limit)),
        )
        .hint("a higher --memory, fewer symbols, or a longer primary timeframe")),
        _ => Ok(()),
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

fn load(
    plan: &SeriesPlan,
    opened: Opened,
    settings: &DataSettings,
    range: &Range<i64>,
    zone: Option<&LocalZone>,
) -> Result<LoadedSeries, DataError> {
    let read = |file: BarFile, path: &Path, side| {
        let more_follow = file.more_follow();
        let mut sides = file.read(plan.timeframe, zone)?;
        let mut checked = check(plan, sides.swap_remove(0), path, side, &settings.policy)?;
        checked.keep_to(range);
        checked.more_follow |= more_follow;
        Ok(checked)
    };
    match (&plan.files, opened) {
        (SeriesFiles::Pair { bid, ask }, Opened::Pair(files)) => {
            let [bid_file, ask_file] = *files;
            let (below, above) =
                rayon::join(|| read(bid_file, bid, QuoteSide::Bid), || read(ask_file, ask, QuoteSide::Ask));
            joined(plan, below?, above?, &settings.policy)
        }
        (SeriesFiles::One { side, path }, Opened::One(file)) => {
            made(plan, read(*file, path, *side)?, *side, settings)
        }
        (SeriesFiles::One { side, path }, Opened::Rows(raw)) => {
            let mut checked = check(plan, *raw, path, *side, &settings.policy)?;
            checked.keep_to(range);
            made(plan, checked, *side, settings)
        }
        _ => unreachable!("files are opened as they are planned"),
    }
}

/// A checked side with its report.
struct Checked {
    raw: RawSide,
    of: SideOf,
    report: FileReport,
    more_follow: bool,
}

impl Checked {
    /// Leaves bars outside of a range out, unless all are.
    fn keep_to(&mut self, range: &Range<i64>) {
        let at = |instant: i64| self.raw.times.partition_point(|&time| time < instant);
        let rows = at(range.start)..at(range.end);
        if rows.is_empty() {
            return;
        }
        self.more_follow = rows.end < self.raw.len();
        self.raw.cut(&rows);
    }
}

fn check(
    plan: &SeriesPlan,
    mut raw: RawSide,
    path: &Path,
    side: QuoteSide,
    policy: &ReadPolicy,
) -> Result<Checked, DataError> {
    let of = SideOf {
        path: path.to_owned(),
        symbol: plan.spec.name.clone(),
        is_fx: plan.spec.is_fx(),
        timeframe: plan.timeframe,
        side,
    };
    let mut repeats = Repeats::new(policy);
    repeats.leave_out(&mut raw);
    let mut report = check_side(&raw, &of, policy)?;
    report.duplicates_dropped = repeats.dropped;
    Ok(Checked { raw, of, report, more_follow: false })
}

fn absent(path: &Path, symbol: &str, sides: &[RawSide]) -> DataError {
    let names: Vec<&str> = sides.iter().filter_map(|side| side.symbol.as_deref()).collect();
    DataError::new(DataCode::FileNotFound, format!("no row of symbol {symbol}"))
        .path(path)
        .hint(format!("the file holds {}", names.join(", ")))
}

fn joined(
    plan: &SeriesPlan,
    bid: Checked,
    ask: Checked,
    policy: &ReadPolicy,
) -> Result<LoadedSeries, DataError> {
    let more_follow = bid.more_follow || ask.more_follow;
    let joined = join(bid.raw, ask.raw, &bid.of, &ask.of, policy)?;
    let crossed_range = joined.crossed_range.as_ref().map_or(0, |warning| warning.count);
    let mut report = series_report(plan, SidesFound::BidAsk, joined.rows_before, joined.bars.len());
    report.crossed = joined.crossed;
    report.aligned = joined.aligned;
    report.duplicates_dropped = bid.report.duplicates_dropped + ask.report.duplicates_dropped;
    report.crossed_range = crossed_range;
    let mut files = vec![bid.report, ask.report];
    files[0].warnings.extend(joined.crossed_range);
    Ok(LoadedSeries { bars: joined.bars, files, report, more_follow })
}

fn made(
    plan: &SeriesPlan,
    one: Checked,
    side: QuoteSide,
    settings: &DataSettings,
) -> Result<LoadedSeries, DataError> {
    let quoted = matches!(side, QuoteSide::Bid | QuoteSide::Ask);
    let configured = settings.spread.pips(&plan.spec.name);
    if quoted && configured.is_none() {
        return Err(missing_side(&one.of.path, &plan.spec.name, side));
    }
    let typical = settings.typical_spread.then_some(plan.spec.typical_spread_pips);
    let pips = configured.or(typical);
    let (rows, more_follow) = (one.raw.len(), one.more_follow);
    let bars = one_sided(one.raw, side, plan.timeframe, pips, &plan.spec);
    let mut report = series_report(plan, SidesFound::One(side), [rows, rows], bars.len());
    report.duplicates_dropped = one.report.duplicates_dropped;
    report.spread_pips = pips;
    report.spread_is_typical = configured.is_none() && pips.is_some();
    Ok(LoadedSeries { bars, files: vec![one.report], report, more_follow })
}

/// The error for a quote whose other side is neither a file nor made.
pub(crate) fn missing_side(path: &Path, symbol: &str, present: QuoteSide) -> DataError {
    let missing = if present == QuoteSide::Bid { QuoteSide::Ask } else { QuoteSide::Bid };
    DataError::new(
        DataCode::MissingSide,
        format!("{symbol} has {} but no {}", present.as_str(), missing.as_str()),
    )
    .path(path)
    .hint(format!(
        "put {} beside it, or make it from a spread: data.spread_pips (--spread)",
        expected_sibling(path, missing).display()
    ))
}

fn expected_sibling(path: &Path, side: QuoteSide) -> PathBuf {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let rest = stem.rsplit_once('_').map_or(stem, |(rest, _)| rest);
    PathBuf::from(format!("{rest}_{}.parquet", side.as_str()))
}

fn series_report(plan: &SeriesPlan, sides: SidesFound, rows_before: [usize; 2], rows: usize) -> SeriesReport {
    SeriesReport {
        symbol: plan.spec.name.clone(),
        timeframe: plan.timeframe,
        resampled_from: None,
        sides,
        rows_before,
        aligned: rows,
        duplicates_dropped: 0,
        rows,
        crossed: Crossed::default(),
        crossed_range: 0,
        outside_week: 0,
        partial_dropped: false,
        spread_pips: None,
        spread_is_typical: false,
    }
}
