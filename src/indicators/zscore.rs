//! z-score of the close around a moving mean (`indicators.md` 2.11).
//!
//! `e = c - m`, `z = e / std(e, window)`: the divisor is the sample deviation of the residual, not of the closes.
//! Zero deviation gives `NaN` for a zero residual, else signed infinity.

#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled inside the function that enables the instructions"
)]

use std::ops::Range;

use pulp::{Arch, Simd};

use super::ema;
use super::rolling::{self, for_constant_windows};
use super::tiles::{TILE, by_tile};
use super::windows::{Calculation, WINDOWS, each_window, registers};
use crate::types::registers::arch;

/// z-score around the rolling mean of `window` closes; first value at `2 * window - 2`. `O(n * window)`.
pub fn zscore_rolling(close: &[f64], window: usize) -> Vec<f64> {
    let mut out = vec![0.0; close.len()];
    zscore_rolling_into(close, window, &mut out);
    out
}

/// [`zscore_rolling`] into a column as long as `close`.
pub(super) fn zscore_rolling_into(close: &[f64], window: usize, out: &mut [f64]) {
    let residuals = |rows: Range<usize>, out: &mut [f64]| {
        rolling::mean_rows(close, window, rows.clone(), out);
        for (residual, close) in out.iter_mut().zip(&close[rows]) {
            *residual = close - *residual;
        }
    };
    by_tile(close.len(), window - 1, residuals, |rows, residuals| {
        over_deviation::<4>(arch(), residuals, window, &mut out[rows], |_| ());
    });
}

/// z-score around the EMA of `ema_period` bars; first value at `window - 1`. `O(n * window)`.
pub fn zscore_ema(close: &[f64], window: usize, ema_period: usize) -> Vec<f64> {
    let mut out = vec![0.0; close.len()];
    zscores_ema_into(close, &[window], ema_period, &mut [&mut out]);
    out
}

/// [`zscore_ema`] over several windows, each into a column as long as `close`.
pub(super) fn zscores_ema_into(
    close: &[f64],
    windows: &[usize],
    ema_period: usize,
    columns: &mut [&mut [f64]],
) {
    let mut ema = ema::begun(ema_period);
    zscores_around(close, windows, columns, |closes, out| ema.residuals(closes, out));
}

/// z-scores of `close` over several windows, each into a column as long as `close`. `residuals` writes those of the next
/// closes around a mean that each of them moves.
///
/// The deviations of one tile are worked out along with the residuals of the next: such a mean waits for the one before,
/// and alone would leave most of the machine idle.
pub(super) fn zscores_around(
    close: &[f64],
    windows: &[usize],
    columns: &mut [&mut [f64]],
    mut residuals: impl FnMut(&[f64], &mut [f64]),
) {
    let before = windows.iter().max().map_or(0, |longest| longest - 1);
    let (mut known, mut next) = (vec![f64::NAN; before + TILE], vec![f64::NAN; before + TILE]);
    let mut tiles = close.chunks(TILE);
    let first = tiles.next().unwrap_or_default();
    residuals(first, &mut known[before..before + first.len()]);
    for start in (0..close.len()).step_by(TILE) {
        let rows = start..close.len().min(start + TILE);
        let coming = tiles.next().unwrap_or_default();
        let mut done = 0;
        let mut beside = |count: usize| {
            let rows = done..coming.len().min(done + count);
            residuals(&coming[rows.clone()], &mut next[before..][rows.clone()]);
            done = rows.end;
        };
        let known_rows = &known[..before + rows.len()];
        for (place, (&window, column)) in windows.iter().zip(columns.iter_mut()).enumerate() {
            let (read, column) = (&known_rows[before + 1 - window..], &mut column[rows.clone()]);
            if place == 0 {
                over_deviation::<2>(arch(), read, window, column, &mut beside);
            } else {
                over_deviation::<4>(arch(), read, window, column, |_| ());
            }
        }
        beside(coming.len());
        next[..before].copy_from_slice(&known_rows[rows.len()..]);
        std::mem::swap(&mut known, &mut next);
    }
}

/// Each residual over the sample deviation of the window it ends, of full windows alone: `out` holds
/// `residuals.len() + 1 - window` numbers.
///
/// `R` registers of windows are added up at a time, and `beside` is told how many windows that are.
fn over_deviation<const R: usize>(
    arch: Arch,
    residuals: &[f64],
    window: usize,
    out: &mut [f64],
    beside: impl FnMut(usize),
) {
    each_window(arch, [residuals], window, [&mut *out], OverDeviation::<_, R> { beside });
    for_constant_windows(residuals, window, |i| {
        let none = if window == 1 { f64::NAN } else { 0.0 };
        out[i + 1 - window] = residuals[i] / none;
    });
}

struct OverDeviation<B, const R: usize> {
    beside: B,
}

