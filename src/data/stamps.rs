//! Stored integers become microseconds UTC.

use jiff::civil::DateTime;

use super::error::{DataCode, DataError};
use super::zones::{Local, LocalZone};
use crate::types::Timestamp;
use crate::types::time::DAY;

/// What the integers of a time column count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeUnitOf {
    Seconds {
        naive: bool,
    },
    Millis {
        naive: bool,
    },
    Micros {
        naive: bool,
    },
    Nanos {
        naive: bool,
    },
    Days,
    /// Plain integers; the unit shows in the number of digits.
    Epoch,
}

impl TimeUnitOf {
    /// Whether the integers are a wall clock without a zone.
    pub(crate) fn is_naive(self) -> bool {
        match self {
            Self::Seconds { naive }
            | Self::Millis { naive }
            | Self::Micros { naive }
            | Self::Nanos { naive } => naive,
            Self::Days | Self::Epoch => false,
        }
    }

    /// The unit of plain integers by the digits of their median: 10, 13, 16 or 19.
    pub(crate) fn resolved(self, values: impl FnOnce() -> Vec<i64>) -> Result<Self, DataError> {
        if self != Self::Epoch {
            return Ok(self);
        }
        let mut values = values();
        if values.is_empty() {
            return Ok(Self::Micros { naive: false });
        }
        let middle = values.len() / 2;
        let median = *values.select_nth_unstable(middle).1;
        Self::by_digits(median).ok_or_else(|| {
            DataError::new(DataCode::TimestampOutOfRange, "integers that are no Unix times")
                .value(median)
                .hint("10 digits are seconds, 13 milliseconds, 16 microseconds, 19 nanoseconds")
        })
    }

    /// The unit of one Unix time.
    pub(crate) fn by_digits(value: i64) -> Option<Self> {
        match value.unsigned_abs().checked_ilog10().map(|power| power + 1) {
            Some(10) => Some(Self::Seconds { naive: false }),
            Some(13) => Some(Self::Millis { naive: false }),
            Some(16) => Some(Self::Micros { naive: false }),
            Some(19) => Some(Self::Nanos { naive: false }),
            _ => None,
        }
    }
}

/// Converts a column; what cannot be an instant is returned with its row, and its value stays out of range or on a
/// full microsecond.
pub(crate) fn to_micros(
    times: &mut [i64],
    unit: TimeUnitOf,
    zone: Option<&LocalZone>,
) -> Option<(usize, DataError)> {
    let mut problem = None;
    match unit {
        TimeUnitOf::Seconds { .. } => scale(times, 1_000_000),
        TimeUnitOf::Millis { .. } => scale(times, 1000),
        TimeUnitOf::Days => scale(times, DAY),
        TimeUnitOf::Micros { .. } | TimeUnitOf::Epoch => {}
        TimeUnitOf::Nanos { .. } => {
            let split = times.iter().position(|nanos| nanos % 1000 != 0);
            problem = split.map(|row| {
                let error = DataError::new(DataCode::TimestampOffGrid, "not a whole microsecond");
                (row, error.value(format!("{} ns", times[row])))
            });
            for nanos in times.iter_mut() {
                *nanos = nanos.div_euclid(1000);
            }
        }
    }
    let wrong_local = zone.filter(|_| unit.is_naive()).and_then(|zone| localize(times, zone));
    match (problem, wrong_local) {
        (Some(one), Some(other)) => Some(if one.0 <= other.0 { one } else { other }),
        (one, other) => one.or(other),
    }
}

fn scale(times: &mut [i64], factor: i64) {
    for time in times {
        *time = time.saturating_mul(factor);
    }
}

fn localize(times: &mut [i64], zone: &LocalZone) -> Option<(usize, DataError)> {
    let mut problem = None;
    for (row, time) in times.iter_mut().enumerate() {
        let Some(civil) = Timestamp(*time).civil() else { continue };
        match instant(zone, civil) {
            Ok(utc) => *time = utc,
            Err(error) if problem.is_none() => problem = Some((row, error)),
            Err(_) => {}
        }
    }
    problem
}

fn instant(zone: &LocalZone, civil: DateTime) -> Result<i64, DataError> {
    match zone.instant(civil) {
        Local::Instant(utc) => Ok(utc),
        Local::Nonexistent => Err(zone.nonexistent(civil)),
        Local::Ambiguous { .. } => Err(zone.ambiguous(civil)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_tell_the_unit_of_plain_integers() {
        let unit = |values: &[i64]| TimeUnitOf::Epoch.resolved(|| values.to_vec()).map_err(|e| e.code());
        assert_eq!(unit(&[1_399_062_900]), Ok(TimeUnitOf::Seconds { naive: false }));
        assert_eq!(unit(&[1, 1_399_062_900_000, 1_399_062_960_000]), Ok(TimeUnitOf::Millis { naive: false }));
        assert_eq!(unit(&[12_345]), Err(DataCode::TimestampOutOfRange));
    }

    #[test]
    fn seconds_too_large_for_microseconds_stay_out_of_range() {
        let mut times = [i64::MAX / 2, 5];
        assert_eq!(to_micros(&mut times, TimeUnitOf::Seconds { naive: false }, None), None);
        assert_eq!(times, [i64::MAX, 5_000_000]);
    }

    #[test]
    fn a_fraction_of_a_microsecond_is_off_the_grid() {
        let mut times = [2000, 2001];
        let (row, error) =
            to_micros(&mut times, TimeUnitOf::Nanos { naive: false }, None).expect("a problem");
        assert_eq!((row, error.code(), times), (1, DataCode::TimestampOffGrid, [2, 2]));
    }
}
