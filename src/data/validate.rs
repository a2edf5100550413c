//! The checks every side of a series passes before it is used (`data.md` section 4): times, then prices.
//!
//! The first failing check is reported, once. Within a group rows are scanned in order.

use super::calendar::{WeekClock, weekday};
use super::error::{DataCode, DataError};
use super::raw::{RawSide, SideOf};
use super::report::{FileReport, Warning, WarningCode};
use super::resample::{BinClock, DayAnchor};
use super::settings::{OnDuplicate, ReadPolicy};
use crate::types::time::{DAY, HOUR};
use crate::types::{Timeframe, Timestamp};

/// 1971-01-01.
const EARLIEST: i64 = 31_536_000_000_000;
/// 2100-01-01.
const LATEST: i64 = 4_102_444_800_000_000;

/// Checks one side; leaves out identical duplicates when the policy says so.
///
/// # Errors
/// The first broken rule, with file, row, column, value and remedy.
pub(crate) fn check_side(
    side: &mut RawSide,
    of: &SideOf,
    policy: &ReadPolicy,
) -> Result<FileReport, DataError> {
    if side.len() == 0 {
        return Err(DataError::new(DataCode::NoRows, "no rows, only a header or schema")
            .path(&of.path)
            .hint("export again"));
    }
    let duplicates_dropped = drop_duplicates(side, policy);
    let gaps = check_times(side, of, policy)?;
    check_prices(side, of, policy)?;
    let mut warnings = Vec::new();
    if side.float32 {
        warnings.push(Warning {
            code: WarningCode::Float32Prices,
            count: side.len(),
            row: 0,
            time: Timestamp(side.times[0]),
            column: Some(side.names.prices[0].clone()),
            detail: "prices are stored with 24 bits: about seven digits".to_owned(),
        });
    }
    warnings.extend(gaps);
    warnings.extend(price_jumps(side, of));
    Ok(FileReport {
        path: of.path.clone(),
        symbol: of.symbol.clone(),
        timeframe: of.timeframe,
        side: of.side,
        rows: side.len(),
        first: Timestamp(side.times[0]),
        last: Timestamp(side.times[side.len() - 1]),
        duplicates_dropped,
        warnings,
    })
}

fn drop_duplicates(side: &mut RawSide, policy: &ReadPolicy) -> usize {
    if policy.on_duplicate == OnDuplicate::Error || !side.times.windows(2).any(|pair| pair[0] == pair[1]) {
        return 0;
    }
    let keep: Vec<bool> = (0..side.len()).map(|k| k == 0 || !repeats(side, k)).collect();
    let before = side.len();
    side.retain(&keep);
    before - side.len()
}

/// Whether row `k` equals its predecessor in every column.
fn repeats(side: &RawSide, k: usize) -> bool {
    side.times[k] == side.times[k - 1]
        && side.prices.at(k) == side.prices.at(k - 1)
        && side.volume[k] == side.volume[k - 1]
}

fn check_times(side: &RawSide, of: &SideOf, policy: &ReadPolicy) -> Result<Option<Warning>, DataError> {
    let mut grid = Grid::new(of.timeframe, side.anchor);
    let mut gaps = Gaps::new(side, of);
    let mut previous = None;
    for (k, &time) in side.times.iter().enumerate() {
        if let Some((row, error)) = &side.bad_time
            && *row == k
        {
            return Err(side.at(error.clone(), k, of));
        }
        if let Some(error) = time_problem(side, k, previous, policy, &mut grid) {
            let column = side.names.time.clone();
            return Err(side.at(error, k, of).column(column));
        }
        if let Some(previous) = previous {
            gaps.look(k, previous, time);
        }
        previous = Some(time);
    }
    if let Some(longer) = longer_timeframe(&side.times, of.timeframe) {
        return Err(DataError::new(
            DataCode::TimeframeMismatch,
            format!("all times and steps are multiples of {longer}, asked for {}", of.timeframe),
        )
        .path(&of.path)
        .hint(format!("name the timeframe {longer}")));
    }
    Ok(gaps.warning)
}

