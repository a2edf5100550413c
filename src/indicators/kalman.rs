//! One-dimensional random-walk Kalman filter of closes and its z-score (`indicators.md` 2.12, 2.13).
//!
//! At the first close `x = c`, `P = r`. Then `P' = P + q; K = P'/(P'+r); x += K*(c - x); P = (1-K)*P'`.
//! `r` is the measurement, `q` the process variance, both > 0; only `q/r` matters. A hole leaves the estimate `NaN`
//! for the rest of the series.

use super::zscore::zscores_around;

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

/// The mean along a series, `NaN` before the first close.
struct KalmanMean {
    r: f64,
    q: f64,
    filter: Option<KalmanFilter>,
    /// Of every later step, once the variance stays as it is: it depends on no close.
    gain: Option<f64>,
}

impl KalmanMean {
    fn new(r: f64, q: f64) -> Self {
        Self { r, q, filter: None, gain: None }
    }

    /// `tell(close, mean)` of each of the next closes.
    #[inline]
    fn extend(&mut self, closes: &[f64], out: &mut [f64], tell: impl Fn(f64, f64) -> f64) {
        let mut rest = closes.iter().zip(out);
        while self.gain.is_none() {
            let Some((&close, out)) = rest.next() else { return };
            *out = tell(close, self.push(close));
        }
        let (Some(filter), Some(gain)) = (&mut self.filter, self.gain) else { return };
        let mut mean = filter.mean;
        for (&close, out) in rest {
            mean += gain * (close - mean);
            *out = tell(close, mean);
        }
        filter.mean = mean;
    }

    #[cold]
    fn push(&mut self, close: f64) -> f64 {
        let Some(filter) = &mut self.filter else {
            self.filter = (!close.is_nan()).then(|| KalmanFilter::new(close, self.r, self.q));
            return close;
        };
        let before = filter.variance;
        filter.push(close);
        self.gain = (filter.variance == before).then(|| filter.gain());
        filter.mean
    }
}

/// Filtered mean of `close`; a value from the first close on. `O(n)`.
pub fn kalman_mean(close: &[f64], r: f64, q: f64) -> Vec<f64> {
    let mut out = vec![0.0; close.len()];
    KalmanMean::new(r, q).extend(close, &mut out, |_, mean| mean);
    out
}

/// Distance of the close from its filtered mean, in sample deviations of that distance over `window` bars.
///
/// First value at `window - 1`. Zero deviation: `NaN` for a zero distance, else infinity. `O(n * window)`.
pub fn kalman_zscore(close: &[f64], window: usize, r: f64, q: f64) -> Vec<f64> {
    let mut out = vec![0.0; close.len()];
    kalman_zscores_into(close, &[window], (r, q), &mut [&mut out]);
    out
}

/// [`kalman_zscore`] over several windows, each into a column as long as `close`.
pub(super) fn kalman_zscores_into(
    close: &[f64],
    windows: &[usize],
    (r, q): (f64, f64),
    columns: &mut [&mut [f64]],
) {
    let mut mean = KalmanMean::new(r, q);
    zscores_around(close, windows, columns, |closes, out| {
        mean.extend(closes, out, |close, mean| close - mean);
    });
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
