//! Is the warm-up long enough? The same window is run with the whole history before it and with a short one.

use std::sync::Arc;

use super::lookahead::run;
use super::run::{EngineInputs, RunRequest, StrategyRunner};
use super::settings::EngineSettings;
use crate::data::{BarSeries, HigherSeries, MultiSymbolData, NO_ROW, RowMap, SymbolSeries};
use crate::types::{Digest, StepRange, Timestamp, Trade, Trial, TrialError};

/// Relative difference of prices that a forgotten start may leave: an average never forgets, it only fades.
const FADED: f64 = 1e-9;

/// Where a short history first shows.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryDifference {
    /// Number of the first trade that differs, from 0.
    pub trade: usize,
    /// When it was entered with the whole history.
    pub long: Option<Timestamp>,
    /// When it was entered with the short one.
    pub short: Option<Timestamp>,
}

/// Runs a trial over the window with all bars before it and with only `bars` steps before it; `None` when the trades
/// are the same (times, directions and reasons equal, prices to a relative 1e-9). Slippage and news are left out.
///
/// # Errors
/// As [`StrategyRunner::run`]; also when the series of the trial cannot be computed.
pub fn history_difference(
    runner: &dyn StrategyRunner,
    trial: &Trial,
    inputs: &EngineInputs,
    request: &RunRequest,
    bars: usize,
) -> Result<Option<HistoryDifference>, TrialError> {
    let dropped = request.window.start.saturating_sub(bars);
    let (start, end) = (request.window.start - dropped, request.window.end - dropped);
    let short_request = RunRequest { window: StepRange { start, end }, ..*request };
    // News rows are numbered by bars, and so are the draws of slippage: both would move with the start.
    let settings = EngineSettings { slippage: None, ..EngineSettings::clone(&inputs.settings) };
    let whole = EngineInputs { context: Arc::default(), settings: Arc::new(settings), ..inputs.clone() };
    let short = EngineInputs { data: Arc::new(without_first(&inputs.data, dropped)), ..whole.clone() };
    let long_trades = run(runner, trial, &whole, request)?.trades;
    let short_trades = run(runner, trial, &short, &short_request)?.trades;
    let longest = long_trades.len().max(short_trades.len());
    let differs = |place: &usize| match (long_trades.get(*place), short_trades.get(*place)) {
        (Some(long), Some(short)) => !same(long, short),
        _ => true,
    };
    Ok((0..longest).find(differs).map(|trade| HistoryDifference {
        trade,
        long: long_trades.get(trade).map(|trade| trade.entry_time),
        short: short_trades.get(trade).map(|trade| trade.entry_time),
    }))
}

fn same(long: &Trade, short: &Trade) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= FADED * a.abs();
    let level = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => near(a, b),
        (a, b) => a == b,
    };
    (long.symbol, long.direction, long.reason, long.entry_time, long.exit_time)
        == (short.symbol, short.direction, short.reason, short.entry_time, short.exit_time)
        && near(long.entry_price, short.entry_price)
        && near(long.exit_price, short.exit_price)
        && level(long.initial_stop_loss, short.initial_stop_loss)
        && level(long.initial_take_profit, short.initial_take_profit)
}

/// The market from a step on; higher bars from the first one visible there.
fn without_first(data: &MultiSymbolData, steps: usize) -> MultiSymbolData {
    let timeline = data.timeline()[steps..].to_vec();
    let symbols = data.symbols().iter().map(|symbol| {
        let first = (steps..data.steps()).find_map(|step| symbol.row(step)).unwrap_or(symbol.bars.len());
        let bars = from_row(&symbol.bars, first);
        let higher = symbol.higher.iter().map(|series| later_bars(series, first)).collect();
        let rows = match &symbol.rows {
            RowMap::Identity => RowMap::Identity,
            RowMap::Sparse { row, last } => {
                let moved = |map: &[u32]| map[steps..].iter().map(|&row| moved_row(row, first)).collect();
                RowMap::Sparse { row: moved(row), last: moved(last) }
            }
        };
        SymbolSeries { bars: Arc::new(bars), rows, higher, ..symbol.clone() }
    });
    let symbols = symbols.collect();
    MultiSymbolData::new(data.timeframe(), timeline, symbols, Digest([0; 32]))
}

fn later_bars(series: &HigherSeries, first: usize) -> HigherSeries {
    let map = &series.map[first..];
    let earliest =
        map.iter().filter(|&&row| row != NO_ROW).min().map_or(series.bars.len(), |&row| row as usize);
    HigherSeries {
        bars: Arc::new(from_row(&series.bars, earliest)),
        map: map.iter().map(|&row| moved_row(row, earliest)).collect(),
        from_file: series.from_file,
    }
}

fn from_row(bars: &BarSeries, first: usize) -> BarSeries {
    bars.clone().cut(first..bars.len())
}

/// A row after `dropped` rows went; rows among those are none.
#[expect(clippy::cast_possible_truncation, reason = "rows are u32")]
fn moved_row(row: u32, dropped: usize) -> u32 {
    if row == NO_ROW { NO_ROW } else { row.checked_sub(dropped as u32).unwrap_or(NO_ROW) }
}
