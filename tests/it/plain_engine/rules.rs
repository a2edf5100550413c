//! The rules no vector covers (9a, 9b, 8.1), on a handful of bars with numbers worked out by hand.
//!
//! Prices are small multiples of 0.25, so every sum is exact: one lot, contract size 1, pip 1, no costs unless stated.

use serde_json::{Value, json};

use super::account::Reason;
use super::input::Case;
use super::outcome::Outcome;
use super::run::run;

const BAR: i64 = 900_000_000;

/// A bar with bid `[open, high, low, close]` and the ask `spread` above it.
fn bar(number: i64, [open, high, low, close]: [f64; 4], spread: f64) -> Value {
    json!([number * BAR, open, high, low, close, open + spread, high + spread, low + spread, close + spread])
}

/// Runs `signals` over `bars` of one symbol under `switches`; one lot, profit by volume.
fn outcome(bars: &[Value], signals: &Value, switches: &Value, overlay: &Value) -> Outcome {
    let mut inputs = json!({
        "engine": "single", "symbols": ["AAABBB"], "timeframe": "M15", "start_time_us": 0,
        "symbol_specs": {"AAABBB": {"contract_size": 1.0, "tick_size": 0.25, "tick_value": 0.25, "pip_size": 1.0,
            "base_currency": "AAA", "quote_currency": "BBB"}},
        "initial_balance": 1000.0, "risk_per_trade": 100.0, "pip_buffer_factor": 0.0,
        "sizing": {"mode": "fixed_lots", "lots": 1.0, "account_currency": "BBB"}, "costs": {"kind": "none"},
        "rates": {}, "slippage": null, "position_manager": null,
        "wrapper": {"cooldown_candles": 0, "cooldown_minutes": 0, "cooldown_minutes_trade": 0,
                    "entry_timestamp_mode": "open"},
        "candles": {"AAABBB": bars}, "signals": signals, "switches": {"pnl_mode": "volume"},
    });
    for (key, value) in switches.as_object().expect("switches") {
        inputs["switches"][key] = value.clone();
    }
    for (key, value) in overlay.as_object().expect("keys") {
        inputs[key] = value.clone();
    }
    run(&Case::from_json(&inputs).expect("a case")).expect("a run")
}

fn market(index: usize, direction: &str, levels: &Value) -> Value {
    let mut signal = json!({"index": index, "symbol": "AAABBB", "type": "market", "direction": direction,
                            "entry": 100.0});
    for (key, value) in levels.as_object().expect("levels") {
        signal[key] = value.clone();
    }
    signal
}

fn close(index: usize) -> Value {
    json!({"index": index, "symbol": "AAABBB", "type": "close"})
}

/// Entry time, entry price, exit time, exit price and reason of the only trade.
fn only_trade(outcome: &Outcome) -> (i64, f64, i64, f64, Reason) {
    assert_eq!(outcome.trades.len(), 1, "{outcome:#?}");
    let trade = &outcome.trades[0];
    let (time, price) = (trade.exit_time_us.expect("closed"), trade.exit_price.expect("closed"));
    (trade.entry_time_us / BAR, trade.entry_price, time / BAR, price, trade.reason.expect("closed"))
}

fn flat(number: i64) -> Value {
    bar(number, [100.0; 4], 1.0)
}

#[test]
fn a_next_open_order_fills_at_the_open_and_may_leave_on_that_bar() {
    let bars = [flat(0), bar(1, [104.0, 106.0, 98.0, 103.0], 1.0), flat(2)];
    let signals = json!([market(0, "long", &json!({"sl": 99.0, "tp": 120.0}))]);
    let outcome = outcome(&bars, &signals, &json!({"market_fill": "next_open"}), &json!({}));
    assert_eq!(only_trade(&outcome), (1, 105.0, 1, 99.0, Reason::StopLoss));
    assert_eq!(outcome.final_balance, 994.0);
}

#[test]
fn a_spread_wider_than_the_stop_closes_at_the_open_of_the_entry_bar() {
    let bars = [flat(0), bar(1, [100.0, 130.0, 90.0, 103.0], 4.0)];
    let signals = json!([market(0, "long", &json!({"sl_distance": 3.0, "tp_distance": 3.0}))]);
    let switches = json!({"market_fill": "next_open", "gap_fills": true, "open_first": true});
    let outcome = outcome(&bars, &signals, &switches, &json!({}));
    assert_eq!(only_trade(&outcome), (1, 104.0, 1, 100.0, Reason::StopLoss));
    assert!(!outcome.trades[0].ambiguous);
}

#[test]
fn an_open_beyond_the_target_takes_it_though_the_bar_falls_to_the_stop() {
    let bars = [flat(0), flat(1), bar(2, [112.0, 113.0, 90.0, 91.0], 1.0)];
    let signals = json!([market(0, "long", &json!({"sl": 95.0, "tp": 110.0}))]);
    let switches = json!({"gap_fills": true, "open_first": true});
    let with = outcome(&bars, &signals, &switches, &json!({}));
    assert_eq!(only_trade(&with), (0, 100.0, 2, 112.0, Reason::TakeProfit));
    let without = outcome(&bars, &signals, &json!({"gap_fills": true}), &json!({}));
    assert_eq!(only_trade(&without), (0, 100.0, 2, 95.0, Reason::StopLoss));
    assert!(without.trades[0].ambiguous);
}

