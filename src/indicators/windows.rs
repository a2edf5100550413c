//! Calculations over every window of a series, neighbouring windows side by side in lanes, compiled for several
//! instruction sets and chosen at run time.
//!
//! A lane is one window with its own order of operations, so the bits are those of one window at a time on every
//! instruction set. A calculation may pass over its windows twice and give several columns: what lies between the
//! passes never leaves the registers. There is no fused multiply-add.

#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled inside the function that enables the instructions"
)]

use pulp::{Arch, Simd, WithSimd};

/// Windows side by side. Their totals and means fill sixteen 512-bit registers, so no addition waits for another.
pub(super) const WINDOWS: usize = 64;

/// `N` numbers per window over `M` series.
pub(super) trait Calculation<const M: usize, const N: usize> {
    /// Writes those of [`WINDOWS`] windows, the first beginning at the first of `values`, each at the value after.
    fn write<S: Simd>(&mut self, simd: S, values: [&[f64]; M], outs: [&mut [f64]; N]);
}

/// `finish(sum of term(j, values[j]))`, `j` ascending from 0 in every window.
pub(super) struct OnePass<T, F> {
    pub(super) term: T,
    pub(super) finish: F,
}

impl<T: Fn(usize, f64) -> f64, F: Fn(f64) -> f64> Calculation<1, 1> for OnePass<T, F> {
    #[inline(always)]
    fn write<S: Simd>(&mut self, _: S, [values]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let totals = add_up(values, |_, j, x| (self.term)(j, x));
        for (out, total) in out.iter_mut().zip(totals) {
            *out = (self.finish)(total);
        }
    }
}

/// `finish(mean, sum of term(mean, value), newest value)`: the mean of a window first, then a sum around it.
pub(super) struct TwoPass<T, F> {
    pub(super) term: T,
    pub(super) finish: F,
}

impl<T, F, const N: usize> Calculation<1, N> for TwoPass<T, F>
where
    T: Fn(f64, f64) -> f64,
    F: Fn(f64, f64, f64) -> [f64; N],
{
    #[inline(always)]
    fn write<S: Simd>(&mut self, _: S, [values]: [&[f64]; 1], outs: [&mut [f64]; N]) {
        let newest = &values[values.len() - WINDOWS..];
        let count = (values.len() - WINDOWS + 1) as f64;
        let means = add_up(values, |_, _, x| x).map(|total| total / count);
        let totals = add_up(values, |lane, _, x| (self.term)(means[lane], x));
        let mut columns = [[0.0; WINDOWS]; N];
        for lane in 0..WINDOWS {
            let numbers = (self.finish)(means[lane], totals[lane], newest[lane]);
            for (column, number) in columns.iter_mut().zip(numbers) {
                column[lane] = number;
            }
        }
        for (out, column) in outs.into_iter().zip(&columns) {
            out.copy_from_slice(column);
        }
    }
}

/// Adds up each window from its first value to its last.
#[inline(always)]
fn add_up(values: &[f64], term: impl Fn(usize, usize, f64) -> f64) -> [f64; WINDOWS] {
    let mut totals = [0.0; WINDOWS];
    for (j, neighbours) in values.windows(WINDOWS).enumerate() {
        for lane in 0..WINDOWS {
            totals[lane] += term(lane, j, neighbours[lane]);
        }
    }
    totals
}

/// `R` registers of neighbouring numbers.
#[inline(always)]
pub(super) fn registers<S: Simd, const R: usize>(values: &[f64]) -> [S::f64s; R] {
    let (values, _) = S::as_simd_f64s(values);
    std::array::from_fn(|k| values[k])
}

/// `outs[k][i]` = number `k` of the window that begins at row `i`; each holds `rows + 1 - window` numbers.
///
/// All series are of the same length, at least `window`.
pub(super) fn each_window<const M: usize, const N: usize>(
    arch: Arch,
    values: [&[f64]; M],
    window: usize,
    outs: [&mut [f64]; N],
    calculation: impl Calculation<M, N>,
) {
    if values[0].len() + 1 - window >= WINDOWS {
        return arch.dispatch(Blocks { values, window, outs, calculation });
    }
    let padded = values.map(|values| {
        let mut padded = values.to_vec();
        padded.resize(window - 1 + WINDOWS, 0.0);
        padded
    });
    let mut numbers = [[0.0; WINDOWS]; N];
    arch.dispatch(Blocks {
        values: padded.each_ref().map(Vec::as_slice),
        window,
        outs: numbers.each_mut().map(|n| &mut n[..]),
        calculation,
    });
    for (out, numbers) in outs.into_iter().zip(&numbers) {
        out.copy_from_slice(&numbers[..out.len()]);
    }
}

struct Blocks<'a, C, const M: usize, const N: usize> {
    values: [&'a [f64]; M],
    window: usize,
    outs: [&'a mut [f64]; N],
    calculation: C,
}

impl<C: Calculation<M, N>, const M: usize, const N: usize> WithSimd for Blocks<'_, C, M, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { values, window, mut outs, mut calculation } = self;
        let last = values[0].len() + 1 - window - WINDOWS;
        let mut start = 0;
        loop {
            let values = values.map(|values| &values[start..start + window - 1 + WINDOWS]);
            calculation.write(simd, values, outs.each_mut().map(|out| &mut out[start..start + WINDOWS]));
            if start == last {
                break;
            }
            // The last block overlaps the one before where the windows do not fill it.
            start = last.min(start + WINDOWS);
        }
    }
}

