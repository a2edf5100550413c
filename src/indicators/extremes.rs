//! Least and greatest values of windows, by doubling: what is best of `2 k` values follows from two halves of `k`.
//!
//! A window is covered by two overlapping spans, the longest that are a power of two: being the best is not changed by being
//! looked at twice. Every step compares neighbours side by side, so a window of 200 costs eight comparisons per bar.

#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled inside the function that enables the instructions"
)]

use pulp::{Arch, Simd, WithSimd};

/// Windows at a time, at least: their spans stay in the level-1 cache.
const TILE: usize = 1024;

/// `out[i]` = the value of `values[i..i + window]` that `better(old, new)` chooses; `out` holds
/// `values.len() + 1 - window` numbers. `O(n * log(window))`.
pub(super) fn extremes(
    arch: Arch,
    values: &[f64],
    window: usize,
    out: &mut [f64],
    better: impl Fn(f64, f64) -> f64,
) {
    arch.dispatch(Extremes { values, window, out, better });
}

struct Extremes<'a, B> {
    values: &'a [f64],
    window: usize,
    out: &'a mut [f64],
    better: B,
}

impl<B: Fn(f64, f64) -> f64> WithSimd for Extremes<'_, B> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, window, out, better } = self;
        let tile = TILE.max(window);
        let (mut best, mut next) = (vec![0.0; tile + window - 1], vec![0.0; tile + window - 1]);
        for (place, out) in out.chunks_mut(tile).enumerate() {
            let values = &values[place * tile..];
            let mut span = 1;
            let mut count = out.len() + window - 1;
            if window == 1 {
                out.copy_from_slice(&values[..count]);
                continue;
            }
            best[..count].copy_from_slice(&values[..count]);
            while 2 * span < window {
                count -= span;
                both(&best[..count], &best[span..], &mut next, &better);
                std::mem::swap(&mut best, &mut next);
                span *= 2;
            }
            both(&best[..out.len()], &best[window - span..], out, &better);
        }
    }
}

#[inline(always)]
fn both(old: &[f64], new: &[f64], out: &mut [f64], better: impl Fn(f64, f64) -> f64) {
    for ((out, &old), &new) in out.iter_mut().zip(old).zip(new) {
        *out = better(old, new);
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
        fn they_are_those_of_one_window_at_a_time_on_every_path(
            values in prop::collection::vec(number(), 1..300),
            again in prop_oneof![4 => Just(1_usize), 1 => 2..12_usize],
            window in prop_oneof![4 => 1..40_usize, 1 => 1..2000_usize],
        ) {
            let values = values.repeat(again);
            prop_assume!(window <= values.len());
            let better = |old: f64, new: f64| if new.is_nan() || new >= old { new } else { old };
            let one = |w: &[f64]| w.iter().copied().reduce(better).expect("a window holds a value");
            let plain: Vec<f64> = values.windows(window).map(one).collect();
            for arch in every_path() {
                let mut out = vec![0.0; plain.len()];
                extremes(arch, &values, window, &mut out, better);
                prop_assert_eq!(bits(&out), bits(&plain), "{:?}", arch);
            }
        }
    }
}
