//! When the strategy is asked, and how its orders fill.

use std::sync::Arc;

use omega_sweep::engine::Clock;
use omega_sweep::execution::Refusal;
use omega_sweep::strategy::Level;
use omega_sweep::types::{CloseReason, Direction, OrderType};

use super::super::engine_cases::Line;
use super::{CALM, at, buy, case, market, only, order, plain, run, with};

#[test]
fn a_market_order_fills_at_the_next_open_and_its_levels_hold_from_that_bar_on() {
    let bars = [CALM, [102.0, 103.0, 90.0, 95.0], CALM];
    let lines = vec![(0, buy(Level::Distance(5.0), Level::Distance(9.0)))];
    let outcome = run(market(&bars, 0.5), plain(), lines);
    let trade = only(&outcome);
    assert_eq!((trade.entry_time, trade.trigger_time, trade.exit_time), (at(1), at(1), at(1)));
    assert_eq!((trade.entry_price, trade.exit_price), (102.5, 97.5));
    assert_eq!(trade.reason, CloseReason::StopLoss);
}

#[test]
fn a_market_order_of_the_last_bar_finds_no_open() {
    let outcome = run(market(&[CALM; 3], 0.5), plain(), vec![(2, buy(Level::Absent, Level::Absent))]);
    assert_eq!((outcome.run.unfilled_at_end, outcome.run.trades.len()), (1, 0));
}

#[test]
fn a_second_market_order_of_a_bar_is_refused_while_the_first_waits() {
    let one = buy(Level::Absent, Level::Absent);
    let outcome = run(market(&[CALM; 3], 0.5), plain(), vec![(0, one), (0, one), (1, one)]);
    let outcomes: Vec<_> = outcome.observer.signals.iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(outcomes, [Ok(0), Err(Refusal::AlreadyWaiting), Ok(1)]);
    assert_eq!((outcome.run.rejected, outcome.run.trades.len()), (1, 2));
}

#[test]
fn with_exits_first_a_bar_that_closes_a_position_may_open_the_next() {
    let bars = [CALM, CALM, [100.0, 101.0, 90.0, 95.0], [95.0, 96.0, 94.0, 95.0], CALM];
    let stop = Level::Distance(5.0);
    let lines = vec![(0, buy(stop, Level::Absent)), (2, buy(stop, Level::Absent))];
    for (step_order, trades) in [("\"exits_first\"", 2), ("\"strategy_first\"", 1)] {
        let settings = with(plain(), &[("step_order", step_order)]);
        let mut case = case(market(&bars, 0.5), settings, lines.clone());
        // Speaks only while flat.
        case.strategies[0].by_position = true;
        let outcome = case.run(Clock::EveryBar).expect("runs");
        assert_eq!(outcome.run.trades.len(), trades, "{step_order}");
    }
}

