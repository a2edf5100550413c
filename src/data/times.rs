//! Checks of times: in range, in order, on the grid, without holes, of the timeframe that was asked for.

use super::calendar::{WeekClock, weekday};
use super::error::{DataCode, DataError};
use super::raw::{RawBar, RawSide, SideOf};
use super::report::{Warning, WarningCode};
use super::resample::{BinClock, DayAnchor};
use super::settings::ReadPolicy;
use crate::types::time::{DAY, HOUR};
use crate::types::{Timeframe, Timestamp};

/// 1971-01-01.
const EARLIEST: i64 = 31_536_000_000_000;
/// 2100-01-01.
const LATEST: i64 = 4_102_444_800_000_000;

/// Looks at the times of one side, block by block.
pub(super) struct TimeCheck<'a> {
    of: &'a SideOf,
    policy: &'a ReadPolicy,
    grid: Grid,
    gaps: Gaps,
    /// Longer intraday timeframes that all times so far are multiples of, longest first.
    longer: Vec<Timeframe>,
    float32: Option<Warning>,
    previous: Option<RawBar>,
    first: i64,
    rows: usize,
}

/// What the times of a side showed.
pub(super) struct SeenTimes {
    pub(super) rows: usize,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) float32: Option<Warning>,
    pub(super) gaps: Option<Warning>,
}

impl<'a> TimeCheck<'a> {
    /// `saturday`: whether any time lies on one.
    pub(super) fn new(of: &'a SideOf, policy: &'a ReadPolicy, saturday: bool) -> Self {
        let intraday =
            Timeframe::ALL.into_iter().filter(|&longer| of.timeframe < longer && longer < Timeframe::D1);
        Self {
            of,
            policy,
            grid: Grid::new(of.timeframe),
            gaps: Gaps::new(of, saturday),
            longer: intraday.rev().collect(),
            float32: None,
            previous: None,
            first: 0,
            rows: 0,
        }
    }

    /// The next block.
    ///
    /// # Errors
    /// The first broken rule of the group.
    pub(super) fn look(&mut self, block: &RawSide) -> Result<(), DataError> {
        if self.rows == 0 {
            self.begin(block);
        }
        for (k, &time) in block.times.iter().enumerate() {
            if let Some((row, error)) = &block.bad_time
                && *row == self.rows + k
            {
                return Err(block.at(error.clone(), k, self.of));
            }
            let previous = if k == 0 { self.previous.map(|bar| bar.time) } else { Some(block.times[k - 1]) };
            if let Some(error) = self.problem(block, k, previous) {
                return Err(block.at(error, k, self.of).column(block.names.time.clone()));
            }
            if let Some(previous) = previous {
                self.gaps.look(block, k, previous);
            }
            if !self.longer.is_empty() {
                self.longer.retain(|longer| time.rem_euclid(longer.micros()) == 0);
            }
        }
        self.rows += block.len();
        self.previous = Some(block.bar(block.len() - 1));
        Ok(())
    }

    fn begin(&mut self, block: &RawSide) {
        self.first = block.times[0];
        self.grid.anchor(block.anchor);
        self.float32 = block.float32.map(|column| Warning {
            code: WarningCode::Float32Prices,
            count: 0,
            row: block.place.row(0),
            time: Timestamp(block.times[0]),
            column: Some(block.names.prices[column].clone()),
            detail: "prices are stored with 24 bits: about seven digits".to_owned(),
        });
    }

    /// Rules that speak of the whole side.
    ///
    /// # Errors
    /// `no_rows`, `timeframe_mismatch`.
    pub(super) fn finish(mut self) -> Result<SeenTimes, DataError> {
        let Some(last) = self.previous else {
            return Err(DataError::new(DataCode::NoRows, "no rows, only a header or schema")
                .path(&self.of.path)
                .hint("export again"));
        };
        // Three rows prove nothing.
        if let Some(longer) = self.longer.first().filter(|_| self.rows >= 4) {
            return Err(DataError::new(
                DataCode::TimeframeMismatch,
                format!("all times and steps are multiples of {longer}, asked for {}", self.of.timeframe),
            )
            .path(&self.of.path)
            .hint(format!("name the timeframe {longer}")));
        }
        if let Some(warning) = &mut self.float32 {
            warning.count = self.rows;
        }
        Ok(SeenTimes {
            rows: self.rows,
            first: self.first,
            last: last.time,
            float32: self.float32,
            gaps: self.gaps.warning,
        })
    }

