//! A market whose future is noise: what is known at an instant stays, everything later is a random walk.

use std::sync::Arc;

use crate::data::{BarSeries, HigherSeries, MultiSymbolData, NO_ROW, Ohlc, PriceColumns, SymbolSeries};
use crate::types::{Digest, KeyedRng, MasterSeed, Purpose};

/// Which higher bars count as known at a primary bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownHigher {
    /// Those that are complete by its close, and those the alignment shows.
    Shown,
    /// Only those that are complete by its close: the alignment itself may look ahead.
    Complete,
}

/// The market with every bar replaced that is not known at the close of step `last`: primary bars that open later, and
/// higher bars that are not complete.
pub(super) fn with_noise_after(
    data: &MultiSymbolData,
    last: usize,
    known_higher: KnownHigher,
    seed: MasterSeed,
) -> MultiSymbolData {
    let close = data.time(last).0 + data.timeframe().micros();
    let symbols = data.symbols().iter().enumerate().map(|(number, symbol)| {
        let mut rng = seed.rng(Purpose::DataJitter, u32::MAX, 0, last as u64);
        rng.set_stream(number as u64);
        let known = symbol.last_row(last).map_or(0, |row| row + 1);
        let higher = symbol.higher.iter().map(|series| {
            let complete = complete_by(series, close);
            let known = match known_higher {
                KnownHigher::Shown => complete.max(shown(series, known)),
                KnownHigher::Complete => complete,
            };
            HigherSeries { bars: Arc::new(noisy(&series.bars, known, &mut rng)), ..series.clone() }
        });
        let higher = higher.collect();
        SymbolSeries { bars: Arc::new(noisy(&symbol.bars, known, &mut rng)), higher, ..symbol.clone() }
    });
    // No fingerprint of real data names this market.
    let symbols = symbols.collect();
    MultiSymbolData::new(data.timeframe(), data.timeline().to_vec(), symbols, Digest([0; 32]))
}

/// Number of higher bars that have ended at an instant.
fn complete_by(series: &HigherSeries, instant: i64) -> usize {
    let length = series.timeframe().micros();
    series.bars.times().partition_point(|&open| open + length <= instant)
}

/// Number of higher bars that some of the first `rows` primary rows see.
fn shown(series: &HigherSeries, rows: usize) -> usize {
    let seen = series.map[..rows].iter().filter(|&&row| row != NO_ROW).max();
    seen.map_or(0, |&row| row as usize + 1)
}

/// The first `known` bars as they are, then a walk with steps of a hundredth of the price.
fn noisy(bars: &BarSeries, known: usize, rng: &mut KeyedRng) -> BarSeries {
    let (mut bid, mut ask) = (bars.bid().clone(), bars.ask().clone());
    bid.truncate(known);
    ask.truncate(known);
    let mut volume = bars.volume()[..known].to_vec();
    let mut close = bars.bid().close.get(known.saturating_sub(1)).copied().unwrap_or(1.0);
    for row in known..bars.len() {
        let open = close;
        close = open * (1.0 + 0.01 * (rng.unit() - 0.5));
        let (high, low) =
            (open.max(close) * (1.0 + 0.002 * rng.unit()), open.min(close) * (1.0 - 0.002 * rng.unit()));
        push(&mut bid, [open, high, low, close], 0.0);
        push(&mut ask, [open, high, low, close], open * 0.0002 * rng.unit());
        volume.push(bars.volume()[row] * rng.unit());
    }
    let ask = if bars.is_one_sided() { None } else { Some(Arc::new(ask)) };
    let bid = Arc::new(bid);
    let ask = ask.unwrap_or_else(|| Arc::clone(&bid));
    BarSeries::new(bars.timeframe(), bars.times().to_vec(), bid, ask, volume)
}

fn push(columns: &mut PriceColumns, [open, high, low, close]: [f64; 4], above: f64) {
    columns.push(Ohlc { open: open + above, high: high + above, low: low + above, close: close + above });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;
    use crate::types::Timeframe;

    #[test]
    fn the_past_stays_and_the_future_is_another_one() {
        let truth = synthetic::market(3, &["EURUSD"], Timeframe::M15, 200);
        let noise = with_noise_after(&truth, 99, KnownHigher::Shown, MasterSeed(1));
        let closes = |data: &MultiSymbolData| data.symbols()[0].bars.bid().close.clone();
        assert_eq!(closes(&truth)[..100], closes(&noise)[..100]);
        assert!(closes(&truth)[100..].iter().zip(&closes(&noise)[100..]).all(|(a, b)| a != b));
        assert_eq!(noise.symbols()[0].bars.bid().open[100], closes(&truth)[99]);
    }
}
