//! Times as foreign files write them.

use jiff::civil::{DateTime, date};
use jiff::tz::Offset;

use crate::data::stamps::TimeUnitOf;
use crate::data::zones::parse_offset;
use crate::types::time::DAY;

/// How a format writes times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TimeForm {
    /// `2014.05.02` and `23:35` or `23:35:00` in a second field, or alone.
    MetaTrader,
    /// `02.05.2014 20:35:00.000`, perhaps followed by ` GMT+0200`.
    DayFirst,
    /// `20140502 153500`, perhaps with milliseconds: `20200101 170000065`.
    Compact,
    /// `20130101 22:00:00.295`.
    CompactColons,
    /// `20140303` and `000000` in a second field.
    CompactPair,
    /// Unix time; the unit shows in the digits of the first row.
    Epoch,
    /// ISO 8601, with or without offset; a date alone is midnight.
    Iso,
    /// Unix time or ISO 8601.
    EpochOrIso,
    /// A pattern of `strptime`.
    Pattern(String),
}

/// A parsed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// Microseconds UTC.
    Utc(i64),
    /// A wall clock without a zone.
    Local(DateTime),
}

impl TimeForm {
    /// Reads one or two fields; `unit` remembers the unit of Unix times. `None` for anything malformed.
    pub(super) fn parse(
        &self,
        first: &str,
        second: Option<&str>,
        unit: &mut Option<TimeUnitOf>,
    ) -> Option<Stamp> {
        match self {
            Self::MetaTrader => dotted_date(first, second.unwrap_or("00:00")),
            Self::DayFirst => day_first(first),
            Self::Compact => compact(first),
            Self::CompactColons => {
                let (day, time) = first.split_once(' ')?;
                Some(Stamp::Local(at(compact_day(day)?, clock(time)?)?))
            }
            Self::CompactPair => {
                Some(Stamp::Local(at(compact_day(first)?, compact_clock(second.unwrap_or("000000"))?)?))
            }
            Self::Epoch => epoch(first, unit),
            Self::Iso => iso(first),
            Self::EpochOrIso => {
                let digits = first.bytes().all(|byte| byte.is_ascii_digit());
                if digits { epoch(first, unit) } else { iso(first) }
            }
            Self::Pattern(pattern) => by_pattern(pattern, first),
        }
    }
}

type Day = (i16, i8, i8);
/// Hour, minute, second, nanosecond.
type Clock = (i8, i8, i8, i32);

fn at((year, month, day): Day, (hour, minute, second, nano): Clock) -> Option<DateTime> {
    DateTime::new(year, month, day, hour, minute, second, nano).ok()
}

fn dotted_date(day: &str, time: &str) -> Option<Stamp> {
    let mut parts = day.split(['.', '/', '-']);
    let day = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    parts.next().is_none().then_some(())?;
    let day = (day.0, i8::try_from(day.1).ok()?, i8::try_from(day.2).ok()?);
    Some(Stamp::Local(at(day, clock(time)?)?))
}

fn day_first(text: &str) -> Option<Stamp> {
    let (day, rest) = text.split_once(' ')?;
    let mut parts = day.split('.');
    let (d, m, y) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?, number(parts.next()?, 4)?);
    parts.next().is_none().then_some(())?;
    let (time, zone) = rest.split_once(' ').map_or((rest, None), |(time, zone)| (time, Some(zone)));
    let civil = at((y, i8::try_from(m).ok()?, i8::try_from(d).ok()?), clock(time)?)?;
    match zone {
        None => Some(Stamp::Local(civil)),
        Some(zone) => {
            let offset = Offset::from_seconds(parse_offset(zone.trim())?).ok()?;
            Some(Stamp::Utc(offset.to_timestamp(civil).ok()?.as_microsecond()))
        }
    }
}

fn compact(text: &str) -> Option<Stamp> {
    let (day, time) = text.split_once(' ')?;
    let (seconds, millis) = time.split_at_checked(6)?;
    let (hour, minute, second, _) = compact_clock(seconds)?;
    let nano = match millis.len() {
        0 => 0,
        3 => i32::from(number(millis, 3)?) * 1_000_000,
        _ => return None,
    };
    Some(Stamp::Local(at(compact_day(day)?, (hour, minute, second, nano))?))
}

fn compact_day(text: &str) -> Option<Day> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    Some((number(year, 4)?, i8::try_from(number(month, 2)?).ok()?, i8::try_from(number(day, 2)?).ok()?))
}

fn compact_clock(text: &str) -> Option<Clock> {
    let (hour, rest) = text.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let two = |part: &str| i8::try_from(number(part, 2)?).ok();
    Some((two(hour)?, two(minute)?, two(second)?, 0))
}

/// `20:35`, `20:35:00` or `20:35:00.123`.
fn clock(text: &str) -> Option<Clock> {
    let mut parts = text.split(':');
    let two = |part: &str| i8::try_from(number(part, 2)?).ok();
    let (hour, minute) = (two(parts.next()?)?, two(parts.next()?)?);
    let (second, nano) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (second, fraction) = text.split_once('.').unwrap_or((text, ""));
            (two(second)?, nanos(fraction)?)
        }
    };
    parts.next().is_none().then_some((hour, minute, second, nano))
}

