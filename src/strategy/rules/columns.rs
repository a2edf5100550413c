//! Columns of a calculation, block by block: the parts of a block stay near while they are joined, and every operation runs
//! in wide registers where the machine has them. The operations are exact, so the bits are those of one row at a time.

use std::borrow::Cow;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::expr::{Expr, binary, may_be_infinite, present, round, unary};
use super::program::{BinaryOp, UnaryOp};
use crate::cache::ExpressionSource;
use crate::indicators::SeriesKey;
use crate::types::registers;

/// Rows calculated at a time.
const BLOCK: usize = 1024;

/// Calculations over the rows of a source.
pub(super) struct Columns<'a> {
    arch: Arch,
    source: &'a ExpressionSource<'a>,
}

/// A part of a calculation over the rows of a block.
enum Part<'a> {
    Same(f64),
    Read(Cow<'a, [f64]>),
    /// Where the part was to be written.
    Written,
}

impl<'a> Columns<'a> {
    pub(super) fn new(source: &'a ExpressionSource<'a>) -> Self {
        Self { arch: registers::arch(), source }
    }

    /// One value per row, as they lie in memory where they are a series.
    pub(super) fn column(&self, expr: &Expr, rows: Range<usize>) -> Cow<'a, [f64]> {
        if let Expr::Series(key, lag) = expr {
            return self.series(key, *lag, rows);
        }
        let mut out = vec![0.0; rows.len()];
        self.write(expr, rows, &mut out);
        Cow::Owned(out)
    }

    /// Writes one value per row.
    pub(super) fn write(&self, expr: &Expr, rows: Range<usize>, out: &mut [f64]) {
        let mut spare = vec![0.0; spares(expr) * BLOCK.min(rows.len())];
        for (start, out) in rows.step_by(BLOCK).zip(out.chunks_mut(BLOCK)) {
            match self.part(expr, start..start + out.len(), out, &mut spare) {
                Part::Same(number) => out.fill(number),
                Part::Read(rows) => out.copy_from_slice(&rows),
                Part::Written => {}
            }
        }
    }

    /// Makes what is no number absent.
    pub(super) fn keep_present(&self, values: &mut [f64]) {
        self.arch.dispatch(OneSide { operation: One::Present, values });
    }

    fn series(&self, key: &SeriesKey, lag: u32, rows: Range<usize>) -> Cow<'a, [f64]> {
        let mut values = self.source.series(key, rows, lag as usize);
        if may_be_infinite(key.kind) {
            self.keep_present(values.to_mut());
        }
        values
    }

    /// A part over a block; `spare` has room for [`spares`] blocks.
    fn part(&self, expr: &Expr, block: Range<usize>, out: &mut [f64], spare: &mut [f64]) -> Part<'a> {
        match expr {
            Expr::Const(number) => Part::Same(*number),
            // Only levels read these, and levels are no series.
            Expr::Entry | Expr::Side | Expr::Stop => Part::Same(f64::NAN),
            Expr::Series(key, lag) => Part::Read(self.series(key, *lag, block)),
            Expr::Unary(operation, x) => match self.part(x, block, out, spare) {
                Part::Same(x) => Part::Same(unary(*operation, x)),
                part => self.alone(One::Unary(*operation), &part, out),
            },
            Expr::Round(digits, x) => match self.part(x, block, out, spare) {
                Part::Same(x) => Part::Same(round(*digits, x)),
                part => self.alone(One::Round(*digits), &part, out),
            },
            Expr::Binary(operation, a, b) => {
                let a = self.part(a, block.clone(), out, spare);
                if !matches!(a, Part::Written) {
                    let b = self.part(b, block, out, spare);
                    return self.joined(*operation, side(&a, None), side(&b, None), out);
                }
                let (second, spare) = spare.split_at_mut(if is_leaf(b) { 0 } else { block.len() });
                let b = self.part(b, block, second, spare);
                self.joined(*operation, Side::Written, side(&b, Some(second)), out)
            }
        }
    }

    fn alone(&self, operation: One, part: &Part<'_>, out: &mut [f64]) -> Part<'a> {
        if let Part::Read(rows) = part {
            out.copy_from_slice(rows);
        }
        self.arch.dispatch(OneSide { operation, values: out });
        Part::Written
    }

    fn joined(&self, operation: BinaryOp, a: Side<'_>, b: Side<'_>, out: &mut [f64]) -> Part<'a> {
        if let (Side::Same(a), Side::Same(b)) = (a, b) {
            return Part::Same(binary(operation, a, b));
        }
        self.arch.dispatch(Joined { operation, a, b, out });
        Part::Written
    }
}

