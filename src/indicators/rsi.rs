//! Relative strength index after Wilder, smoothed exponentially with factor `1/period` (`indicators.md` 2.3).
//!
//! `d[i] = c[i] - c[i-1]`; `U = ewm(max(d, 0))`, `D = ewm(max(-d, 0))`; `rsi = 100 - 100/(1 + U/D)`.

use super::ewm::Ewm;

/// RSI over `period` (>= 1) bars, 0..100; first value at index 1.
///
/// Only gains give 100; neither gain nor loss so far gives `NaN`; holes carry the averages. `O(n)`.
pub fn rsi(close: &[f64], period: usize) -> Vec<f64> {
    strengths(close, period)
}

/// [`rsi`] collected into a `Vec`, or straight into an `Arc<[f64]>` whose memory is then written only once.
pub(crate) fn strengths<C: FromIterator<f64>>(close: &[f64], period: usize) -> C {
    let a = 1.0 / period as f64;
    let (mut gain, mut loss) = (Ewm::new(a), Ewm::new(a));
    changes(close)
        .map(move |change| strength(gain.push(upward(change)), loss.push(upward(-change))))
        .collect()
}

fn strength(gain: f64, loss: f64) -> f64 {
    100.0 - 100.0 / (1.0 + gain / loss)
}

/// Close minus the close before; `NaN` where one of them is missing.
fn changes(close: &[f64]) -> impl Iterator<Item = f64> {
    let mut before = f64::NAN;
    close.iter().map(move |close| close - std::mem::replace(&mut before, *close))
}

/// The part of a change that goes up; `NaN` stays.
fn upward(change: f64) -> f64 {
    if change < 0.0 { 0.0 } else { change }
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
