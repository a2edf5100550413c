//! Training and test ranges of a walk-forward study (`walk_forward_and_robustness.md` section 2).
//!
//! Ranges are half-open. Calendar lengths are counted on UTC dates from the start of the development range and become the
//! first step at or after the date, so that all symbols share the dates; bar lengths are counted in steps. With a step of
//! one test, a test ends where the next one begins.

use super::settings::{FinalWindow, WalkForwardSettings, WindowMode};
use crate::types::{Span, StepRange, Timestamp};

/// The bars that search and windows may see.
#[derive(Debug, Clone, Copy)]
pub struct Development<'a> {
    /// Open times of all steps, increasing.
    pub timeline: &'a [i64],
    /// First instant on which a run may trade: enough warm-up lies before it.
    pub start: Timestamp,
    /// One past the last instant; the hold-out or the end of the data follows.
    pub end: Timestamp,
}

impl Development<'_> {
    /// Its steps.
    pub fn steps(&self) -> StepRange {
        StepRange { start: self.step_at(self.start), end: self.step_at(self.end) }
    }

    fn step_at(&self, instant: Timestamp) -> usize {
        self.timeline.partition_point(|&time| time < instant.0)
    }
}

/// One training range and the test that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Number of the window, which is its fold in every random address.
    pub index: u32,
    /// Steps on which parameters are searched.
    pub train: StepRange,
    /// Steps on which the chosen set is tried.
    pub test: StepRange,
}

/// The windows of a study and what they leave out.
#[derive(Debug, Clone, PartialEq)]
pub struct Splits {
    /// In the order of time. A window without a bar in one of its ranges (a test of one Saturday) is left out and its
    /// number stays unused.
    pub windows: Vec<Window>,
    /// Whether two tests share a step; such windows cannot be stitched.
    pub test_overlap: bool,
    /// Share of the steps after the first training range and purge that some test covers; 0 without such steps.
    pub oos_coverage: f64,
}

/// A boundary while windows are laid out: counted in steps or on the calendar, whichever its last length was.
#[derive(Debug, Clone, Copy)]
struct Place {
    step: usize,
    /// Unknown past the timeline.
    date: Option<Timestamp>,
    by_date: bool,
}

/// Cuts the development range into windows. `settings` have passed their check; with a step of nothing only the first
/// window is made.
pub fn splits(development: &Development<'_>, settings: &WalkForwardSettings) -> Splits {
    let end = Place { step: development.steps().end, date: Some(development.end), by_date: true };
    let mut windows = Vec::new();
    let mut index = 0;
    while let Some(mut window) = lay_out(development, settings, index, end.step) {
        let overruns = window.test_end.after(end);
        if overruns && settings.final_window == FinalWindow::Drop {
            break;
        }
        if overruns {
            window.test_end = end;
        }
        windows.push(window.ranges(index));
        if settings.step.is_zero() {
            break;
        }
        index += 1;
    }
    windows.retain(|window| !window.train.is_empty() && !window.test.is_empty());
    let first =
        Place::start(development).moved(settings.train, 1, development).moved(settings.purge, 1, development);
    let testable = StepRange { start: first.step, end: end.step };
    let test_overlap = windows.is_sorted_by(|a, b| a.test.end <= b.test.start);
    Splits { oos_coverage: coverage(&windows, testable), test_overlap: !test_overlap, windows }
}

#[derive(Debug, Clone, Copy)]
struct Layout {
    train_start: Place,
    train_end: Place,
    test_start: Place,
    test_end: Place,
}

impl Layout {
    fn ranges(&self, index: u32) -> Window {
        Window {
            index,
            train: StepRange { start: self.train_start.step, end: self.train_end.step },
            test: StepRange { start: self.test_start.step, end: self.test_end.step },
        }
    }
}

