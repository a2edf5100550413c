//! Stochastic oscillator (G. Lane): where the close lies in the range of the last bars, smoothed.
//!
//! `raw = 100 * (c - min(l, period)) / (max(h, period) - min(l, period))`, `%K = sma(raw, smooth)`,
//! `%D = sma(%K, signal)`. `smooth = 1` is the fast form, 3 the usual slow one.

use std::ops::Range;

use super::rolling;
use super::tiles::{TILE, by_tile};

/// `%K` of `[high, low, close]`, 0..100; first value at `period + smooth - 2`. Zero range is `NaN`. `O(n * smooth)`.
pub fn stochastic_k([high, low, close]: [&[f64]; 3], period: usize, smooth: usize) -> Vec<f64> {
    let mut out = vec![0.0; close.len()];
    let mut bottom = [0.0; TILE];
    let raw = |rows: Range<usize>, top: &mut [f64]| {
        let bottom = &mut bottom[..rows.len()];
        rolling::max_rows(high, period, rows.clone(), top);
        rolling::min_rows(low, period, rows.clone(), bottom);
        for ((top, &b), &c) in top.iter_mut().zip(&*bottom).zip(&close[rows]) {
            *top = if *top == b { f64::NAN } else { 100.0 * (c - b) / (*top - b) };
        }
    };
    by_tile(close.len(), smooth - 1, raw, |rows, raw| {
        rolling::mean_rows(raw, smooth, smooth - 1..raw.len(), &mut out[rows]);
    });
    out
}

/// `%D`: mean of the last `signal` values of `%K`.
pub fn stochastic_d(k: &[f64], signal: usize) -> Vec<f64> {
    rolling::mean(k, signal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::indicators::lanes::tests::{bars, bits};

    proptest! {
        #[test]
        fn the_place_in_the_range_is_averaged(
            bars in prop::collection::vec((1.0..2.0_f64, 0.0..0.1_f64, 0.0..0.1_f64, 0.0..1.0_f64), 12..40),
        ) {
            let high: Vec<f64> = bars.iter().map(|(mid, up, _, _)| mid + up).collect();
            let low: Vec<f64> = bars.iter().map(|(mid, _, down, _)| mid - down).collect();
            let close: Vec<f64> = (0..bars.len()).map(|i| low[i] + bars[i].3 * (high[i] - low[i])).collect();
            let raw = |i: usize| {
                let top = high[i - 4..=i].iter().copied().fold(0.0, f64::max);
                let bottom = low[i - 4..=i].iter().copied().fold(9.0, f64::min);
                100.0 * (close[i] - bottom) / (top - bottom)
            };
            let k = stochastic_k([&high, &low, &close], 5, 3);
            let d = stochastic_d(&k, 2);
            prop_assert!(k[5].is_nan() && d[6].is_nan());
            for i in 7..bars.len() {
                let smooth = |i: usize| (raw(i) + raw(i - 1) + raw(i - 2)) / 3.0;
                prop_assert!((k[i] - smooth(i)).abs() < 1e-10 && (0.0..=100.0 + 1e-10).contains(&k[i]));
                prop_assert!((d[i] - f64::midpoint(smooth(i), smooth(i - 1))).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn no_range_is_undefined() {
        assert!(stochastic_k([&[1.0; 4]; 3], 2, 1).iter().all(|x| x.is_nan()));
    }

    #[test]
    fn tiles_have_the_bits_of_whole_columns() {
        let [high, low, close] = bars();
        for (period, smooth) in [(1, 1), (14, 3), (200, 1), (20, 1200)] {
            let (top, bottom) = (rolling::max(&high, period), rolling::min(&low, period));
            let place = |i: usize| {
                if top[i] == bottom[i] {
                    f64::NAN
                } else {
                    100.0 * (close[i] - bottom[i]) / (top[i] - bottom[i])
                }
            };
            let raw: Vec<f64> = (0..close.len()).map(place).collect();
            let k = stochastic_k([&high, &low, &close], period, smooth);
            assert_eq!(bits(&k), bits(&rolling::mean(&raw, smooth)), "{period} {smooth}");
        }
    }
}
