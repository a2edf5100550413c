//! Kernels over fixed virtual lanes, compiled for several instruction sets and chosen at run time.
//!
//! A lane is one window or one recurrence with its own order of operations, so the bits are those of one at a time, on
//! every instruction set: a wider register changes the time and nothing else. There is no fused multiply-add.

#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled inside the function that enables the instructions"
)]

use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};

/// Windows added up side by side.
const WINDOWS: usize = 32;

/// Rows that recurrences write before they are put into their columns.
const ROWS: usize = 64;

/// `out[i]` = `finish` of `term(around[i], j, values[i + j])` added up over `j` ascending in `0..window`.
///
/// `values` holds `out.len() + window - 1` numbers, `around` at least `out.len()`.
pub(super) fn add_up(
    arch: Arch,
    [values, around]: [&[f64]; 2],
    window: usize,
    out: &mut [f64],
    term: impl Fn(f64, usize, f64) -> f64,
    finish: impl Fn(f64) -> f64,
) {
    arch.dispatch(AddUp { values, around: &around[..out.len()], window, out, term, finish });
}

struct AddUp<'a, T, F> {
    values: &'a [f64],
    around: &'a [f64],
    window: usize,
    out: &'a mut [f64],
    term: T,
    finish: F,
}

impl<T: Fn(f64, usize, f64) -> f64, F: Fn(f64) -> f64> WithSimd for AddUp<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, around, window, out, term, finish } = self;
        let (blocks, rest) = out.as_chunks_mut::<WINDOWS>();
        let (centers, rest_centers) = around.as_chunks::<WINDOWS>();
        let mut start = 0;
        for (block, centers) in blocks.iter_mut().zip(centers) {
            let mut totals = [0.0; WINDOWS];
            let rows = &values[start..start + window - 1 + WINDOWS];
            for (j, neighbours) in rows.windows(WINDOWS).enumerate() {
                for lane in 0..WINDOWS {
                    totals[lane] += term(centers[lane], j, neighbours[lane]);
                }
            }
            for lane in 0..WINDOWS {
                block[lane] = finish(totals[lane]);
            }
            start += WINDOWS;
        }
        for (value, center) in rest.iter_mut().zip(rest_centers) {
            let terms = values[start..start + window].iter().enumerate().map(|(j, &x)| term(*center, j, x));
            *value = finish(terms.fold(0.0, |total, term| total + term));
            start += 1;
        }
    }
}

/// Sums of windows of several lengths: `sums[k][i]` = `values[i..i + windows[k]]` added up in ascending order.
///
/// The windows that begin at one value share their beginnings, so all lengths cost what the longest costs. `windows`
/// ascend; `sums[k]` holds `values.len() + 1 - windows[k]` numbers.
pub(super) fn add_up_lengths(arch: Arch, values: &[f64], windows: &[usize], sums: &mut [&mut [f64]]) {
    let longest = windows.last().copied().unwrap_or(1);
    let blocks = (values.len() + 1).saturating_sub(longest) / WINDOWS;
    arch.dispatch(Lengths { values, windows, blocks, sums: &mut *sums });
    let done = blocks * WINDOWS;
    for (&window, sums) in windows.iter().zip(sums) {
        let (values, rest) = (&values[done..], &mut sums[done..]);
        add_up(arch, [values, values], window, rest, |_, _, x| x, |sum| sum);
    }
}

struct Lengths<'a, 'b> {
    values: &'a [f64],
    windows: &'a [usize],
    blocks: usize,
    sums: &'a mut [&'b mut [f64]],
}

impl WithSimd for Lengths<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for start in (0..self.blocks).map(|block| block * WINDOWS) {
            let mut totals = [0.0; WINDOWS];
            let mut added = 0;
            for (&window, sums) in self.windows.iter().zip(self.sums.iter_mut()) {
                let rows = &self.values[start + added..start + window - 1 + WINDOWS];
                for neighbours in rows.windows(WINDOWS) {
                    for lane in 0..WINDOWS {
                        totals[lane] += neighbours[lane];
                    }
                }
                sums[start..start + WINDOWS].copy_from_slice(&totals);
                added = window;
            }
        }
    }
}

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
pub(super) fn shared_column(rows: usize, fill: impl FnOnce(&mut [f64])) -> Arc<[f64]> {
    let mut column: Arc<[f64]> = std::iter::repeat_n(0.0, rows).collect();
    fill(Arc::get_mut(&mut column).expect("nobody else holds a new column"));
    column
}

/// A mean that each observation moves: one lane per parameter set.
pub(super) trait Recurrence<const N: usize>: Copy {
    /// The means after one more observation.
    fn next(self, means: [f64; N], x: f64) -> [f64; N];
}

/// `columns[k][i]` = mean of lane `k` after `values[i]`, from `means` before the first of them.
///
/// Columns are as long as `values`; lanes without a column are computed and dropped.
pub(super) fn recur<const N: usize>(
    arch: Arch,
    values: &[f64],
    means: [f64; N],
    rule: impl Recurrence<N>,
    columns: &mut [&mut [f64]],
) {
    arch.dispatch(Recur { values, means, rule, columns });
}

