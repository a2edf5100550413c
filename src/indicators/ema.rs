//! Exponential moving average, seeded with the first close (`indicators.md` 2.1).
//!
//! `a = 2/(period+1)`, `e[0] = c[0]`, `e[i] = a*c[i] + (1-a)*e[i-1]`; holes as in [`super::ewm`].

use std::sync::Arc;

use super::ewm::{Ewm, smoothed, smoothed_together};

/// Mean of `close` over about `period` (>= 1) bars; a value from the first observation on. `O(n)`.
pub fn ema(close: &[f64], period: usize) -> Vec<f64> {
    smoothed(close, factor(period))
}

/// [`ema`] over several periods as shared columns, computed side by side.
pub(crate) fn emas(close: &[f64], periods: &[u32]) -> Vec<Arc<[f64]>> {
    let factors: Vec<f64> = periods.iter().map(|&period| factor(period as usize)).collect();
    smoothed_together(close, &factors)
}

/// [`ema`] before the first close.
pub(super) fn begun(period: usize) -> Ewm {
    Ewm::new(factor(period))
}

pub(super) fn factor(period: usize) -> f64 {
    2.0 / (period as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_is_the_first_close() {
        assert_eq!(ema(&[2.0, 4.0], 3), [2.0, 3.0]);
        assert!(ema(&[], 3).is_empty());
    }

    #[test]
    fn period_one_is_the_close() {
        assert_eq!(ema(&[2.0, 4.0, 1.0], 1), [2.0, 4.0, 1.0]);
    }
}
