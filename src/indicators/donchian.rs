//! Donchian channel: greatest high and least low of the last bars, the current one included (R. Donchian).
//!
//! A breakout compares a close with the channel of the bar before, else it could never leave it.

use super::rolling;

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
    let (upper, lower) = (rolling::max(high, period), rolling::min(low, period));
    let middle = upper.iter().zip(&lower).map(|(&u, &l)| f64::midpoint(u, l)).collect();
    Donchian { upper, middle, lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_bar_belongs_to_the_channel() {
        let channel = donchian(&[3.0, 5.0, 4.0], &[2.0, 3.0, 1.0], 2);
        assert!(channel.upper[0].is_nan());
        assert_eq!(channel.upper[1..], [5.0, 5.0]);
        assert_eq!(channel.lower[1..], [2.0, 1.0]);
        assert_eq!(channel.middle[1..], [3.5, 3.0]);
    }
}
