//! From settings and files to a plan: which symbols, which timeframe, read or resampled from what.

use std::path::{Path, PathBuf};

use super::catalog::Catalog;
use super::error::{DataCode, DataError, closest};
use super::finer::check_fits;
use super::layout::{FileName, Files, SeriesFiles, scan, sibling};
use super::load::{SeriesPlan, metadata_mismatch};
use super::parquet::{BarFile, file_sha256};
use super::report::QuoteSide;
use super::resample::divides;
use super::settings::{DataSettings, DataSource};
use super::symbol::SymbolSpec;
use crate::types::Timeframe;

/// What a study reads.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Timeframe of the steps.
    pub(crate) primary: Timeframe,
    /// Per symbol, in configured order.
    pub(crate) symbols: Vec<SymbolPlan>,
}

/// Series of one symbol.
#[derive(Debug)]
pub(crate) struct SymbolPlan {
    pub(crate) spec: SymbolSpec,
    /// Whether the specification was assumed.
    pub(crate) assumed: bool,
    /// Primary timeframe first, then the others, shortest first.
    pub(crate) series: Vec<Origin>,
    /// Finer bars than the primary ones, when they are asked for.
    pub(crate) finer: Option<Origin>,
}

impl SymbolPlan {
    /// Every series with its source.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.series.iter().chain(&self.finer)
    }
}

/// Where a series comes from.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) timeframe: Timeframe,
    /// What is read: the series itself, or a finer one to resample.
    pub(crate) plan: SeriesPlan,
}

/// Finds files and decides.
///
/// # Errors
/// `file_not_found`, `E102`, `E201`, `digest_mismatch`, and what opening a single file finds.
pub(crate) fn select(settings: &DataSettings, base_dir: &Path) -> Result<Selection, DataError> {
    let (place, files, of_many, digests) = match &settings.source {
        DataSource::Catalog(path) => {
            let path = base_dir.join(path);
            let catalog = Catalog::read(&path)?;
            (path, catalog.files, false, Some(catalog.digests))
        }
        DataSource::Path(path) => {
            let path = base_dir.join(path);
            if path.is_dir() {
                let files = scan(&path)?;
                (path, files, false, None)
            } else {
                let (files, of_many) = single(&path, settings)?;
                (path, files, of_many, None)
            }
        }
    };
    if files.is_empty() {
        return Err(DataError::new(DataCode::FileNotFound, "no bar file found")
            .path(&place)
            .hint("expected <SYMBOL>/<SYMBOL>_<TF>_<SIDE>.parquet; data import makes such files"));
    }
    let primary = primary(&files, settings, &place)?;
    let names = names(&files, settings, primary, &place)?;
    let mut symbols = Vec::new();
    for name in &names {
        symbols.push(symbol(&files, settings, name, primary, of_many, &place)?);
    }
    if let Some(digests) = digests {
        check_digests(&symbols, &digests)?;
    }
    Ok(Selection { primary, symbols })
}

/// Symbol, timeframe and side of one file: from its metadata, else its name, else what is asked.
fn single(path: &Path, settings: &DataSettings) -> Result<(Files, bool), DataError> {
    let file = BarFile::open(path)?;
    let name = FileName::parse(path);
    let from_name = |get: fn(&FileName) -> Option<QuoteSide>| name.as_ref().and_then(get);
    let side = file.metadata("side").and_then(QuoteSide::parse).or_else(|| from_name(|name| name.side));
    let timeframe = file
        .metadata("timeframe")
        .and_then(|text| text.parse().ok())
        .or(name.as_ref().map(|name| name.timeframe))
        .or(settings.primary);
    let timeframe: Timeframe = timeframe.ok_or_else(|| {
        DataError::new(DataCode::Selection, "neither metadata nor name of the file tell its timeframe")
            .path(path)
            .hint("name it: data.timeframes.primary")
    })?;
    let side = side.unwrap_or(QuoteSide::Mid);
    let mut files = Files::default();
    if file.holds_several() {
        for symbol in file.symbols()? {
            files.insert(&symbol, timeframe, side, path.to_owned());
        }
        return Ok((files, true));
    }
    let asked = match &settings.symbols[..] {
        [only] => Some(only.clone()),
        _ => None,
    };
    let stored = file.metadata("symbol").filter(|_| !settings.policy.ignore_metadata).map(str::to_owned);
    if let (Some(stored), Some(asked)) = (&stored, &asked)
        && stored != asked
    {
        return Err(metadata_mismatch(path, "symbol", stored, asked));
    }
    let symbol = stored.or(asked).or(name.map(|name| name.symbol));
    let symbol = symbol.ok_or_else(|| {
        DataError::new(DataCode::Selection, "neither metadata nor name of the file tell its symbol")
            .path(path)
            .hint("name it: data.symbols")
    })?;
    files.insert(&symbol, timeframe, side, path.to_owned());
    if let Some(other) = sibling(path, side) {
        let other_side = if side == QuoteSide::Bid { QuoteSide::Ask } else { QuoteSide::Bid };
        files.insert(&symbol, timeframe, other_side, other);
    }
    Ok((files, false))
}

