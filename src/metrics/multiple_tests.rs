//! p-values of several tests, adjusted for their number (`metrics.md` section 4).

/// Holm (1979): controls the chance of one false claim among all. Adjusted values in the order of `p_values`.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, place) in ascending(p_values).into_iter().enumerate() {
        let remaining = (p_values.len() - rank) as f64;
        largest = largest.max((remaining * p_values[place]).min(1.0));
        adjusted[place] = largest;
    }
    adjusted
}

/// Benjamini and Hochberg (1995): controls the share of false claims. Adjusted values in the order of `p_values`.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len() as f64;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, place) in ascending(p_values).into_iter().enumerate().rev() {
        smallest = smallest.min(p_values[place] * count / (rank + 1) as f64);
        adjusted[place] = smallest;
    }
    adjusted
}

/// Places from the smallest value to the largest, ties in their own order.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_test_needs_no_adjustment() {
        assert_eq!(holm(&[0.03]), [0.03]);
        assert_eq!(benjamini_hochberg(&[0.03]), [0.03]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn adjusted_values_keep_the_order_and_stay_below_one() {
        assert_eq!(holm(&[0.5, 0.01, 0.4]), [0.8, 0.03, 0.8]);
        assert_eq!(benjamini_hochberg(&[0.9, 0.9]), [0.9, 0.9]);
    }
}
