//! Wilder's average true range (`indicators.md` 2.8).
//!
//! With `f` the first index that has a true range: `out[f+period-1]` is the mean of the first `period` true ranges,
//! then `(a*(period-1) + tr[i]) / period`; a missing true range repeats the previous value. A hole inside the first
//! `period` bars, or a series too short for the seed, leaves the whole output `NaN`.

use std::sync::Arc;

use rayon::prelude::*;

use super::lanes::{Wilder, recur, shared_columns};
use super::true_range::true_range;
use crate::types::registers;

/// Periods computed side by side.
const LANES: usize = 8;

/// Average true range over `period` (>= 1) bars, price units. `O(n)`.
pub fn atr(high: &[f64], low: &[f64], close: &[f64], period: usize) -> Vec<f64> {
    atr_of(&true_range(high, low, close), period)
}

/// [`atr`] with the true ranges at hand.
pub fn atr_of(range: &[f64], period: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; range.len()];
    if let Some(seed) = Seed::of(range, period) {
        seed.smooth(range, &mut out);
    }
    out
}

/// [`atr_of`] over several periods as shared columns, computed side by side in lanes.
pub(crate) fn atrs(range: &[f64], periods: &[u32]) -> Vec<Arc<[f64]>> {
    let groups = periods.par_chunks(LANES).map(|periods| {
        shared_columns(range.len(), periods.len(), |columns| side_by_side(range, periods, columns))
    });
    groups.collect::<Vec<_>>().concat()
}

/// At most [`LANES`] periods; all of them are begun one at a time, and go on together.
fn side_by_side(range: &[f64], periods: &[u32], columns: &mut [&mut [f64]]) {
    let seeds: Vec<Option<Seed>> = periods.iter().map(|&period| Seed::of(range, period as usize)).collect();
    let begun = seeds.iter().flatten().map(|seed| seed.begun).max().unwrap_or(range.len());
    let (mut averages, mut count) = ([0.0; LANES], [1.0; LANES]);
    let mut rest = Vec::new();
    for (column, seed) in columns.iter_mut().zip(&seeds) {
        let Some(seed) = seed else {
            column.fill(f64::NAN);
            continue;
        };
        let (head, tail) = column.split_at_mut(begun);
        head[..seed.begun].fill(f64::NAN);
        averages[rest.len()] = seed.smooth(&range[..begun], head);
        count[rest.len()] = seed.count;
        rest.push(tail);
    }
    recur(registers::arch(), &range[begun..], averages, Wilder { count }, &mut rest);
}

/// The mean that an average begins with.
#[derive(Debug, Clone, Copy)]
struct Seed {
    count: f64,
    /// First index after the seed.
    begun: usize,
    average: f64,
}

impl Seed {
    /// `None` when no average can begin.
    fn of(range: &[f64], period: usize) -> Option<Self> {
        let first = range.iter().position(|tr| !tr.is_nan())?;
        let (begun, count) = (first + period, period as f64);
        let average = range.get(first..begun)?.iter().fold(0.0, |total, tr| total + tr) / count;
        (!average.is_nan()).then_some(Self { count, begun, average })
    }

    /// Writes the averages of `range` from the seed on; returns the last one.
    fn smooth(self, range: &[f64], out: &mut [f64]) -> f64 {
        let mut average = self.average;
        out[self.begun - 1] = average;
        for (value, &tr) in out[self.begun..].iter_mut().zip(&range[self.begun..]) {
            if !tr.is_nan() {
                average = (average * (self.count - 1.0) + tr) / self.count;
            }
            *value = average;
        }
        average
    }
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
    fn several_periods_have_the_bits_of_one_at_a_time() {
        let mut range: Vec<f64> = (0..200).map(|i| f64::from(i * i % 37 + 1) * 1e-5).collect();
        (range[0], range[120]) = (f64::NAN, f64::NAN);
        let periods: Vec<u32> = (1..20).chain([150, 199, 200, 500]).collect();
        for (column, &period) in atrs(&range, &periods).iter().zip(&periods) {
            let alone = atr_of(&range, period as usize);
            assert_eq!(column.len(), alone.len());
            assert!(
                column
                    .iter()
                    .zip(&alone)
                    .all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan())
            );
        }
    }

    #[test]
    fn leading_holes_move_the_seed() {
        assert_eq!(atr_of(&[f64::NAN, 1.0, 3.0], 2)[2], 2.0);
    }
}
