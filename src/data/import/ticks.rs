//! Quotes become bars: one bucket per timeframe, each side from its own prices, volume = number of quotes.

use std::io::BufRead;
use std::path::Path;

use super::format::Format;
use super::settings::ImportSettings;
use super::stamp::{Stamp, TimeForm};
use super::table::check_memory;
use super::text::stream_error;
use crate::data::bars::Ohlc;
use crate::data::error::{DataCode, DataError, printable};
use crate::data::raw::RawSide;
use crate::data::zones::{Local, LocalZone};
use crate::types::{Timeframe, Timestamp};

/// Bars of both sides of one symbol.
#[derive(Debug, Default)]
pub(super) struct TickBars {
    /// Symbol named in the rows.
    pub(super) symbol: Option<String>,
    pub(super) bid: RawSide,
    pub(super) ask: RawSide,
    /// Quotes read.
    pub(super) ticks: u64,
}

/// Reads quotes in file order; equal times keep it. Buckets without a quote give no bar.
///
/// # Errors
/// `csv_field_count`, `csv_bad_timestamp`, `csv_bad_number`, `non_finite_price`, `non_positive_price`,
/// `unsorted_timestamps`, each with row and line; `no_rows`.
pub(super) fn read_ticks(
    text: &mut dyn BufRead,
    path: &Path,
    format: Format,
    timeframe: Timeframe,
    settings: &ImportSettings,
) -> Result<TickBars, DataError> {
    let zone = LocalZone::fixed_hours(if format == Format::HistdataTick { -5 } else { 0 });
    let mut bars = TickBars::default();
    let mut bucket: Option<Bucket> = None;
    let mut last = i64::MIN;
    let mut buffer = String::new();
    let mut line = 0;
    loop {
        buffer.clear();
        if text.read_line(&mut buffer).map_err(|error| stream_error(&error, path))? == 0 {
            break;
        }
        line += 1;
        if buffer.trim().is_empty() {
            continue;
        }
        let row = usize::try_from(bars.ticks).unwrap_or(usize::MAX);
        let place = |error: DataError| error.path(path).row(row).line(line);
        let tick = tick(buffer.trim(), format, &zone).map_err(place)?;
        if tick.time < last {
            return Err(place(
                DataError::new(DataCode::UnsortedTimestamps, "earlier than the quote before")
                    .column("time")
                    .value(format!("{} after {}", Timestamp(tick.time), Timestamp(last)))
                    .hint("sort the file by time at its source: the order of quotes decides open and close"),
            ));
        }
        last = tick.time;
        bars.ticks += 1;
        bars.take(&tick, timeframe, &mut bucket);
        check_memory(2 * bars.bid.len(), settings).map_err(|error| error.path(path))?;
    }
    if let Some(bucket) = bucket.take() {
        bars.close(&bucket);
    }
    if bars.ticks == 0 {
        return Err(DataError::new(DataCode::NoRows, "no quotes").path(path));
    }
    Ok(bars)
}

struct Tick {
    symbol: Option<String>,
    time: i64,
    bid: f64,
    ask: f64,
}

struct Bucket {
    time: i64,
    bid: Ohlc,
    ask: Ohlc,
    count: u64,
}

impl TickBars {
    fn take(&mut self, tick: &Tick, timeframe: Timeframe, bucket: &mut Option<Bucket>) {
        if self.symbol.is_none() {
            self.symbol.clone_from(&tick.symbol);
        }
        let length = timeframe.micros();
        let time = tick.time.div_euclid(length) * length;
        match bucket {
            Some(open) if open.time == time => {
                reach(&mut open.bid, tick.bid);
                reach(&mut open.ask, tick.ask);
                open.count += 1;
            }
            _ => {
                if let Some(full) =
                    bucket.replace(Bucket { time, bid: flat(tick.bid), ask: flat(tick.ask), count: 1 })
                {
                    self.close(&full);
                }
            }
        }
    }

    fn close(&mut self, bucket: &Bucket) {
        for (side, bar) in [(&mut self.bid, bucket.bid), (&mut self.ask, bucket.ask)] {
            side.times.push(bucket.time);
            side.prices.push(bar);
            side.volume.push(bucket.count as f64);
        }
    }
}

fn flat(price: f64) -> Ohlc {
    Ohlc { open: price, high: price, low: price, close: price }
}

fn reach(bar: &mut Ohlc, price: f64) {
    if price > bar.high {
        bar.high = price;
    }
    if price < bar.low {
        bar.low = price;
    }
    bar.close = price;
}

fn tick(line: &str, format: Format, zone: &LocalZone) -> Result<Tick, DataError> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let (symbol, time, bid, ask) = match (format, &fields[..]) {
        (Format::HistdataTick, [time, bid, ask, _]) => (None, *time, *bid, *ask),
        (Format::TruefxTick, [pair, time, bid, ask]) => (Some(pair.replace('/', "")), *time, *bid, *ask),
        _ => {
            return Err(DataError::new(
                DataCode::CsvFieldCount,
                format!("{} fields, expected 4", fields.len()),
            )
            .hint("the row is cut or has a separator too many"));
        }
    };
    let form = if format == Format::HistdataTick { TimeForm::Compact } else { TimeForm::CompactColons };
    let time = instant(&form, time, zone).ok_or_else(|| {
        DataError::new(DataCode::CsvBadTimestamp, "not a time").column("time").value(printable(time))
    })?;
    Ok(Tick { symbol, time, bid: price(bid, "bid")?, ask: price(ask, "ask")? })
}

fn instant(form: &TimeForm, text: &str, zone: &LocalZone) -> Option<i64> {
    match form.parse(text, None, &mut None)? {
        Stamp::Utc(micros) => Some(micros),
        Stamp::Local(civil) => match zone.instant(civil) {
            Local::Instant(micros) => Some(micros),
            Local::Nonexistent | Local::Ambiguous { .. } => None,
        },
    }
}

fn price(text: &str, column: &str) -> Result<f64, DataError> {
    let wrong = |code, what: &str| DataError::new(code, what).column(column).value(printable(text));
    let value: f64 = text.parse().map_err(|_| wrong(DataCode::CsvBadNumber, "not a number"))?;
    if !value.is_finite() {
        return Err(wrong(DataCode::NonFinitePrice, "a price must be a finite number"));
    }
    if value <= 0.0 {
        return Err(wrong(DataCode::NonPositivePrice, "a price must be above zero"));
    }
    Ok(value)
}
