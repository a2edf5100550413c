//! Sums over returns that ratios and significance share: two passes, in the order of the returns.

use super::ratio::zero_spread;
use crate::types::math;
use crate::types::sums::Sums;

/// How far values spread around their mean and below 0: what ratios of gain to risk are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    sums: Sums<2>,
    n: usize,
    /// NaN without values.
    pub(crate) mean: f64,
    pub(crate) max_abs: f64,
}

const SQUARE: usize = 0;
const BELOW: usize = 1;

impl Spread {
    pub(crate) fn of(values: &[f64]) -> Self {
        Self::around(math::sum(values) / values.len() as f64, values.iter().copied())
    }

    /// That of values whose mean is known.
    pub(crate) fn around(mean: f64, values: impl Iterator<Item = f64>) -> Self {
        let mut spread = Self { sums: Sums::ZERO, n: 0, mean, max_abs: 0.0 };
        for value in values {
            spread.add(value);
        }
        spread
    }

    #[inline]
    fn add(&mut self, value: f64) {
        let off = value - self.mean;
        let below = if value < 0.0 { value } else { 0.0 };
        if value.abs() > self.max_abs {
            self.max_abs = value.abs();
        }
        self.sums.add([off * off, below * below]);
        self.n += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// Standard deviation with n - 1; 0 for values that differ by rounding alone, NaN below two values.
    pub(crate) fn deviation(&self) -> f64 {
        let deviation = (self.sums.get(SQUARE, self.n) / (self.n as f64 - 1.0)).sqrt();
        if self.n >= 2 && zero_spread(deviation, self.max_abs) { 0.0 } else { deviation }
    }

    /// Root mean square of what lies below 0.
    pub(crate) fn downside(&self) -> f64 {
        (self.sums.get(BELOW, self.n) / self.n as f64).sqrt()
    }

    /// Mean over deviation; 0 with zero spread, undefined below two values.
    pub(crate) fn sharpe(&self) -> Option<f64> {
        let deviation = self.deviation();
        let sharpe = if deviation == 0.0 { 0.0 } else { self.mean / deviation };
        (self.n >= 2).then_some(sharpe)
    }
}

/// Moments of a list of returns around its mean and around 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) spread: Spread,
    sums: Sums<4>,
}

const CUBE: usize = 0;
const FOURTH: usize = 1;
const GAIN: usize = 2;
const LOSS: usize = 3;

impl Moments {
    pub(crate) fn of(returns: &[f64]) -> Self {
        let mean = math::sum(returns) / returns.len() as f64;
        let mut moments = Self { spread: Spread::around(mean, std::iter::empty()), sums: Sums::ZERO };
        for &value in returns {
            let off = value - mean;
            let square = off * off;
            moments.spread.add(value);
            moments.sums.add([square * off, square * square, value.max(0.0), (-value).max(0.0)]);
        }
        moments
    }

    fn sum(&self, lane: usize) -> f64 {
        self.sums.get(lane, self.spread.n)
    }

    /// Sum of the positive returns.
    pub(crate) fn gains(&self) -> f64 {
        self.sum(GAIN)
    }

    /// Minus the sum of the negative returns.
    pub(crate) fn losses(&self) -> f64 {
        self.sum(LOSS)
    }

    /// Biased skewness `m3 / m2^1.5` and kurtosis `m4 / m2^2`; undefined below three returns or with zero spread.
    pub(crate) fn shape(&self) -> Option<(f64, f64)> {
        let Spread { sums: squares, n, .. } = self.spread;
        if n < 3 || self.spread.deviation() == 0.0 {
            return None;
        }
        let m2 = squares.get(SQUARE, n) / n as f64;
        let [m3, m4] = [CUBE, FOURTH].map(|lane| self.sum(lane) / n as f64);
        Some((m3 / (m2 * m2.sqrt()), m4 / (m2 * m2)))
    }
}
