//! Reading: footer and schema first, then batches straight into exactly reserved columns.

use std::fs::File;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::super::bars::PriceColumns;
use super::super::columns::Roles;
use super::super::error::{DataCode, DataError};
use super::super::raw::RawSide;
use super::super::resample::DayAnchor;
use super::super::stamps::{TimeUnitOf, to_micros};
use super::super::zones::LocalZone;
use super::footer::check_footer;
use super::groups::Groups;
use super::types::{check_types, integers, numbers, text_at, time_unit};
use crate::types::Timeframe;

/// Rows of a batch.
const BATCH: usize = 65_536;

/// A bar file whose footer and schema are known good.
#[derive(Debug)]
pub(crate) struct BarFile {
    path: PathBuf,
    builder: ParquetRecordBatchReaderBuilder<File>,
    roles: Roles,
    rows: usize,
    bytes: usize,
    groups: Option<Groups>,
}

impl BarFile {
    /// Opens a file and looks at its footer, row count, columns and types.
    ///
    /// # Errors
    /// The first of the groups file, format, columns and types of `data.md` section 4; `limit_exceeded`.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let mut file = open_file(path)?;
        let bytes = file.metadata().map_err(|error| DataError::from_io(&error, path))?.len();
        check_footer(&mut file, bytes, path)?;
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let open = || ParquetRecordBatchReaderBuilder::try_new_with_options(file, options);
        let builder = guarded(path, open)?.map_err(|error| corrupt(path, &error.to_string()))?;
        let rows = usize::try_from(builder.metadata().file_metadata().num_rows())
            .map_err(|_| corrupt(path, "a negative number of rows"))?;
        if rows == 0 {
            let error = DataError::new(DataCode::NoRows, "a valid file without rows");
            return Err(error.path(path).hint("export again, with a period that has bars"));
        }
        let schema = builder.schema();
        let header: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let roles = Roles::find(&header).map_err(|error| error.path(path))?;
        check_types(schema, &roles).map_err(|error| error.path(path))?;
        Ok(Self { path: path.to_owned(), builder, roles, rows, bytes, groups: None })
    }

    /// Reads no more row groups than those that may hold bars of a range, microseconds UTC, and their neighbours; a
    /// file that holds several symbols is read as a whole.
    pub(crate) fn keep_to(&mut self, range: &Range<i64>) {
        if self.holds_several() {
            return;
        }
        let field = self.roles.needed[0];
        let time_type = self.builder.schema().field(field).data_type();
        self.groups = Groups::of(self.builder.metadata(), field, time_type, range);
    }

    /// Whether there are bars behind the range that are not read.
    pub(crate) fn more_follow(&self) -> bool {
        self.groups.as_ref().is_some_and(Groups::more_follow)
    }

    /// Rows to be read, as the footer claims.
    pub(crate) fn rows(&self) -> usize {
        self.groups.as_ref().map_or(self.rows, |groups| groups.rows)
    }

    /// Rows the file can hold at most, whatever its footer claims: a bar takes more than a byte.
    pub(crate) fn plausible_rows(&self) -> usize {
        self.rows().min(self.bytes)
    }

    /// A value of the key-value metadata.
    pub(crate) fn metadata(&self, key: &str) -> Option<&str> {
        let pairs = self.builder.metadata().file_metadata().key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
    }

    /// Whether a column names the symbol of each row.
    pub(crate) fn holds_several(&self) -> bool {
        self.roles.symbol.is_some()
    }

    /// Names in the column that names the symbol of each row, in order of appearance; a null is left to
    /// [`BarFile::read`].
    ///
    /// # Errors
    /// `corrupt_parquet`.
    pub(crate) fn symbols(self) -> Result<Vec<String>, DataError> {
        let Some(column) = self.roles.symbol else { return Ok(Vec::new()) };
        let Self { path, builder, .. } = self;
        let projection = ProjectionMask::roots(builder.parquet_schema(), [column]);
        guarded(&path, || {
            let damaged = |error: &dyn std::fmt::Display| corrupt(&path, &error.to_string());
            let reader = builder
                .with_projection(projection)
                .with_batch_size(BATCH)
                .build()
                .map_err(|error| damaged(&error))?;
            let mut names: Vec<String> = Vec::new();
            for batch in reader {
                let batch = batch.map_err(|error| damaged(&error))?;
                let texts = batch.column(0);
                for text in (0..texts.len()).filter(|&row| texts.is_valid(row)).map(|row| text_at(texts, row))
                {
                    if names.iter().all(|name| name != text) {
                        names.push(text.to_owned());
                    }
                }
            }
            Ok(names)
        })?
    }

    /// Reads everything: one side, or one per symbol in order of appearance.
    ///
    /// # Errors
    /// The first of the groups format (a damaged page), zone and nulls; times that are no instants are left to the
    /// check of times.
    pub(crate) fn read(
        self,
        timeframe: Timeframe,
        zone: Option<&LocalZone>,
    ) -> Result<Vec<RawSide>, DataError> {
        let anchor = match self.metadata("day_anchor") {
            Some("ny17") => DayAnchor::Ny17,
            _ => DayAnchor::Utc,
        };
        let (rows, reserve) = (self.rows(), self.plausible_rows());
        let Self { path, builder, roles, groups, .. } = self;
        let time_column = builder.schema().field(roles.needed[0]).data_type().clone();
        let unit = time_unit(&time_column, timeframe, &roles).map_err(|error| error.path(&path))?;
        if unit.is_naive() && zone.is_none() {
            return Err(DataError::new(DataCode::TimezoneMissing, "times without a zone")
                .path(&path)
                .column(roles.names.time)
                .hint("name the zone: data.policy.tz (--tz UTC, if that is what they are)"));
        }
        let narrow = |column: &usize| *builder.schema().field(*column).data_type() == DataType::Float32;
        let float32 = roles.needed[1..].iter().position(narrow);
        let columns = Columns::of(&roles);
        let projection = ProjectionMask::roots(builder.parquet_schema(), columns.projected());
        let sides = guarded(&path, || -> Result<Vec<RawSide>, DataError> {
            let builder = match &groups {
                Some(groups) => builder.with_row_groups(groups.kept.clone().collect()),
                None => builder,
            };
            let reader = builder
                .with_projection(projection)
                .with_batch_size(BATCH)
                .build()
                .map_err(|error| corrupt(&path, &error.to_string()))?;
            let first_row = groups.as_ref().map_or(0, |groups| groups.first_row);
            collect(reader, &columns, &roles, &Expected { first_row, rows, reserve }, &path)
        })??;
        let mut sides = finish(sides, &roles, unit, zone, &path)?;
        if let (Some(groups), [side]) = (&groups, &sides[..])
            && !groups.confirmed_by(&side.times)
        {
            return Err(corrupt(&path, "times in the pages are not those the footer promises"));
        }
        for side in &mut sides {
            side.anchor = anchor;
            side.float32 = float32;
        }
        Ok(sides)
    }
}

