//! Recorded alignment maps, signals and whole runs of the reference strategy (`mean_reversion_z_score.md` section 7).

use std::collections::BTreeMap;
use std::sync::Arc;

use omega_sweep::cache::bitmap::is_set;
use omega_sweep::cache::{CachePlan, IndicatorCache};
use omega_sweep::data::align::{HigherTimes, higher_map, nominal_ends};
use omega_sweep::data::assemble::{HigherBars, SymbolBars, in_memory};
use omega_sweep::data::settings::{AlignmentSettings, EntryTimestampMode};
use omega_sweep::data::symbol::SymbolTable;
use omega_sweep::data::{BarSeries, MultiSymbolData, NO_ROW, PriceColumns, SymbolSpec};
use omega_sweep::engine::{Clock, EngineInputs, EngineSettings, Registry, RunRequest, TrialRun, WindowEnd};
use omega_sweep::strategy::builtin::MeanReversionZScore;
use omega_sweep::strategy::builtin::mean_reversion_z_score::{ChainStatus, MeanReversionBound};
use omega_sweep::strategy::{
    AccountView, BarView, BindContext, Candidates, Level, Signal, Signals, Strategy, StrategyDef,
    TradeSignal, complete,
};
use omega_sweep::types::{
    Direction, MasterSeed, ParamError, ParamSet, ParamValue, StepRange, SymbolId, Timeframe, Timestamp,
    Trial, TrialId,
};
use serde_json::Value;

use super::load;

const SYMBOL: SymbolId = SymbolId(0);

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn columns(side: &Value) -> Arc<PriceColumns> {
    let column = |name: &str| numbers(&side[name]);
    Arc::new(PriceColumns {
        open: column("open"),
        high: column("high"),
        low: column("low"),
        close: column("close"),
    })
}

/// The bars of one timeframe; the ask shares the bid's stamps.
fn bars(timeframe: Timeframe, candles: &Value) -> BarSeries {
    let times: Vec<i64> =
        candles["bid"]["t"].as_array().unwrap().iter().map(|t| t.as_i64().unwrap() * 1000).collect();
    let volume = vec![0.0; times.len()];
    BarSeries::new(timeframe, times, columns(&candles["bid"]), columns(&candles["ask"]), volume)
}

/// Every timeframe of a data file, the primary first.
fn timeframes(data: &Value) -> (BarSeries, Vec<BarSeries>) {
    let primary: Timeframe = data["primary"].as_str().unwrap().parse().unwrap();
    let of = |timeframe: Timeframe| bars(timeframe, &data["timeframes"][timeframe.as_str()]);
    let named = data["timeframes"].as_object().unwrap().keys().map(|name| name.parse().unwrap());
    (of(primary), named.filter(|&timeframe| timeframe != primary).map(of).collect())
}

fn alignment(config: &Value) -> AlignmentSettings {
    AlignmentSettings {
        entry_timestamp_mode: match config["entry_timestamp_mode"].as_str() {
            Some("close") => EntryTimestampMode::Close,
            _ => EntryTimestampMode::Open,
        },
        stale_bar_limit_bars: config["stale_bar_limit_bars"]
            .as_u64()
            .map_or(0, |bars| u32::try_from(bars).unwrap()),
        allow_lookahead: config["use_previous_completed_higher_tf"].as_bool() == Some(false),
    }
}

fn market(name: &str, settings: AlignmentSettings) -> MultiSymbolData {
    let file = load("strategy", &format!("data_{name}.json"));
    let (primary, higher) = timeframes(&file);
    let spec = SymbolTable::default().lookup(file["symbol"].as_str().unwrap(), false).unwrap();
    assembled(spec, primary, higher, settings)
}

fn assembled(
    spec: SymbolSpec,
    primary: BarSeries,
    higher: Vec<BarSeries>,
    settings: AlignmentSettings,
) -> MultiSymbolData {
    let timeframe = primary.timeframe();
    let higher = higher.into_iter().map(HigherBars::from_file).collect();
    in_memory(timeframe, vec![SymbolBars { spec, primary, higher }], settings).unwrap()
}

/// `[[index or -1, count], ...]` as one entry per primary bar.
fn run_lengths(runs: &Value) -> Vec<u32> {
    runs.as_array()
        .unwrap()
        .iter()
        .flat_map(|run| {
            let row = u32::try_from(run[0].as_i64().unwrap()).unwrap_or(NO_ROW);
            std::iter::repeat_n(row, usize::try_from(run[1].as_u64().unwrap()).unwrap())
        })
        .collect()
}

