//! Exponential smoothing with holes (`indicators.md` 1.3).
//!
//! With the previous observation present the mean is `a*x + (1-a)*m`; the specification's `(g*m + a*x) / (g + a)` with
//! `g = 1 - a` is the same number up to rounding, and this order of operations makes moving-average crosses those of
//! the textbook recurrence to the last bit. After a hole the general form applies. The choice is made per bar from the
//! past alone, so a later hole never changes an earlier value. An observation equal to the mean leaves it untouched: a
//! flat market keeps an exactly flat mean.

use std::hint::cold_path;
use std::sync::Arc;

use rayon::prelude::*;

use super::lanes::{Exponential, recur, shared_columns};
use crate::types::registers;

/// The average after some values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ewm {
    gain: f64,
    keep: f64,
    /// `NaN` before the first observation.
    mean: f64,
    /// Weight left of the mean: 1 right after an observation.
    weight: f64,
}

impl Ewm {
    /// Before the first observation.
    pub(super) fn new(a: f64) -> Self {
        Self { gain: a, keep: 1.0 - a, mean: f64::NAN, weight: 1.0 }
    }

    /// The mean after one more value.
    #[inline]
    pub(super) fn push(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            self.weight *= self.keep;
        } else if self.weight == 1.0 && !self.mean.is_nan() {
            let next = self.gain * x + self.keep * self.mean;
            if self.mean == x {
                // A branch, foretold nearly always: as a choice of two numbers it would make every bar wait for it.
                cold_path();
                self.mean = x;
            } else {
                self.mean = next;
            }
        } else {
            self.mean = after_hole(self.mean, self.weight * self.keep, self.gain, x);
            self.weight = 1.0;
        }
        self.mean
    }

    /// Each of the next values less the mean after it.
    #[inline]
    pub(super) fn residuals(&mut self, values: &[f64], out: &mut [f64]) {
        if self.weight == 1.0 {
            let (mut mean, mut flat) = (self.mean, false);
            for (out, &x) in out.iter_mut().zip(values) {
                flat |= mean == x;
                mean = self.gain * x + self.keep * mean;
                *out = x - mean;
            }
            // Without holes and equal values there was nothing to choose. A hole leaves no number.
            if !flat && !mean.is_nan() {
                self.mean = mean;
                return;
            }
        }
        cold_path();
        for (out, &x) in out.iter_mut().zip(values) {
            *out = x - self.push(x);
        }
    }
}

/// The mean of `mean`, weighing `left`, and `x`, weighing `gain`. Numbers in and out: a state that is lent to a function would
/// live in memory from bar to bar.
#[cold]
fn after_hole(mean: f64, left: f64, gain: f64, x: f64) -> f64 {
    if mean.is_nan() || mean == x { x } else { (left * mean + gain * x) / (left + gain) }
}

/// Smoothed `values` with factor `a`, `0 < a <= 1`: `NaN` before the first observation, carried over holes. `O(n)`.
pub fn ewm(values: &[f64], a: f64) -> Vec<f64> {
    smoothed(values, a)
}

/// [`ewm`] collected into a `Vec`, or straight into an `Arc<[f64]>` whose memory is then written only once.
pub(crate) fn smoothed<C: FromIterator<f64>>(values: &[f64], a: f64) -> C {
    let mut state = Ewm::new(a);
    values.iter().map(move |&x| state.push(x)).collect()
}

/// [`ewm`] with several factors at once: recurrences side by side in lanes, with the bits of one at a time.
///
/// Values with holes take the plain way, one factor after the other.
pub(crate) fn smoothed_together(values: &[f64], factors: &[f64]) -> Vec<Arc<[f64]>> {
    let first = values.iter().position(|x| !x.is_nan()).unwrap_or(values.len());
    if factors.len() == 1 || !values[first..].iter().all(|x| x.is_finite()) {
        return factors.par_iter().map(|&a| smoothed(values, a)).collect();
    }
    let groups = factors.par_chunks(16).map(|factors| match factors.len() {
        1 => vec![smoothed(values, factors[0])],
        2..=8 => side_by_side::<8>(values, first, factors),
        _ => side_by_side::<16>(values, first, factors),
    });
    groups.collect::<Vec<_>>().concat()
}

