//! One batch in one Parquet file: fixed writer, fixed settings, so that the same rows give the same bytes.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::StoreError;

/// Version of the layout of every Parquet file of a run folder.
pub(crate) const FORMAT_VERSION: u32 = 1;
/// Where the version stands in the file's metadata.
pub(crate) const FORMAT_KEY: &str = "omega-sweep.format";

/// A file's key-value metadata, in order.
pub(crate) type Notes = Vec<(String, String)>;

/// The batch as the bytes of a Parquet file; the format version is noted in front.
pub(crate) fn to_bytes(batch: &RecordBatch, notes: &Notes) -> Result<Vec<u8>, StoreError> {
    let failed = |error: parquet::errors::ParquetError| StoreError::Encode {
        what: "a Parquet file".to_owned(),
        reason: error.to_string(),
    };
    let options = ArrowWriterOptions::new()
        .with_properties(properties(&batch.schema(), notes))
        .with_skip_arrow_metadata(true)
        .with_schema_root("omega_sweep".to_owned());
    let buffer = Vec::with_capacity(batch.num_rows() * 256 + 16_384);
    let mut writer = ArrowWriter::try_new_with_options(buffer, batch.schema(), options).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    writer.into_inner().map_err(failed)
}

/// Floats are split into byte streams and compressed, which keeps a metric at about five bytes; what has few values goes
/// through a dictionary; digests do not compress and are left alone.
fn properties(schema: &Schema, notes: &Notes) -> WriterProperties {
    let version = (FORMAT_KEY.to_owned(), FORMAT_VERSION.to_string());
    let notes = std::iter::once(version)
        .chain(notes.iter().cloned())
        .map(|(key, value)| KeyValue { key, value: Some(value) })
        .collect();
    let mut builder = WriterProperties::builder()
        .set_created_by("omega-sweep".to_owned())
        .set_key_value_metadata(Some(notes))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(1 << 20));
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        let is_param = field.name().starts_with("param.");
        builder = match field.data_type() {
            DataType::Float64 if !is_param => builder
                .set_column_encoding(path.clone(), Encoding::BYTE_STREAM_SPLIT)
                .set_column_dictionary_enabled(path, false),
            DataType::UInt64 | DataType::UInt32 | DataType::Timestamp(..) | DataType::Date32 => builder
                .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_statistics_enabled(path, EnabledStatistics::Chunk),
            DataType::FixedSizeBinary(_) => builder
                .set_column_compression(path.clone(), Compression::UNCOMPRESSED)
                .set_column_dictionary_enabled(path, false),
            _ => builder,
        };
    }
    builder.build()
}

/// Reads every batch of a file with its notes.
///
/// # Errors
/// [`StoreError::NewerFormat`] for a later program's file, [`StoreError::Damaged`] for anything unreadable. The reader may
/// panic on hostile bytes; that counts as damage.
pub(crate) fn read(path: &Path) -> Result<(Vec<RecordBatch>, Notes), StoreError> {
    let file = File::open(path).map_err(|source| StoreError::disk("open", path, source))?;
    let read = catch_unwind(AssertUnwindSafe(|| read_file(path, file)));
    read.unwrap_or_else(|_| Err(StoreError::damaged(path, "the Parquet reader gave up on it")))
}

fn read_file(path: &Path, file: File) -> Result<(Vec<RecordBatch>, Notes), StoreError> {
    let damaged = |error: &dyn std::fmt::Display| StoreError::damaged(path, error.to_string());
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| damaged(&e))?;
    let notes: Notes = builder
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten()
        .map(|note| (note.key.clone(), note.value.clone().unwrap_or_default()))
        .collect();
    let found = note(&notes, FORMAT_KEY).ok_or_else(|| damaged(&"no format version in it"))?;
    if found.parse::<u32>().map_or(true, |version| version > FORMAT_VERSION) {
        let found = found.to_owned();
        return Err(StoreError::NewerFormat { path: path.to_owned(), found, supported: FORMAT_VERSION });
    }
    let reader = builder.with_batch_size(1 << 16).build().map_err(|e| damaged(&e))?;
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|e| damaged(&e))?;
    Ok((batches, notes))
}

/// The value of a note.
pub(crate) fn note<'a>(notes: &'a Notes, key: &str) -> Option<&'a str> {
    notes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}
