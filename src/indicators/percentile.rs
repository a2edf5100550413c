//! Rolling percentile: the value below which a share of the last values lies.
//!
//! Linear interpolation between order statistics at position `percent/100 * (window-1)` (R. Hyndman and Y. Fan, The
//! American Statistician 50, 1996, type 7).

/// Percentile (0..100) of the last `window` (>= 1) values; `NaN` while a hole is in the window. `O(n * window)`.
pub fn percentile(values: &[f64], window: usize, percent: f64) -> Vec<f64> {
    let mut sorted: Vec<f64> = Vec::with_capacity(window + 1);
    let mut out = vec![f64::NAN; values.len()];
    for (i, &x) in values.iter().enumerate() {
        if x.is_nan() {
            sorted.clear();
            continue;
        }
        if sorted.len() == window {
            sorted.remove(place(&sorted, values[i - window]));
        }
        sorted.insert(place(&sorted, x), x);
        if sorted.len() == window {
            out[i] = interpolate(&sorted, percent / 100.0);
        }
    }
    out
}

/// Where a value stands or would stand.
fn place(sorted: &[f64], value: f64) -> usize {
    sorted.partition_point(|&x| x < value)
}

/// Linear interpolation at position `share * (m - 1)` of sorted values, `0 <= share <= 1`.
pub(crate) fn interpolate(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let below = position.floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= position < length")]
    let index = below as usize;
    let above = sorted[(index + 1).min(sorted.len() - 1)];
    sorted[index] + (above - sorted[index]) * (position - below)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_that_of_the_sorted_window(
            values in prop::collection::vec(prop_oneof![9 => (0..20_u8).prop_map(f64::from), 1 => Just(f64::NAN)], 0..60),
            window in 1..12_usize,
            percent in 0.0..=100.0_f64,
        ) {
            let out = percentile(&values, window, percent);
            for i in 0..values.len() {
                let taken = (i + 1).checked_sub(window).map(|start| values[start..=i].to_vec());
                match taken.filter(|taken| taken.iter().all(|x| !x.is_nan())) {
                    None => prop_assert!(out[i].is_nan()),
                    Some(mut taken) => {
                        taken.sort_by(f64::total_cmp);
                        prop_assert_eq!(out[i], interpolate(&taken, percent / 100.0));
                    }
                }
            }
        }
    }

    #[test]
    fn ends_and_middle_are_least_greatest_and_median() {
        let values = [3.0, 1.0, 2.0, 10.0];
        assert_eq!(percentile(&values, 4, 0.0)[3], 1.0);
        assert_eq!(percentile(&values, 4, 50.0)[3], 2.5);
        assert_eq!(percentile(&values, 4, 100.0)[3], 10.0);
    }
}
