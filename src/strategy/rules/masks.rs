//! Conditions as bitmaps: comparisons shared through the cache, joined word by word for each parameter set.

use std::sync::Arc;

use super::expr::{Cond, Expr, may_be_infinite};
use super::program::{BinaryOp, CompareOp};
use crate::cache::{Comparison, IndicatorCache, MaskKey, Operand, PriceField, bitmap};
use crate::indicators::{FloatBits, IndicatorKind, SeriesKey};
use crate::strategy::candidates::{mask, no_rows};
use crate::types::{Direction, ParamError, Timeframe};

/// The rows of a condition as a combination of shared comparisons.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rows {
    All,
    None,
    Compared(Box<MaskKey>),
    And(Box<Rows>, Box<Rows>),
    Or(Box<Rows>, Box<Rows>),
    Not(Box<Rows>),
}

/// Turns a calculation that is no simple operand into a cached series.
pub(super) type Materialise<'a> = dyn FnMut(Expr) -> SeriesKey + 'a;

/// The rows on which a condition holds and every input of it is a number. `primary` is the timeframe of the rows.
pub(super) fn rows_of(condition: &Cond, primary: Timeframe, materialise: &mut Materialise<'_>) -> Rows {
    let mut atoms = Atoms { primary, materialise, operands: Vec::new() };
    let rows = atoms.rows(condition);
    if matches!(rows, Rows::All | Rows::None) {
        return rows;
    }
    // Without `or` and `not` a comparison with an absent value already keeps the row out.
    let plain = is_conjunction(condition);
    let guards: Vec<MaskKey> = atoms.operands.iter().flat_map(|operand| guards(operand, plain)).collect();
    guards.into_iter().fold(rows, |rows, guard| and(rows, Rows::Compared(Box::new(guard))))
}

fn is_conjunction(condition: &Cond) -> bool {
    match condition {
        Cond::And(a, b) => is_conjunction(a) && is_conjunction(b),
        Cond::Or(..) | Cond::Not(_) | Cond::Compare(CompareOp::NotEqual, ..) => false,
        Cond::Constant(_) | Cond::Compare(..) | Cond::Cross(..) => true,
    }
}

struct Atoms<'a, 'b> {
    primary: Timeframe,
    materialise: &'a mut Materialise<'b>,
    /// Every operand compared, once.
    operands: Vec<Operand>,
}

impl Atoms<'_, '_> {
    fn rows(&mut self, condition: &Cond) -> Rows {
        match condition {
            Cond::Constant(true) => Rows::All,
            Cond::Constant(false) => Rows::None,
            Cond::Compare(operation, a, b) => {
                let (left, right) = (self.operand(a), self.operand(b));
                let compared = |comparison| Rows::compared(left, comparison, right);
                match operation {
                    CompareOp::Less => compared(Comparison::Less),
                    CompareOp::LessEqual => compared(Comparison::LessEqual),
                    CompareOp::Greater => compared(Comparison::Greater),
                    CompareOp::GreaterEqual => compared(Comparison::GreaterEqual),
                    CompareOp::Equal => {
                        and(compared(Comparison::LessEqual), compared(Comparison::GreaterEqual))
                    }
                    CompareOp::NotEqual => Rows::Or(
                        Box::new(compared(Comparison::Less)),
                        Box::new(compared(Comparison::Greater)),
                    ),
                }
            }
            Cond::Cross(direction, a, b) => {
                let (left, right) = (self.operand(a), self.operand(b));
                for before in [left, right].iter().flat_map(one_row_ago) {
                    self.record(before);
                }
                let comparison = match direction {
                    Direction::Long => Comparison::CrossAbove,
                    Direction::Short => Comparison::CrossBelow,
                };
                Rows::compared(left, comparison, right)
            }
            Cond::And(a, b) => and(self.rows(a), self.rows(b)),
            Cond::Or(a, b) => Rows::Or(Box::new(self.rows(a)), Box::new(self.rows(b))),
            Cond::Not(a) => Rows::Not(Box::new(self.rows(a))),
        }
    }

    fn operand(&mut self, expr: &Expr) -> Operand {
        let operand = self.simple(expr).unwrap_or_else(|| Operand::Series((self.materialise)(expr.clone())));
        self.record(operand);
        operand
    }

    fn record(&mut self, operand: Operand) {
        if !self.operands.contains(&operand) {
            self.operands.push(operand);
        }
    }

