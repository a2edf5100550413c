//! Bollinger bands (`indicators.md` 2.9): rolling mean of closes plus and minus a multiple of their sample deviation.
//!
//! A cache holds mean and deviation per period; the bands of any factor follow from them with [`band`].

use super::rolling::{self, Deviation};

/// Upper, middle and lower band; first values at `period - 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Bollinger {
    /// `middle + factor * deviation`.
    pub upper: Vec<f64>,
    /// Rolling mean.
    pub middle: Vec<f64>,
    /// `middle - factor * deviation`.
    pub lower: Vec<f64>,
}

/// One band: `mean + factor * std`. A negative factor gives the lower band, to the bit `mean - |factor| * std`.
#[inline]
pub fn band(mean: f64, std: f64, factor: f64) -> f64 {
    mean + factor * std
}

/// Bands over `period` (>= 1) closes. `O(n * period)`.
pub fn bollinger(close: &[f64], period: usize, factor: f64) -> Bollinger {
    let column = || vec![0.0; close.len()];
    let mut bands = Bollinger { upper: column(), middle: column(), lower: column() };
    let columns = [&mut bands.upper[..], &mut bands.middle[..], &mut bands.lower[..]];
    rolling::deviations_into(close, period, Deviation::Sample, columns, |mean, std, _| {
        [band(mean, std, factor), mean, band(mean, std, -factor)]
    });
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_flat_market_all_bands_are_the_close() {
        let bands = bollinger(&[1.09; 8], 5, 2.0);
        for column in [bands.upper, bands.middle, bands.lower] {
            assert_eq!(column[4..], [1.09; 4]);
        }
    }

    #[test]
    fn bands_lie_a_multiple_of_the_sample_deviation_away() {
        let bands = bollinger(&[1.0, 3.0], 2, 1.5);
        assert_eq!(bands.middle[1], 2.0);
        assert_eq!(bands.upper[1], 2.0 + 1.5 * 2.0_f64.sqrt());
        assert_eq!(bands.lower[1], 2.0 - 1.5 * 2.0_f64.sqrt());
    }
}