/// Windows of several lengths: `outs[k][i]` = `finish(windows[k], sum)` of `values[i..i + windows[k]]` added up in
/// ascending order.
///
/// The windows that begin at one value share their beginnings, so all lengths cost what the longest costs. `windows`
/// ascend; `outs[k]` holds `values.len() + 1 - windows[k]` numbers.
pub(super) fn each_length(
    arch: Arch,
    values: &[f64],
    windows: &[usize],
    outs: &mut [&mut [f64]],
    finish: impl Fn(usize, f64) -> f64,
) {
    let longest = windows.last().copied().unwrap_or(1);
    let blocks = (values.len() + 1).saturating_sub(longest) / WINDOWS;
    arch.dispatch(Lengths { values, windows, blocks, outs: &mut *outs, finish: &finish });
    let done = blocks * WINDOWS;
    for (&window, out) in windows.iter().zip(outs) {
        let (values, rest) = (&values[done..], &mut out[done..]);
        if !rest.is_empty() {
            let rule = OnePass { term: |_, x| x, finish: |sum| finish(window, sum) };
            each_window(arch, [values], window, [rest], rule);
        }
    }
}

struct Lengths<'a, 'b, F> {
    values: &'a [f64],
    windows: &'a [usize],
    blocks: usize,
    outs: &'a mut [&'b mut [f64]],
    finish: &'a F,
}

impl<F: Fn(usize, f64) -> f64> WithSimd for Lengths<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for start in (0..self.blocks).map(|block| block * WINDOWS) {
            let mut totals = [0.0; WINDOWS];
            let mut added = 0;
            for (&window, out) in self.windows.iter().zip(self.outs.iter_mut()) {
                let rows = &self.values[start + added..start + window - 1 + WINDOWS];
                for neighbours in rows.windows(WINDOWS) {
                    for lane in 0..WINDOWS {
                        totals[lane] += neighbours[lane];
                    }
                }
                for (out, total) in out[start..start + WINDOWS].iter_mut().zip(&totals) {
                    *out = (self.finish)(window, *total);
                }
                added = window;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::indicators::lanes::tests::{bits, number};
    use crate::types::registers::every_path;

    proptest! {
        #[test]
        fn windows_have_the_bits_of_one_at_a_time_on_every_path(
            values in prop::collection::vec(number(), 1..300),
            window in 1..60_usize,
        ) {
            prop_assume!(window <= values.len());
            let count = window as f64;
            let weighted = |w: &[f64]| w.iter().enumerate().fold(0.0, |t, (j, x)| t + (j + 1) as f64 * x).sqrt();
            let mean = |w: &[f64]| w.iter().fold(0.0, |total, x| total + x) / count;
            let squares = |w: &[f64]| w.iter().fold(0.0, |total, x| total + (x - mean(w)) * (x - mean(w)));
            let plain = |of: &dyn Fn(&[f64]) -> f64| bits(&values.windows(window).map(of).collect::<Vec<_>>());
            for arch in every_path() {
                let mut outs = [(); 3].map(|()| vec![0.0; values.len() + 1 - window]);
                let [once, twice, newest] = outs.each_mut().map(Vec::as_mut_slice);
                let rule = OnePass { term: |j, x| (j + 1) as f64 * x, finish: |sum: f64| sum.sqrt() };
                each_window(arch, [&values], window, [once], rule);
                let rule = TwoPass {
                    term: |mean: f64, x: f64| (x - mean) * (x - mean),
                    finish: |mean: f64, total: f64, x: f64| [total.sqrt(), x - mean],
                };
                each_window(arch, [&values], window, [twice, newest], rule);
                prop_assert_eq!(bits(&outs[0]), plain(&weighted), "{:?}", arch);
                prop_assert_eq!(bits(&outs[1]), plain(&|w| squares(w).sqrt()), "{:?}", arch);
                prop_assert_eq!(bits(&outs[2]), plain(&|w| w[window - 1] - mean(w)), "{:?}", arch);
            }
        }

        #[test]
        fn lengths_together_are_each_length_alone(
            values in prop::collection::vec(number(), 70..300),
            windows in prop::collection::btree_set(1..70_usize, 1..6),
        ) {
            let windows: Vec<usize> = windows.into_iter().collect();
            for arch in every_path() {
                let mut sums: Vec<Vec<f64>> = windows.iter().map(|w| vec![0.0; values.len() + 1 - w]).collect();
                let mut slices: Vec<&mut [f64]> = sums.iter_mut().map(Vec::as_mut_slice).collect();
                each_length(arch, &values, &windows, &mut slices, |window, sum| sum / window as f64);
                for (&window, sums) in windows.iter().zip(&sums) {
                    let plain: Vec<f64> =
                        values.windows(window).map(|w| w.iter().fold(0.0, |t, x| t + x) / window as f64).collect();
                    prop_assert_eq!(bits(sums), bits(&plain), "{} {:?}", window, arch);
                }
            }
        }
    }
}
