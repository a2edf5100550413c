//! Exponential moving average, seeded with the first close (`indicators.md` 2.1).
//!
//! `a = 2/(period+1)`, `e[0] = c[0]`, `e[i] = a*c[i] + (1-a)*e[i-1]`; holes as in [`super::ewm`].

use super::ewm::{ewm, ewm_many};

fn factor(period: usize) -> f64 {
    2.0 / (period as f64 + 1.0)
}

/// Mean of `close` over about `period` (>= 1) bars; a value from the first observation on. `O(n)`.
pub fn ema(close: &[f64], period: usize) -> Vec<f64> {
    ewm(close, factor(period))
}

/// [`ema`] for many periods, in their order: the same bits as one at a time, several times faster.
pub fn ema_many(close: &[f64], periods: &[usize]) -> Vec<Vec<f64>> {
    let factors: Vec<f64> = periods.iter().map(|&period| factor(period)).collect();
    ewm_many(close, &factors)
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
