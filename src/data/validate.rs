//! The checks every side of a series passes before it is used (`data.md` section 4): times, then prices.
//!
//! The first failing check is reported, once. Within a group rows are scanned in order.

use super::calendar::{WeekClock, weekday};
use super::error::{DataCode, DataError};
use super::prices::{PriceJumps, check_prices};
use super::raw::{Blocks, RawBar, RawSide, SideOf};
use super::report::{FileReport, Warning, WarningCode};
use super::resample::{BinClock, DayAnchor};
use super::settings::{OnDuplicate, ReadPolicy};
use crate::types::time::{DAY, HOUR};
use crate::types::{Timeframe, Timestamp};

/// 1971-01-01.
const EARLIEST: i64 = 31_536_000_000_000;
/// 2100-01-01.
const LATEST: i64 = 4_102_444_800_000_000;

/// Checks one side block by block; what the checks may leave out, [`Repeats`] has left out before.
///
/// # Errors
/// The first broken rule, with file, row, column, value and remedy.
pub(crate) fn check_side(
    side: &impl Blocks,
    of: &SideOf,
    policy: &ReadPolicy,
) -> Result<FileReport, DataError> {
    let mut saturday = false;
    for block in side.blocks() {
        saturday |= block?.times.iter().any(|&time| weekday(time) == 5);
    }
    let mut times = TimeCheck::new(of, policy, saturday);
    for block in side.blocks() {
        times.look(block?.as_ref())?;
    }
    let seen = times.finish()?;
    let mut jumps = PriceJumps::new(of);
    for block in side.blocks() {
        let block = block?;
        check_prices(&block, of, policy)?;
        jumps.look(&block);
    }
    let mut warnings = Vec::new();
    warnings.extend(seen.float32);
    warnings.extend(seen.gaps);
    warnings.extend(jumps.warning);
    Ok(FileReport {
        path: of.path.clone(),
        symbol: of.symbol.clone(),
        timeframe: of.timeframe,
        side: of.side,
        rows: seen.rows,
        first: Timestamp(seen.first),
        last: Timestamp(seen.last),
        duplicates_dropped: 0,
        warnings,
    })
}

/// Leaves out rows that equal the row before, when the policy says so.
#[derive(Debug)]
pub(crate) struct Repeats {
    leave_out: bool,
    previous: Option<RawBar>,
    /// Rows left out so far.
    pub(crate) dropped: usize,
}

impl Repeats {
    pub(crate) fn new(policy: &ReadPolicy) -> Self {
        Self { leave_out: policy.on_duplicate == OnDuplicate::KeepFirst, previous: None, dropped: 0 }
    }

    /// Whether blocks have to be looked at.
    pub(crate) fn are_left_out(&self) -> bool {
        self.leave_out
    }

    /// The next block of a side.
    pub(crate) fn leave_out(&mut self, block: &mut RawSide) {
        if !self.leave_out || block.len() == 0 {
            return;
        }
        let before = |k: usize| if k == 0 { self.previous } else { Some(block.bar(k - 1)) };
        let keep: Vec<bool> = (0..block.len()).map(|k| before(k) != Some(block.bar(k))).collect();
        self.previous = Some(block.bar(block.len() - 1));
        let count = keep.iter().filter(|keep| !**keep).count();
        if count > 0 {
            self.dropped += count;
            block.retain(&keep);
        }
    }
}

/// Looks at the times of one side, block by block.
struct TimeCheck<'a> {
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
struct SeenTimes {
    rows: usize,
    first: i64,
    last: i64,
    float32: Option<Warning>,
    gaps: Option<Warning>,
}