    /// The expression as an operand the cache compares without a series of its own.
    fn simple(&self, expr: &Expr) -> Option<Operand> {
        match expr {
            Expr::Const(number) => Some(Operand::Constant(FloatBits::new(*number))),
            Expr::Series(key, 0) => Some(match price_field(key.kind) {
                Some(field) if key.timeframe == self.primary => {
                    Operand::Price { symbol: key.symbol, side: key.side, field }
                }
                _ => Operand::Series(*key),
            }),
            Expr::Series(key, lag) => Some(Operand::Back(*key, *lag)),
            Expr::Binary(operation @ (BinaryOp::Add | BinaryOp::Subtract), mean, width) => {
                band(*operation, mean, width)
            }
            _ => None,
        }
    }
}

/// `mean +/- factor * deviation` of plain series.
fn band(operation: BinaryOp, mean: &Expr, width: &Expr) -> Option<Operand> {
    let Expr::Series(mean, 0) = mean else { return None };
    let Expr::Binary(BinaryOp::Multiply, a, b) = width else { return None };
    let (factor, std) = match (&**a, &**b) {
        (Expr::Const(factor), Expr::Series(std, 0)) | (Expr::Series(std, 0), Expr::Const(factor)) => {
            (*factor, *std)
        }
        _ => return None,
    };
    let factor = if operation == BinaryOp::Add { factor } else { -factor };
    Some(Operand::Band { mean: *mean, std, factor: FloatBits::new(factor) })
}

fn price_field(kind: IndicatorKind) -> Option<PriceField> {
    Some(match kind {
        IndicatorKind::Open => PriceField::Open,
        IndicatorKind::High => PriceField::High,
        IndicatorKind::Low => PriceField::Low,
        IndicatorKind::Close => PriceField::Close,
        _ => return None,
    })
}

/// What a cross reads of an operand besides its present value.
fn one_row_ago(operand: &Operand) -> Vec<Operand> {
    match *operand {
        Operand::Series(key) => vec![Operand::Back(key, 1)],
        Operand::Back(key, rows) => vec![Operand::Back(key, rows.saturating_add(1))],
        Operand::Band { mean, std, .. } => vec![Operand::Back(mean, 1), Operand::Back(std, 1)],
        Operand::Price { .. } | Operand::Constant(_) => Vec::new(),
    }
}

/// Comparisons that hold where an operand is a finite number. In a conjunction only infinities need one.
fn guards(operand: &Operand, conjunction: bool) -> Vec<MaskKey> {
    let infinite = match operand {
        Operand::Constant(_) | Operand::Price { .. } => return Vec::new(),
        Operand::Series(key) | Operand::Back(key, _) => may_be_infinite(key.kind),
        Operand::Band { .. } => false,
    };
    let bound = |comparison, number| MaskKey {
        left: *operand,
        comparison,
        right: Operand::Constant(FloatBits::new(number)),
    };
    let least = bound(Comparison::GreaterEqual, -f64::MAX);
    let greatest = bound(Comparison::LessEqual, f64::MAX);
    match (infinite, conjunction) {
        (true, _) => vec![least, greatest],
        (false, true) => Vec::new(),
        (false, false) => vec![least],
    }
}

fn and(a: Rows, b: Rows) -> Rows {
    Rows::And(Box::new(a), Box::new(b))
}

impl Rows {
    fn compared(left: Operand, comparison: Comparison, right: Operand) -> Self {
        Self::Compared(Box::new(MaskKey { left, comparison, right }))
    }

    /// Calls `visit` with every comparison.
    pub(super) fn for_each_key(&self, visit: &mut impl FnMut(MaskKey)) {
        match self {
            Self::All | Self::None => {}
            Self::Compared(key) => visit(**key),
            Self::And(a, b) | Self::Or(a, b) => {
                a.for_each_key(visit);
                b.for_each_key(visit);
            }
            Self::Not(a) => a.for_each_key(visit),
        }
    }

    /// The bitmap over `count` rows, without words where it holds none of them: a search for the next row that could
    /// be set would pass over every word each time.
    pub(super) fn bits(&self, cache: &IndicatorCache, count: usize) -> Result<Arc<[u64]>, ParamError> {
        let words = self.words(cache, count)?;
        Ok(if words.iter().all(|&word| word == 0) { no_rows() } else { words })
    }

    fn words(&self, cache: &IndicatorCache, count: usize) -> Result<Arc<[u64]>, ParamError> {
        let none = || Arc::from(vec![0_u64; bitmap::words_for(count)]);
        Ok(match self {
            Self::All => bitmap::not(&none(), count),
            Self::None => none(),
            Self::Compared(key) => mask(cache, key)?,
            Self::And(a, b) => bitmap::and(&a.words(cache, count)?, &b.words(cache, count)?),
            Self::Or(a, b) => bitmap::or(&a.words(cache, count)?, &b.words(cache, count)?),
            Self::Not(a) => bitmap::not(&a.words(cache, count)?, count),
        })
    }
}
