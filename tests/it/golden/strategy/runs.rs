//! Whole recorded runs: every trade, fee and the final cash.

use std::sync::Arc;

use omega_sweep::cache::CachePlan;
use omega_sweep::data::symbol::SymbolTable;
use omega_sweep::data::{BarSeries, MultiSymbolData, PriceColumns};
use omega_sweep::engine::{Clock, EngineInputs, EngineSettings, Registry, RunRequest, TrialRun, WindowEnd};
use omega_sweep::types::{MasterSeed, ParamValue, StepRange, Timestamp, Trial, TrialId};
use serde_json::Value;

use super::{alignment, assembled, close_to, load, news_blocks, params, timeframes};

/// The bars of `[from, to]`, both ends included.
fn cut(bars: &BarSeries, from: i64, to: i64) -> BarSeries {
    let rows = bars.times().partition_point(|&t| t < from)..bars.times().partition_point(|&t| t <= to);
    let side = |side: &PriceColumns| {
        let column = |column: &[f64]| column[rows.clone()].to_vec();
        Arc::new(PriceColumns {
            open: column(&side.open),
            high: column(&side.high),
            low: column(&side.low),
            close: column(&side.close),
        })
    };
    let volume = bars.volume()[rows.clone()].to_vec();
    let times = bars.times()[rows.clone()].to_vec();
    BarSeries::new(bars.timeframe(), times, side(bars.bid()), side(bars.ask()), volume)
}

fn date(value: &Value) -> i64 {
    Timestamp::parse_iso(value.as_str().unwrap()).unwrap().0
}

/// The market as the recorded run loaded it.
fn run_market(case: &Value) -> MultiSymbolData {
    let config = &case["config"];
    let file = load("strategy", &format!("data_{}.json", case["data"].as_str().unwrap()));
    let (primary, higher) = timeframes(&file);
    let longest = higher.iter().map(BarSeries::timeframe).max().unwrap();
    let from = date(&config["start_date"]) - config["warmup_bars"].as_i64().unwrap() * longest.micros();
    let to = date(&config["end_date"]);
    let mut table = serde_json::Map::new();
    let mut entry = case["symbol_spec"].clone();
    entry.as_object_mut().unwrap().remove("profit_currency");
    table.insert(config["symbol"].as_str().unwrap().to_owned(), entry);
    let table = SymbolTable::from_json(&Value::Object(table)).unwrap();
    let spec = table.lookup(config["symbol"].as_str().unwrap(), false).unwrap();
    let higher = higher.iter().map(|bars| cut(bars, from, to)).collect();
    assembled(spec, cut(&primary, from, to), higher, alignment(&config["timestamp_alignment"]))
}

fn run_settings(case: &Value) -> EngineSettings {
    let config = &case["config"];
    let costs = &case["execution_costs"]["defaults"];
    let mut commission = serde_json::Map::new();
    for key in ["schema", "per_lot", "side", "min_fee", "fee_ccy"] {
        if !costs[key].is_null() {
            commission.insert(key.to_owned(), costs[key].clone());
        }
    }
    let mut settings = EngineSettings::reference();
    let mut set = |key: &str, value: &Value| settings.apply(key, &ParamValue::from_json(value)).unwrap();
    for key in ["initial_balance", "risk_per_trade", "account_currency"] {
        set(key, &config[key]);
    }
    for key in ["cooldown_candles", "cooldown_minutes", "cooldown_minutes_trade"] {
        if !config[key].is_null() {
            set(key, &config[key]);
        }
    }
    set("rates", &config["rates_static"]);
    set("session", &config["session_filter"]);
    set("slippage", &costs["slippage"]);
    set("costs", &serde_json::json!({"kind": "commission", "defaults": commission}));
    set("alignment.entry_timestamp_mode", &config["timestamp_alignment"]["entry_timestamp_mode"]);
    settings
}

