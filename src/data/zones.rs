//! Local times of files become instants.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::error::{DataCode, DataError};

/// The zone of naive times.
#[derive(Debug, Clone)]
pub(crate) struct LocalZone {
    zone: TimeZone,
    name: String,
}

/// What to do with a local time that happens twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnAmbiguous {
    /// The file is refused.
    #[default]
    Error,
    /// The earlier instant.
    First,
    /// The later instant.
    Second,
    /// The row is left out.
    Drop,
}

/// An instant, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Local {
    Instant(i64),
    Nonexistent,
    Ambiguous { first: i64, second: i64 },
}

impl LocalZone {
    /// An IANA name, `UTC`, or an offset like `+02:00`, `UTC-5`, `-0500`.
    ///
    /// # Errors
    /// `timezone_missing` naming what was given.
    pub(crate) fn parse(name: &str) -> Result<Self, DataError> {
        let zone = match parse_offset(name) {
            Some(seconds) => Offset::from_seconds(seconds).ok().map(TimeZone::fixed),
            None => TimeZone::get(name).ok(),
        };
        zone.map(|zone| Self { zone, name: name.to_owned() }).ok_or_else(|| {
            DataError::new(DataCode::TimezoneMissing, format!("unknown time zone {name}"))
                .hint("an IANA name such as Europe/Athens, UTC, or an offset such as +02:00")
        })
    }

    /// A zone that is always as many hours from UTC.
    pub(crate) fn fixed_hours(hours: i8) -> Self {
        Self { zone: TimeZone::fixed(Offset::constant(hours)), name: format!("UTC{hours:+}") }
    }

    /// The instant of a local time.
    pub(crate) fn instant(&self, civil: DateTime) -> Local {
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        let at =
            |offset: Offset| offset.to_timestamp(civil).map_or(i64::MAX, jiff::Timestamp::as_microsecond);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => Local::Instant(at(offset)),
            AmbiguousOffset::Gap { .. } => Local::Nonexistent,
            AmbiguousOffset::Fold { before, after } => {
                Local::Ambiguous { first: at(before), second: at(after) }
            }
        }
    }

    /// The error for a local time that does not exist.
    pub(crate) fn nonexistent(&self, civil: DateTime) -> DataError {
        DataError::new(DataCode::NonexistentLocalTime, format!("a time that {} skips", self.name))
            .value(civil)
            .hint("the declared zone is not the zone of the file (--tz)")
    }

    /// The error for a local time that happens twice.
    pub(crate) fn ambiguous(&self, civil: DateTime) -> DataError {
        DataError::new(DataCode::AmbiguousLocalTime, format!("a time that happens twice in {}", self.name))
            .value(civil)
            .hint("--on-ambiguous first, second or drop decides, or --tz names another zone")
    }
}

/// Seconds of `+02:00`, `-0500`, `+2`, each optionally after `UTC` or `GMT`; `UTC`, `GMT` and `Z` alone are 0.
pub(crate) fn parse_offset(text: &str) -> Option<i32> {
    if matches!(text, "UTC" | "GMT" | "Z") {
        return Some(0);
    }
    let rest = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).unwrap_or(text);
    let (sign, digits) = match rest.as_bytes().first()? {
        b'+' => (1, &rest[1..]),
        b'-' => (-1, &rest[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let short = |part: &str| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !short(hours) || !short(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn clock_changes_make_times_that_miss_or_repeat() {
        let athens = LocalZone::parse("Europe/Athens").expect("a zone");
        assert_eq!(athens.instant(date(2016, 3, 27).at(3, 30, 0, 0)), Local::Nonexistent);
        let Local::Ambiguous { first, second } = athens.instant(date(2016, 10, 30).at(3, 30, 0, 0)) else {
            panic!("half past three happens twice");
        };
        assert_eq!(second - first, 3_600_000_000);
        let summer = athens.instant(date(2014, 5, 2).at(23, 35, 0, 0));
        assert_eq!(summer, Local::Instant(1_399_062_900_000_000));
    }

    #[test]
    fn offsets_are_read_in_their_usual_forms() {
        for (text, seconds) in [("+02:00", 7200), ("GMT-0500", -18_000), ("UTC-5", -18_000), ("UTC", 0)] {
            assert_eq!(parse_offset(text), Some(seconds), "{text}");
        }
        for text in ["Europe/Athens", "+", "+99:00", "+02:0x", "GMT+123456", "+é"] {
            assert_eq!(parse_offset(text), None, "{text}");
        }
        assert!(LocalZone::parse("Mars/Olympus").is_err());
    }
}
