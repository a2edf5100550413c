//! Is the warm-up long enough? The same window is run with the whole history before it and with a short one.

use std::sync::Arc;

use super::excerpt::excerpt;
use super::lookahead::{run, series_name, series_of};
use super::run::{EngineInputs, RunRequest, StrategyRunner};
use super::settings::EngineSettings;
use crate::indicators::IndicatorKind;
use crate::types::{StepRange, Timestamp, Trade, Trial, TrialError};

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
    /// The series that differs most at the start of the window, if one does.
    pub series: Option<UnsettledSeries>,
}

/// A series that still shows where its history began.
#[derive(Debug, Clone, PartialEq)]
pub struct UnsettledSeries {
    /// Its name: `ema(20) on H4 bid of EURUSD`.
    pub series: String,
    /// First bar of the window.
    pub bar: Timestamp,
    /// Value with the whole history.
    pub long: f64,
    /// Value with the short one.
    pub short: f64,
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
    let steps = StepRange { start: dropped, end: inputs.data.steps() };
    let short = EngineInputs { data: Arc::new(excerpt(&inputs.data, steps)), ..whole.clone() };
    let long_trades = run(runner, trial, &whole, request)?.trades;
    let short_trades = run(runner, trial, &short, &short_request)?.trades;
    let longest = long_trades.len().max(short_trades.len());
    let differs = |place: &usize| match (long_trades.get(*place), short_trades.get(*place)) {
        (Some(long), Some(short)) => !same(long, short),
        _ => true,
    };
    let Some(trade) = (0..longest).find(differs) else { return Ok(None) };
    Ok(Some(HistoryDifference {
        trade,
        long: long_trades.get(trade).map(|trade| trade.entry_time),
        short: short_trades.get(trade).map(|trade| trade.entry_time),
        series: unsettled(runner, trial, [&whole, &short], [request.window.start, start])?,
    }))
}

/// The planned series whose values on the first step of the window differ most, relative to the larger one.
fn unsettled(
    runner: &dyn StrategyRunner,
    trial: &Trial,
    [whole, short]: [&EngineInputs; 2],
    [first, short_first]: [usize; 2],
) -> Result<Option<UnsettledSeries>, TrialError> {
    let trials = std::slice::from_ref(trial);
    let (plan, long_series) = series_of(runner, trials, &whole.data)?;
    let (_, short_series) = series_of(runner, trials, &short.data)?;
    let mut worst = None;
    let mut most = FADED;
    // A calculated series differs because of those it is calculated from.
    for key in plan.keys().filter(|key| !matches!(key.kind, IndicatorKind::Expression(_))) {
        let rows = (
            whole.data.symbol(key.symbol).last_row(first),
            short.data.symbol(key.symbol).last_row(short_first),
        );
        let (Some(long_row), Some(short_row)) = rows else { continue };
        let columns = (long_series.get(key), short_series.get(key));
        let (Some(long), Some(short)) =
            (columns.0.map(|c| c.at(long_row)), columns.1.map(|c| c.at(short_row)))
        else {
            continue;
        };
        let apart = match (long.is_finite(), short.is_finite()) {
            (true, true) => (long - short).abs() / long.abs().max(short.abs()),
            (true, false) => f64::INFINITY,
            _ => 0.0,
        };
        if apart > most {
            most = apart;
            let series = series_name(key, &whole.data);
            worst = Some(UnsettledSeries { series, bar: whole.data.time(first), long, short });
        }
    }
    Ok(worst)
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
