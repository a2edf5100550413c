//! One loop, two clocks: skipping changes no bit. And the comparison notices when it does.
//!
//! Random cases cover both profiles and every switch, cash and mark-to-market, one to five symbols with holes, market and
//! pending orders, break-even, trailing, timeouts, swap, margin, finer bars, news, windows, and markets with gaps, shocks,
//! flat stretches and prices that meet a level exactly. Compared are trades, fees, signals and what became of them,
//! draws, curves, orders left, and all metrics; and trials that run side by side with each of them alone.
//! `OMEGA_SWEEP_CASES` multiplies the number of cases, for long runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use omega_sweep::data::{BarSeries, MultiSymbolData, PriceColumns, SymbolSeries};
use omega_sweep::engine::settings::{EquityMode, Profile, RatesSource};
use omega_sweep::engine::{BookedTrades, Clock, EngineError, Outcome, Registry, TrialRun};
use omega_sweep::metrics::{self, MetricCalendar, MetricScratch};
use omega_sweep::portfolio::trade_list_digest;
use omega_sweep::strategy::{Level, TradeSignal};
use omega_sweep::types::{
    Calendar, CloseReason, CurvePoint, Direction, EquityCurve, OrderType, StepRange, Trade,
};

use super::engine_cases::{Case, Dice, Line, Recorder, Scripted, market};
use super::strategy_cases::{GroupCase, StrategyCase};
use super::watched::{rules, subjects};

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
    let TrialRun { curve, parts, trades, booked, .. } = run;
    let point = |point: CurvePoint| (point.step, point.cash.to_bits(), point.equity.to_bits());
    let points: Vec<_> = curve.points().map(point).collect();
    let parts: Vec<String> = parts.iter().map(run_bits).collect();
    let counts = TrialRun {
        trades: Vec::new(),
        booked: BookedTrades::default(),
        curve: EquityCurve::default(),
        parts: Vec::new(),
        bars_stepped: 0,
        ..run.clone()
    };
    format!("{counts:?} {trades:?} {} {points:?} end {} {parts:?}", booked.digest(), curve.end())
}

/// The run without the list of its trades and without its equity, which digest and metrics have to stand for.
fn counted(run: &TrialRun) -> TrialRun {
    assert!(run.watch.is_some() || run.booked.digest() == trade_list_digest(&run.trades));
    assert!(run.watch.is_none() || (run.trades.is_empty() && run.curve == EquityCurve::default()));
    let parts = run.parts.iter().map(counted).collect();
    TrialRun { trades: Vec::new(), curve: EquityCurve::default(), watch: None, parts, ..run.clone() }
}

/// Every metric of a run, by its bits.
fn metric_bits(run: &TrialRun, calendar: &MetricCalendar) -> Vec<Option<u64>> {
    let metrics = metrics::compute(&run.facts(), calendar, &mut MetricScratch::default());
    metrics.iter().map(|(_, value)| value.map(f64::to_bits)).collect()
}

/// The days of a window, for its metrics.
fn calendar(data: &MultiSymbolData, window: StepRange) -> MetricCalendar {
    MetricCalendar::new(data.timeline(), window, Calendar::Continuous24x7, 365)
}

/// Whether two runs of one window agree in everything but the steps their clocks stopped on.
fn agree(
    data: &MultiSymbolData,
    window: StepRange,
    left: &Outcome<Recorder>,
    right: &Outcome<Recorder>,
) -> bool {
    let days = calendar(data, window);
    bits(left) == bits(right) && metric_bits(&left.run, &days) == metric_bits(&right.run, &days)
}

/// Numbers of this many random cases, times `OMEGA_SWEEP_CASES`.
fn seeds(cases: u64) -> std::ops::Range<u64> {
    0..cases * multiplier()
}

