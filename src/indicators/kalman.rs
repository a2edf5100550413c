//! One-dimensional random-walk Kalman filter of closes and its z-score (`indicators.md` 2.12, 2.13).
//!
//! At the first close `x = c`, `P = r`. Then `P' = P + q; K = P'/(P'+r); x += K*(c - x); P = (1-K)*P'`.
//! `r` is the measurement, `q` the process variance, both > 0; only `q/r` matters. A hole leaves the estimate `NaN`
//! for the rest of the series.

use super::zscore::{residual, zscore_of};

/// The filter after some closes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KalmanFilter {
    r: f64,
    q: f64,
    variance: f64,
    pub(crate) mean: f64,
}

impl KalmanFilter {
    /// Started at the first close.
    pub(crate) fn new(first: f64, r: f64, q: f64) -> Self {
        Self { r, q, variance: r, mean: first }
    }

    /// Takes in the next close and returns the new estimate.
    #[inline]
    pub(crate) fn push(&mut self, close: f64) -> f64 {
        let gain = self.gain();
        self.mean += gain * (close - self.mean);
        self.variance = (1.0 - gain) * (self.variance + self.q);
        self.mean
    }

    /// Weight of the next close.
    #[inline]
    fn gain(&self) -> f64 {
        let predicted = self.variance + self.q;
        predicted / (predicted + self.r)
    }
}

/// Filtered mean of `close`; a value from the first close on. `O(n)`.
pub fn kalman_mean(close: &[f64], r: f64, q: f64) -> Vec<f64> {
    let mut out = vec![f64::NAN; close.len()];
    let Some(first) = close.iter().position(|c| !c.is_nan()) else { return out };
    let mut filter = KalmanFilter::new(close[first], r, q);
    out[first] = filter.mean;
    let mut rest = out[first + 1..].iter_mut().zip(&close[first + 1..]);
    for (mean, &c) in rest.by_ref() {
        let before = filter.variance;
        *mean = filter.push(c);
        if filter.variance == before {
            // The variance depends on no close: from here on every step has this gain.
            break;
        }
    }
    let gain = filter.gain();
    for (mean, &c) in rest {
        filter.mean += gain * (c - filter.mean);
        *mean = filter.mean;
    }
    out
}

/// Distance of the close from its filtered mean, in sample deviations of that distance over `window` bars.
///
/// First value at `window - 1`. Zero deviation: `NaN` for a zero distance, else infinity. `O(n * window)`.
pub fn kalman_zscore(close: &[f64], window: usize, r: f64, q: f64) -> Vec<f64> {
    zscore_of(&residual(close, kalman_mean(close, r, q)), window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_weighs_by_the_variances() {
        let gain = 2.0 / 3.0; // P' = 1 + 1, K = 2 / (2 + 1)
        assert_eq!(kalman_mean(&[1.0, 4.0], 1.0, 1.0), [1.0, 1.0 + gain * 3.0]);
    }

    #[test]
    fn a_settled_variance_changes_no_bit() {
        let close: Vec<f64> = (0..3000).map(|i| 1.09 + f64::from(i * i % 91) * 1e-5).collect();
        for (r, q) in [(1.0, 1.0), (0.01, 1.0), (0.01, 0.001), (1.0, 0.01), (0.5, 1.3), (1.0, 1e-6)] {
            let mut filter = KalmanFilter::new(close[0], r, q);
            let plain: Vec<f64> = close[1..].iter().map(|&c| filter.push(c)).collect();
            assert_eq!(kalman_mean(&close, r, q)[1..], plain, "{r} {q}");
        }
    }

    #[test]
    fn a_hole_ends_the_estimate() {
        let out = kalman_mean(&[f64::NAN, 1.0, f64::NAN, 1.0], 1.0, 1.0);
        assert_eq!(out[1], 1.0);
        assert!(out[0].is_nan() && out[2].is_nan() && out[3].is_nan());
    }
}
