//! Compares rows and packs the answers into words, with instructions chosen at run time.
//!
//! Comparisons are exact on every path, so a wider register changes the time and nothing else.

use pulp::{Arch, Simd, WithSimd};

/// What the left side is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Right<'a> {
    /// Row by row.
    Rows(&'a [f64]),
    /// The same number on every row.
    Constant(f64),
}

/// Sets the bits of `at_least` where `left >= right` and those of `at_most` where `left <= right`; NaN sets neither.
///
/// One word per 64 rows, bits beyond the last row 0.
pub(super) fn compare(arch: Arch, left: &[f64], right: Right<'_>, at_least: &mut [u64], at_most: &mut [u64]) {
    let whole = left.len() / 64;
    arch.dispatch(Words { left, right, at_least: &mut *at_least, at_most: &mut *at_most });
    if let Some((more, less)) = at_least.get_mut(whole).zip(at_most.get_mut(whole)) {
        let rest = &left[whole * 64..];
        let mut padded = [[f64::NAN; 64]; 2];
        padded[0][..rest.len()].copy_from_slice(rest);
        match right {
            Right::Rows(rows) => padded[1][..rest.len()].copy_from_slice(&rows[whole * 64..]),
            Right::Constant(number) => padded[1].fill(number),
        }
        (*more, *less) = word(&padded[0], |lane| padded[1][lane]);
    }
}

struct Words<'a> {
    left: &'a [f64],
    right: Right<'a>,
    at_least: &'a mut [u64],
    at_most: &'a mut [u64],
}

impl WithSimd for Words<'_> {
    type Output = ();

    #[expect(
        clippy::inline_always,
        reason = "must be compiled inside the function that enables the instructions"
    )]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let left = self.left.as_chunks::<64>().0.iter();
        let words = left.zip(self.at_least.iter_mut().zip(self.at_most));
        match self.right {
            Right::Rows(rows) => {
                for ((left, (more, less)), right) in words.zip(rows.as_chunks::<64>().0) {
                    (*more, *less) = word(left, |lane| right[lane]);
                }
            }
            Right::Constant(number) => {
                for (left, (more, less)) in words {
                    (*more, *less) = word(left, |_| number);
                }
            }
        }
    }
}

#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
#[inline(always)]
fn word(left: &[f64; 64], right: impl Fn(usize) -> f64) -> (u64, u64) {
    let (mut more, mut less) = (0, 0);
    for (lane, &l) in left.iter().enumerate() {
        more |= u64::from(l >= right(lane)) << lane;
        less |= u64::from(l <= right(lane)) << lane;
    }
    (more, less)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            6 => (-3..3_i8).prop_map(f64::from),
            1 => Just(f64::NAN),
            1 => prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, -0.0]),
        ]
    }

    proptest! {
        #[test]
        fn wide_and_plain_registers_give_the_same_words(
            pairs in prop::collection::vec((number(), number()), 0..300),
            constant in number(),
        ) {
            let (left, right): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let words = left.len().div_ceil(64);
            for right_side in [Right::Rows(&right), Right::Constant(constant)] {
                let run = |arch| {
                    let (mut more, mut less) = (vec![0; words], vec![0; words]);
                    compare(arch, &left, right_side, &mut more, &mut less);
                    (more, less)
                };
                let (more, less) = run(Arch::new());
                prop_assert_eq!(run(Arch::Scalar), (more.clone(), less.clone()));
                for row in 0..words * 64 {
                    let values = left.get(row).map(|&l| (l, match right_side {
                        Right::Rows(rows) => rows[row],
                        Right::Constant(number) => number,
                    }));
                    prop_assert_eq!(more[row / 64] >> (row % 64) & 1 == 1, values.is_some_and(|(l, r)| l >= r));
                    prop_assert_eq!(less[row / 64] >> (row % 64) & 1 == 1, values.is_some_and(|(l, r)| l <= r));
                }
            }
        }
    }
}
