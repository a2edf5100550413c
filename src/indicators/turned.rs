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
#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
#[inline(always)]
fn shuffled(simd: V4, rows: &Square) -> Square {
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let wide = simd.avx512f;
    let [a, b, c, d, e, f, g, h] = &rows.0;
    let (a, b, c, d) = (pulp::cast(*a), pulp::cast(*b), pulp::cast(*c), pulp::cast(*d));
    let (e, f, g, h) = (pulp::cast(*e), pulp::cast(*f), pulp::cast(*g), pulp::cast(*h));
    // Lanes 0, 2, 4, 6 of two rows, and 1, 3, 5, 7.
    let (ab_even, ab_odd) = (wide._mm512_unpacklo_pd(a, b), wide._mm512_unpackhi_pd(a, b));
    let (cd_even, cd_odd) = (wide._mm512_unpacklo_pd(c, d), wide._mm512_unpackhi_pd(c, d));
    let (ef_even, ef_odd) = (wide._mm512_unpacklo_pd(e, f), wide._mm512_unpackhi_pd(e, f));
    let (gh_even, gh_odd) = (wide._mm512_unpacklo_pd(g, h), wide._mm512_unpackhi_pd(g, h));
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

        #[inline(always)]
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