fn primary(files: &Files, settings: &DataSettings, place: &Path) -> Result<Timeframe, DataError> {
    if let Some(primary) = settings.primary {
        return Ok(primary);
    }
    let chosen: Vec<&str> = match &settings.symbols[..] {
        [] => files.symbols(),
        some => some.iter().map(String::as_str).collect(),
    };
    let mut all: Vec<Timeframe> = chosen.iter().flat_map(|symbol| files.timeframes(symbol)).collect();
    all.sort_unstable();
    all.dedup();
    match all[..] {
        [only] => Ok(only),
        [] => Err(unknown_symbol(files, chosen.first().copied().unwrap_or_default(), place)),
        _ => {
            let list: Vec<&str> = all.iter().map(|timeframe| timeframe.as_str()).collect();
            Err(DataError::new(
                DataCode::Selection,
                format!("several timeframes are present: {}", list.join(", ")),
            )
            .path(place)
            .hint("name one: data.timeframes.primary"))
        }
    }
}

fn names(
    files: &Files,
    settings: &DataSettings,
    primary: Timeframe,
    place: &Path,
) -> Result<Vec<String>, DataError> {
    if !settings.symbols.is_empty() {
        return Ok(settings.symbols.clone());
    }
    let all = files.symbols();
    let with_file: Vec<&str> =
        all.iter().copied().filter(|symbol| files.series(symbol, primary).is_some()).collect();
    let chosen = if with_file.is_empty() {
        all.into_iter().filter(|symbol| finer(files, symbol, primary).is_some()).collect()
    } else {
        with_file
    };
    if chosen.is_empty() {
        return Err(no_timeframe(files, "any symbol", primary, place));
    }
    Ok(chosen.into_iter().map(str::to_owned).collect())
}

fn symbol(
    files: &Files,
    settings: &DataSettings,
    name: &str,
    primary: Timeframe,
    of_many: bool,
    place: &Path,
) -> Result<SymbolPlan, DataError> {
    if files.timeframes(name).is_empty() {
        return Err(unknown_symbol(files, name, place));
    }
    let mut wanted = settings.additional.clone();
    wanted.retain(|&timeframe| timeframe != primary);
    wanted.sort_unstable();
    wanted.dedup();
    if let Some(shorter) = wanted.iter().find(|&&timeframe| timeframe < primary) {
        return Err(DataError::new(
            DataCode::Selection,
            format!("additional timeframe {shorter} is shorter than the primary {primary}"),
        )
        .hint("data.timeframes.additional lists longer timeframes"));
    }
    let found = |timeframe: Timeframe| {
        let (source, series) =
            source(files, name, timeframe).ok_or_else(|| no_timeframe(files, name, timeframe, place))?;
        Ok::<_, DataError>((timeframe, source, series))
    };
    let series = std::iter::once(primary).chain(wanted).map(found).collect::<Result<Vec<_>, _>>()?;
    let finer = match settings.detail {
        Some(finer) => Some(check_fits(finer, primary).and_then(|()| found(finer))?),
        None => None,
    };
    let is_last = matches!(series[0].2, SeriesFiles::One { side: QuoteSide::Last, .. });
    let spec = settings.symbol_table.lookup(name, is_last)?;
    let origin = |(timeframe, source, files)| Origin {
        timeframe,
        plan: SeriesPlan { spec: spec.clone(), timeframe: source, files, of_many },
    };
    let (series, finer) = (series.into_iter().map(origin).collect(), finer.map(origin));
    Ok(SymbolPlan { assumed: !settings.symbol_table.knows(name), spec: spec.clone(), series, finer })
}

/// The timeframe itself, or the largest finer one that divides it.
fn source(files: &Files, symbol: &str, timeframe: Timeframe) -> Option<(Timeframe, SeriesFiles)> {
    match files.series(symbol, timeframe) {
        Some(series) => Some((timeframe, series)),
        None => finer(files, symbol, timeframe),
    }
}

fn finer(files: &Files, symbol: &str, timeframe: Timeframe) -> Option<(Timeframe, SeriesFiles)> {
    let finer = files.timeframes(symbol).into_iter().rev().find(|&source| divides(source, timeframe))?;
    Some((finer, files.series(symbol, finer)?))
}

fn unknown_symbol(files: &Files, name: &str, place: &Path) -> DataError {
    let near = closest(name, files.symbols());
    let meant = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    DataError::new(DataCode::FileNotFound, format!("no file of symbol {name}"))
        .path(place)
        .hint(format!("{meant}there is: {}", files.describe()))
}

fn no_timeframe(files: &Files, name: &str, timeframe: Timeframe, place: &Path) -> DataError {
    DataError::new(
        DataCode::FileNotFound,
        format!("no {timeframe} bars of {name}, and no shorter ones to make them from"),
    )
    .path(place)
    .hint(format!("there is: {}", files.describe()))
}

fn check_digests(
    symbols: &[SymbolPlan],
    digests: &std::collections::BTreeMap<PathBuf, String>,
) -> Result<(), DataError> {
    let plans = symbols.iter().flat_map(|symbol| symbol.origins().map(|origin| &origin.plan));
    for path in plans.flat_map(|plan| paths(&plan.files)) {
        let found = file_sha256(path).map_err(|error| DataError::from_io(&error, path))?;
        match digests.get(path) {
            Some(listed) if *listed != found => {
                return Err(DataError::new(
                    DataCode::DigestMismatch,
                    format!("the catalog lists SHA-256 {listed}, the file has {found}"),
                )
                .path(path)
                .hint("the file changed after the catalog was written: import or generate again"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn paths(files: &SeriesFiles) -> Vec<&PathBuf> {
    match files {
        SeriesFiles::Pair { bid, ask } => vec![bid, ask],
        SeriesFiles::One { path, .. } => vec![path],
    }
}
