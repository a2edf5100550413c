//! Putting series beside each other: bid with ask, and higher timeframes under primary bars without look-ahead.

use std::ops::Range;

use super::bars::BarSeries;
use super::multi::NO_ROW;
use super::settings::{AlignmentSettings, EntryTimestampMode};
use crate::types::Timeframe;

/// Rows of two sorted lists with equal times, as pairs of runs of equal length; nothing is filled or interpolated.
pub fn common_runs(left: &[i64], right: &[i64]) -> Vec<(Range<usize>, Range<usize>)> {
    if left == right {
        return if left.is_empty() { Vec::new() } else { vec![(0..left.len(), 0..right.len())] };
    }
    let mut runs: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        match left[i].cmp(&right[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                match runs.last_mut() {
                    Some((a, b)) if a.end == i && b.end == j => (a.end, b.end) = (i + 1, j + 1),
                    _ => runs.push((i..i + 1, j..j + 1)),
                }
                i += 1;
                j += 1;
            }
        }
    }
    runs
}

/// Per primary row the newest higher row that is complete and not stale, else [`NO_ROW`] (`indicators.md` 3.2).
///
/// `higher` holds open times, `ends` the instants at which those bars are complete. Staleness counts primary rows
/// since the map last advanced.
///
/// # Panics
/// In debug builds, when an entry would look ahead.
pub fn higher_map(
    primary: &[i64],
    primary_timeframe: Timeframe,
    higher: &HigherTimes<'_>,
    settings: AlignmentSettings,
) -> Vec<u32> {
    if settings.allow_lookahead {
        return carried(primary, higher, settings, primary_timeframe, |time, open, _| open <= time);
    }
    let delay = match settings.entry_timestamp_mode {
        EntryTimestampMode::Open => 0,
        EntryTimestampMode::Close => primary_timeframe.micros(),
    };
    let map = carried(primary, higher, settings, primary_timeframe, |time, _, end| end <= time + delay);
    debug_assert!(
        map.iter()
            .zip(primary)
            .all(|(&row, &time)| row == NO_ROW || higher.ends[row as usize] <= time + delay),
        "a higher bar is seen before it is complete"
    );
    map
}

/// Open times of higher bars and when each is complete.
#[derive(Debug, Clone, Copy)]
pub struct HigherTimes<'a> {
    /// Length of the bars.
    pub timeframe: Timeframe,
    /// Open times, increasing.
    pub opens: &'a [i64],
    /// Instants of completion, increasing.
    pub ends: &'a [i64],
}

/// Instants at which bars read from a file are complete: open plus length.
pub fn nominal_ends(bars: &BarSeries) -> Vec<i64> {
    bars.times().iter().map(|open| open + bars.timeframe().micros()).collect()
}

fn carried(
    primary: &[i64],
    higher: &HigherTimes<'_>,
    settings: AlignmentSettings,
    primary_timeframe: Timeframe,
    usable: impl Fn(i64, i64, i64) -> bool,
) -> Vec<u32> {
    let limit = stale_limit(primary_timeframe, higher.timeframe, settings.stale_bar_limit_bars);
    let mut next = 0;
    let mut advanced_at = 0;
    let mut map = Vec::with_capacity(primary.len());
    for (i, &time) in primary.iter().enumerate() {
        while next < higher.opens.len() && usable(time, higher.opens[next], higher.ends[next]) {
            next += 1;
            advanced_at = i;
        }
        let stale = i - advanced_at > limit;
        let row = if next == 0 || stale { NO_ROW } else { u32::try_from(next - 1).unwrap_or(NO_ROW) };
        map.push(row);
    }
    map
}

/// Primary rows after which a higher bar is stale.
fn stale_limit(primary: Timeframe, higher: Timeframe, configured: u32) -> usize {
    if configured > 0 {
        return configured as usize;
    }
    usize::try_from(2 * (higher.minutes() / primary.minutes())).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::time::MINUTE;

    #[test]
    fn only_equal_times_survive_the_join() {
        let runs = common_runs(&[1, 2, 3, 5, 6, 9], &[2, 3, 4, 6, 7, 9]);
        assert_eq!(runs, [(1..3, 0..2), (4..5, 3..4), (5..6, 5..6)]);
        assert_eq!(common_runs(&[1, 2], &[1, 2]), [(0..2, 0..2)]);
        assert!(common_runs(&[1], &[2]).is_empty());
    }

    #[test]
    fn a_higher_bar_shows_when_complete_and_goes_when_stale() {
        let primary: Vec<i64> = (0..40).map(|k| k * 5 * MINUTE).collect();
        let opens = [0, 15 * MINUTE];
        let ends = opens.map(|open| open + 15 * MINUTE);
        let higher = HigherTimes { timeframe: Timeframe::M15, opens: &opens, ends: &ends };
        let map = higher_map(&primary, Timeframe::M5, &higher, AlignmentSettings::default());
        assert_eq!(&map[..8], &[NO_ROW, NO_ROW, NO_ROW, 0, 0, 0, 1, 1]);
        assert_eq!(map[12], 1);
        assert_eq!(map[13], NO_ROW);
    }

    proptest! {
        #[test]
        fn cutting_the_future_changes_no_earlier_entry(
            steps in proptest::collection::vec(1_i64..5, 1..80),
            holes in proptest::collection::vec(0_i64..3, 0..20),
            cut in 0_usize..80,
            close_mode in any::<bool>(),
        ) {
            let primary: Vec<i64> =
                steps.iter().scan(0, |t, step| { *t += step; Some(*t * 5 * MINUTE) }).collect();
            let opens: Vec<i64> =
                holes.iter().scan(-1, |k, hole| { *k += 1 + hole; Some(*k * 15 * MINUTE) }).collect();
            let settings = AlignmentSettings {
                entry_timestamp_mode: if close_mode { EntryTimestampMode::Close } else { EntryTimestampMode::Open },
                ..AlignmentSettings::default()
            };
            let map = |rows: &[i64], opens: &[i64]| {
                let ends: Vec<i64> = opens.iter().map(|open| open + 15 * MINUTE).collect();
                let higher = HigherTimes { timeframe: Timeframe::M15, opens, ends: &ends };
                higher_map(rows, Timeframe::M5, &higher, settings)
            };
            let cut = cut.min(primary.len());
            let whole = map(&primary, &opens);
            let last = primary[..cut].last().copied().unwrap_or(i64::MIN);
            let known: Vec<i64> =
                opens.iter().copied().filter(|open| open + 15 * MINUTE <= last.saturating_add(5 * MINUTE)).collect();
            prop_assert_eq!(&whole[..cut], &map(&primary[..cut], &known)[..]);
        }
    }
}
