//! Lengths of time as a sweep file writes them: `500bars`, `10d`, `2w`, `18m`, `5y`.

use std::fmt;
use std::str::FromStr;

use super::time::{DAY, Timestamp};

/// A length in bars of the primary timeframe or in calendar time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// Bars of the primary timeframe (steps of the timeline).
    Bars(u32),
    /// Days of 24 hours.
    Days(u32),
    /// Weeks of 7 days.
    Weeks(u32),
    /// Calendar months in UTC, the day clipped to the month's end.
    Months(u32),
    /// Calendar years in UTC, 29 February clipped to the 28th.
    Years(u32),
}

/// A text that is not a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a length of time; write a whole number and its unit: 500bars, 10d, 2w, 18m or 5y")]
pub struct SpanError {
    /// The text found.
    pub found: String,
}

impl Span {
    /// The number in front of the unit.
    pub fn count(self) -> u32 {
        match self {
            Self::Bars(n) | Self::Days(n) | Self::Weeks(n) | Self::Months(n) | Self::Years(n) => n,
        }
    }

    /// Whether nothing lies in it.
    pub fn is_zero(self) -> bool {
        self.count() == 0
    }

    /// `times` spans after `start` (before it when negative), counted from `start` in one go: twice a month after
    /// 31 January is 31 March. `None` for bars, and outside the years a calendar knows.
    pub fn shift(self, start: Timestamp, times: i64) -> Option<Timestamp> {
        let count = i64::from(self.count()).checked_mul(times)?;
        let days = |days: i64| Some(Timestamp(start.0.checked_add(days.checked_mul(DAY)?)?));
        match self {
            Self::Bars(_) => None,
            Self::Days(_) => days(count),
            Self::Weeks(_) => days(count.checked_mul(7)?),
            Self::Months(_) => start.add_months(count),
            Self::Years(_) => start.add_months(count.checked_mul(12)?),
        }
    }
}

impl fmt::Display for Span {
    /// The form it is read from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self {
            Self::Bars(_) => "bars",
            Self::Days(_) => "d",
            Self::Weeks(_) => "w",
            Self::Months(_) => "m",
            Self::Years(_) => "y",
        };
        write!(f, "{}{unit}", self.count())
    }
}

impl FromStr for Span {
    type Err = SpanError;

    /// Digits and a unit without a space between.
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let refuse = || SpanError { found: text.to_owned() };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let n = number.parse::<u32>().map_err(|_| refuse())?;
        match unit {
            "bars" => Ok(Self::Bars(n)),
            "d" => Ok(Self::Days(n)),
            "w" => Ok(Self::Weeks(n)),
            "m" => Ok(Self::Months(n)),
            "y" => Ok(Self::Years(n)),
            _ => Err(refuse()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_iso(text).expect("a date")
    }

    #[test]
    fn a_span_reads_back_what_it_writes() {
        for text in ["500bars", "10d", "2w", "18m", "5y", "0d"] {
            assert_eq!(text.parse::<Span>().expect(text).to_string(), text);
        }
        for text in ["", "d", "10", "1.5m", "-3d", "10 d", "3months", "99999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn months_and_years_are_counted_on_the_calendar_from_the_start() {
        assert_eq!(Span::Months(1).shift(at("2021-01-31"), 2), Some(at("2021-03-31")));
        assert_eq!(Span::Months(18).shift(at("2020-08-31"), 1), Some(at("2022-02-28")));
        assert_eq!(Span::Years(1).shift(at("2024-02-29"), -1), Some(at("2023-02-28")));
        assert_eq!(Span::Weeks(2).shift(at("2021-01-01"), 1), Some(at("2021-01-15")));
        assert_eq!(Span::Bars(3).shift(at("2021-01-01"), 1), None);
    }
}
