//! Rolling percentile: the value below which a share of the last values lies.
//!
//! Linear interpolation between order statistics at position `percent/100 * (window-1)` (R. Hyndman and Y. Fan, The
//! American Statistician 50, 1996, type 7).

#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled inside the function that enables the instructions"
)]

use pulp::{Arch, Simd, WithSimd};

use crate::types::registers;

/// Values of each stretch that are laid side by side at a time.
const ROWS: usize = 64;

/// Sorted rows between two jumps.
const STEP: usize = 4;

/// From this length on one sorted window is kept instead: a step looks at few of its values. An estimate.
const LONG: usize = 1000;

/// Percentile (0..100) of the last `window` (>= 1) values; `NaN` while a hole is in the window. `O(n * window)`.
pub fn percentile(values: &[f64], window: usize, percent: f64) -> Vec<f64> {
    if window >= LONG {
        return one_at_a_time(values, window, percent);
    }
    side_by_side(registers::arch(), values, window, percent)
}

/// One sorted window that loses its oldest value and takes in the newest.
fn one_at_a_time(values: &[f64], window: usize, percent: f64) -> Vec<f64> {
    let mut sorted: Vec<f64> = Vec::with_capacity(window + 1);
    let mut out = vec![f64::NAN; values.len()];
    for (i, &x) in values.iter().enumerate() {
        if x.is_nan() {
            sorted.clear();
            continue;
        }
        if sorted.len() == window {
            sorted.remove(place(&sorted, values[i - window]));
        }
        sorted.insert(place(&sorted, x), x);
        if sorted.len() == window {
            out[i] = interpolate(&sorted, percent / 100.0);
        }
    }
    out
}

/// Where a value stands or would stand.
fn place(sorted: &[f64], value: f64) -> usize {
    sorted.partition_point(|&x| x < value)
}

/// The same with the series cut into stretches, each in a lane with its sorted window.
fn side_by_side(arch: Arch, values: &[f64], window: usize, percent: f64) -> Vec<f64> {
    let mut out = vec![0.0; values.len()];
    let before = (window - 1).min(values.len());
    out[..before].fill(f64::NAN);
    if before == values.len() {
        return out;
    }
    let share = percent / 100.0;
    if arch.dispatch(Stretches { values, window, share, out: &mut out[before..] }) {
        let mut cleared = 0;
        for hole in (0..values.len()).filter(|&i| values[i].is_nan()) {
            let end = values.len().min(hole + window);
            out[cleared.max(hole)..end].fill(f64::NAN);
            cleared = end;
        }
    }
    out
}

struct Stretches<'a> {
    values: &'a [f64],
    window: usize,
    share: f64,
    /// One number per full window; those with a hole are not yet marked.
    out: &'a mut [f64],
}

impl WithSimd for Stretches<'_> {
    type Output = bool;

    /// Whether there are holes. They, and what lies before a stretch, count as infinity: so every window holds as many
    /// numbers.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Self { values, window, share, out } = self;
        let lanes = S::F64_LANES;
        let length = out.len().div_ceil(lanes);
        // Stretches overlap where the windows do not fill them.
        let last = out.len() - length;
        let first = |lane: usize| last.min(lane * length);
        let (below, above, weight) = position(window, share);
        let weight = simd.splat_f64s(weight);
        let mut sorted = vec![simd.splat_f64s(f64::INFINITY); window.next_multiple_of(STEP) + 1];
        // Values side by side, the `window` rows before those of the step in front.
        let mut laid = vec![f64::INFINITY; (window + ROWS) * lanes];
        let mut found = vec![0.0; ROWS * lanes];
        let steps = window - 1 + length;
        let mut holes = false;
        for start in (0..steps).step_by(ROWS) {
            let rows = ROWS.min(steps - start);
            for lane in 0..lanes {
                let values = &values[first(lane) + start..][..rows];
                for (row, &x) in laid[window * lanes..].chunks_exact_mut(lanes).zip(values) {
                    holes |= x.is_nan();
                    // Plus zero: of two zeros none comes first.
                    row[lane] = if x.is_nan() { f64::INFINITY } else { x + 0.0 };
                }
            }
            let (old, new) = S::as_simd_f64s(&laid).0.split_at(window);
            let old = old.iter().chain(new);
            let found_rows = S::as_mut_simd_f64s(&mut found).0;
            for ((found, &old), &new) in found_rows[..rows].iter_mut().zip(old).zip(new) {
                exchange(simd, &mut sorted, old, new);
                let up = simd.mul_f64s(simd.sub_f64s(sorted[above], sorted[below]), weight);
                *found = simd.add_f64s(sorted[below], up);
            }
            laid.copy_within(rows * lanes.., 0);
            let unfilled = (window - 1).saturating_sub(start).min(rows);
            for lane in (0..lanes).filter(|_| unfilled < rows) {
                let out = &mut out[first(lane) + start + unfilled + 1 - window..][..rows - unfilled];
                for (out, found) in out.iter_mut().zip(found.chunks_exact(lanes).skip(unfilled)) {
                    *out = found[lane];
                }
            }
        }
        holes
    }
}