#[test]
fn the_last_signal_stays_unfilled_and_a_second_of_one_bar_is_rejected() {
    let bars = [flat(0), flat(1), flat(2)];
    let levels = json!({"sl": 50.0});
    let signals =
        json!([market(0, "long", &levels), market(0, "short", &levels), market(2, "long", &levels)]);
    let outcome = outcome(&bars, &signals, &json!({"market_fill": "next_open"}), &json!({}));
    assert_eq!(outcome.signals_processed, [(0, true), (1, false), (2, true)]);
    assert_eq!((outcome.rejected_waiting, outcome.unfilled_at_end), (vec![1], vec![2]));
    assert_eq!(outcome.still_open.len(), 1);
}

#[test]
fn a_delay_moves_entries_exits_and_triggers_by_so_many_bars() {
    let open = |number: i64| bar(number, [100.0 + number as f64; 4], 1.0);
    let bars: Vec<Value> = (0..8).map(open).collect();
    let limit = json!({"index": 0, "symbol": "AAABBB", "type": "limit", "direction": "long", "entry": 200.0,
                       "sl": 50.0});
    let signals = json!([market(0, "long", &json!({"sl": 50.0})), limit, close(4)]);
    let switches = json!({"market_fill": "next_open", "order_delay_bars": 1});
    let outcome = outcome(&bars, &signals, &switches, &json!({}));
    let found: Vec<_> = outcome
        .trades
        .iter()
        .map(|t| {
            (t.signal, t.trigger_time_us.map(|t| t / BAR), t.exit_time_us.map(|t| t / BAR), t.exit_price)
        })
        .collect();
    assert_eq!(found, [(0, Some(2), Some(6), Some(106.0)), (1, Some(2), Some(6), Some(106.0))]);
}

#[test]
fn an_exit_signal_closes_at_the_close_or_at_the_next_open() {
    let bars = [flat(0), bar(1, [101.0, 103.0, 101.0, 102.0], 1.0), bar(2, [105.0; 4], 1.0)];
    let signals = json!([market(0, "short", &json!({})), close(1), close(2)]);
    let now = outcome(&bars, &signals, &json!({}), &json!({}));
    assert_eq!(only_trade(&now), (0, 100.0, 1, 103.0, Reason::Signal));
    assert_eq!(now.trades[0].r_multiple, None);
    let later = outcome(&bars, &signals, &json!({"market_fill": "next_open"}), &json!({}));
    assert_eq!(only_trade(&later), (1, 101.0, 2, 106.0, Reason::Signal));
}

#[test]
fn an_adverse_exit_signal_slips_against_the_position() {
    let bars = [flat(0), flat(1)];
    let signals = json!([market(0, "long", &json!({})), close(1)]);
    let slippage = json!({"slippage": {"fixed_pips": 0.5, "random_pips": 0.0}});
    let adverse = outcome(&bars, &signals, &json!({"exit_slippage": "adverse"}), &slippage);
    assert_eq!(only_trade(&adverse), (0, 100.5, 1, 99.5, Reason::Signal));
    let reference = outcome(&bars, &signals, &json!({}), &slippage);
    assert_eq!(only_trade(&reference), (0, 100.5, 1, 100.5, Reason::Signal));
}

#[test]
fn exits_first_frees_the_symbol_for_a_signal_of_the_same_bar() {
    let bars = [flat(0), bar(1, [100.0, 100.0, 90.0, 100.0], 1.0), flat(2)];
    let levels = json!({"sl": 95.0});
    let signals = json!([market(0, "long", &levels), market(1, "long", &levels)]);
    let flat_only = json!({"only_if_flat": true});
    let blocked = outcome(&bars, &signals, &json!({"step_order": "strategy_first"}), &flat_only);
    assert_eq!(blocked.signals_processed, [(0, true)]);
    let freed = outcome(&bars, &signals, &json!({"step_order": "exits_first"}), &flat_only);
    assert_eq!(freed.signals_processed, [(0, true), (1, true)]);
}

#[test]
fn both_hit_decides_between_stop_and_target() {
    let bars = [flat(0), bar(1, [102.0, 110.0, 90.0, 100.0], 1.0)];
    let signals = json!([market(0, "long", &json!({"sl": 95.0, "tp": 108.0}))]);
    let reason = |word: &str| only_trade(&outcome(&bars, &signals, &json!({"both_hit": word}), &json!({}))).4;
    assert_eq!(reason("pessimistic"), Reason::StopLoss);
    assert_eq!(reason("optimistic"), Reason::TakeProfit);
    assert_eq!(reason("open_distance"), Reason::TakeProfit);
    let tie = json!([market(0, "long", &json!({"sl": 96.0, "tp": 108.0}))]);
    let at_tie = outcome(&bars, &tie, &json!({"both_hit": "open_distance"}), &json!({}));
    assert_eq!(only_trade(&at_tie).4, Reason::StopLoss);
}

