//! Symbols with different bars on one timeline.

use std::sync::Arc;

use omega_sweep::data::{BarSeries, MultiSymbolData, NO_ROW, RowMap, SymbolSeries};
use omega_sweep::engine::{Clock, EngineSettings, Outcome, check_rates};
use omega_sweep::strategy::{Level, TradeSignal};
use omega_sweep::types::{CloseReason, Digest, Direction, OrderType, SymbolId, Timeframe, Trade};

use super::super::engine_cases::{Case, Line, Recorder, Scripted};
use super::{CALM, at, buy, case, columns, only, order, plain, script, series, spec, with};

/// Two symbols; the second, quoted in JPY, has no bar on the last two steps.
pub(super) fn two_symbols() -> MultiSymbolData {
    let first = series(Timeframe::M15, &[CALM; 6], 0.5);
    let timeline = first.times().to_vec();
    let (bid, ask) = columns(&[CALM; 4], 0.5);
    let second = BarSeries::new(Timeframe::M15, timeline[..4].to_vec(), bid, ask, vec![1.0; 4]);
    let sparse = RowMap::Sparse { row: [0, 1, 2, 3, NO_ROW, NO_ROW].into(), last: [0, 1, 2, 3, 3, 3].into() };
    let symbol = |name, quote, bars, rows| SymbolSeries {
        spec: spec(name, quote),
        bars: Arc::new(bars),
        rows,
        higher: Vec::new(),
    };
    let symbols =
        vec![symbol("AAAUSD", "USD", first, RowMap::Identity), symbol("USDJPY", "JPY", second, sparse)];
    MultiSymbolData::new(Timeframe::M15, timeline, symbols, Digest([0; 32]))
}

