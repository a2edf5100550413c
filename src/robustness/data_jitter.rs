//! Bars moved by a share of their own range (`walk_forward_and_robustness.md` 5.1).

use crate::types::rng::KeyedRng;

/// Prices of one side, one entry per bar.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ohlc {
    /// Opens.
    pub open: Vec<f64>,
    /// Highs.
    pub high: Vec<f64>,
    /// Lows.
    pub low: Vec<f64>,
    /// Closes.
    pub close: Vec<f64>,
}

/// Average true range: the plain mean over the last `period` bars, over fewer at the start; the first true range has the
/// bar's own close before it. The sum of a window is taken anew for each bar, so that no rounding is carried on.
pub fn average_true_range(bars: &Ohlc, period: usize) -> Vec<f64> {
    let ranges: Vec<f64> = (0..bars.close.len())
        .map(|i| {
            let before = bars.close[i.saturating_sub(1)];
            let (high, low) = (bars.high[i], bars.low[i]);
            (high - low).max((high - before).abs()).max((low - before).abs())
        })
        .collect();
    (1..=ranges.len())
        .map(|end| {
            let window = &ranges[end.saturating_sub(period)..end];
            window.iter().fold(0.0, |sum, range| sum + range) / window.len() as f64
        })
        .collect()
}

/// Shifts of the reference: up and down in turn, beginning with `start_sign` (1 or -1), summed up.
pub fn alternating_shifts(atr: &[f64], sigma_atr: f64, start_sign: f64) -> Vec<f64> {
    let mut sign = start_sign;
    accumulate(atr, 1.0, |atr| {
        let delta = sign * sigma_atr * atr;
        sign = -sign;
        delta
    })
}

/// Normal shifts that fade: `shift = 0.9 * shift_before + sigma_atr * ATR * z`, so that the disturbance stays bounded.
pub fn gaussian_shifts(atr: &[f64], sigma_atr: f64, rng: &mut KeyedRng) -> Vec<f64> {
    accumulate(atr, 0.9, |atr| sigma_atr * atr * rng.normal())
}

fn accumulate(atr: &[f64], keep: f64, mut delta: impl FnMut(f64) -> f64) -> Vec<f64> {
    atr.iter()
        .scan(0.0, |shift, &atr| {
            *shift = keep * *shift + delta(atr);
            Some(*shift)
        })
        .collect()
}

/// Moves bid and ask alike: opens by the shift before, the rest by the bar's own; highs and lows then take in open and
/// close. When the lowest price of either side falls below `min_price`, both are lifted by the difference.
///
/// # Panics
/// When a column is not as long as `shifts`.
pub fn apply(sides: &mut [&mut Ohlc], shifts: &[f64], min_price: f64) {
    for side in sides.iter_mut() {
        for (i, &shift) in shifts.iter().enumerate() {
            side.open[i] += if i == 0 { 0.0 } else { shifts[i - 1] };
            side.close[i] += shift;
            side.high[i] = (side.high[i] + shift).max(side.open[i]).max(side.close[i]);
            side.low[i] = (side.low[i] + shift).min(side.open[i]).min(side.close[i]);
        }
    }
    let lowest = sides.iter().flat_map(|side| &side.low).copied().fold(f64::INFINITY, f64::min);
    if lowest < min_price {
        let lift = min_price - lowest;
        for side in sides.iter_mut() {
            for column in [&mut side.open, &mut side.high, &mut side.low, &mut side.close] {
                for price in column {
                    *price += lift;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::MasterSeed;
    use crate::types::rng::Purpose;

    fn flat(price: f64, bars: usize) -> Ohlc {
        let column = vec![price; bars];
        Ohlc { open: column.clone(), high: column.clone(), low: column.clone(), close: column }
    }

    #[test]
    fn the_spread_survives_and_prices_stay_above_the_floor() {
        let (mut bid, mut ask) = (flat(1.0, 3), flat(1.5, 3));
        apply(&mut [&mut bid, &mut ask], &[-0.5, -2.0, 0.25], 0.125);
        assert_eq!(bid.low.iter().copied().fold(f64::INFINITY, f64::min), 0.125);
        for (bid, ask) in bid.close.iter().zip(&ask.close) {
            assert_eq!(ask - bid, 0.5);
        }
    }

    #[test]
    fn normal_shifts_fade() {
        let mut rng = MasterSeed(3).rng(Purpose::DataJitter, 0, 1, 0);
        let mut atr = vec![1.0];
        atr.resize(200, 0.0);
        let shifts = gaussian_shifts(&atr, 0.1, &mut rng);
        assert!(shifts[0] != 0.0 && shifts[199].abs() < 1e-8 * shifts[0].abs());
    }
}