fn nanos(fraction: &str) -> Option<i32> {
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<9}").parse().ok()
}

/// Digits only, at most `width` of them.
fn number(text: &str, width: usize) -> Option<i16> {
    let legal = (1..=width).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if legal { text.parse().ok() } else { None }
}

fn epoch(text: &str, unit: &mut Option<TimeUnitOf>) -> Option<Stamp> {
    let value: i64 = text.parse().ok()?;
    if unit.is_none() {
        *unit = TimeUnitOf::by_digits(value);
    }
    let micros = match (*unit)? {
        TimeUnitOf::Seconds { .. } => value.saturating_mul(1_000_000),
        TimeUnitOf::Millis { .. } => value.saturating_mul(1000),
        TimeUnitOf::Nanos { .. } if value % 1000 != 0 => return None,
        TimeUnitOf::Nanos { .. } => value / 1000,
        TimeUnitOf::Days => value.saturating_mul(DAY),
        TimeUnitOf::Micros { .. } | TimeUnitOf::Epoch => value,
    };
    Some(Stamp::Utc(micros))
}

fn iso(text: &str) -> Option<Stamp> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return (instant.subsec_nanosecond() % 1000 == 0).then(|| Stamp::Utc(instant.as_microsecond()));
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let civil = text.parse::<DateTime>().ok()?;
    Some(Stamp::Local(civil))
}

fn by_pattern(pattern: &str, text: &str) -> Option<Stamp> {
    let parsed = jiff::fmt::strtime::parse(pattern, text).ok()?;
    if let Ok(instant) = parsed.to_timestamp() {
        return Some(Stamp::Utc(instant.as_microsecond()));
    }
    parsed
        .to_datetime()
        .or_else(|_| parsed.to_date().map(|day| day.at(0, 0, 0, 0)))
        .ok()
        .filter(|civil| civil.date() > date(1, 1, 1))
        .map(Stamp::Local)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(form: &TimeForm, first: &str, second: Option<&str>) -> Option<String> {
        match form.parse(first, second, &mut None)? {
            Stamp::Utc(micros) => Some(crate::types::Timestamp(micros).to_string()),
            Stamp::Local(civil) => Some(civil.to_string()),
        }
    }

    #[test]
    fn every_form_is_read() {
        let pattern = TimeForm::Pattern("%d/%m/%Y %H:%M".to_owned());
        for (form, first, second, expected) in [
            (TimeForm::MetaTrader, "2014.05.02", Some("23:35"), "2014-05-02T23:35:00"),
            (TimeForm::MetaTrader, "2014.05.02", None, "2014-05-02T00:00:00"),
            (TimeForm::DayFirst, "02.05.2014 20:35:00.000", None, "2014-05-02T20:35:00"),
            (TimeForm::DayFirst, "02.05.2014 22:35:00.000 GMT+0200", None, "2014-05-02T20:35:00Z"),
            (TimeForm::Compact, "20200101 170000065", None, "2020-01-01T17:00:00.065"),
            (TimeForm::CompactColons, "20130101 22:00:00.295", None, "2013-01-01T22:00:00.295"),
            (TimeForm::CompactPair, "20140303", Some("000000"), "2014-03-03T00:00:00"),
            (TimeForm::Epoch, "1399062900000", None, "2014-05-02T20:35:00Z"),
            (TimeForm::Iso, "2014-05-02 20:35:00+00:00", None, "2014-05-02T20:35:00Z"),
            (TimeForm::Iso, "2014-03-03", None, "2014-03-03T00:00:00"),
            (pattern, "02/05/2014 20:35", None, "2014-05-02T20:35:00"),
        ] {
            assert_eq!(parse(&form, first, second).as_deref(), Some(expected), "{first}");
        }
    }

    #[test]
    fn nonsense_is_no_time() {
        for (form, text) in [
            (TimeForm::MetaTrader, "2014.13.02"),
            (TimeForm::MetaTrader, "2014.05"),
            (TimeForm::DayFirst, "02.05.2014 20:35 GMT+x"),
            (TimeForm::Compact, "20140502 1535"),
            (TimeForm::Compact, "2014é502 153500"),
            (TimeForm::Epoch, "12345"),
            (TimeForm::Iso, "2014-13-06 10:00:00+00:00"),
            (TimeForm::Iso, "soon"),
        ] {
            assert_eq!(parse(&form, text, None), None, "{text}");
        }
    }

    #[test]
    fn the_unit_of_the_first_row_holds_for_the_file() {
        let mut unit = None;
        assert!(TimeForm::Epoch.parse("1399062900", None, &mut unit).is_some());
        assert_eq!(TimeForm::Epoch.parse("5", None, &mut unit), Some(Stamp::Utc(5_000_000)));
    }
}
