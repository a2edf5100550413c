//! The unit vectors (triggers, single exit phases, sizing, costs, draws) through the plain model, every float exactly.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::golden;
use super::account::{Position, Status};
use super::costs::{Draws, FeeSide, fee, fx, legacy_fee, slip};
use super::input::{Case, Direction};
use super::market::Bar;
use super::pending::is_triggered;
use super::run::{Run, run};
use super::sizing::{fixed_lots, lot_sizer_lots, tick_value_lots};

/// A run of one symbol with one signal, which other keys of a vector overlay.
fn case(specs: &Value, symbol: &str, overlay: &Value) -> Case {
    let mut inputs = json!({
        "engine": "single", "symbols": [symbol], "symbol_specs": specs, "timeframe": "M15",
        "start_time_us": 0, "initial_balance": 10000.0, "risk_per_trade": 100.0, "pip_buffer_factor": 0.5,
        "sizing": {"mode": "tick_value"}, "costs": {"kind": "none"}, "rates": {}, "slippage": null,
        "wrapper": {"cooldown_candles": 0, "cooldown_minutes": 0, "cooldown_minutes_trade": 0,
                    "entry_timestamp_mode": "open"},
        "position_manager": null,
        "candles": {symbol: [[0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]]}, "signals": [],
    });
    for (key, value) in overlay.as_object().expect("an object") {
        inputs[key] = value.clone();
    }
    Case::from_json(&inputs).expect("a whole case")
}

fn order(inputs: &Value) -> Value {
    json!({
        "index": 0, "symbol": inputs["symbol"], "type": inputs["order_type"], "direction": inputs["direction"],
        "entry": inputs["entry_price"], "sl": inputs["stop_loss"], "tp": inputs["take_profit"],
    })
}

/// A run whose only order is the vector's position, in the state the vector gives.
fn with_position<'a>(case: &'a Case, given: &Value) -> Run<'a> {
    let mut run = Run::new(case).expect("a run");
    run.process_signal(0, 0).expect("a position");
    let position = &mut run.account.positions[0];
    position.entry_time = given["entry_time_us"].as_i64().expect("a time");
    position.trigger_time = given["trigger_time_us"].as_i64();
    position.triggers_from = 0;
    position.entry_price = golden::number(&given["entry_price"]);
    if given["initial_stop_loss"].is_number() {
        position.initial_stop_loss = given["initial_stop_loss"].as_f64();
        position.initial_take_profit = given["initial_take_profit"].as_f64();
    }
    let open = given["status"] == "open";
    position.status = if open { Status::Open } else { Status::Pending };
    position.size = given["size"].as_f64().unwrap_or(0.0);
    position.entry_fee = 0.0;
    run.account.open = if open { vec![0] } else { Vec::new() };
    run.account.cash = case.initial_balance;
    run.account.total_fees = 0.0;
    run
}

fn cases(file: &str) -> (Value, Vec<Value>) {
    let vectors = golden::load("execution", file);
    (vectors["symbol_specs"].clone(), vectors["cases"].as_array().expect("cases").clone())
}

fn row(symbol: &str, candle: &Value) -> Value {
    json!({ symbol: [candle] })
}

#[test]
fn pending_orders_trigger_as_recorded() {
    let (specs, cases) = cases("entry_triggers.json");
    for vector in &cases {
        let inputs = &vector["inputs"];
        let symbol = inputs["symbol"].as_str().expect("a symbol");
        let overlay = json!({"candles": row(symbol, &inputs["candle"]), "signals": [order(inputs)]});
        let case = case(&specs, symbol, &overlay);
        let run = with_position(&case, inputs);
        let bar = Bar::from_row(&case.candles[symbol][0]);
        let position: &Position = &run.account.positions[0];
        let triggered = position.status == Status::Pending
            && bar.ts > position.entry_time
            && is_triggered(position, &bar);
        assert_eq!(json!(triggered), vector["expected"]["triggered"], "{}", vector["id"]);
    }
    assert_eq!(cases.len(), 100);
}

