//! Hours in which the strategy may speak (`execution.md` 2.4).

use super::read::{Fields, Misfit, misfit, object};
use crate::types::time::{DAY, HOUR, MINUTE};
use crate::types::{ParamValue, Timestamp};

/// Windows of the UTC day, both ends inclusive; one that starts after its end wraps midnight; none = always open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Session {
    windows: Vec<(i64, i64)>,
}

impl Session {
    /// Windows in microseconds of the day, `0..DAY`.
    pub fn new(windows: Vec<(i64, i64)>) -> Self {
        Self { windows }
    }

    /// Whether the gate is open at an instant (the bar's open plus one timeframe).
    #[inline]
    pub fn is_open(&self, gate: Timestamp) -> bool {
        let time = gate.time_of_day();
        self.windows.is_empty()
            || self.windows.iter().any(|&(start, end)| {
                if start <= end { start <= time && time <= end } else { time >= start || time <= end }
            })
    }

    pub(super) fn read(value: &ParamValue) -> Result<Self, Misfit> {
        let fields = Fields::of(value, &["fixed_times"])?;
        let windows = fields.required("fixed_times", |times| {
            let windows = times.as_list().map(|list| list.iter().map(window).collect::<Option<Vec<_>>>());
            windows.flatten().ok_or_else(|| misfit(times, "a list of [\"HH:MM\", \"HH:MM\"] windows, UTC"))
        })?;
        Ok(Self { windows })
    }

    pub(super) fn value(&self) -> ParamValue {
        let windows = self.windows.iter().map(|&(start, end)| {
            ParamValue::List([start, end].map(|time| ParamValue::text(&clock_text(time))).into())
        });
        object([("fixed_times", ParamValue::List(windows.collect()))])
    }
}

fn window(value: &ParamValue) -> Option<(i64, i64)> {
    match value.as_list()? {
        [start, end] => Some((clock_time(start.as_str()?)?, clock_time(end.as_str()?)?)),
        _ => None,
    }
}

/// `HH:MM` or `HH:MM:SS` as microseconds of the day.
fn clock_time(text: &str) -> Option<i64> {
    let parts: Vec<i64> = text
        .split(':')
        .map(|part| {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok()).flatten()
        })
        .collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let time = hours * HOUR + minutes * MINUTE + seconds * 1_000_000;
    (minutes < 60 && seconds < 60 && time < DAY).then_some(time)
}

fn clock_text(time: i64) -> String {
    let (hours, minutes, seconds) = (time / HOUR, time % HOUR / MINUTE, time % MINUTE / 1_000_000);
    match seconds {
        0 => format!("{hours:02}:{minutes:02}"),
        _ => format!("{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_iso(text).expect("an instant")
    }

    #[test]
    fn both_ends_are_open_and_a_late_start_wraps_midnight() {
        let day = Session::new(vec![(7 * HOUR, 17 * HOUR)]);
        assert!(day.is_open(at("2024-01-02T07:00")) && day.is_open(at("2024-01-02T17:00")));
        assert!(!day.is_open(at("2024-01-02T06:59:59")) && !day.is_open(at("2024-01-02T17:00:01")));
        let night = Session::new(vec![(22 * HOUR, 2 * HOUR)]);
        assert!(night.is_open(at("2024-01-02T23:30")) && night.is_open(at("2024-01-02T02:00")));
        assert!(!night.is_open(at("2024-01-02T12:00")));
        assert!(Session::default().is_open(at("2024-01-02T12:00")));
    }

    #[test]
    fn clock_times_are_two_digits_within_the_day() {
        for wrong in ["7:00", "24:00", "12:60", "12", "noon", "12:00:00:00", "+1:00"] {
            assert_eq!(clock_time(wrong), None, "{wrong}");
        }
        assert_eq!(clock_time("23:59:30").map(clock_text).as_deref(), Some("23:59:30"));
    }
}
