//! Which field of a text file plays which role.

use super::cells::Splitter;
use super::format::{Dialect, Layout, Names, Places, ZoneRule};
use super::settings::ImportSettings;
use crate::data::columns::Roles;
use crate::data::error::{DataCode, DataError, printable};
use crate::data::raw::ColumnNames;

/// Field numbers of one file.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) delimiter: u8,
    pub(super) fields: usize,
    pub(super) at: Places,
    pub(super) ask: Option<[usize; 4]>,
    /// Volume used when the first is zero.
    pub(super) other_volume: Option<usize>,
    pub(super) spread: Option<usize>,
    pub(super) symbol: Option<usize>,
    pub(super) names: ColumnNames,
    /// The second time field, in messages.
    pub(super) zone_from_header: Option<ZoneRule>,
    pub(super) time_column: String,
}

impl Bound {
    /// Binds the first line of a file; the flag says whether that line is a header.
    ///
    /// # Errors
    /// `missing_column`, `duplicate_column`.
    pub(super) fn of(
        first: &str,
        dialect: &Dialect,
        settings: &ImportSettings,
    ) -> Result<(Self, bool), DataError> {
        let delimiter = settings.delimiter.unwrap_or_else(|| delimiter_of(first, dialect.delimiters));
        let line = first.trim_end_matches(['\r', '\n']);
        let cells: Vec<String> = Splitter::new(delimiter).split(line).iter().map(str::to_owned).collect();
        match &dialect.layout {
            Layout::Fixed { fields, at, header_word } => {
                let header = header_word.is_some_and(|word| cells.first().is_some_and(|cell| cell == word));
                Ok((Self::fixed(delimiter, *fields, at), header))
            }
            Layout::Named(names) => Ok((Self::named(delimiter, &cells, names)?, true)),
            Layout::Free => match &settings.columns {
                Some(columns) => Ok((Self::wide(delimiter, &cells, columns)?, true)),
                None => Ok((Self::free(delimiter, &cells)?, true)),
            },
        }
    }

    fn fixed(delimiter: u8, fields: usize, at: &Places) -> Self {
        let names = ColumnNames::default();
        Self {
            delimiter,
            fields,
            at: at.clone(),
            ask: None,
            other_volume: None,
            spread: None,
            symbol: None,
            time_column: names.time.clone(),
            names,
            zone_from_header: None,
        }
    }

    fn named(delimiter: u8, cells: &[String], names: &Names) -> Result<Self, DataError> {
        let find = |name: &str| locate(cells, name, delimiter);
        let needed = |name: &str| find(name).map(Option::unwrap_or_default);
        let optional = |name: Option<&str>| name.map_or(Ok(None), find);
        let time = [optional(names.time[0])?, optional(names.time[1])?];
        let prices = [
            needed(names.prices[0])?,
            needed(names.prices[1])?,
            needed(names.prices[2])?,
            needed(names.prices[3])?,
        ];
        let mut volumes = Vec::new();
        for name in names.volume {
            volumes.extend(find(name)?);
        }
        let at = Places { time, prices, volume: volumes.first().copied() };
        let mut bound = Self::fixed(delimiter, cells.len(), &at);
        bound.other_volume = volumes.get(1).copied();
        bound.spread = optional(names.spread)?;
        bound.symbol = optional(names.symbol)?;
        bound.name_columns(cells);
        if bound.names.time.eq_ignore_ascii_case("gmt time") {
            bound.zone_from_header = Some(ZoneRule::Utc);
        }
        Ok(bound)
    }

    fn free(delimiter: u8, cells: &[String]) -> Result<Self, DataError> {
        let header: Vec<&str> = cells.iter().map(String::as_str).collect();
        let roles = Roles::find(&header)?;
        let [time, open, high, low, close] = roles.needed;
        let at = Places { time: [Some(time), None], prices: [open, high, low, close], volume: roles.volume };
        let mut bound = Self::fixed(delimiter, cells.len(), &at);
        bound.symbol = roles.symbol;
        bound.name_columns(cells);
        Ok(bound)
    }

