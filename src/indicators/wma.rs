//! Linearly weighted moving average and Hull's average made of it.
//!
//! `wma[i] = sum(j * c[i-period+j], j = 1..period) / (period * (period+1) / 2)`;
//! `hma = wma(2 * wma(c, period/2) - wma(c, period), sqrt(period))`, halves and roots rounded down, at least 1
//! (A. Hull, "How to reduce lag in a moving average", 2005).

use std::ops::Range;

use super::rolling::{weighted_mean, weighted_mean_rows};
use super::tiles::{TILE, by_tile};

/// Weighted mean of the last `period` (>= 1) closes; first value at `period - 1`. `O(n * period)`.
pub fn wma(close: &[f64], period: usize) -> Vec<f64> {
    weighted_mean(close, period)
}

/// Hull's moving average over `period` (>= 1) closes; first value at `period + sqrt(period) - 2`. `O(n * period)`.
pub fn hma(close: &[f64], period: usize) -> Vec<f64> {
    let mut out = vec![0.0; close.len()];
    let root = period.isqrt();
    let mut slow = [0.0; TILE];
    let ahead = |rows: Range<usize>, fast: &mut [f64]| {
        let slow = &mut slow[..rows.len()];
        weighted_mean_rows(close, (period / 2).max(1), rows.clone(), fast);
        weighted_mean_rows(close, period, rows, slow);
        for (fast, slow) in fast.iter_mut().zip(slow) {
            *fast = 2.0 * *fast - *slow;
        }
    };
    by_tile(close.len(), root - 1, ahead, |rows, ahead| {
        weighted_mean_rows(ahead, root, root - 1..ahead.len(), &mut out[rows]);
    });
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::indicators::lanes::tests::{bars, bits};

    /// Adds the newest first, unlike the kernel.
    fn naive(close: &[f64], i: usize, period: usize) -> f64 {
        let terms = (0..period).map(|back| (period - back) as f64 * close[i - back]);
        terms.sum::<f64>() / (1..=period).map(|weight| weight as f64).sum::<f64>()
    }

    proptest! {
        #[test]
        fn newer_closes_weigh_more(close in prop::collection::vec(0.5..2.0_f64, 1..60), period in 1..20_usize) {
            for (i, value) in wma(&close, period).into_iter().enumerate() {
                if i + 1 < period {
                    prop_assert!(value.is_nan());
                } else {
                    prop_assert!((value - naive(&close, i, period)).abs() < 1e-13);
                }
            }
        }

        #[test]
        fn hull_is_a_mean_of_twice_the_fast_less_the_slow(close in prop::collection::vec(0.5..2.0_f64, 30..60)) {
            let (period, root, i) = (9, 3, 29);
            let ahead: Vec<f64> =
                (0..root).map(|back| 2.0 * naive(&close, i - back, 4) - naive(&close, i - back, period)).collect();
            let expected = (3.0 * ahead[0] + 2.0 * ahead[1] + ahead[2]) / 6.0;
            let got = hma(&close, period);
            prop_assert!((got[i] - expected).abs() < 1e-13);
            prop_assert_eq!(got.iter().position(|x| !x.is_nan()), Some(period + root - 2));
        }
    }

    #[test]
    fn hull_by_tiles_has_the_bits_of_whole_columns() {
        let [_, _, close] = bars();
        for period in [1, 2, 9, 20, 200, 1500] {
            let (fast, slow) = (wma(&close, (period / 2).max(1)), wma(&close, period));
            let ahead: Vec<f64> = fast.iter().zip(&slow).map(|(f, s)| 2.0 * f - s).collect();
            assert_eq!(bits(&hma(&close, period)), bits(&wma(&ahead, period.isqrt())), "{period}");
        }
    }
}
