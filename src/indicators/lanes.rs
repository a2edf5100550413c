//! Recurrences side by side in lanes, compiled for several instruction sets and chosen at run time.
//!
//! A lane is one recurrence with its own order of operations, so the bits are those of one at a time, on every
//! instruction set: a wider register changes the time and nothing else. There is no fused multiply-add.

#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled inside the function that enables the instructions"
)]

use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};

use super::turned::{SIDE, Square, turned};

/// `count` shared columns of `rows` numbers, written by `fill` in place: no copy is made.
pub(super) fn shared_columns(
    rows: usize,
    count: usize,
    fill: impl FnOnce(&mut [&mut [f64]]),
) -> Vec<Arc<[f64]>> {
    let mut columns: Vec<Arc<[f64]>> = (0..count).map(|_| std::iter::repeat_n(0.0, rows).collect()).collect();
    let own = columns.iter_mut().map(|column| Arc::get_mut(column).expect("nobody else holds a new column"));
    fill(&mut own.collect::<Vec<_>>());
    columns
}

/// [`shared_columns`] of one.
pub(crate) fn shared_column(rows: usize, fill: impl FnOnce(&mut [f64])) -> Arc<[f64]> {
    let mut column: Arc<[f64]> = std::iter::repeat_n(0.0, rows).collect();
    fill(Arc::get_mut(&mut column).expect("nobody else holds a new column"));
    column
}

/// Whether all values are whole numbers of at most `most` in size.
pub(super) fn are_whole(arch: Arch, values: &[f64], most: f64) -> bool {
    arch.dispatch(AreWhole { values, most })
}

struct AreWhole<'a> {
    values: &'a [f64],
    most: f64,
}

impl WithSimd for AreWhole<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        // Block by block: prices are told from points by the first block.
        self.values.chunks(256).all(|block| {
            block.iter().fold(true, |whole, x| whole & (x.abs() <= self.most) & (x.trunc() == *x))
        })
    }
}

/// A mean that each observation moves: one lane per parameter set, `N` a multiple of [`SIDE`].
pub(super) trait Recurrence<const N: usize>: Copy {
    /// Takes in one more observation. In place: arrays handed on by value do not stay in registers.
    fn step(&self, means: &mut [f64; N], x: f64);
}

/// `columns[k][i]` = mean of lane `k` after `values[i]`, from `means` before the first of them; returns the means after the
/// last.
///
/// Columns are as long as `values`; lanes without a column are computed and dropped.
pub(super) fn recur<const N: usize>(
    arch: Arch,
    values: &[f64],
    means: [f64; N],
    rule: impl Recurrence<N>,
    columns: &mut [&mut [f64]],
) -> [f64; N] {
    const { assert!(N.is_multiple_of(SIDE), "a lane outside every square would not get into its column") };
    arch.dispatch(Recur { values, means, rule, columns })
}

struct Recur<'a, 'b, R, const N: usize> {
    values: &'a [f64],
    means: [f64; N],
    rule: R,
    columns: &'a mut [&'b mut [f64]],
}

impl<R: Recurrence<N>, const N: usize> WithSimd for Recur<'_, '_, R, N> {
    type Output = [f64; N];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; N] {
        let (mut means, rule) = (self.means, self.rule);
        let mut squares = [Square::default(); N];
        let (blocks, rest) = self.values.as_chunks::<SIDE>();
        for (block, values) in blocks.iter().enumerate() {
            for (i, &x) in values.iter().enumerate() {
                rule.step(&mut means, x);
                for (square, means) in squares.iter_mut().zip(means.as_chunks::<SIDE>().0) {
                    square.0[i] = *means;
                }
            }
            for (columns, square) in self.columns.chunks_mut(SIDE).zip(&squares) {
                for (column, values) in columns.iter_mut().zip(turned(simd, square).0) {
                    column.as_chunks_mut::<SIDE>().0[block] = values;
                }
            }
        }
        for (i, &x) in rest.iter().enumerate() {
            rule.step(&mut means, x);
            for (column, mean) in self.columns.iter_mut().zip(means) {
                column[blocks.len() * SIDE + i] = mean;
            }
        }
        means
    }
}

/// `e[i] = gain * x[i] + keep * e[i-1]`; a mean that equals the observation stays exactly that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exponential<const N: usize> {
    pub(super) gain: [f64; N],
    pub(super) keep: [f64; N],
}

impl<const N: usize> Recurrence<N> for Exponential<N> {
    #[inline(always)]
    fn step(&self, means: &mut [f64; N], x: f64) {
        for ((mean, gain), keep) in means.iter_mut().zip(&self.gain).zip(&self.keep) {
            let moved = gain * x + keep * *mean;
            *mean = if *mean == x { x } else { moved };
        }
    }
}

/// Wilder's `a[i] = (a[i-1] * (count - 1) + x[i]) / count`; a missing observation repeats the mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wilder<const N: usize> {
    pub(super) count: [f64; N],
}

impl<const N: usize> Recurrence<N> for Wilder<N> {
    #[inline(always)]
    fn step(&self, means: &mut [f64; N], x: f64) {
        for (mean, count) in means.iter_mut().zip(&self.count) {
            let moved = (*mean * (count - 1.0) + x) / count;
            *mean = if x.is_nan() { *mean } else { moved };
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::registers::every_path;

    pub(in crate::indicators) fn bits(values: &[f64]) -> Vec<u64> {
        // NaNs may differ in their payload, and no consumer sees it.
        values.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect()
    }

    pub(in crate::indicators) fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            30 => (0..4000_u32).prop_map(|n| 1.09 + f64::from(n) * 1e-5),
            6 => Just(1.0903),
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
        ]
    }

    /// Highs, lows and closes of more than a tile, with a hole and a stretch that stands still.
    pub(in crate::indicators) fn bars() -> [Vec<f64>; 3] {
        let mut close: Vec<f64> = (0..2500).map(|i| 1.09 + f64::from(i * i % 977) * 1e-5).collect();
        close[1500] = f64::NAN;
        close[2000..2100].fill(1.0903);
        let shifted = |by: f64| close.iter().enumerate().map(|(i, c)| c + by * (i % 7) as f64).collect();
        [shifted(1e-5), shifted(-1e-5), close]
    }

    proptest! {
        #[test]
        fn recurrences_have_the_same_bits_on_every_path(values in prop::collection::vec(number(), 0..300)) {
            let wilder = Wilder { count: [1.0, 2.0, 14.0, 200.0, 3.0, 5.0, 7.0, 9.0] };
            let first = [1.09, 1.1, 1.0903, 1.0, 1.09, 1.1, 1.0903, 1.0];
            for lane in 0..8 {
                let (mut mean, count) = (first[lane], wilder.count[lane]);
                let plain: Vec<f64> = values.iter().map(|&x| {
                    if !x.is_nan() {
                        mean = (mean * (count - 1.0) + x) / count;
                    }
                    mean
                }).collect();
                for arch in every_path() {
                    let mut columns = vec![vec![0.0; values.len()]; 8];
                    let mut slices: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
                    recur(arch, &values, first, wilder, &mut slices);
                    prop_assert_eq!(bits(&columns[lane]), bits(&plain), "{:?}", arch);
                }
            }
        }
    }
}
