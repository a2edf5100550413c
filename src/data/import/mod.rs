//! Foreign files become canonical ones (`data.md` section 10). Every importer ends in the same checks.

mod binding;
mod file;
mod format;
mod series;
mod settings;
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
use super::parquet::{SideToWrite, WrittenFile, write_bars};
use super::quality::{FileQuality, pair_quality, side_quality};
use super::resample::DayAnchor;
pub use super::zones::OnAmbiguous;

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
    /// Bars read, before policies; of tick files the bars made.
    pub rows: usize,
    /// Rows whose prices are all null, skipped.
    pub null_rows: usize,
    /// Rows left out because their local time happens twice.
    pub ambiguous_dropped: usize,
    /// Flat bars without volume left out.
    pub flat_dropped: usize,
    /// Impossible rows left out, each as it would have been refused.
    pub bad_rows: Vec<String>,
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
    let mut pieces = Vec::new();
    let mut reports = Vec::new();
    for path in files {
        let (mut found, report) = file::read_file(path, settings)?;
        pieces.append(&mut found);
        reports.push(report);
    }
    Ok((series::assemble(pieces, settings)?, reports))
}

/// Reads foreign files and writes `<out>/<SYMBOL>/<SYMBOL>_<TF>_<SIDE>.parquet`; `<out>/dataset.json` lists them.
///
/// # Errors
/// As [`read`], and when the system refuses to write. Nothing is written before everything has been checked.
pub fn import(settings: &ImportSettings, files: &[PathBuf], out: &Path) -> Result<ImportReport, DataError> {
    let (series, read) = read(settings, files)?;
    let mut written = Vec::new();
    let mut quality = Vec::new();
    for one in &series {
        for side in &one.sides {
            let name = format!("{}_{}_{}.parquet", one.symbol, one.timeframe, side.side.as_str());
            let columns = SideToWrite {
                symbol: &one.symbol,
                timeframe: one.timeframe,
                side: side.side,
                anchor: DayAnchor::Utc,
                times: one.bars.times(),
                prices: side.prices(&one.bars),
                volume: side.volume(&one.bars),
            };
            written.push(write_bars(&out.join(&one.symbol).join(name), &columns)?);
        }
        quality.push(match one.sides.len() {
            1 => side_quality(&one.report, &one.bars),
            _ => pair_quality(&one.report, &one.bars),
        });
    }
    record(out, &written)?;
    Ok(ImportReport { read, written, quality })
}
