//! From shorter to longer bars (`data.md` section 6).
//!
//! A bin's label is its start; bins without a source bar do not exist.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::bars::{BarSeries, Ohlc, PriceColumns};
use super::calendar::{day_number, local_instant, new_york, wall_clock, weekday};
use crate::types::Timeframe;
use crate::types::time::{DAY, HOUR};

/// Where bins of H4 and D1 begin; shorter bins always count from the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DayAnchor {
    /// Multiples of the length from the Unix epoch.
    #[default]
    Utc,
    /// The day begins at 17:00 in New York.
    Ny17,
}

/// What becomes of daily bars dated on a Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SundayBars {
    /// They stay.
    #[default]
    Keep,
    /// Left out.
    Drop,
    /// They become the beginning of Monday's bar.
    Merge,
}

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResampleRule {
    /// Where H4 and D1 bins begin.
    pub anchor: DayAnchor,
    /// Daily bars of Sundays.
    pub sunday: SundayBars,
}

/// Longer bars and what each was made of.
#[derive(Debug, Clone)]
pub struct Resampled {
    /// The longer bars.
    pub bars: BarSeries,
    /// Source rows of each bar: bar `k` is made of rows `starts[k]..starts[k + 1]`; one entry more than bars.
    pub starts: Vec<usize>,
    /// Instant at which each bar is complete: its label plus its length, or later where a clock change makes its bin
    /// longer (a day of 25 hours) or its last source bar ends later.
    pub ends: Vec<i64>,
    /// Whether the last source bar ends before the last bin does.
    pub last_is_partial: bool,
}

impl Resampled {
    /// Leaves out the last bar when its bin has not ended.
    pub fn drop_partial(mut self) -> Self {
        if self.last_is_partial {
            let kept = self.bars.len() - 1;
            self.bars = self.bars.cut(0..kept);
            self.ends.truncate(kept);
            self.starts.truncate(kept + 1);
            self.last_is_partial = false;
        }
        self
    }
}

/// Whether bars of `source` can make bars of `target`: upwards, to a multiple.
pub fn divides(source: Timeframe, target: Timeframe) -> bool {
    source < target && target.minutes() % source.minutes() == 0
}

/// Resamples both sides together; volume is summed in row order.
///
/// # Panics
/// When the source does not divide the target ([`divides`]).
pub fn resample(source: &BarSeries, target: Timeframe, rule: ResampleRule) -> Resampled {
    assert!(divides(source.timeframe(), target), "only upwards, to a multiple");
    let mut clock = BinClock::new(target, rule.anchor);
    let (labels, starts, kept) = bins(source.times(), &mut clock, target, rule.sunday);
    let rows = |k: usize| starts[k]..starts[k + 1];
    let shorter = source.timeframe().micros();
    // A clock change can lengthen a bin: it is not complete before its own end, whether or not a source bar lies there.
    let ends: Vec<i64> = (0..labels.len())
        .map(|k| {
            let nominal = (labels[k] + target.micros()).max(clock.end(labels[k]));
            nominal.max(source.times()[starts[k + 1] - 1] + shorter)
        })
        .collect();
    let last_is_partial =
        labels.last().is_some_and(|&label| source.times()[source.len() - 1] + shorter < clock.end(label));
    let side = |columns: &PriceColumns| join(columns, (0..labels.len()).map(rows));
    let bid = Arc::new(side(source.bid()));
    let ask = if source.is_one_sided() { Arc::clone(&bid) } else { Arc::new(side(source.ask())) };
    let volume =
        (0..labels.len()).map(|k| source.volume()[rows(k)].iter().fold(0.0, |total, v| total + v)).collect();
    let bars = BarSeries::new(target, labels, bid, ask, volume);
    if kept.len() == bars.len() {
        return Resampled { bars, starts, ends, last_is_partial };
    }
    keep(&bars, &starts, &ends, &kept, last_is_partial)
}