#[test]
fn a_position_whose_symbol_has_ended_is_closed_at_its_last_bar() {
    let mut case = case(two_symbols(), with(plain(), &[("rates", r#"{"USDJPY": 100}"#)]), Vec::new());
    let Line::Enter(signal) = buy(Level::Absent, Level::Absent) else { unreachable!() };
    let line = Line::Enter(TradeSignal { symbol: SymbolId(1), ..signal });
    case.strategies = vec![script(Vec::new()), Scripted { symbol: SymbolId(1), ..script(vec![(0, line)]) }];
    let outcome = case.run(Clock::Skipping).expect("runs");
    let trade = only(&outcome);
    assert_eq!((trade.exit_time, trade.exit_price, trade.reason), (at(5), 100.0, CloseReason::EndOfData));
    assert_eq!(trade.result, -0.5 * (1.0 / 100.0));
}

/// Two symbols; the first has a calm bar on every step, the second a bar on every other one, of which the third dips.
fn every_other_step(steps: usize) -> MultiSymbolData {
    let first = series(Timeframe::M15, &vec![CALM; steps], 0.5);
    let timeline = first.times().to_vec();
    let present: Vec<usize> = (0..steps).step_by(2).collect();
    let mut bars = vec![CALM; present.len()];
    bars[2] = [100.0, 101.0, 49.0, 100.0];
    let (bid, ask) = columns(&bars, 0.5);
    let times = present.iter().map(|&step| timeline[step]).collect();
    let second = BarSeries::new(Timeframe::M15, times, bid, ask, vec![1.0; present.len()]);
    let small = |n: usize| u32::try_from(n).expect("few bars");
    let row = (0..steps).map(|step| if step % 2 == 0 { small(step / 2) } else { NO_ROW }).collect();
    let last = (0..steps).map(|step| small(step / 2)).collect();
    let symbol = |name, bars, rows| SymbolSeries {
        spec: spec(name, "USD"),
        bars: Arc::new(bars),
        rows,
        higher: Vec::new(),
    };
    let sparse = RowMap::Sparse { row, last };
    let symbols = vec![symbol("AAAUSD", first, RowMap::Identity), symbol("BBBUSD", second, sparse)];
    MultiSymbolData::new(Timeframe::M15, timeline, symbols, Digest([0; 32]))
}

#[test]
fn cooldowns_lives_of_orders_and_keyed_draws_count_the_symbols_own_bars() {
    let keys = [("slippage", r#"{"fixed_pips": 0, "random_pips": 1}"#), ("slippage_stream", "\"keyed\"")];
    let limits = [("cooldown_candles", "3"), ("pending_ttl_bars", "2")];
    let settings = with(with(plain(), &keys), &limits);
    let limit = order(Direction::Long, OrderType::Limit, 50.0, Level::Absent, Level::Absent);
    let Line::Enter(buy) = buy(Level::Absent, Level::Absent) else { unreachable!() };
    // Every row speaks: a market order, and on the first row one whose price comes on the last bar of its life.
    let script_of = |symbol: SymbolId, rows: usize| {
        let mut lines: Vec<_> =
            (0..rows).map(|row| (row, Line::Enter(TradeSignal { symbol, ..buy }))).collect();
        let Line::Enter(limit) = limit else { unreachable!() };
        lines.push((0, Line::Enter(TradeSignal { symbol, ..limit })));
        Scripted { symbol, ..script(lines) }
    };
    let mut among = case(every_other_step(16), settings.clone(), Vec::new());
    among.strategies = vec![script(Vec::new()), script_of(SymbolId(1), 8)];
    // The second symbol alone: its own bars are all there are. Its draws stand under its number.
    let alone_bars = among.data.symbol(SymbolId(1)).bars.clone();
    let mut other = among.data.symbol(SymbolId(0)).clone();
    (other.bars, other.rows) = (Arc::clone(&alone_bars), RowMap::Identity);
    let mut symbol = among.data.symbol(SymbolId(1)).clone();
    symbol.rows = RowMap::Identity;
    let times = alone_bars.times().to_vec();
    let data = MultiSymbolData::new(Timeframe::M15, times, vec![other, symbol], Digest([0; 32]));
    let alone = Case { strategies: among.strategies.clone(), ..case(data, settings, Vec::new()) };
    for clock in [Clock::EveryBar, Clock::Skipping] {
        let (among, alone) = (among.run(clock).expect("runs"), alone.run(clock).expect("runs"));
        let closed = |outcome: &Outcome<Recorder>| -> Vec<Trade> {
            // The last instant of the axis is that of the run's end.
            let trades = outcome.run.trades.iter().cloned();
            trades.map(|trade| Trade { exit_time: at(0), ..trade }).collect()
        };
        assert_eq!(closed(&among), closed(&alone), "{clock:?}");
        assert_eq!(among.observer.signals.len(), 4, "rows 0, 3 and 6 speak, the first of them twice");
        assert_eq!((among.run.expired, among.run.trades.len()), (0, 4));
    }
}

#[test]
fn rates_come_from_the_mid_of_the_last_completed_bar_of_a_loaded_symbol() {
    let mut case = case(two_symbols(), with(plain(), &[("account_currency", "\"USD\"")]), Vec::new());
    let Line::Enter(signal) = buy(Level::Absent, Level::Absent) else { unreachable!() };
    let line = Line::Enter(TradeSignal { symbol: SymbolId(1), ..signal });
    case.strategies = vec![script(Vec::new()), Scripted { symbol: SymbolId(1), ..script(vec![(0, line)]) }];
    check_rates(&case.settings, &case.data).expect("USDJPY is loaded");
    let outcome = case.run(Clock::Skipping).expect("runs");
    assert_eq!(only(&outcome).result, -0.5 * (1.0 / 100.25));
    // With the reference's rule the bar that has just opened counts, so even the first bar has a rate.
    let first = |settings: EngineSettings| {
        let mut case = case.clone();
        case.settings = with(settings, &[("market_fill", "\"signal_price\""), ("sizing", "\"lot_sizer\"")]);
        let Line::Enter(signal) = buy(Level::Distance(5.0), Level::Absent) else { unreachable!() };
        let line = Line::Enter(TradeSignal { symbol: SymbolId(1), entry_price: 100.5, ..signal });
        case.strategies[1].lines = vec![(0, line)];
        case.run(Clock::Skipping).map(|outcome| outcome.run.trades.len())
    };
    assert_eq!(first(with(case.settings.clone(), &[("rates_asof", "\"reference\"")])), Ok(1));
    let error = first(case.settings.clone()).expect_err("no bar has completed");
    assert!(error.to_string().contains("no rate from JPY to USD"), "{error}");
}