#[test]
fn distances_are_counted_from_the_fill_after_slippage() {
    let settings = with(plain(), &[("slippage", r#"{"fixed_pips": 2, "random_pips": 0}"#)]);
    let bars = [CALM, [100.0, 100.5, 99.0, 100.0], [100.0, 101.0, 97.0, 98.0]];
    let outcome =
        run(market(&bars, 0.5), settings, vec![(0, buy(Level::Distance(4.0), Level::Distance(6.0)))]);
    let trade = only(&outcome);
    assert_eq!(
        (trade.entry_price, trade.initial_stop_loss, trade.initial_take_profit),
        (102.5, Some(98.5), Some(108.5))
    );
    assert_eq!(trade.exit_price, 96.5, "the stop slips against the position");
    assert_eq!((trade.costs.slippage, trade.costs.spread), (4.0, 0.5));
}

#[test]
fn a_size_from_risk_needs_a_stop_and_says_what_to_set() {
    let lines = vec![(0, buy(Level::Absent, Level::Absent))];
    for settings in
        [with(plain(), &[("sizing", "\"lot_sizer\"")]), with(plain(), &[("pnl_mode", "\"risk_multiple\"")])]
    {
        let error =
            case(market(&[CALM; 3], 0.5), settings, lines.clone()).run(Clock::Skipping).expect_err("no stop");
        assert!(error.to_string().contains("\"fixed_lots\""), "{error}");
    }
}

#[test]
fn without_a_stop_r_is_undefined() {
    let outcome = run(market(&[CALM; 3], 0.5), plain(), vec![(0, buy(Level::Absent, Level::Absent))]);
    assert_eq!((only(&outcome).r_multiple, only(&outcome).reason), (None, CloseReason::EndOfData));
}

#[test]
fn delayed_orders_and_exits_fill_that_many_bars_later() {
    let bars: Vec<[f64; 4]> = (0..8).map(|i| [100.0 + f64::from(i), 108.0, 90.0, 100.0]).collect();
    let settings = with(plain(), &[("order_delay_bars", "2")]);
    let lines = vec![(0, buy(Level::Absent, Level::Absent)), (3, Line::Close)];
    let outcome = run(market(&bars, 0.5), settings.clone(), lines);
    let trade = only(&outcome);
    assert_eq!((trade.entry_time, trade.exit_time), (at(3), at(6)));
    let limit = order(Direction::Long, OrderType::Limit, 99.0, Level::Absent, Level::Absent);
    let pending = run(market(&bars, 0.5), settings, vec![(0, limit)]);
    assert_eq!(only(&pending).trigger_time, at(3));
}

#[test]
fn news_and_session_keep_the_strategy_silent() {
    let line = buy(Level::Absent, Level::Absent);
    let lines = vec![(0, line), (1, line), (2, line)];
    let mut blocked = case(market(&[CALM; 5], 0.5), plain(), lines.clone());
    blocked.news = vec![Some(Arc::from([0b011_u64]))];
    let outcome = blocked.run(Clock::EveryBar).expect("runs");
    assert_eq!(outcome.observer.signals.len(), 1, "only the third row is free");
    // The gate of a bar is its close: 20:15, 20:30, 20:45.
    let settings = with(plain(), &[("session", r#"{"fixed_times": [["20:30", "20:44"]]}"#)]);
    assert_eq!(run(market(&[CALM; 5], 0.5), settings, lines).observer.signals.len(), 1);
}

#[test]
fn pending_orders_expire_at_the_end_of_their_last_bar() {
    let limit = order(Direction::Long, OrderType::Limit, 50.0, Level::Absent, Level::Absent);
    let settings = with(plain(), &[("pending_ttl_bars", "2")]);
    let dip = [100.0, 101.0, 49.0, 100.0];
    let filled = run(market(&[CALM, CALM, dip, CALM], 0.5), settings.clone(), vec![(0, limit)]);
    assert_eq!((filled.run.expired, filled.run.trades.len()), (0, 1));
    let expired = run(market(&[CALM, CALM, CALM, dip], 0.5), settings, vec![(0, limit)]);
    assert_eq!((expired.run.expired, expired.run.trades.len()), (1, 0));
}

#[test]
fn an_account_without_cash_takes_no_new_signals() {
    let bars = [CALM, CALM, [100.0, 100.0, 40.0, 50.0], CALM, CALM];
    let lines =
        vec![(0, buy(Level::Distance(20.0), Level::Absent)), (3, buy(Level::Distance(20.0), Level::Absent))];
    for (halt, trades) in [("true", 1), ("false", 2)] {
        let settings = with(plain(), &[("initial_balance", "10"), ("halt_on_ruin", halt)]);
        let outcome = run(market(&bars, 0.5), settings, lines.clone());
        assert_eq!((outcome.run.trades.len(), outcome.run.ruined), (trades, true), "{halt}");
        let refused = outcome.observer.signals.iter().filter(|(_, o)| *o == Err(Refusal::Ruined)).count();
        assert_eq!(refused, 2 - trades);
    }
}
