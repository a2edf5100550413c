//! A rule once its names and types are known: numbers and truths, parameters not yet chosen.

use std::sync::Arc;

use super::functions::Indicator;
use crate::types::{Direction, PriceSide, Timeframe};

/// A shared number.
pub(super) type NumRef = Arc<Num>;
/// A shared truth.
pub(super) type TruthRef = Arc<Truth>;

/// An expression that gives a number per bar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Num {
    Number(f64),
    /// Index into the parameters.
    Param(usize),
    /// A column of the bars; `None` takes the side of the scope.
    Price(Field, Option<PriceSide>),
    Unary(UnaryOp, NumRef),
    Binary(BinaryOp, NumRef, NumRef),
    /// To so many decimals.
    Round(NumRef, NumRef),
    /// So many bars ago.
    Prev(NumRef, NumRef),
    /// Sum or population deviation of the last bars.
    Window(WindowOp, NumRef, NumRef),
    /// An indicator over a series (or over the bars) with fixed arguments.
    Indicator(Indicator, Option<NumRef>, Vec<NumRef>),
    Correlation(Arc<str>, NumRef),
    /// Bars since a truth last held, 0 on a bar where it holds.
    Since(TruthRef),
    Scoped(Scope, NumRef),
    /// A number named under `let`, by its place there.
    Named(usize),
    /// Fill after slippage.
    Entry,
    /// 1 long, -1 short.
    Side,
    /// The stop, for the target.
    Stop,
}

/// A column of the bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Open,
    High,
    Low,
    Close,
    Volume,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnaryOp {
    Minus,
    Abs,
    Sqrt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Min,
    Max,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowOp {
    Sum,
    StdevPop,
}

/// Other bars than the ones traded.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scope {
    Timeframe(Timeframe),
    Symbol(Arc<str>),
    Ask,
}

/// An expression that holds or does not.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Truth {
    Constant(bool),
    /// Index into the parameters.
    Param(usize),
    Compare(CompareOp, NumRef, NumRef),
    /// `a` crosses `b` towards a direction.
    Cross(Direction, NumRef, NumRef),
    /// The time of decision lies between two times of day, microseconds, both ends included.
    Between(i64, i64),
    And(TruthRef, TruthRef),
    Or(TruthRef, TruthRef),
    Not(TruthRef),
    Scoped(Scope, TruthRef),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CompareOp {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

/// Either kind of expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typed {
    Num(NumRef),
    Truth(TruthRef),
}

/// A named number or truth of `let`, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) value: Typed,
}

/// All rules of a strategy.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Program {
    pub(super) params: Vec<Param>,
    pub(super) named: Vec<Named>,
    pub(super) long: Option<TruthRef>,
    pub(super) short: Option<TruthRef>,
    pub(super) exit_long: Option<TruthRef>,
    pub(super) exit_short: Option<TruthRef>,
    pub(super) stop: LevelRule,
    pub(super) target: LevelRule,
    /// Lots; `None` leaves sizing to the engine.
    pub(super) lots: Option<f64>,
}

/// How a stop or target is stated.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum LevelRule {
    #[default]
    Absent,
    /// A price, known once the fill is.
    Price(NumRef),
    /// A distance from the fill, known at the decision.
    Distance(NumRef),
}

/// A parameter found in the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Param {
    pub(super) name: String,
    pub(super) usage: Usage,
}

/// What a parameter is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    /// Not known yet.
    Unused,
    Number,
    Bars,
    Truth,
}

impl Num {
    /// Whether the value is fixed once the parameters are.
    pub(super) fn is_fixed(&self) -> bool {
        match self {
            Self::Number(_) | Self::Param(_) => true,
            Self::Unary(_, x) => x.is_fixed(),
            Self::Binary(_, a, b) | Self::Round(a, b) => a.is_fixed() && b.is_fixed(),
            _ => false,
        }
    }

    /// Number of pieces and depth, for the limits; names count as one piece.
    pub(super) fn weight(&self) -> Weight {
        match self {
            Self::Unary(_, x) | Self::Scoped(_, x) | Self::Correlation(_, x) => x.weight().above(),
            Self::Binary(_, a, b) | Self::Round(a, b) | Self::Prev(a, b) | Self::Window(_, a, b) => {
                a.weight().beside(b.weight()).above()
            }
            Self::Indicator(_, over, fixed) => {
                let all = over.iter().chain(fixed).map(|x| x.weight());
                all.fold(Weight::default(), Weight::beside).above()
            }
            Self::Since(truth) => truth.weight().above(),
            _ => Weight { pieces: 1, depth: 1 },
        }
    }
}

impl Truth {
    /// As [`Num::weight`].
    pub(super) fn weight(&self) -> Weight {
        match self {
            Self::Compare(_, a, b) | Self::Cross(_, a, b) => a.weight().beside(b.weight()).above(),
            Self::And(a, b) | Self::Or(a, b) => a.weight().beside(b.weight()).above(),
            Self::Not(a) | Self::Scoped(_, a) => a.weight().above(),
            Self::Constant(_) | Self::Param(_) | Self::Between(..) => Weight { pieces: 1, depth: 1 },
        }
    }
}

/// Size of an expression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) pieces: usize,
    pub(super) depth: usize,
}

impl Weight {
    fn beside(self, other: Self) -> Self {
        Self { pieces: self.pieces.saturating_add(other.pieces), depth: self.depth.max(other.depth) }
    }

    fn above(self) -> Self {
        Self { pieces: self.pieces.saturating_add(1), depth: self.depth.saturating_add(1) }
    }
}
