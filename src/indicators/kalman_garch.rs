//! Distance of the close from its Kalman mean in units of forecast GARCH volatility (`indicators.md` 2.16, 2.17).
//!
//! `z = (c - kalman_mean(r, q)) / (|c| * garch_volatility)`; a zero or missing divisor gives `NaN`.

use super::garch::{Garch, GarchParams, garch_volatility, scaled_return};
use super::kalman::{KalmanFilter, kalman_mean};

/// The z-score per bar. `O(n)`.
pub fn kalman_garch_zscore(close: &[f64], r: f64, q: f64, garch: &GarchParams) -> Vec<f64> {
    zscore_against(close, &kalman_mean(close, r, q), &garch_volatility(close, garch))
}

/// [`kalman_garch_zscore`] with mean and volatility at hand.
pub fn zscore_against(close: &[f64], mean: &[f64], volatility: &[f64]) -> Vec<f64> {
    close.iter().zip(mean).zip(volatility).map(|((&c, &m), &v)| distance(c, m, v)).collect()
}

#[inline]
fn distance(close: f64, mean: f64, volatility: f64) -> f64 {
    let scale = close.abs() * volatility;
    if scale == 0.0 { f64::NAN } else { (close - mean) / scale }
}

/// The z-score at `index` of the last `lookback` closes alone, filter and model started afresh there.
///
/// `None` when `index` is out of range, the slice has fewer than two closes or fewer than `min_periods` bars after
/// its first return, or the value is not finite. Needs `lookback >= min_periods + 2`. `O(lookback)`, no allocation.
pub fn kalman_garch_zscore_local(
    close: &[f64],
    index: usize,
    lookback: usize,
    (r, q): (f64, f64),
    garch: &GarchParams,
) -> Option<f64> {
    let slice = close.get(index.saturating_add(1).saturating_sub(lookback)..=index)?;
    if slice.len() < 2 || !garch.is_stationary() {
        return None;
    }
    let (volatility, age) = last_volatility(slice, garch)?;
    if age < garch.min_periods || volatility <= 0.0 {
        return None;
    }
    let z = distance(slice[slice.len() - 1], last_mean(slice, r, q)?, volatility);
    z.is_finite().then_some(z)
}

/// Forecast for the last close and the bars since the first return.
fn last_volatility(close: &[f64], garch: &GarchParams) -> Option<(f64, usize)> {
    let mut returns =
        close.windows(2).map(|pair| scaled_return(pair[0], pair[1], garch.log_returns, garch.scale));
    let mut model = Garch::new(garch, returns.find(|r| r.is_finite())?);
    let mut age = 0;
    for value in returns {
        model.push(value);
        age += 1;
    }
    Some((model.sigma(), age))
}

fn last_mean(close: &[f64], r: f64, q: f64) -> Option<f64> {
    let mut closes = close.iter().copied().skip_while(|c| c.is_nan());
    let mut filter = KalmanFilter::new(closes.next()?, r, q);
    for c in closes {
        filter.push(c);
    }
    Some(filter.mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave() -> Vec<f64> {
        (0..120).map(|i| 1.1 + f64::from(i * 37 % 23) / 9973.0).collect()
    }

    #[test]
    fn the_local_value_is_the_last_one_of_its_slice() {
        let close = wave();
        let garch = GarchParams { min_periods: 10, ..GarchParams::default() };
        for index in [11, 40, 119] {
            let start = (index + 1_usize).saturating_sub(30);
            let whole = kalman_garch_zscore(&close[start..=index], 0.5, 1.3, &garch);
            let local = kalman_garch_zscore_local(&close, index, 30, (0.5, 1.3), &garch);
            assert_eq!(local.map(f64::to_bits), whole.last().map(|z| z.to_bits()));
        }
    }

    #[test]
    fn too_short_a_slice_has_no_value() {
        let close = wave();
        let garch = GarchParams { min_periods: 10, ..GarchParams::default() };
        let at = |index, lookback| kalman_garch_zscore_local(&close, index, lookback, (0.5, 1.3), &garch);
        assert_eq!(at(119, 11), None);
        assert!(at(119, 12).is_some());
        assert_eq!(at(120, 50), None);
        assert_eq!(at(0, 50), None);
    }
}
