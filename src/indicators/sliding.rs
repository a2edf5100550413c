//! Sums of whole numbers over windows, each from one before: exact, hence those of any order of summation.

#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled inside the function that enables the instructions"
)]

use pulp::{Arch, Simd, WithSimd};

use super::lanes::are_whole;
use crate::types::registers;

/// Sums slid at a time.
const TOGETHER: usize = 8;

/// Windows up to this length are added up as fast as they could be slid. Of longer ones even the change over [`TOGETHER`]
/// windows is below the size up to which sums are exact.
const SHORT: usize = 2 * TOGETHER;

/// Whether sums of `window` values are slid.
pub(super) fn can_slide(values: &[f64], window: usize) -> bool {
    window > SHORT && sums_are_exact(values, window)
}

/// Whether all values are whole numbers, so small that no sum of `window` of them is rounded.
fn sums_are_exact(values: &[f64], window: usize) -> bool {
    let most = 9_007_199_254_740_992.0 / window as f64; // 2^53
    are_whole(registers::arch(), values, most)
}

/// `out[i]` = `finish` of the sum of `values[i..i + window]`, of values that [`can_slide`] for this or a longer window.
pub(super) fn sliding_sums(
    arch: Arch,
    values: &[f64],
    window: usize,
    out: &mut [f64],
    finish: impl Fn(f64) -> f64,
) {
    arch.dispatch(Slide { values, window, out, finish });
}

struct Slide<'a, F> {
    values: &'a [f64],
    window: usize,
    out: &'a mut [f64],
    finish: F,
}

impl<F: Fn(f64) -> f64> WithSimd for Slide<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, window, out, finish } = self;
        let Some((first, rest)) = out.split_first_mut() else { return };
        let mut total = sum(&values[..window]);
        *first = finish(total);
        let (new, old) = (&values[window..], &values[..rest.len()]);
        let (lines, last) = rest.as_chunks_mut::<TOGETHER>();
        let (new, new_last) = new.as_chunks::<TOGETHER>();
        let (old, old_last) = old.as_chunks::<TOGETHER>();
        for ((line, new), old) in lines.iter_mut().zip(new).zip(old) {
            // The changes are added up apart, so only one addition in a line waits for the sums before.
            let changes = so_far(std::array::from_fn(|i| new[i] - old[i]));
            *line = changes.map(|change| finish(total + change));
            total += changes[TOGETHER - 1];
        }
        for ((out, new), old) in last.iter_mut().zip(new_last).zip(old_last) {
            total += new - old;
            *out = finish(total);
        }
    }
}

/// Sums of the first one, two, three and so on: of neighbours, then of pairs, then of fours.
#[inline(always)]
fn so_far(numbers: [f64; TOGETHER]) -> [f64; TOGETHER] {
    let with = |numbers: [f64; TOGETHER], apart: usize| {
        let earlier: [f64; TOGETHER] =
            std::array::from_fn(|i| if i < apart { 0.0 } else { numbers[i - apart] });
        std::array::from_fn(|i| numbers[i] + earlier[i])
    };
    with(with(with(numbers, 1), 2), 4)
}

#[inline(always)]
fn sum(values: &[f64]) -> f64 {
    let (lines, rest) = values.as_chunks::<TOGETHER>();
    let mut totals = [0.0; TOGETHER];
    for line in lines {
        totals.iter_mut().zip(line).for_each(|(total, x)| *total += x);
    }
    totals.iter().chain(rest).fold(0.0, |total, x| total + x)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::registers::every_path;

    proptest! {
        #[test]
        fn whole_numbers_have_the_sums_of_any_order(
            values in prop::collection::vec(-50_i32..50, 0..200),
            window in 1..80_usize,
            largest in prop::bool::ANY,
        ) {
            // Up to the size that still counts as exact.
            let scale = if largest { (9_007_199_254_740_992.0 / 50.0 / window.max(17) as f64).floor() } else { 1.0 };
            let values: Vec<f64> = values.into_iter().map(|x| f64::from(x) * scale).collect();
            prop_assert!(sums_are_exact(&values, window));
            let plain: Vec<u64> =
                values.windows(window).map(|w| w.iter().fold(0.0, |total, x| total + x).to_bits()).collect();
            for arch in every_path() {
                let mut slid = vec![0.0; plain.len()];
                if !slid.is_empty() {
                    sliding_sums(arch, &values, window, &mut slid, |sum| sum);
                }
                let slid: Vec<u64> = slid.into_iter().map(f64::to_bits).collect();
                prop_assert_eq!(&slid, &plain, "{:?}", arch);
            }
        }
    }

    #[test]
    fn sums_that_would_be_rounded_are_not_slid() {
        assert!(!sums_are_exact(&[1.5], 1) && !sums_are_exact(&[f64::NAN], 1));
        let large = 9_007_199_254_740_992.0;
        assert!(sums_are_exact(&[large], 1) && !sums_are_exact(&[large], 2));
        assert!(!can_slide(&[1.0], SHORT) && can_slide(&[1.0], SHORT + 1));
    }
}
