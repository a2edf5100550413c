//! Rules beside the built-ins they restate, and the rule workload with known answers.

use std::path::PathBuf;
use std::sync::Arc;

use omega_sweep::cache::CachePlan;
use omega_sweep::data::settings::{AlignmentSettings, DataSettings, DataSource, Holdout};
use omega_sweep::data::symbol::SymbolTable;
use omega_sweep::data::{MultiSymbolData, synthetic};
use omega_sweep::engine::{
    Clock, EngineInputs, EngineSettings, Registered, Registry, RunRequest, StrategyRunner, TrialRun,
    WindowEnd,
};
use omega_sweep::strategy::builtin::{
    BollingerReversion, DonchianBreakout, EmaCross, MeanReversionZScore, RsiReversion,
};
use omega_sweep::strategy::{RuleStrategy, StrategyDef, complete};
use omega_sweep::types::{MasterSeed, ParamValue, StepRange, Timeframe, Trade, Trial, TrialId};
use serde_json::{Value, json};

/// One trial over the whole data from `start` on.
fn run<D: StrategyDef>(
    def: D,
    data: &Arc<MultiSymbolData>,
    settings: &Arc<EngineSettings>,
    given: &[(&str, ParamValue)],
    clock: Clock,
) -> TrialRun {
    let params = complete(&def, given).unwrap_or_else(|error| panic!("{error}"));
    run_trial(
        &Registered(def),
        data,
        settings,
        &Trial { id: TrialId(0), params },
        StepRange { start: 0, end: data.steps() },
        clock,
    )
}

fn run_trial(
    runner: &dyn StrategyRunner,
    data: &Arc<MultiSymbolData>,
    settings: &Arc<EngineSettings>,
    trial: &Trial,
    window: StepRange,
    clock: Clock,
) -> TrialRun {
    let mut plan = CachePlan::default();
    runner.plan(trial, data, &mut plan).unwrap_or_else(|error| panic!("{error}"));
    let cache = omega_sweep::cache::build(&plan, data, None, None).unwrap_or_else(|error| panic!("{error}"));
    let inputs = EngineInputs::new(Arc::clone(data), Arc::new(cache), Arc::clone(settings), MasterSeed(3));
    let request = RunRequest {
        window,
        fold: 0,
        repeat: 0,
        random_id: TrialId(0),
        clock,
        window_end: WindowEnd::EndOfRun,
    };
    runner.run(&inputs, &request, trial).unwrap_or_else(|error| panic!("{error}"))
}