/// Daily clean-up of the reference: rows that are neither Saturday nor Sunday (UTC) nor flat without volume.
pub fn clean_days(bars: &BarSeries) -> Vec<usize> {
    let flat = |row: usize| {
        let bar = bars.bid().at(row);
        bar.open == bar.high && bar.high == bar.low && bar.low == bar.close && bars.volume()[row] == 0.0
    };
    (0..bars.len()).filter(|&row| weekday(bars.times()[row]) < 5 && !flat(row)).collect()
}

type Bins = (Vec<i64>, Vec<usize>, Vec<usize>);

/// Labels, first source rows (and the end), and which bins stay.
fn bins(times: &[i64], clock: &mut BinClock, target: Timeframe, sunday: SundayBars) -> Bins {
    let mut labels: Vec<i64> = Vec::new();
    let mut starts = Vec::new();
    for (row, &time) in times.iter().enumerate() {
        let mut label = clock.start(time);
        let is_sunday = target == Timeframe::D1 && weekday(label) == 6 && clock.anchor == DayAnchor::Utc;
        if is_sunday && sunday == SundayBars::Merge {
            label += DAY;
        }
        if labels.last() != Some(&label) {
            labels.push(label);
            starts.push(row);
        }
    }
    starts.push(times.len());
    let drop = sunday == SundayBars::Drop && target == Timeframe::D1 && clock.anchor == DayAnchor::Utc;
    let kept = (0..labels.len()).filter(|&k| !(drop && weekday(labels[k]) == 6)).collect();
    (labels, starts, kept)
}

/// The chosen bars; rows of dropped ones belong to no bar, so `starts` keeps only each bar's beginning.
fn keep(bars: &BarSeries, starts: &[usize], ends: &[i64], kept: &[usize], partial: bool) -> Resampled {
    let last_kept = kept.last().copied();
    Resampled {
        bars: bars.select(kept),
        starts: kept.iter().map(|&k| starts[k]).chain(starts.last().copied()).collect(),
        ends: kept.iter().map(|&k| ends[k]).collect(),
        last_is_partial: partial && last_kept == bars.len().checked_sub(1),
    }
}

fn join(columns: &PriceColumns, bins: impl ExactSizeIterator<Item = std::ops::Range<usize>>) -> PriceColumns {
    let mut out = PriceColumns::with_capacity(bins.len());
    for rows in bins {
        let max = |values: &[f64]| values.iter().fold(f64::NEG_INFINITY, |m, &v| if v > m { v } else { m });
        let min = |values: &[f64]| values.iter().fold(f64::INFINITY, |m, &v| if v < m { v } else { m });
        out.push(Ohlc {
            open: columns.open[rows.start],
            high: max(&columns.high[rows.clone()]),
            low: min(&columns.low[rows.clone()]),
            close: columns.close[rows.end - 1],
        });
    }
    out
}

/// Start and end of the bin that contains an instant; remembers the last bin.
#[derive(Debug)]
pub(crate) struct BinClock {
    length: i64,
    daily: bool,
    anchor: DayAnchor,
    zone: Option<TimeZone>,
    last: (i64, i64),
}

impl BinClock {
    /// A clock for bins of `target`.
    pub(crate) fn new(target: Timeframe, anchor: DayAnchor) -> Self {
        let anchor = if target < Timeframe::H4 { DayAnchor::Utc } else { anchor };
        let zone = (anchor == DayAnchor::Ny17).then(new_york);
        Self { length: target.micros(), daily: target == Timeframe::D1, anchor, zone, last: (1, 0) }
    }

    /// Label of the bin that contains `time`.
    pub(crate) fn start(&mut self, time: i64) -> i64 {
        let Some(zone) = &self.zone else {
            return time.div_euclid(self.length) * self.length;
        };
        if self.last.0 <= time && time < self.last.1 {
            return self.last.0;
        }
        let start = if self.daily { session_start(zone, time) } else { four_hours(zone, time) };
        self.last = (start, start + HOUR);
        start
    }

