//! One clock: `i64` microseconds since 1970-01-01T00:00:00Z. A bar's timestamp is its open.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// Microseconds in a minute.
pub const MINUTE: i64 = 60_000_000;
/// Microseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// An instant, microseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Days since the epoch of the UTC date, flooring.
    pub fn utc_day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Microseconds since UTC midnight, `0..DAY`.
    pub fn time_of_day(self) -> i64 {
        self.0.rem_euclid(DAY)
    }

    /// Day of the week of the UTC date, Monday 0 to Sunday 6.
    pub fn weekday(self) -> i64 {
        (self.utc_day() + 3).rem_euclid(7)
    }

    /// Reads `2021-01-01`, `2021-01-01T10:00`, `2021-01-01T10:00:00Z` or a form with a numeric offset; without a zone
    /// the text is UTC. `None` for anything else.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Self(instant.as_microsecond()));
        }
        let civil = match text.parse::<DateTime>() {
            Ok(civil) => civil,
            Err(_) => text.parse::<jiff::civil::Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
        };
        let instant = Offset::UTC.to_timestamp(civil).ok()?;
        Some(Self(instant.as_microsecond()))
    }

    /// The UTC calendar date and time; `None` outside the years a calendar knows.
    pub fn civil(self) -> Option<DateTime> {
        let instant = jiff::Timestamp::from_microsecond(self.0).ok()?;
        Some(TimeZone::UTC.to_datetime(instant))
    }

    /// The instant of a UTC calendar date and time.
    pub fn from_civil(civil: DateTime) -> Option<Self> {
        Some(Self(Offset::UTC.to_timestamp(civil).ok()?.as_microsecond()))
    }

    /// Moved by whole calendar months in UTC, the day clipped to the month's end; `None` outside the calendar.
    pub fn add_months(self, months: i64) -> Option<Self> {
        let span = jiff::Span::new().try_months(months).ok()?;
        Self::from_civil(self.civil()?.checked_add(span).ok()?)
    }
}

impl fmt::Display for Timestamp {
    /// `2022-03-14T10:15:00Z`, with a fraction only when there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

/// Length of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timeframe {
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// Fifteen minutes.
    M15,
    /// Thirty minutes.
    M30,
    /// One hour.
    H1,
    /// Four hours.
    H4,
    /// One day.
    D1,
}

impl Timeframe {
    /// All timeframes, shortest first.
    pub const ALL: [Self; 7] = [Self::M1, Self::M5, Self::M15, Self::M30, Self::H1, Self::H4, Self::D1];

    /// Length in minutes.
    pub fn minutes(self) -> i64 {
        match self {
            Self::M1 => 1,
            Self::M5 => 5,
            Self::M15 => 15,
            Self::M30 => 30,
            Self::H1 => 60,
            Self::H4 => 240,
            Self::D1 => 1440,
        }
    }

    /// Length in microseconds.
    pub fn micros(self) -> i64 {
        self.minutes() * MINUTE
    }

    /// `"M15"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::M1 => "M1",
            Self::M5 => "M5",
            Self::M15 => "M15",
            Self::M30 => "M30",
            Self::H1 => "H1",
            Self::H4 => "H4",
            Self::D1 => "D1",
        }
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Timeframe {
    type Err = ();

    /// Exactly the names of [`Timeframe::ALL`].
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|timeframe| timeframe.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_offsets_are_read_as_utc() {
        let midnight = Timestamp::parse_iso("2021-01-01").expect("a date");
        assert_eq!(midnight, Timestamp::parse_iso("2021-01-01T00:00:00Z").expect("an instant"));
        assert_eq!(midnight, Timestamp::parse_iso("2021-01-01T02:00:00+02:00").expect("an offset"));
        assert_eq!(midnight, Timestamp::parse_iso("2021-01-01T00:00").expect("no zone is UTC"));
        assert_eq!(Timestamp::parse_iso("soon"), None);
        assert_eq!(midnight.to_string(), "2021-01-01T00:00:00Z");
        assert_eq!(midnight.weekday(), 4);
    }

    #[test]
    fn months_are_calendar_months_with_the_day_clipped() {
        let end = Timestamp::parse_iso("2021-03-31").expect("a date");
        assert_eq!(end.add_months(-1), Timestamp::parse_iso("2021-02-28"));
    }
}