/// Checks one recorded run under one clock; returns its number of trades.
fn check_run(file: &str, clock: Clock) -> usize {
    let case = load("strategy", file);
    let data = Arc::new(run_market(&case));
    let mut given = case["params"].clone();
    given["use_position_manager"] = case["effective_position_manager"].clone();
    let trial = Trial { id: TrialId(0), params: params(&given).unwrap() };
    let runner = Registry::builtin().find("mean_reversion_z_score").unwrap();
    let mut plan = CachePlan::default();
    runner.plan(&trial, &data, &mut plan).unwrap();
    let cache = Arc::new(omega_sweep::cache::build(&plan, &data, None, None).unwrap());
    let mut symbol = case.clone();
    symbol["symbol"] = case["config"]["symbol"].clone();
    let closed = (0..data.steps()).filter(|&step| news_blocks(&symbol, &data, step));
    let mut news = vec![0_u64; data.steps().div_ceil(64)];
    closed.for_each(|step| news[step / 64] |= 1 << (step % 64));
    let inputs = EngineInputs::new(Arc::clone(&data), cache, Arc::new(run_settings(&case)), MasterSeed(1))
        .with_news(vec![Some(news.into())]);
    let start = data.step_at(Timestamp(date(&case["config"]["start_date"])));
    let request = RunRequest {
        window: StepRange { start, end: data.steps() },
        fold: 0,
        repeat: 0,
        random_id: TrialId(0),
        clock,
        window_end: WindowEnd::EndOfRun,
    };
    let run = runner.run(&inputs, &request, &trial).unwrap();
    compare_run(file, &run, &case);
    run.trades.len()
}

fn compare_run(file: &str, run: &TrialRun, case: &Value) {
    let expected = case["trades"].as_array().unwrap();
    assert_eq!(run.trades.len(), expected.len(), "{file}");
    for (number, (trade, want)) in run.trades.iter().zip(expected).enumerate() {
        let what = format!("{file}, trade {number}");
        let millis = |name: &str| want[name].as_i64().unwrap() * 1000;
        assert_eq!(trade.entry_time.0, millis("entry_time"), "{what}");
        assert_eq!(trade.exit_time.0, millis("exit_time"), "{what}");
        assert_eq!(trade.direction.as_str(), want["direction"].as_str().unwrap(), "{what}");
        assert_eq!(trade.scenario, want["scenario"].as_str(), "{what}");
        assert_eq!(trade.reason.as_str(), want["reason"].as_str().unwrap(), "{what}");
        let near = |found: f64, name: &str, tolerance| {
            close_to(found, want[name].as_f64().unwrap(), tolerance, &format!("{what}, {name}"));
        };
        near(trade.entry_price, "entry_price", 1e-9);
        near(trade.exit_price, "exit_price", 1e-9);
        near(trade.stop_loss.unwrap(), "stop_loss", 1e-9);
        near(trade.take_profit.unwrap(), "take_profit", 1e-9);
        near(trade.size, "size", 1e-9);
        near(trade.entry_fee, "entry_fee", 1e-9);
        near(trade.exit_fee, "exit_fee", 1e-9);
        near(trade.result, "result", 1e-6);
        near(trade.r_multiple.unwrap(), "r_multiple", 1e-6);
    }
    close_to(run.final_cash, case["final_cash"].as_f64().unwrap(), 1e-6, file);
    assert_eq!(run.still_open as usize, case["open_at_end"].as_array().unwrap().len(), "{file}");
}

#[test]
fn whole_runs_give_the_recorded_trades_under_both_clocks() {
    let runs = [
        ("e2e_h1_s1_timeout.json", 80),
        ("e2e_h1_s4_close_mode.json", 8),
        ("e2e_m30_all.json", 132),
        ("e2e_m30_s6.json", 28),
        ("e2e_m5_s12_no_session.json", 61),
        ("e2e_m5_s12_session.json", 53),
        ("e2e_m5_s3_costs.json", 42),
    ];
    for (file, trades) in runs {
        assert_eq!(check_run(file, Clock::EveryBar), trades, "{file}");
        assert_eq!(check_run(file, Clock::Skipping), trades, "{file}");
    }
}