#[test]
fn one_exit_phase_is_reproduced() {
    let (specs, cases) = cases("exit_checks.json");
    for vector in &cases {
        let inputs = &vector["inputs"];
        let symbol = inputs["position"]["symbol"].as_str().expect("a symbol");
        let mut overlay = inputs.clone();
        overlay["candles"] = row(symbol, &inputs["candle"]);
        overlay["signals"] = json!([order(&inputs["position"])]);
        let case = case(&specs, symbol, &overlay);
        let mut run = with_position(&case, &inputs["position"]);
        run.exit_phase(0, 0).expect("an exit phase");
        let (account, expected) = (&run.account, &vector["expected"]);
        let position = &account.positions[0];
        let wanted = &expected["position"];
        let id = &vector["id"];
        assert_eq!(json!(position.status == Status::Closed), expected["closed"], "{id}");
        assert_eq!(json!(position.reason), wanted["reason"], "{id}");
        assert_eq!(Some(account.cash), expected["cash"].as_f64(), "{id} cash");
        assert_eq!(Some(account.total_fees), expected["total_fees"].as_f64(), "{id} fees");
        for (key, found) in [
            ("entry_price", Some(position.entry_price)),
            ("exit_price", position.exit_price),
            ("size", Some(position.size)),
            ("result", position.result),
            ("r_multiple", position.r_multiple),
            ("stop_loss", position.stop_loss),
            ("initial_stop_loss", position.initial_stop_loss),
            ("initial_take_profit", position.initial_take_profit),
            ("entry_fee", Some(position.entry_fee)),
            ("exit_fee", Some(position.exit_fee)),
        ] {
            assert_eq!(found, wanted[key].as_f64(), "{id} {key}");
        }
        assert_eq!(position.trigger_time, wanted["trigger_time_us"].as_i64(), "{id}");
        assert_eq!(position.exit_time, wanted["exit_time_us"].as_i64(), "{id}");
    }
    assert_eq!(cases.len(), 300);
}

#[test]
fn lots_are_as_recorded() {
    let (specs, cases) = cases("sizing.json");
    for vector in &cases {
        let (inputs, expected, id) = (&vector["inputs"], &vector["expected"], &vector["id"]);
        let symbol = inputs["symbol"].as_str().expect("a symbol");
        let plain = case(&specs, symbol, &json!({}));
        let spec = plain.spec(0);
        let lots = match inputs["kind"].as_str().expect("a kind") {
            "fixed" => fixed_lots(golden::number(&inputs["lots"]), spec),
            "quantize" => tick_value_lots(golden::number(&inputs["raw_lots"]), spec),
            "risk_based" => {
                let spec = spec.expect("a specification");
                let rates: BTreeMap<String, f64> =
                    serde_json::from_value(inputs["rates"].clone()).expect("rates");
                let account = inputs["account_currency"].as_str().expect("a currency");
                let pv = fx(spec.contract_size * spec.pip_size, &spec.quote_currency, account, &rates);
                assert_eq!(pv.is_err(), expected["error"].is_string(), "{id}");
                let Ok(pv) = pv else { continue };
                assert_eq!(Some(pv), expected["pip_value_per_lot"].as_f64(), "{id}");
                let pips = golden::number(&inputs["stop_pips"]);
                let raw =
                    if pips <= 0.0 { 0.0 } else { golden::number(&inputs["risk_amount"]) / (pips * pv) };
                lot_sizer_lots(raw, spec)
            }
            _ => {
                market_open(&specs, symbol, vector);
                continue;
            }
        };
        assert_eq!(Some(lots), expected["lots"].as_f64(), "{id}");
    }
    assert_eq!(cases.len(), 270);
}