fn time_problem(
    side: &RawSide,
    k: usize,
    previous: Option<i64>,
    policy: &ReadPolicy,
    grid: &mut Grid,
) -> Option<DataError> {
    let time = side.times[k];
    if !(EARLIEST..LATEST).contains(&time) {
        return Some(
            DataError::new(DataCode::TimestampOutOfRange, "time outside 1971-01-01 to 2100-01-01")
                .value(time)
                .hint("the unit of the column is wrong: stored are microseconds, or the unit the type names"),
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
            return Some(duplicate(side, k));
        }
    }
    if !grid.contains(time) {
        return Some(
            DataError::new(DataCode::TimestampOffGrid, format!("not a multiple of {}", grid.timeframe))
                .value(Timestamp(time))
                .hint("times are bar opens; import again with --floor, or name the right timeframe"),
        );
    }
    let step = time - previous?;
    (step > policy.max_gap).then(|| {
        DataError::new(
            DataCode::GapTooLarge,
            format!("{} without a bar, allowed {}", days(step), days(policy.max_gap)),
        )
        .value(Timestamp(time))
        .hint(format!("fill the hole, or allow it: max_gap (--max-gap {})", whole_days(step)))
    })
}

fn duplicate(side: &RawSide, k: usize) -> DataError {
    let error = DataError::new(
        DataCode::DuplicateTimestamp,
        if repeats(side, k) { "identical to the row before" } else { "divergent bars of one time" },
    )
    .value(Timestamp(side.times[k]));
    if repeats(side, k) {
        error.hint("on_duplicate keep_first (--on-duplicate keep-first) leaves the repeated row out")
    } else {
        error.hint("the source has two versions of this bar: decide on one and export again")
    }
}

/// A longer intraday timeframe that all times are multiples of, for at least four rows.
fn longer_timeframe(times: &[i64], timeframe: Timeframe) -> Option<Timeframe> {
    if times.len() < 4 {
        return None;
    }
    let intraday = Timeframe::ALL.into_iter().filter(|&longer| timeframe < longer && longer < Timeframe::D1);
    let fits = |longer: &Timeframe| times.iter().all(|time| time.rem_euclid(longer.micros()) == 0);
    intraday.rev().find(fits)
}

/// Which times a bar may have.
struct Grid {
    timeframe: Timeframe,
    bins: Option<BinClock>,
    times_of_day: Vec<i64>,
}

