//! Financing, margin, items of cost, missing rates.

use omega_sweep::engine::check_rates;
use omega_sweep::execution::Refusal;
use omega_sweep::strategy::Level;
use omega_sweep::types::{CloseReason, Direction, OrderType};

use super::{CALM, at, buy, market, only, order, plain, run, with};

#[test]
fn swap_is_charged_at_the_first_bar_from_17_new_york_on_and_three_times_on_its_day() {
    // 20:00 UTC on Tuesday to 22:30 on Wednesday; the day rolls at 22:00 UTC in winter.
    let bars = vec![CALM; 4 * 26 + 3];
    let settings = with(plain(), &[("swap", r#"{"AAAUSD": {"long": 2, "short": -1, "unit": "pips"}}"#)]);
    for (direction, nightly) in [(Direction::Long, 2.0), (Direction::Short, -1.0)] {
        let line = order(direction, OrderType::Market, 0.0, Level::Absent, Level::Absent);
        let outcome = run(market(&bars, 0.5), settings.clone(), vec![(0, line)]);
        let fees: Vec<_> =
            outcome.observer.fees.iter().map(|fee| (fee.kind.as_str(), fee.time, fee.amount)).collect();
        let tuesday = ("swap", at(8), nightly);
        let wednesday = ("swap", at(8 + 96), 3.0 * nightly);
        assert_eq!(fees, [tuesday, wednesday]);
        assert_eq!(only(&outcome).swap, 4.0 * nightly);
        assert_eq!(outcome.run.final_cash, 1000.0 + only(&outcome).result - 4.0 * nightly);
    }
}

#[test]
fn a_position_opened_at_the_rollover_is_not_charged_for_it() {
    let settings = with(
        plain(),
        &[(
            "swap",
            r#"{"AAAUSD": {"long": 5, "short": 5, "unit": "money_per_lot"}, "triple_day": "monday"}"#,
        )],
    );
    let line = buy(Level::Absent, Level::Absent);
    let late = run(market(&[CALM; 12], 0.5), settings.clone(), vec![(7, line)]);
    assert_eq!(only(&late).swap, 0.0);
    let held = run(market(&[CALM; 12], 0.5), settings, vec![(6, line)]);
    assert_eq!(only(&held).swap, 5.0);
}

#[test]
fn margin_refuses_what_the_account_cannot_carry() {
    // A lot costs about 100 of margin at leverage 1; the account has 250.
    let settings =
        with(plain(), &[("initial_balance", "250"), ("margin", r#"{"leverage": 1, "stop_out": 0}"#)]);
    let line = buy(Level::Absent, Level::Absent);
    let outcome = run(market(&[CALM; 6], 0.5), settings, vec![(0, line), (1, line), (2, line)]);
    assert_eq!(outcome.observer.gone, [(2, Some(Refusal::Margin))]);
    assert_eq!((outcome.run.trades.len(), outcome.run.rejected), (2, 1));
}

#[test]
fn a_stop_out_closes_everything_in_the_order_of_opening() {
    let fall = [40.0, 41.0, 39.0, 40.0];
    let bars = [CALM, CALM, CALM, fall, fall];
    let settings =
        with(plain(), &[("initial_balance", "250"), ("margin", r#"{"leverage": 1, "stop_out": 0.9}"#)]);
    let line = buy(Level::Absent, Level::Absent);
    let outcome = run(market(&bars, 0.5), settings, vec![(0, line), (1, line)]);
    let ends: Vec<_> =
        outcome.run.trades.iter().map(|t| (t.number, t.reason, t.exit_time, t.exit_price)).collect();
    assert_eq!(ends, [(0, CloseReason::StopOut, at(3), 40.0), (1, CloseReason::StopOut, at(3), 40.0)]);
    let last = outcome.run.curve.last().expect("a curve");
    assert_eq!((last.step, last.equity), (3, 250.0 - 2.0 * 60.5));
}

#[test]
fn the_cost_multiplier_is_the_factor_on_all_costs_that_leaves_nothing() {
    let bars = [CALM, CALM, [108.0, 109.0, 107.0, 108.0]];
    let settings = with(
        plain(),
        &[("costs", r#"{"kind": "commission", "defaults": {"schema": "per_lot", "per_lot": 0.75}}"#)],
    );
    let outcome = run(market(&bars, 0.5), settings, vec![(0, buy(Level::Absent, Level::Absent))]);
    let trade = only(&outcome);
    // Mid to mid 8; half a point of spread and 1.5 of commission.
    assert_eq!((trade.costs.spread, trade.costs.commission, trade.result), (0.5, 1.5, 7.5));
    assert_eq!(outcome.run.break_even_cost_multiplier, Some(8.0 / 2.0));
}

#[test]
fn a_missing_rate_is_found_at_load_and_the_line_to_add_is_shown() {
    let settings = with(plain(), &[("rates", "{}"), ("account_currency", "\"EUR\"")]);
    let error = check_rates(&settings, &market(&[CALM; 2], 0.5)).expect_err("no rate").to_string();
    assert_eq!(
        error,
        "AAAUSD: no rate from USD to EUR: add \"rates\": {\"USDEUR\": <mid rate>} to strategy.engine"
    );
}