/// What `OMEGA_SWEEP_CASES` says, else 1.
pub(crate) fn multiplier() -> u64 {
    std::env::var("OMEGA_SWEEP_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn show(trades: &[Trade]) -> String {
    format!("{trades:#?}")
}

/// Runs a case under both clocks; returns the run that walked every bar and the steps the other one stopped on.
fn compare(case: &Case) -> Option<(Outcome<Recorder>, u64)> {
    match (case.run(Clock::EveryBar), case.run(Clock::Skipping)) {
        (Ok(every), Ok(skipping)) => {
            assert!(
                agree(&case.data, case.window, &every, &skipping),
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

/// A random case; conversion rates move with the bars of the market in every fifth.
fn case(seed: u64) -> Case {
    Case::changed(seed, |settings| {
        if seed.is_multiple_of(5) {
            settings.rates = RatesSource::Data;
        }
    })
}

#[test]
fn skipping_and_walking_every_bar_give_the_same_bits() {
    let (mut reasons, mut pending, mut ambiguous) = (BTreeMap::new(), 0, 0);
    let mut kinds = BTreeMap::new();
    let (mut stepped, mut all, mut failed) = (0, 0, 0);
    let seeds = seeds(10_000);
    let cases = seeds.end;
    for seed in seeds {
        let case = case(seed);
        let Some((every, steps)) = compare(&case) else {
            failed += 1;
            continue;
        };
        let settings = &case.settings;
        let kind = (case.data.symbols().len(), settings.profile == Profile::Reference);
        *kinds.entry((kind, settings.equity_mode == EquityMode::Cash)).or_insert(0_u64) += 1;
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
    // One, two, three and five symbols, under both profiles, in cash and marked to market.
    assert!(kinds.len() == 16 && kinds.values().all(|n| n * 60 > cases), "{kinds:?}");
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

/// Positions one at a time, as most runs hold them; the window is walked in stretches, as trials side by side walk it.
#[test]
fn lone_positions_give_the_same_bits_under_both_clocks() {
    let (mut trades, mut stepped, mut all) = (0, 0, 0);
    let mut reasons = BTreeMap::new();
    let seeds = seeds(3_000);
    let cases = seeds.end;
    for seed in seeds {
        let case = Case::lone(seed);
        let Some((every, _)) = compare(&case) else { continue };
        let inputs = case.inputs();
        let engine = case.engine(&inputs, Clock::Skipping, case.draws(), Recorder::default());
        let mut engine = engine.unwrap_or_else(|error| panic!("{error}"));
        let stretch = 1 + usize::try_from(seed % 50).expect("small");
        (0..case.window.end).step_by(stretch).for_each(|until| engine.advance(until).expect("as in one go"));
        let skipping = engine.run().expect("as in one go");
        assert!(agree(&case.data, case.window, &every, &skipping), "seed {seed} in stretches of {stretch}");
        (stepped, all) = (stepped + skipping.run.bars_stepped, all + every.run.bars);
        trades += every.run.trades.len();
        every.run.trades.iter().for_each(|trade| *reasons.entry(trade.reason.as_str()).or_insert(0_u64) += 1);
    }
    assert!(trades as u64 > 5 * cases, "{trades} trades in {cases} cases");
    for reason in [CloseReason::StopLoss, CloseReason::TakeProfit, CloseReason::Signal] {
        assert!(reasons.get(reason.as_str()).is_some_and(|n| *n > cases), "{reason:?}: {reasons:?}");
    }
    assert!(stepped < all, "{stepped} of {all} steps were walked");
}

/// One position after the other without a bar between them takes no more room than one.
#[test]
fn a_run_that_is_always_in_the_market_needs_no_deep_stack() {
    const ROWS: usize = 4_000;
    let mut case = Case::lone(3);
    case.data = Arc::new(market(&mut Dice::new(3), 1, ROWS));
    (case.window, case.finer) = (StepRange { start: 0, end: ROWS }, Vec::new());
    let script = &mut case.strategies[0];
    let series = case.data.symbol(script.symbol);
    let enter = |row: usize| TradeSignal {
        symbol: script.symbol,
        direction: Direction::Long,
        order_type: OrderType::Market,
        entry_price: series.bars.ask().close[row],
        stop_loss: Level::Distance(1e-2),
        take_profit: Level::Absent,
        lots: None,
        scenario: None,
        tag: 0,
    };
    let lines = (5..ROWS).flat_map(|row| [(row, Line::Enter(enter(row))), (row, Line::Close)]);
    (script.lines, script.by_position, script.rows) = (lines.collect(), true, ROWS);
    let run = move || compare(&case).map(|(every, _)| every.run.trades.len());
    let small = std::thread::Builder::new().stack_size(192 << 10).spawn(run).expect("a thread");
    let trades = small.join().expect("no panic").expect("it runs");
    assert!(trades * 4 > ROWS, "{trades} trades");
}

/// What the windows of some cases came to.
#[derive(Default)]
struct Tally {
    trades: usize,
    pending: usize,
    stepped: u64,
    all: u64,
    refused: u64,
}

/// Runs every window of a case under both clocks.
fn compare_windows(case: &StrategyCase<'_>, tally: &mut Tally) {
    for (place, &window) in case.windows.iter().enumerate() {
        match (case.run(place, Clock::EveryBar), case.run(place, Clock::Skipping)) {
            (Ok(every), Ok(skipping)) => {
                let same = agree(case.data(), window, &every, &skipping);
                assert!(same, "{}\n{:#?}\n{:#?}", case.describe(), every.run.trades, skipping.run.trades);
                let pending = |trade: &&Trade| trade.order_type != OrderType::Market;
                tally.trades += every.run.trades.len();
                tally.pending += every.run.trades.iter().filter(pending).count();
                tally.stepped += skipping.run.bars_stepped;
                tally.all += every.run.bars_stepped;
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
    for subject in subjects() {
        let mut tally = Tally::default();
        let seeds = seeds(12);
        let cases = seeds.end;
        seeds.for_each(|seed| compare_windows(&StrategyCase::new(&*subject, seed), &mut tally));
        let Tally { trades, pending, stepped, all, refused } = tally;
        let name = subject.label();
        println!("{name}: {trades} trades ({pending} pending), {stepped} of {all} steps, {refused} refused");
        assert!(trades as u64 > 5 * cases, "{name} makes {trades} trades only in {cases} cases");
        assert!(pending > 0 || !name.contains("pending"), "{name} fills no order that waited");
        assert!(refused < 2 * cases, "{name}: {refused} windows of {cases} cases are refused");
        // A strategy over all symbols promises nothing.
        let promises = !name.starts_with("pairs_z_score");
        assert!(!promises || stepped * 4 < all * 3, "{name}: {stepped} of {all} steps walked");
    }
}

#[test]
fn trials_side_by_side_give_the_bits_of_each_alone_on_every_bar() {
    for runner in Registry::builtin().with(rules()).iter() {
        let (mut trades, mut accounts) = (0, 0);
        for seed in seeds(4) {
            let case = GroupCase::new(runner, seed);
            let days = Arc::new(calendar(case.data(), case.window()));
            let whole = case.together(None).into_iter().zip(case.together(Some(&days)));
            for (place, ((beside, measured), alone)) in whole.zip(case.alone()).enumerate() {
                let bits = |run: &Result<TrialRun, _>| run.as_ref().map(run_bits).map_err(Clone::clone);
                assert!(bits(&beside) == bits(&alone), "{} seed {seed}, set {place}", runner.name());
                let counted = |run: &Result<TrialRun, _>| {
                    run.as_ref().map(|run| run_bits(&counted(run))).map_err(Clone::clone)
                };
                assert!(counted(&measured) == counted(&alone), "{} seed {seed}, set {place}", runner.name());
                let metrics =
                    |run: &Result<TrialRun, _>| run.as_ref().ok().map(|run| metric_bits(run, &days));
                assert_eq!(metrics(&measured), metrics(&alone), "{} seed {seed}, set {place}", runner.name());
                trades += alone.as_ref().map_or(0, |run| run.trades.len());
                accounts += alone.as_ref().map_or(0, |run| run.parts.len());
            }
        }
        println!("{}: {trades} trades, {accounts} separate accounts", runner.name());
        assert!(trades > 100, "{} makes {trades} trades", runner.name());
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
        let mut case = case(seed);
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
        let case = case(seed);
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