#[test]
fn higher_bars_appear_and_go_stale_as_recorded() {
    let file = load("strategy", "alignment.json");
    let mut maps = 0;
    for case in file["cases"].as_array().unwrap() {
        let data = load("strategy", &format!("data_{}.json", case["data"].as_str().unwrap()));
        let (primary, higher) = timeframes(&data);
        let config = &case["alignment"];
        for (name, runs) in case["maps"].as_object().unwrap() {
            let bars = higher.iter().find(|bars| bars.timeframe().as_str() == name).unwrap();
            let close_stamped = config["higher_tf_timestamps_mode"][name].as_str() == Some("close");
            let ends = if close_stamped { bars.times().to_vec() } else { nominal_ends(bars) };
            let times = HigherTimes { timeframe: bars.timeframe(), opens: bars.times(), ends: &ends };
            let map = higher_map(primary.times(), primary.timeframe(), &times, alignment(config));
            assert_eq!(map, run_lengths(runs), "{name} of {config}");
            maps += 1;
        }
    }
    assert!(maps >= 48, "only {maps} maps");
}

fn params(json: &Value) -> Result<ParamSet, ParamError> {
    let given: Vec<(&str, ParamValue)> = json
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), ParamValue::from_json(value)))
        .collect();
    complete(&MeanReversionZScore::default(), &given)
}

fn bind(data: &MultiSymbolData, params: &ParamSet) -> MeanReversionBound {
    let (def, context) = (MeanReversionZScore::default(), BindContext { data, symbol: SYMBOL });
    let mut plan = CachePlan::default();
    def.plan(params, &context, &mut plan).unwrap();
    let cache: IndicatorCache = omega_sweep::cache::build(&plan, data, None, None).unwrap();
    def.bind(params, &context, &cache).unwrap()
}

/// Every bar evaluated without a position.
fn evaluate(data: &MultiSymbolData, strategy: &mut MeanReversionBound) -> BTreeMap<usize, TradeSignal> {
    let mut said = BTreeMap::new();
    let mut signals = Signals::default();
    for step in 0..data.steps() {
        signals.clear();
        let bar = BarView::at(data, SYMBOL, step).unwrap();
        strategy.evaluate(&bar, &AccountView::new(&[], 0.0, 0.0), &mut signals);
        for signal in signals.as_slice() {
            let Signal::Enter(trade) = signal else { panic!("no exit signals here") };
            assert!(said.insert(step, *trade).is_none(), "two signals at {step}");
        }
    }
    said
}

fn price(level: Level) -> f64 {
    let Level::Price(price) = level else { panic!("not a price: {level:?}") };
    price
}

fn close_to(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} instead of {expected}");
}

/// Checks one signals file; returns how many signals and probes it held.
fn check_signals(file: &str) -> (usize, usize) {
    let case = load("strategy", file);
    let data = market(case["data"].as_str().unwrap(), alignment(&case["alignment"]));
    let mut strategy = bind(&data, &params(&case["params"]).unwrap());
    let mut said = evaluate(&data, &mut strategy);
    let Candidates::ByPosition { flat, .. } = strategy.candidates() else { panic!("masks") };
    assert!(said.keys().all(|&step| is_set(&flat, step)), "{file}: a signal outside the candidates");
    said.retain(|&step, _| !news_blocks(&case, &data, step));
    let expected = case["signals"].as_array().unwrap();
    let labels: Vec<(usize, &str)> =
        said.iter().map(|(&step, trade)| (step, trade.scenario.unwrap())).collect();
    let recorded: Vec<(usize, &str)> =
        expected.iter().map(|signal| (row(signal), signal["label"].as_str().unwrap())).collect();
    assert_eq!(labels, recorded, "{file}");
    for signal in expected {
        let trade = said[&row(signal)];
        let what = format!("{file} at {}", row(signal));
        assert_eq!(trade.direction.as_str(), signal["direction"].as_str().unwrap(), "{what}");
        assert_eq!(trade.entry_price.to_bits(), signal["entry"].as_f64().unwrap().to_bits(), "{what}");
        close_to(price(trade.stop_loss), signal["sl"].as_f64().unwrap(), 1e-9, &what);
        let tie = signal["tp_tie"].as_bool() == Some(true);
        let tolerance = if tie { 1.01e-5 } else { 1e-9 };
        close_to(price(trade.take_profit), signal["tp"].as_f64().unwrap(), tolerance, &what);
    }
    (expected.len(), check_probes(file, &case, &strategy))
}

fn row(entry: &Value) -> usize {
    usize::try_from(entry["i"].as_u64().unwrap()).unwrap()
}

