//! Linearly weighted moving average and Hull's average made of it.
//!
//! `wma[i] = sum(j * c[i-period+j], j = 1..period) / (period * (period+1) / 2)`;
//! `hma = wma(2 * wma(c, period/2) - wma(c, period), sqrt(period))`, halves and roots rounded down, at least 1
//! (A. Hull, "How to reduce lag in a moving average", 2005).

use super::rolling::weighted_mean;

/// Weighted mean of the last `period` (>= 1) closes; first value at `period - 1`. `O(n * period)`.
pub fn wma(close: &[f64], period: usize) -> Vec<f64> {
    weighted_mean(close, period)
}

/// Hull's moving average over `period` (>= 1) closes; first value at `period + sqrt(period) - 2`. `O(n * period)`.
pub fn hma(close: &[f64], period: usize) -> Vec<f64> {
    let fast = wma(close, (period / 2).max(1));
    let slow = wma(close, period);
    let ahead: Vec<f64> = fast.iter().zip(&slow).map(|(f, s)| 2.0 * f - s).collect();
    wma(&ahead, period.isqrt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
}
