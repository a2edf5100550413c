//! Writing the canonical form: zstd, PLAIN, row groups of 65,536 rows, page checksums, statistics, metadata.

use std::fs::{self, File};
use std::io::{self, Read, Write};
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

use super::super::bars::PriceColumns;
use super::super::error::{DataCode, DataError};
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
    let (Some(&first), Some(&last)) = (side.times.first(), side.times.last()) else {
        return Err(DataError::new(DataCode::NoRows, "no bar to write").path(path));
    };
    let refused = |error: io::Error| DataError::new(DataCode::FileUnreadable, error.to_string()).path(path);
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(refused)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(refused)?;
    write_to(temporary.as_file_mut(), side)
        .map_err(|error| DataError::new(DataCode::FileUnreadable, error.to_string()).path(path))?;
    temporary.as_file().sync_all().map_err(refused)?;
    let sha256 = file_sha256(temporary.path()).map_err(refused)?;
    temporary.persist(path).map_err(|error| refused(error.error))?;
    sync_folder(folder).map_err(refused)?;
    let (first, last) = (Timestamp(first), Timestamp(last));
    Ok(WrittenFile { path: path.to_owned(), rows: side.times.len(), first, last, sha256 })
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

fn write_to<W: Write + Send>(out: W, side: &SideToWrite<'_>) -> Result<(), ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = Arc::new(properties(side)?);
    let mut file = SerializedFileWriter::new(out, schema, Arc::clone(&properties))?;
    let columns = file.schema_descr().columns().to_vec();
    let encode = |column: usize, values| encode(&columns[column], &properties, values);
    for start in (0..side.times.len()).step_by(GROUP) {
        let rows = start..(start + GROUP).min(side.times.len());
        let mut group = file.next_row_group()?;
        let (bytes, closed) = encode(0, Values::Times(&side.times[rows.clone()]))?;
        group.append_column(&bytes, closed)?;
        let prices = side.prices.columns().map(Vec::as_slice);
        for (k, column) in prices.into_iter().chain([side.volume]).enumerate() {
            let (bytes, closed) = encode(k + 1, Values::Numbers(&column[rows.clone()]))?;
            group.append_column(&bytes, closed)?;
        }
        group.close()?;
    }
    file.close().map(|_| ())
}

fn properties(side: &SideToWrite<'_>) -> Result<WriterProperties, ParquetError> {
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
