//! Rolling correlation (Pearson) of two series over the bars both have.
//!
//! `r = sum((x-mx)*(y-my)) / sqrt(sum((x-mx)^2) * sum((y-my)^2))` over the last `window` pairs, means first.

/// Correlation of `left` and `right` over the last `window` (>= 1) bars on which both exist, -1..1.
///
/// `NaN` on bars where one is missing, before `window` pairs, and when one of them did not move. `O(n * window)`.
pub fn correlation(left: &[f64], right: &[f64], window: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; left.len()];
    let both = |i: &usize| !left[*i].is_nan() && !right[*i].is_nan();
    let rows: Vec<usize> = (0..left.len().min(right.len())).filter(both).collect();
    let x: Vec<f64> = rows.iter().map(|&i| left[i]).collect();
    let y: Vec<f64> = rows.iter().map(|&i| right[i]).collect();
    let pairs = x.windows(window).zip(y.windows(window));
    for (&row, (x, y)) in rows.iter().skip(window - 1).zip(pairs) {
        out[row] = pearson(x, y);
    }
    out
}

fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let flat = |values: &[f64]| values.iter().all(|v| *v == values[0]);
    if flat(x) || flat(y) {
        return f64::NAN;
    }
    let mean = |values: &[f64]| values.iter().fold(0.0, |total, v| total + v) / values.len() as f64;
    let (mx, my) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        let (dx, dy) = (a - mx, b - my);
        xy += dx * dy;
        xx += dx * dx;
        yy += dy * dy;
    }
    (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bars_only_one_side_has_are_passed_over() {
        let hole = f64::NAN;
        let out = correlation(&[1.0, hole, 2.0, 3.0, 3.0], &[2.0, 5.0, 4.0, hole, 7.0], 3);
        assert!(out[..4].iter().all(|x| x.is_nan()));
        let alone = correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 7.0], 3);
        assert_eq!(out[4].to_bits(), alone[2].to_bits());
    }

    #[test]
    fn a_side_that_stands_still_has_no_correlation() {
        assert!(correlation(&[1.1; 5], &[1.0, 2.0, 3.0, 4.0, 5.0], 3).iter().all(|x| x.is_nan()));
    }

    proptest! {
        #[test]
        fn lines_correlate_fully_and_order_does_not_matter(
            x in prop::collection::vec(1.0..2.0_f64, 10..40),
            y in prop::collection::vec(1.0..2.0_f64, 40),
        ) {
            let line: Vec<f64> = x.iter().map(|v| 3.0 - 0.5 * v).collect();
            for value in &correlation(&x, &line, 8)[7..] {
                prop_assert!((value + 1.0).abs() < 1e-9);
            }
            let (there, back) = (correlation(&x, &y, 8), correlation(&y[..x.len()], &x, 8));
            for (i, (a, b)) in there.iter().zip(&back).enumerate().skip(7) {
                prop_assert_eq!(a.to_bits(), b.to_bits());
                // Covariance the other way round: mean of products less product of means.
                let mean = |f: &dyn Fn(usize) -> f64| (i - 7..=i).map(f).sum::<f64>() / 8.0;
                let covariance = mean(&|j| x[j] * y[j]) - mean(&|j| x[j]) * mean(&|j| y[j]);
                let spread = |v: &[f64]| (mean(&|j| v[j] * v[j]) - mean(&|j| v[j]) * mean(&|j| v[j])).sqrt();
                prop_assert!((a * spread(&x) * spread(&y) - covariance).abs() < 1e-9);
            }
        }
    }
}
