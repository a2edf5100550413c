//! Writing the canonical form: zstd, PLAIN, row groups of 65,536 rows, page checksums, statistics, metadata.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnDescPtr;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::super::bars::PriceColumns;
use super::super::error::{DataCode, DataError};
use super::super::raw::RawSide;
use super::super::report::{QuoteSide, as_text};
use super::super::resample::DayAnchor;
use super::page::CheckedPages;
use crate::types::{Timeframe, Timestamp};

/// Rows of a row group.
const GROUP: usize = 65_536;

const SCHEMA: &str = "message schema {
    required int64 timestamp (TIMESTAMP(MICROS, true));
    required double open;
    required double high;
    required double low;
    required double close;
    required double volume;
}";

/// One side to be written.
#[derive(Debug, Clone, Copy)]
pub struct SideToWrite<'a> {
    /// Symbol, for the metadata.
    pub symbol: &'a str,
    /// Timeframe, for the metadata.
    pub timeframe: Timeframe,
    /// Side, for the metadata.
    pub side: QuoteSide,
    /// Anchor of H4 and D1 bins, for the metadata; the grid of H4 is checked against it when read.
    pub anchor: DayAnchor,
    /// Open times, microseconds UTC.
    pub times: &'a [i64],
    /// Prices.
    pub prices: &'a PriceColumns,
    /// Volume.
    pub volume: &'a [f64],
}

/// A file as it stands on disk.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WrittenFile {
    /// Where it is.
    pub path: PathBuf,
    /// Rows.
    pub rows: usize,
    /// First open time.
    #[serde(serialize_with = "as_text")]
    pub first: Timestamp,
    /// Last open time.
    #[serde(serialize_with = "as_text")]
    pub last: Timestamp,
    /// Checksum of the file, 64 hex digits.
    pub sha256: String,
}

/// Writes one side under a temporary name, syncs it and renames it: the file is whole or absent. Folders are made.
///
/// # Errors
/// `no_rows` for empty columns, `file_unreadable` when the system refuses.
pub fn write_bars(path: &Path, side: &SideToWrite<'_>) -> Result<WrittenFile, DataError> {
    let SideToWrite { symbol, timeframe, anchor, .. } = *side;
    let mut writer = BarWriter::create(path, WhichSide { symbol, timeframe, side: side.side, anchor })?;
    writer.append(side.times, side.prices, side.volume)?;
    writer.finish()?.persist()
}

/// What a file says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WhichSide<'a> {
    pub(crate) symbol: &'a str,
    pub(crate) timeframe: Timeframe,
    pub(crate) side: QuoteSide,
    pub(crate) anchor: DayAnchor,
}

/// A file that grows row group by row group, under a temporary name.
pub(crate) struct BarWriter {
    path: PathBuf,
    file: SerializedFileWriter<NamedTempFile>,
    properties: WriterPropertiesPtr,
    columns: Vec<ColumnDescPtr>,
    /// Rows that do not fill a row group yet.
    waiting: RawSide,
    rows: usize,
    first: i64,
    last: i64,
}

impl BarWriter {
    /// Begins a file; folders are made.
    ///
    /// # Errors
    /// `file_unreadable` when the system refuses.
    pub(crate) fn create(path: &Path, which: WhichSide<'_>) -> Result<Self, DataError> {
        let folder = folder_of(path);
        let begin = || -> Result<_, ParquetError> {
            fs::create_dir_all(folder)?;
            let temporary = temporary_in(folder)?;
            let schema = Arc::new(parse_message_type(SCHEMA)?);
            let properties = Arc::new(properties(which)?);
            let file = SerializedFileWriter::new(temporary, schema, Arc::clone(&properties))?;
            Ok((file, properties))
        };
        let (file, properties) = begin().map_err(|error| refused(path, &error))?;
        let columns = file.schema_descr().columns().to_vec();
        let (path, waiting) = (path.to_owned(), RawSide::default());
        Ok(Self { path, file, properties, columns, waiting, rows: 0, first: 0, last: 0 })
    }