    fn problem(&mut self, block: &RawSide, k: usize, previous: Option<i64>) -> Option<DataError> {
        let time = block.times[k];
        if !(EARLIEST..LATEST).contains(&time) {
            return Some(
                DataError::new(DataCode::TimestampOutOfRange, "time outside 1971-01-01 to 2100-01-01")
                    .value(time)
                    .hint(
                        "the unit of the column is wrong: stored are microseconds, or the unit the type names",
                    ),
            );
        }
        if let Some(previous) = previous {
            if time < previous {
                return Some(
                    DataError::new(DataCode::UnsortedTimestamps, "earlier than the row before")
                        .value(format!("{} after {}", Timestamp(time), Timestamp(previous)))
                        .hint("import again with --sort"),
                );
            }
            if time == previous {
                let before = if k == 0 { self.previous } else { Some(block.bar(k - 1)) };
                return Some(duplicate(time, before == Some(block.bar(k))));
            }
        }
        if !self.grid.contains(time) {
            return Some(
                DataError::new(
                    DataCode::TimestampOffGrid,
                    format!("not a multiple of {}", self.of.timeframe),
                )
                .value(Timestamp(time))
                .hint("times are bar opens; import again with --floor, or name the right timeframe"),
            );
        }
        let (step, allowed) = (time - previous?, self.policy.max_gap);
        (step > allowed).then(|| {
            DataError::new(
                DataCode::GapTooLarge,
                format!("{} without a bar, allowed {}", days(step), days(allowed)),
            )
            .value(Timestamp(time))
            .hint(format!("fill the hole, or allow it: max_gap (--max-gap {})", whole_days(step)))
        })
    }
}

fn duplicate(time: i64, identical: bool) -> DataError {
    let what = if identical { "identical to the row before" } else { "divergent bars of one time" };
    let error = DataError::new(DataCode::DuplicateTimestamp, what).value(Timestamp(time));
    if identical {
        error.hint("on_duplicate keep_first (--on-duplicate keep-first) leaves the repeated row out")
    } else {
        error.hint("the source has two versions of this bar: decide on one and export again")
    }
}

/// Which times a bar may have.
struct Grid {
    timeframe: Timeframe,
    bins: Option<BinClock>,
    times_of_day: Vec<i64>,
}

impl Grid {
    fn new(timeframe: Timeframe) -> Self {
        Self { timeframe, bins: None, times_of_day: Vec::new() }
    }

    /// Bins of H4 may begin with the New York day.
    fn anchor(&mut self, anchor: DayAnchor) {
        let anchored = self.timeframe == Timeframe::H4 && anchor == DayAnchor::Ny17;
        self.bins = anchored.then(|| BinClock::new(self.timeframe, anchor));
    }

    fn contains(&mut self, time: i64) -> bool {
        if let Some(bins) = &mut self.bins {
            return bins.start(time) == time;
        }
        if self.timeframe < Timeframe::D1 {
            return time.rem_euclid(self.timeframe.micros()) == 0;
        }
        self.daily(time.rem_euclid(DAY))
    }

    /// One time of day, or two an hour apart.
    fn daily(&mut self, time_of_day: i64) -> bool {
        match self.times_of_day[..] {
            [] => {
                self.times_of_day.push(time_of_day);
                true
            }
            [one] if one == time_of_day => true,
            [one] => {
                let apart = (one - time_of_day).rem_euclid(DAY);
                self.times_of_day.push(time_of_day);
                apart == HOUR || apart == DAY - HOUR
            }
            _ => self.times_of_day.contains(&time_of_day),
        }
    }
}

/// Counts long holes.
struct Gaps {
    length: i64,
    week: Week,
    warning: Option<Warning>,
}

/// What counts as open market.
enum Week {
    /// Every hour: weekend rows exist.
    Always,
    /// UTC weekdays: daily bars.
    Weekdays,
    /// The FX week.
    Fx(WeekClock),
}

impl Gaps {
    fn new(of: &SideOf, saturday: bool) -> Self {
        let week = match of.timeframe {
            _ if saturday => Week::Always,
            Timeframe::D1 => Week::Weekdays,
            _ => Week::Fx(WeekClock::new_york()),
        };
        Self { length: of.timeframe.micros(), week, warning: None }
    }

    fn look(&mut self, block: &RawSide, k: usize, previous: i64) {
        let time = block.times[k];
        let hole = (previous + self.length, time);
        let long = hole.1 - hole.0 > DAY && (time - previous > 4 * DAY || self.open_in(hole) > DAY);
        if !long {
            return;
        }
        let warning = self.warning.get_or_insert_with(|| Warning {
            code: WarningCode::GapLong,
            count: 0,
            row: block.place.row(k),
            time: Timestamp(time),
            column: Some(block.names.time.clone()),
            detail: format!("{} without a bar", days(time - previous)),
        });
        warning.count += 1;
    }

    fn open_in(&mut self, (from, to): (i64, i64)) -> i64 {
        match &mut self.week {
            Week::Always => to - from,
            Week::Weekdays => {
                let weekdays =
                    (from.div_euclid(DAY)..to.div_euclid(DAY)).filter(|day| weekday(day * DAY) < 5);
                i64::try_from(weekdays.count()).unwrap_or(i64::MAX).saturating_mul(DAY)
            }
            Week::Fx(clock) => clock.open_between(from, to),
        }
    }
}

fn days(micros: i64) -> String {
    let hours = micros / HOUR;
    if hours % 24 == 0 {
        format!("{} days", hours / 24)
    } else {
        format!("{} days {} h", hours / 24, hours % 24)
    }
}

fn whole_days(micros: i64) -> String {
    format!("{}d", (micros + DAY - 1) / DAY)
}
