//! Rolling windows: sum, mean, standard deviation, least and greatest value (`indicators.md` 1.2).
//!
//! Every window is added up from scratch in ascending order, twice for a deviation (mean first, then squares around
//! it), so no error builds up along the series. Windows lie side by side in lanes, each with its own
//! order of summation: the bits are those of one window at a time. A window with a hole, or shorter than `window`, is `NaN`;
//! one of equal values has exactly that mean and exactly zero deviation. `window` is at least 1 everywhere.

use std::ops::Range;

use super::extremes::extremes;
use super::sliding::{can_slide, sliding_sums};
use super::tiles::rows_of_windows;
use super::windows::{OnePass, TwoPass, each_length, each_window};
use crate::types::registers;

/// By what a sum of squares is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deviation {
    /// `window - 1`; a window of 1 is `NaN`.
    Sample,
    /// `window`.
    Population,
}

impl Deviation {
    fn count(self, window: usize) -> f64 {
        match self {
            Self::Sample if window == 1 => f64::NAN,
            Self::Sample => (window - 1) as f64,
            Self::Population => window as f64,
        }
    }
}

fn square(mean: f64, x: f64) -> f64 {
    (x - mean) * (x - mean)
}

/// Sum of the last `window` values. `O(n * window)`; `O(n)` for whole numbers, whose sums are exact.
pub fn sum(values: &[f64], window: usize) -> Vec<f64> {
    column(values.len(), |out| sum_rows(values, window, 0..values.len(), out))
}

/// Mean of the last `window` values. Costs what [`sum`] costs.
pub fn mean(values: &[f64], window: usize) -> Vec<f64> {
    column(values.len(), |out| means(values, &[window], &mut [out]))
}

/// Mean of the last `window` values, the newest weighing `window`, the oldest 1. `O(n * window)`.
pub fn weighted_mean(values: &[f64], window: usize) -> Vec<f64> {
    column(values.len(), |out| weighted_mean_rows(values, window, 0..values.len(), out))
}

/// Some rows of [`weighted_mean`].
pub(super) fn weighted_mean_rows(values: &[f64], window: usize, rows: Range<usize>, out: &mut [f64]) {
    let weights = (window * (window + 1) / 2) as f64;
    rows_of_windows(values, window, rows, out, |values, full| {
        let rule = OnePass { term: |j, x| (j + 1) as f64 * x, finish: |sum| sum / weights };
        each_window(registers::arch(), [values], window, [&mut *full], rule);
        for_constant_windows(values, window, |i| full[i + 1 - window] = values[i]);
    });
}

/// Some rows of [`sum`].
pub(crate) fn sum_rows(values: &[f64], window: usize, rows: Range<usize>, out: &mut [f64]) {
    rows_of_windows(values, window, rows, out, |values, full| {
        if can_slide(values, window) {
            return sliding_sums(registers::arch(), values, window, full, |sum| sum);
        }
        let rule = OnePass { term: |_, x| x, finish: |sum| sum };
        each_window(registers::arch(), [values], window, [full], rule);
    });
}

/// Some rows of [`mean`].
pub(super) fn mean_rows(values: &[f64], window: usize, rows: Range<usize>, out: &mut [f64]) {
    let count = window as f64;
    rows_of_windows(values, window, rows, out, |values, full| {
        let rule = OnePass { term: |_, x| x, finish: |sum| sum / count };
        each_window(registers::arch(), [values], window, [&mut *full], rule);
        for_constant_windows(values, window, |i| full[i + 1 - window] = values[i]);
    });
}

/// Standard deviation of the last `window` values. `O(n * window)`.
pub fn deviation(values: &[f64], window: usize, divisor: Deviation) -> Vec<f64> {
    column(values.len(), |out| deviation_rows(values, window, divisor, 0..values.len(), out))
}

/// Some rows of [`deviation`].
pub(crate) fn deviation_rows(
    values: &[f64],
    window: usize,
    divisor: Deviation,
    rows: Range<usize>,
    out: &mut [f64],
) {
    let count = divisor.count(window);
    rows_of_windows(values, window, rows, out, |values, full| {
        full_around_mean(values, window, [full], square, |_, squares, _| [(squares / count).sqrt()]);
    });
}

/// What `finish` makes of mean, [`deviation`] and newest value of each window, in columns as long as `values`.
pub(crate) fn deviations_into<const N: usize>(
    values: &[f64],
    window: usize,
    divisor: Deviation,
    columns: [&mut [f64]; N],
    finish: impl Fn(f64, f64, f64) -> [f64; N] + Copy,
) {
    let count = divisor.count(window);
    around_mean(values, window, columns, square, |mean, squares, newest| {
        finish(mean, (squares / count).sqrt(), newest)
    });
}

