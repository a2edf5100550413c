//! Several trials side by side: all of them through one stretch of the timeline, then all through the next.
//!
//! A trial touches a few bars here and there, far apart; alone it waits for memory at each of them. Side by side the bars
//! of a stretch are fetched once and stay near while every trial of the group passes. Each trial has its own engine, so
//! the group it runs in shows in no bit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::event_engine::EventEngine;
use super::run::{EngineInputs, RunRequest, TrialRun};
use super::settings::Accounts;
use super::trial::{run_trial, settled, start};
use crate::costs::RngDraws;
use crate::data::MultiSymbolData;
use crate::strategy::{Strategy, StrategyDef};
use crate::types::{Trial, TrialError};

/// Steps that trials side by side walk before the next one's turn, divided among the symbols: 32 KiB of each column, the
/// columns together about a third of a second-level cache.
pub const STRETCH: usize = 4096;

/// Bars of a column that come from memory together.
const LINE: usize = 8;

/// A trial on its way; an engine that failed is gone and leaves its error.
type Lane<'a, S> = Result<EventEngine<'a, S, RngDraws>, TrialError>;

/// Runs one trial per request and hands the results over in the same order, each as soon as it is complete. Each is what
/// [`run_trial`] gives for it alone.
pub fn run_together<D: StrategyDef>(
    def: &D,
    inputs: &EngineInputs,
    requests: &[RunRequest],
    trials: &[Trial],
    done: &mut dyn FnMut(Result<TrialRun, TrialError>),
) {
    let settled: Vec<_> = trials.iter().map(|trial| settled(inputs, trial)).collect();
    let one_account = |inputs: &EngineInputs| inputs.settings.accounts == Accounts::Shared;
    let shared = settled.iter().flatten().all(|own| one_account(own.as_ref().unwrap_or(inputs)));
    if trials.len() == 1 || !(shared || inputs.data.symbols().len() == 1) {
        let alone = |(request, trial)| run_trial(def, inputs, request, trial);
        return requests.iter().zip(trials).map(alone).for_each(done);
    }
    let begin = |((own, request), trial)| -> Lane<'_, D::Bound> {
        let own: &Result<Option<EngineInputs>, TrialError> = own;
        let own = own.as_ref().map_err(Clone::clone)?;
        guarded(|| start(def, own.as_ref().unwrap_or(inputs), request, trial))
    };
    let mut lanes: Vec<_> = settled.iter().zip(requests).zip(trials).map(begin).collect();
    walk(&mut lanes, &inputs.data);
    lanes.into_iter().map(finished).for_each(done);
}

/// Takes every engine to the end of its window, stretch by stretch.
fn walk<S: Strategy>(lanes: &mut [Lane<'_, S>], data: &MultiSymbolData) {
    let stretch = (STRETCH / data.symbols().len().max(1)).max(LINE);
    let ends = lanes.iter().flatten().map(|engine| engine.window.end);
    let end = ends.max().unwrap_or(0);
    // Kept apart from the engines, so that one without an event in a stretch is not even looked at.
    let mut next: Vec<usize> =
        lanes.iter().map(|lane| lane.as_ref().map_or(usize::MAX, |engine| engine.next_step)).collect();
    let mut until = next.iter().copied().min().unwrap_or(end);
    let mut stepped = 0;
    while until < end {
        // Where the group stops on every line of bars or so, fetching all of them in order is cheaper than waiting for each.
        if stepped * LINE >= stretch {
            let ranges = lanes.iter().flatten().any(EventEngine::watches_levels);
            fetch(data, until, (until + stretch).min(end), ranges);
        }
        stepped = 0;
        until = (until + stretch).min(end);
        for (lane, next) in lanes.iter_mut().zip(&mut next).filter(|(_, next)| **next < until) {
            let advanced = match lane {
                Ok(engine) => guarded(|| {
                    let before = engine.counters.bars_stepped;
                    let advanced = engine.advance(until);
                    advanced.map_err(|error| TrialError::Engine(error.to_string()))?;
                    Ok((engine.next_step, engine.counters.bars_stepped - before))
                }),
                Err(_) => Ok((usize::MAX, 0)),
            };
            match advanced {
                Ok((step, steps)) => {
                    *next = step;
                    stepped += usize::try_from(steps).expect("steps of a stretch");
                }
                Err(error) => (*lane, *next) = (Err(error), usize::MAX),
            }
        }
    }
}

/// Reads the bars of a stretch once, in order, for the sake of having them near: highs and lows where levels are watched.
fn fetch(data: &MultiSymbolData, from: usize, to: usize, ranges: bool) {
    for series in data.symbols() {
        let Some(last) = to.checked_sub(1).and_then(|step| series.last_row(step)) else { continue };
        let rows = series.last_row(from).unwrap_or(0)..last + 1;
        let bars = &series.bars;
        let times = &bars.times()[rows.clone()];
        let [bid, ask] =
            [bars.bid(), bars.ask()].map(|side| side.columns().map(|column| &column[rows.clone()]));
        let ([o, h, l, c], [ask_o, ask_h, ask_l, ask_c]) = (bid, ask);
        if ranges {
            touch(times, [o, h, l, c, ask_o, ask_h, ask_l, ask_c]);
        } else {
            touch(times, [o, c, ask_o, ask_c]);
        }
    }
}

/// Line by line through all columns: as many of them are on their way at a time.
fn touch<const N: usize>(times: &[i64], columns: [&[f64]; N]) {
    let mut all = 0;
    for line in (0..times.len()).step_by(LINE) {
        all ^= times[line].cast_unsigned();
        for column in columns {
            all ^= column[line].to_bits();
        }
    }
    std::hint::black_box(all);
}

fn finished<S: Strategy>(lane: Lane<'_, S>) -> Result<TrialRun, TrialError> {
    let engine = lane?;
    guarded(|| {
        let outcome = engine.finish().map_err(|error| TrialError::Engine(error.to_string()))?;
        Ok(outcome.run)
    })
}

/// A panic of one trial is its error and nobody else's: its engine is dropped and not looked at again.
fn guarded<T>(work: impl FnOnce() -> Result<T, TrialError>) -> Result<T, TrialError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(TrialError::of_panic(panic.as_ref())))
}
