//! Wilder's average true range (`indicators.md` 2.8).
//!
//! With `f` the first index that has a true range: `out[f+period-1]` is the mean of the first `period` true ranges,
//! then `(a*(period-1) + tr[i]) / period`; a missing true range repeats the previous value. A hole inside the first
//! `period` bars, or a series too short for the seed, leaves the whole output `NaN`.

use super::true_range::true_range;

/// Average true range over `period` (>= 1) bars, price units. `O(n)`.
pub fn atr(high: &[f64], low: &[f64], close: &[f64], period: usize) -> Vec<f64> {
    atr_of(&true_range(high, low, close), period)
}

/// [`atr`] with the true ranges at hand.
pub fn atr_of(range: &[f64], period: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; range.len()];
    let Some(first) = range.iter().position(|tr| !tr.is_nan()) else { return out };
    let begun = first + period;
    let Some(seed) = range.get(first..begun) else { return out };
    let count = period as f64;
    let mut average = seed.iter().fold(0.0, |total, tr| total + tr) / count;
    if average.is_nan() {
        return out;
    }
    out[begun - 1] = average;
    for (value, &tr) in out[begun..].iter_mut().zip(&range[begun..]) {
        if !tr.is_nan() {
            average = (average * (count - 1.0) + tr) / count;
        }
        *value = average;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_with_a_mean_then_smoothed() {
        let out = atr_of(&[1.0, 3.0, 4.0, f64::NAN], 2);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [2.0, 3.0, 3.0]);
    }

    #[test]
    fn a_hole_inside_the_seed_blanks_everything() {
        assert!(atr_of(&[1.0, f64::NAN, 4.0, 2.0, 2.0], 2).iter().all(|x| x.is_nan()));
        assert!(atr_of(&[1.0], 2)[0].is_nan());
    }

    #[test]
    fn leading_holes_move_the_seed() {
        assert_eq!(atr_of(&[f64::NAN, 1.0, 3.0], 2)[2], 2.0);
    }
}
