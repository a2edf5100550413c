//! Rows of a text file become bars.

use std::io::BufRead;
use std::path::Path;

use super::binding::Bound;
use super::cells::{Cells, Splitter};
use super::format::{Dialect, Format, ZoneRule};
use super::settings::ImportSettings;
use super::spool::{Room, Spool};
use super::stamp::{Stamp, TimeForm};
use super::text::stream_error;
use crate::data::bars::Ohlc;
use crate::data::error::{DataCode, DataError, printable};
use crate::data::raw::{RawBar, RawSide};
use crate::data::stamps::TimeUnitOf;
use crate::data::zones::{Local, LocalZone, OnAmbiguous};

/// Bars of one file, still unchecked.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// One side, or one per symbol; with wide columns the bid.
    pub(super) sides: Vec<Spool>,
    /// Ask prices of wide files, beside `sides[0]`.
    pub(super) ask: Option<Spool>,
    /// Whether the rows name their spread in points.
    pub(super) has_spread: bool,
    /// Rows whose prices are all null, skipped.
    pub(super) null_rows: usize,
    /// Rows left out because their local time happens twice.
    pub(super) ambiguous_dropped: usize,
    /// Decimals of the longest price.
    pub(super) digits: u32,
}

/// Reads a text of bars.
///
/// # Errors
/// The groups columns, zone and text rows of `data.md` section 4.
pub(super) fn read_table(
    text: &mut dyn BufRead,
    path: &Path,
    format: Format,
    dialect: &Dialect,
    settings: &ImportSettings,
    room: &Room,
) -> Result<Table, DataError> {
    let mut first = String::new();
    text.read_line(&mut first).map_err(|error| stream_error(&error, path))?;
    let (bound, first_is_header) = Bound::of(&first, dialect, settings).map_err(|error| error.path(path))?;
    let mut reader = Reader::new(path, format, dialect, settings, bound, room)?;
    let mut splitter = Splitter::new(reader.bound.delimiter);
    let mut line = 1;
    if !first_is_header {
        reader.take(&first, line, &mut splitter)?;
    }
    let mut buffer = String::new();
    loop {
        buffer.clear();
        if text.read_line(&mut buffer).map_err(|error| stream_error(&error, path))? == 0 {
            break;
        }
        line += 1;
        reader.take(&buffer, line, &mut splitter)?;
    }
    reader.finish()
}

/// Takes rows one by one.
struct Reader<'a> {
    path: &'a Path,
    format: Format,
    form: TimeForm,
    settings: &'a ImportSettings,
    room: &'a Room,
    bound: Bound,
    zone: Zone,
    unit: Option<TimeUnitOf>,
    /// Whether the first row named its zone.
    zoned: Option<bool>,
    table: Table,
    row: usize,
}

/// What naive times become.
enum Zone {
    Of(LocalZone),
    Unnamed,
}

impl<'a> Reader<'a> {
    fn new(
        path: &'a Path,
        format: Format,
        dialect: &Dialect,
        settings: &'a ImportSettings,
        bound: Bound,
        room: &'a Room,
    ) -> Result<Self, DataError> {
        let rule = bound.zone_from_header.unwrap_or(dialect.zone);
        let zone = match (rule, settings.policy.tz.as_deref()) {
            (ZoneRule::Utc, _) => Zone::Of(LocalZone::fixed_hours(0)),
            (ZoneRule::Fixed(hours), _) => Zone::Of(LocalZone::fixed_hours(hours)),
            (ZoneRule::Named, Some(name)) => Zone::Of(LocalZone::parse(name)?),
            (ZoneRule::Named, None) => Zone::Unnamed,
        };
        let form = match &settings.time_format {
            Some(pattern) if format == Format::GenericCsv => TimeForm::Pattern(pattern.clone()),
            _ => dialect.time.clone(),
        };
        let facts = RawSide { names: bound.names.clone(), ..RawSide::default() };
        let table = Table {
            ask: bound.ask.map(|_| Spool::new(&facts, room)),
            has_spread: bound.spread.is_some(),
            ..Table::default()
        };
        Ok(Self { path, format, form, settings, room, bound, zone, unit: None, zoned: None, table, row: 0 })
    }

    fn take(&mut self, line: &str, number: u64, splitter: &mut Splitter) -> Result<(), DataError> {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim().is_empty() {
            return Ok(());
        }
        let row = self.row;
        self.row += 1;
        self.parse(splitter.split(line), row, number).map_err(|error| match error.code() {
            // Faults of the whole file carry no row.
            DataCode::TimezoneMissing | DataCode::MemoryLimit => error.path(self.path),
            DataCode::FileUnreadable => error,
            _ => error.path(self.path).row(row).line(number),
        })
    }

    fn parse(&mut self, cells: Cells<'_>, row: usize, number: u64) -> Result<(), DataError> {
        if cells.len() != self.bound.fields {
            return Err(DataError::new(
                DataCode::CsvFieldCount,
                format!("line {number}: {} fields, expected {}", cells.len(), self.bound.fields),
            )
            .hint("the row is cut or has a separator too many"));
        }
        let Some(time) = self.time(cells)? else {
            self.table.ambiguous_dropped += 1;
            return Ok(());
        };
        if self.format == Format::YahooDaily && self.bound.at.prices.iter().all(|&k| is_null(cells.at(k))) {
            self.table.null_rows += 1;
            return Ok(());
        }
        let prices = self.prices(cells, self.bound.at.prices)?;
        let volume = self.volume(cells)?;
        if let Some(columns) = self.bound.ask {
            let prices = self.prices(cells, columns)?;
            if let Some(side) = &mut self.table.ask {
                side.push(&RawBar { time, prices, volume }, row, Some(number))?;
            }
        }
        let points = self.bound.spread.map(|column| {
            let text = cells.at(column);
            text.parse().map_err(|_| bad_number(text, "<SPREAD>"))
        });
        let points = points.transpose()?;
        let symbol = self.bound.symbol.map(|column| ticker(cells.at(column)));
        let side = self.side(symbol);
        if let Some(points) = points {
            side.push_points(points);
        }
        side.push(&RawBar { time, prices, volume }, row, Some(number))
    }