/// Takes `old` out of sorted rows, the last of which is infinite, and puts `new` in: no branch, every row is written once.
#[inline(always)]
fn exchange<S: Simd>(simd: S, sorted: &mut [S::f64s], old: S::f64s, new: S::f64s) {
    let (mut before, mut this) = (simd.splat_f64s(f64::NEG_INFINITY), sorted[0]);
    for j in (0..sorted.len() - 1).step_by(STEP) {
        let rows = &mut sorted[j..=j + STEP];
        for k in 0..STEP {
            let next = rows[k + 1];
            let kept = simd.select_f64s(simd.less_than_f64s(this, old), this, next);
            rows[k] = simd.max_f64s(before, simd.min_f64s(kept, new));
            (before, this) = (kept, next);
        }
    }
}

/// The places in `count` sorted values between which `share` of them lie, and the weight of the upper one.
fn position(count: usize, share: f64) -> (usize, usize, f64) {
    let position = share * (count - 1) as f64;
    let below = position.floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= position < length")]
    let index = below as usize;
    (index, (index + 1).min(count - 1), position - below)
}

/// Linear interpolation at position `share * (m - 1)` of sorted values, `0 <= share <= 1`.
pub(crate) fn interpolate(sorted: &[f64], share: f64) -> f64 {
    let (below, above, weight) = position(sorted.len(), share);
    sorted[below] + (sorted[above] - sorted[below]) * weight
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::indicators::lanes::tests::bits;
    use crate::types::registers::every_path;

    fn numbers() -> impl Strategy<Value = Vec<f64>> {
        let number = prop_oneof![
            30 => (0..20_u8).prop_map(|n| 1.09 + f64::from(n) * 1e-5),
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
            1 => Just(f64::NEG_INFINITY),
        ];
        prop::collection::vec(number, 0..400)
    }

    proptest! {
        #[test]
        fn stretches_have_the_bits_of_one_sorted_window_on_every_path(
            values in numbers(),
            window in prop_oneof![4 => 1..30_usize, 1 => 30..300_usize],
            percent in prop_oneof![Just(0.0), Just(50.0), Just(100.0), 0.0..=100.0_f64],
        ) {
            let plain = one_at_a_time(&values, window, percent);
            for arch in every_path() {
                let out = side_by_side(arch, &values, window, percent);
                prop_assert_eq!(bits(&out), bits(&plain), "{:?}", arch);
            }
        }

        #[test]
        fn it_is_that_of_the_sorted_window(
            values in prop::collection::vec(prop_oneof![9 => (0..20_u8).prop_map(f64::from), 1 => Just(f64::NAN)], 0..60),
            window in 1..12_usize,
            percent in 0.0..=100.0_f64,
        ) {
            let out = percentile(&values, window, percent);
            for i in 0..values.len() {
                let taken = (i + 1).checked_sub(window).map(|start| values[start..=i].to_vec());
                match taken.filter(|taken| taken.iter().all(|x| !x.is_nan())) {
                    None => prop_assert!(out[i].is_nan()),
                    Some(mut taken) => {
                        taken.sort_by(f64::total_cmp);
                        prop_assert_eq!(out[i], interpolate(&taken, percent / 100.0));
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_window_is_that_of_the_sorted_window() {
        let values: Vec<f64> = (0..1100).map(|i| f64::from(i * i % 977)).collect();
        let mut taken = values[..LONG].to_vec();
        taken.sort_by(f64::total_cmp);
        assert_eq!(percentile(&values, LONG, 37.0)[LONG - 1], interpolate(&taken, 0.37));
    }

    #[test]
    fn ends_and_middle_are_least_greatest_and_median() {
        let values = [3.0, 1.0, 2.0, 10.0];
        assert_eq!(percentile(&values, 4, 0.0)[3], 1.0);
        assert_eq!(percentile(&values, 4, 50.0)[3], 2.5);
        assert_eq!(percentile(&values, 4, 100.0)[3], 10.0);
    }
}
