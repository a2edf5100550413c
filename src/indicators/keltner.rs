//! Keltner channel: EMA of closes plus and minus a multiple of the average true range (C. Keltner 1960, in the form of
//! L. Raschke with Wilder's ATR).
//!
//! A cache holds mean and range; the bands follow with [`super::bollinger::band`].

use super::atr::atr;
use super::bollinger::band;
use super::ema::ema;

/// The channel; bands begin with the ATR, at `atr_period - 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Keltner {
    /// `middle + factor * atr`.
    pub upper: Vec<f64>,
    /// `ema(close, ema_period)`.
    pub middle: Vec<f64>,
    /// `middle - factor * atr`.
    pub lower: Vec<f64>,
}

/// Channel of `[high, low, close]`; periods at least 1. `O(n)`.
pub fn keltner(
    [high, low, close]: [&[f64]; 3],
    ema_period: usize,
    atr_period: usize,
    factor: f64,
) -> Keltner {
    let middle = ema(close, ema_period);
    let range = atr(high, low, close, atr_period);
    let side = |factor| middle.iter().zip(&range).map(|(&m, &r)| band(m, r, factor)).collect();
    Keltner { upper: side(factor), lower: side(-factor), middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_lie_a_multiple_of_the_range_away() {
        let prices = [&[3.0, 4.0][..], &[1.0, 2.0], &[2.0, 4.0]];
        let channel = keltner(prices, 3, 2, 1.5);
        // True ranges 2 and 2; EMA 2 and 3.
        assert_eq!((channel.lower[1], channel.middle[1], channel.upper[1]), (0.0, 3.0, 6.0));
        assert!(channel.upper[0].is_nan());
    }
}
