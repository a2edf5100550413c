//! Commodity channel index (D. Lambert, Commodities, October 1980).
//!
//! `tp = (h + l + c) / 3`, `cci = (tp - sma(tp)) / (0.015 * mean distance of tp from that mean)`.

use super::rolling;

/// Typical price of each bar: mean of high, low and close.
pub fn typical_price(high: &[f64], low: &[f64], close: &[f64]) -> Vec<f64> {
    high.iter().zip(low).zip(close).map(|((h, l), c)| (h + l + c) / 3.0).collect()
}

/// CCI over `period` (>= 1) bars; first value at `period - 1`; `NaN` in a flat window. `O(n * period)`.
pub fn cci(high: &[f64], low: &[f64], close: &[f64], period: usize) -> Vec<f64> {
    let typical = typical_price(high, low, close);
    let mut out = vec![0.0; typical.len()];
    let count = period as f64;
    let distance = |mean: f64, typical: f64| (typical - mean).abs();
    rolling::around_mean(&typical, period, [&mut out], distance, |mean, distances, typical| {
        [(typical - mean) / (0.015 * (distances / count))]
    });
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_distance_in_mean_distances(close in prop::collection::vec(1.0..2.0_f64, 5..40)) {
            let high: Vec<f64> = close.iter().map(|c| c + 0.2).collect();
            let low: Vec<f64> = close.iter().map(|c| c - 0.1).collect();
            let out = cci(&high, &low, &close, 5);
            for (i, value) in out.iter().enumerate().skip(4) {
                let typical: Vec<f64> = (i - 4..=i).map(|j| (high[j] + low[j] + close[j]) / 3.0).collect();
                let mean = typical.iter().sum::<f64>() / 5.0;
                let distance = typical.iter().map(|t| (t - mean).abs()).sum::<f64>() / 5.0;
                prop_assert!((value * 0.015 * distance - (typical[4] - mean)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_flat_market_has_no_value() {
        assert!(cci(&[1.1; 6], &[1.0; 6], &[1.05; 6], 3).iter().all(|x| x.is_nan()));
    }
}
