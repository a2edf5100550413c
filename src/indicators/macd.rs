//! Moving average convergence and divergence (`indicators.md` 2.4; G. Appel). No histogram: it is line minus signal.

use super::ema::ema;

/// `ema(fast) - ema(slow)` of the closes, price units; a value from the first close on. `O(n)`.
pub fn macd(close: &[f64], fast: usize, slow: usize) -> Vec<f64> {
    ema(close, fast).iter().zip(ema(close, slow)).map(|(f, s)| f - s).collect()
}

/// EMA over `signal` bars of the line.
pub fn macd_signal(line: &[f64], signal: usize) -> Vec<f64> {
    ema(line, signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_the_distance_of_two_means_and_signal_its_mean() {
        let line = macd(&[2.0, 4.0], 1, 3);
        assert_eq!(line, [0.0, 1.0]);
        assert_eq!(macd_signal(&line, 3), [0.0, 0.5]);
    }
}
