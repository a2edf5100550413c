//! z-score of the close around a moving mean (`indicators.md` 2.11).
//!
//! `e = c - m`, `z = e / std(e, window)`: the divisor is the sample deviation of the residual, not of the closes.
//! Zero deviation gives `NaN` for a zero residual, else signed infinity.

use super::ema::ema;
use super::rolling::{self, Deviation};

/// `close - mean`, entry by entry, in the column of the mean.
pub fn residual(close: &[f64], mut mean: Vec<f64>) -> Vec<f64> {
    for (mean, close) in mean.iter_mut().zip(close) {
        *mean = close - *mean;
    }
    mean
}

/// Residuals over their rolling sample deviation; `NaN` before `window` residuals. `O(n * window)`.
pub fn zscore_of(residual: &[f64], window: usize) -> Vec<f64> {
    let mut out = vec![0.0; residual.len()];
    zscore_into(residual, window, &mut out);
    out
}

/// [`zscore_of`] into a column as long as `residual`.
pub(super) fn zscore_into(residual: &[f64], window: usize, out: &mut [f64]) {
    rolling::deviations_into(residual, window, Deviation::Sample, [out], |_, deviation, e| [e / deviation]);
}

/// z-score around the rolling mean of `window` closes; first value at `2 * window - 2`.
pub fn zscore_rolling(close: &[f64], window: usize) -> Vec<f64> {
    zscore_of(&rolling::residual(close, window), window)
}

/// z-score around the EMA of `ema_period` bars; first value at `window - 1`.
pub fn zscore_ema(close: &[f64], window: usize, ema_period: usize) -> Vec<f64> {
    zscore_of(&residual(close, ema(close, ema_period)), window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_deviation_is_undefined_or_infinite() {
        let out = zscore_of(&[0.0, 0.0, 0.5, 0.5, -0.5, -0.5], 2);
        assert!(out[1].is_nan());
        assert_eq!((out[3], out[5]), (f64::INFINITY, f64::NEG_INFINITY));
    }

    #[test]
    fn warm_up_is_that_of_mean_and_deviation() {
        let close: Vec<f64> = (0..20).map(|i| f64::from(i * i % 7)).collect();
        let first = |z: &[f64]| z.iter().position(|x| !x.is_nan());
        assert_eq!(first(&zscore_rolling(&close, 5)), Some(8));
        assert_eq!(first(&zscore_ema(&close, 5, 3)), Some(4));
    }
}
