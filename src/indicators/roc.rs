//! Rate of change in percent (`indicators.md` 2.5).

/// `(c[i] - c[i-period]) / c[i-period] * 100`; `NaN` for `i < period` and where either end is missing. `O(n)`.
pub fn roc(close: &[f64], period: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; close.len()];
    for ((value, now), then) in out.iter_mut().zip(close).skip(period).zip(close) {
        *value = (now - then) / then * 100.0;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_counted_against_the_older_close() {
        let out = roc(&[2.0, 3.0, 1.0], 2);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2], -50.0);
    }
}
