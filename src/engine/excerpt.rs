//! A stretch of the market as a market of its own: what a study would have loaded with other dates.

use std::ops::Range;
use std::sync::Arc;

use crate::data::{BarSeries, HigherSeries, MultiSymbolData, NO_ROW, RowMap, SymbolSeries};
use crate::types::{Digest, StepRange};

/// The market between two steps: higher bars from the first one visible there up to those begun by its end.
///
/// # Panics
/// When the range is empty or lies outside.
pub(super) fn excerpt(data: &MultiSymbolData, steps: StepRange) -> MultiSymbolData {
    let timeline = data.timeline()[steps.start..steps.end].to_vec();
    let end = timeline[timeline.len() - 1] + data.timeframe().micros();
    let symbols = data.symbols().iter().map(|symbol| stretch(symbol, steps, end)).collect();
    // No fingerprint of whole data names this market.
    MultiSymbolData::new(data.timeframe(), timeline, symbols, Digest([0; 32]))
}

fn stretch(symbol: &SymbolSeries, steps: StepRange, end: i64) -> SymbolSeries {
    let mut present = (steps.start..steps.end).filter_map(|step| symbol.row(step));
    let first = present.next().unwrap_or(symbol.bars.len());
    let last = present.next_back().unwrap_or(first);
    let rows = first..(last + 1).min(symbol.bars.len());
    let rows_of = match &symbol.rows {
        RowMap::Identity => RowMap::Identity,
        RowMap::Sparse { row, last } => {
            let moved =
                |map: &[u32]| map[steps.start..steps.end].iter().map(|&row| moved(row, first)).collect();
            RowMap::Sparse { row: moved(row), last: moved(last) }
        }
    };
    let higher = symbol.higher.iter().map(|series| seen_from(series, rows.clone(), end)).collect();
    SymbolSeries { bars: Arc::new(part(&symbol.bars, rows)), rows: rows_of, higher, ..symbol.clone() }
}

/// Higher bars visible on some primary rows, and those that begin before `end`.
fn seen_from(series: &HigherSeries, rows: Range<usize>, end: i64) -> HigherSeries {
    let map = &series.map[rows];
    let begun = series.bars.times().partition_point(|&open| open < end);
    let seen = map.iter().filter(|&&row| row != NO_ROW).min();
    let first = seen.map_or(begun, |&row| row as usize);
    HigherSeries {
        bars: Arc::new(part(&series.bars, first..begun)),
        map: map.iter().map(|&row| moved(row, first)).collect(),
        from_file: series.from_file,
    }
}

fn part(bars: &BarSeries, rows: Range<usize>) -> BarSeries {
    bars.select(&rows.collect::<Vec<_>>())
}

/// A row after `dropped` rows went; rows among those are none.
#[expect(clippy::cast_possible_truncation, reason = "rows are u32")]
fn moved(row: u32, dropped: usize) -> u32 {
    if row == NO_ROW { NO_ROW } else { row.checked_sub(dropped as u32).unwrap_or(NO_ROW) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;
    use crate::types::Timeframe;

    #[test]
    fn an_excerpt_holds_the_same_bars_at_other_steps() {
        let whole = synthetic::market(3, &["EURUSD", "GBPUSD"], Timeframe::M15, 500);
        let part = excerpt(&whole, StepRange { start: 100, end: 400 });
        assert_eq!(part.steps(), 300);
        for (symbol, of) in part.symbols().iter().zip(whole.symbols()) {
            for step in 0..part.steps() {
                let (here, there) = (symbol.row(step), of.row(100 + step));
                assert_eq!(here.map(|row| symbol.bars.bid().at(row)), there.map(|row| of.bars.bid().at(row)));
                assert_eq!(part.time(step), whole.time(100 + step));
            }
        }
    }
}
