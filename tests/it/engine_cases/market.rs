//! Random numbers from a seed, and markets made of them: gaps, shocks, stretches that stand still, missing bars.

use std::sync::Arc;

use omega_sweep::data::{
    BarSeries, MultiSymbolData, NO_ROW, Ohlc, PriceColumns, RowMap, SymbolSeries, SymbolSpec,
};
use omega_sweep::types::time::{DAY, MINUTE};
use omega_sweep::types::{Digest, Timeframe};

/// The random numbers of a case: splitmix64, quick without optimisation too.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % n as u64).expect("a small number")
    }

    /// True once in `n`.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    pub(super) fn within(&mut self, reach: i64) -> i64 {
        i64::try_from(self.below(usize::try_from(2 * reach + 1).expect("small"))).expect("small") - reach
    }
}

fn spec(name: &str, quote: &str, point: f64, contract_size: f64) -> SymbolSpec {
    SymbolSpec {
        name: name.to_owned(),
        contract_size,
        tick_size: point,
        tick_value: None,
        pip_size: point * 10.0,
        volume_min: 0.01,
        volume_step: 0.01,
        volume_max: 50.0,
        base_currency: name[..3].to_owned(),
        quote_currency: quote.to_owned(),
        typical_spread_pips: 1.0,
    }
}

/// A walk of points with shock bars, jumps between bars and stretches on which nothing moves; on a coarse grid of prices
/// now and then, so that many bars end at the same ones.
fn bars(dice: &mut Dice, point: f64, start: i64, times: &[i64]) -> BarSeries {
    let (mut bid, mut ask) = (PriceColumns::default(), PriceColumns::default());
    let grid = dice.pick(&[1, 1, 1, 10]);
    let (mut price, mut still) = (start, 0);
    let at = |points: i64| points as f64 * point;
    for _ in times {
        if still == 0 && dice.one_in(40) {
            still = 2 + dice.below(9);
        }
        let scale = if dice.one_in(12) { 80 } else { 15 };
        if still == 0 && dice.one_in(5) {
            price += dice.within(40);
        }
        let scale = if still > 0 { 0 } else { scale };
        still = still.saturating_sub(1);
        let on_grid = |points: i64| points - points.rem_euclid(grid);
        let (open, close) = (on_grid(price), on_grid(price + dice.within(scale)));
        let high = on_grid(open.max(close) + dice.within(scale).abs());
        let low = on_grid(open.min(close) - dice.within(scale).abs());
        price = close;
        let spread = 1 + dice.within(12).abs();
        bid.push(Ohlc { open: at(open), high: at(high), low: at(low), close: at(close) });
        ask.push(Ohlc {
            open: at(open + spread),
            high: at(high + spread),
            low: at(low + spread),
            close: at(close + spread),
        });
    }
    let volume = vec![1.0; times.len()];
    BarSeries::new(Timeframe::M15, times.to_vec(), Arc::new(bid), Arc::new(ask), volume)
}

/// Three M5 bars within each bar, from its open to its close, that touch its high and its low; some are missing.
pub(super) fn finer(dice: &mut Dice, bars: &BarSeries) -> BarSeries {
    let (mut bid, mut ask) = (PriceColumns::default(), PriceColumns::default());
    let mut times = Vec::new();
    for (row, &time) in bars.times().iter().enumerate() {
        let high_first = dice.one_in(2);
        let present: Vec<bool> = (0..3).map(|_| !dice.one_in(15)).collect();
        for (columns, whole) in [(&mut bid, bars.bid().at(row)), (&mut ask, bars.ask().at(row))] {
            let (first, second) = if high_first { (whole.high, whole.low) } else { (whole.low, whole.high) };
            let path = [(whole.open, first), (first, second), (second, whole.close)];
            for (open, close) in
                path.into_iter().zip(&present).filter_map(|(bar, there)| there.then_some(bar))
            {
                columns.push(Ohlc { open, high: open.max(close), low: open.min(close), close });
            }
        }
        times.extend((0..3).filter(|&k| present[k]).map(|k| time + k as i64 * 5 * MINUTE));
    }
    let volume = vec![1.0; times.len()];
    BarSeries::new(Timeframe::M5, times, Arc::new(bid), Arc::new(ask), volume)
}

/// Symbols on one timeline; several of them lack bars here and there.
pub(crate) fn market(dice: &mut Dice, symbols: usize, steps: usize) -> MultiSymbolData {
    let table = [
        ("EURUSD", "USD", 0.00001, 100_000.0, 110_000),
        ("USDJPY", "JPY", 0.001, 100_000.0, 150_000),
        ("XAUUSD", "USD", 0.01, 100.0, 190_000),
        ("GBPUSD", "USD", 0.00001, 100_000.0, 127_000),
        ("AUDUSD", "USD", 0.00001, 100_000.0, 66_000),
    ];
    let mut time = 1_704_067_200_000_000;
    let timeline: Vec<i64> = (0..steps)
        .map(|_| {
            time += if dice.one_in(30) { DAY } else { 15 * MINUTE };
            time
        })
        .collect();
    let series = table[..symbols]
        .iter()
        .map(|&(name, quote, point, contract, start)| {
            let present: Vec<bool> =
                timeline.iter().enumerate().map(|(i, _)| symbols == 1 || i < 2 || !dice.one_in(6)).collect();
            let times: Vec<i64> =
                timeline.iter().zip(&present).filter(|(_, p)| **p).map(|(t, _)| *t).collect();
            let bars = Arc::new(bars(dice, point, start, &times));
            SymbolSeries {
                spec: spec(name, quote, point, contract),
                bars,
                rows: row_map(&present),
                higher: Vec::new(),
            }
        })
        .collect();
    MultiSymbolData::new(Timeframe::M15, timeline, series, Digest([0; 32]))
}

fn row_map(present: &[bool]) -> RowMap {
    if present.iter().all(|present| *present) {
        return RowMap::Identity;
    }
    let (mut row, mut last, mut next) = (Vec::new(), Vec::new(), 0_u32);
    for &present in present {
        row.push(if present { next } else { NO_ROW });
        next += u32::from(present);
        last.push(next.checked_sub(1).unwrap_or(NO_ROW));
    }
    RowMap::Sparse { row: row.into(), last: last.into() }
}
