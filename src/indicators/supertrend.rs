//! Supertrend (O. Seban): a trailing level a multiple of the average true range away from the middle of the bar.
//!
//! With `m = (h + l) / 2` the raw bands are `m +/- factor * atr`. The upper band only falls and the lower only rises
//! while the previous close stays inside; else they are set anew. The trend turns up when the close is above the upper
//! band, down when it is below the lower one; it starts down. The level is the lower band in an up-trend, else the
//! upper.

use super::atr::atr;

/// Level and direction per bar; `NaN` before the ATR begins at `period - 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Supertrend {
    /// The trailing level, price units.
    pub level: Vec<f64>,
    /// 1 in an up-trend, -1 in a down-trend.
    pub direction: Vec<f64>,
}

/// Supertrend of `[high, low, close]` over `period` (>= 1) bars. `O(n)`.
pub fn supertrend([high, low, close]: [&[f64]; 3], period: usize, factor: f64) -> Supertrend {
    let range = atr(high, low, close, period);
    let (mut level, mut direction) = (vec![f64::NAN; close.len()], vec![f64::NAN; close.len()]);
    let (mut upper, mut lower, mut up) = (f64::INFINITY, f64::NEG_INFINITY, false);
    let mut before = f64::NAN;
    for i in 0..close.len() {
        let middle = f64::midpoint(high[i], low[i]);
        let (raw_upper, raw_lower) = (middle + factor * range[i], middle - factor * range[i]);
        if raw_upper.is_nan() {
            continue;
        }
        if raw_upper < upper || before > upper {
            upper = raw_upper;
        }
        if raw_lower > lower || before < lower {
            lower = raw_lower;
        }
        up = if up { close[i] >= lower } else { close[i] > upper };
        (level[i], direction[i]) = if up { (lower, 1.0) } else { (upper, -1.0) };
        before = close[i];
    }
    Supertrend { level, direction }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_trend_turns_when_the_close_passes_its_band() {
        let close = [10.0, 10.0, 14.0, 15.0, 9.0];
        let high: Vec<f64> = close.iter().map(|c| c + 1.0).collect();
        let low: Vec<f64> = close.iter().map(|c| c - 1.0).collect();
        let out = supertrend([&high, &low, &close], 1, 1.0);
        // ATR(1) is the true range: 2, 2, 5, 2, 7.
        assert_eq!(out.direction, [-1.0, -1.0, 1.0, 1.0, -1.0]);
        assert_eq!(out.level, [12.0, 12.0, 9.0, 13.0, 16.0]);
    }

    proptest! {
        #[test]
        fn a_level_never_gives_way_while_its_trend_lasts(
            close in prop::collection::vec(1.0..2.0_f64, 2..80),
            factor in 0.5..4.0_f64,
        ) {
            let high: Vec<f64> = close.iter().map(|c| c + 0.1).collect();
            let low: Vec<f64> = close.iter().map(|c| c - 0.1).collect();
            let out = supertrend([&high, &low, &close], 3, factor);
            for (i, now) in close.iter().enumerate().skip(3) {
                let same_trend = out.direction[i] == out.direction[i - 1];
                if same_trend {
                    prop_assert!((out.level[i] - out.level[i - 1]) * out.direction[i] >= 0.0);
                }
                prop_assert!((now - out.level[i]) * out.direction[i] >= 0.0);
            }
        }
    }
}
