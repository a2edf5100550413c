//! Quotes become bars: one bucket per timeframe, each side from its own prices, volume = number of quotes.

use std::io::BufRead;
use std::path::Path;

use super::cells::{Cells, Splitter};
use super::format::Format;
use super::spool::{Room, Spool};
use super::stamp::{Stamp, TimeForm};
use super::text::stream_error;
use crate::data::bars::Ohlc;
use crate::data::error::{DataCode, DataError, printable};
use crate::data::raw::{RawBar, RawSide};
use crate::data::zones::{Local, LocalZone};
use crate::types::{Timeframe, Timestamp};

/// Bars of both sides of one symbol.
#[derive(Debug)]
pub(super) struct TickBars {
    /// Symbol named in the rows.
    pub(super) symbol: Option<String>,
    pub(super) bid: Spool,
    pub(super) ask: Spool,
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
    room: &Room,
) -> Result<TickBars, DataError> {
    let zone = LocalZone::fixed_hours(if format == Format::HistdataTick { -5 } else { 0 });
    let side = || Spool::new(&RawSide::default(), room);
    let mut bars = TickBars { symbol: None, bid: side(), ask: side(), ticks: 0 };
    let mut splitter = Splitter::new(b',');
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
        let tick = tick(splitter.split(buffer.trim()), format, &zone).map_err(place)?;
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
        bars.take(&tick, timeframe, &mut bucket)?;
    }
    if let Some(bucket) = bucket.take() {
        bars.close(&bucket)?;
    }
    if bars.ticks == 0 {
        return Err(DataError::new(DataCode::NoRows, "no quotes").path(path));
    }
    Ok(bars)
}

struct Tick<'a> {
    /// As written: `EUR/USD`.
    symbol: Option<&'a str>,
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
    fn take(
        &mut self,
        tick: &Tick<'_>,
        timeframe: Timeframe,
        bucket: &mut Option<Bucket>,
    ) -> Result<(), DataError> {
        if self.symbol.is_none() {
            self.symbol = tick.symbol.map(|pair| pair.replace('/', ""));
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
                    self.close(&full)?;
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, bucket: &Bucket) -> Result<(), DataError> {
        for (side, prices) in [(&mut self.bid, bucket.bid), (&mut self.ask, bucket.ask)] {
            let bar = RawBar { time: bucket.time, prices, volume: bucket.count as f64 };
            side.push(&bar, side.len(), None)?;
        }
        Ok(())
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

fn tick<'a>(cells: Cells<'a>, format: Format, zone: &LocalZone) -> Result<Tick<'a>, DataError> {
    if cells.len() != 4 {
        let what = format!("{} fields, expected 4", cells.len());
        return Err(
            DataError::new(DataCode::CsvFieldCount, what).hint("the row is cut or has a separator too many")
        );
    }
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|k| cells.at(k));
    let (symbol, time, bid, ask) = match format {
        Format::TruefxTick => (Some(first), second, third, fourth),
        _ => (None, first, second, third),
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