/// What `finish` makes of the mean of each window, the sum of `term(mean, value)` over it, and its newest value. In a
/// window of equal values the mean is exactly that value and the sum exactly zero.
pub(super) fn around_mean<const N: usize>(
    values: &[f64],
    window: usize,
    mut columns: [&mut [f64]; N],
    term: impl Fn(f64, f64) -> f64,
    finish: impl Fn(f64, f64, f64) -> [f64; N] + Copy,
) {
    let before = (window - 1).min(values.len());
    for column in &mut columns {
        column[..before].fill(f64::NAN);
    }
    if before < values.len() {
        full_around_mean(values, window, columns.map(|column| &mut column[before..]), term, finish);
    }
}

/// [`around_mean`] from the first full window on.
fn full_around_mean<const N: usize>(
    values: &[f64],
    window: usize,
    mut full: [&mut [f64]; N],
    term: impl Fn(f64, f64) -> f64,
    finish: impl Fn(f64, f64, f64) -> [f64; N] + Copy,
) {
    each_window(
        registers::arch(),
        [values],
        window,
        full.each_mut().map(|full| &mut **full),
        TwoPass { term, finish },
    );
    for_constant_windows(values, window, |i| {
        for (full, number) in full.iter_mut().zip(finish(values[i], 0.0, values[i])) {
            full[i + 1 - window] = number;
        }
    });
}

/// Means over windows of several lengths, which ascend, each into a column as long as `values`. All lengths cost what the
/// longest costs.
pub(super) fn means(values: &[f64], windows: &[usize], columns: &mut [&mut [f64]]) {
    sums(values, windows, columns, |window, sum| sum / window as f64);
    for (&window, column) in windows.iter().zip(columns) {
        for_constant_windows(values, window, |i| column[i] = values[i]);
    }
}

/// What `finish(window, sum)` makes of sums over windows of several lengths, which ascend, each in a column as long as
/// `values`.
fn sums(
    values: &[f64],
    windows: &[usize],
    columns: &mut [&mut [f64]],
    finish: impl Fn(usize, f64) -> f64 + Copy,
) {
    let longest = windows.last().copied().unwrap_or(1);
    if can_slide(values, longest) {
        for (&window, column) in windows.iter().zip(columns) {
            rows_of_windows(values, window, 0..values.len(), column, |values, full| {
                sliding_sums(registers::arch(), values, window, full, |sum| finish(window, sum));
            });
        }
        return;
    }
    let fits = windows.partition_point(|&window| window <= values.len());
    for (&window, column) in windows.iter().zip(columns.iter_mut()) {
        rows_of_windows(values, window, 0..values.len(), column, |_, _| ());
    }
    let full = windows[..fits].iter().zip(columns).map(|(&window, column)| &mut column[window - 1..]);
    let mut full: Vec<&mut [f64]> = full.collect();
    each_length(registers::arch(), values, &windows[..fits], &mut full, finish);
}

/// A column filled by `fill`.
fn column(rows: usize, fill: impl FnOnce(&mut [f64])) -> Vec<f64> {
    let mut out = vec![0.0; rows];
    fill(&mut out);
    out
}

/// Calls `set` with the end of every window whose values are all equal.
///
/// Every such window holds a multiple of `window - 1` after its first value, so only the neighbours there are compared.
pub(super) fn for_constant_windows(values: &[f64], window: usize, mut set: impl FnMut(usize)) {
    let equal = |i: usize| values[i - 1] == values[i];
    if window == 1 {
        return (0..values.len()).filter(|&i| !values[i].is_nan()).for_each(set);
    }
    let mut at = window - 1;
    while at < values.len() {
        if equal(at) {
            let first = (1..at).rev().find(|&i| !equal(i)).unwrap_or(0);
            let end = (at + 1..values.len()).find(|&i| !equal(i)).unwrap_or(values.len());
            (first + window - 1..end).for_each(&mut set);
            at = end / (window - 1) * (window - 1);
        }
        at += window - 1;
    }
}

/// Least of the last `window` values, the newest among equals. `O(n * log(window))`.
pub fn min(values: &[f64], window: usize) -> Vec<f64> {
    column(values.len(), |out| min_rows(values, window, 0..values.len(), out))
}

