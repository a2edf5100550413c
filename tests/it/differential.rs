//! One loop, two clocks: skipping changes no bit. And the comparison notices when it does.
//!
//! `OMEGA_SWEEP_CASES` multiplies the number of random cases, for long runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use omega_sweep::data::{BarSeries, MultiSymbolData, PriceColumns, SymbolSeries};
use omega_sweep::engine::{Clock, EngineError, Outcome, TrialRun};
use omega_sweep::types::{CloseReason, CurvePoint, Direction, EquityCurve, OrderType, Trade};

use super::engine_cases::{Case, Line, Recorder, Scripted};
use super::strategy_cases::{StrategyCase, registry};

/// The bits of everything a run leaves behind, but for the number of steps the clock stopped on.
pub(crate) fn bits(outcome: &Outcome<Recorder>) -> String {
    let signals = &outcome.observer.signals;
    format!(
        "{} {signals:?} {:?} {:?} draws {} fees {:?} equity {:?} {:?} active {:?}",
        run_bits(&outcome.run),
        outcome.observer.gone,
        outcome.observer.fees,
        outcome.draws,
        outcome.total_fees,
        outcome.equity,
        outcome.extremes,
        outcome.active,
    )
}

/// The same of a run alone. Floats print in their shortest exact form, so equal texts are equal bits.
fn run_bits(run: &TrialRun) -> String {
    let TrialRun { curve, parts, trades, .. } = run;
    let point = |point: &CurvePoint| (point.step, point.cash.to_bits(), point.equity.to_bits());
    let points: Vec<_> = curve.points().iter().map(point).collect();
    let parts: Vec<String> = parts.iter().map(run_bits).collect();
    let counts = TrialRun {
        trades: Vec::new(),
        curve: EquityCurve::default(),
        parts: Vec::new(),
        bars_stepped: 0,
        ..run.clone()
    };
    format!("{counts:?} {trades:?} {points:?} end {} {parts:?}", curve.end())
}

