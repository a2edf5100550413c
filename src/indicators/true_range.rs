//! True range of a bar (`indicators.md` 2.6; J. W. Wilder, New Concepts in Technical Trading Systems, 1978).

use std::ops::Range;

/// Greatest of `|h-l|`, `|h-c[i-1]|`, `|l-c[i-1]|` over those that exist: `|h-l|` at the first bar and right after a
/// hole, `NaN` inside one. `O(n)`.
pub fn true_range(high: &[f64], low: &[f64], close: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; close.len()];
    true_range_rows([high, low, close], 0..close.len(), &mut out);
    out
}

/// Some rows of [`true_range`].
pub(super) fn true_range_rows([high, low, close]: [&[f64]; 3], rows: Range<usize>, out: &mut [f64]) {
    // `f64::max` passes over NaN, which is the rule here.
    let of = |h: f64, l: f64, c: f64| (h - l).abs().max((h - c).abs()).max((l - c).abs());
    let (high, low) = (&high[rows.clone()], &low[rows.clone()]);
    let first = usize::from(rows.start == 0);
    for ((out, &h), &l) in out.iter_mut().zip(high).zip(low).take(first) {
        *out = of(h, l, f64::NAN);
    }
    let before = &close[(rows.start + first).saturating_sub(1)..];
    for (((out, &h), &l), &c) in out.iter_mut().zip(high).zip(low).skip(first).zip(before) {
        *out = of(h, l, c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_counts_from_the_previous_close() {
        assert_eq!(true_range(&[3.0, 9.0], &[1.0, 8.0], &[2.0, 8.5]), [2.0, 7.0]);
    }

    #[test]
    fn next_to_a_hole_the_range_of_the_bar_is_left() {
        let out = true_range(&[3.0, f64::NAN, 5.0], &[1.0, f64::NAN, 4.0], &[2.0, f64::NAN, 4.5]);
        assert_eq!((out[0], out[2]), (2.0, 1.0));
        assert!(out[1].is_nan());
    }
}