/// Window `index`, or `None` when its test would begin at or after `end`.
fn lay_out(
    development: &Development<'_>,
    settings: &WalkForwardSettings,
    index: u32,
    end: usize,
) -> Option<Layout> {
    let walk = |place: Place, span: Span, times: u32| place.moved(span, times, development);
    let train = |index: u32| {
        let start = Place::start(development);
        match settings.mode {
            WindowMode::Rolling => {
                let moved = walk(start, settings.step, index);
                (moved, walk(moved, settings.train, 1))
            }
            WindowMode::Anchored => (start, walk(walk(start, settings.train, 1), settings.step, index)),
        }
    };
    let (train_start, train_end) = train(index);
    let test_start = walk(train_end, settings.purge, 1);
    // Months of unequal length and a purge in days would make tests of equal step overlap by days: they meet instead.
    let test_end = if settings.step == settings.test {
        walk(train(index + 1).1, settings.purge, 1)
    } else {
        walk(test_start, settings.test, 1)
    };
    (test_start.step < end).then_some(Layout { train_start, train_end, test_start, test_end })
}

impl Place {
    fn start(development: &Development<'_>) -> Self {
        Self { step: development.steps().start, date: Some(development.start), by_date: true }
    }

    /// `times` spans later, counted in one go.
    fn moved(self, span: Span, times: u32, development: &Development<'_>) -> Self {
        if span.is_zero() || times == 0 {
            return self;
        }
        if let Span::Bars(bars) = span {
            let step = self.step.saturating_add(bars as usize * times as usize);
            let date = development.timeline.get(step).map(|&time| Timestamp(time));
            return Self { step, date, by_date: false };
        }
        match self.date.and_then(|date| span.shift(date, i64::from(times))) {
            Some(date) => Self { step: development.step_at(date), date: Some(date), by_date: true },
            None => Self { step: usize::MAX, date: None, by_date: false },
        }
    }

    /// Whether it lies past another one; on the calendar a range without bars at its end is whole.
    fn after(self, other: Self) -> bool {
        match (self.by_date, self.date, other.date) {
            (true, Some(date), Some(other)) => date > other,
            _ => self.step > other.step,
        }
    }
}

