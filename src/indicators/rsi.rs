//! Relative strength index after Wilder, smoothed exponentially with factor `1/period` (`indicators.md` 2.3).
//!
//! `d[i] = c[i] - c[i-1]`; `U = ewm(max(d, 0))`, `D = ewm(max(-d, 0))`; `rsi = 100 - 100/(1 + U/D)`.

use std::sync::Arc;

use super::ewm::{Ewm, smoothed_together};

/// RSI over `period` (>= 1) bars, 0..100; first value at index 1.
///
/// Only gains give 100; neither gain nor loss so far gives `NaN`; holes carry the averages. `O(n)`.
pub fn rsi(close: &[f64], period: usize) -> Vec<f64> {
    let a = 1.0 / period as f64;
    let (mut gain, mut loss) = (Ewm::new(a), Ewm::new(a));
    changes(close).map(|change| strength(gain.push(upward(change)), loss.push(upward(-change)))).collect()
}

/// [`rsi`] over several periods as shared columns, computed side by side.
pub(crate) fn rsis(close: &[f64], periods: &[u32]) -> Vec<Arc<[f64]>> {
    if let [period] = periods {
        return vec![rsi(close, *period as usize).into()];
    }
    let factors: Vec<f64> = periods.iter().map(|&period| 1.0 / f64::from(period)).collect();
    let gains = smoothed_together(&changes(close).map(upward).collect::<Vec<_>>(), &factors);
    let losses =
        smoothed_together(&changes(close).map(|change| upward(-change)).collect::<Vec<_>>(), &factors);
    let joined = gains.iter().zip(&losses).map(|(gains, losses)| {
        gains.iter().zip(losses.iter()).map(|(gain, loss)| strength(*gain, *loss)).collect()
    });
    joined.collect()
}

fn strength(gain: f64, loss: f64) -> f64 {
    100.0 - 100.0 / (1.0 + gain / loss)
}

/// Close minus the close before; `NaN` where one of them is missing.
fn changes(close: &[f64]) -> impl Iterator<Item = f64> {
    let before = std::iter::once(f64::NAN).chain(close.iter().copied());
    close.iter().zip(before).map(|(c, b)| c - b)
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
    fn several_periods_have_the_bits_of_one_at_a_time() {
        let mut close: Vec<f64> = (0..300).map(|i| 1.09 + f64::from(i * i % 37) * 1e-5).collect();
        for hole in [None, Some(100)] {
            if let Some(hole) = hole {
                close[hole] = f64::NAN;
            }
            let periods = [2, 5, 9, 14, 21, 30];
            for (column, period) in rsis(&close, &periods).iter().zip(periods) {
                let alone = rsi(&close, period as usize);
                assert!(
                    column
                        .iter()
                        .zip(&alone)
                        .all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan())
                );
            }
        }
    }

    #[test]
    fn equal_gains_and_losses_are_fifty() {
        // U: 1, 0.5; D: 0, 0.5.
        assert_eq!(rsi(&[1.0, 2.0, 1.0], 2)[2], 50.0);
    }
}