struct Recur<'a, 'b, R, const N: usize> {
    values: &'a [f64],
    means: [f64; N],
    rule: R,
    columns: &'a mut [&'b mut [f64]],
}

impl<R: Recurrence<N>, const N: usize> WithSimd for Recur<'_, '_, R, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let mut means = self.means;
        let mut rows = [[0.0; N]; ROWS];
        for (block, values) in self.values.chunks(ROWS).enumerate() {
            for (row, &x) in rows.iter_mut().zip(values) {
                means = self.rule.next(means, x);
                *row = means;
            }
            for (lane, column) in self.columns.iter_mut().enumerate() {
                let column = &mut column[block * ROWS..block * ROWS + values.len()];
                for (value, row) in column.iter_mut().zip(&rows) {
                    *value = row[lane];
                }
            }
        }
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
    fn next(self, means: [f64; N], x: f64) -> [f64; N] {
        let mut next = means;
        for lane in 0..N {
            let moved = self.gain[lane] * x + self.keep[lane] * means[lane];
            next[lane] = if means[lane] == x { x } else { moved };
        }
        next
    }
}

/// Wilder's `a[i] = (a[i-1] * (count - 1) + x[i]) / count`; a missing observation repeats the mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wilder<const N: usize> {
    pub(super) count: [f64; N],
}

impl<const N: usize> Recurrence<N> for Wilder<N> {
    #[inline(always)]
    fn next(self, means: [f64; N], x: f64) -> [f64; N] {
        let mut next = means;
        for lane in 0..N {
            let moved = (means[lane] * (self.count[lane] - 1.0) + x) / self.count[lane];
            next[lane] = if x.is_nan() { means[lane] } else { moved };
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every level of instructions there is a kernel for and the machine has.
    fn levels() -> [Arch; 2] {
        [Arch::Scalar, Arch::new()]
    }

    fn bits(values: &[f64]) -> Vec<u64> {
        // NaNs may differ in their payload, and no consumer sees it.
        values.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect()
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            30 => (0..4000_u32).prop_map(|n| 1.09 + f64::from(n) * 1e-5),
            6 => Just(1.0903),
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
        ]
    }

    proptest! {
        #[test]
        fn windows_have_the_same_bits_on_every_level(
            values in prop::collection::vec(number(), 1..300),
            window in 1..60_usize,
        ) {
            prop_assume!(window <= values.len());
            let starts = values.len() + 1 - window;
            let around: Vec<f64> = values.iter().map(|x| x + 1e-4).collect();
            let plain: Vec<f64> = (0..starts)
                .map(|i| (0..window).fold(0.0, |total, j| {
                    let d = values[i + j] - around[i];
                    total + (j + 1) as f64 * (d * d)
                }).sqrt())
                .collect();
            for arch in levels() {
                let mut out = vec![0.0; starts];
                let term = |center: f64, j: usize, x: f64| (j + 1) as f64 * ((x - center) * (x - center));
                add_up(arch, [&values, &around], window, &mut out, term, f64::sqrt);
                prop_assert_eq!(bits(&out), bits(&plain), "{:?}", arch);
            }
        }

        #[test]
        fn lengths_together_are_each_length_alone(
            values in prop::collection::vec(number(), 70..300),
            mut windows in prop::collection::btree_set(1..70_usize, 1..6),
        ) {
            let windows: Vec<usize> = std::mem::take(&mut windows).into_iter().collect();
            for arch in levels() {
                let mut sums: Vec<Vec<f64>> = windows.iter().map(|w| vec![0.0; values.len() + 1 - w]).collect();
                let mut slices: Vec<&mut [f64]> = sums.iter_mut().map(Vec::as_mut_slice).collect();
                add_up_lengths(arch, &values, &windows, &mut slices);
                for (&window, sums) in windows.iter().zip(&sums) {
                    let plain: Vec<f64> =
                        values.windows(window).map(|w| w.iter().fold(0.0, |total, x| total + x)).collect();
                    prop_assert_eq!(bits(sums), bits(&plain), "{} {:?}", window, arch);
                }
            }
        }

        #[test]
        fn recurrences_have_the_same_bits_on_every_level(values in prop::collection::vec(number(), 0..300)) {
            let wilder = Wilder { count: [1.0, 2.0, 14.0, 200.0] };
            let first = [1.09, 1.1, 1.0903, 1.0];
            for lane in 0..4 {
                let (mut mean, count) = (first[lane], wilder.count[lane]);
                let plain: Vec<f64> = values.iter().map(|&x| {
                    if !x.is_nan() {
                        mean = (mean * (count - 1.0) + x) / count;
                    }
                    mean
                }).collect();
                for arch in levels() {
                    let mut columns = vec![vec![0.0; values.len()]; 4];
                    let mut slices: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
                    recur(arch, &values, first, wilder, &mut slices);
                    prop_assert_eq!(bits(&columns[lane]), bits(&plain), "{:?}", arch);
                }
            }
        }
    }
}
