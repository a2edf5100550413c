//! GARCH(1,1) volatility of closes, over a whole series or a slice of it (`indicators.md` 2.14, 2.15).
//!
//! ```text
//! r[i] = scale * ln(c[i]/c[i-1])  or  scale * (c[i]/c[i-1] - 1)       non-finite = missing
//! f = first index with a return; mu = r[f]; v0 = 1e-6
//! w = max(0, omega, or v0 * max(1e-6, 1-alpha-beta));  var[f] = max(v0, floor^2);  eps2 = 0
//! i > f: var = max(w + alpha*eps2 + beta*var, floor^2);  eps2 = (r[i]-mu)^2;  a missing r[i] changes nothing
//! out[i] = sqrt(var[i]) / scale from f + min_periods on
//! ```
//! `var[i]` uses returns up to `i-1`: the forecast for bar `i`. `alpha + beta >= 1` leaves the series `NaN`.

use crate::types::math::ln;

/// Variance before anything is known.
const FALLBACK_VARIANCE: f64 = 1e-6;

/// Parameters of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GarchParams {
    /// Weight of the last squared shock, >= 0.
    pub alpha: f64,
    /// Weight of the last variance, >= 0.
    pub beta: f64,
    /// Constant part of the variance, squared scaled returns; derived when absent.
    pub omega: Option<f64>,
    /// Logarithmic instead of simple returns.
    pub log_returns: bool,
    /// Factor on returns inside the model.
    pub scale: f64,
    /// Bars after the first return before a value is shown.
    pub min_periods: usize,
    /// Least deviation, scaled returns.
    pub sigma_floor: f64,
}

impl Default for GarchParams {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            beta: 0.90,
            omega: None,
            log_returns: true,
            scale: 100.0,
            min_periods: 50,
            sigma_floor: 1e-6,
        }
    }
}

impl GarchParams {
    /// Whether the variance returns to a mean: `alpha + beta < 1`.
    pub fn is_stationary(&self) -> bool {
        self.alpha + self.beta < 1.0
    }

    fn constant(&self) -> f64 {
        let derived = FALLBACK_VARIANCE * (1.0 - self.alpha - self.beta).max(1e-6);
        self.omega.unwrap_or(derived).max(0.0)
    }

    fn floor(&self) -> f64 {
        self.sigma_floor * self.sigma_floor
    }
}

/// The model after the first return.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Garch {
    alpha: f64,
    beta: f64,
    constant: f64,
    floor: f64,
    scale: f64,
    mean: f64,
    shock: f64,
    variance: f64,
}

impl Garch {
    /// Started at the first return.
    pub(crate) fn new(params: &GarchParams, first: f64) -> Self {
        let floor = params.floor();
        Self {
            alpha: params.alpha,
            beta: params.beta,
            constant: params.constant(),
            floor,
            scale: params.scale,
            mean: first,
            shock: 0.0,
            variance: FALLBACK_VARIANCE.max(floor),
        }
    }

    /// Takes in the return of the next bar; a missing one changes nothing.
    #[inline]
    pub(crate) fn push(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.variance = (self.constant + self.alpha * self.shock + self.beta * self.variance).max(self.floor);
        let apart = value - self.mean;
        self.shock = apart * apart;
    }

    /// Forecast deviation of the current bar, in return units.
    #[inline]
    pub(crate) fn sigma(&self) -> f64 {
        self.variance.sqrt() / self.scale
    }
}

/// One scaled return; non-finite when it does not exist.
#[inline]
pub(crate) fn scaled_return(before: f64, close: f64, log_returns: bool, scale: f64) -> f64 {
    let ratio = close / before;
    scale * if log_returns { ln(ratio) } else { ratio - 1.0 }
}

/// Scaled returns of `close`; non-finite at the first bar and next to holes. `O(n)`.
pub fn scaled_returns(close: &[f64], log_returns: bool, scale: f64) -> Vec<f64> {
    let mut out = vec![f64::NAN; close.len()];
    for (value, pair) in out.iter_mut().skip(1).zip(close.windows(2)) {
        *value = scaled_return(pair[0], pair[1], log_returns, scale);
    }
    out
}

/// Forecast volatility per bar, return units, `NaN` before `min_periods` bars after the first return. `O(n)`.
pub fn garch_volatility(close: &[f64], params: &GarchParams) -> Vec<f64> {
    volatility_of(&scaled_returns(close, params.log_returns, params.scale), params)
}

/// [`garch_volatility`] with the scaled returns at hand.
pub fn volatility_of(returns: &[f64], params: &GarchParams) -> Vec<f64> {
    let mut out = vec![f64::NAN; returns.len()];
    let first = returns.iter().position(|r| r.is_finite());
    let Some(first) = first.filter(|_| params.is_stationary()) else { return out };
    let mut model = Garch::new(params, returns[first]);
    for (age, (value, &r)) in out[first..].iter_mut().zip(&returns[first..]).enumerate() {
        if age > 0 {
            model.push(r);
        }
        if age >= params.min_periods {
            *value = model.sigma();
        }
    }
    out
}

/// [`garch_volatility`] of the last `lookback` closes up to `index` (clamped to the last one) alone, the model started
/// afresh; one value per close of that slice. Empty without closes and when `alpha + beta >= 1`. `O(lookback)`.
pub fn garch_volatility_local(
    close: &[f64],
    index: usize,
    lookback: usize,
    params: &GarchParams,
) -> Vec<f64> {
    let end = close.len().min(index.saturating_add(1));
    if !params.is_stationary() {
        return Vec::new();
    }
    garch_volatility(&close[end.saturating_sub(lookback)..end], params)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: GarchParams = GarchParams {
        alpha: 0.1,
        beta: 0.8,
        omega: Some(0.5),
        log_returns: false,
        scale: 1.0,
        min_periods: 1,
        sigma_floor: 0.0,
    };

    #[test]
    fn the_forecast_uses_returns_before_its_bar() {
        // Returns 1, 1, 3: mu = 1, so the first shock is that of the third return and shows at the fourth bar.
        let out = garch_volatility(&[1.0, 2.0, 4.0, 16.0, 16.0], &QUICK);
        let second = 0.5 + 0.1 * 0.0 + 0.8 * 1e-6;
        let third = 0.5 + 0.1 * 0.0 + 0.8 * second;
        let fourth = 0.5 + 0.1 * 4.0 + 0.8 * third;
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2..], [f64::sqrt(second), f64::sqrt(third), f64::sqrt(fourth)]);
    }

    #[test]
    fn without_a_mean_to_return_to_there_is_no_value() {
        let params = GarchParams { alpha: 0.3, beta: 0.7, ..QUICK };
        assert!(garch_volatility(&[1.0, 2.0, 4.0], &params).iter().all(|x| x.is_nan()));
        assert!(garch_volatility_local(&[1.0, 2.0, 4.0], 1, 5, &params).is_empty());
    }

    #[test]
    fn a_slice_starts_afresh_and_clamps_its_index() {
        let close = [1.0, 2.0, 4.0, 16.0, 16.0];
        let local = garch_volatility_local(&close, 99, 3, &QUICK);
        let alone = garch_volatility(&close[2..], &QUICK);
        assert_eq!(local.len(), 3);
        assert_eq!(local[2].to_bits(), alone[2].to_bits());
        assert!(garch_volatility_local(&[], 0, 3, &QUICK).is_empty());
    }
}
