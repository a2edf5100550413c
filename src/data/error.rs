//! What can be wrong with market data: one stable code, one place, one remedy.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::types::Timestamp;

/// Stable identifiers of everything that makes data unusable (`data.md` section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DataCode {
    /// The path does not exist.
    FileNotFound,
    /// The operating system refused to read or write.
    FileUnreadable,
    /// Bid or ask is needed and absent, and no spread is configured.
    MissingSide,
    /// 0 bytes.
    EmptyFile,
    /// No importer recognises the content.
    UnknownFormat,
    /// Magic, footer, page header, decompression or checksum fails.
    CorruptParquet,
    /// NUL bytes or undecodable text.
    InvalidText,
    /// Header or schema only.
    NoRows,
    /// A required column is absent after aliases.
    MissingColumn,
    /// Two columns match one role.
    DuplicateColumn,
    /// Strings, booleans, lists or decimals where numbers or times belong.
    WrongColumnType,
    /// Metadata of the file disagrees with what was asked.
    MetadataMismatch,
    /// A digest of the catalog disagrees with the file.
    DigestMismatch,
    /// Naive times, no zone named.
    TimezoneMissing,
    /// Some rows carry an offset, others do not.
    MixedTimezones,
    /// A null in a required column.
    NullValue,
    /// A text row has too few or too many fields.
    CsvFieldCount,
    /// A field is not a number.
    CsvBadNumber,
    /// A field is not a time.
    CsvBadTimestamp,
    /// A local time skipped by a clock change.
    NonexistentLocalTime,
    /// A local time that happens twice.
    AmbiguousLocalTime,
    /// Outside 1971-01-01 to 2100-01-01.
    TimestampOutOfRange,
    /// Smaller than its predecessor.
    UnsortedTimestamps,
    /// Equal to its predecessor.
    DuplicateTimestamp,
    /// All times and steps belong to a longer timeframe.
    TimeframeMismatch,
    /// Not a multiple of the timeframe.
    TimestampOffGrid,
    /// A hole longer than allowed.
    GapTooLarge,
    /// A price that is NaN or infinite.
    NonFinitePrice,
    /// A volume that is NaN or infinite.
    NonFiniteVolume,
    /// A price of zero or less.
    NonPositivePrice,
    /// High below low, or open or close outside them.
    OhlcInconsistent,
    /// A volume below zero.
    NegativeVolume,
    /// Bid and ask, or the symbols of an intersection, share no instant.
    NoCommonTimestamps,
    /// Bid and ask lose more bars by alignment than allowed.
    BidAskMisaligned,
    /// Bid above ask at open or close.
    CrossedQuote,
    /// The bars would not fit the memory budget.
    MemoryLimit,
    /// No instant lies in the asked range.
    DateRangeEmpty,
    /// A line or file beyond the limits for hostile input.
    LimitExceeded,
    /// A timeframe, symbol or side that has to be named, or cannot be had from what is there.
    Selection,
    /// A symbol the table does not know.
    UnknownSymbol,
}

impl DataCode {
    /// Every code, in the order of the checks.
    pub const ALL: [Self; 40] = [
        Self::FileNotFound,
        Self::FileUnreadable,
        Self::MissingSide,
        Self::EmptyFile,
        Self::UnknownFormat,
        Self::CorruptParquet,
        Self::InvalidText,
        Self::NoRows,
        Self::MissingColumn,
        Self::DuplicateColumn,
        Self::WrongColumnType,
        Self::MetadataMismatch,
        Self::DigestMismatch,
        Self::TimezoneMissing,
        Self::MixedTimezones,
        Self::NullValue,
        Self::CsvFieldCount,
        Self::CsvBadNumber,
        Self::CsvBadTimestamp,
        Self::NonexistentLocalTime,
        Self::AmbiguousLocalTime,
        Self::TimestampOutOfRange,
        Self::UnsortedTimestamps,
        Self::DuplicateTimestamp,
        Self::TimeframeMismatch,
        Self::TimestampOffGrid,
        Self::GapTooLarge,
        Self::NonFinitePrice,
        Self::NonFiniteVolume,
        Self::NonPositivePrice,
        Self::OhlcInconsistent,
        Self::NegativeVolume,
        Self::NoCommonTimestamps,
        Self::BidAskMisaligned,
        Self::CrossedQuote,
        Self::MemoryLimit,
        Self::DateRangeEmpty,
        Self::LimitExceeded,
        Self::Selection,
        Self::UnknownSymbol,
    ];