impl<'a> TimeCheck<'a> {
    fn new(of: &'a SideOf, policy: &'a ReadPolicy, saturday: bool) -> Self {
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

    fn look(&mut self, block: &RawSide) -> Result<(), DataError> {
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

    fn finish(mut self) -> Result<SeenTimes, DataError> {
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::data::bars::PriceColumns;
    use crate::data::report::QuoteSide;
    use crate::types::time::MINUTE;

    /// 2024-01-02 10:00 UTC, a Tuesday.
    const START: i64 = 1_704_189_600_000_000;

    fn side(times: Vec<i64>) -> RawSide {
        let rows = times.len();
        let column = |value: f64| vec![value; rows];
        let prices =
            PriceColumns { open: column(1.1), high: column(1.2), low: column(1.0), close: column(1.15) };
        RawSide { times, prices, volume: column(5.0), ..RawSide::default() }
    }

    fn minutes(offsets: &[i64]) -> RawSide {
        side(offsets.iter().map(|minute| START + minute * MINUTE).collect())
    }

    fn check(raw: RawSide, timeframe: Timeframe) -> Result<FileReport, DataError> {
        let of = SideOf {
            path: PathBuf::from("EURUSD.parquet"),
            symbol: "EURUSD".to_owned(),
            is_fx: true,
            timeframe,
            side: QuoteSide::Bid,
        };
        check_side(&raw, &of, &ReadPolicy::default())
    }

    fn place(raw: RawSide, timeframe: Timeframe) -> (DataCode, Option<u64>) {
        let error = check(raw, timeframe).expect_err("refused");
        (error.code(), error.problem().row)
    }

    #[test]
    fn times_out_of_order_off_the_grid_or_far_apart_are_refused_at_their_row() {
        let m1 = |offsets: &[i64]| place(minutes(offsets), Timeframe::M1);
        assert_eq!(m1(&[0, 2, 1, 3]), (DataCode::UnsortedTimestamps, Some(2)));
        assert_eq!(m1(&[0, 1, 1, 2]), (DataCode::DuplicateTimestamp, Some(2)));
        assert_eq!(m1(&[0, 1, 1 + 15 * 1440]), (DataCode::GapTooLarge, Some(2)));
        let half = side(vec![START, START + MINUTE / 2]);
        assert_eq!(place(half, Timeframe::M1), (DataCode::TimestampOffGrid, Some(1)));
        assert_eq!(place(side(vec![5]), Timeframe::M1), (DataCode::TimestampOutOfRange, Some(0)));
        assert_eq!(place(side(Vec::new()), Timeframe::M1), (DataCode::NoRows, None));
    }

    #[test]
    fn bars_of_a_longer_timeframe_are_named() {
        let fives = minutes(&[0, 5, 10, 20]);
        let error = check(fives, Timeframe::M1).expect_err("M5 rows");
        assert_eq!(error.code(), DataCode::TimeframeMismatch);
        assert!(error.to_string().contains("multiples of M5"), "{error}");
        assert!(check(minutes(&[0, 5, 10]), Timeframe::M1).is_ok(), "three rows prove nothing");
        assert!(check(minutes(&[0, 5, 10, 21]), Timeframe::M1).is_ok());
    }

    #[test]
    fn daily_bars_keep_one_time_of_day_or_two_an_hour_apart() {
        let days = |hours: &[i64]| {
            side((1_i64..).zip(hours).map(|(day, hour)| (START / DAY + day) * DAY + hour * HOUR).collect())
        };
        assert!(check(days(&[22, 22, 21, 21, 22]), Timeframe::D1).is_ok());
        assert!(check(days(&[0, 23, 0]), Timeframe::D1).is_ok());
        assert_eq!(place(days(&[22, 20, 22]), Timeframe::D1), (DataCode::TimestampOffGrid, Some(1)));
        assert_eq!(place(days(&[22, 21, 20]), Timeframe::D1), (DataCode::TimestampOffGrid, Some(2)));
    }

    #[test]
    fn the_weekend_is_no_hole_and_a_lost_day_is_one() {
        // Friday 20:00 UTC to Monday: 1 h of Friday and 2 h of Sunday were open.
        let friday = 3 * 1440 + 600;
        let weekend = check(minutes(&[friday, friday + 1, friday + 2 + 2 * 1440 + 200]), Timeframe::M1);
        assert_eq!(weekend.expect("fine").warnings, []);
        let lost = check(minutes(&[0, 1, 2 + 26 * 60]), Timeframe::M1).expect("legal");
        assert_eq!((lost.warnings[0].code, lost.warnings[0].row), (WarningCode::GapLong, 2));
    }

    #[test]
    fn impossible_prices_and_volumes_are_refused_at_their_row_and_column() {
        type Damage = fn(&mut RawSide);
        let cases: [(Damage, DataCode, &str); 9] = [
            (|raw| raw.prices.close[1] = f64::NAN, DataCode::NonFinitePrice, "close"),
            (|raw| raw.prices.high[1] = f64::INFINITY, DataCode::NonFinitePrice, "high"),
            (|raw| raw.volume[1] = f64::NAN, DataCode::NonFiniteVolume, "volume"),
            (|raw| raw.prices.low[1] = 0.0, DataCode::NonPositivePrice, "low"),
            (|raw| raw.prices.open[1] = -1.0, DataCode::NonPositivePrice, "open"),
            (|raw| raw.prices.high[1] = 0.9, DataCode::OhlcInconsistent, "high"),
            (|raw| raw.prices.open[1] = 1.3, DataCode::OhlcInconsistent, "open"),
            (|raw| raw.prices.close[1] = 0.95, DataCode::OhlcInconsistent, "close"),
            (|raw| raw.volume[1] = -1.0, DataCode::NegativeVolume, "volume"),
        ];
        for (damage, code, column) in cases {
            let mut raw = minutes(&[0, 1, 2]);
            damage(&mut raw);
            let error = check(raw, Timeframe::M1).expect_err("refused");
            let problem = error.problem();
            assert_eq!((problem.code, problem.row, problem.column.as_deref()), (code, Some(1), Some(column)));
        }
    }

    #[test]
    fn times_are_checked_before_prices_and_a_jump_is_only_a_warning() {
        let mut raw = minutes(&[0, 1, 1]);
        raw.prices.close[0] = f64::NAN;
        assert_eq!(place(raw, Timeframe::M1).0, DataCode::DuplicateTimestamp);
        let mut raw = minutes(&[0, 1, 2]);
        for column in raw.prices.columns_mut() {
            column[1] = 1.3;
        }
        let warnings = check(raw, Timeframe::M1).expect("legal").warnings;
        assert_eq!((warnings[0].code, warnings[0].count, warnings[0].row), (WarningCode::PriceJump, 2, 1));
    }
}
