//! Rolling windows: sum, mean, standard deviation, least and greatest value (`indicators.md` 1.2).
//!
//! Every window is added up from scratch in ascending order, twice for a deviation (mean first, then squares around
//! it), so no error builds up along the series. Windows lie side by side in fixed lanes, each with its own order of
//! summation: the bits are those of one window at a time. A window with a hole, or shorter than `window`, is `NaN`;
//! one of equal values has exactly that mean and exactly zero deviation. `window` is at least 1 everywhere.

use std::collections::VecDeque;

/// Windows added up side by side.
const LANES: usize = 16;

/// By what a sum of squares is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deviation {
    /// `window - 1`; a window of 1 is `NaN`.
    Sample,
    /// `window`.
    Population,
}

/// Sum of the last `window` values. `O(n * window)`.
pub fn sum(values: &[f64], window: usize) -> Vec<f64> {
    windows(values, window, |sums| add_up(values, values, window, sums, |_, _, x| x))
}

/// Mean of the last `window` values. `O(n * window)`.
pub fn mean(values: &[f64], window: usize) -> Vec<f64> {
    let mut out = sum(values, window);
    for mean in &mut out {
        *mean /= window as f64;
    }
    for_constant_windows(values, window, |i| out[i] = values[i]);
    out
}

/// Mean of the last `window` values, the newest weighing `window`, the oldest 1. `O(n * window)`.
pub fn weighted_mean(values: &[f64], window: usize) -> Vec<f64> {
    let mut out =
        windows(values, window, |sums| add_up(values, values, window, sums, |_, j, x| (j + 1) as f64 * x));
    let weights = (window * (window + 1) / 2) as f64;
    for mean in &mut out {
        *mean /= weights;
    }
    for_constant_windows(values, window, |i| out[i] = values[i]);
    out
}

/// Mean distance of the last `window` values from their `mean`. `O(n * window)`.
pub fn mean_distance(values: &[f64], mean: &[f64], window: usize) -> Vec<f64> {
    let mut out = windows(values, window, |sums| {
        add_up(values, &mean[window - 1..], window, sums, |mean, _, x| (x - mean).abs());
    });
    for value in &mut out {
        *value /= window as f64;
    }
    out
}

/// Standard deviation of the last `window` values. `O(n * window)`.
pub fn deviation(values: &[f64], window: usize, divisor: Deviation) -> Vec<f64> {
    deviation_around(values, &mean(values, window), window, divisor)
}

/// [`deviation`] with the [`mean`] of the same windows at hand.
pub fn deviation_around(values: &[f64], mean: &[f64], window: usize, divisor: Deviation) -> Vec<f64> {
    if window == 1 && divisor == Deviation::Sample {
        return vec![f64::NAN; values.len()];
    }
    let mut out = windows(values, window, |squares| {
        add_up(values, &mean[window - 1..], window, squares, |mean, _, x| (x - mean) * (x - mean));
    });
    let count = match divisor {
        Deviation::Sample => window - 1,
        Deviation::Population => window,
    } as f64;
    for value in &mut out {
        *value = (*value / count).sqrt();
    }
    for_constant_windows(values, window, |i| out[i] = 0.0);
    out
}

/// Least of the last `window` values. `O(n)`.
pub fn min(values: &[f64], window: usize) -> Vec<f64> {
    extreme(values, window, |new, old| new <= old)
}

/// Greatest of the last `window` values. `O(n)`.
pub fn max(values: &[f64], window: usize) -> Vec<f64> {
    extreme(values, window, |new, old| new >= old)
}

/// A full-length column whose windows from `window - 1` on are written by `fill`.
fn windows(values: &[f64], window: usize, fill: impl FnOnce(&mut [f64])) -> Vec<f64> {
    assert!(window > 0, "a window holds at least one value");
    let mut out = vec![f64::NAN; values.len()];
    if let Some(full) = out.get_mut(window - 1..) {
        fill(full);
    }
    out
}

/// `sums[i]` = `term(around[i], j, values[i + j])` added up over `j` ascending in `0..window`.
fn add_up(
    values: &[f64],
    around: &[f64],
    window: usize,
    sums: &mut [f64],
    term: impl Fn(f64, usize, f64) -> f64,
) {
    let (blocks, rest) = sums.as_chunks_mut::<LANES>();
    let (centers, rest_centers) = around[..blocks.len() * LANES + rest.len()].as_chunks::<LANES>();
    let mut start = 0;
    for (sums, centers) in blocks.iter_mut().zip(centers) {
        let mut totals = [0.0; LANES];
        for (j, neighbours) in values[start..start + window - 1 + LANES].windows(LANES).enumerate() {
            for lane in 0..LANES {
                totals[lane] += term(centers[lane], j, neighbours[lane]);
            }
        }
        *sums = totals;
        start += LANES;
    }
    for (sum, center) in rest.iter_mut().zip(rest_centers) {
        let terms = values[start..start + window].iter().enumerate().map(|(j, &x)| term(*center, j, x));
        *sum = terms.fold(0.0, |total, term| total + term);
        start += 1;
    }
}