/// Share of `testable` that the tests cover together.
fn coverage(windows: &[Window], testable: StepRange) -> f64 {
    if testable.is_empty() {
        return 0.0;
    }
    let mut reached = testable.start;
    let mut covered = 0;
    for window in windows {
        covered += window.test.end.saturating_sub(window.test.start.max(reached));
        reached = reached.max(window.test.end);
    }
    covered as f64 / testable.len() as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::time::{DAY, HOUR};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_iso(text).expect("a date")
    }

    fn daily(from: &str, to: &str) -> Vec<i64> {
        (at(from).0..at(to).0).step_by(usize::try_from(DAY).expect("fits")).collect()
    }

    #[test]
    fn months_are_counted_from_the_start_of_the_development_range() {
        let timeline = daily("2020-01-01", "2021-01-01");
        let development = Development { timeline: &timeline, start: at("2020-01-31"), end: at("2020-12-31") };
        let settings = WalkForwardSettings::new(Span::Months(3), Span::Months(1));
        let splits = splits(&development, &settings);
        let dates = |range: StepRange| [range.start, range.end].map(|step| Timestamp(timeline[step]));
        assert_eq!(dates(splits.windows[0].train), [at("2020-01-31"), at("2020-04-30")]);
        assert_eq!(dates(splits.windows[1].train), [at("2020-02-29"), at("2020-05-29")]);
        assert_eq!(dates(splits.windows[2].train), [at("2020-03-31"), at("2020-06-30")]);
    }

    #[test]
    fn a_test_that_ends_with_the_development_range_is_whole_even_on_a_weekend() {
        let timeline: Vec<i64> =
            daily("2020-01-01", "2020-02-01").into_iter().filter(|&t| Timestamp(t).weekday() < 5).collect();
        // 2020-02-01 is a Saturday; the last bar is Friday's.
        let development = Development { timeline: &timeline, start: at("2020-01-01"), end: at("2020-02-01") };
        let settings = WalkForwardSettings::new(Span::Days(21), Span::Days(10));
        assert_eq!(splits(&development, &settings).windows.len(), 1);
        let longer = WalkForwardSettings::new(Span::Days(21), Span::Days(11));
        assert_eq!(splits(&development, &longer).windows.len(), 0);
        let cut = WalkForwardSettings { final_window: FinalWindow::Partial, ..longer };
        assert_eq!(splits(&development, &cut).windows[0].test.end, timeline.len());
    }

    #[test]
    fn tests_a_step_apart_meet_whatever_the_months_and_the_purge() {
        let timeline = daily("2018-01-01", "2024-01-01");
        for day in 1..=31 {
            let start = at(&format!("2018-01-{day:02}"));
            let development = Development { timeline: &timeline, start, end: at("2024-01-01") };
            let settings = WalkForwardSettings {
                purge: Span::Days(10),
                ..WalkForwardSettings::new(Span::Months(18), Span::Months(1))
            };
            let splits = splits(&development, &settings);
            assert!(splits.windows.windows(2).all(|pair| pair[0].test.end == pair[1].test.start), "{day}");
            assert!(!splits.test_overlap && splits.windows.len() > 50);
        }
    }

    #[test]
    fn a_hold_out_behind_the_end_is_never_touched() {
        let timeline = daily("2020-01-01", "2022-01-01");
        let development = Development { timeline: &timeline, start: at("2020-01-01"), end: at("2021-01-01") };
        let settings = WalkForwardSettings {
            final_window: FinalWindow::Partial,
            ..WalkForwardSettings::new(Span::Bars(100), Span::Months(2))
        };
        let splits = splits(&development, &settings);
        assert_eq!(splits.windows.last().map(|window| window.test.end), Some(366));
        assert_eq!(splits.oos_coverage, 1.0);
    }

    #[test]
    fn a_test_of_one_saturday_is_left_out_and_its_number_stays_unused() {
        let timeline: Vec<i64> =
            daily("2020-01-01", "2020-02-01").into_iter().filter(|&t| Timestamp(t).weekday() < 5).collect();
        let development = Development { timeline: &timeline, start: at("2020-01-01"), end: at("2020-01-15") };
        let settings = WalkForwardSettings::new(Span::Days(7), Span::Days(1));
        let numbers: Vec<u32> = splits(&development, &settings).windows.iter().map(|w| w.index).collect();
        assert_eq!(numbers, [0, 1, 2, 5, 6]);
    }

    fn span() -> impl Strategy<Value = Span> {
        prop_oneof![
            (1..400_u32).prop_map(Span::Bars),
            (1..90_u32).prop_map(Span::Days),
            (1..12_u32).prop_map(Span::Weeks),
            (1..6_u32).prop_map(Span::Months),
        ]
    }

    proptest! {
        #[test]
        fn training_ends_before_its_test_begins_and_both_stay_inside(
            (train, test, step, purge) in (span(), span(), span(), span()),
            (anchored, partial) in (any::<bool>(), any::<bool>()),
            gaps in prop::collection::vec(1..60_i64, 300..900),
        ) {
            let timeline: Vec<i64> = gaps.iter().scan(0, |time, gap| { *time += gap * HOUR; Some(*time) }).collect();
            let (start, end) = (Timestamp(timeline[20]), Timestamp(timeline[timeline.len() - 40]));
            let development = Development { timeline: &timeline, start, end };
            let settings = WalkForwardSettings {
                step,
                purge,
                mode: if anchored { WindowMode::Anchored } else { WindowMode::Rolling },
                final_window: if partial { FinalWindow::Partial } else { FinalWindow::Drop },
                ..WalkForwardSettings::new(train, test)
            };
            let splits = splits(&development, &settings);
            let whole = development.steps();
            for window in &splits.windows {
                prop_assert!(whole.start <= window.train.start && window.test.end <= whole.end);
                prop_assert!(window.train.end <= window.test.start);
                if let Span::Bars(bars) = purge {
                    prop_assert!(window.test.start >= window.train.end + bars as usize);
                }
                prop_assert!(!anchored || window.train.start == whole.start);
            }
            prop_assert!((0.0..=1.0).contains(&splits.oos_coverage));
        }
    }
}
