//! Where the days and weeks of a window end, worked out once and shared by all its trials.

use crate::types::time::DAY;
use crate::types::{Calendar, StepRange};

/// Days, weeks and length of one window of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricCalendar {
    window: StepRange,
    day_ends: Box<[u32]>,
    days: Box<[i64]>,
    week_ends: Box<[u32]>,
    years: f64,
    periods_per_year: f64,
}

impl MetricCalendar {
    /// Works out the window's calendar. `timeline` holds the open times of all steps (microseconds UTC, increasing);
    /// `periods_per_year` is the number of trading days that makes a year.
    ///
    /// # Panics
    /// When the window leaves the timeline, or a step does not fit 32 bits.
    pub fn new(timeline: &[i64], window: StepRange, calendar: Calendar, periods_per_year: u32) -> Self {
        let times = if window.is_empty() { &[] } else { &timeline[window.start..window.end] };
        let (days, day_ends) = group_ends(times, window.start, |day| calendar.trading_day(day));
        // Monday 1969-12-29 began week 0.
        let (weeks, last_of_week) = group_ends(times, window.start, |day| (day + 3).div_euclid(7));
        let years = match times {
            [first, .., last] => (last - first) as f64 / YEAR,
            _ => 0.0,
        };
        Self {
            window,
            day_ends: day_ends.into(),
            days: days.into(),
            week_ends: carry_empty_weeks(&weeks, &last_of_week).into(),
            years,
            periods_per_year: f64::from(periods_per_year),
        }
    }

    /// The steps it covers.
    pub fn window(&self) -> StepRange {
        self.window
    }

    /// The trading days with a bar, in days since 1970-01-01; daily returns belong to them one by one.
    pub fn days(&self) -> &[i64] {
        &self.days
    }

    /// Last step of each trading day.
    pub(super) fn day_ends(&self) -> &[u32] {
        &self.day_ends
    }

    /// Last step at or before each Sunday 24:00 UTC, from the first week to the last.
    pub(super) fn week_ends(&self) -> &[u32] {
        &self.week_ends
    }

    /// Time from the first bar's open to the last one's, in years of 365.25 days.
    pub fn years(&self) -> f64 {
        self.years
    }

    /// Trading days in a year.
    pub fn periods_per_year(&self) -> f64 {
        self.periods_per_year
    }
}

/// A year of 365.25 days in microseconds.
const YEAR: f64 = 365.25 * DAY as f64;

/// The distinct groups that the UTC days of increasing times fall into, and the last step of each. The end of a day is
/// searched, so a day costs the logarithm of its bars.
fn group_ends(times: &[i64], first_step: usize, group: impl Fn(i64) -> i64) -> (Vec<i64>, Vec<u32>) {
    let mut groups: Vec<i64> = Vec::new();
    let mut ends: Vec<u32> = Vec::new();
    let mut next = 0;
    while let Some(time) = times.get(next) {
        let day = time.div_euclid(DAY);
        next += times_before(&times[next..], (day + 1) * DAY);
        let end = u32::try_from(first_step + next - 1).expect("a timeline has fewer than 2^32 steps");
        let group = group(day);
        match ends.last_mut() {
            Some(last) if groups.last() == Some(&group) => *last = end,
            _ => {
                groups.push(group);
                ends.push(end);
            }
        }
    }
    (groups, ends)
}

/// Number of increasing times before an instant, searched in strides that double: days are short and the timeline is long.
fn times_before(times: &[i64], instant: i64) -> usize {
    let mut stride = 1;
    while times.get(stride).is_some_and(|&time| time < instant) {
        stride *= 2;
    }
    let sure = stride / 2;
    sure + times[sure..times.len().min(stride)].partition_point(|&time| time < instant)
}

/// A week without bars closes where the week before it closed.
fn carry_empty_weeks(weeks: &[i64], ends: &[u32]) -> Vec<u32> {
    let mut closes = Vec::with_capacity(ends.len());
    for (i, &end) in ends.iter().enumerate() {
        closes.push(end);
        for _ in 1..weeks.get(i + 1).map_or(1, |next| next - weeks[i]) {
            closes.push(end);
        }
    }
    closes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;

    fn calendar(dates: &[&str], calendar: Calendar) -> MetricCalendar {
        let timeline: Vec<i64> =
            dates.iter().map(|text| Timestamp::parse_iso(text).expect("a date").0).collect();
        MetricCalendar::new(&timeline, StepRange { start: 0, end: timeline.len() }, calendar, 252)
    }

    const WEEKEND: [&str; 4] =
        ["2024-01-05T10:00", "2024-01-05T20:00", "2024-01-07T22:00", "2024-01-08T08:00"];

    #[test]
    fn sunday_evening_is_part_of_monday_but_of_the_week_before() {
        let fx = calendar(&WEEKEND, Calendar::Fx24x5);
        assert_eq!(fx.day_ends(), [1, 3]);
        assert_eq!(fx.week_ends(), [2, 3]);
        let continuous = calendar(&WEEKEND, Calendar::Continuous24x7);
        assert_eq!(continuous.day_ends(), [1, 2, 3]);
    }

    #[test]
    fn a_week_without_bars_carries_the_last_close() {
        let gap = calendar(&["2024-01-05", "2024-01-25", "2024-01-29"], Calendar::Fx24x5);
        assert_eq!(gap.week_ends(), [0, 0, 0, 1, 2]);
    }

    #[test]
    fn an_empty_window_has_no_days() {
        let empty = MetricCalendar::new(&[], StepRange { start: 0, end: 0 }, Calendar::Fx24x5, 252);
        assert!(empty.days().is_empty() && empty.week_ends().is_empty());
        assert_eq!(empty.years(), 0.0);
    }
}