/// Blocks needed besides the one that is written.
fn spares(expr: &Expr) -> usize {
    match expr {
        Expr::Unary(_, x) | Expr::Round(_, x) => spares(x),
        Expr::Binary(_, a, b) => spares(a).max(spares(b) + usize::from(!is_leaf(a) && !is_leaf(b))),
        _ => 0,
    }
}

/// Whether a part is read as it is.
fn is_leaf(expr: &Expr) -> bool {
    !matches!(expr, Expr::Unary(..) | Expr::Round(..) | Expr::Binary(..))
}

/// One side of an operation.
#[derive(Clone, Copy)]
enum Side<'a> {
    Same(f64),
    Rows(&'a [f64]),
    /// Where the result goes.
    Written,
}

/// A part as a side; `second` is where it was written, if not where the result goes.
fn side<'a>(part: &'a Part<'_>, second: Option<&'a mut [f64]>) -> Side<'a> {
    match (part, second) {
        (Part::Same(number), _) => Side::Same(*number),
        (Part::Read(rows), _) => Side::Rows(rows),
        (Part::Written, Some(second)) => Side::Rows(second),
        (Part::Written, None) => Side::Written,
    }
}

/// An operation on one side.
#[derive(Clone, Copy)]
enum One {
    Unary(UnaryOp),
    Round(usize),
    Present,
}

/// An operation in place.
struct OneSide<'a> {
    operation: One,
    values: &'a mut [f64],
}

#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
impl WithSimd for OneSide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { operation, values } = self;
        match operation {
            One::Unary(UnaryOp::Sqrt) => in_place(values, |x| unary(UnaryOp::Sqrt, x)),
            One::Unary(operation) => in_place(values, |x| unary(operation, x)),
            One::Round(0) => in_place(values, |x| round(0, x)),
            One::Round(digits) => in_place(values, |x| round(digits, x)),
            One::Present => in_place(values, present),
        }
    }
}

/// An operation on two sides.
struct Joined<'a> {
    operation: BinaryOp,
    a: Side<'a>,
    b: Side<'a>,
    out: &'a mut [f64],
}

#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
impl WithSimd for Joined<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { operation, a, b, out } = self;
        match operation {
            BinaryOp::Add => join(a, b, out, |a, b| a + b),
            BinaryOp::Subtract => join(a, b, out, |a, b| a - b),
            BinaryOp::Multiply => join(a, b, out, |a, b| a * b),
            BinaryOp::Divide => join(a, b, out, |a, b| present(a / b)),
            other => join(a, b, out, |a, b| binary(other, a, b)),
        }
    }
}

#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
#[inline(always)]
fn in_place(values: &mut [f64], operation: impl Fn(f64) -> f64) {
    for value in values {
        *value = operation(*value);
    }
}

#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
#[inline(always)]
fn join(a: Side<'_>, b: Side<'_>, out: &mut [f64], operation: impl Fn(f64, f64) -> f64) {
    match (a, b) {
        (Side::Rows(a), Side::Rows(b)) => {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = operation(a, b);
            }
        }
        (Side::Rows(a), Side::Same(b)) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = operation(a, b);
            }
        }
        (Side::Same(a), Side::Rows(b)) => {
            for (out, &b) in out.iter_mut().zip(b) {
                *out = operation(a, b);
            }
        }
        (Side::Written, Side::Rows(b)) => {
            for (out, &b) in out.iter_mut().zip(b) {
                *out = operation(*out, b);
            }
        }
        (Side::Rows(a), Side::Written) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = operation(a, *out);
            }
        }
        (Side::Written, Side::Same(b)) => in_place(out, |a| operation(a, b)),
        (Side::Same(a), Side::Written) => in_place(out, |b| operation(a, b)),
        (Side::Same(a), Side::Same(b)) => out.fill(operation(a, b)),
        (Side::Written, Side::Written) => unreachable!("two sides are written apart"),
    }
}
