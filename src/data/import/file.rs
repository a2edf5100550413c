//! One foreign file: recognised, read, labelled with symbol, timeframe and side.

use std::path::{Path, PathBuf};

use super::FileRead;
use super::format::{Dialect, Format, detect};
use super::series::Piece;
use super::settings::{ImportSettings, Label};
use super::table::{Table, read_table};
use super::text::{first_lines, with_text};
use super::ticks::read_ticks;
use crate::data::columns::Roles;
use crate::data::error::{DataCode, DataError};
use crate::data::layout::FileName;
use crate::data::load::metadata_mismatch;
use crate::data::parquet::{BarFile, open_file};
use crate::data::prices::price_problem;
use crate::data::raw::{RawSide, SideOf};
use crate::data::report::QuoteSide;
use crate::data::symbol::{SymbolTable, power_of_ten};
use crate::data::zones::LocalZone;
use crate::types::Timeframe;

/// Reads one file into pieces, with the policies that change rows applied and counted.
pub(super) fn read_file(path: &Path, settings: &ImportSettings) -> Result<(Vec<Piece>, FileRead), DataError> {
    let format = recognise(path, settings)?;
    let mut report = FileRead {
        path: path.to_owned(),
        format,
        rows: 0,
        null_rows: 0,
        ambiguous_dropped: 0,
        flat_dropped: 0,
        bad_rows: Vec::new(),
    };
    let mut pieces = match format {
        Format::Parquet => parquet(path, settings)?,
        _ if format.is_tick() => ticks(path, format, settings)?,
        _ => table(path, format, settings, &mut report)?,
    };
    report.rows = pieces.iter().map(|piece| piece.raw.len()).sum();
    for piece in &mut pieces {
        adjust(piece, settings, &mut report);
    }
    Ok((pieces, report))
}

fn recognise(path: &Path, settings: &ImportSettings) -> Result<Format, DataError> {
    if let Some(format) = settings.format {
        return Ok(format);
    }
    open_file(path)?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet")) {
        return Ok(Format::Parquet);
    }
    let lines = first_lines(path)?;
    let plain = |lines: &[String]| {
        let header = lines.first().map_or("", String::as_str);
        [',', ';', '\t']
            .into_iter()
            .any(|separator| Roles::find(&header.split(separator).map(str::trim).collect::<Vec<_>>()).is_ok())
    };
    match detect(path, &lines) {
        // The same header with other times than Unix milliseconds is just a table.
        Ok(Format::DukascopyNode) if !lines.get(1).is_some_and(|row| starts_with_epoch(row)) => {
            Ok(Format::GenericCsv)
        }
        Err(_) if settings.columns.is_some() || plain(&lines) => Ok(Format::GenericCsv),
        found => found,
    }
}

fn starts_with_epoch(row: &str) -> bool {
    let first = row.split(',').next().unwrap_or_default();
    first.len() == 13 && first.bytes().all(|byte| byte.is_ascii_digit())
}

fn parquet(path: &Path, settings: &ImportSettings) -> Result<Vec<Piece>, DataError> {
    let zone = settings.policy.tz.as_deref().map(LocalZone::parse).transpose()?;
    let file = BarFile::open(path)?;
    let name = FileName::parse(path);
    let stored =
        |key: &str| file.metadata(key).filter(|_| !settings.policy.ignore_metadata).map(str::to_owned);
    let asked = [
        ("symbol", settings.symbol.clone()),
        ("timeframe", settings.timeframe.map(|timeframe| timeframe.to_string())),
        ("side", settings.side.map(|side| side.as_str().to_owned())),
        ("schema", Some("1".to_owned())),
    ];
    for (key, asked) in asked {
        match (stored(key), asked) {
            (Some(found), Some(asked)) if !found.eq_ignore_ascii_case(&asked) => {
                return Err(metadata_mismatch(path, key, &found, &asked));
            }
            _ => {}
        }
    }
    let timeframe = settings
        .timeframe
        .or_else(|| stored("timeframe")?.parse().ok())
        .or(name.as_ref().map(|name| name.timeframe))
        .ok_or_else(|| unnamed(path, "timeframe"))?;
    let side = settings
        .side
        .or_else(|| QuoteSide::parse(&stored("side")?))
        .or(name.as_ref().and_then(|name| name.side));
    let symbol = settings.symbol.clone().or_else(|| stored("symbol")).or(name.map(|name| name.symbol));
    let sides = file.read(timeframe, zone.as_ref())?;
    let mut pieces = Vec::new();
    for raw in sides {
        let symbol = raw.symbol.clone().or_else(|| symbol.clone()).ok_or_else(|| unnamed(path, "symbol"))?;
        // Prices of a share without a named side are trades.
        let share = !SymbolTable::default().knows(&symbol);
        let side = side.unwrap_or(if share { QuoteSide::Last } else { QuoteSide::Mid });
        pieces.push(Piece::new(path, &symbol, timeframe, side, raw));
    }
    Ok(pieces)
}