    /// Appends rows; times go on increasing.
    ///
    /// # Errors
    /// `file_unreadable` when the system refuses.
    pub(crate) fn append(
        &mut self,
        times: &[i64],
        prices: &PriceColumns,
        volume: &[f64],
    ) -> Result<(), DataError> {
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return Ok(()) };
        self.first = if self.rows == 0 { first } else { self.first };
        self.last = last;
        self.rows += times.len();
        let prices = prices.columns().map(Vec::as_slice);
        let mut start = 0;
        while start < times.len() {
            let end = times.len().min(start + GROUP - self.waiting.len());
            let rows = start..end;
            let part = prices.map(|column| &column[rows.clone()]);
            if rows.len() == GROUP {
                self.group(&times[rows.clone()], part, &volume[rows])?;
            } else {
                self.wait(&times[rows.clone()], part, &volume[rows])?;
            }
            start = end;
        }
        Ok(())
    }

    fn wait(&mut self, times: &[i64], prices: [&[f64]; 4], volume: &[f64]) -> Result<(), DataError> {
        self.waiting.times.extend_from_slice(times);
        for (column, part) in self.waiting.prices.columns_mut().into_iter().zip(prices) {
            column.extend_from_slice(part);
        }
        self.waiting.volume.extend_from_slice(volume);
        if self.waiting.len() == GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DataError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.group(&waiting.times, waiting.prices.columns().map(Vec::as_slice), &waiting.volume)?;
        waiting.clear();
        self.waiting = waiting;
        Ok(())
    }

    fn group(&mut self, times: &[i64], prices: [&[f64]; 4], volume: &[f64]) -> Result<(), DataError> {
        let mut write = || -> Result<(), ParquetError> {
            let encode = |column: usize, values| encode(&self.columns[column], &self.properties, values);
            let mut group = self.file.next_row_group()?;
            let (bytes, closed) = encode(0, Values::Times(times))?;
            group.append_column(&bytes, closed)?;
            for (k, column) in prices.into_iter().chain([volume]).enumerate() {
                let (bytes, closed) = encode(k + 1, Values::Numbers(column))?;
                group.append_column(&bytes, closed)?;
            }
            group.close().map(|_| ())
        };
        write().map_err(|error| refused(&self.path, &error))
    }

    /// Writes what is left and the footer, and syncs.
    ///
    /// # Errors
    /// `no_rows`, `file_unreadable` when the system refuses.
    pub(crate) fn finish(mut self) -> Result<FinishedFile, DataError> {
        if self.rows == 0 {
            return Err(DataError::new(DataCode::NoRows, "no bar to write").path(&self.path));
        }
        if self.waiting.len() > 0 {
            self.flush()?;
        }
        let Self { path, file, rows, first, last, .. } = self;
        let end = || -> Result<_, ParquetError> {
            let temporary = file.into_inner()?;
            temporary.as_file().sync_all()?;
            let sha256 = file_sha256(temporary.path())?;
            Ok((temporary, sha256))
        };
        let (temporary, sha256) = end().map_err(|error| refused(&path, &error))?;
        let (first, last) = (Timestamp(first), Timestamp(last));
        Ok(FinishedFile { temporary, written: WrittenFile { path, rows, first, last, sha256 } })
    }
}

/// A complete file that has no name yet; dropped, it is gone.
pub(crate) struct FinishedFile {
    temporary: NamedTempFile,
    written: WrittenFile,
}

impl FinishedFile {
    /// Gives the file its name.
    ///
    /// # Errors
    /// `file_unreadable` when the system refuses.
    pub(crate) fn persist(self) -> Result<WrittenFile, DataError> {
        let path = &self.written.path;
        self.temporary.persist(path).map_err(|error| refused(path, &error.error))?;
        sync_folder(folder_of(path)).map_err(|error| refused(path, &error))?;
        Ok(self.written)
    }
}

/// A temporary file that will be readable by whom the user's other files are.
pub(crate) fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn refused(path: &Path, error: &dyn std::fmt::Display) -> DataError {
    DataError::new(DataCode::FileUnreadable, error.to_string()).path(path)
}

/// A rename is durable once its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// SHA-256 of a file, 64 hex digits.
pub(crate) fn file_sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    Ok(hex(&hasher.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn properties(side: WhichSide<'_>) -> Result<WriterProperties, ParquetError> {
    let mut pairs = vec![
        KeyValue::new("symbol".to_owned(), side.symbol.to_owned()),
        KeyValue::new("timeframe".to_owned(), side.timeframe.to_string()),
        KeyValue::new("side".to_owned(), side.side.as_str().to_owned()),
        KeyValue::new("schema".to_owned(), "1".to_owned()),
    ];
    if side.anchor == DayAnchor::Ny17 && side.timeframe >= Timeframe::H4 {
        pairs.push(KeyValue::new("day_anchor".to_owned(), "ny17".to_owned()));
    }
    Ok(WriterProperties::builder()
        .set_created_by("omega-sweep".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(GROUP))
        .set_key_value_metadata(Some(pairs))
        .build())
}

enum Values<'a> {
    Times(&'a [i64]),
    Numbers(&'a [f64]),
}

/// One column of one row group as pages, and what the footer says of it.
fn encode(
    column: &ColumnDescPtr,
    properties: &WriterPropertiesPtr,
    values: Values<'_>,
) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
    let mut pages = Vec::new();
    let checked = Box::new(CheckedPages::new(&mut pages));
    let mut writer = get_column_writer(Arc::clone(column), Arc::clone(properties), checked);
    match (&mut writer, values) {
        (ColumnWriter::Int64ColumnWriter(typed), Values::Times(times)) => {
            typed.write_batch(times, None, None)?
        }
        (ColumnWriter::DoubleColumnWriter(typed), Values::Numbers(numbers)) => {
            typed.write_batch(numbers, None, None)?
        }
        _ => return Err(ParquetError::General("columns and schema disagree".to_owned())),
    };
    let closed = writer.close()?;
    Ok((Bytes::from(pages), closed))
}