/// Numbers of this many random cases, times `OMEGA_SWEEP_CASES`.
fn seeds(cases: u64) -> std::ops::Range<u64> {
    let times = std::env::var("OMEGA_SWEEP_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    0..cases * times
}

fn show(trades: &[Trade]) -> String {
    format!("{trades:#?}")
}

/// Runs a case under both clocks; returns the run that walked every bar and the steps the other one stopped on.
fn compare(case: &Case) -> Option<(Outcome<Recorder>, u64)> {
    match (case.run(Clock::EveryBar), case.run(Clock::Skipping)) {
        (Ok(every), Ok(skipping)) => {
            assert!(
                bits(&every) == bits(&skipping),
                "seed {}: trades\n{}\n{}",
                case.seed,
                show(&every.run.trades),
                show(&skipping.run.trades)
            );
            assert!(skipping.run.bars_stepped <= every.run.bars_stepped, "seed {}", case.seed);
            Some((every, skipping.run.bars_stepped))
        }
        (every, skipping) => {
            assert_eq!(every.err(), skipping.err(), "seed {}", case.seed);
            None
        }
    }
}

#[test]
fn skipping_and_walking_every_bar_give_the_same_bits() {
    let (mut reasons, mut pending, mut ambiguous) = (BTreeMap::new(), 0, 0);
    let (mut stepped, mut all, mut failed) = (0, 0, 0);
    let seeds = seeds(10_000);
    let cases = seeds.end;
    for seed in seeds {
        let Some((every, steps)) = compare(&Case::new(seed)) else {
            failed += 1;
            continue;
        };
        stepped += steps;
        all += every.run.bars;
        for trade in &every.run.trades {
            *reasons.entry(trade.reason.as_str()).or_insert(0_u64) += 1;
            pending += u64::from(trade.order_type != OrderType::Market);
            ambiguous += u64::from(trade.ambiguous);
        }
    }
    for reason in [
        CloseReason::StopLoss,
        CloseReason::TakeProfit,
        CloseReason::BreakEvenStopLoss,
        CloseReason::Timeout,
        CloseReason::Signal,
        CloseReason::EndOfData,
        CloseReason::WindowEnd,
        CloseReason::StopOut,
    ] {
        assert!(reasons.get(reason.as_str()).is_some_and(|n| *n > 100), "{reason:?}: {reasons:?}");
    }
    assert!(ambiguous * 20 > cases && pending * 4 > cases, "{ambiguous} ambiguous, {pending} pending");
    assert!(failed * 20 < cases, "{failed} of {cases} cases cannot run");
    assert!(stepped * 10 < all * 9, "{stepped} of {all} steps were walked");
}

#[test]
fn long_quiet_stretches_are_skipped_and_change_no_bit() {
    let (mut stepped, mut all, mut trades) = (0, 0, 0);
    for seed in seeds(150) {
        if let Some((every, steps)) = compare(&Case::quiet(seed)) {
            (stepped, all) = (stepped + steps, all + every.run.bars);
            trades += every.run.trades.len();
        }
    }
    assert!(trades > 1000, "{trades} trades");
    assert!(stepped * 2 < all, "{stepped} of {all} steps were walked");
}

/// What the windows of some cases came to.
#[derive(Default)]
struct Tally {
    trades: usize,
    stepped: u64,
    all: u64,
    refused: u64,
}

/// Runs every window of a case under both clocks.
fn compare_windows(case: &StrategyCase, tally: &mut Tally) {
    for place in 0..case.windows.len() {
        match (case.run(place, Clock::EveryBar), case.run(place, Clock::Skipping)) {
            (Ok(every), Ok(skipping)) => {
                let same = run_bits(&every) == run_bits(&skipping);
                assert!(same, "{}\n{:#?}\n{:#?}", case.describe(), every.trades, skipping.trades);
                tally.trades += every.trades.len();
                tally.stepped += skipping.bars_stepped;
                tally.all += every.bars_stepped;
            }
            (every, skipping) => {
                assert_eq!(every.err(), skipping.err(), "{}", case.describe());
                tally.refused += 1;
            }
        }
    }
}

#[test]
fn every_registered_strategy_gives_the_same_bits_under_both_clocks() {
    for runner in registry().iter() {
        let mut tally = Tally::default();
        let seeds = seeds(25);
        let cases = seeds.end;
        seeds.for_each(|seed| compare_windows(&StrategyCase::new(runner, seed), &mut tally));
        let Tally { trades, stepped, all, refused } = tally;
        let name = runner.name();
        println!("{name}: {trades} trades, {stepped} of {all} steps, {refused} windows refused");
        assert!(trades as u64 > 5 * cases, "{name} makes {trades} trades only in {cases} cases");
        assert!(refused < cases, "{name}: {refused} windows of {cases} cases are refused");
        // A strategy over all symbols promises nothing.
        assert!(name == "pairs_z_score" || stepped * 4 < all * 3, "{name}: {stepped} of {all} steps walked");
    }
}

/// An instance and a row on which its accepted order begins.
fn accepted(case: &Case, every: &Outcome<Recorder>) -> Option<(usize, usize)> {
    let (signal, _) = every.observer.signals.iter().find(|(_, outcome)| outcome.is_ok())?;
    let place =
        case.strategies.iter().position(|script| script.promises && script.symbol == signal.symbol)?;
    let row = |(row, line): &(usize, Line)| matches!(line, Line::Enter(s) if s == signal).then_some(*row);
    case.strategies[place].lines.iter().find_map(row).map(|row| (place, row))
}

#[test]
fn a_promise_that_leaves_out_one_needed_row_is_noticed() {
    let mut broken = 0;
    for seed in 0..400 {
        let mut case = Case::new(seed);
        let Ok(every) = case.run(Clock::EveryBar) else { continue };
        let Some((place, row)) = accepted(&case, &every) else { continue };
        case.strategies[place] = Scripted { hidden: Some(row), ..case.strategies[place].clone() };
        let skipping: Result<_, EngineError> = case.run(Clock::Skipping);
        let differs = skipping.is_ok_and(|skipping| bits(&skipping) != bits(&every));
        assert!(differs, "seed {seed}: the order of row {row} is missing and nobody noticed");
        broken += 1;
    }
    assert!(broken > 150, "{broken} promises were broken");
}

/// The market without what one bar reached: its range is the close of the bar before. `None` when that close lies at a
/// level too, or the levels are not those of the entry.
fn without_reach(data: &MultiSymbolData, trade: &Trade) -> Option<MultiSymbolData> {
    let mut symbols: Vec<SymbolSeries> = data.symbols().to_vec();
    let series = &mut symbols[trade.symbol.index()];
    let row = series.bars.times().iter().position(|&time| time == trade.exit_time.0)?;
    let exit_side = match trade.direction {
        Direction::Long => series.bars.bid(),
        Direction::Short => series.bars.ask(),
    };
    let side = trade.direction.sign();
    let before = side * exit_side.close[row.checked_sub(1)?];
    let above_stop = trade.stop_loss.is_none_or(|stop| before > side * stop + series.spec.pip_size);
    let below_target = trade.take_profit.is_none_or(|target| before < side * target - series.spec.pip_size);
    let levels = (trade.stop_loss, trade.take_profit);
    if !above_stop || !below_target || levels != (trade.initial_stop_loss, trade.initial_take_profit) {
        return None;
    }
    let flat = |columns: &PriceColumns| {
        let mut columns = columns.clone();
        let before = columns.close[row.checked_sub(1)?];
        columns.columns_mut().into_iter().for_each(|column| column[row] = before);
        Some(Arc::new(columns))
    };
    let (bid, ask) = (flat(series.bars.bid())?, flat(series.bars.ask())?);
    let bars = BarSeries::new(
        series.bars.timeframe(),
        series.bars.times().to_vec(),
        bid,
        ask,
        series.bars.volume().to_vec(),
    );
    series.bars = Arc::new(bars);
    let timeline = data.timeline().to_vec();
    Some(MultiSymbolData::new(data.timeframe(), timeline, symbols, data.fingerprint()))
}

/// The skipping clock sees a market in which the bar that reached a level did not: what a passage query that overlooks
/// the bar would do.
#[test]
fn a_level_that_is_overlooked_on_one_bar_is_noticed() {
    let mut broken = 0;
    for seed in 0..400 {
        let case = Case::new(seed);
        let Ok(every) = case.run(Clock::EveryBar) else { continue };
        let at_level =
            |trade: &&Trade| matches!(trade.reason, CloseReason::StopLoss | CloseReason::TakeProfit);
        let inside = |trade: &&Trade| trade.exit_time > trade.trigger_time;
        let Some(trade) = every.run.trades.iter().filter(at_level).find(inside) else { continue };
        let Some(data) = without_reach(&case.data, trade) else { continue };
        let blind = Case { data: Arc::new(data), ..case };
        let differs = match blind.run(Clock::Skipping) {
            Ok(skipping) => bits(&skipping) != bits(&every),
            Err(_) => true,
        };
        assert!(differs, "seed {seed}: an exit is missing and nobody noticed: {trade:?}");
        broken += 1;
    }
    assert!(broken > 150, "{broken} levels were overlooked");
}
