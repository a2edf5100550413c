//! Foreign files become canonical ones (`data.md` section 10). Every importer ends in the same checks.

mod beside;
mod binding;
mod cells;
mod file;
mod format;
mod series;
mod settings;
mod spool;
mod stamp;
mod table;
mod text;
mod ticks;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use format::Format;
pub use series::{ImportedSeries, ImportedSide};
pub use settings::{ImportSettings, Label};

use super::catalog::record;
use super::error::DataError;
use super::parquet::{BarWriter, FinishedFile, WhichSide, WrittenFile};
use super::quality::{FileQuality, QualityCount};
use super::resample::DayAnchor;
pub use super::zones::OnAmbiguous;
use series::Series;
use spool::{Room, existing};

/// What an import did.
#[derive(Debug, Clone, Serialize)]
pub struct ImportReport {
    /// Every file read, with the format it was read as and what was left out.
    pub read: Vec<FileRead>,
    /// Every file written.
    pub written: Vec<WrittenFile>,
    /// Quality of every series written.
    pub quality: Vec<FileQuality>,
}

/// One foreign file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileRead {
    /// The file.
    pub path: PathBuf,
    /// The format it was read as.
    pub format: Format,
    /// Bars read, before policies; of tick files the bars made. Bid and ask of one row are one bar.
    pub rows: usize,
    /// Rows whose prices are all null, skipped.
    pub null_rows: usize,
    /// Rows left out because their local time happens twice.
    pub ambiguous_dropped: usize,
    /// Rows whose time was a close and moved back by one length.
    pub relabelled: usize,
    /// Rows whose time moved down to the grid.
    pub floored: usize,
    /// Rows that stood behind a later one.
    pub sorted: usize,
    /// Flat bars without volume left out.
    pub flat_dropped: usize,
    /// Impossible rows left out, each as it would have been refused.
    pub bad_rows: Vec<String>,
}

impl FileRead {
    /// Nothing counted yet.
    fn new(path: &Path, format: Format) -> Self {
        Self {
            path: path.to_owned(),
            format,
            rows: 0,
            null_rows: 0,
            ambiguous_dropped: 0,
            relabelled: 0,
            floored: 0,
            sorted: 0,
            flat_dropped: 0,
            bad_rows: Vec::new(),
        }
    }
}

/// Reads foreign files, checks them and returns their series; writes nothing.
///
/// Several files of one side are put together in order of time; bid and ask of one symbol are aligned.
///
/// # Errors
/// The first broken rule of `data.md` section 4, with file, row, line and column.
pub fn read(
    settings: &ImportSettings,
    files: &[PathBuf],
) -> Result<(Vec<ImportedSeries>, Vec<FileRead>), DataError> {
    let room = Room { folder: std::env::temp_dir(), limit: settings.memory_limit };
    let (series, read) = gather(settings, files, &room)?;
    let series = series.into_iter().map(Series::into_memory).collect::<Result<_, _>>()?;
    Ok((series, read))
}

/// Quality of the series in foreign files, in memory that does not grow with them.
///
/// # Errors
/// As [`read`].
pub(super) fn examine(settings: &ImportSettings, files: &[PathBuf]) -> Result<Vec<FileQuality>, DataError> {
    let room = Room { folder: std::env::temp_dir(), limit: None };
    let (series, _) = gather(settings, files, &room)?;
    series.iter().map(measure).collect()
}

/// The same with the series themselves.
///
/// # Errors
/// As [`read`].
pub(super) fn examine_in_memory(
    settings: &ImportSettings,
    files: &[PathBuf],
) -> Result<Vec<(FileQuality, ImportedSeries)>, DataError> {
    let room = Room { folder: std::env::temp_dir(), limit: settings.memory_limit };
    let (series, _) = gather(settings, files, &room)?;
    series.into_iter().map(|one| Ok((measure(&one)?, one.into_memory()?))).collect()
}

fn measure(one: &Series) -> Result<FileQuality, DataError> {
    let mut count = QualityCount::new(&one.report);
    for sides in one.blocks() {
        count.look(&sides?);
    }
    Ok(count.finish(one.rows_before, one.crossed))
}

/// Reads foreign files and writes `<out>/<SYMBOL>/<SYMBOL>_<TF>_<SIDE>.parquet`; `<out>/dataset.json` lists them.
///
/// Memory does not grow with the files, except that `sort` holds one of them. While it runs, an import needs about
/// the size of the text as temporary files on the disk of `out`.
///
/// # Errors
/// As [`read`], and when the system refuses to write. No file is there under its name before all have been checked.
pub fn import(settings: &ImportSettings, files: &[PathBuf], out: &Path) -> Result<ImportReport, DataError> {
    let room = Room { folder: existing(out), limit: None };
    let (series, read) = gather(settings, files, &room)?;
    let (mut finished, mut quality) = (Vec::new(), Vec::new());
    for one in &series {
        let (files, count) = write(one, out)?;
        finished.extend(files);
        quality.push(count);
    }
    let written = finished.into_iter().map(FinishedFile::persist).collect::<Result<Vec<_>, _>>()?;
    record(out, &written)?;
    Ok(ImportReport { read, written, quality })
}

fn gather(
    settings: &ImportSettings,
    files: &[PathBuf],
    room: &Room,
) -> Result<(Vec<Series>, Vec<FileRead>), DataError> {
    let mut pieces = Vec::new();
    let mut reports = Vec::new();
    for path in files {
        let (mut found, report) = file::read_file(path, settings, room)?;
        pieces.append(&mut found);
        reports.push(report);
    }
    Ok((series::assemble(pieces, settings)?, reports))
}

fn write(one: &Series, out: &Path) -> Result<(Vec<FinishedFile>, FileQuality), DataError> {
    let create = |side: super::QuoteSide| {
        let name = format!("{}_{}_{}.parquet", one.symbol, one.timeframe, side.as_str());
        let which = WhichSide { symbol: &one.symbol, timeframe: one.timeframe, side, anchor: DayAnchor::Utc };
        BarWriter::create(&out.join(&one.symbol).join(name), which)
    };
    let mut writers = one.sides().into_iter().map(create).collect::<Result<Vec<_>, _>>()?;
    let mut count = QualityCount::new(&one.report);
    for sides in one.blocks() {
        let sides = sides?;
        count.look(&sides);
        for (writer, side) in writers.iter_mut().zip(&sides) {
            writer.append(&side.times, &side.prices, &side.volume)?;
        }
    }
    let finished = writers.into_iter().map(BarWriter::finish).collect::<Result<_, _>>()?;
    Ok((finished, count.finish(one.rows_before, one.crossed)))
}
