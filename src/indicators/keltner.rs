//! Keltner channel: EMA of closes plus and minus a multiple of the average true range (C. Keltner 1960, in the form of
//! L. Raschke with Wilder's ATR).
//!
//! A cache holds mean and range; the bands follow with [`super::bollinger::band`].

use super::atr::atr_of;
use super::bollinger::band;
use super::ema::ema;
use super::true_range::true_range;

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
    let mut lower = true_range(high, low, close);
    let mut upper = atr_of(&lower, atr_period);
    for ((upper, lower), &mean) in upper.iter_mut().zip(&mut lower).zip(&middle) {
        (*upper, *lower) = (band(mean, *upper, factor), band(mean, *upper, -factor));
    }
    Keltner { upper, middle, lower }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::atr::atr;
    use crate::indicators::lanes::tests::{bars, bits};

    #[test]
    fn bands_lie_a_multiple_of_the_range_away() {
        let prices = [&[3.0, 4.0][..], &[1.0, 2.0], &[2.0, 4.0]];
        let channel = keltner(prices, 3, 2, 1.5);
        // True ranges 2 and 2; EMA 2 and 3.
        assert_eq!((channel.lower[1], channel.middle[1], channel.upper[1]), (0.0, 3.0, 6.0));
        assert!(channel.upper[0].is_nan());
    }

    #[test]
    fn bands_are_those_of_mean_and_range() {
        let [high, low, close] = bars();
        let channel = keltner([&high, &low, &close], 20, 14, 1.5);
        let (mean, range) = (ema(&close, 20), atr(&high, &low, &close, 14));
        let side = |factor| mean.iter().zip(&range).map(|(&m, &r)| band(m, r, factor)).collect::<Vec<f64>>();
        assert_eq!(bits(&channel.upper), bits(&side(1.5)));
        assert_eq!(bits(&channel.middle), bits(&mean));
        assert_eq!(bits(&channel.lower), bits(&side(-1.5)));
    }
}
