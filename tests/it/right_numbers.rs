//! Workloads with known answers: a plain bar-by-bar program in whole half points beside the engine.
//!
//! The rules are those of an EMA cross filled at the next open, stops first, with the bid gapless and the ask an odd
//! number of half points above it, so that no level can equal a price and every profit is a whole number of half points.

/// Bars in points (bid) and half points (spread).
pub(crate) struct PointBars {
    pub(crate) open: Vec<i64>,
    pub(crate) high: Vec<i64>,
    pub(crate) low: Vec<i64>,
    pub(crate) close: Vec<i64>,
    pub(crate) spread: Vec<i64>,
}

impl PointBars {
    /// A gapless walk with shock bars, from a 64-bit linear congruential generator.
    pub(crate) fn walk(bars: usize, seed: u64) -> Self {
        let mut state = seed;
        let mut draw = |n: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from((state >> 33) % u64::try_from(n).expect("a positive bound")).expect("31 bits")
        };
        let mut out = Self { open: vec![], high: vec![], low: vec![], close: vec![], spread: vec![] };
        let mut price = 110_000;
        for _ in 0..bars {
            let scale = if draw(1500) == 0 { 120 } else { 9 };
            let (open, mut high, mut low) = (price, price, price);
            for _ in 0..6 {
                price += draw(2 * scale + 1) - scale;
                high = high.max(price);
                low = low.min(price);
            }
            out.open.push(open);
            out.high.push(high);
            out.low.push(low);
            out.close.push(price);
            out.spread.push(2 * (1 + draw(20)) + 1);
        }
        out
    }
}

/// What one parameter set comes to.
#[derive(Debug, PartialEq, Eq, Clone, Copy, Default)]
pub(crate) struct PlainResult {
    pub(crate) trades: u64,
    pub(crate) wins: u64,
    pub(crate) half_points: i64,
}

impl PlainResult {
    fn book(&mut self, half_points: i64) {
        self.trades += 1;
        self.wins += u64::from(half_points > 0);
        self.half_points += half_points;
    }
}

fn ema(close: &[i64], period: usize) -> Vec<f64> {
    let a = 2.0 / (period as f64 + 1.0);
    let mut out: Vec<f64> = Vec::with_capacity(close.len());
    for &point in close {
        let price = point as f64 / 100_000.0;
        out.push(out.last().map_or(price, |before| a * price + (1.0 - a) * before));
    }
    out
}

/// Long on a cross up at the next open; out on a cross down (without levels) or at stop and target in points.
pub(crate) fn plain_ema_cross(
    bars: &PointBars,
    fast: usize,
    slow: usize,
    levels: Option<(i64, i64)>,
) -> PlainResult {
    let (f, s) = (ema(&bars.close, fast), ema(&bars.close, slow));
    let last = bars.close.len() - 1;
    let mut result = PlainResult::default();
    let mut entry: Option<i64> = None; // fill, half points
    let (mut buy, mut sell) = (false, false);
    for i in 0..=last {
        if std::mem::take(&mut buy) {
            entry = Some(2 * bars.open[i] + bars.spread[i]);
        }
        if std::mem::take(&mut sell) {
            result.book(2 * bars.open[i] - entry.take().expect("a position to sell"));
        }
        if let (Some(fill), Some((stop, target))) = (entry, levels) {
            let (stop, target) = (fill - 2 * stop, fill + 2 * target);
            let open = 2 * bars.open[i];
            let exit = if open <= stop || open >= target {
                Some(open)
            } else if 2 * bars.low[i] <= stop {
                Some(stop)
            } else {
                (2 * bars.high[i] >= target).then_some(target)
            };
            if let Some(price) = exit {
                result.book(price - fill);
                entry = None;
            }
        }
        if i == last {
            break;
        }
        let up = i >= slow && f[i] > s[i] && f[i - 1] <= s[i - 1];
        let down = i >= slow && f[i] < s[i] && f[i - 1] >= s[i - 1];
        buy = entry.is_none() && up;
        sell = entry.is_some() && levels.is_none() && down;
    }
    if let Some(fill) = entry {
        result.book(2 * bars.close[last] - fill);
    }
    result
}