/// The cluster guard and the chain on the probed bars.
fn check_probes(file: &str, case: &Value, strategy: &MeanReversionBound) -> usize {
    let probes = case["probes"].as_array().map_or(&[][..], Vec::as_slice);
    for probe in probes {
        let what = format!("{file}, probe at {}", row(probe));
        if probe["chain"].is_array() {
            check_chain(probe, strategy, &what);
        } else {
            check_guard(probe, strategy, &what);
        }
    }
    probes.len()
}

fn check_chain(probe: &Value, strategy: &MeanReversionBound, what: &str) {
    let direction = if probe["direction"] == "long" { Direction::Long } else { Direction::Short };
    let (links, passes) = strategy.chain_at(row(probe), direction).unwrap();
    let found: Vec<(&str, &str)> =
        links.iter().map(|(timeframe, status)| (timeframe.as_str(), ChainStatus::as_str(*status))).collect();
    let recorded: Vec<(&str, &str)> = probe["chain"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| (link["tf"].as_str().unwrap(), link["status"].as_str().unwrap()))
        .collect();
    assert_eq!(found, recorded, "{what}");
    assert_eq!(passes, probe["ok"].as_bool().unwrap(), "{what}");
}

fn check_guard(probe: &Value, strategy: &MeanReversionBound, what: &str) {
    let report = strategy.guard_at(row(probe)).unwrap();
    assert_eq!(report.status, probe["status"].as_str().unwrap(), "{what}");
    assert_eq!(report.passes(), probe["ok"].as_bool().unwrap(), "{what}");
    assert_eq!(report.sample_size as u64, probe["sample_size"].as_u64().unwrap(), "{what}");
    assert_eq!(report.label().as_deref(), probe["label"].as_str(), "{what}");
    let recorded = probe["centers"].as_array().map_or_else(Vec::new, |_| numbers(&probe["centers"]));
    let centers = report.centers();
    assert_eq!(centers.len(), recorded.len(), "{what}");
    for (found, expected) in centers.iter().zip(recorded) {
        close_to(*found, expected, 1e-9 * expected.abs(), what);
    }
}

/// Section 2, rule 6, as written there: windows of an hour before and half an hour after an event.
fn news_blocks(case: &Value, data: &MultiSymbolData, step: usize) -> bool {
    const MINUTE: i64 = 60_000_000;
    let symbol = case["symbol"].as_str().unwrap();
    let gate = data.time(step).0 + data.timeframe().micros();
    case["news"].as_array().unwrap().iter().any(|event| {
        let time = omega_sweep::types::Timestamp::parse_iso(event["time"].as_str().unwrap()).unwrap().0;
        let concerns = match event["currency"].as_str().unwrap() {
            "USD" => true,
            currency @ ("EUR" | "GBP" | "JPY" | "CHF" | "CAD") => {
                symbol.starts_with(currency) || symbol.ends_with(currency)
            }
            "AUD" | "NZD" => symbol.contains("AUD") || symbol.contains("NZD"),
            _ => false,
        };
        concerns && (time - 60 * MINUTE..=time + 30 * MINUTE).contains(&gate)
    })
}

#[test]
fn every_recorded_signal_and_no_other_is_given() {
    let files = [
        "eurusd_m30__s5_atr",
        "eurusd_m30__s6_all",
        "eurusd_m30__s6_any",
        "eurusd_m30__s6_flat_keys",
        "eurusd_m5__all",
        "eurusd_m5__s1",
        "eurusd_m5__s1_news",
        "eurusd_m5__s2",
        "eurusd_m5__s2_even_period",
        "eurusd_m5__s2_flat_equality",
        "eurusd_m5__s2_htf_above_below",
        "eurusd_m5__s3",
        "eurusd_m5__s3_htf_below_long",
        "eurusd_m5__s4",
        "eurusd_m5__s4_local",
        "eurusd_m5__s5",
        "eurusd_m5__s5_hyst",
        "usdjpy_h1__s1",
        "usdjpy_h1__s3_short",
        "usdjpy_h1__s4_local_above",
        "usdjpy_h1__s5",
    ];
    let mut totals = (0, 0);
    for file in files {
        let (signals, probes) = check_signals(&format!("signals_{file}.json"));
        totals = (totals.0 + signals, totals.1 + probes);
    }
    assert!(totals.0 > 2000 && totals.1 > 300, "too few vectors: {totals:?}");
}

#[test]
fn a_filter_on_a_timeframe_that_cannot_exist_is_refused_instead_of_blocking_everything() {
    let case = load("strategy", "signals_eurusd_m5__missing_htf.json");
    assert!(case["signals"].as_array().unwrap().is_empty(), "the reference blocks every signal");
    let error = params(&case["params"]).unwrap_err().to_string();
    assert!(error.contains("`htf_tf` must be one of M1, M5"), "{error}");
}

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
