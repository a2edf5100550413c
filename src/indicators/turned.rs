//! Eight rows of eight lanes turned into eight columns: how numbers that were computed side by side get into columns.
//!
//! Only moves numbers, so the bits are the same whatever the registers. Where they hold eight lanes, they are shuffled;
//! one by one a compiler would gather each column from memory, which takes longer than what is computed side by side.

use std::any::Any;

use pulp::Simd;
#[cfg(target_arch = "x86_64")]
use pulp::x86::V4;

/// Lanes of a square, and its rows.
pub(super) const SIDE: usize = 8;

/// A square of numbers, row by row, each of them a cache line.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct Square(pub(super) [[f64; SIDE]; SIDE]);

/// `turned[k][i]` = `rows[i][k]`.
#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
#[inline(always)]
pub(super) fn turned<S: Simd>(simd: S, rows: &Square) -> Square {
    #[cfg(target_arch = "x86_64")]
    if let Some(&wide) = (&simd as &dyn Any).downcast_ref::<V4>() {
        return shuffled(wide, rows);
    }
    let mut columns = [[0.0; SIDE]; SIDE];
    for (k, column) in columns.iter_mut().enumerate() {
        for (value, row) in column.iter_mut().zip(&rows.0) {
            *value = row[k];
        }
    }
    Square(columns)
}

/// Pairs of rows, then fours, then eights: each instruction takes the even lanes (or quarters) of two, or the odd ones. Written
/// out, because a closure would be compiled without the instructions.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn shuffled(simd: V4, rows: &Square) -> Square {
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let wide = simd.avx512f;
    let [r0, r1, r2, r3, r4, r5, r6, r7] = &rows.0;
    let (r0, r1, r2, r3) = (pulp::cast(*r0), pulp::cast(*r1), pulp::cast(*r2), pulp::cast(*r3));
    let (r4, r5, r6, r7) = (pulp::cast(*r4), pulp::cast(*r5), pulp::cast(*r6), pulp::cast(*r7));
    // Lanes 0, 2, 4, 6 of two rows, and 1, 3, 5, 7.
    let (ab_even, ab_odd) = (wide._mm512_unpacklo_pd(r0, r1), wide._mm512_unpackhi_pd(r0, r1));
    let (cd_even, cd_odd) = (wide._mm512_unpacklo_pd(r2, r3), wide._mm512_unpackhi_pd(r2, r3));
    let (ef_even, ef_odd) = (wide._mm512_unpacklo_pd(r4, r5), wide._mm512_unpackhi_pd(r4, r5));
    let (gh_even, gh_odd) = (wide._mm512_unpacklo_pd(r6, r7), wide._mm512_unpackhi_pd(r6, r7));
    // Lanes 0 and 4 of four rows, and so on.
    let ad_04 = wide._mm512_shuffle_f64x2::<EVEN>(ab_even, cd_even);
    let ad_15 = wide._mm512_shuffle_f64x2::<EVEN>(ab_odd, cd_odd);
    let ad_26 = wide._mm512_shuffle_f64x2::<ODD>(ab_even, cd_even);
    let ad_37 = wide._mm512_shuffle_f64x2::<ODD>(ab_odd, cd_odd);
    let eh_04 = wide._mm512_shuffle_f64x2::<EVEN>(ef_even, gh_even);
    let eh_15 = wide._mm512_shuffle_f64x2::<EVEN>(ef_odd, gh_odd);
    let eh_26 = wide._mm512_shuffle_f64x2::<ODD>(ef_even, gh_even);
    let eh_37 = wide._mm512_shuffle_f64x2::<ODD>(ef_odd, gh_odd);
    Square([
        pulp::cast(wide._mm512_shuffle_f64x2::<EVEN>(ad_04, eh_04)),
        pulp::cast(wide._mm512_shuffle_f64x2::<EVEN>(ad_15, eh_15)),
        pulp::cast(wide._mm512_shuffle_f64x2::<EVEN>(ad_26, eh_26)),
        pulp::cast(wide._mm512_shuffle_f64x2::<EVEN>(ad_37, eh_37)),
        pulp::cast(wide._mm512_shuffle_f64x2::<ODD>(ad_04, eh_04)),
        pulp::cast(wide._mm512_shuffle_f64x2::<ODD>(ad_15, eh_15)),
        pulp::cast(wide._mm512_shuffle_f64x2::<ODD>(ad_26, eh_26)),
        pulp::cast(wide._mm512_shuffle_f64x2::<ODD>(ad_37, eh_37)),
    ])
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::types::registers::every_path;

    struct Turn(Square);

    impl WithSimd for Turn {
        type Output = Square;

        fn with_simd<S: Simd>(self, simd: S) -> Square {
            turned(simd, &self.0)
        }
    }

    #[test]
    fn rows_become_columns_on_every_path() {
        let rows = Square(std::array::from_fn(|i| std::array::from_fn(|k| (10 * i + k) as f64)));
        for arch in every_path() {
            let columns = arch.dispatch(Turn(rows));
            for (k, column) in columns.0.iter().enumerate() {
                assert_eq!(*column, std::array::from_fn(|i| (10 * i + k) as f64), "{arch:?}");
            }
        }
    }
}
