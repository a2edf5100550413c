//! Whole columns of a calculation, block by block: the parts of a block stay near while they are joined, and every
//! operation runs in wide registers where the machine has them. The operations are exact, so the bits are those of one
//! row at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::expr::{Expr, binary, present, round, unary};
use super::program::{BinaryOp, UnaryOp};
use crate::indicators::SeriesKey;
use crate::types::registers;

/// Rows calculated at a time.
const BLOCK: usize = 1024;

/// The series a calculation reads, over the rows it is evaluated on.
pub(super) struct Columns<'a> {
    arch: Arch,
    rows: usize,
    series: BTreeMap<SeriesKey, Cow<'a, [f64]>>,
}

/// A part of a calculation over the rows of a block.
enum Part<'a> {
    Same(f64),
    Rows(Cow<'a, [f64]>),
}

impl<'a> Columns<'a> {
    /// Over so many rows; `series` gives the column of a key that is read.
    pub(super) fn new(rows: usize, series: BTreeMap<SeriesKey, Cow<'a, [f64]>>) -> Self {
        Self { arch: registers::arch(), rows, series }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// One value per row, as they lie in memory where they are a series.
    pub(super) fn column(&self, expr: &Expr) -> Cow<'_, [f64]> {
        if let Expr::Series(key, 0) = expr {
            return Cow::Borrowed(&self.series[key]);
        }
        let mut out = vec![0.0; self.rows];
        self.write(expr, &mut out);
        Cow::Owned(out)
    }

    /// Writes one value per row.
    pub(super) fn write(&self, expr: &Expr, out: &mut [f64]) {
        for (start, out) in (0..self.rows).step_by(BLOCK).zip(out.chunks_mut(BLOCK)) {
            match self.part(expr, &(start..start + out.len())) {
                Part::Same(number) => out.fill(number),
                Part::Rows(rows) => out.copy_from_slice(&rows),
            }
        }
    }

    fn part(&self, expr: &Expr, block: &Range<usize>) -> Part<'_> {
        match expr {
            Expr::Const(number) => Part::Same(*number),
            // Only levels read these, and levels are no series.
            Expr::Entry | Expr::Side | Expr::Stop => Part::Same(f64::NAN),
            Expr::Series(key, lag) => Part::Rows(lagged(&self.series[key], *lag as usize, block)),
            Expr::Unary(operation, x) => match self.part(x, block) {
                Part::Same(x) => Part::Same(unary(*operation, x)),
                Part::Rows(x) => self.each(x, |x| OneSide::Unary(*operation, x)),
            },
            Expr::Round(digits, x) => match self.part(x, block) {
                Part::Same(x) => Part::Same(round(*digits, x)),
                Part::Rows(x) => self.each(x, |x| OneSide::Round(*digits, x)),
            },
            Expr::Binary(operation, a, b) => {
                let (a, b) = (self.part(a, block), self.part(b, block));
                if let (Part::Same(a), Part::Same(b)) = (&a, &b) {
                    return Part::Same(binary(*operation, *a, *b));
                }
                let mut out = vec![0.0; block.len()];
                self.arch.dispatch(Joined { operation: *operation, a: &a, b: &b, out: &mut out });
                Part::Rows(Cow::Owned(out))
            }
        }
    }

    fn each<'p>(
        &self,
        x: Cow<'p, [f64]>,
        operation: impl for<'v> FnOnce(&'v mut [f64]) -> OneSide<'v>,
    ) -> Part<'p> {
        let mut values = x.into_owned();
        self.arch.dispatch(operation(&mut values));
        Part::Rows(Cow::Owned(values))
    }
}

/// The rows of a block, so many rows ago.
fn lagged<'a>(values: &'a [f64], lag: usize, block: &Range<usize>) -> Cow<'a, [f64]> {
    if block.start >= lag {
        return Cow::Borrowed(&values[block.start - lag..block.end - lag]);
    }
    block.clone().map(|row| row.checked_sub(lag).map_or(f64::NAN, |row| values[row])).collect()
}

/// An operation on one column, in place.
enum OneSide<'a> {
    Unary(UnaryOp, &'a mut [f64]),
    Round(usize, &'a mut [f64]),
}

#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
impl WithSimd for OneSide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        match self {
            Self::Unary(UnaryOp::Sqrt, values) => in_place(values, |x| unary(UnaryOp::Sqrt, x)),
            Self::Unary(operation, values) => in_place(values, |x| unary(operation, x)),
            Self::Round(0, values) => in_place(values, |x| round(0, x)),
            Self::Round(digits, values) => in_place(values, |x| round(digits, x)),
        }
    }
}

/// An operation on two sides.
struct Joined<'a, 'p> {
    operation: BinaryOp,
    a: &'a Part<'p>,
    b: &'a Part<'p>,
    out: &'a mut [f64],
}

#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
impl WithSimd for Joined<'_, '_> {
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
fn join(a: &Part<'_>, b: &Part<'_>, out: &mut [f64], operation: impl Fn(f64, f64) -> f64) {
    match (a, b) {
        (Part::Rows(a), Part::Rows(b)) => {
            for ((out, &a), &b) in out.iter_mut().zip(a.iter()).zip(b.iter()) {
                *out = operation(a, b);
            }
        }
        (Part::Rows(a), Part::Same(b)) => {
            for (out, &a) in out.iter_mut().zip(a.iter()) {
                *out = operation(a, *b);
            }
        }
        (Part::Same(a), Part::Rows(b)) => {
            for (out, &b) in out.iter_mut().zip(b.iter()) {
                *out = operation(*a, b);
            }
        }
        (Part::Same(a), Part::Same(b)) => out.fill(operation(*a, *b)),
    }
}