fn market_open(specs: &Value, symbol: &str, vector: &Value) {
    let (inputs, expected, id) = (&vector["inputs"], &vector["expected"], &vector["id"]);
    let mut overlay = inputs.clone();
    overlay["signals"] = json!([{
        "index": 0, "symbol": symbol, "type": "market", "direction": inputs["direction"],
        "entry": inputs["entry"], "sl": inputs["stop_loss"], "tp": inputs["take_profit"],
    }]);
    let case = case(specs, symbol, &overlay);
    let outcome = run(&case).expect("a run");
    assert_eq!(json!(!outcome.signals_processed[0].1), expected["rejected"], "{id}");
    if let Some(position) = outcome.still_open.first() {
        assert_eq!(Some(position.entry_price), expected["entry_price"].as_f64(), "{id}");
        assert_eq!(Some(position.size), expected["size"].as_f64(), "{id}");
        assert_eq!(Some(position.entry_fee), expected["entry_fee"].as_f64(), "{id}");
        assert_eq!(Some(outcome.final_balance), expected["cash"].as_f64(), "{id}");
    }
}

#[test]
fn costs_are_as_recorded() {
    let (specs, cases) = cases("costs.json");
    for vector in &cases {
        let (inputs, expected, id) = (&vector["inputs"], &vector["expected"], &vector["id"]);
        let value = |key: &str| golden::number(&inputs[key]);
        let text = |key: &str| inputs[key].as_str().expect("a word");
        let found = match text("kind") {
            "slippage" => {
                let direction: Direction =
                    serde_json::from_value(inputs["direction"].clone()).expect("a word");
                let pips = (value("fixed_pips"), value("random_pips"));
                Ok(slip(value("price"), direction, pips, value("u"), value("pip_size")))
            }
            "legacy_fee" => {
                let contract = inputs["contract_size"].as_f64();
                let (per_million, min_fee) = (value("per_million"), value("min_fee"));
                Ok(legacy_fee(
                    value("lots"),
                    value("price"),
                    contract,
                    value("lot_size"),
                    per_million,
                    min_fee,
                ))
            }
            "fx_convert" => {
                let rates = serde_json::from_value(inputs["rates"].clone()).expect("rates");
                fx(value("amount"), text("from"), text("to"), &rates)
            }
            _ => {
                let overlay = json!({"rates": inputs["rates"], "costs": {
                    "kind": "commission", "account_currency": inputs["account_currency"],
                    "config": inputs["config"], "multiplier": inputs["multiplier"],
                }});
                let side = match text("side") {
                    "entry" => FeeSide::Entry,
                    "exit" => FeeSide::Exit,
                    _ => FeeSide::RoundTrip,
                };
                fee(&case(&specs, text("symbol"), &overlay), 0, side, value("lots"), value("price"))
            }
        };
        let wanted = ["price", "fee", "amount"].iter().find_map(|key| expected[*key].as_f64());
        assert_eq!(found.ok(), wanted, "{id}");
    }
    assert_eq!(cases.len(), 142);
}

#[test]
fn draws_are_as_recorded() {
    for vector in golden::load("execution", "slippage_rng.json")["cases"].as_array().expect("cases") {
        let inputs = &vector["inputs"];
        let word = |key: &str| inputs[key].as_str().expect("digits").parse::<u64>().expect("a number");
        let key = json!({"seed": word("run_seed"), "fold": inputs["fold"], "repeat": inputs["repeat"],
                         "trial": word("trial_id")});
        let slippage = json!({"fixed_pips": 0.0, "random_pips": 1.0, "key": key});
        let draws = |stream: &str| {
            let overlay = json!({"slippage": slippage, "switches": {"slippage_stream": stream}});
            Draws::new(&case(&json!({}), "EURUSD", &overlay))
        };
        let mut sequential = draws("sequential");
        let all: Vec<f64> = (0..200).map(|_| sequential.draw(0, 0, 0).expect("a draw")).collect();
        for row in vector["expected"]["sequential"].as_array().expect("rows") {
            let number = row[0].as_u64().expect("a number");
            assert_eq!(
                Some(all[usize::try_from(number).expect("small")]),
                row[2].as_f64(),
                "{}",
                vector["id"]
            );
        }
        let mut keyed = draws("keyed");
        for row in vector["expected"]["keyed"].as_array().expect("rows") {
            let place = |i: usize| usize::try_from(row[i].as_u64().expect("a number")).expect("small");
            let u = keyed.draw(place(0), place(1), place(2)).expect("a draw");
            assert_eq!(Some(u), row[4].as_f64(), "{} {row}", vector["id"]);
        }
    }
}