/// Calls `set` with the end of every window whose values are all equal.
fn for_constant_windows(values: &[f64], window: usize, mut set: impl FnMut(usize)) {
    let mut run = 0;
    let mut last = f64::NAN;
    for (i, &x) in values.iter().enumerate() {
        run = if x == last { run + 1 } else { usize::from(!x.is_nan()) };
        last = x;
        if run >= window {
            set(i);
        }
    }
}

/// The value that beats all others of its window; candidates wait in a queue, the best in front.
fn extreme(values: &[f64], window: usize, beats: impl Fn(f64, f64) -> bool) -> Vec<f64> {
    assert!(window > 0, "a window holds at least one value");
    let mut out = vec![f64::NAN; values.len()];
    let mut queue: VecDeque<usize> = VecDeque::with_capacity(window);
    let mut whole = 0;
    for (i, &x) in values.iter().enumerate() {
        if x.is_nan() {
            whole = 0;
            queue.clear();
            continue;
        }
        whole += 1;
        while queue.back().is_some_and(|&j| beats(x, values[j])) {
            queue.pop_back();
        }
        queue.push_back(i);
        if queue.front().is_some_and(|&j| j + window <= i) {
            queue.pop_front();
        }
        if whole >= window {
            out[i] = values[queue[0]];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prices() -> impl Strategy<Value = Vec<f64>> {
        let price = prop_oneof![
            8 => (0..40_u32).prop_map(|n| 1.09 + f64::from(n) * 1e-5),
            3 => Just(1.0903),
            1 => Just(f64::NAN),
        ];
        prop::collection::vec(price, 0..80)
    }

    /// One window at a time, as the specification words it.
    fn plainly(values: &[f64], window: usize, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        (0..values.len())
            .map(|i| (i + 1).checked_sub(window).map_or(f64::NAN, |start| of(&values[start..=i])))
            .collect()
    }

    fn plain_mean(window: &[f64]) -> f64 {
        if window.iter().all(|x| *x == window[0]) {
            return window[0];
        }
        window.iter().fold(0.0, |total, x| total + x) / window.len() as f64
    }

    fn plain_deviation(window: &[f64]) -> f64 {
        if window.len() == 1 {
            return f64::NAN;
        }
        let mean = plain_mean(window);
        let squares = window.iter().fold(0.0, |total, x| total + (x - mean) * (x - mean));
        (squares / (window.len() - 1) as f64).sqrt()
    }

    fn same(left: &[f64], right: &[f64]) -> bool {
        left.len() == right.len()
            && left.iter().zip(right).all(|(x, y)| x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()))
    }

    proptest! {
        #[test]
        fn lanes_give_the_bits_of_one_window_at_a_time(values in prices(), window in 1..30_usize) {
            prop_assert!(same(&mean(&values, window), &plainly(&values, window, plain_mean)));
            let sample = deviation(&values, window, Deviation::Sample);
            prop_assert!(same(&sample, &plainly(&values, window, plain_deviation)));
        }

        #[test]
        fn extremes_are_those_of_the_window(values in prices(), window in 1..30_usize) {
            let of = |pick: fn(f64, f64) -> f64| move |w: &[f64]| {
                if w.iter().any(|x| x.is_nan()) { f64::NAN } else { w.iter().copied().fold(w[0], pick) }
            };
            prop_assert!(same(&min(&values, window), &plainly(&values, window, of(f64::min))));
            prop_assert!(same(&max(&values, window), &plainly(&values, window, of(f64::max))));
        }
    }

    #[test]
    fn a_constant_window_has_exactly_its_value_and_no_deviation() {
        let values = [1.1, 1.09, 1.09, 1.09, 1.2];
        assert_eq!(mean(&values, 3)[3], 1.09);
        assert_eq!(deviation(&values, 3, Deviation::Sample)[3], 0.0);
        assert_eq!(deviation(&values, 3, Deviation::Population)[3], 0.0);
    }

    #[test]
    fn a_single_value_has_no_sample_deviation() {
        assert!(deviation(&[1.0, 2.0], 1, Deviation::Sample).iter().all(|x| x.is_nan()));
        assert_eq!(deviation(&[1.0, 2.0], 1, Deviation::Population), [0.0, 0.0]);
    }
}
