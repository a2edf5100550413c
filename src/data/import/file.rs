//! One foreign file: recognised, read, labelled with symbol, timeframe and side.

use std::path::{Path, PathBuf};

use super::FileRead;
use super::format::{Dialect, Format, detect};
use super::series::Piece;
use super::settings::{ImportSettings, Label};
use super::spool::{Room, Spool};
use super::table::{Table, read_table};
use super::text::{first_lines, with_text};
use super::ticks::read_ticks;
use crate::data::columns::Roles;
use crate::data::error::{DataCode, DataError};
use crate::data::layout::FileName;
use crate::data::load::metadata_mismatch;
use crate::data::parquet::{BarFile, open_file};
use crate::data::prices::price_problem;
use crate::data::raw::{Blocks, RawSide, SideOf};
use crate::data::report::QuoteSide;
use crate::data::symbol::{SymbolTable, power_of_ten};
use crate::data::zones::LocalZone;
use crate::types::Timeframe;

/// Reads one file into pieces, with the policies that change rows applied and counted.
pub(super) fn read_file(
    path: &Path,
    settings: &ImportSettings,
    room: &Room,
) -> Result<(Vec<Piece>, FileRead), DataError> {
    let format = recognise(path, settings)?;
    let mut report = FileRead::new(path, format);
    let mut pieces = match format {
        Format::Parquet => parquet(path, settings, room)?,
        _ if format.is_tick() => ticks(path, format, settings, room)?,
        _ => table(path, format, settings, room, &mut report)?,
    };
    // Bid and ask out of one row are one bar.
    let bars_of = |piece: &Piece| if piece.shares_rows { 0 } else { piece.rows.len() };
    report.rows = pieces.iter().map(bars_of).sum();
    for piece in &mut pieces {
        adjust(piece, settings, &mut report)?;
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

fn parquet(path: &Path, settings: &ImportSettings, room: &Room) -> Result<Vec<Piece>, DataError> {
    let zone = settings.policy.tz.as_deref().map(LocalZone::parse).transpose()?;
    let file = BarFile::open(path)?;
    let whole = Room { limit: settings.memory_limit, ..room.clone() };
    whole.check(file.plausible_rows()).map_err(|error| error.path(path))?;
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
        pieces.push(Piece::new(path, &symbol, timeframe, side, Spool::of(raw, room)?));
    }
    Ok(pieces)
}

fn ticks(
    path: &Path,
    format: Format,
    settings: &ImportSettings,
    room: &Room,
) -> Result<Vec<Piece>, DataError> {
    let timeframe = settings.timeframe.ok_or_else(|| unnamed(path, "timeframe"))?;
    let bars = with_text(path, |text| read_ticks(text, path, format, timeframe, room))?;
    let symbol = settings.symbol.clone().or(bars.symbol).ok_or_else(|| unnamed(path, "symbol"))?;
    Ok(vec![
        Piece::new(path, &symbol, timeframe, QuoteSide::Bid, bars.bid),
        Piece { shares_rows: true, ..Piece::new(path, &symbol, timeframe, QuoteSide::Ask, bars.ask) },
    ])
}

fn table(
    path: &Path,
    format: Format,
    settings: &ImportSettings,
    room: &Room,
    report: &mut FileRead,
) -> Result<Vec<Piece>, DataError> {
    let dialect = Dialect::of(format).expect("ticks and Parquet are read elsewhere");
    let mut table = with_text(path, |text| read_table(text, path, format, &dialect, settings, room))?;
    report.null_rows = table.null_rows;
    report.ambiguous_dropped = table.ambiguous_dropped;
    let timeframe = settings.timeframe.or_else(|| timeframe_of(path, format));
    let timeframe = timeframe.ok_or_else(|| unnamed(path, "timeframe"))?;
    let side = settings.side.or_else(|| side_of(path));
    let symbol_of = |rows: &Spool| {
        let named = settings.symbol.clone().or_else(|| rows.facts().symbol.clone());
        named.or_else(|| Some(FileName::parse(&path.with_extension("parquet"))?.symbol))
    };
    let ask = ask_of(&mut table, settings, symbol_of)?;
    let mut pieces = Vec::new();
    let both = ask.is_some();
    for rows in table.sides.into_iter().chain(ask) {
        let symbol = symbol_of(&rows).ok_or_else(|| unnamed(path, "symbol"))?;
        let second = both && !pieces.is_empty();
        let side = match (both, second) {
            (true, false) => QuoteSide::Bid,
            (true, true) => QuoteSide::Ask,
            _ => side.unwrap_or(format.default_side()),
        };
        pieces.push(Piece { shares_rows: second, ..Piece::new(path, &symbol, timeframe, side, rows) });
    }
    Ok(pieces)
}

/// The ask of files that hold it, or a spread in points for every bar: `(round(bid * 10^d) + spread) / 10^d`.
fn ask_of(
    table: &mut Table,
    settings: &ImportSettings,
    symbol_of: impl Fn(&Spool) -> Option<String>,
) -> Result<Option<Spool>, DataError> {
    if let Some(ask) = table.ask.take() {
        return Ok(Some(ask));
    }
    let Some(bid) = table.sides.first_mut() else { return Ok(None) };
    let in_points = table.digits == 0 && settings.digits.is_some_and(|digits| digits > 0);
    let digits = settings.digits.unwrap_or_else(|| {
        let spec = symbol_of(bid).and_then(|symbol| SymbolTable::default().lookup(&symbol, false).ok());
        spec.map_or(table.digits, |spec| spec.digits().max(table.digits))
    });
    let unit = power_of_ten(digits);
    if in_points {
        *bid = bid.map(|block| {
            block.prices.columns_mut().into_iter().flatten().for_each(|price| *price /= unit);
            Ok(())
        })?;
    }
    if !table.has_spread {
        return Ok(None);
    }
    let ask = bid.map(|block| {
        for column in block.prices.columns_mut() {
            for (price, points) in column.iter_mut().zip(&block.spread_points) {
                *price = ((*price * unit).round() + *points as f64) / unit;
            }
        }
        Ok(())
    });
    ask.map(Some)
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
fn adjust(piece: &mut Piece, settings: &ImportSettings, report: &mut FileRead) -> Result<(), DataError> {
    if settings.label == Label::Close || settings.floor {
        move_times(piece, settings, report)?;
    }
    if settings.sort {
        sort(piece, settings, report)?;
    }
    if !settings.drop_flat && !settings.drop_bad_rows {
        return Ok(());
    }
    let of = &piece.of;
    piece.rows = piece.rows.map(|block| {
        if settings.drop_flat {
            drop_flat(block, report);
        }
        if settings.drop_bad_rows {
            drop_bad(block, of, settings, &mut report.bad_rows);
        }
        Ok(())
    })?;
    Ok(())
}

fn move_times(piece: &mut Piece, settings: &ImportSettings, report: &mut FileRead) -> Result<(), DataError> {
    let length = piece.of.timeframe.micros();
    let counted = !piece.shares_rows;
    piece.rows = piece.rows.map(|block| {
        if settings.label == Label::Close {
            block.times.iter_mut().for_each(|time| *time -= length);
            report.relabelled += if counted { block.len() } else { 0 };
        }
        if settings.floor {
            for time in &mut block.times {
                let floor = time.div_euclid(length) * length;
                report.floored += usize::from(counted && *time != floor);
                *time = floor;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn drop_flat(block: &mut RawSide, report: &mut FileRead) {
    let flat = |k: usize| {
        let bar = block.prices.at(k);
        bar.open == bar.high && bar.high == bar.low && bar.low == bar.close && block.volume[k] == 0.0
    };
    let keep: Vec<bool> = (0..block.len()).map(|k| !flat(k)).collect();
    report.flat_dropped += keep.iter().filter(|keep| !**keep).count();
    block.retain(&keep);
}

fn drop_bad(block: &mut RawSide, of: &SideOf, settings: &ImportSettings, listed: &mut Vec<String>) {
    let problems: Vec<Option<DataError>> = (0..block.len())
        .map(|k| price_problem(block, k, &settings.policy).map(|error| block.at(error, k, of)))
        .collect();
    let keep: Vec<bool> = problems.iter().map(Option::is_none).collect();
    listed.extend(problems.iter().flatten().map(ToString::to_string));
    if keep.contains(&false) {
        block.retain(&keep);
    }
}

/// Rows in order of time; rows of one time keep their order. All of them have to be in memory for it.
fn sort(piece: &mut Piece, settings: &ImportSettings, report: &mut FileRead) -> Result<(), DataError> {
    let (mut last, mut behind) = (i64::MIN, 0);
    for block in piece.rows.blocks() {
        for &time in &block?.times {
            behind += usize::from(time < last);
            last = last.max(time);
        }
    }
    if behind == 0 {
        return Ok(());
    }
    report.sorted += if piece.shares_rows { 0 } else { behind };
    let room = Room { limit: settings.memory_limit, ..piece.rows.room().clone() };
    room.check(piece.rows.len()).map_err(|error| error.path(&piece.of.path))?;
    let here = piece.rows.room().clone();
    let none = Spool::new(piece.rows.facts(), &here);
    let raw = std::mem::replace(&mut piece.rows, none).into_whole()?;
    let mut order: Vec<usize> = (0..raw.len()).collect();
    order.sort_by_key(|&k| raw.times[k]);
    piece.rows = Spool::of(raw.select(&order), &here)?;
    Ok(())
}

impl Piece {
    fn new(path: &Path, symbol: &str, timeframe: Timeframe, side: QuoteSide, rows: Spool) -> Self {
        let spec = SymbolTable::default().lookup(symbol, true);
        let of = SideOf {
            path: PathBuf::from(path),
            symbol: symbol.to_owned(),
            is_fx: spec.is_ok_and(|spec| spec.is_fx()),
            timeframe,
            side,
        };
        Self { of, rows, shares_rows: false }
    }
}
