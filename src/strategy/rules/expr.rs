//! A number or a condition with all parameters chosen: constants, cached series, and calculations between them.
//!
//! A value that is not a finite number is absent (`NaN`); what is calculated from an absent value is absent.

use std::fmt;

use super::program::{BinaryOp, CompareOp, UnaryOp};
use crate::indicators::{IndicatorKind, SeriesKey};
use crate::types::Direction;
use crate::types::math::round_decimals;

/// A number per primary row of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Const(f64),
    /// A cached series, so many primary rows ago.
    Series(SeriesKey, u32),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// To so many decimals.
    Round(usize, Box<Expr>),
    Entry,
    Side,
    Stop,
}

/// A condition per primary row of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cond {
    Constant(bool),
    Compare(CompareOp, Expr, Expr),
    Cross(Direction, Expr, Expr),
    And(Box<Cond>, Box<Cond>),
    Or(Box<Cond>, Box<Cond>),
    Not(Box<Cond>),
}

/// The number, or absent when it is not finite.
#[inline]
pub(super) fn present(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

#[inline]
pub(super) fn unary(operation: UnaryOp, x: f64) -> f64 {
    match operation {
        UnaryOp::Minus => -x,
        UnaryOp::Abs => x.abs(),
        UnaryOp::Sqrt => x.sqrt(),
    }
}

#[inline]
pub(super) fn binary(operation: BinaryOp, a: f64, b: f64) -> f64 {
    match operation {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide => present(a / b),
        BinaryOp::Min | BinaryOp::Max if a.is_nan() || b.is_nan() => f64::NAN,
        BinaryOp::Min => a.min(b),
        BinaryOp::Max => a.max(b),
    }
}

#[inline]
pub(super) fn round(digits: usize, x: f64) -> f64 {
    if digits == 0 { x.round_ties_even() } else { round_decimals(x, digits) }
}

#[inline]
pub(super) fn compare(operation: CompareOp, a: f64, b: f64) -> bool {
    match operation {
        CompareOp::Less => a < b,
        CompareOp::LessEqual => a <= b,
        CompareOp::Greater => a > b,
        CompareOp::GreaterEqual => a >= b,
        CompareOp::Equal => a == b,
        CompareOp::NotEqual => a != b,
    }
}

/// Whether a series can hold an infinite value: scores divide by a deviation that may be zero.
pub(super) fn may_be_infinite(kind: IndicatorKind) -> bool {
    matches!(
        kind,
        IndicatorKind::ZScore { .. }
            | IndicatorKind::ZScoreEma { .. }
            | IndicatorKind::KalmanZScore { .. }
            | IndicatorKind::KalmanGarchZScore { .. }
            | IndicatorKind::Roc { .. }
    )
}

impl Expr {
    /// Calculated now when the parts are constants.
    pub(super) fn unary(operation: UnaryOp, x: Self) -> Self {
        match x {
            Self::Const(x) => Self::Const(unary(operation, x)),
            x => Self::Unary(operation, Box::new(x)),
        }
    }

    pub(super) fn binary(operation: BinaryOp, a: Self, b: Self) -> Self {
        match (a, b) {
            (Self::Const(a), Self::Const(b)) => Self::Const(binary(operation, a, b)),
            (a, b) => Self::Binary(operation, Box::new(a), Box::new(b)),
        }
    }

    pub(super) fn round(digits: usize, x: Self) -> Self {
        match x {
            Self::Const(x) => Self::Const(round(digits, x)),
            x => Self::Round(digits, Box::new(x)),
        }
    }

    /// The expression so many rows ago.
    pub(super) fn shifted(self, rows: u32) -> Self {
        match self {
            Self::Series(key, lag) => Self::Series(key, lag.saturating_add(rows)),
            Self::Unary(operation, x) => Self::Unary(operation, Box::new(x.shifted(rows))),
            Self::Round(digits, x) => Self::Round(digits, Box::new(x.shifted(rows))),
            Self::Binary(operation, a, b) => {
                Self::Binary(operation, Box::new(a.shifted(rows)), Box::new(b.shifted(rows)))
            }
            other => other,
        }
    }

    /// Calls `visit` with every series read.
    pub(super) fn for_each_series(&self, visit: &mut impl FnMut(SeriesKey)) {
        match self {
            Self::Series(key, _) => visit(*key),
            Self::Unary(_, x) | Self::Round(_, x) => x.for_each_series(visit),
            Self::Binary(_, a, b) => {
                a.for_each_series(visit);
                b.for_each_series(visit);
            }
            Self::Const(_) | Self::Entry | Self::Side | Self::Stop => {}
        }
    }

    /// Most rows ago that it reads.
    pub(super) fn reach(&self) -> usize {
        match self {
            Self::Series(_, lag) => *lag as usize,
            Self::Unary(_, x) | Self::Round(_, x) => x.reach(),
            Self::Binary(_, a, b) => a.reach().max(b.reach()),
            Self::Const(_) | Self::Entry | Self::Side | Self::Stop => 0,
        }
    }

    /// Number of parts.
    pub(super) fn pieces(&self) -> usize {
        match self {
            Self::Unary(_, x) | Self::Round(_, x) => 1 + x.pieces(),
            Self::Binary(_, a, b) => 1 + a.pieces() + b.pieces(),
            _ => 1,
        }
    }
}

impl Cond {
    pub(super) fn and(a: Self, b: Self) -> Self {
        match (a, b) {
            (Self::Constant(true), other) | (other, Self::Constant(true)) => other,
            (Self::Constant(false), _) | (_, Self::Constant(false)) => Self::Constant(false),
            (a, b) => Self::And(Box::new(a), Box::new(b)),
        }
    }

    pub(super) fn or(a: Self, b: Self) -> Self {
        match (a, b) {
            (Self::Constant(false), other) | (other, Self::Constant(false)) => other,
            (Self::Constant(true), _) | (_, Self::Constant(true)) => Self::Constant(true),
            (a, b) => Self::Or(Box::new(a), Box::new(b)),
        }
    }

    pub(super) fn negated(a: Self) -> Self {
        match a {
            Self::Constant(value) => Self::Constant(!value),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    pub(super) fn compare(operation: CompareOp, a: Expr, b: Expr) -> Self {
        match (&a, &b) {
            (Expr::Const(a), Expr::Const(b)) => Self::Constant(compare(operation, *a, *b)),
            _ => Self::Compare(operation, a, b),
        }
    }

    /// Calls `visit` with every series read.
    pub(super) fn for_each_series(&self, visit: &mut impl FnMut(SeriesKey)) {
        match self {
            Self::Constant(_) => {}
            Self::Compare(_, a, b) | Self::Cross(_, a, b) => {
                a.for_each_series(visit);
                b.for_each_series(visit);
            }
            Self::And(a, b) | Self::Or(a, b) => {
                a.for_each_series(visit);
                b.for_each_series(visit);
            }
            Self::Not(a) => a.for_each_series(visit),
        }
    }
}

impl fmt::Display for Expr {
    /// The canonical text: equal expressions have equal texts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Const(number) => write!(f, "{number:?}"),
            Self::Series(key, 0) => write!(f, "[{key}]"),
            Self::Series(key, lag) => write!(f, "[{key}]@{lag}"),
            Self::Unary(operation, x) => write!(f, "{operation:?}({x})"),
            Self::Binary(operation, a, b) => write!(f, "{operation:?}({a},{b})"),
            Self::Round(digits, x) => write!(f, "Round{digits}({x})"),
            Self::Entry => f.write_str("entry"),
            Self::Side => f.write_str("side"),
            Self::Stop => f.write_str("stop"),
        }
    }
}

impl fmt::Display for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => write!(f, "{value}"),
            Self::Compare(operation, a, b) => write!(f, "{operation:?}({a},{b})"),
            Self::Cross(direction, a, b) => write!(f, "Cross({direction},{a},{b})"),
            Self::And(a, b) => write!(f, "And({a},{b})"),
            Self::Or(a, b) => write!(f, "Or({a},{b})"),
            Self::Not(a) => write!(f, "Not({a})"),
        }
    }
}
