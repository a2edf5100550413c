//! Choppiness index (`indicators.md` 2.10; E. W. Dreiss): path walked against ground covered.

use super::rolling;
use super::true_range::true_range;
use crate::types::math::log10;

/// `100 * log10(sum(tr, period) / (max(h, period) - min(l, period))) / log10(period)`, `period` >= 2.
///
/// First value at `period - 1`; zero range gives `NaN`. `O(n * period)`.
pub fn choppiness(high: &[f64], low: &[f64], close: &[f64], period: usize) -> Vec<f64> {
    let path = rolling::sum(&true_range(high, low, close), period);
    let top = rolling::max(high, period);
    let bottom = rolling::min(low, period);
    let scale = log10(period as f64);
    let index = |((path, top), bottom): ((&f64, &f64), &f64)| {
        let range = top - bottom;
        if range == 0.0 { f64::NAN } else { 100.0 * log10(path / range) / scale }
    };
    path.iter().zip(&top).zip(&bottom).map(index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_that_stay_in_place_are_fully_choppy() {
        let out = choppiness(&[2.0; 4], &[1.0; 4], &[1.5; 4], 4);
        assert_eq!(out[3], 100.0);
    }

    #[test]
    fn zero_range_is_undefined() {
        assert!(choppiness(&[1.0; 4], &[1.0; 4], &[1.0; 4], 2).iter().all(|x| x.is_nan()));
    }
}
