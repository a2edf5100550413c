//! The out-of-sample curve of a walk-forward study: one test after the other (`walk_forward_and_robustness.md` 2).

use super::settings::Stitch;
use crate::types::{EquityCurve, Trade};

/// One curve out of many, and what happened to money on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Stitched {
    /// Between two tests and after the last one the account stands still.
    pub curve: EquityCurve,
    /// Per window, the factor from its own money to that of the stitched account; 1 when additive.
    pub scales: Vec<f64>,
}

/// Curves that cannot follow each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the test of window {window} begins before the one of window {before} ends; make `step` at least as long as `test`"
)]
pub struct OverlapError {
    /// Place of the later curve.
    pub window: usize,
    /// Place of the earlier curve.
    pub before: usize,
}

/// Joins the curves of tests, each starting at `initial_equity`, in the order of time.
///
/// Additive: `E_prev_end + (E - E0)`. Compound: `E_prev_end * E / E0`. Cash likewise.
///
/// # Errors
/// When a curve begins before the end of the one before it.
pub fn stitch(kind: Stitch, initial_equity: f64, tests: &[EquityCurve]) -> Result<Stitched, OverlapError> {
    let follow = |base: f64, value: f64| match kind {
        Stitch::Additive => base + (value - initial_equity),
        Stitch::Compound => base * value / initial_equity,
    };
    let mut curve = EquityCurve::default();
    let mut scales = Vec::with_capacity(tests.len());
    let (mut cash, mut equity) = (initial_equity, initial_equity);
    for (window, test) in tests.iter().enumerate() {
        let overlap = test.change_steps().first().is_some_and(|&first| first < curve.end());
        if overlap {
            return Err(OverlapError { window, before: window - 1 });
        }
        scales.push(match kind {
            Stitch::Additive => 1.0,
            Stitch::Compound => equity / initial_equity,
        });
        for point in test.points() {
            curve.record(point.step, follow(cash, point.cash), follow(equity, point.equity));
        }
        curve.extend_to(test.end());
        if let Some(last) = curve.last().filter(|_| !test.change_steps().is_empty()) {
            (cash, equity) = (last.cash, last.equity);
        }
    }
    Ok(Stitched { curve, scales })
}

/// A trade of a window in the money of the stitched account, so that trades still add up to its cash.
pub fn scale_trade(trade: &mut Trade, scale: f64) {
    for money in [
        &mut trade.result,
        &mut trade.risk_per_trade,
        &mut trade.size,
        &mut trade.entry_fee,
        &mut trade.exit_fee,
        &mut trade.swap,
        &mut trade.costs.spread,
        &mut trade.costs.slippage,
        &mut trade.costs.commission,
        &mut trade.costs.swap,
    ] {
        *money *= scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(u32, f64)], end: u32) -> EquityCurve {
        let mut curve = EquityCurve::default();
        for &(step, equity) in points {
            curve.record(step, equity, equity);
        }
        curve.extend_to(end);
        curve
    }

    #[test]
    fn between_tests_the_account_stands_still() {
        let tests = [curve(&[(0, 100.0), (2, 110.0)], 4), curve(&[(8, 100.0), (9, 90.0)], 10)];
        let stitched = stitch(Stitch::Additive, 100.0, &tests).expect("no overlap");
        let equity: Vec<f64> = stitched.curve.per_step().map(|point| point.equity).collect();
        assert_eq!(equity, [100.0, 100.0, 110.0, 110.0, 110.0, 110.0, 110.0, 110.0, 110.0, 100.0]);
        let compound = stitch(Stitch::Compound, 100.0, &tests).expect("no overlap");
        assert_eq!(compound.curve.last().map(|point| point.equity), Some(99.0));
        assert_eq!(compound.scales, [1.0, 1.1]);
    }

    #[test]
    fn overlapping_tests_are_refused() {
        let tests = [curve(&[(0, 100.0)], 10), curve(&[(9, 100.0)], 20)];
        let error = stitch(Stitch::Additive, 100.0, &tests).expect_err("they overlap");
        assert_eq!((error.window, error.before), (1, 0));
    }
}
