//! Sums over returns that ratios and significance share: two passes, in the order of the returns.

use super::ratio::zero_spread;
use crate::types::math;
use crate::types::sums::Sums;

/// Moments of a list of returns around its mean and around 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    sums: Sums<6>,
    n: usize,
    /// NaN without returns.
    pub(crate) mean: f64,
    pub(crate) max_abs: f64,
}

const SQUARE: usize = 0;
const CUBE: usize = 1;
const FOURTH: usize = 2;
const BELOW: usize = 3;
const GAIN: usize = 4;
const LOSS: usize = 5;

impl Moments {
    pub(crate) fn of(returns: &[f64]) -> Self {
        let mean = math::sum(returns) / returns.len() as f64;
        let mut max_abs = 0.0_f64;
        let mut sums = Sums::ZERO;
        for &value in returns {
            let off = value - mean;
            let square = off * off;
            let below = value.min(0.0);
            max_abs = max_abs.max(value.abs());
            sums.add([
                square,
                square * off,
                square * square,
                below * below,
                value.max(0.0),
                (-value).max(0.0),
            ]);
        }
        Self { sums, n: returns.len(), mean, max_abs }
    }

    pub(crate) fn len(&self) -> usize {
        self.n
    }

    fn count(&self) -> f64 {
        self.n as f64
    }

    fn sum(&self, lane: usize) -> f64 {
        self.sums.get(lane, self.n)
    }

    /// Standard deviation with n - 1; 0 for returns that differ by rounding alone, NaN below two returns.
    pub(crate) fn deviation(&self) -> f64 {
        let deviation = (self.sum(SQUARE) / (self.count() - 1.0)).sqrt();
        if self.n >= 2 && zero_spread(deviation, self.max_abs) { 0.0 } else { deviation }
    }

    /// Root mean square of what lies below 0.
    pub(crate) fn downside(&self) -> f64 {
        (self.sum(BELOW) / self.count()).sqrt()
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
        if self.n < 3 || self.deviation() == 0.0 {
            return None;
        }
        let central = |lane| self.sum(lane) / self.count();
        let (m2, m3, m4) = (central(SQUARE), central(CUBE), central(FOURTH));
        Some((m3 / (m2 * m2.sqrt()), m4 / (m2 * m2)))
    }
}

/// Mean over deviation; 0 with zero spread, undefined below two values.
pub(crate) fn sharpe_per_observation(moments: &Moments) -> Option<f64> {
    let deviation = moments.deviation();
    let sharpe = if deviation == 0.0 { 0.0 } else { moments.mean / deviation };
    (moments.len() >= 2).then_some(sharpe)
}
