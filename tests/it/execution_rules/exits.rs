//! How a bar, finer bars or a signal end a position.

use std::sync::Arc;

use omega_sweep::engine::{Clock, Outcome};
use omega_sweep::strategy::Level;
use omega_sweep::types::{CloseReason, Direction, OrderType, Timeframe};

use super::super::engine_cases::{Line, Recorder};
use super::{CALM, at, buy, case, market, only, order, plain, run, series, with};

#[test]
fn a_spread_wider_than_the_stop_closes_at_once_at_the_open() {
    let outcome = run(market(&[CALM; 3], 4.0), plain(), vec![(0, buy(Level::Distance(3.0), Level::Absent))]);
    let trade = only(&outcome);
    assert_eq!((trade.entry_price, trade.exit_price), (104.0, 100.0));
    assert_eq!((trade.reason, trade.exit_time), (CloseReason::StopLoss, at(1)));
    // Without the rule the level itself is tested against the range.
    let settings = with(plain(), &[("open_first", "false"), ("gap_fills", "false")]);
    let level = run(market(&[CALM; 3], 4.0), settings, vec![(0, buy(Level::Distance(3.0), Level::Absent))]);
    assert_eq!(only(&level).exit_price, 101.0);
}

#[test]
fn an_order_gapped_over_is_held_from_the_open_of_its_bar() {
    let bars = [CALM, [110.0, 111.0, 109.0, 110.0], CALM];
    let stop = order(Direction::Long, OrderType::Stop, 105.0, Level::Distance(2.0), Level::Absent);
    let outcome = run(market(&bars, 4.0), plain(), vec![(0, stop)]);
    let trade = only(&outcome);
    assert_eq!(
        (trade.entry_price, trade.exit_price),
        (114.0, 110.0),
        "the open, and the open of the other side"
    );
}

#[test]
fn an_exit_signal_closes_at_the_next_open_or_at_the_close_of_its_bar() {
    let bars = [CALM, CALM, [100.0, 101.0, 99.0, 98.5], [97.0, 98.0, 96.0, 97.0]];
    let lines = vec![(0, buy(Level::Absent, Level::Absent)), (2, Line::Close)];
    let next = run(market(&bars, 0.5), plain(), lines.clone());
    let trade = only(&next);
    assert_eq!((trade.exit_price, trade.exit_time, trade.reason), (97.0, at(3), CloseReason::Signal));
    let settings = with(plain(), &[("market_fill", "\"signal_price\"")]);
    let now = run(market(&bars, 0.5), settings, lines);
    assert_eq!((only(&now).exit_price, only(&now).exit_time), (98.5, at(2)));
}

#[test]
fn an_exit_signal_for_a_position_that_is_gone_is_ignored() {
    let bars = [CALM, CALM, [100.0, 101.0, 90.0, 92.0], CALM];
    let lines = vec![(0, buy(Level::Distance(5.0), Level::Absent)), (1, Line::Close), (2, Line::Close)];
    let settings = with(plain(), &[("order_delay_bars", "1")]);
    let outcome = run(market(&bars, 0.5), settings, lines);
    assert_eq!((only(&outcome).reason, only(&outcome).exit_time), (CloseReason::StopLoss, at(2)));
}

#[test]
fn a_bar_with_both_levels_is_reported_with_its_worst_and_best_end() {
    let bars = [CALM, CALM, [100.0, 110.0, 90.0, 100.0], CALM];
    let lines = vec![(0, buy(Level::Distance(5.0), Level::Distance(6.0)))];
    for (both_hit, net) in [("\"pessimistic\"", -5.0), ("\"optimistic\"", 6.0), ("\"open_distance\"", -5.0)] {
        let settings = with(plain(), &[("both_hit", both_hit)]);
        let outcome = run(market(&bars, 0.5), settings, lines.clone());
        assert!(only(&outcome).ambiguous);
        assert_eq!(only(&outcome).result, net, "{both_hit}");
        let run = &outcome.run;
        assert_eq!(
            (run.ambiguous_exits, run.profit_net_worst, run.profit_net_best),
            (Some(1.0), Some(-5.0), Some(6.0))
        );
    }
}