    /// The identifier shown to people and machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FileNotFound => "file_not_found",
            Self::FileUnreadable => "file_unreadable",
            Self::MissingSide => "missing_side",
            Self::EmptyFile => "empty_file",
            Self::UnknownFormat => "unknown_format",
            Self::CorruptParquet => "corrupt_parquet",
            Self::InvalidText => "invalid_text",
            Self::NoRows => "no_rows",
            Self::MissingColumn => "missing_column",
            Self::DuplicateColumn => "duplicate_column",
            Self::WrongColumnType => "wrong_column_type",
            Self::MetadataMismatch => "metadata_mismatch",
            Self::DigestMismatch => "digest_mismatch",
            Self::TimezoneMissing => "timezone_missing",
            Self::MixedTimezones => "mixed_timezones",
            Self::NullValue => "null_value",
            Self::CsvFieldCount => "csv_field_count",
            Self::CsvBadNumber => "csv_bad_number",
            Self::CsvBadTimestamp => "csv_bad_timestamp",
            Self::NonexistentLocalTime => "nonexistent_local_time",
            Self::AmbiguousLocalTime => "ambiguous_local_time",
            Self::TimestampOutOfRange => "timestamp_out_of_range",
            Self::UnsortedTimestamps => "unsorted_timestamps",
            Self::DuplicateTimestamp => "duplicate_timestamp",
            Self::TimeframeMismatch => "timeframe_mismatch",
            Self::TimestampOffGrid => "timestamp_off_grid",
            Self::GapTooLarge => "gap_too_large",
            Self::NonFinitePrice => "non_finite_price",
            Self::NonFiniteVolume => "non_finite_volume",
            Self::NonPositivePrice => "non_positive_price",
            Self::OhlcInconsistent => "ohlc_inconsistent",
            Self::NegativeVolume => "negative_volume",
            Self::NoCommonTimestamps => "no_common_timestamps",
            Self::BidAskMisaligned => "bid_ask_misaligned",
            Self::CrossedQuote => "crossed_quote",
            Self::MemoryLimit => "memory_limit",
            Self::DateRangeEmpty => "date_range_empty",
            Self::LimitExceeded => "limit_exceeded",
            Self::Selection => "E102",
            Self::UnknownSymbol => "E201",
        }
    }
}

impl fmt::Display for DataCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Data that cannot be used: what is wrong, where, the value found, one remedy.
///
/// Prints as the block of `cli.md` section 5: `error[code]: what`, the place, the hint.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize)]
#[serde(transparent)]
pub struct DataError(Box<Problem>);

/// The parts of a [`DataError`]; absent parts are not known or do not apply.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// Which rule is broken.
    #[serde(serialize_with = "super::report::as_text")]
    pub code: DataCode,
    /// What was found and what is allowed, without the place.
    pub what: String,
    /// The file.
    pub path: Option<PathBuf>,
    /// Data row, counted from 0 without the header.
    pub row: Option<u64>,
    /// Line of a text file, counted from 1.
    pub line: Option<u64>,
    /// Open time of the bar in question.
    #[serde(serialize_with = "super::report::as_optional_text")]
    pub time: Option<Timestamp>,
    /// Column, named as in the file.
    pub column: Option<String>,
    /// The offending value.
    pub value: Option<String>,
    /// One remedy, naming the switch where there is one.
    pub hint: Option<String>,
}

impl DataError {
    /// An error without a place.
    pub fn new(code: DataCode, what: impl Into<String>) -> Self {
        Self(Box::new(Problem {
            code,
            what: what.into(),
            path: None,
            row: None,
            line: None,
            time: None,
            column: None,
            value: None,
            hint: None,
        }))
    }

