//! Hours of the market week: which bars count, and how days of returns are formed.

use jiff::civil::{DateTime, Time, date};
use jiff::tz::TimeZone;

use crate::types::time::{DAY, HOUR};

/// Which hours of the week count (`data.md` section 7). Daily bars are never filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TradingWeek {
    /// All bars.
    #[default]
    None,
    /// Monday 07:00 to Saturday 07:00 in Sydney, as the reference has it.
    FxWeek,
    /// Sunday 17:00 to Friday 17:00 in New York.
    FxWeekNy,
}

impl TradingWeek {
    /// The clock of the week; `None` when every hour counts.
    pub fn clock(self) -> Option<WeekClock> {
        match self {
            Self::None => None,
            Self::FxWeek => Some(WeekClock::sydney()),
            Self::FxWeekNy => Some(WeekClock::new_york()),
        }
    }
}

/// A week that opens and closes at local times of one zone; remembers the week it looked at last.
#[derive(Debug, Clone)]
pub struct WeekClock {
    zone: TimeZone,
    first_day: i64,
    open_hour: i8,
    current: Week,
}

/// One trading week as instants, `[open, close)`, and the opening of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    number: i64,
    /// First instant of the week.
    pub open: i64,
    /// First instant after it.
    pub close: i64,
    /// First instant of the following week.
    pub next_open: i64,
}

/// Days in which a week is open.
const OPEN_DAYS: i64 = 5;

impl WeekClock {
    /// Sunday 17:00 to Friday 17:00, New York.
    pub fn new_york() -> Self {
        Self::new(new_york(), 3, 17)
    }

    /// Monday 07:00 to Saturday 07:00, Sydney.
    pub fn sydney() -> Self {
        Self::new(zone("Australia/Sydney"), 4, 7)
    }

    fn new(zone: TimeZone, first_day: i64, open_hour: i8) -> Self {
        let current = Week { number: i64::MIN, open: 0, close: 0, next_open: 0 };
        Self { zone, first_day, open_hour, current }
    }

    /// The week that is open at `time`, or that closed last before it.
    pub fn week(&mut self, time: i64) -> Week {
        if time < self.current.open || time >= self.current.next_open {
            let mut number = (time.div_euclid(DAY) - self.first_day).div_euclid(7);
            let mut week = self.numbered(number);
            while time < week.open {
                number -= 1;
                week = self.numbered(number);
            }
            while time >= week.next_open {
                number += 1;
                week = self.numbered(number);
            }
            self.current = week;
        }
        self.current
    }

    /// Whether the market is open at `time`.
    pub fn contains(&mut self, time: i64) -> bool {
        let week = self.week(time);
        (week.open..week.close).contains(&time)
    }

    /// Microseconds of `[from, to)` in which the market is open.
    pub fn open_between(&mut self, from: i64, to: i64) -> i64 {
        let mut total = 0;
        let mut at = from;
        while at < to {
            let week = self.week(at);
            total += (week.close.min(to) - at).max(0);
            at = week.next_open;
        }
        total
    }

    fn numbered(&self, number: i64) -> Week {
        let first = self.first_day + 7 * number;
        Week {
            number,
            open: self.local(first),
            close: self.local(first + OPEN_DAYS),
            next_open: self.local(first + 7),
        }
    }

    fn local(&self, day: i64) -> i64 {
        local_instant(&self.zone, day, self.open_hour)
    }
}

/// An instant given as day since the epoch and whole hour of a zone's clock; a skipped time moves forward.
pub(crate) fn local_instant(zone: &TimeZone, day: i64, hour: i8) -> i64 {
    let epoch = date(1970, 1, 1);
    let span = jiff::Span::new().days(day.clamp(-1_000_000, 1_000_000));
    let civil = epoch.saturating_add(span).to_datetime(Time::constant(hour, 0, 0, 0));
    zone.to_ambiguous_timestamp(civil)
        .compatible()
        .map_or(day * DAY + i64::from(hour) * HOUR, jiff::Timestamp::as_microsecond)
}

/// Wall clock of a zone at an instant.
pub(crate) fn wall_clock(zone: &TimeZone, time: i64) -> DateTime {
    let instant = jiff::Timestamp::from_microsecond(time).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    zone.to_datetime(instant)
}

/// Day since the epoch of a calendar date.
pub(crate) fn day_number(civil: DateTime) -> i64 {
    crate::types::Timestamp::from_civil(civil).map_or(0, crate::types::Timestamp::utc_day)
}

pub(crate) fn new_york() -> TimeZone {
    zone("America/New_York")
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("the zone database is compiled in")
}

/// Day of the week of a UTC instant, Monday 0 to Sunday 6.
pub(crate) fn weekday(time: i64) -> i64 {
    crate::types::Timestamp(time).weekday()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Calendar, Timestamp};

    fn at(text: &str) -> i64 {
        Timestamp::parse_iso(text).expect("an instant").0
    }

    #[test]
    fn the_new_york_week_follows_daylight_saving() {
        let mut clock = WeekClock::new_york();
        assert!(!clock.contains(at("2024-01-07T21:59:59Z")));
        assert!(clock.contains(at("2024-01-07T22:00:00Z")));
        assert!(clock.contains(at("2024-01-12T21:59:59Z")));
        assert!(!clock.contains(at("2024-01-12T22:00:00Z")));
        assert!(clock.contains(at("2024-07-07T21:00:00Z")));
        assert!(!clock.contains(at("2024-07-12T21:00:00Z")));
        assert!(!clock.contains(at("2024-01-06T12:00:00Z")));
    }

    #[test]
    fn open_time_between_instants_leaves_out_the_weekend() {
        let mut clock = WeekClock::new_york();
        let friday = at("2024-01-12T20:00:00Z");
        let sunday = at("2024-01-14T23:00:00Z");
        assert_eq!(clock.open_between(friday, sunday), 3 * HOUR);
        assert_eq!(clock.open_between(at("2024-01-13T00:00:00Z"), at("2024-01-14T00:00:00Z")), 0);
    }

    #[test]
    fn a_saturday_bar_makes_the_calendar_continuous() {
        let saturday = [at("2024-01-13T10:00:00Z")];
        let sunday = [at("2024-01-14T23:00:00Z")];
        assert_eq!(Calendar::detect([&sunday[..]]), Calendar::Fx24x5);
        assert_eq!(Calendar::detect([&sunday[..], &saturday[..]]), Calendar::Continuous24x7);
    }
}
