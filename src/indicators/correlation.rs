//! Rolling correlation (Pearson) of two series over the bars both have.
//!
//! `r = sum((x-mx)*(y-my)) / sqrt(sum((x-mx)^2) * sum((y-my)^2))` over the last `window` pairs, means first.

use pulp::{Simd, WithSimd};

use super::rolling::for_constant_windows;
use super::windows::{TwoPass, WINDOWS, each_window};
use crate::types::registers;

/// Correlation of `left` and `right` over the last `window` (>= 1) bars on which both exist, -1..1.
///
/// `NaN` on bars where one is missing, before `window` pairs, and when one of them did not move. `O(n * window)`.
pub fn correlation(left: &[f64], right: &[f64], window: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; left.len()];
    let both = |i: &usize| !left[*i].is_nan() && !right[*i].is_nan();
    let rows: Vec<usize> = (0..left.len().min(right.len())).filter(both).collect();
    if rows.len() < window {
        return out;
    }
    let sides = [left, right].map(|side| Side::of(rows.iter().map(|&i| side[i]).collect(), window));
    let [x, y] = &sides;
    let mut products = vec![0.0; x.means.len()];
    registers::arch().dispatch(Products { x, y, window, out: &mut products });
    for (place, &row) in rows[window - 1..].iter().enumerate() {
        let spread = (x.squares[place] * y.squares[place]).sqrt();
        out[row] = (products[place] / spread).clamp(-1.0, 1.0);
    }
    for side in &sides {
        for_constant_windows(&side.values, window, |end| out[rows[end]] = f64::NAN);
    }
    out
}

/// One of the two series with what each of its windows comes to.
struct Side {
    values: Vec<f64>,
    means: Vec<f64>,
    /// Sums of squares around the means.
    squares: Vec<f64>,
}

impl Side {
    fn of(values: Vec<f64>, window: usize) -> Self {
        let windows = values.len() + 1 - window;
        let (mut means, mut squares) = (vec![0.0; windows], vec![0.0; windows]);
        let rule =
            TwoPass { term: |mean: f64, x: f64| (x - mean) * (x - mean), finish: |m, total, _| [m, total] };
        each_window(registers::arch(), &values, window, [&mut means, &mut squares], rule);
        Self { values, means, squares }
    }
}

/// Sums of the products of both distances from their means, windows side by side.
struct Products<'a> {
    x: &'a Side,
    y: &'a Side,
    window: usize,
    out: &'a mut [f64],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[expect(
        clippy::inline_always,
        reason = "must be compiled inside the function that enables the instructions"
    )]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { x, y, window, out } = self;
        let Some(last) = out.len().checked_sub(WINDOWS) else {
            for (start, out) in out.iter_mut().enumerate() {
                *out = products::<1>(x, y, start, window)[0];
            }
            return;
        };
        let mut start = 0;
        loop {
            out[start..start + WINDOWS].copy_from_slice(&products::<WINDOWS>(x, y, start, window));
            if start == last {
                break;
            }
            // The last block overlaps the one before where the windows do not fill it.
            start = last.min(start + WINDOWS);
        }
    }
}

/// The sums of `N` windows from one on.
#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
#[inline(always)]
fn products<const N: usize>(x: &Side, y: &Side, start: usize, window: usize) -> [f64; N] {
    let some = |column: &[f64], from: usize| -> [f64; N] {
        std::array::from_fn(|lane| column[from..from + N][lane])
    };
    let (mx, my) = (some(&x.means, start), some(&y.means, start));
    let rows = start..start + window - 1 + N;
    let mut totals = [0.0; N];
    for (xs, ys) in x.values[rows.clone()].windows(N).zip(y.values[rows].windows(N)) {
        for lane in 0..N {
            totals[lane] += (xs[lane] - mx[lane]) * (ys[lane] - my[lane]);
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bars_only_one_side_has_are_passed_over() {
        let hole = f64::NAN;
        let out = correlation(&[1.0, hole, 2.0, 3.0, 3.0], &[2.0, 5.0, 4.0, hole, 7.0], 3);
        assert!(out[..4].iter().all(|x| x.is_nan()));
        let alone = correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 7.0], 3);
        assert_eq!(out[4].to_bits(), alone[2].to_bits());
    }

    #[test]
    fn a_side_that_stands_still_has_no_correlation() {
        assert!(correlation(&[1.1; 5], &[1.0, 2.0, 3.0, 4.0, 5.0], 3).iter().all(|x| x.is_nan()));
    }

    /// One window at a time, as the formula stands.
    fn pearson(x: &[f64], y: &[f64]) -> f64 {
        let flat = |values: &[f64]| values.iter().all(|v| *v == values[0]);
        if flat(x) || flat(y) {
            return f64::NAN;
        }
        let mean = |values: &[f64]| values.iter().fold(0.0, |total, v| total + v) / values.len() as f64;
        let (mx, my) = (mean(x), mean(y));
        let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
        for (a, b) in x.iter().zip(y) {
            let (dx, dy) = (a - mx, b - my);
            xy += dx * dy;
            xx += dx * dx;
            yy += dy * dy;
        }
        (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0)
    }

    proptest! {
        #[test]
        fn windows_side_by_side_have_the_bits_of_one_at_a_time(
            pairs in prop::collection::vec((0..30_u32, 0..4_u32), 0..200),
            window in 1..40_usize,
        ) {
            let price = |n: u32| 1.09 + f64::from(n) * 1e-5;
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(x, y)| (price(x), price(y))).unzip();
            let together = correlation(&x, &y, window);
            for (end, value) in together.iter().enumerate() {
                let alone = (end + 1).checked_sub(window).map_or(f64::NAN, |i| pearson(&x[i..=end], &y[i..=end]));
                prop_assert!(value.to_bits() == alone.to_bits() || (value.is_nan() && alone.is_nan()), "{end}");
            }
        }

        #[test]
        fn lines_correlate_fully_and_order_does_not_matter(
            x in prop::collection::vec(1.0..2.0_f64, 10..40),
            y in prop::collection::vec(1.0..2.0_f64, 40),
        ) {
            let line: Vec<f64> = x.iter().map(|v| 3.0 - 0.5 * v).collect();
            for value in &correlation(&x, &line, 8)[7..] {
                prop_assert!((value + 1.0).abs() < 1e-9);
            }
            let (there, back) = (correlation(&x, &y, 8), correlation(&y[..x.len()], &x, 8));
            for (i, (a, b)) in there.iter().zip(&back).enumerate().skip(7) {
                prop_assert_eq!(a.to_bits(), b.to_bits());
                // Covariance the other way round: mean of products less product of means.
                let mean = |f: &dyn Fn(usize) -> f64| (i - 7..=i).map(f).sum::<f64>() / 8.0;
                let covariance = mean(&|j| x[j] * y[j]) - mean(&|j| x[j]) * mean(&|j| y[j]);
                let spread = |v: &[f64]| (mean(&|j| v[j] * v[j]) - mean(&|j| v[j]) * mean(&|j| v[j])).sqrt();
                prop_assert!((a * spread(&x) * spread(&y) - covariance).abs() < 1e-9);
            }
        }
    }
}
