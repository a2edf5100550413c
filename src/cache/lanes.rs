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
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, right, at_least, at_most } = self;
        // A mask of eight lanes is a byte where the instructions have such registers, else a lane is a lane of its own.
        if const { S::F64_LANES == 8 && size_of::<S::m64s>() == size_of::<u8>() } {
            match right {
                Right::Rows(rows) => {
                    eights(simd, left, S::as_simd_f64s(rows).0.iter().copied(), at_least, at_most);
                }
                Right::Constant(number) => {
                    eights(simd, left, std::iter::repeat(simd.splat_f64s(number)), at_least, at_most);
                }
            }
            return;
        }
        let words = left.as_chunks::<64>().0.iter().zip(at_least.iter_mut().zip(at_most));
        match right {
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

/// Eight rows are a byte of a word, lowest rows first, as the bytes of such machines lie in memory.
#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
#[inline(always)]
fn eights<S: Simd>(
    simd: S,
    left: &[f64],
    right: impl Iterator<Item = S::f64s>,
    at_least: &mut [u64],
    at_most: &mut [u64],
) {
    let whole = left.len() / 64;
    let (left, _) = S::as_simd_f64s(&left[..whole * 64]);
    let more = pulp::bytemuck::cast_slice_mut::<u64, u8>(&mut at_least[..whole]);
    let less = pulp::bytemuck::cast_slice_mut::<u64, u8>(&mut at_most[..whole]);
    for ((&left, right), (more, less)) in left.iter().zip(right).zip(more.iter_mut().zip(less)) {
        *more = pulp::bytemuck::cast(simd.greater_than_or_equal_f64s(left, right));
        *less = pulp::bytemuck::cast(simd.less_than_or_equal_f64s(left, right));
    }
}

/// The bits of 64 rows.
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
    use crate::types::registers;

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
                let (more, less) = run(Arch::Scalar);
                for wide in registers::every_path() {
                    prop_assert_eq!(run(wide), (more.clone(), less.clone()), "{:?}", wide);
                }
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