fn numbers(given: &[(&'static str, f64)]) -> Vec<(&'static str, ParamValue)> {
    given.iter().map(|&(name, value)| (name, ParamValue::Float(value))).collect()
}

fn market() -> Arc<MultiSymbolData> {
    Arc::new(synthetic::market(11, &["EURUSD"], Timeframe::M15, 6_000))
}

/// Trades without the name of the rule that spoke.
fn unnamed(run: &TrialRun) -> Vec<Trade> {
    run.trades.iter().map(|trade| Trade { scenario: None, ..trade.clone() }).collect()
}

/// The same trades, bit by bit (floats print in their shortest exact form), under both clocks and both profiles.
fn assert_same<D: StrategyDef + Clone>(
    def: &D,
    given: &[(&'static str, ParamValue)],
    rules: &Value,
    at_least: usize,
) {
    let data = market();
    for settings in [EngineSettings::realistic(), EngineSettings::reference()].map(Arc::new) {
        let rules = RuleStrategy::from_json("rules", rules).unwrap_or_else(|errors| panic!("{}", errors[0]));
        let built_in = run(def.clone(), &data, &settings, given, Clock::EveryBar);
        assert!(
            built_in.trades.len() >= at_least,
            "{} makes {} trades only",
            def.name(),
            built_in.trades.len()
        );
        let expected = format!("{:?}", unnamed(&built_in));
        for clock in [Clock::EveryBar, Clock::Skipping] {
            let ruled = run(rules.clone(), &data, &settings, &[], clock);
            assert_eq!(format!("{:?}", unnamed(&ruled)), expected, "{} as rules, {clock:?}", def.name());
        }
        let skipping = run(def.clone(), &data, &settings, given, Clock::Skipping);
        assert_eq!(format!("{:?}", unnamed(&skipping)), expected, "{} skipping", def.name());
    }
}

#[test]
fn ema_cross_as_rules_gives_the_same_trades() {
    let mut given = numbers(&[("target_pips", 30.0)]);
    given.extend([("fast", ParamValue::Int(5)), ("slow", ParamValue::Int(30))]);
    // The built-in counts crosses from bar `slow` on; the deviation over 31 bars is absent before.
    let rules = json!({
        "let": {"ready": "prev(close, 30) > 0", "up": "crosses_above(ema(close, 5), ema(close, 30)) and ready",
                "down": "crosses_below(ema(close, 5), ema(close, 30)) and ready"},
        "long": "up", "exit_long": "down", "short": "down", "exit_short": "up",
        "stop_distance": "2 * atr(14)", "target_distance": "30 * 0.0001",
    });
    assert_same(&EmaCross::default(), &given, &rules, 60);
}

#[test]
fn donchian_breakout_as_rules_gives_the_same_trades() {
    let mut given = numbers(&[("target_atr", 4.0)]);
    given.extend([("entry_bars", ParamValue::Int(20)), ("exit_bars", ParamValue::Int(10))]);
    let rules = json!({
        "long": "crosses_above(close, prev(highest(high, 20), 1))",
        "short": "crosses_below(close, prev(lowest(low, 20), 1))",
        "exit_long": "close < prev(lowest(low, 10), 1)", "exit_short": "close > prev(highest(high, 10), 1)",
        "stop_distance": "2 * atr(14)", "target_distance": "4 * atr(14)",
    });
    assert_same(&DonchianBreakout::default(), &given, &rules, 60);
}

#[test]
fn rsi_reversion_as_rules_gives_the_same_trades() {
    let given = vec![
        ("rsi_length", ParamValue::Int(9)),
        ("lower", ParamValue::Int(25)),
        ("upper", ParamValue::Int(75)),
    ];
    let rules = json!({
        "let": {"r": "rsi(close, 9)"},
        "long": "crosses_above(r, 25)", "short": "r < 75 and prev(r, 1) >= 75",
        "exit_long": "crosses_above(r, 50)", "exit_short": "crosses_below(r, 50)",
        "stop_distance": "atr(14) * 2",
    });
    assert_same(&RsiReversion::default(), &given, &rules, 60);
}

#[test]
fn bollinger_reversion_as_rules_gives_the_same_trades() {
    let given = vec![("bands_length", ParamValue::Int(30)), ("bands_factor", ParamValue::Float(1.5))];
    let rules = json!({
        "let": {"m": "bollinger(close, 30, 1.5).middle"},
        "long": "close <= bollinger(close, 30, 1.5).lower", "short": "close >= m + 1.5 * stdev(close, 30)",
        "exit_long": "close >= m", "exit_short": "close <= m", "stop_distance": "2 * atr(14)",
    });
    assert_same(&BollingerReversion::default(), &given, &rules, 60);
}

#[test]
fn scenario_2_as_rules_gives_the_same_trades() {
    let given = vec![
        ("enabled_scenarios", ParamValue::List([ParamValue::Int(2)].into())),
        ("z_score_long", ParamValue::Float(-1.2)),
        ("z_score_short", ParamValue::Float(1.2)),
        ("std_factor", ParamValue::Float(1.5)),
        ("kalman_q", ParamValue::Float(0.001)),
        ("window_length", ParamValue::Int(60)),
        ("max_holding_minutes", ParamValue::Null),
    ];
    let rules = json!({
        "let": {"z": "kalman_zscore(close, 60, 0.01, 0.001)", "middle": "sma(close, 20)"},
        "long": "z <= -1.2 and close <= bollinger(close, 20, 1.5).lower",
        "short": "z >= 1.2 and close >= bollinger(close, 20, 1.5).upper",
        "stop": "round((1 + side) / 2 * (low - 2 * atr(14)) + (1 - side) / 2 * (high + 2 * atr(14)), 5)",
        "target": "round(middle, 5)",
    });
    assert_same(&MeanReversionZScore::default(), &given, &rules, 60);
}

#[test]
fn every_built_in_gives_the_same_bits_under_both_clocks() {
    let data = Arc::new(synthetic::market(5, &["EURUSD", "GBPUSD"], Timeframe::M15, 4_000));
    let settings = Arc::new(EngineSettings::realistic());
    for runner in Registry::builtin().iter() {
        let (names, values) = runner
            .params()
            .iter()
            .map(|spec| {
                (Arc::from(spec.name.as_ref()), spec.default.clone().expect("built-ins have defaults"))
            })
            .unzip::<Arc<str>, ParamValue, Vec<_>, Vec<_>>();
        let params = omega_sweep::types::ParamSet::new(names.into(), values);
        let trial = Trial { id: TrialId(1), params };
        let window = StepRange { start: 500, end: data.steps() };
        let every = run_trial(runner.as_ref(), &data, &settings, &trial, window, Clock::EveryBar);
        let skipping = run_trial(runner.as_ref(), &data, &settings, &trial, window, Clock::Skipping);
        assert!(every.trades.len() >= 10, "{} makes {} trades only", runner.name(), every.trades.len());
        assert_eq!(format!("{:?}", every.trades), format!("{:?}", skipping.trades), "{}", runner.name());
        assert_eq!(every.curve, skipping.curve, "{}", runner.name());
        assert!(skipping.bars_stepped <= every.bars_stepped, "{}", runner.name());
    }
}

/// `bench/WORKLOADS.md` W3 on the generated bars, when the folder with them is named: profit, trades and wins of every
/// parameter set as the plain program had them.
#[test]
fn the_rule_workload_gives_the_expected_trades_and_profit() {
    let Some(path) = std::env::var_os("OMEGA_SWEEP_WORKLOADS").map(PathBuf::from) else {
        println!("OMEGA_SWEEP_WORKLOADS does not name a folder with SYN01: the rule workload is not run");
        return;
    };
    let read = |file: &str| {
        let text = std::fs::read_to_string(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench/workloads").join(file),
        )
        .expect("a workload file");
        serde_json::from_str::<Value>(&text).expect("json")
    };
    let (sweep, expected) = (read("w3.json"), read("expected_w3.json"));
    let from = omega_sweep::types::Timestamp::parse_iso(sweep["data"]["from"].as_str().expect("a date"));
    let data_settings = DataSettings {
        source: DataSource::Path(path),
        symbols: vec!["SYN01".to_owned()],
        primary: Some(Timeframe::M1),
        from,
        // The 200 bars before the first decision, which the expected numbers know.
        warmup_bars: 200,
        holdout: Holdout::None,
        symbol_table: SymbolTable::from_json(&sweep["data"]["symbol_table"]).expect("a table"),
        ..DataSettings::default()
    };
    let base = std::path::Path::new(".");
    let opened = omega_sweep::data::open(&data_settings, base, &AlignmentSettings::default(), None)
        .unwrap_or_else(|error| panic!("{error}"));
    let mut settings = EngineSettings::realistic();
    for (key, value) in sweep["strategy"]["engine"].as_object().expect("settings") {
        settings.apply(key, &ParamValue::from_json(value)).unwrap_or_else(|error| panic!("{error}"));
    }
    let settings = Arc::new(settings);
    let rules =
        RuleStrategy::from_json("rules", &sweep["strategy"]["rules"]).unwrap_or_else(|e| panic!("{}", e[0]));
    for set in expected["sets"].as_array().expect("sets") {
        let given = [
            ("window", ParamValue::from_json(&set["window"])),
            ("threshold", ParamValue::from_json(&set["threshold"])),
        ];
        let params = complete(&rules, &given).unwrap_or_else(|error| panic!("{error}"));
        let trial = Trial { id: TrialId(0), params };
        let runner = Registered(rules.clone());
        let result = run_trial(&runner, &opened.data, &settings, &trial, opened.window, Clock::Skipping);
        let profit: f64 = result.trades.iter().map(|trade| trade.result).sum();
        let wins = result.trades.iter().filter(|trade| trade.result > 0.0).count();
        println!("{given:?}: {} trades, {wins} wins, {profit}", result.trades.len());
        assert_eq!(result.trades.len() as u64, set["trades"].as_u64().expect("a count"), "{given:?}");
        assert_eq!(wins as u64, set["wins"].as_u64().expect("a count"), "{given:?}");
        let want = set["net_pnl"].as_f64().expect("a profit");
        assert!((profit - want).abs() <= 1e-6 * want.abs(), "{given:?}: {profit} instead of {want}");
    }
}

/// The `json` blocks of the document on strategies.
fn documented() -> Vec<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/strategies.md");
    let text = std::fs::read_to_string(path).expect("the document");
    let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|block| serde_json::from_str(block).expect("json")).collect()
}

#[test]
fn every_example_of_the_document_trades_under_both_clocks() {
    let data = crate::strategy_checks::market();
    let settings = Arc::new(EngineSettings::realistic());
    let examples = documented();
    assert_eq!(examples.len(), 20);
    for (number, example) in (1..).zip(&examples) {
        let rules = RuleStrategy::from_json("rules", &example["rules"])
            .unwrap_or_else(|errors| panic!("example {number}: {}", errors[0]));
        let base = example["base"].as_object().cloned().unwrap_or_default();
        let given: Vec<(&str, ParamValue)> =
            base.iter().map(|(name, value)| (name.as_str(), ParamValue::from_json(value))).collect();
        let every = run(rules.clone(), &data, &settings, &given, Clock::EveryBar);
        let skipping = run(rules, &data, &settings, &given, Clock::Skipping);
        assert!(!every.trades.is_empty(), "example {number} makes no trade");
        assert_eq!(format!("{:?}", every.trades), format!("{:?}", skipping.trades), "example {number}");
        println!("example {number}: {} trades", every.trades.len());
    }
}

#[test]
fn the_document_names_every_function_and_every_built_in() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/strategies.md");
    let text = std::fs::read_to_string(path).expect("the document");
    for (function, _) in omega_sweep::strategy::rules::functions() {
        assert!(text.contains(&format!("`{function}")), "{function} is not documented");
    }
    for name in Registry::builtin().names() {
        assert!(text.contains(&format!("| `{name}` |")), "{name} is not documented");
    }
}
