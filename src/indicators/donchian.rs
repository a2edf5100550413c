//! Donchian channel: greatest high and least low of the last bars, the current one included (R. Donchian).
//!
//! A breakout compares a close with the channel of the bar before, else it could never leave it.

use super::rolling;
use super::tiles::TILE;

/// The channel; first values at `period - 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Donchian {
    /// Greatest high.
    pub upper: Vec<f64>,
    /// Mean of both.
    pub middle: Vec<f64>,
    /// Least low.
    pub lower: Vec<f64>,
}

/// Channel over `period` (>= 1) bars; `NaN` while a hole is in the window. `O(n)`.
pub fn donchian(high: &[f64], low: &[f64], period: usize) -> Donchian {
    let column = || vec![0.0; high.len()];
    let Donchian { mut upper, mut middle, mut lower } =
        Donchian { upper: column(), middle: column(), lower: column() };
    for start in (0..high.len()).step_by(TILE) {
        let rows = start..high.len().min(start + TILE);
        let (upper, lower) = (&mut upper[rows.clone()], &mut lower[rows.clone()]);
        rolling::max_rows(high, period, rows.clone(), upper);
        rolling::min_rows(low, period, rows.clone(), lower);
        for ((middle, &u), &l) in middle[rows].iter_mut().zip(&*upper).zip(&*lower) {
            *middle = f64::midpoint(u, l);
        }
    }
    Donchian { upper, middle, lower }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::lanes::tests::{bars, bits};

    #[test]
    fn the_current_bar_belongs_to_the_channel() {
        let channel = donchian(&[3.0, 5.0, 4.0], &[2.0, 3.0, 1.0], 2);
        assert!(channel.upper[0].is_nan());
        assert_eq!(channel.upper[1..], [5.0, 5.0]);
        assert_eq!(channel.lower[1..], [2.0, 1.0]);
        assert_eq!(channel.middle[1..], [3.5, 3.0]);
    }

    #[test]
    fn tiles_have_the_bits_of_whole_columns() {
        let [high, low, _] = bars();
        for period in [1, 20, 200, 1500] {
            let channel = donchian(&high, &low, period);
            let (upper, lower) = (rolling::max(&high, period), rolling::min(&low, period));
            let middle: Vec<f64> = upper.iter().zip(&lower).map(|(&u, &l)| f64::midpoint(u, l)).collect();
            assert_eq!(bits(&channel.upper), bits(&upper));
            assert_eq!(bits(&channel.lower), bits(&lower));
            assert_eq!(bits(&channel.middle), bits(&middle));
        }
    }
}
