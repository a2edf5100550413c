//! Ratings from runs under stress (`walk_forward_and_robustness.md` section 5).

/// How a rating is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Formula {
    /// Every component from 0 to 1, no floor under the score; undefined where a base value says nothing.
    #[default]
    Strict,
    /// The formula of the Omega reference with its quirks, for comparison only.
    OmegaV1,
}

/// Whether more of a measure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Profit, Sharpe ratio, win rate.
    Benefit,
    /// Drawdown.
    Cost,
}

/// Measures of `cost_shock`, `timing_shift` and `start_offset`: net profit, drawdown in money, Sharpe ratio of R.
pub const COST_SHOCK: [Measure; 3] = [Measure::Benefit, Measure::Cost, Measure::Benefit];

/// Measures of `parameter_jitter` and `data_jitter`: net profit, average R, win rate, drawdown in money.
pub const PARAMETER_JITTER: [Measure; 4] =
    [Measure::Benefit, Measure::Benefit, Measure::Benefit, Measure::Cost];

/// A strict rating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StressRating {
    /// 1 minus the mean damage of the runs.
    pub score: f64,
    /// 1 minus the damage of the worst run.
    pub worst: f64,
}

/// The strict rating. An undefined value of a run is full damage, and so is a failed run (all values undefined); undefined
/// without runs or when a base value is undefined or not above 0.
pub fn strict<const N: usize>(
    measures: [Measure; N],
    base: [Option<f64>; N],
    runs: &[[Option<f64>; N]],
) -> Option<StressRating> {
    let usable = |value: &Option<f64>| value.is_some_and(|value| value.is_finite() && value > 0.0);
    if runs.is_empty() || !base.iter().all(usable) {
        return None;
    }
    let damage = |run: &[Option<f64>; N]| {
        let parts = measures.iter().zip(base.iter().flatten()).zip(run);
        parts.fold(0.0, |sum, ((measure, base), stressed)| sum + component(*measure, *base, *stressed))
            / N as f64
    };
    let damages = runs.iter().map(damage);
    let worst = damages.clone().fold(0.0, f64::max);
    let mean = damages.fold(0.0, |sum, damage| sum + damage) / runs.len() as f64;
    Some(StressRating { score: 1.0 - mean, worst: 1.0 - worst })
}

fn component(measure: Measure, base: f64, stressed: Option<f64>) -> f64 {
    let Some(stressed) = stressed.filter(|value| value.is_finite()) else {
        return 1.0;
    };
    let damage = match measure {
        Measure::Benefit => (base - stressed) / base,
        Measure::Cost => (stressed - base) / base,
    };
    damage.clamp(0.0, 1.0)
}

/// `omega_v1` over net profit, drawdown and Sharpe ratio: 1 minus the mean damage, which never exceeds `cap`. Components are
/// not clamped, a losing base has no profit component, no run scores 1.
pub fn omega_v1(base: [f64; 3], runs: &[[f64; 3]], cap: f64) -> f64 {
    let [profit, drawdown, sharpe] = base.map(finite_or_zero);
    let (drawdown, sharpe) = (drawdown.max(TINY), sharpe.max(TINY));
    let damage = |run: &[f64; 3]| {
        let [p, d, s] = run.map(finite_or_zero);
        let lost = if profit > 0.0 { ((profit - p) / profit).max(0.0) } else { 0.0 };
        (lost + ((d - drawdown) / drawdown).max(0.0) + ((sharpe - s) / sharpe).max(0.0)) / 3.0
    };
    if runs.is_empty() { 1.0 } else { 1.0 - mean(runs.iter().map(damage)).clamp(0.0, cap) }
}

/// `omega_v1` of the cost shock: every run scored and capped by itself, then the mean.
pub fn omega_v1_cost_shock(base: [f64; 3], runs: &[[f64; 3]], cap: f64) -> f64 {
    if runs.is_empty() { 1.0 } else { mean(runs.iter().map(|run| omega_v1(base, &[*run], cap))) }
}

/// `omega_v1` of the parameter jitter over net profit, average R, win rate and drawdown; no run scores 0.5.
pub fn omega_v1_parameter_jitter(base: [f64; 4], runs: &[[f64; 4]], cap: f64) -> f64 {
    let base = base.map(|value| finite_or_zero(value).max(TINY));
    let damage = |run: &[f64; 4]| {
        let parts = PARAMETER_JITTER.iter().zip(base).zip(run);
        parts.fold(0.0, |sum, ((measure, base), stressed)| {
            let stressed = finite_or_zero(*stressed).max(0.0);
            sum + match measure {
                Measure::Benefit => ((base - stressed) / base).max(0.0),
                Measure::Cost => ((stressed - base) / base).max(0.0),
            }
        }) / 4.0
    };
    if runs.is_empty() { 0.5 } else { 1.0 - mean(runs.iter().map(damage)).clamp(0.0, cap) }
}

const TINY: f64 = 1e-9;

fn finite_or_zero(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.fold(0.0, |sum, value| sum + value) / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_run_is_full_damage() {
        let base = [Some(100.0), Some(10.0), Some(0.5)];
        let rating = strict(COST_SHOCK, base, &[base, [None; 3]]);
        assert_eq!(rating, Some(StressRating { score: 0.5, worst: 0.0 }));
    }

    #[test]
    fn a_base_that_says_nothing_has_no_rating() {
        assert_eq!(strict(COST_SHOCK, [Some(100.0), None, Some(0.5)], &[[None; 3]]), None);
        assert_eq!(strict(COST_SHOCK, [Some(-1.0), Some(1.0), Some(0.5)], &[[None; 3]]), None);
    }
}
