//! How much of a Sharpe ratio is luck (`metrics.md` section 4).
//!
//! Sharpe ratios here are per observation, not annualised. Sources: Bailey and López de Prado, "The Sharpe ratio
//! efficient frontier" (2012) for the probabilistic ratio and the track record, "The deflated Sharpe ratio" (2014);
//! Bailey, Borwein, López de Prado and Zhu, "Pseudo-mathematics and financial charlatanism" (2014) for the backtest
//! length; Wilson (1927) for the interval.

use super::moments::{Moments, Spread};
use crate::types::math::{ln, normal_cdf, normal_quantile};

/// A Sharpe ratio with what its error depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharpeSample {
    /// Mean over deviation (n - 1), per observation.
    pub sharpe: f64,
    /// Number of returns.
    pub observations: usize,
    /// Biased skewness.
    pub skewness: f64,
    /// Biased raw kurtosis; 3 for a normal distribution.
    pub kurtosis: f64,
}

impl SharpeSample {
    /// Of a list of returns; undefined below three or with zero spread.
    pub fn of(returns: &[f64]) -> Option<Self> {
        let moments = Moments::of(returns);
        let (skewness, kurtosis) = moments.shape()?;
        let Moments { spread, .. } = &moments;
        let sharpe = spread.mean / spread.deviation();
        Some(Self { sharpe, observations: spread.len(), skewness, kurtosis })
    }

    /// `1 - g3 SR + (g4 - 1)/4 SR^2`, the variance of the estimate times `T - 1`; undefined when not above 0.
    fn spread(&self) -> Option<f64> {
        let spread =
            1.0 - self.skewness * self.sharpe + (self.kurtosis - 1.0) / 4.0 * (self.sharpe * self.sharpe);
        (spread > 0.0).then_some(spread)
    }

    /// Probabilistic Sharpe ratio: probability that the true ratio exceeds `benchmark`. With the benchmark
    /// [`expected_max_sharpe`] it is the deflated Sharpe ratio. Undefined below three observations.
    pub fn psr(&self, benchmark: f64) -> Option<f64> {
        if self.observations < 3 {
            return None;
        }
        let root = (self.observations as f64 - 1.0).sqrt();
        Some(normal_cdf((self.sharpe - benchmark) * root / self.spread()?.sqrt()))
    }

    /// Observations needed before the ratio exceeds `benchmark` at significance `alpha`; undefined when it does not.
    pub fn min_track_record_length(&self, benchmark: f64, alpha: f64) -> Option<f64> {
        if self.sharpe <= benchmark {
            return None;
        }
        let z = normal_quantile(1.0 - alpha) / (self.sharpe - benchmark);
        Some(1.0 + self.spread()? * (z * z))
    }
}

/// Expected largest of `trials` independent standard normal numbers; 0 for one or none. Not a whole number when
/// `trials` is [`effective_trials`].
pub fn expected_max_normal(trials: f64) -> f64 {
    if trials <= 1.0 {
        return 0.0;
    }
    (1.0 - EULER_GAMMA) * normal_quantile(1.0 - 1.0 / trials)
        + EULER_GAMMA * normal_quantile(1.0 - 1.0 / (trials * std::f64::consts::E))
}

/// Sharpe ratio that the best of `trials` worthless trials is expected to show; `variance` is that of the trials' ratios.
pub fn expected_max_sharpe(trials: f64, variance: f64) -> f64 {
    variance.sqrt() * expected_max_normal(trials)
}

/// Variance with n - 1 of the per-observation Sharpe ratios of a study's completed trials, for [`expected_max_sharpe`];
/// undefined below two trials.
pub fn sharpe_variance(ratios: &[f64]) -> Option<f64> {
    let deviation = Spread::of(ratios).deviation();
    (ratios.len() >= 2).then_some(deviation * deviation)
}

/// Years of data before an annual Sharpe ratio of `target` (above 0) is not expected from `trials` worthless trials.
pub fn min_backtest_length(trials: f64, target: f64) -> f64 {
    let ratio = expected_max_normal(trials) / target;
    ratio * ratio
}

/// Upper bound `2 ln N / S^2` of [`min_backtest_length`].
pub fn min_backtest_length_bound(trials: f64, target: f64) -> f64 {
    if trials <= 1.0 { 0.0 } else { 2.0 * ln(trials) / (target * target) }
}

/// Number of independent trials among `trials` whose returns correlate by `mean_correlation` on average (clipped to
/// 0..1); undefined without trials.
pub fn effective_trials(trials: u64, mean_correlation: f64) -> Option<f64> {
    let rho = mean_correlation.clamp(0.0, 1.0);
    (trials > 0).then_some(rho + (1.0 - rho) * trials as f64)
}

/// Wilson's interval for a share of `successes` in `n`, at `confidence` such as 0.95; undefined without observations.
pub fn wilson_interval(successes: u64, n: u64, confidence: f64) -> Option<(f64, f64)> {
    if n == 0 {
        return None;
    }
    let n = n as f64;
    let p = successes as f64 / n;
    let z = normal_quantile(1.0 - (1.0 - confidence) / 2.0);
    let z2 = z * z;
    let scale = 1.0 + z2 / n;
    let centre = (p + z2 / (2.0 * n)) / scale;
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / scale;
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

/// Euler's and Mascheroni's constant.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_years_allow_about_forty_five_trials_before_a_sharpe_of_one_is_luck() {
        assert!(min_backtest_length(45.0, 1.0) < 5.0 && min_backtest_length(46.0, 1.0) > 5.0);
    }

    #[test]
    fn constant_or_few_returns_have_no_significance() {
        assert_eq!(SharpeSample::of(&[0.1, 0.1, 0.1]), None);
        assert_eq!(SharpeSample::of(&[0.1, 0.2]), None);
        assert_eq!(SharpeSample::of(&[]), None);
    }

    #[test]
    fn equal_trials_have_no_variance_and_one_has_none_known() {
        assert_eq!(sharpe_variance(&[0.1, 0.1, 0.1]), Some(0.0));
        assert_eq!(sharpe_variance(&[0.1]), None);
        assert!(sharpe_variance(&[0.0, 0.2]).is_some_and(|variance| (variance - 0.02).abs() < 1e-15));
    }

    #[test]
    fn more_trials_deflate_more() {
        let sample = SharpeSample { sharpe: 0.1, observations: 1000, skewness: 0.0, kurtosis: 3.0 };
        let deflated = |trials| sample.psr(expected_max_sharpe(trials, 0.002));
        assert!(deflated(10.0) > deflated(1000.0));
    }

    #[test]
    fn a_share_of_nothing_is_undefined() {
        assert_eq!(wilson_interval(0, 0, 0.95), None);
        assert_eq!(effective_trials(0, 0.3), None);
        assert_eq!(effective_trials(10, -0.4), Some(10.0));
    }
}