impl Grid {
    fn new(timeframe: Timeframe, anchor: DayAnchor) -> Self {
        let anchored = timeframe == Timeframe::H4 && anchor == DayAnchor::Ny17;
        let bins = anchored.then(|| BinClock::new(timeframe, anchor));
        Self { timeframe, bins, times_of_day: Vec::new() }
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
struct Gaps<'a> {
    side: &'a RawSide,
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

impl<'a> Gaps<'a> {
    fn new(side: &'a RawSide, of: &SideOf) -> Self {
        let saturday = side.times.iter().any(|&time| weekday(time) == 5);
        let week = match of.timeframe {
            _ if saturday => Week::Always,
            Timeframe::D1 => Week::Weekdays,
            _ => Week::Fx(WeekClock::new_york()),
        };
        Self { side, length: of.timeframe.micros(), week, warning: None }
    }

    fn look(&mut self, k: usize, previous: i64, time: i64) {
        let hole = (previous + self.length, time);
        let long = hole.1 - hole.0 > DAY && (time - previous > 4 * DAY || self.open_in(hole) > DAY);
        if !long {
            return;
        }
        let side = self.side;
        let warning = self.warning.get_or_insert_with(|| Warning {
            code: WarningCode::GapLong,
            count: 0,
            row: side.place.row(k),
            time: Timestamp(time),
            column: Some(side.names.time.clone()),
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

/// Rows per fast look at prices.
const CHUNK: usize = 1024;

fn check_prices(side: &RawSide, of: &SideOf, policy: &ReadPolicy) -> Result<(), DataError> {
    for start in (0..side.len()).step_by(CHUNK) {
        let rows = start..(start + CHUNK).min(side.len());
        if !all_fine(side, rows.clone()) {
            for k in rows {
                if let Some(error) = price_problem(side, k, policy) {
                    return Err(side.at(error, k, of));
                }
            }
        }
    }
    Ok(())
}

/// Branch-free look at a range of rows; `false` sends them to [`price_problem`].
fn all_fine(side: &RawSide, rows: std::ops::Range<usize>) -> bool {
    let [open, high, low, close] = side.prices.columns().map(|column| &column[rows.clone()]);
    let volume = &side.volume[rows];
    let mut fine = true;
    for k in 0..open.len() {
        let (o, h, l, c, v) = (open[k], high[k], low[k], close[k], volume[k]);
        fine &= (l > 0.0) & (h < f64::INFINITY) & (o >= l) & (o <= h) & (c >= l) & (c <= h);
        fine &= (v >= 0.0) & (v < f64::INFINITY);
    }
    fine
}

/// The first rule that the prices or the volume of a row break.
pub(crate) fn price_problem(side: &RawSide, k: usize, policy: &ReadPolicy) -> Option<DataError> {
    let bar = side.prices.at(k);
    let prices = [bar.open, bar.high, bar.low, bar.close];
    let named = |price: usize| side.names.prices[price].clone();
    if let Some(price) = prices.iter().position(|value| !value.is_finite()) {
        return Some(
            DataError::new(DataCode::NonFinitePrice, "a price must be a finite number")
                .column(named(price))
                .value(prices[price])
                .hint("fix the source and export again"),
        );
    }
    let volume = side.volume[k];
    if !volume.is_finite() {
        return Some(
            DataError::new(DataCode::NonFiniteVolume, "a volume must be a finite number")
                .column(side.names.volume.clone())
                .value(volume)
                .hint("leave the volume column out when it is unknown"),
        );
    }
    let negative = prices.iter().position(|&value| value <= 0.0).filter(|_| !policy.allow_negative_prices);
    if let Some(price) = negative {
        return Some(
            DataError::new(DataCode::NonPositivePrice, "a price must be above zero")
                .column(named(price))
                .value(prices[price])
                .hint(
                    "allow_negative_prices (--allow-negative-prices) permits it, for spreads and crude oil",
                ),
        );
    }
    let outside = |value: f64| value < bar.low || value > bar.high;
    let (what, price) = if bar.high < bar.low {
        ("high below low", 1)
    } else if outside(bar.open) {
        ("open outside low and high", 0)
    } else if outside(bar.close) {
        ("close outside low and high", 3)
    } else if volume < 0.0 {
        return Some(
            DataError::new(DataCode::NegativeVolume, "a volume must be at least zero")
                .column(side.names.volume.clone())
                .value(volume)
                .hint("leave the volume column out when it is unknown"),
        );
    } else {
        return None;
    };
    Some(
        DataError::new(DataCode::OhlcInconsistent, what)
            .column(named(price))
            .value(format!(
                "{} (open {}, high {}, low {}, close {})",
                prices[price], bar.open, bar.high, bar.low, bar.close
            ))
            .hint("fix the source, or import again with --drop-bad-rows (each dropped row is listed)"),
    )
}

/// `e^0.1` and `e^0.5`: the close moved by more than this factor.
const JUMP_FX: f64 = 1.105_170_918_075_647_7;
const JUMP: f64 = 1.648_721_270_700_128_2;

fn price_jumps(side: &RawSide, of: &SideOf) -> Option<Warning> {
    let limit = if of.is_fx { JUMP_FX } else { JUMP };
    let close = &side.prices.close;
    let jumped = |pair: &[f64]| pair[0] > 0.0 && (pair[1] > pair[0] * limit || pair[1] * limit < pair[0]);
    let first = close.windows(2).position(jumped)?;
    let count = close[first..].windows(2).filter(|pair| jumped(pair)).count();
    let k = first + 1;
    Some(Warning {
        code: WarningCode::PriceJump,
        count,
        row: side.place.row(k),
        time: Timestamp(side.times[k]),
        column: Some(side.names.prices[3].clone()),
        detail: format!("close went from {} to {} in one bar", close[first], close[k]),
    })
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
