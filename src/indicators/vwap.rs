//! Volume-weighted average price since the start of the session: `sum(tp * v) / sum(v)`, `tp = (h + l + c) / 3`.

use super::bars::Bars;
use crate::types::time::{DAY, MINUTE};

/// VWAP of each session; a session begins every day `session_start` minutes after midnight UTC (0..1439; 1320 is the
/// 22:00 of currency markets in winter). `NaN` until the session has volume. `O(n)`.
pub fn vwap(bars: &Bars<'_>, session_start: u32) -> Vec<f64> {
    let offset = i64::from(session_start) * MINUTE;
    let (mut session, mut money, mut volume) = (i64::MIN, 0.0, 0.0);
    let mut out = Vec::with_capacity(bars.close.len());
    for (i, &time) in bars.times.iter().enumerate() {
        let today = (time - offset).div_euclid(DAY);
        if today != session {
            (session, money, volume) = (today, 0.0, 0.0);
        }
        let typical = (bars.high[i] + bars.low[i] + bars.close[i]) / 3.0;
        let turnover = typical * bars.volume[i];
        if !turnover.is_nan() {
            money += turnover;
            volume += bars.volume[i];
        }
        out.push(money / volume);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_starts_afresh_with_the_session() {
        let hour = 60 * MINUTE;
        let times = [20 * hour, 21 * hour, 22 * hour, 23 * hour, 24 * hour];
        let price = [1.0, 2.0, 4.0, 6.0, 8.0];
        let volume = [0.0, 3.0, 1.0, 1.0, 2.0];
        let bars = Bars {
            times: &times,
            open: &price,
            high: &price,
            low: &price,
            close: &price,
            volume: &volume,
            other: &[],
        };
        let at_ten = vwap(&bars, 22 * 60);
        assert!(at_ten[0].is_nan());
        assert_eq!(at_ten[1..], [2.0, 4.0, 5.0, 6.5]);
        assert_eq!(vwap(&bars, 0)[3..], [16.0 / 5.0, 8.0]);
    }
}
