//! The rules for division by nothing and for spread that is only rounding (`metrics.md` rules 3 and 4).

/// Largest absolute value of a [`ratio`].
pub const RATIO_CAP: f64 = 100.0;

/// `num / den` clamped to ±[`RATIO_CAP`]; a zero denominator gives the cap with the sign of `num`, 0/0 is undefined.
///
/// `den` is a size: the caller never hands in a negative one. A negative one, NaN included, is undefined.
pub fn ratio(num: f64, den: f64) -> Option<f64> {
    if den > 0.0 {
        Some((num / den).clamp(-RATIO_CAP, RATIO_CAP))
    } else if den != 0.0 {
        None
    } else if num > 0.0 {
        Some(RATIO_CAP)
    } else if num < 0.0 {
        Some(-RATIO_CAP)
    } else {
        None
    }
}

/// Whether a deviation `spread` of values no larger than `max_abs` is nothing but rounding.
pub fn zero_spread(spread: f64, max_abs: f64) -> bool {
    !matches!(spread.partial_cmp(&(1e-12 * max_abs)), Some(std::cmp::Ordering::Greater))
}

/// `mean / downside` times `scale`, clamped to the cap; without downside the cap for a gain and 0 otherwise.
pub(crate) fn sortino(mean: f64, downside: f64, max_abs: f64, scale: f64) -> f64 {
    if !zero_spread(downside, max_abs) {
        (mean / downside * scale).clamp(-RATIO_CAP, RATIO_CAP)
    } else if mean > 0.0 {
        RATIO_CAP
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_by_zero_is_the_cap_with_the_sign_of_the_numerator() {
        assert_eq!(ratio(3.0, 2.0), Some(1.5));
        assert_eq!(ratio(3.0, 0.0), Some(100.0));
        assert_eq!(ratio(-3.0, 0.0), Some(-100.0));
        assert_eq!(ratio(0.0, 0.0), None);
        assert_eq!(ratio(1e9, 1.0), Some(100.0));
        assert_eq!(ratio(1.0, f64::NAN), None);
    }

    #[test]
    fn equal_values_have_no_spread_however_they_are_rounded() {
        assert!(zero_spread(1.7e-17, 0.1));
        assert!(zero_spread(0.0, 0.0));
        assert!(zero_spread(f64::NAN, 1.0));
        assert!(!zero_spread(1e-9, 0.1));
    }
}
