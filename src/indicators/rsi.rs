//! Relative strength index after Wilder, smoothed exponentially with factor `1/period` (`indicators.md` 2.3).
//!
//! `d[i] = c[i] - c[i-1]`; `U = ewm(max(d, 0))`, `D = ewm(max(-d, 0))`; `rsi = 100 - 100/(1 + U/D)`.

use super::ewm::ewm;

/// RSI over `period` (>= 1) bars, 0..100; first value at index 1.
///
/// Only gains give 100; neither gain nor loss so far gives `NaN`; holes carry the averages. `O(n)`.
pub fn rsi(close: &[f64], period: usize) -> Vec<f64> {
    let a = 1.0 / period as f64;
    let gains = ewm(&moves(close, 1.0), a);
    let losses = ewm(&moves(close, -1.0), a);
    gains.iter().zip(&losses).map(|(gain, loss)| 100.0 - 100.0 / (1.0 + gain / loss)).collect()
}

/// The part of each change that goes in the direction of `sign`; `NaN` where a neighbour is missing.
fn moves(close: &[f64], sign: f64) -> Vec<f64> {
    let before = std::iter::once(f64::NAN).chain(close.iter().copied());
    let keep_nan = |change: f64| if change < 0.0 { 0.0 } else { change };
    close.iter().zip(before).map(|(c, b)| keep_nan(sign * (c - b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gains_is_a_hundred_and_no_move_is_undefined() {
        assert_eq!(rsi(&[1.0, 2.0, 3.0], 14)[1..], [100.0, 100.0]);
        assert!(rsi(&[1.0; 4], 14).iter().all(|x| x.is_nan()));
    }

    #[test]
    fn equal_gains_and_losses_are_fifty() {
        // U: 1, 0.5; D: 0, 0.5.
        assert_eq!(rsi(&[1.0, 2.0, 1.0], 2)[2], 50.0);
    }
}