#[test]
fn break_even_then_trailing_tighten_the_stop_from_the_next_bar_on() {
    let bars = [
        flat(0),
        bar(1, [100.0, 104.0, 96.0, 104.0], 1.0),
        bar(2, [104.0, 112.0, 101.25, 112.0], 1.0),
        bar(3, [112.0, 112.0, 106.0, 107.0], 1.0),
    ];
    let signals = json!([market(0, "long", &json!({"sl": 92.0}))]);
    let manager = json!({"position_manager": {"be_trigger_r": 0.5, "be_offset_pips": 1.0,
                                              "trail_start_r": 1.0, "trail_distance_r": 0.5}});
    // R0 = 8: break-even at 104 puts the stop to 101; 112 starts the trail at 112 - 4.
    let outcome = outcome(&bars, &signals, &json!({}), &manager);
    assert_eq!(only_trade(&outcome), (0, 100.0, 3, 108.0, Reason::BreakEvenStopLoss));
    assert_eq!(outcome.trades[0].r_multiple, Some(1.0));
}

#[test]
fn a_break_even_beyond_the_price_is_refused_and_spent() {
    let bars =
        [flat(0), bar(1, [100.0, 104.0, 100.0, 104.0], 1.0), bar(2, [104.0, 120.0, 104.0, 120.0], 1.0)];
    let signals = json!([market(0, "long", &json!({"sl": 92.0}))]);
    let manager = json!({"position_manager": {"be_trigger_r": 0.5, "be_offset_pips": 12.0}});
    let outcome = outcome(&bars, &signals, &json!({}), &manager);
    assert_eq!(outcome.still_open[0].stop_loss, Some(92.0));
}

#[test]
fn a_pending_order_lives_to_the_end_of_its_last_bar() {
    let bars = [flat(0), flat(1), bar(2, [100.0, 100.0, 90.0, 95.0], 1.0)];
    let limit = json!([{"index": 0, "symbol": "AAABBB", "type": "limit", "direction": "long", "entry": 92.0,
                        "sl": 50.0}]);
    let short = outcome(&bars, &limit, &json!({"pending_ttl_bars": 1}), &json!({}));
    assert_eq!((short.expired, short.still_open.len()), (vec![0], 0));
    let long = outcome(&bars, &limit, &json!({"pending_ttl_bars": 2}), &json!({}));
    assert_eq!((long.expired, long.still_open.len()), (vec![], 1));
}

#[test]
fn a_pending_order_keeps_a_flat_only_script_silent() {
    let bars = [flat(0), flat(1)];
    let limit = json!({"index": 0, "symbol": "AAABBB", "type": "limit", "direction": "long", "entry": 92.0,
                       "sl": 50.0});
    let signals = json!([limit, market(1, "long", &json!({"sl": 50.0}))]);
    let outcome = outcome(&bars, &signals, &json!({}), &json!({"only_if_flat": true}));
    assert_eq!(outcome.signals_processed, [(0, true)]);
}

#[test]
fn exactly_the_minimum_lot_is_accepted() {
    let accepted = |lots: f64| {
        let sizing = json!({"sizing": {"mode": "fixed_lots", "lots": lots, "account_currency": "BBB"}});
        let signals = json!([market(0, "long", &json!({"sl": 50.0}))]);
        outcome(&[flat(0)], &signals, &json!({"min_lot_policy": "reject"}), &sizing).signals_processed[0].1
    };
    assert!(accepted(0.01));
    assert!(!accepted(0.0099));
}

#[test]
fn the_end_of_data_closes_at_the_last_close_and_replaces_the_last_point() {
    let bars = [flat(0), bar(1, [100.0, 100.0, 97.0, 97.0], 1.0)];
    let signals = json!([market(0, "long", &json!({"sl": 50.0}))]);
    let switches = json!({"end_of_run": "close_at_last"});
    let outcome = outcome(&bars, &signals, &switches, &json!({}));
    assert_eq!(only_trade(&outcome), (0, 100.0, 1, 97.0, Reason::EndOfData));
    assert_eq!(outcome.equity_per_bar, [(0, 1000.0), (BAR, 997.0)]);
}

#[test]
fn a_session_window_is_inclusive_and_wraps_midnight() {
    let bars: Vec<Value> = (0..96).map(flat).collect();
    let signals: Vec<Value> = (0..96).map(|i| market(i, "long", &json!({"sl": 50.0}))).collect();
    let said = |windows: &Value| {
        let overlay = json!({"wrapper": {"cooldown_candles": 0, "cooldown_minutes": 0,
            "cooldown_minutes_trade": 0, "entry_timestamp_mode": "open", "session_windows": windows}});
        let outcome = outcome(&bars, &json!(signals), &json!({}), &overlay);
        outcome.signals_processed.iter().map(|(number, _)| *number).collect::<Vec<_>>()
    };
    // The gate time of bar i is (i + 1) quarter hours.
    assert_eq!(said(&json!([[30, 60]])), [1, 2, 3]);
    assert_eq!(said(&json!([[1410, 15]])), [0, 93, 94, 95]);
}