    fn side(&mut self, symbol: Option<String>) -> &mut Spool {
        let known = self.table.sides.iter().position(|side| side.facts().symbol == symbol);
        let k = known.unwrap_or_else(|| {
            let facts = RawSide { symbol, names: self.bound.names.clone(), ..RawSide::default() };
            self.table.sides.push(Spool::new(&facts, self.room));
            self.table.sides.len() - 1
        });
        &mut self.table.sides[k]
    }

    /// The instant of a row; `None` when it is to be left out.
    fn time(&mut self, cells: Cells<'_>) -> Result<Option<i64>, DataError> {
        let [first, second] = self.bound.at.time.map(|column| column.map(|column| cells.at(column)));
        let (text, rest) = (first.unwrap_or_default(), second);
        let column = || self.bound.time_column.clone();
        let stamp = self.form.parse(text, rest, &mut self.unit).ok_or_else(|| {
            let shown = rest.map_or_else(|| text.to_owned(), |rest| format!("{text} {rest}"));
            DataError::new(DataCode::CsvBadTimestamp, "not a time of this format")
                .column(self.bound.names.time.clone())
                .value(printable(&shown))
                .hint("the row is damaged, or the file has another format")
        })?;
        let zoned = matches!(stamp, Stamp::Utc(_));
        if *self.zoned.get_or_insert(zoned) != zoned {
            return Err(DataError::new(DataCode::MixedTimezones, "some rows name a zone, others do not")
                .column(self.bound.names.time.clone())
                .value(printable(text))
                .hint("export with one form of time"));
        }
        match (stamp, &self.zone) {
            (Stamp::Utc(micros), _) => Ok(Some(micros)),
            (Stamp::Local(_), Zone::Unnamed) => {
                Err(DataError::new(DataCode::TimezoneMissing, "times without a zone")
                    .column(self.bound.names.time.clone())
                    .hint("name the zone of the file: --tz (MetaTrader servers: often Europe/Athens)"))
            }
            (Stamp::Local(civil), Zone::Of(zone)) => match zone.instant(civil) {
                Local::Instant(micros) => Ok(Some(micros)),
                Local::Nonexistent => Err(zone.nonexistent(civil).column(column())),
                Local::Ambiguous { first, second } => match self.settings.on_ambiguous {
                    OnAmbiguous::Error => Err(zone.ambiguous(civil).column(column())),
                    OnAmbiguous::First => Ok(Some(first)),
                    OnAmbiguous::Second => Ok(Some(second)),
                    OnAmbiguous::Drop => Ok(None),
                },
            },
        }
    }

    fn prices(&mut self, cells: Cells<'_>, columns: [usize; 4]) -> Result<Ohlc, DataError> {
        let mut values = [0.0; 4];
        for (k, &column) in columns.iter().enumerate() {
            let name = self.bound.names.prices[k].clone();
            values[k] = self.number(cells.at(column), &name)?;
            let decimals =
                cells.at(column).rsplit_once(self.settings.decimal).map_or(0, |(_, rest)| rest.len());
            self.table.digits = self.table.digits.max(u32::try_from(decimals).unwrap_or(0));
        }
        let [open, high, low, close] = values;
        Ok(Ohlc { open, high, low, close })
    }

    fn volume(&self, cells: Cells<'_>) -> Result<f64, DataError> {
        let Some(column) = self.bound.at.volume else { return Ok(0.0) };
        let name = &self.bound.names.volume;
        let first = self.number(cells.at(column), name)?;
        match self.bound.other_volume {
            Some(other) if first <= 0.0 => self.number(cells.at(other), name),
            _ => Ok(first),
        }
    }

    fn number(&self, text: &str, column: &str) -> Result<f64, DataError> {
        if is_null(text) {
            return Err(DataError::new(DataCode::NullValue, "an empty cell in a required column")
                .column(column)
                .hint("leave the row out or fill it at the source"));
        }
        let parsed = match self.settings.decimal {
            '.' => text.parse(),
            decimal if text.contains('.') => {
                return Err(
                    bad_number(text, column).hint(format!("the decimal sign is {decimal}: --decimal"))
                );
            }
            decimal => text.replace(decimal, ".").parse(),
        };
        parsed.map_err(|_| bad_number(text, column))
    }

    fn finish(self) -> Result<Table, DataError> {
        if self.row == 0 {
            return Err(DataError::new(DataCode::NoRows, "a header, but no rows")
                .path(self.path)
                .hint("export again"));
        }
        Ok(self.table)
    }
}

fn is_null(text: &str) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case("null")
}

fn bad_number(text: &str, column: &str) -> DataError {
    DataError::new(DataCode::CsvBadNumber, "not a number")
        .column(column)
        .value(printable(text))
        .hint("the row is damaged, or --decimal is wrong")
}

/// `SPY.US` is SPY.
fn ticker(text: &str) -> String {
    let upper = text.to_uppercase();
    upper.strip_suffix(".US").map_or(upper.clone(), str::to_owned)
}