    /// `datetime,bid_*,ask_*,volume`: names of time and volume, and patterns whose `*` stands for open, high, low and
    /// close; a single pattern, or four plain names, is one side.
    fn wide(delimiter: u8, cells: &[String], columns: &str) -> Result<Self, DataError> {
        let items: Vec<&str> = columns.split(',').map(str::trim).collect();
        let prices_of = |pattern: &str| -> Result<[usize; 4], DataError> {
            let mut found = [0; 4];
            for (slot, price) in found.iter_mut().zip(["open", "high", "low", "close"]) {
                *slot = locate(cells, &pattern.replace('*', price), delimiter)?.unwrap_or_default();
            }
            Ok(found)
        };
        let patterns: Vec<&str> = items.iter().copied().filter(|item| item.contains('*')).collect();
        let plain: Vec<&str> = items.iter().copied().filter(|item| !item.contains('*')).collect();
        let column = |name: &str| locate(cells, name, delimiter);
        let (prices, ask, volume) = match (&patterns[..], &plain[..]) {
            ([one], [_, volume @ ..]) if volume.len() <= 1 => (prices_of(one)?, None, volume.first()),
            ([bid, ask], [_, volume @ ..]) if volume.len() <= 1 => {
                (prices_of(bid)?, Some(prices_of(ask)?), volume.first())
            }
            ([], [_, open, high, low, close, volume @ ..]) if volume.len() <= 1 => {
                let mut found = [0; 4];
                for (slot, name) in found.iter_mut().zip([open, high, low, close]) {
                    *slot = column(name)?.unwrap_or_default();
                }
                (found, None, volume.first())
            }
            _ => {
                return Err(DataError::new(
                    DataCode::MissingColumn,
                    "--columns names no time and four prices",
                )
                .value(printable(columns))
                .hint("for example: time,open,high,low,close,volume or datetime,bid_*,ask_*,volume"));
            }
        };
        let volume = volume.map_or(Ok(None), |name| column(name))?;
        let at = Places { time: [column(plain[0])?, None], prices, volume };
        let mut bound = Self::fixed(delimiter, cells.len(), &at);
        bound.ask = ask;
        bound.name_columns(cells);
        Ok(bound)
    }

    fn name_columns(&mut self, cells: &[String]) {
        let name = |column: usize| cells.get(column).cloned().unwrap_or_default();
        let [first, second] = self.at.time;
        self.names.time = first.map(name).unwrap_or_default();
        self.time_column = second.or(first).map(name).unwrap_or_default();
        self.names.prices = self.at.prices.map(name);
        if let Some(volume) = self.at.volume {
            self.names.volume = name(volume);
        }
    }
}

/// Column of a name; `?name` may be absent, `a|b` are alternatives.
fn locate(cells: &[String], name: &str, delimiter: u8) -> Result<Option<usize>, DataError> {
    let (optional, name) = name.strip_prefix('?').map_or((false, name), |rest| (true, rest));
    let fits = |cell: &str| name.split('|').any(|one| one.eq_ignore_ascii_case(cell));
    let mut matching = (0..cells.len()).filter(|&k| fits(&cells[k]));
    match (matching.next(), matching.next()) {
        (Some(_), Some(again)) => {
            Err(DataError::new(DataCode::DuplicateColumn, format!("two columns are named {}", cells[again]))
                .column(cells[again].clone())
                .hint("remove one, or use --format generic-csv with --columns"))
        }
        (Some(one), None) => Ok(Some(one)),
        (None, _) if optional => Ok(None),
        (None, _) => Err(missing(cells, name, delimiter)),
    }
}

fn missing(cells: &[String], name: &str, delimiter: u8) -> DataError {
    let shown = pretty(name);
    let error = DataError::new(DataCode::MissingColumn, format!("no column {shown}")).column(shown);
    let other = [("tabs", '\t'), ("commas", ','), ("semicolons", ';')].into_iter().find(|(_, separator)| {
        *separator != char::from(delimiter) && cells.iter().any(|cell| cell.contains(*separator))
    });
    match other {
        Some((found, _)) => error.hint(format!("the header is separated by {found}: --delimiter")),
        None => error.hint(format!("the header has: {}", printable(&cells.join(", ")))),
    }
}

/// Names of documented headers as they are written there.
fn pretty(name: &str) -> String {
    match name {
        "utc time" => "UTC time".to_owned(),
        _ if name.starts_with('<') => name.to_uppercase(),
        _ => name.to_owned(),
    }
}

/// The separator of the first line among those a format knows.
fn delimiter_of(first: &str, known: &[u8]) -> u8 {
    let count = |delimiter: &u8| first.bytes().filter(|byte| byte == delimiter).count();
    let best = known.iter().copied().rev().max_by_key(count);
    best.unwrap_or(b',')
}
