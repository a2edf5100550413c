//! Choppiness index (`indicators.md` 2.10; E. W. Dreiss): path walked against ground covered.

use std::ops::Range;

use super::rolling;
use super::tiles::{TILE, by_tile};
use super::true_range::true_range_rows;
use crate::types::math::log10;

/// `100 * log10(sum(tr, period) / (max(h, period) - min(l, period))) / log10(period)`, `period` >= 2.
///
/// First value at `period - 1`; zero range gives `NaN`. `O(n * period)`.
pub fn choppiness(high: &[f64], low: &[f64], close: &[f64], period: usize) -> Vec<f64> {
    let mut out = vec![0.0; close.len()];
    let scale = log10(period as f64);
    let (mut top, mut bottom) = ([0.0; TILE], [0.0; TILE]);
    let range = |rows: Range<usize>, out: &mut [f64]| true_range_rows([high, low, close], rows, out);
    by_tile(close.len(), period - 1, range, |rows, ranges| {
        let (out, top, bottom) = (&mut out[rows.clone()], &mut top[..rows.len()], &mut bottom[..rows.len()]);
        rolling::sum_rows(ranges, period, period - 1..ranges.len(), out);
        rolling::max_rows(high, period, rows.clone(), top);
        rolling::min_rows(low, period, rows, bottom);
        for ((path, top), bottom) in out.iter_mut().zip(&*top).zip(&*bottom) {
            let range = top - bottom;
            *path = if range == 0.0 { f64::NAN } else { 100.0 * log10(*path / range) / scale };
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::lanes::tests::{bars, bits};
    use crate::indicators::true_range::true_range;

    #[test]
    fn bars_that_stay_in_place_are_fully_choppy() {
        let out = choppiness(&[2.0; 4], &[1.0; 4], &[1.5; 4], 4);
        assert_eq!(out[3], 100.0);
    }

    #[test]
    fn zero_range_is_undefined() {
        assert!(choppiness(&[1.0; 4], &[1.0; 4], &[1.0; 4], 2).iter().all(|x| x.is_nan()));
    }

    #[test]
    fn tiles_have_the_bits_of_whole_columns() {
        let [high, low, close] = bars();
        for period in [2, 14, 200, 1500] {
            let path = rolling::sum(&true_range(&high, &low, &close), period);
            let (top, bottom) = (rolling::max(&high, period), rolling::min(&low, period));
            let index = |i: usize| {
                let range = top[i] - bottom[i];
                if range == 0.0 { f64::NAN } else { 100.0 * log10(path[i] / range) / log10(period as f64) }
            };
            let plain: Vec<f64> = (0..close.len()).map(index).collect();
            assert_eq!(bits(&choppiness(&high, &low, &close, period)), bits(&plain), "{period}");
        }
    }
}
