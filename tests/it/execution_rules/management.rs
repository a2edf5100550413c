//! Holding time, break-even, trailing, the own hand.

use omega_sweep::engine::Clock;
use omega_sweep::strategy::{Level, PositionAction};
use omega_sweep::types::{CloseReason, Direction, OrderType};

use super::super::engine_cases::Line;
use super::{CALM, at, buy, case, market, only, order, plain, run, with};

#[test]
fn break_even_moves_the_stop_once_and_from_the_next_bar_on() {
    let settings = with(plain(), &[("management", r#"{"be_trigger_r": 1, "be_offset_pips": 0.5}"#)]);
    // Entry 100.5, stop 95.5: at a close of 105.5 the stop goes to 101; the low of that very bar does not count.
    let bars = [CALM, [100.0, 106.0, 99.0, 105.5], [105.5, 106.0, 104.0, 105.5], [105.5, 106.0, 99.0, 100.0]];
    let outcome = run(market(&bars, 0.5), settings, vec![(0, buy(Level::Distance(5.0), Level::Absent))]);
    let trade = only(&outcome);
    assert_eq!(
        (trade.exit_price, trade.reason, trade.exit_time),
        (101.0, CloseReason::BreakEvenStopLoss, at(3))
    );
    assert_eq!(
        (trade.initial_stop_loss, trade.r_multiple),
        (Some(95.5), Some(0.1)),
        "R keeps the initial stop"
    );
}

#[test]
fn a_trailing_stop_follows_only_upwards_and_never_beyond_the_price() {
    let settings = with(plain(), &[("management", r#"{"trail_start_r": 1, "trail_distance_r": 0.5}"#)]);
    let bars =
        [CALM, [100.0, 110.0, 99.0, 110.0], [110.0, 112.0, 109.0, 109.0], [109.0, 109.0, 100.0, 101.0]];
    let outcome = run(market(&bars, 0.5), settings, vec![(0, buy(Level::Distance(5.0), Level::Absent))]);
    // 110 - 0.5 * 5; the close of 109 would loosen it.
    assert_eq!((only(&outcome).exit_price, only(&outcome).exit_time), (107.5, at(3)));
}

#[test]
fn a_short_trails_downwards() {
    let settings = with(plain(), &[("management", r#"{"trail_distance_r": 1}"#)]);
    let bars = [CALM, [100.0, 100.0, 80.0, 80.0], [80.0, 95.0, 80.0, 90.0], CALM];
    let line = order(Direction::Short, OrderType::Market, 0.0, Level::Distance(5.0), Level::Absent);
    let outcome = run(market(&bars, 0.5), settings, vec![(0, line)]);
    assert_eq!((only(&outcome).exit_price, only(&outcome).reason), (85.5, CloseReason::BreakEvenStopLoss));
}

#[test]
fn a_timeout_is_counted_from_the_fill_and_pays_its_costs() {
    let settings = with(
        plain(),
        &[
            ("management.max_holding_minutes", "30"),
            ("slippage", r#"{"fixed_pips": 1, "random_pips": 0}"#),
            ("costs", r#"{"kind": "commission", "defaults": {"schema": "per_lot", "per_lot": 2}}"#),
        ],
    );
    let outcome = run(market(&[CALM; 6], 0.5), settings, vec![(0, buy(Level::Absent, Level::Absent))]);
    let trade = only(&outcome);
    assert_eq!((trade.exit_time, trade.exit_price, trade.reason), (at(3), 99.0, CloseReason::Timeout));
    assert_eq!((trade.entry_fee, trade.exit_fee), (2.0, 2.0));
}

#[test]
fn the_strategys_own_hand_moves_and_closes() {
    let mut case =
        case(market(&[CALM; 6], 0.5), plain(), vec![(0, buy(Level::Distance(50.0), Level::Absent))]);
    case.strategies[0].hands = vec![
        (2, PositionAction::Move { stop_loss: Some(60.0), take_profit: Some(140.0) }),
        (3, PositionAction::Close),
    ];
    let outcome = case.run(Clock::Skipping).expect("runs");
    let trade = only(&outcome);
    assert_eq!(
        (trade.stop_loss, trade.take_profit, trade.reason),
        (Some(60.0), Some(140.0), CloseReason::Signal)
    );
    assert_eq!((trade.exit_time, trade.exit_price), (at(3), 100.0));
}

#[test]
fn steps_in_position_are_those_that_end_with_an_open_position() {
    let lines = vec![(0, buy(Level::Absent, Level::Absent)), (3, Line::Close)];
    for clock in [Clock::EveryBar, Clock::Skipping] {
        let outcome = case(market(&[CALM; 8], 0.5), plain(), lines.clone()).run(clock).expect("runs");
        assert_eq!((outcome.run.bars, outcome.run.bars_in_position), (8, 3));
    }
}