/// Opens a file for reading, telling absent, empty and unreadable apart.
pub(crate) fn open_file(path: &Path) -> Result<File, DataError> {
    let file = File::open(path).map_err(|error| DataError::from_io(&error, path))?;
    let facts = file.metadata().map_err(|error| DataError::from_io(&error, path))?;
    if facts.is_dir() {
        return Err(DataError::new(DataCode::FileUnreadable, "a folder where a file belongs").path(path));
    }
    if facts.len() == 0 {
        return Err(DataError::new(DataCode::EmptyFile, "the file has 0 bytes")
            .path(path)
            .hint("export again"));
    }
    Ok(file)
}

/// Runs a piece of the decoder; a panic in it is damage of the file.
fn guarded<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T, DataError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| corrupt(path, "the decoder gave up"))
}

fn corrupt(path: &Path, what: &str) -> DataError {
    DataError::new(DataCode::CorruptParquet, super::super::error::printable(what))
        .path(path)
        .hint("the file is damaged or no Parquet file: copy or export it again")
}

/// Positions in a projected batch.
struct Columns {
    sorted: Vec<usize>,
    needed: [usize; 5],
    volume: Option<usize>,
    symbol: Option<usize>,
}

impl Columns {
    fn of(roles: &Roles) -> Self {
        let mut sorted: Vec<usize> =
            roles.needed.into_iter().chain(roles.volume).chain(roles.symbol).collect();
        sorted.sort_unstable();
        let at = |column: usize| sorted.iter().position(|&one| one == column).unwrap_or_default();
        Self {
            needed: roles.needed.map(at),
            volume: roles.volume.map(at),
            symbol: roles.symbol.map(at),
            sorted: sorted.clone(),
        }
    }

    fn projected(&self) -> Vec<usize> {
        self.sorted.clone()
    }
}

/// What is to be read.
struct Expected {
    /// Row of the file at which reading begins.
    first_row: usize,
    rows: usize,
    /// A footer may claim any number; a true claim is reserved at once.
    reserve: usize,
}

