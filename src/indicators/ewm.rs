//! Exponential smoothing with holes (`indicators.md` 1.3).
//!
//! With the previous observation present the mean is `a*x + (1-a)*m`; the specification's `(g*m + a*x) / (g + a)` with
//! `g = 1 - a` is the same number up to rounding, and this order of operations makes moving-average crosses those of
//! the textbook recurrence to the last bit. After a hole the general form applies. The choice is made per bar from the
//! past alone, so a later hole never changes an earlier value. An observation equal to the mean leaves it untouched: a
//! flat market keeps an exactly flat mean.

/// The average after some values.
#[derive(Debug, Clone, Copy)]
struct Ewm {
    gain: f64,
    keep: f64,
    /// `NaN` before the first observation.
    mean: f64,
    /// Weight left of the mean: 1 right after an observation.
    weight: f64,
}

impl Ewm {
    #[inline]
    fn push(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            self.weight *= self.keep;
        } else if self.weight == 1.0 && !self.mean.is_nan() {
            let next = self.gain * x + self.keep * self.mean;
            self.mean = if self.mean == x { x } else { next };
        } else {
            self.push_after_hole(x);
        }
        self.mean
    }

    #[cold]
    fn push_after_hole(&mut self, x: f64) {
        let left = self.weight * self.keep;
        if self.mean.is_nan() {
            self.mean = x;
        } else if self.mean != x {
            self.mean = (left * self.mean + self.gain * x) / (left + self.gain);
        }
        self.weight = 1.0;
    }
}

/// Smoothed `values` with factor `a`, `0 < a <= 1`: `NaN` before the first observation, carried over holes. `O(n)`.
pub fn ewm(values: &[f64], a: f64) -> Vec<f64> {
    smoothed(values, a)
}

/// [`ewm`] collected into a `Vec`, or straight into an `Arc<[f64]>` whose memory is then written only once.
pub(crate) fn smoothed<C: FromIterator<f64>>(values: &[f64], a: f64) -> C {
    let mut state = Ewm { gain: a, keep: 1.0 - a, mean: f64::NAN, weight: 1.0 };
    values.iter().map(|&x| state.push(x)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