fn ticks(path: &Path, format: Format, settings: &ImportSettings) -> Result<Vec<Piece>, DataError> {
    let timeframe = settings.timeframe.ok_or_else(|| unnamed(path, "timeframe"))?;
    let bars = with_text(path, |text| read_ticks(text, path, format, timeframe, settings))?;
    let symbol = settings.symbol.clone().or(bars.symbol).ok_or_else(|| unnamed(path, "symbol"))?;
    Ok(vec![
        Piece::new(path, &symbol, timeframe, QuoteSide::Bid, bars.bid),
        Piece::new(path, &symbol, timeframe, QuoteSide::Ask, bars.ask),
    ])
}

fn table(
    path: &Path,
    format: Format,
    settings: &ImportSettings,
    report: &mut FileRead,
) -> Result<Vec<Piece>, DataError> {
    let dialect = Dialect::of(format).expect("ticks and Parquet are read elsewhere");
    let mut table = with_text(path, |text| read_table(text, path, format, &dialect, settings))?;
    report.null_rows = table.null_rows;
    report.ambiguous_dropped = table.ambiguous_dropped;
    let timeframe = settings.timeframe.or_else(|| timeframe_of(path, format));
    let timeframe = timeframe.ok_or_else(|| unnamed(path, "timeframe"))?;
    let side = settings.side.or_else(|| side_of(path));
    let symbol_of = |raw: &RawSide| {
        let named = settings.symbol.clone().or_else(|| raw.symbol.clone());
        named.or_else(|| Some(FileName::parse(&path.with_extension("parquet"))?.symbol))
    };
    let ask = made_ask(&mut table, settings, symbol_of);
    let mut pieces = Vec::new();
    let both = ask.is_some();
    for raw in table.sides.into_iter().chain(ask) {
        let symbol = symbol_of(&raw).ok_or_else(|| unnamed(path, "symbol"))?;
        let side = match (both, pieces.len()) {
            (true, 0) => QuoteSide::Bid,
            (true, _) => QuoteSide::Ask,
            _ => side.unwrap_or(format.default_side()),
        };
        pieces.push(Piece::new(path, &symbol, timeframe, side, raw));
    }
    Ok(pieces)
}

/// The ask of files that hold it, or a spread in points for every bar: `(round(bid * 10^d) + spread) / 10^d`.
fn made_ask(
    table: &mut Table,
    settings: &ImportSettings,
    symbol_of: impl Fn(&RawSide) -> Option<String>,
) -> Option<RawSide> {
    if let Some(ask) = table.ask.take() {
        return Some(ask);
    }
    let bid = table.sides.first_mut()?;
    let in_points = table.digits == 0 && settings.digits.is_some_and(|digits| digits > 0);
    let digits = settings.digits.unwrap_or_else(|| {
        let spec = symbol_of(bid).and_then(|symbol| SymbolTable::default().lookup(&symbol, false).ok());
        spec.map_or(table.digits, |spec| spec.digits().max(table.digits))
    });
    let unit = power_of_ten(digits);
    if in_points {
        for column in bid.prices.columns_mut() {
            for price in column {
                *price /= unit;
            }
        }
    }
    let points = table.spread_points.take()?;
    let mut ask = bid.clone();
    for column in ask.prices.columns_mut() {
        for (price, points) in column.iter_mut().zip(&points) {
            *price = ((*price * unit).round() + *points as f64) / unit;
        }
    }
    Some(ask)
}

/// Tokens of a file name, upper case.
fn tokens(path: &Path) -> Vec<String> {
    let stem = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_uppercase();
    stem.split(['_', '-', '.', ' ']).map(str::to_owned).collect()
}

fn side_of(path: &Path) -> Option<QuoteSide> {
    tokens(path).iter().find_map(|token| QuoteSide::parse(token))
}

