//! Simple moving average: the rolling mean of closes (`indicators.md` 2.2); also the Bollinger middle.

use super::rolling;

/// Mean of the last `period` (>= 1) closes; first value at `period - 1`, `NaN` while a hole is in the window.
pub fn sma(close: &[f64], period: usize) -> Vec<f64> {
    rolling::mean(close, period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_needs_a_full_window() {
        let out = sma(&[1.0, 2.0, 3.0, 4.0], 3);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2..], [2.0, 3.0]);
    }
}
