//! Where the days and weeks of a window end, worked out once and shared by all its trials.

use crate::types::time::DAY;
use crate::types::{Calendar, StepRange};

/// Days, weeks and length of one window of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricCalendar {
    window: StepRange,
    marks: Box<[u32]>,
    days: Box<[i64]>,
    days_at: Box<[u32]>,
    weeks_at: Box<[u32]>,
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
        let week_ends = carry_empty_weeks(&weeks, &last_of_week);
        let mut marks = [day_ends.as_slice(), &week_ends].concat();
        marks.sort_unstable();
        marks.dedup();
        Self {
            window,
            days: days.into(),
            days_at: places(&day_ends, &marks),
            weeks_at: places(&week_ends, &marks),
            marks: marks.into(),
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

    /// Steps on which a trading day or a week ends, each once.
    pub(super) fn marks(&self) -> &[u32] {
        &self.marks
    }

    /// The place among the marks of each trading day's last step.
    pub(super) fn days_at(&self) -> &[u32] {
        &self.days_at
    }

    /// The place among the marks of the last step at or before each Sunday 24:00 UTC, from the first week to the last.
    pub(super) fn weeks_at(&self) -> &[u32] {
        &self.weeks_at
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

/// Places of steps among the marks, which hold all of them.
fn places(steps: &[u32], marks: &[u32]) -> Box<[u32]> {
    let place =
        |step| u32::try_from(marks.partition_point(|mark| mark < step)).expect("fewer than 2^32 marks");
    steps.iter().map(place).collect()
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

    fn ends(calendar: &MetricCalendar, places: &[u32]) -> Vec<u32> {
        places.iter().map(|&place| calendar.marks()[place as usize]).collect()
    }

    fn day_ends(calendar: &MetricCalendar) -> Vec<u32> {
        ends(calendar, calendar.days_at())
    }

    fn week_ends(calendar: &MetricCalendar) -> Vec<u32> {
        ends(calendar, calendar.weeks_at())
    }

    const WEEKEND: [&str; 4] =
        ["2024-01-05T10:00", "2024-01-05T20:00", "2024-01-07T22:00", "2024-01-08T08:00"];

    #[test]
    fn sunday_evening_is_part_of_monday_but_of_the_week_before() {
        let fx = calendar(&WEEKEND, Calendar::Fx24x5);
        assert_eq!(day_ends(&fx), [1, 3]);
        assert_eq!(week_ends(&fx), [2, 3]);
        let continuous = calendar(&WEEKEND, Calendar::Continuous24x7);
        assert_eq!(day_ends(&continuous), [1, 2, 3]);
    }

    #[test]
    fn a_week_without_bars_carries_the_last_close() {
        let gap = calendar(&["2024-01-05", "2024-01-25", "2024-01-29"], Calendar::Fx24x5);
        assert_eq!(week_ends(&gap), [0, 0, 0, 1, 2]);
    }

    #[test]
    fn an_empty_window_has_no_days() {
        let empty = MetricCalendar::new(&[], StepRange { start: 0, end: 0 }, Calendar::Fx24x5, 252);
        assert!(empty.days().is_empty() && empty.weeks_at().is_empty());
        assert_eq!(empty.years(), 0.0);
    }
}