/// Some rows of [`min`].
pub(super) fn min_rows(values: &[f64], window: usize, rows: Range<usize>, out: &mut [f64]) {
    let better = |old: f64, new: f64| if new.is_nan() || new <= old { new } else { old };
    rows_of_windows(values, window, rows, out, |values, full| {
        extremes(registers::arch(), values, window, full, better);
    });
}

/// Greatest of the last `window` values, the newest among equals. `O(n * log(window))`.
pub fn max(values: &[f64], window: usize) -> Vec<f64> {
    column(values.len(), |out| max_rows(values, window, 0..values.len(), out))
}

/// Some rows of [`max`].
pub(super) fn max_rows(values: &[f64], window: usize, rows: Range<usize>, out: &mut [f64]) {
    let better = |old: f64, new: f64| if new.is_nan() || new >= old { new } else { old };
    rows_of_windows(values, window, rows, out, |values, full| {
        extremes(registers::arch(), values, window, full, better);
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prices() -> impl Strategy<Value = Vec<f64>> {
        let price = prop_oneof![
            8 => (0..40_u32).prop_map(|n| 1.09 + f64::from(n) * 1e-5),
            3 => Just(1.0903),
            1 => Just(f64::NAN),
        ];
        prop::collection::vec(price, 0..80)
    }

    /// One window at a time, as the specification words it.
    fn plainly(values: &[f64], window: usize, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        (0..values.len())
            .map(|i| (i + 1).checked_sub(window).map_or(f64::NAN, |start| of(&values[start..=i])))
            .collect()
    }

    fn plain_mean(window: &[f64]) -> f64 {
        if window.iter().all(|x| *x == window[0]) {
            return window[0];
        }
        window.iter().fold(0.0, |total, x| total + x) / window.len() as f64
    }

    fn plain_deviation(window: &[f64]) -> f64 {
        if window.len() == 1 {
            return f64::NAN;
        }
        let mean = plain_mean(window);
        let squares = window.iter().fold(0.0, |total, x| total + (x - mean) * (x - mean));
        (squares / (window.len() - 1) as f64).sqrt()
    }

    fn same(left: &[f64], right: &[f64]) -> bool {
        left.len() == right.len()
            && left.iter().zip(right).all(|(x, y)| x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()))
    }

    proptest! {
        #[test]
        fn lanes_give_the_bits_of_one_window_at_a_time(values in prices(), window in 1..30_usize) {
            prop_assert!(same(&mean(&values, window), &plainly(&values, window, plain_mean)));
            let sample = deviation(&values, window, Deviation::Sample);
            prop_assert!(same(&sample, &plainly(&values, window, plain_deviation)));
        }

        #[test]
        fn lengths_together_are_each_length_alone(
            values in prices(),
            lengths in prop::collection::btree_set(1..40_usize, 1..5),
        ) {
            let lengths: Vec<usize> = lengths.into_iter().collect();
            let mut columns = vec![vec![0.0; values.len()]; lengths.len()];
            let mut slices: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
            means(&values, &lengths, &mut slices);
            for (&window, column) in lengths.iter().zip(&columns) {
                prop_assert!(same(column, &plainly(&values, window, plain_mean)), "{window}");
            }
        }

        #[test]
        fn extremes_are_those_of_the_window(
            (values, again) in (prices(), 1..8_usize),
            window in prop_oneof![1..30_usize, 60..150_usize],
        ) {
            let values = values.repeat(again);
            let of = |pick: fn(f64, f64) -> f64| move |w: &[f64]| {
                if w.iter().any(|x| x.is_nan()) { f64::NAN } else { w.iter().copied().fold(w[0], pick) }
            };
            prop_assert!(same(&min(&values, window), &plainly(&values, window, of(f64::min))));
            prop_assert!(same(&max(&values, window), &plainly(&values, window, of(f64::max))));
        }
    }

    #[test]
    fn a_constant_window_has_exactly_its_value_and_no_deviation() {
        let values = [1.1, 1.09, 1.09, 1.09, 1.2];
        assert_eq!(mean(&values, 3)[3], 1.09);
        assert_eq!(deviation(&values, 3, Deviation::Sample)[3], 0.0);
        assert_eq!(deviation(&values, 3, Deviation::Population)[3], 0.0);
    }

    #[test]
    fn a_single_value_has_no_sample_deviation() {
        assert!(deviation(&[1.0, 2.0], 1, Deviation::Sample).iter().all(|x| x.is_nan()));
        assert_eq!(deviation(&[1.0, 2.0], 1, Deviation::Population), [0.0, 0.0]);
    }
}