impl<B: FnMut(usize), const R: usize> Calculation<1, 1> for OverDeviation<B, R> {
    #[inline(always)]
    fn write<S: Simd>(&mut self, simd: S, [values]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (window, side_by_side) = (values.len() + 1 - WINDOWS, R * S::F64_LANES);
        let [count, less] = [window, window - 1].map(|count| simd.splat_f64s(count as f64));
        for (block, out) in out.chunks_exact_mut(side_by_side).enumerate() {
            (self.beside)(side_by_side);
            let values = &values[block * side_by_side..][..window - 1 + side_by_side];
            let (mut means, mut squares) = ([simd.splat_f64s(0.0); R], [simd.splat_f64s(0.0); R]);
            for neighbours in values.windows(side_by_side) {
                let x = registers::<S, R>(neighbours);
                for k in 0..R {
                    means[k] = simd.add_f64s(means[k], x[k]);
                }
            }
            let means = means.map(|total| simd.div_f64s(total, count));
            for neighbours in values.windows(side_by_side) {
                let x = registers::<S, R>(neighbours);
                for k in 0..R {
                    let distance = simd.sub_f64s(x[k], means[k]);
                    squares[k] = simd.add_f64s(squares[k], simd.mul_f64s(distance, distance));
                }
            }
            let newest = registers::<S, R>(&values[window - 1..]);
            for (k, out) in S::as_mut_simd_f64s(out).0.iter_mut().enumerate() {
                let deviation = simd.sqrt_f64s(simd.div_f64s(squares[k], less));
                *out = simd.div_f64s(newest[k], deviation);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::indicators::ema::ema;
    use crate::indicators::kalman::{kalman_mean, kalman_zscores_into};
    use crate::indicators::lanes::tests::{bits, number};
    use crate::types::registers::every_path;

    /// Residuals as a column, then one window after the other, as the specification words it.
    fn plainly(close: &[f64], means: &[f64], window: usize) -> Vec<f64> {
        let residuals: Vec<f64> = close.iter().zip(means).map(|(close, mean)| close - mean).collect();
        let mut out = vec![f64::NAN; close.len()];
        over_plain_deviation(&residuals, window, &mut out[(window - 1).min(close.len())..]);
        out
    }

    fn over_plain_deviation(residuals: &[f64], window: usize, out: &mut [f64]) {
        for (out, window) in out.iter_mut().zip(residuals.windows(window)) {
            let count = window.len() as f64;
            let mean = window.iter().fold(0.0, |total, x| total + x) / count;
            let flat = window.iter().all(|x| *x == window[0]);
            let squares = window.iter().fold(0.0, |total, x| total + (x - mean) * (x - mean));
            let squares = if flat { 0.0 } else { squares };
            *out = window[window.len() - 1] / (squares / (count - 1.0)).sqrt();
        }
    }

    /// Closes longer than a tile, with stretches that stand still.
    fn closes() -> impl Strategy<Value = Vec<f64>> {
        (
            prop::collection::vec((number(), prop_oneof![9 => Just(1_usize), 1 => 1..30_usize]), 0..200),
            1..15_usize,
        )
            .prop_map(|(closes, again)| {
                let stretch = |(close, times): (f64, usize)| std::iter::repeat_n(close, times);
                closes.into_iter().flat_map(stretch).collect::<Vec<f64>>().repeat(again)
            })
    }

    proptest! {
        #[test]
        fn tiles_have_the_bits_of_whole_columns(
            close in closes(),
            windows in prop::collection::vec(1..60_usize, 1..4),
            period in 1..40_usize,
        ) {
            let close = &close;
            for &window in &windows {
                let mean = plainly(close, &rolling::mean(close, window), window);
                prop_assert_eq!(bits(&zscore_rolling(close, window)), bits(&mean), "rolling {}", window);
            }
            let mut columns = vec![vec![0.0; close.len()]; windows.len()];
            let mut slices: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
            zscores_ema_into(close, &windows, period, &mut slices);
            for (column, &window) in columns.iter().zip(&windows) {
                prop_assert_eq!(bits(column), bits(&plainly(close, &ema(close, period), window)), "ema {}", window);
            }
            let mut slices: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
            kalman_zscores_into(close, &windows, (0.01, 0.001), &mut slices);
            let mean = kalman_mean(close, 0.01, 0.001);
            for (column, &window) in columns.iter().zip(&windows) {
                prop_assert_eq!(bits(column), bits(&plainly(close, &mean, window)), "kalman {}", window);
            }
        }

        #[test]
        fn deviations_have_the_bits_of_one_window_at_a_time_on_every_path(
            residuals in prop::collection::vec(number(), 1..300),
            window in 1..60_usize,
        ) {
            prop_assume!(window <= residuals.len());
            let mut plain = vec![0.0; residuals.len() + 1 - window];
            over_plain_deviation(&residuals, window, &mut plain);
            for arch in every_path() {
                let mut out = plain.clone();
                let mut told = 0;
                over_deviation::<2>(arch, &residuals, window, &mut out, |count| told += count);
                prop_assert_eq!(bits(&out), bits(&plain), "{:?}", arch);
                prop_assert!(told >= out.len());
                over_deviation::<4>(arch, &residuals, window, &mut out, |_| ());
                prop_assert_eq!(bits(&out), bits(&plain), "{:?}", arch);
            }
        }
    }

    #[test]
    fn zero_deviation_is_undefined_or_infinite() {
        let residuals = [0.0, 0.0, 0.5, 0.5, -0.5, -0.5];
        let mut out = [0.0; 6];
        zscores_around(&residuals, &[2], &mut [&mut out], |closes, out| out.copy_from_slice(closes));
        assert!(out[1].is_nan());
        assert_eq!((out[3], out[5]), (f64::INFINITY, f64::NEG_INFINITY));
    }

    #[test]
    fn warm_up_is_that_of_mean_and_deviation() {
        let close: Vec<f64> = (0..20).map(|i| f64::from(i * i % 7)).collect();
        let first = |z: &[f64]| z.iter().position(|x| !x.is_nan());
        assert_eq!(first(&zscore_rolling(&close, 5)), Some(8));
        assert_eq!(first(&zscore_ema(&close, 5, 3)), Some(4));
    }
}
