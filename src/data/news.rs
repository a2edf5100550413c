//! News calendar: events around which no position is opened (`data.md` 12, `mean_reversion_z_score.md` 2 step 6).

use std::path::Path;
use std::sync::Arc;

use super::error::{DataCode, DataError};
use super::multi::{MultiSymbolData, SymbolSeries};
use crate::types::time::MINUTE;
use crate::types::{Digest, DigestWriter, Timestamp};

/// Entries are blocked this long before an event.
const BEFORE: i64 = 60 * MINUTE;
/// Entries are blocked this long after an event.
const AFTER: i64 = 30 * MINUTE;

/// Events in time order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsCalendar {
    events: Vec<NewsEvent>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewsEvent {
    /// When it happens.
    pub time: Timestamp,
    /// Currency it concerns, three letters.
    pub currency: String,
}

impl NewsCalendar {
    /// Reads UTF-8 text with the header `time,currency,title`; rows in any order, repeated rows count once.
    ///
    /// # Errors
    /// `invalid_text`, `missing_column`, `csv_field_count`, `csv_bad_timestamp` with the line.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, DataError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
        let header = reader.headers().map_err(|error| not_text(&error, path))?.clone();
        if header.iter().ne(["time", "currency", "title"]) {
            let found = header.iter().collect::<Vec<_>>().join(",");
            return Err(DataError::new(DataCode::MissingColumn, "the header must be time,currency,title")
                .path(path)
                .value(found));
        }
        let mut events = Vec::new();
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|error| not_text(&error, path))?;
            let line = record.position().map_or(0, csv::Position::line);
            events.push(event(&record).map_err(|error| error.path(path).row(row).line(line))?);
        }
        events.sort_unstable();
        events.dedup();
        Ok(Self { events })
    }

    /// All events, by time, then currency.
    pub fn events(&self) -> &[NewsEvent] {
        &self.events
    }

    /// Whether an event that concerns the symbol lies between 30 minutes before and 60 minutes after the instant,
    /// both inclusive: the instant is in `[event - 60 min, event + 30 min]`. The instant is a bar's open plus its
    /// length.
    pub fn blocked(&self, symbol: &str, instant: Timestamp) -> bool {
        let first = self.events.partition_point(|event| event.time.0 < instant.0 - AFTER);
        self.events[first..]
            .iter()
            .take_while(|event| event.time.0 <= instant.0 + BEFORE)
            .any(|event| concerns(&event.currency, symbol))
    }

    /// Per symbol, the rows on which its gate is closed at the bar's open plus its length; bit `r % 64` of word `r / 64`
    /// stands for row `r`. `None` for a symbol that no event concerns.
    pub fn blocked_rows(&self, data: &MultiSymbolData) -> Vec<Option<Arc<[u64]>>> {
        let of = |series: &SymbolSeries| {
            let length = series.bars.timeframe().micros();
            let mut words = vec![0_u64; series.bars.len().div_ceil(64)];
            for (row, &time) in series.bars.times().iter().enumerate() {
                let closed = self.blocked(&series.spec.name, Timestamp(time + length));
                words[row / 64] |= u64::from(closed) << (row % 64);
            }
            words.iter().any(|&word| word != 0).then(|| words.into())
        };
        data.symbols().iter().map(of).collect()
    }

    /// Digest of the events, part of the data fingerprint.
    pub fn digest(&self) -> Digest {
        let mut writer = DigestWriter::new("omega-sweep news 1");
        writer.u64(self.events.len() as u64);
        for event in &self.events {
            writer.i64(event.time.0).text(&event.currency);
        }
        writer.finish()
    }
}

/// Dollar events concern every symbol; Australia and New Zealand concern each other.
fn concerns(currency: &str, symbol: &str) -> bool {
    let legs = |code: &str| symbol.starts_with(code) || symbol.ends_with(code);
    match currency {
        "USD" => true,
        "AUD" | "NZD" => legs("AUD") || legs("NZD"),
        "EUR" | "GBP" | "JPY" | "CHF" | "CAD" => legs(currency),
        _ => false,
    }
}

fn event(record: &csv::StringRecord) -> Result<NewsEvent, DataError> {
    let [Some(time), Some(currency), Some(_), None] = [0, 1, 2, 3].map(|k| record.get(k)) else {
        return Err(DataError::new(
            DataCode::CsvFieldCount,
            format!("{} fields, expected 3: time,currency,title", record.len()),
        )
        .hint("a title with a comma stands in quotes"));
    };
    let instant = zoned(time).ok_or_else(|| {
        DataError::new(DataCode::CsvBadTimestamp, "not an ISO 8601 time with a zone")
            .column("time")
            .value(time)
            .hint("for example 2024-03-08T13:30:00Z")
    })?;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Err(DataError::new(DataCode::CsvFieldCount, "the currency must have three letters")
            .column("currency")
            .value(currency));
    }
    Ok(NewsEvent { time: instant, currency: currency.to_ascii_uppercase() })
}

/// An instant whose text names its zone.
fn zoned(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(instant.as_microsecond()))
}

fn not_text(error: &csv::Error, path: &Path) -> DataError {
    let error_at = DataError::new(DataCode::InvalidText, error.to_string()).path(path);
    match error.position() {
        Some(position) => error_at.line(position.line()),
        None => error_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(rows: &str) -> Result<NewsCalendar, DataError> {
        NewsCalendar::parse(format!("time,currency,title\n{rows}").as_bytes(), Path::new("news.csv"))
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_iso(text).expect("an instant")
    }

    #[test]
    fn entries_are_blocked_from_an_hour_before_to_half_an_hour_after() {
        let news = calendar("2024-03-08T13:30:00Z,EUR,\"Rate, decision\"\n").expect("a calendar");
        let blocked = |time| news.blocked("EURGBP", at(time));
        assert!(!blocked("2024-03-08T12:29:59Z"));
        assert!(blocked("2024-03-08T12:30:00Z"));
        assert!(blocked("2024-03-08T14:00:00Z"));
        assert!(!blocked("2024-03-08T14:00:01Z"));
    }

    #[test]
    fn currencies_concern_their_symbols() {
        for (currency, symbol, yes) in [
            ("USD", "EURGBP", true),
            ("AUD", "NZDJPY", true),
            ("NZD", "EURAUD", true),
            ("AUD", "EURUSD", false),
            ("GBP", "EURGBP", true),
            ("GBP", "EURUSD", false),
            ("SEK", "EURSEK", false),
        ] {
            assert_eq!(concerns(currency, symbol), yes, "{currency} {symbol}");
        }
    }

    #[test]
    fn bad_rows_are_named_and_order_does_not_matter() {
        let code = |rows| calendar(rows).expect_err("bad").code();
        assert_eq!(code("2024-03-08T13:30:00,EUR,x\n"), DataCode::CsvBadTimestamp);
        assert_eq!(code("2024-03-08T13:30:00Z,EUR\n"), DataCode::CsvFieldCount);
        let one = calendar("2024-03-08T13:30:00Z,EUR,a\n2024-03-07T13:30:00Z,USD,b\n").expect("a calendar");
        let two = calendar(
            "2024-03-07T14:30:00+01:00,usd,b\n2024-03-08T13:30:00Z,EUR,a\n2024-03-08T13:30:00Z,EUR,c\n",
        );
        assert_eq!(one.digest(), two.expect("a calendar").digest());
        let header = NewsCalendar::parse(b"when,what\n", Path::new("n.csv")).expect_err("no header");
        assert_eq!(header.code(), DataCode::MissingColumn);
    }
}