    /// The error of a file the system does not hand out: absent, or refused.
    #[cfg(feature = "parquet")]
    pub(crate) fn from_io(error: &std::io::Error, path: &Path) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::new(DataCode::FileNotFound, "no such file or folder"),
            _ => Self::new(DataCode::FileUnreadable, error.to_string()),
        }
        .path(path)
    }

    /// Adds the file.
    pub fn path(mut self, path: &Path) -> Self {
        self.0.path = Some(path.to_owned());
        self
    }

    /// Says it in other words.
    pub fn what(mut self, what: impl Into<String>) -> Self {
        self.0.what = what.into();
        self
    }

    /// Adds the data row, counted from 0.
    pub fn row(mut self, row: usize) -> Self {
        self.0.row = Some(row as u64);
        self
    }

    /// Adds the line of a text file, counted from 1.
    pub fn line(mut self, line: u64) -> Self {
        self.0.line = Some(line);
        self
    }

    /// Adds the open time of the bar.
    pub fn time(mut self, micros: i64) -> Self {
        self.0.time = Some(Timestamp(micros));
        self
    }

    /// Adds the column.
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.0.column = Some(column.into());
        self
    }

    /// Adds the value found.
    pub fn value(mut self, value: impl fmt::Display) -> Self {
        self.0.value = Some(value.to_string());
        self
    }

    /// Adds the remedy.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The rule that is broken.
    pub fn code(&self) -> DataCode {
        self.0.code
    }

    /// All parts.
    pub fn problem(&self) -> &Problem {
        &self.0
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = &self.0;
        write!(f, "error[{}]: {}", problem.code, problem.what)?;
        let place = problem.place();
        if !place.is_empty() {
            write!(f, "\n  --> {}", place.join("  "))?;
        }
        if let Some(hint) = &problem.hint {
            write!(f, "\n  = {hint}")?;
        }
        Ok(())
    }
}

impl Problem {
    fn place(&self) -> Vec<String> {
        let mut parts = Vec::new();
        parts.extend(self.path.as_ref().map(|path| printable(&path.display().to_string())));
        parts.extend(self.row.map(|row| match self.line {
            Some(line) => format!("row {row} (line {line})"),
            None => format!("row {row}"),
        }));
        if self.row.is_none() {
            parts.extend(self.line.map(|line| format!("line {line}")));
        }
        parts.extend(self.time.map(|time| time.to_string()));
        match (&self.column, &self.value) {
            (Some(column), Some(value)) => {
                parts.push(format!("column {}: {}", printable(column), printable(value)));
            }
            (Some(column), None) => parts.push(format!("column {}", printable(column))),
            (None, Some(value)) => parts.push(printable(value)),
            (None, None) => {}
        }
        parts
    }
}

/// Text of unknown origin on one line of bearable length: control characters escaped, the rest of a long one cut.
pub(crate) fn printable(text: &str) -> String {
    const LIMIT: usize = 200;
    let mut shown: String = text.chars().take(LIMIT).flat_map(escaped).collect();
    if text.chars().nth(LIMIT).is_some() {
        shown.push_str("...");
    }
    shown
}

fn escaped(c: char) -> Vec<char> {
    if c.is_control() { c.escape_default().collect() } else { vec![c] }
}

/// The name closest to what was typed, close enough to be meant.
pub(crate) fn closest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&typed.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= 2.max(typed.len() / 4))
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_code_place_value_and_remedy() {
        let error = DataError::new(DataCode::OhlcInconsistent, "high below low")
            .path(Path::new("data/EURUSD_M15.parquet"))
            .row(88_213)
            .time(1_647_252_900_000_000)
            .column("high")
            .value("1.09412 < low 1.09521")
            .hint("fix the source");
        assert_eq!(
            error.to_string(),
            "error[ohlc_inconsistent]: high below low\n  \
             --> data/EURUSD_M15.parquet  row 88213  2022-03-14T10:15:00Z  column high: 1.09412 < low 1.09521\n  \
             = fix the source"
        );
    }

    #[test]
    fn text_from_a_file_stays_on_one_line() {
        let error = DataError::new(DataCode::CsvBadNumber, "not a number").value("a\nb\u{7}").column("c");
        assert_eq!(error.to_string().lines().count(), 2);
        assert_eq!(printable(&"x".repeat(500)).len(), 203);
    }
}
