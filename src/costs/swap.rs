//! Financing per lot and night (`execution.md` 9b), charged at each 17:00 New York that passes while a position is open.

use std::sync::Arc;

use jiff::Timestamp as Instant;
use jiff::civil::{Date, Weekday as CivilWeekday};
use jiff::tz::TimeZone;

use crate::types::words::words;
use crate::types::{Direction, Timestamp};

words! {
    /// What the numbers of a swap count.
    SwapUnit {
        /// Pips of the symbol per lot and night.
        Pips = "pips",
        /// Account money per lot and night.
        MoneyPerLot = "money_per_lot",
    }
}

words! {
    /// A day of the trading week, for the triple night.
    Weekday {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
    }
}

/// Swap of one symbol; positive numbers are charged, negative ones credited.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SwapRates {
    /// Per night and lot held long.
    pub long: f64,
    /// Per night and lot held short.
    pub short: f64,
    /// Unit of both.
    pub unit: SwapUnit,
}

impl SwapRates {
    /// The number of a direction.
    pub fn of(self, direction: Direction) -> f64 {
        match direction {
            Direction::Long => self.long,
            Direction::Short => self.short,
        }
    }
}

/// Swap of all symbols that have one.
#[derive(Debug, Clone, PartialEq)]
pub struct SwapSettings {
    /// By symbol name.
    pub symbols: Vec<(Arc<str>, SwapRates)>,
    /// Night that counts three times.
    pub triple_day: Weekday,
}

impl SwapSettings {
    /// The rates of a symbol.
    pub fn of(&self, symbol: &str) -> Option<SwapRates> {
        self.symbols.iter().find(|(name, _)| name.as_ref() == symbol).map(|(_, rates)| *rates)
    }
}

/// One 17:00 New York on a weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollover {
    /// The instant.
    pub time: Timestamp,
    /// Nights it counts: 1 or 3.
    pub nights: u8,
}

/// Every rollover in `(after, until]`, in order.
///
/// Instants outside the years a calendar knows give none.
pub fn rollovers(after: Timestamp, until: Timestamp, triple: Weekday) -> Vec<Rollover> {
    let Ok(zone) = TimeZone::get("America/New_York") else { return Vec::new() };
    let date_of = |time: Timestamp| -> Option<Date> {
        Some(zone.to_datetime(Instant::from_microsecond(time.0).ok()?).date())
    };
    let (Some(first), Some(last)) = (date_of(after), date_of(until)) else { return Vec::new() };
    first
        .series(jiff::Span::new().days(1))
        .take_while(|date| *date <= last)
        .filter_map(|date| {
            let day = trading_day(date.weekday())?;
            let time = zone.to_timestamp(date.at(17, 0, 0, 0)).ok()?.as_microsecond();
            Some(Rollover { time: Timestamp(time), nights: if day == triple { 3 } else { 1 } })
        })
        .filter(|rollover| after < rollover.time && rollover.time <= until)
        .collect()
}

fn trading_day(day: CivilWeekday) -> Option<Weekday> {
    match day {
        CivilWeekday::Monday => Some(Weekday::Monday),
        CivilWeekday::Tuesday => Some(Weekday::Tuesday),
        CivilWeekday::Wednesday => Some(Weekday::Wednesday),
        CivilWeekday::Thursday => Some(Weekday::Thursday),
        CivilWeekday::Friday => Some(Weekday::Friday),
        CivilWeekday::Saturday | CivilWeekday::Sunday => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_iso(text).expect("an instant")
    }

    #[test]
    fn weekdays_roll_at_17_new_york_and_the_triple_day_counts_three() {
        let week = rollovers(at("2024-01-08T00:00:00Z"), at("2024-01-15T00:00:00Z"), Weekday::Wednesday);
        let nights: Vec<_> = week.iter().map(|rollover| rollover.nights).collect();
        assert_eq!(nights, [1, 1, 3, 1, 1]);
        assert_eq!(week[0].time, at("2024-01-08T22:00:00Z"));
    }

    #[test]
    fn summer_time_moves_the_instant_and_the_borders_are_after_and_until() {
        let summer = at("2024-07-02T21:00:00Z");
        assert_eq!(rollovers(summer, at("2024-07-02T23:00:00Z"), Weekday::Friday), []);
        let before = Timestamp(summer.0 - 1);
        assert_eq!(rollovers(before, summer, Weekday::Friday), [Rollover { time: summer, nights: 1 }]);
    }
}
