//! Does a strategy know the future? The market after an instant is replaced by noise; nothing before it may change.
//!
//! A run that ends at bar `t` reads no later bar itself, so any difference comes from the strategy: a series computed
//! backwards, a bar kept from binding, a parameter fitted on the whole history.

use std::sync::Arc;

use super::run::{EngineInputs, RunRequest, StrategyRunner, TrialRun, WindowEnd};
use crate::cache::{self, CachePlan};
use crate::data::{BarSeries, HigherSeries, MultiSymbolData, NO_ROW, Ohlc, PriceColumns, SymbolSeries};
use crate::types::{Digest, KeyedRng, MasterSeed, Purpose, StepRange, Timestamp, Trial, TrialError};

/// A decision that depends on what came after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Leak {
    /// Everything after this instant was noise.
    pub known_until: Timestamp,
    /// The first trade that differs: when it was entered with the true future, and with the noise. Equal or absent
    /// when the runs differ in something else (an order that waited, a rejected signal).
    pub entries: (Option<Timestamp>, Option<Timestamp>),
}

/// Runs a trial up to each of `cuts` steps of the window, spread evenly, once with the true future and once with noise
/// after the cut, and reports every cut at which the runs differ in a bit.
///
/// Costs two runs and one cache per cut.
///
/// # Errors
/// As [`StrategyRunner::run`]; also when the series of the trial cannot be computed.
pub fn find_lookahead(
    runner: &dyn StrategyRunner,
    trial: &Trial,
    inputs: &EngineInputs,
    request: &RunRequest,
    cuts: usize,
) -> Result<Vec<Leak>, TrialError> {
    let mut leaks = Vec::new();
    for cut in 1..=cuts {
        let last = request.window.start + request.window.len() * cut / (cuts + 1);
        if last < request.window.start || last + 1 >= inputs.data.steps() {
            continue;
        }
        let until = RunRequest {
            window: StepRange { start: request.window.start, end: last + 1 },
            window_end: WindowEnd::Close,
            ..*request
        };
        let noisy = EngineInputs {
            data: Arc::new(with_noise_after(&inputs.data, last, inputs.seed)),
            ..inputs.clone()
        };
        let (truth, noise) = (run(runner, trial, inputs, &until)?, run(runner, trial, &noisy, &until)?);
        // Floats print in their shortest exact form, so equal texts are equal bits.
        if format!("{truth:?}") != format!("{noise:?}") {
            leaks.push(Leak {
                known_until: inputs.data.time(last),
                entries: first_difference(&truth, &noise),
            });
        }
    }
    Ok(leaks)
}

/// One run with its own cache.
pub(super) fn run(
    runner: &dyn StrategyRunner,
    trial: &Trial,
    inputs: &EngineInputs,
    request: &RunRequest,
) -> Result<TrialRun, TrialError> {
    let mut plan = CachePlan::default();
    runner.plan(trial, &inputs.data, &mut plan)?;
    let cache = cache::build(&plan, &inputs.data, None, None)
        .map_err(|error| TrialError::Engine(error.to_string()))?;
    let inputs = EngineInputs { cache: Arc::new(cache), ..inputs.clone() };
    runner.run(&inputs, request, trial)
}

fn first_difference(truth: &TrialRun, noise: &TrialRun) -> (Option<Timestamp>, Option<Timestamp>) {
    let longest = truth.trades.len().max(noise.trades.len());
    let place = (0..longest).find(|&place| truth.trades.get(place) != noise.trades.get(place));
    let entry = |run: &TrialRun| Some(run.trades.get(place?)?.entry_time);
    (entry(truth), entry(noise))
}

/// The market with every bar that is not known at the close of step `last` replaced: primary bars that open later,
/// higher bars that no row up to there sees.
fn with_noise_after(data: &MultiSymbolData, last: usize, seed: MasterSeed) -> MultiSymbolData {
    let symbols = data.symbols().iter().enumerate().map(|(number, symbol)| {
        let mut rng = seed.rng(Purpose::DataJitter, u32::MAX, 0, last as u64);
        rng.set_stream(number as u64);
        let known = symbol.last_row(last).map_or(0, |row| row + 1);
        let higher = symbol.higher.iter().map(|series| {
            let seen = series.map[..known].iter().filter(|&&row| row != NO_ROW).max();
            let seen = seen.map_or(0, |&row| row as usize + 1);
            HigherSeries { bars: Arc::new(noisy(&series.bars, seen, &mut rng)), ..series.clone() }
        });
        let higher = higher.collect();
        SymbolSeries { bars: Arc::new(noisy(&symbol.bars, known, &mut rng)), higher, ..symbol.clone() }
    });
    // No fingerprint of real data names this market.
    let symbols = symbols.collect();
    MultiSymbolData::new(data.timeframe(), data.timeline().to_vec(), symbols, Digest([0; 32]))
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