/// Appends all batches. A null waits until all pages have been read: damage comes first.
fn collect(
    reader: ParquetRecordBatchReader,
    columns: &Columns,
    roles: &Roles,
    expected: &Expected,
    path: &Path,
) -> Result<Vec<RawSide>, DataError> {
    let mut sides: Vec<RawSide> = Vec::new();
    let mut null = None;
    let mut next_row = expected.first_row;
    for batch in reader {
        let batch = batch.map_err(|error| corrupt(path, &error.to_string()))?;
        if null.is_none() {
            null = first_null(&batch, columns, roles, next_row);
        }
        if null.is_none() {
            append(&mut sides, &batch, columns, expected.reserve, next_row);
        }
        next_row += batch.num_rows();
    }
    let (rows, found) = (expected.rows, next_row - expected.first_row);
    if found != rows {
        return Err(corrupt(path, &format!("the footer promises {rows} rows, the pages hold {found}")));
    }
    match null {
        Some(error) => Err(error.path(path)),
        None => Ok(sides),
    }
}

fn first_null(batch: &RecordBatch, columns: &Columns, roles: &Roles, first_row: usize) -> Option<DataError> {
    let prices = roles.names.prices.iter();
    let names = std::iter::once(&roles.names.time).chain(prices);
    let needed = columns.needed.into_iter().zip(names.map(String::as_str));
    let volume = columns.volume.into_iter().map(|column| (column, roles.names.volume.as_str()));
    let symbol = columns.symbol.into_iter().map(|column| (column, "symbol"));
    let (row, name) = needed
        .chain(volume)
        .chain(symbol)
        .filter(|(column, _)| batch.column(*column).null_count() > 0)
        .filter_map(|(column, name)| {
            let values = batch.column(column);
            Some(((0..values.len()).find(|&row| values.is_null(row))?, name))
        })
        .min_by_key(|(row, _)| *row)?;
    Some(
        DataError::new(DataCode::NullValue, "a null in a required column")
            .row(first_row + row)
            .column(name)
            .hint("leave the row out or fill it at the source"),
    )
}

fn append(
    sides: &mut Vec<RawSide>,
    batch: &RecordBatch,
    columns: &Columns,
    reserve: usize,
    first_row: usize,
) {
    let times = integers(batch.column(columns.needed[0]));
    let prices = [1, 2, 3, 4].map(|k| numbers(batch.column(columns.needed[k])));
    let volume =
        columns.volume.map_or_else(|| vec![0.0; batch.num_rows()], |column| numbers(batch.column(column)));
    let Some(symbol) = columns.symbol else {
        if sides.is_empty() {
            sides.push(reserved(None, reserve));
            sides[0].place.first = first_row;
        }
        let side = &mut sides[0];
        side.times.extend_from_slice(&times);
        for (column, values) in side.prices.columns_mut().into_iter().zip(&prices) {
            column.extend_from_slice(values);
        }
        side.volume.extend_from_slice(&volume);
        return;
    };
    let texts = batch.column(symbol);
    for row in 0..batch.num_rows() {
        let side = side_of(sides, text_at(texts, row));
        side.times.push(times[row]);
        for (column, values) in side.prices.columns_mut().into_iter().zip(&prices) {
            column.push(values[row]);
        }
        side.volume.push(volume[row]);
        side.place.rows.push(u32::try_from(first_row + row).unwrap_or(u32::MAX));
    }
}

fn side_of<'a>(sides: &'a mut Vec<RawSide>, symbol: &str) -> &'a mut RawSide {
    let known = sides.iter().position(|side| side.symbol.as_deref() == Some(symbol));
    let k = known.unwrap_or_else(|| {
        sides.push(reserved(Some(symbol.to_owned()), 0));
        sides.len() - 1
    });
    &mut sides[k]
}

fn reserved(symbol: Option<String>, rows: usize) -> RawSide {
    RawSide {
        symbol,
        times: Vec::with_capacity(rows),
        prices: PriceColumns::with_capacity(rows),
        volume: Vec::with_capacity(rows),
        ..RawSide::default()
    }
}

fn finish(
    mut sides: Vec<RawSide>,
    roles: &Roles,
    unit: TimeUnitOf,
    zone: Option<&LocalZone>,
    path: &Path,
) -> Result<Vec<RawSide>, DataError> {
    let unit = unit.resolved(|| sides.iter().flat_map(|side| side.times.iter().copied()).collect());
    let unit = unit.map_err(|error| error.path(path).column(roles.names.time.clone()))?;
    for side in &mut sides {
        side.names = roles.names.clone();
        let problem = to_micros(&mut side.times, unit, zone);
        side.bad_time = problem.map(|(row, error)| (row, error.column(roles.names.time.clone())));
    }
    Ok(sides)
}