/// At most `N` factors over values without holes from `first` on.
fn side_by_side<const N: usize>(values: &[f64], first: usize, factors: &[f64]) -> Vec<Arc<[f64]>> {
    let gain: [f64; N] = std::array::from_fn(|lane| factors.get(lane).copied().unwrap_or(1.0));
    let rule = Exponential { gain, keep: gain.map(|gain| 1.0 - gain) };
    shared_columns(values.len(), factors.len(), |columns| {
        let Some((&begin, later)) = values[first..].split_first() else {
            return columns.iter_mut().for_each(|column| column.fill(f64::NAN));
        };
        for column in columns.iter_mut() {
            column[..first].fill(f64::NAN);
            column[first] = begin;
        }
        let mut rest: Vec<&mut [f64]> = columns.iter_mut().map(|column| &mut column[first + 1..]).collect();
        recur(registers::arch(), later, [begin; N], rule, &mut rest);
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::indicators::lanes::tests::{bits, number};

    proptest! {
        #[test]
        fn together_they_have_the_bits_of_one_at_a_time(
            before in 0..4_usize,
            points in prop::collection::vec(0..40_i32, 0..200),
            hole in prop::option::of(0..400_usize),
            periods in prop::collection::vec(1..60_u32, 1..40),
        ) {
            let prices = points.iter().map(|p| 1.09 + f64::from(*p) * 1e-5);
            let mut values: Vec<f64> = std::iter::repeat_n(f64::NAN, before).chain(prices).collect();
            if let Some(hole) = hole.and_then(|hole| values.get_mut(hole)) {
                *hole = f64::NAN;
            }
            let factors: Vec<f64> = periods.iter().map(|p| 2.0 / (f64::from(*p) + 1.0)).collect();
            for (column, &a) in smoothed_together(&values, &factors).iter().zip(&factors) {
                for (x, y) in column.iter().zip(ewm(&values, a)) {
                    prop_assert!(x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()));
                }
                prop_assert_eq!(column.len(), values.len());
            }
        }
    }

    proptest! {
        #[test]
        fn residuals_are_those_of_the_mean_after_each_value(
            stretches in prop::collection::vec((number(), 1..80_usize), 0..8),
            period in 1..60_u32,
            at_a_time in 1..40_usize,
        ) {
            let stretch = |(value, times): (f64, usize)| std::iter::repeat_n(value, times);
            let values: Vec<f64> = stretches.into_iter().flat_map(stretch).collect();
            let a = 2.0 / (f64::from(period) + 1.0);
            let plain: Vec<f64> = values.iter().zip(ewm(&values, a)).map(|(x, mean)| x - mean).collect();
            let (mut state, mut residuals) = (Ewm::new(a), vec![0.0; values.len()]);
            for (values, out) in values.chunks(at_a_time).zip(residuals.chunks_mut(at_a_time)) {
                state.residuals(values, out);
            }
            prop_assert_eq!(bits(&residuals), bits(&plain));
        }
    }

    #[test]
    fn without_holes_it_is_the_textbook_recurrence() {
        let values = [1.0, 2.0, 4.0, 3.0];
        let a = 0.25;
        let mut expected = vec![1.0];
        for i in 1..values.len() {
            expected.push(a * values[i] + (1.0 - a) * expected[i - 1]);
        }
        assert_eq!(ewm(&values, a), expected);
    }

    #[test]
    fn a_hole_carries_the_mean_and_weakens_it() {
        let out = ewm(&[f64::NAN, 1.0, f64::NAN, f64::NAN, 2.0], 0.4);
        assert!(out[0].is_nan());
        assert_eq!(out[1..4], [1.0; 3]);
        let old = 0.6_f64 * 0.6 * 0.6;
        assert_eq!(out[4], (old + 0.4 * 2.0) / (old + 0.4));
    }

    #[test]
    fn a_flat_market_keeps_a_flat_mean() {
        for period in 1..200 {
            let a = 2.0 / (f64::from(period) + 1.0);
            assert_eq!(ewm(&[1.09; 50], a), [1.09; 50]);
        }
    }
}
