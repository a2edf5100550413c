//! Which days a market trades on.

use std::fmt;
use std::str::FromStr;

use super::Timestamp;

/// How dates become trading days, and how many of them make a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Calendar {
    /// Monday to Friday; what happens on a Saturday or Sunday (UTC) belongs to the next Monday.
    #[default]
    Fx24x5,
    /// Every day of the week.
    Continuous24x7,
}

impl Calendar {
    /// Continuous if any open time (microseconds UTC) lies on a Saturday.
    pub fn detect<'a>(series: impl IntoIterator<Item = &'a [i64]>) -> Self {
        let saturday = |times: &[i64]| times.iter().any(|&time| Timestamp(time).weekday() == 5);
        if series.into_iter().any(saturday) { Self::Continuous24x7 } else { Self::Fx24x5 }
    }

    /// The name in a sweep file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fx24x5 => "fx_24x5",
            Self::Continuous24x7 => "continuous_24x7",
        }
    }

    /// Trading days in a year unless the sweep file says otherwise: 252 or 365.
    pub fn periods_per_year(self) -> u32 {
        match self {
            Self::Fx24x5 => 252,
            Self::Continuous24x7 => 365,
        }
    }

    /// The trading day, in days since 1970-01-01, that a UTC date of the same count belongs to.
    pub fn trading_day(self, utc_day: i64) -> i64 {
        // 1970-01-01 was a Thursday; Monday counts 0.
        match (self, (utc_day + 3).rem_euclid(7)) {
            (Self::Fx24x5, 5) => utc_day + 2,
            (Self::Fx24x5, 6) => utc_day + 1,
            _ => utc_day,
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Calendar {
    type Err = ();

    /// Exactly the two names.
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Fx24x5, Self::Continuous24x7].into_iter().find(|c| c.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;

    #[test]
    fn a_weekend_belongs_to_the_next_monday_where_markets_close() {
        let day = |text| Timestamp::parse_iso(text).expect("a date").utc_day();
        let monday = day("2024-01-08");
        assert_eq!(Calendar::Fx24x5.trading_day(day("2024-01-06")), monday);
        assert_eq!(Calendar::Fx24x5.trading_day(day("2024-01-07")), monday);
        assert_eq!(Calendar::Fx24x5.trading_day(monday), monday);
        assert_eq!(Calendar::Fx24x5.trading_day(day("2024-01-05")), monday - 3);
        assert_eq!(Calendar::Continuous24x7.trading_day(day("2024-01-06")), monday - 2);
    }
}