    /// First instant after the bin with this label.
    pub(crate) fn end(&mut self, label: i64) -> i64 {
        let nominal = label + self.length;
        if self.zone.is_none() {
            return nominal;
        }
        // A clock change moves the end by one hour at most.
        [nominal - HOUR, nominal]
            .into_iter()
            .find(|&time| self.start(time) != label)
            .unwrap_or(nominal + HOUR)
    }
}

/// 17:00 New York at or before `time`.
fn session_start(zone: &TimeZone, time: i64) -> i64 {
    let local = wall_clock(zone, time);
    let day = day_number(local);
    let day = if local.hour() >= 17 { day } else { day - 1 };
    local_instant(zone, day, 17)
}

/// The reference's four-hour bins: the instant 17 hours earlier is floored to four hours of the New York wall clock,
/// then 17 hours are added again. On clock-change Sundays one bin is an hour shorter or longer.
fn four_hours(zone: &TimeZone, time: i64) -> i64 {
    let shift = 17 * HOUR;
    let local = wall_clock(zone, time - shift);
    local_instant(zone, day_number(local), local.hour() / 4 * 4) + shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;

    fn hourly(first: &str, rows: usize) -> BarSeries {
        let first = Timestamp::parse_iso(first).expect("an instant").0;
        let times = (0_i64..).take(rows).map(|k| first + k * HOUR).collect();
        let value: Vec<f64> = (0..rows).map(|k| 1.0 + k as f64).collect();
        let bid = Arc::new(PriceColumns {
            open: value.clone(),
            high: value.clone(),
            low: value.clone(),
            close: value,
        });
        BarSeries::new(Timeframe::H1, times, Arc::clone(&bid), bid, vec![1.0; rows])
    }

    #[test]
    fn a_day_is_first_open_extremes_last_close_and_summed_volume() {
        let days = resample(&hourly("2024-01-01", 30), Timeframe::D1, ResampleRule::default());
        assert_eq!(days.bars.bid().at(0), Ohlc { open: 1.0, high: 24.0, low: 1.0, close: 24.0 });
        assert_eq!(days.bars.volume(), [24.0, 6.0]);
        assert!(days.last_is_partial);
        assert_eq!(days.drop_partial().bars.len(), 1);
    }

    #[test]
    fn a_long_day_is_complete_only_after_its_last_hour() {
        // New York left daylight saving on 2024-11-03: the session of that night has 25 hours.
        let rule = ResampleRule { anchor: DayAnchor::Ny17, sunday: SundayBars::Keep };
        let days = resample(&hourly("2024-11-02T21:00Z", 25), Timeframe::D1, rule);
        assert_eq!(days.bars.len(), 1);
        assert_eq!(days.ends[0] - days.bars.times()[0], 25 * HOUR);
        assert!(!days.last_is_partial);
    }

    #[test]
    fn a_long_bin_is_complete_at_its_end_though_its_last_bars_are_missing() {
        // The four hours from 21:00 of the night New York left daylight saving are five.
        let rule = ResampleRule { anchor: DayAnchor::Ny17, sunday: SundayBars::Keep };
        let bars = resample(&hourly("2023-11-05T22:00Z", 3), Timeframe::H4, rule);
        assert_eq!(bars.bars.times(), [Timestamp::parse_iso("2023-11-05T21:00Z").expect("an instant").0]);
        assert_eq!(bars.ends, [Timestamp::parse_iso("2023-11-06T02:00Z").expect("an instant").0]);
        assert!(bars.last_is_partial);
    }

    #[test]
    fn sunday_bars_stay_go_or_join_monday() {
        let source = hourly("2024-01-07T22:00Z", 26);
        let days = |sunday| {
            let rule = ResampleRule { anchor: DayAnchor::Utc, sunday };
            resample(&source, Timeframe::D1, rule).bars.volume().to_vec()
        };
        assert_eq!(days(SundayBars::Keep), [2.0, 24.0]);
        assert_eq!(days(SundayBars::Drop), [24.0]);
        assert_eq!(days(SundayBars::Merge), [26.0]);
    }
}
