//! Rolling correlation (Pearson) of two series over the bars both have.
//!
//! `r = sum((x-mx)*(y-my)) / sqrt(sum((x-mx)^2) * sum((y-my)^2))` over the last `window` pairs, means first.

#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled inside the function that enables the instructions"
)]

use pulp::{Arch, Simd};

use super::rolling::for_constant_windows;
use super::windows::{Calculation, WINDOWS, each_window, registers};
use crate::types::registers::arch;

/// Correlation of `left` and `right` over the last `window` (>= 1) bars on which both exist, -1..1.
///
/// `NaN` on bars where one is missing, before `window` pairs, and when one of them did not move. `O(n * window)`.
pub fn correlation(left: &[f64], right: &[f64], window: usize) -> Vec<f64> {
    correlation_on(arch(), left, right, window)
}

fn correlation_on(arch: Arch, left: &[f64], right: &[f64], window: usize) -> Vec<f64> {
    let common = left.len().min(right.len());
    let (x, y) = (&left[..common], &right[..common]);
    let missing = |row: usize| x[row].is_nan() || y[row].is_nan();
    let mut out = vec![0.0; left.len()];
    out[common..].fill(f64::NAN);
    if !(0..common).any(missing) {
        pearson(arch, [x, y], window, &mut out[..common]);
        return out;
    }
    let rows: Vec<usize> = (0..common).filter(|&row| !missing(row)).collect();
    let [x, y] = [x, y].map(|side| rows.iter().map(|&row| side[row]).collect::<Vec<f64>>());
    let mut closed_up = vec![0.0; rows.len()];
    pearson(arch, [&x, &y], window, &mut closed_up);
    out.fill(f64::NAN);
    for (&row, value) in rows.iter().zip(closed_up) {
        out[row] = value;
    }
    out
}

/// [`correlation`] of series without holes.
fn pearson(arch: Arch, sides: [&[f64]; 2], window: usize, out: &mut [f64]) {
    let before = (window - 1).min(out.len());
    out[..before].fill(f64::NAN);
    if before < out.len() {
        each_window(arch, sides, window, [&mut out[before..]], Pearson);
        for side in sides {
            for_constant_windows(side, window, |end| out[end] = f64::NAN);
        }
    }
}

struct Pearson;

impl Calculation<2, 1> for Pearson {
    #[inline(always)]
    fn write<S: Simd>(&mut self, simd: S, sides: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let window = sides[0].len() + 1 - WINDOWS;
        let side_by_side = REGISTERS * S::F64_LANES;
        for (block, out) in out.chunks_exact_mut(side_by_side).enumerate() {
            let first = block * side_by_side;
            let sides = sides.map(|side| &side[first..first + window - 1 + side_by_side]);
            let [xx, xy, yy] = products(simd, sides, window);
            for (k, out) in S::as_mut_simd_f64s(out).0.iter_mut().enumerate() {
                *out = simd.div_f64s(xy[k], simd.sqrt_f64s(simd.mul_f64s(xx[k], yy[k])));
            }
        }
        for r in out {
            *r = r.clamp(-1.0, 1.0);
        }
    }
}

/// Registers a number takes. With two means and three sums of products besides the values, two of each leave none in memory.
const REGISTERS: usize = 2;

/// Sums of `dx * dx`, `dx * dy` and `dy * dy` of neighbouring windows.
#[inline(always)]
fn products<S: Simd>(simd: S, [x, y]: [&[f64]; 2], window: usize) -> [[S::f64s; REGISTERS]; 3] {
    let side_by_side = REGISTERS * S::F64_LANES;
    let pairs = || x.windows(side_by_side).zip(y.windows(side_by_side));
    let (zero, count) = ([simd.splat_f64s(0.0); REGISTERS], simd.splat_f64s(window as f64));
    let (mut mx, mut my) = (zero, zero);
    for (x, y) in pairs() {
        let (x, y) = (registers::<S, REGISTERS>(x), registers::<S, REGISTERS>(y));
        for k in 0..REGISTERS {
            mx[k] = simd.add_f64s(mx[k], x[k]);
            my[k] = simd.add_f64s(my[k], y[k]);
        }
    }
    for k in 0..REGISTERS {
        (mx[k], my[k]) = (simd.div_f64s(mx[k], count), simd.div_f64s(my[k], count));
    }
    let (mut xx, mut xy, mut yy) = (zero, zero, zero);
    for (x, y) in pairs() {
        let (x, y) = (registers::<S, REGISTERS>(x), registers::<S, REGISTERS>(y));
        for k in 0..REGISTERS {
            let (dx, dy) = (simd.sub_f64s(x[k], mx[k]), simd.sub_f64s(y[k], my[k]));
            xx[k] = simd.add_f64s(xx[k], simd.mul_f64s(dx, dx));
            xy[k] = simd.add_f64s(xy[k], simd.mul_f64s(dx, dy));
            yy[k] = simd.add_f64s(yy[k], simd.mul_f64s(dy, dy));
        }
    }
    [xx, xy, yy]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::indicators::lanes::tests::bits;
    use crate::types::registers::every_path;

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
    fn pearson_of(x: &[f64], y: &[f64]) -> f64 {
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
        fn windows_side_by_side_have_the_bits_of_one_at_a_time_on_every_path(
            pairs in prop::collection::vec((0..30_u32, 0..4_u32), 0..300),
            holes in prop::collection::vec((0..300_usize, any::<bool>()), 0..3),
            window in 1..40_usize,
        ) {
            let price = |n: u32| 1.09 + f64::from(n) * 1e-5;
            let (mut x, mut y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(x, y)| (price(x), price(y))).unzip();
            for (hole, left) in holes {
                if let Some(value) = if left { x.get_mut(hole) } else { y.get_mut(hole) } {
                    *value = f64::NAN;
                }
            }
            let rows: Vec<usize> = (0..x.len()).filter(|&row| !(x[row] + y[row]).is_nan()).collect();
            let [there, back] = [&x, &y].map(|side| rows.iter().map(|&row| side[row]).collect::<Vec<f64>>());
            let mut plain = vec![f64::NAN; x.len()];
            for (end, &row) in rows.iter().enumerate().skip(window - 1) {
                let pairs = end + 1 - window..=end;
                plain[row] = pearson_of(&there[pairs.clone()], &back[pairs]);
            }
            for arch in every_path() {
                prop_assert_eq!(bits(&correlation_on(arch, &x, &y, window)), bits(&plain), "{:?}", arch);
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
