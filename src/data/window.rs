//! The range a study trades on: from, to, warm-up, hold-out.

use std::fmt;

use super::error::{DataCode, DataError};
use super::settings::{DataSettings, Holdout};
use crate::types::time::DAY;
use crate::types::{StepRange, Timeframe, Timestamp};

/// What is kept back from the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldoutInfo {
    /// First instant that no search sees.
    pub first: Timestamp,
    /// Last instant of the range.
    pub last: Timestamp,
    /// Steps kept back.
    pub steps: usize,
}

impl fmt::Display for HoldoutInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |instant: Timestamp| instant.to_string().chars().take(10).collect::<String>();
        write!(f, "{} bars, {} .. {}", self.steps, day(self.first), day(self.last))
    }
}

/// First instant to load: `from` minus the warm-up span, or nothing to cut.
pub(crate) fn load_start(settings: &DataSettings, longest: Timeframe) -> Option<Timestamp> {
    settings.from.map(|from| Timestamp(from.0.saturating_sub(span(settings, longest))))
}

/// Warm-up in calendar time: bars times the longest timeframe (`execution.md` 2.1).
fn span(settings: &DataSettings, longest: Timeframe) -> i64 {
    i64::from(settings.warmup_bars) * longest.micros()
}

/// First tradeable step of a timeline that ends before `to`.
///
/// # Errors
/// `date_range_empty` with the range there is.
pub(crate) fn first_step(
    timeline: &[i64],
    settings: &DataSettings,
    longest: Timeframe,
) -> Result<usize, DataError> {
    let start =
        settings.from.map_or_else(|| timeline[0].saturating_add(span(settings, longest)), |from| from.0);
    let step = timeline.partition_point(|&time| time < start);
    if step == timeline.len() {
        return Err(empty(timeline, Timestamp(start)));
    }
    Ok(step)
}

fn empty(timeline: &[i64], start: Timestamp) -> DataError {
    let (first, last) = (Timestamp(timeline[0]), Timestamp(timeline[timeline.len() - 1]));
    DataError::new(DataCode::DateRangeEmpty, format!("no instant at or after {start}"))
        .hint(format!("the data goes from {first} to {last}; warmup_bars may be too many"))
}

/// One past the last step of development.
///
/// # Errors
/// `date_range_empty` when nothing would be left.
pub(crate) fn development_end(
    timeline: &[i64],
    start: usize,
    settings: &DataSettings,
    primary: Timeframe,
) -> Result<usize, DataError> {
    let steps = timeline.len() - start;
    let last = timeline[timeline.len() - 1];
    let range_end = settings.to.unwrap_or(Timestamp(last + primary.micros()));
    let at = |boundary: i64| timeline.partition_point(|&time| time < boundary);
    let end = match settings.holdout {
        Holdout::None => timeline.len(),
        Holdout::Percent { digits, scale } => timeline.len() - share(steps, digits, scale),
        Holdout::Bars(bars) => timeline.len().saturating_sub(usize::try_from(bars).unwrap_or(usize::MAX)),
        Holdout::Days(days) => at(range_end.0.saturating_sub(days.saturating_mul(DAY))),
        Holdout::Months(months) => at(range_end.add_months(-months).map_or(i64::MIN, |boundary| boundary.0)),
    };
    if end <= start {
        return Err(DataError::new(DataCode::DateRangeEmpty, "the hold-out covers the whole range").hint(
            format!(
                "{steps} steps are tradeable: a shorter data.holdout, an earlier data.from, or more data"
            ),
        ));
    }
    Ok(end)
}

/// `steps * digits / 10^scale` per cent, rounded down, in whole numbers.
fn share(steps: usize, digits: u64, scale: u32) -> usize {
    let product = steps as u128 * u128::from(digits);
    usize::try_from(product / (100 * 10_u128.pow(scale))).unwrap_or(steps)
}

/// Window of development and what is kept back.
pub(crate) fn window(timeline: &[i64], start: usize, end: usize) -> (StepRange, Option<HoldoutInfo>) {
    let kept_back = timeline.get(end).map(|&first| HoldoutInfo {
        first: Timestamp(first),
        last: Timestamp(timeline[timeline.len() - 1]),
        steps: timeline.len() - end,
    });
    (StepRange { start, end }, kept_back)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(holdout: &str, from: Option<i64>) -> Result<usize, DataCode> {
        let timeline: Vec<i64> = (0..101).map(|day| day * DAY).collect();
        let settings = DataSettings {
            holdout: Holdout::parse(holdout).expect("a hold-out"),
            from: from.map(|day| Timestamp(day * DAY)),
            ..DataSettings::default()
        };
        let start = first_step(&timeline, &settings, Timeframe::D1).map_err(|error| error.code())?;
        development_end(&timeline, start, &settings, Timeframe::D1).map_err(|error| error.code())
    }

    #[test]
    fn a_share_of_the_tradeable_steps_is_rounded_down() {
        assert_eq!(ends("20%", None), Ok(81));
        assert_eq!(ends("20%", Some(2)), Ok(82));
        assert_eq!(ends("29%", Some(1)), Ok(72));
        assert_eq!(ends("0.5%", None), Ok(101));
    }

    #[test]
    fn bars_days_and_months_count_from_the_end() {
        assert_eq!(ends("10bars", None), Ok(91));
        assert_eq!(ends("7d", None), Ok(94));
        // The range ends on 1970-04-12; one month earlier is 1970-03-12, day 70.
        assert_eq!(ends("1m", None), Ok(70));
    }

    #[test]
    fn an_empty_range_is_refused() {
        assert_eq!(ends("20%", Some(500)), Err(DataCode::DateRangeEmpty));
        assert_eq!(ends("1y", None), Err(DataCode::DateRangeEmpty));
        assert_eq!(ends("100%", None), Err(DataCode::DateRangeEmpty));
    }
}