fn timeframe_of(path: &Path, format: Format) -> Option<Timeframe> {
    if matches!(format, Format::YahooDaily | Format::StooqDaily) {
        return Some(Timeframe::D1);
    }
    let tokens = tokens(path);
    let by_minutes = |minutes: i64| Timeframe::ALL.into_iter().find(|one| one.minutes() == minutes);
    let named = |token: &String| -> Option<Timeframe> {
        if let Ok(timeframe) = token.parse() {
            return Some(timeframe);
        }
        let (number, unit) = token.split_at_checked(token.len().checked_sub(1)?)?;
        let number: i64 = number.parse().ok()?;
        by_minutes(number.checked_mul(match unit {
            "M" => 1,
            "H" => 60,
            "D" => 1440,
            _ => return None,
        })?)
    };
    let pairs = tokens.windows(2).map(|pair| format!("{}{}", pair[0], &pair[1].get(..1).unwrap_or_default()));
    let minutes = || {
        let stem = tokens.first()?;
        let digits = stem.trim_start_matches(|c: char| !c.is_ascii_digit());
        by_minutes(digits.parse().ok()?)
    };
    tokens
        .iter()
        .find_map(named)
        .or_else(|| pairs.collect::<Vec<_>>().iter().find_map(named))
        .or_else(|| if format == Format::Mt4Bars { minutes() } else { None })
}

fn unnamed(path: &Path, what: &str) -> DataError {
    DataError::new(DataCode::Selection, format!("neither options nor the file tell the {what}"))
        .path(path)
        .hint(format!("name it: --{what}"))
}

/// Applies the switches that change rows, in this order: label, floor, sort, flat bars, impossible bars.
fn adjust(piece: &mut Piece, settings: &ImportSettings, report: &mut FileRead) {
    let length = piece.of.timeframe.micros();
    let raw = &mut piece.raw;
    if settings.label == Label::Close {
        for time in &mut raw.times {
            *time -= length;
        }
    }
    if settings.floor {
        for time in &mut raw.times {
            *time = time.div_euclid(length) * length;
        }
    }
    if settings.sort && !raw.times.is_sorted() {
        sort(raw);
    }
    if settings.drop_flat {
        let flat = |k: usize| {
            let bar = raw.prices.at(k);
            bar.open == bar.high && bar.high == bar.low && bar.low == bar.close && raw.volume[k] == 0.0
        };
        let keep: Vec<bool> = (0..raw.len()).map(|k| !flat(k)).collect();
        report.flat_dropped += keep.iter().filter(|keep| !**keep).count();
        raw.retain(&keep);
    }
    if settings.drop_bad_rows {
        drop_bad(raw, &piece.of, settings, &mut report.bad_rows);
    }
}

fn drop_bad(raw: &mut RawSide, of: &SideOf, settings: &ImportSettings, listed: &mut Vec<String>) {
    let problems: Vec<Option<DataError>> = (0..raw.len())
        .map(|k| price_problem(raw, k, &settings.policy).map(|error| raw.at(error, k, of)))
        .collect();
    let keep: Vec<bool> = problems.iter().map(Option::is_none).collect();
    listed.extend(problems.iter().flatten().map(ToString::to_string));
    if keep.contains(&false) {
        raw.retain(&keep);
    }
}

/// Rows in order of time; rows of one time keep their order.
fn sort(raw: &mut RawSide) {
    let mut order: Vec<usize> = (0..raw.len()).collect();
    order.sort_by_key(|&k| raw.times[k]);
    let places = |list: &[u32]| -> Vec<u32> { order.iter().filter_map(|&k| list.get(k).copied()).collect() };
    let rows: Vec<u32> = order.iter().map(|&k| u32::try_from(raw.place.row(k)).unwrap_or(u32::MAX)).collect();
    raw.place.lines = places(&raw.place.lines);
    raw.place.rows = rows;
    raw.times = order.iter().map(|&k| raw.times[k]).collect();
    raw.prices = raw.prices.select(&order);
    raw.volume = order.iter().map(|&k| raw.volume[k]).collect();
}

impl Piece {
    fn new(path: &Path, symbol: &str, timeframe: Timeframe, side: QuoteSide, raw: RawSide) -> Self {
        let spec = SymbolTable::default().lookup(symbol, true);
        let of = SideOf {
            path: PathBuf::from(path),
            symbol: symbol.to_owned(),
            is_fx: spec.is_ok_and(|spec| spec.is_fx()),
            timeframe,
            side,
        };
        Self { of, raw }
    }
}