#[test]
fn the_end_that_was_not_taken_pays_its_own_slippage_and_fee() {
    let bars = [CALM, CALM, [100.0, 110.0, 90.0, 100.0], CALM];
    let settings = with(
        plain(),
        &[
            ("slippage", r#"{"fixed_pips": 1, "random_pips": 0}"#),
            ("costs", r#"{"kind": "legacy_fee", "per_million": 10000}"#),
        ],
    );
    let outcome =
        run(market(&bars, 0.5), settings, vec![(0, buy(Level::Distance(5.0), Level::Distance(6.0)))]);
    // Entry 101.5; stop 96.5 slips to 95.5, target 107.5 does not slip; fees are one per cent of the price.
    let fee = |price: f64| price / 1e6 * 10_000.0;
    let worst = (95.5 - 101.5) - (fee(101.5) + fee(95.5));
    let best = (107.5 - 101.5) - (fee(101.5) + fee(107.5));
    assert_eq!((outcome.run.profit_net_worst, outcome.run.profit_net_best), (Some(worst), Some(best)));
}

/// The case of both levels in one quarter of an hour, with its minutes.
fn with_minutes(minutes: &[[f64; 4]], lines: Vec<(usize, Line)>) -> Outcome<Recorder> {
    let bars = [CALM, CALM, [100.0, 110.0, 90.0, 100.0], CALM];
    let settings = with(plain(), &[("detail_timeframe", "\"M1\"")]);
    let case = case(market(&bars, 0.5), settings, lines);
    let mut finer = vec![CALM; 30];
    finer.extend_from_slice(minutes);
    let inputs = case.inputs().with_detail(vec![Some(Arc::new(series(Timeframe::M1, &finer, 0.5)))]);
    case.engine(&inputs, Clock::Skipping, case.draws(), Recorder::default())
        .expect("runs")
        .run()
        .expect("runs")
}

#[test]
fn finer_bars_decide_which_level_came_first() {
    let lines = || vec![(0, buy(Level::Distance(5.0), Level::Distance(6.0)))];
    let up = [CALM, [101.0, 110.0, 101.0, 108.0], [108.0, 108.0, 90.0, 100.0]];
    let outcome = with_minutes(&up, lines());
    assert_eq!((only(&outcome).exit_price, only(&outcome).ambiguous), (106.5, false));
    let down = [CALM, [101.0, 101.0, 90.0, 91.0], [91.0, 110.0, 91.0, 100.0]];
    assert_eq!(only(&with_minutes(&down, lines())).exit_price, 95.5);
    let jump = [CALM, [94.0, 96.0, 90.0, 91.0]];
    assert_eq!(
        only(&with_minutes(&jump, lines())).exit_price,
        94.0,
        "a finer bar that opens beyond the stop"
    );
    for undecided in [&[][..], &[CALM, [100.0, 110.0, 90.0, 100.0]][..]] {
        let outcome = with_minutes(undecided, lines());
        assert_eq!((only(&outcome).exit_price, only(&outcome).ambiguous), (95.5, true));
    }
}

#[test]
fn finer_bars_show_whether_a_level_was_reached_before_the_fill() {
    let limit = order(Direction::Long, OrderType::Limit, 95.0, Level::Distance(20.0), Level::Price(108.0));
    // The high comes before the fill: no exit on this bar, the position is open at the end.
    let before = [[100.0, 110.0, 100.0, 100.0], [100.0, 100.0, 90.0, 100.0]];
    let outcome = with_minutes(&before, vec![(1, limit)]);
    assert_eq!(only(&outcome).reason, CloseReason::EndOfData);
    let after = [[100.0, 100.0, 90.0, 100.0], [100.0, 110.0, 100.0, 100.0]];
    let outcome = with_minutes(&after, vec![(1, limit)]);
    assert_eq!((only(&outcome).reason, only(&outcome).exit_price), (CloseReason::TakeProfit, 108.0));
}
