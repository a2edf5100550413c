//! Exponential smoothing with holes (`indicators.md` 1.3), for one factor or several side by side.
//!
//! With the previous observation present the mean is `a*x + (1-a)*m`; the specification's `(g*m + a*x) / (g + a)` with
//! `g = 1 - a` is the same number up to rounding, and this order of operations makes moving-average crosses those of
//! the textbook recurrence to the last bit. After a hole the general form applies. The choice is made per bar from the
//! past alone, so a later hole never changes an earlier value. An observation equal to the mean leaves it untouched: a
//! flat market keeps an exactly flat mean.

/// How many factors run side by side: independent recurrences that hide each other's latency.
pub(crate) const LANES: usize = 8;

/// Smoothed `values` with factor `a`, `0 < a <= 1`: `NaN` before the first observation, carried over holes. `O(n)`.
pub fn ewm(values: &[f64], a: f64) -> Vec<f64> {
    let mut out = vec![f64::NAN; values.len()];
    smooth(values, [a], [&mut out]);
    out
}

/// [`ewm`] for many factors, in their order: the same bits as one at a time.
pub fn ewm_many(values: &[f64], factors: &[f64]) -> Vec<Vec<f64>> {
    let mut columns = vec![vec![f64::NAN; values.len()]; factors.len()];
    let (blocks, rest) = factors.as_chunks::<LANES>();
    let mut free = columns.iter_mut().map(Vec::as_mut_slice);
    for block in blocks {
        smooth(values, *block, std::array::from_fn(|_| free.next().expect("one column per factor")));
    }
    for (factor, column) in rest.iter().zip(free) {
        smooth(values, [*factor], [column]);
    }
    columns
}

fn smooth<const L: usize>(values: &[f64], gain: [f64; L], mut out: [&mut [f64]; L]) {
    let Some(first) = values.iter().position(|x| !x.is_nan()) else { return };
    let keep = gain.map(|a| 1.0 - a);
    let mut mean = [values[first]; L];
    let mut weight = [1.0; L];
    let mut hole = false;
    for column in &mut out {
        *column = &mut std::mem::take(column)[first..];
        column[0] = values[first];
    }
    for (i, &x) in values[first..].iter().enumerate().skip(1) {
        if x.is_nan() {
            hole = true;
            for lane in 0..L {
                weight[lane] *= keep[lane];
            }
        } else if hole {
            hole = false;
            for lane in 0..L {
                let left = weight[lane] * keep[lane];
                if mean[lane] != x {
                    mean[lane] = (left * mean[lane] + gain[lane] * x) / (left + gain[lane]);
                }
                weight[lane] = 1.0;
            }
        } else {
            for lane in 0..L {
                let next = gain[lane] * x + keep[lane] * mean[lane];
                mean[lane] = if mean[lane] == x { x } else { next };
            }
        }
        for lane in 0..L {
            out[lane][i] = mean[lane];
        }
    }
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

    #[test]
    fn side_by_side_gives_the_bits_of_one_at_a_time() {
        let values: Vec<f64> = (0..300)
            .map(|i| if i % 37 < 2 { f64::NAN } else { 1.0 + f64::from(i * 7919 % 101) / 977.0 })
            .collect();
        let factors: Vec<f64> = (1..=21).map(|period| 2.0 / (f64::from(period) + 1.0)).collect();
        for (factor, column) in factors.iter().zip(ewm_many(&values, &factors)) {
            let alone = ewm(&values, *factor);
            assert!(alone.iter().zip(&column).all(|(x, y)| x.to_bits() == y.to_bits()));
        }
    }
}
