//! One searched parameter: its levels in order, and the mapping from the unit interval.

use std::sync::Arc;

use super::Decimal;
use crate::types::{ParamValue, math};

/// The values of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Levels {
    /// `from + k * step` in exact decimals, `k < count`.
    Stepped {
        /// First value.
        from: Decimal,
        /// Distance of values, above zero.
        step: Decimal,
        /// Number of values, at least 1.
        count: u64,
        /// Whether the values are whole numbers.
        whole: bool,
    },
    /// `from * (to/from)^(k/(points-1))`, both ends exact.
    LogPoints {
        /// First value, above zero.
        from: f64,
        /// Last value, above `from`.
        to: f64,
        /// Number of values, at least 2.
        points: u64,
    },
    /// Every float of `[from, to]`.
    Continuous {
        /// Least value.
        from: f64,
        /// Greatest value.
        to: f64,
        /// Interpolated in the logarithm.
        log: bool,
    },
    /// These values, at least one.
    Choice {
        /// The values in file order.
        values: Arc<[ParamValue]>,
        /// Whether neighbours in the list are neighbours in meaning.
        ordered: bool,
    },
}

/// Where a point stands on one axis: a level index, or the float itself on a continuous axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Coordinate {
    /// Level index.
    Level(u64),
    /// Value on a continuous axis.
    Real(f64),
}

impl Levels {
    /// Number of levels; `None` = continuous.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Stepped { count, .. } => Some(*count),
            Self::LogPoints { points, .. } => Some(*points),
            Self::Continuous { .. } => None,
            Self::Choice { values, .. } => Some(values.len() as u64),
        }
    }

    /// Whether neighbouring levels are neighbours in meaning.
    pub fn is_ordered(&self) -> bool {
        !matches!(self, Self::Choice { ordered: false, .. })
    }

    /// The value at a coordinate. A level beyond the last one counts as the last.
    pub fn value(&self, at: Coordinate) -> ParamValue {
        match (self, at) {
            (Self::Continuous { .. }, Coordinate::Real(value)) => ParamValue::Float(value),
            (Self::Continuous { from, .. }, Coordinate::Level(_)) => ParamValue::Float(*from),
            (_, Coordinate::Level(level)) => self.level_value(level),
            (_, Coordinate::Real(_)) => self.level_value(0),
        }
    }

    fn level_value(&self, level: u64) -> ParamValue {
        let level = level.min(self.count().unwrap_or(1) - 1);
        match self {
            Self::Stepped { from, step, whole, .. } => stepped(*from, *step, level, *whole),
            Self::LogPoints { from, to, points } => ParamValue::Float(log_point(*from, *to, level, *points)),
            Self::Continuous { from, .. } => ParamValue::Float(*from),
            Self::Choice { values, .. } => {
                values[usize::try_from(level).expect("below the length of a list")].clone()
            }
        }
    }

    /// The coordinate of `u` in `[0, 1)`: level `min(n-1, floor(u*n))`, or linear (in the logarithm with `log`).
    pub fn at_unit(&self, u: f64) -> Coordinate {
        match self {
            Self::Continuous { from, to, log: false } => Coordinate::Real(from + u * (to - from)),
            Self::Continuous { from, to, log: true } => {
                let (low, high) = (math::ln(*from), math::ln(*to));
                Coordinate::Real(math::exp(low + u * (high - low)).clamp(*from, *to))
            }
            _ => Coordinate::Level(level_of_unit(u, self.count().unwrap_or(1))),
        }
    }
}

/// `min(n-1, floor(u*n))`; `n` at least 1, `u` in `[0, 1]`.
pub fn level_of_unit(u: f64, n: u64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturating, then clipped to n-1"
    )]
    let level = (u * n as f64).floor() as u64;
    level.min(n - 1)
}

fn stepped(from: Decimal, step: Decimal, level: u64, whole: bool) -> ParamValue {
    let value = from.plus_steps(step, level).unwrap_or(from);
    match value.to_i64() {
        Some(number) if whole => ParamValue::Int(number),
        _ => ParamValue::Float(value.to_f64()),
    }
}

fn log_point(from: f64, to: f64, level: u64, points: u64) -> f64 {
    if level == 0 {
        from
    } else if level + 1 == points {
        to
    } else {
        from * math::pow(to / from, level as f64 / (points - 1) as f64)
    }
}

/// Identity of a parameter set: level indices, or the bits of continuous values. The point is one whose inactive axes
/// stand on their first level.
pub fn identity(point: &[Coordinate]) -> Box<[u64]> {
    let bits = |at: &Coordinate| match at {
        Coordinate::Level(level) => *level,
        Coordinate::Real(value) => (value + 0.0).to_bits(),
    };
    point.iter().map(bits).collect()
}

/// When a parameter is read at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Earlier axes with the values that switch this one on; all must hold, and the parents must be active.
    pub when: Vec<(usize, Vec<ParamValue>)>,
    /// Value while inactive.
    pub otherwise: ParamValue,
}

/// One parameter of the search.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Name, a path into the strategy or, with the prefix `engine.`, into the engine settings.
    pub name: Arc<str>,
    /// Its values.
    pub levels: Levels,
    /// When it is read; `None` = always.
    pub condition: Option<Condition>,
}

impl Axis {
    /// Whether the axis has more than one value: only such axes take part in the unit cube.
    pub fn is_searched(&self) -> bool {
        self.levels.count() != Some(1)
    }
}

/// Equality of values as a person means it: `1` and `1.0` are the same number.
pub fn same_value(a: &ParamValue, b: &ParamValue) -> bool {
    match (a, b) {
        (ParamValue::Int(a), ParamValue::Int(b)) => a == b,
        (ParamValue::List(a), ParamValue::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same_value(a, b))
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_fall_into_equal_cells_and_one_stays_inside() {
        assert_eq!([0.0, 0.249, 0.25, 0.999, 1.0].map(|u| level_of_unit(u, 4)), [0, 0, 1, 3, 3]);
    }

    #[test]
    fn whole_and_fractional_numbers_compare_by_value() {
        let list = |items: &[ParamValue]| ParamValue::List(items.into());
        assert!(same_value(&list(&[ParamValue::Int(1)]), &list(&[ParamValue::Float(1.0)])));
        assert!(!same_value(&ParamValue::Int(1), &ParamValue::text("1")));
    }

    #[test]
    fn log_axes_start_and_end_exactly() {
        let levels = Levels::LogPoints { from: 0.3, to: 7.7, points: 5 };
        assert_eq!(levels.value(Coordinate::Level(0)), ParamValue::Float(0.3));
        assert_eq!(levels.value(Coordinate::Level(4)), ParamValue::Float(7.7));
    }
}
