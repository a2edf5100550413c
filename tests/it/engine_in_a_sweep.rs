//! What a sweep file can ask of the engine beyond its own bars and one account, through the program.

use std::collections::BTreeMap;
use std::path::Path;

use omega_sweep::cache::{CachePlan, IndicatorCache};
use omega_sweep::config::{self, LoadOptions};
use omega_sweep::engine::Registry;
use omega_sweep::job::{self, JobOptions};
use omega_sweep::strategy::builtin::EmaCross;
use omega_sweep::strategy::{
    AccountView, BarView, BindContext, Candidates, Level, Signals, Strategy, StrategyDef, TradeSignal,
};
use omega_sweep::sweep::{Silent, StopFlag, SweepEnd};
use omega_sweep::types::{ParamError, ParamSet, ParamSpec, Timeframe};
use serde_json::{Value, json};

use super::fixture::{Project, results, said};

/// Every stored column of every trial, by trial.
fn rows(project: &Project, run: &str) -> BTreeMap<u64, Value> {
    let arguments = ["top", run, "-q", "-n", "1000", "--columns", "all", "--format", "json"];
    let output = project.program().args(arguments).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    rows.into_iter().map(|row| (row["trial_id"].as_u64().expect("an id"), row)).collect()
}

fn number(row: &Value, column: &str) -> f64 {
    row[column].as_f64().unwrap_or_else(|| panic!("{column} is {}", row[column]))
}

fn mean(values: [f64; 2]) -> f64 {
    values.iter().sum::<f64>() / 2.0
}

/// What the program says of a sweep file it refuses, and its exit code.
fn refusal(project: &Project, file: &Path) -> (Option<i32>, String) {
    let output = project.program().arg(file).args(["-q", "-o", "refused"]).output().expect("it starts");
    (output.status.code(), said(&output))
}

/// Hours with quarters of an hour inside them, of two symbols.
fn quarters() -> Project {
    Project::of(Timeframe::M15, &["EURUSD", "GBPUSD"], 8_000)
}

/// A sweep file on hours, with these engine settings.
fn on_hours(project: &Project, name: &str, engine: &Value, changes: &Value) -> std::path::PathBuf {
    let mut all = json!({
        "data": {"path": "data", "timeframes": {"primary": "H1"}, "holdout": "none"},
        "strategy": {"id": "ema_cross", "engine": engine},
        "parameters": {"fast": [5, 8], "slow": [30, 60], "stop_pips": [10, 20], "target_pips": [10, 25]},
    });
    for (key, value) in changes.as_object().expect("changes") {
        all[key] = value.clone();
    }
    project.sweep_file(name, &all)
}

#[test]
fn finer_bars_of_the_data_decide_the_bars_that_reach_both_levels() {
    let project = quarters();
    let coarse = on_hours(&project, "coarse.json", &json!({}), &json!({}));
    let fine = on_hours(&project, "fine.json", &json!({"detail_timeframe": "M15"}), &json!({}));
    let (before, after) = (project.run(&coarse, "coarse", &[]), project.run(&fine, "fine", &["-j", "1"]));
    assert_ne!(before["study"], after["study"]);
    let (before, after) = (rows(&project, "coarse"), rows(&project, "fine"));
    let ambiguous =
        |rows: &BTreeMap<u64, Value>| rows.values().map(|row| number(row, "ambiguous_exits")).sum::<f64>();
    let (open, left) = (ambiguous(&before), ambiguous(&after));
    assert!(left < 0.5 * open && left > 0.0, "{open} of all exits were open, {left} still are");
    for (trial, row) in &after {
        let whole = &before[trial];
        // The better of two levels, where finer bars show it came first; the worse rule was applied before.
        let (with, without) = (number(row, "profit_net"), number(whole, "profit_net"));
        assert!(with >= without - 1e-6 || number(row, "total_trades") != number(whole, "total_trades"));
    }
    assert!(after.iter().any(|(trial, row)| row["profit_net"] != before[trial]["profit_net"]));

    let manifest: Value =
        serde_json::from_slice(&std::fs::read(project.path("fine/manifest.json")).expect("a manifest"))
            .expect("JSON");
    let frames: Vec<&str> =
        manifest["data"].as_array().expect("a list").iter().filter_map(|d| d["timeframe"].as_str()).collect();
    assert_eq!(frames, ["H1", "M15", "H1", "M15"]);
    let verified =
        project.program().args(["verify", "fine", "--all", "-j", "2"]).output().expect("it starts");
    assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
    project.run(&fine, "again", &["-j", "2", "--check-candidates"]);
    assert_eq!(results(&project.path("fine")), results(&project.path("again")));
    let checked = project.run(&fine, "again", &["--check-candidates"]);
    assert!(checked["notes"].to_string().contains("16 of 16 trials were stored before and are not checked"));
}

#[test]
fn a_finer_timeframe_that_is_not_there_or_does_not_fit_is_refused() {
    let project = quarters();
    for (detail, words) in [
        ("M1", "no M1 bars of EURUSD"),
        ("H4", "no whole number of H4 bars makes a H1 bar"),
        ("H1", "no whole number of H1 bars makes a H1 bar"),
    ] {
        let file = on_hours(&project, "bad.json", &json!({"detail_timeframe": detail}), &json!({}));
        let (code, message) = refusal(&project, &file);
        assert!(matches!(code, Some(2 | 3)) && message.contains(words), "{detail}: {message}");
    }
    // Without a primary timeframe in the file, the data decide.
    let open = json!({"data": {"path": "data", "holdout": "none"}});
    let file = on_hours(&project, "bad.json", &json!({"detail_timeframe": "M15"}), &open);
    let (code, message) = refusal(&project, &file);
    assert!(code != Some(0) && message.contains("no whole number of M15 bars makes a M15 bar"), "{message}");
    let searched =
        json!({"parameters": {"engine.detail_timeframe": ["M15", null], "fast": [5], "slow": [30]}});
    let file = on_hours(&project, "bad.json", &json!({}), &searched);
    let (code, message) = refusal(&project, &file);
    assert!(
        code == Some(2) && message.contains("E105") && message.contains("cannot be searched"),
        "{message}"
    );
}

/// Without random slippage, whose draws are addressed by a symbol's place among the others.
const STILL: &str = r#"{"fixed_pips": 0.3, "random_pips": 0}"#;

fn apart(project: &Project, name: &str, accounts: &str, changes: &Value) -> std::path::PathBuf {
    let still: Value = serde_json::from_str(STILL).expect("JSON");
    on_hours(project, name, &json!({"accounts": accounts, "slippage": still}), changes)
}

fn only(symbol: &str) -> Value {
    json!({"path": "data", "symbols": [symbol], "timeframes": {"primary": "H1"}, "holdout": "none"})
}

#[test]
fn an_account_per_symbol_gives_each_the_metrics_it_has_alone_and_joins_them() {
    let project = quarters();
    let worst = json!({"objective": {"metric": "profit_net", "across": "min"},
                       "require": ["total_trades >= 5", {"rule": "total_trades >= 60", "each": true}]});
    project.run(&apart(&project, "both.json", "per_symbol", &worst), "both", &[]);
    for symbol in ["EURUSD", "GBPUSD"] {
        let alone = json!({"data": only(symbol)});
        project.run(&apart(&project, "one.json", "shared", &alone), symbol, &[]);
    }
    let (both, euro, pound) = (rows(&project, "both"), rows(&project, "EURUSD"), rows(&project, "GBPUSD"));
    let mut feasible = 0;
    for (trial, row) in &both {
        let parts = [&euro[trial], &pound[trial]];
        let of = |column: &str| parts.map(|part| number(part, column));
        let [a, b] = of("profit_net");
        assert_eq!(number(row, "profit_net").to_bits(), a.min(b).to_bits());
        assert_eq!(row["profit_net"], row["objective"]);
        for column in ["total_trades", "max_drawdown", "fees_total", "win_rate", "ambiguous_exits"] {
            let [a, b] = of(column);
            assert_eq!(number(row, column).to_bits(), mean([a, b]).to_bits(), "{column}");
        }
        let enough = of("total_trades").iter().all(|trades| *trades >= 60.0);
        assert_eq!(row["feasible"], Value::Bool(enough), "the rule is asked of each account");
        feasible += usize::from(enough);
    }
    assert!(feasible > 0 && feasible < both.len(), "{feasible} of {} are feasible", both.len());
    assert!(
        both.values().any(|row| number(row, "total_trades").fract() != 0.0),
        "counts may come out broken"
    );
    let verified = project.program().args(["verify", "both", "--all"]).output().expect("it starts");
    assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
}

#[test]
fn a_walk_forward_study_joins_the_tests_of_every_account() {
    let project = quarters();
    let one = json!({"fast": [5], "slow": [30], "stop_pips": [15], "target_pips": [25]});
    let validation = json!({"kind": "walk_forward", "mode": "rolling", "train": "20d", "test": "20d"});
    let walk = |name: &str, accounts: &str, data: Value| {
        let changes = json!({"parameters": one, "validation": validation, "data": data, "require": [],
                             "objective": {"metric": "profit_net"}});
        let file = apart(&project, "walk.json", accounts, &changes);
        let summary = project.run(&file, name, &[]);
        summary["walk_forward"]["out_of_sample"].clone()
    };
    let all = json!({"path": "data", "timeframes": {"primary": "H1"}, "holdout": "none"});
    let both = walk("both", "per_symbol", all);
    let parts = ["EURUSD", "GBPUSD"].map(|symbol| walk(symbol, "shared", only(symbol)));
    for metric in ["objective", "net_profit", "drawdown"] {
        let expected = mean([0, 1].map(|part| number(&parts[part], metric)));
        assert_eq!(number(&both, metric).to_bits(), expected.to_bits(), "{metric}");
    }
    let trades = |part: &Value| part["trades"].as_u64().expect("a count");
    assert!(trades(&parts[0]) > 20 && trades(&both) == trades(&parts[0]) + trades(&parts[1]));
}

#[test]
fn a_strategy_over_all_symbols_cannot_have_an_account_for_each() {
    let project = quarters();
    let pairs = json!({"strategy": {"id": "pairs_z_score", "engine": {"accounts": "per_symbol"}},
                       "parameters": {"window": [50, 60]}});
    let (code, message) = refusal(&project, &on_hours(&project, "pairs.json", &json!({}), &pairs));
    assert!(code == Some(2) && message.contains("E102"), "{message}");
    assert!(message.contains("pairs_z_score trades several symbols from one account"), "{message}");
}

/// `ema_cross` with a promise it does not keep: it says to speak on every second bar only.
#[derive(Clone)]
struct Forgetful(EmaCross);

struct ForgetfulBound(<EmaCross as StrategyDef>::Bound);

impl StrategyDef for Forgetful {
    type Bound = ForgetfulBound;

    fn name(&self) -> &str {
        self.0.name()
    }

    fn help(&self) -> &str {
        self.0.help()
    }

    fn params(&self) -> &[ParamSpec] {
        self.0.params()
    }

    fn plan(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        plan: &mut CachePlan,
    ) -> Result<(), ParamError> {
        self.0.plan(params, context, plan)
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self::Bound, ParamError> {
        self.0.bind(params, context, cache).map(ForgetfulBound)
    }

    fn warmup_bars(&self, params: &ParamSet) -> usize {
        self.0.warmup_bars(params)
    }
}

impl Strategy for ForgetfulBound {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        self.0.evaluate(bar, account, out);
    }

    fn levels_at_fill(&mut self, signal: &TradeSignal, fill: f64) -> (Level, Level) {
        self.0.levels_at_fill(signal, fill)
    }

    fn candidates(&self) -> Candidates {
        Candidates::Mask(vec![0x5555_5555_5555_5555; 100].into())
    }
}

#[test]
fn a_strategy_that_breaks_its_promise_is_named_with_what_differs() {
    let project = Project::hourly(&["EURUSD"], 3_000);
    let file = project.sweep_file("small.json", &json!({"parameters": {"fast": [5, 8], "slow": [30]}}));
    let registry = Registry::builtin().with(Forgetful(EmaCross::default()));
    let run = |out: &str, check_candidates: bool| {
        let spec = config::load(&file, &registry, &LoadOptions::default()).unwrap_or_else(|e| panic!("{e}"));
        let options = JobOptions {
            out: Some(project.path(out)),
            results: project.path("results"),
            check_candidates,
            ..JobOptions::default()
        };
        job::run(spec, &registry, &options, &Silent, &StopFlag::default()).unwrap_or_else(|e| panic!("{e}"))
    };
    assert_eq!(run("trusting", false).end, SweepEnd::Complete);
    let report = run("checking", true);
    assert_eq!(report.end, SweepEnd::TooManyFailures { failed: 2, of: 2 });
    let notes = report.screen.to_json()["notes"].to_string();
    let words = "trial #0 failed: trades differ when bars outside the candidates of ema_cross are skipped";
    assert!(notes.contains(words), "{notes}");
}

#[test]
fn every_report_names_the_profile_and_what_deviates_from_it() {
    let project = Project::hourly(&["EURUSD"], 3_000);
    let changes = json!({"strategy": {"id": "ema_cross", "engine": {"gap_fills": false, "open_first": false}},
                         "parameters": {"fast": [5, 8], "slow": [30]}});
    let file = project.sweep_file("named.json", &changes);
    let output = project.program().arg(&file).args(["-o", "run"]).output().expect("it starts");
    let words = "execution profile realistic, except gap_fills=false, open_first=false";
    let screen = said(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(screen.contains(words), "{screen}");
    let summary = project.run(&file, "run", &[]);
    assert!(summary["notes"].to_string().contains(words), "{summary}");
    let show = |more: &[&str]| {
        let output = project.program().args(["show", "run", "1"]).args(more).output().expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert!(show(&[]).contains(words));
    let page: Value = serde_json::from_str(&show(&["--json"])).expect("JSON");
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(project.path("run/manifest.json")).expect("a manifest"))
            .expect("JSON");
    for object in [&page, &manifest] {
        assert_eq!(object["profile"], "realistic");
        assert_eq!(object["deviations"], json!(["gap_fills=false", "open_first=false"]));
    }
}

#[test]
fn a_trial_stores_and_shows_its_ambiguity_and_its_costs_which_tie_to_the_account() {
    let project = Project::hourly(&["EURUSD"], 3_000);
    let swap = json!({"EURUSD": {"long": 0.7, "short": 0.2, "unit": "pips"}});
    let changes = json!({"strategy": {"id": "ema_cross", "engine": {"swap": swap}},
                         "parameters": {"fast": [5, 8], "slow": [30], "stop_pips": [8], "target_pips": [8]}});
    let file = project.sweep_file("costs.json", &changes);
    project.run(&file, "run", &[]);
    let output = project.program().args(["show", "run", "1", "--json"]).output().expect("it starts");
    let page: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let metrics = &page["metrics"];
    let of = |metric: &str| number(metrics, metric);
    assert!(of("ambiguous_exits") > 0.0 && of("ambiguous_exits") < 1.0);
    assert!(of("profit_net_worst") <= of("profit_net") && of("profit_net") <= of("profit_net_best"));
    assert!(of("profit_net_worst") < of("profit_net_best"));
    let stored = &rows(&project, "run")[&page["trial"].as_u64().expect("an id")];
    for metric in ["ambiguous_exits", "profit_net_worst", "profit_net_best", "break_even_cost_multiplier"] {
        assert_eq!(stored[metric], metrics[metric], "{metric} is a column");
    }
    let trades = page["trades"].as_array().expect("trades");
    let (mut net, mut gross, mut items) = (0.0, 0.0, 0.0);
    for trade in trades {
        let cost = |item: &str| number(&trade["costs"], item);
        let fees = number(trade, "entry_fee") + number(trade, "exit_fee") + number(trade, "swap");
        assert!((cost("commission") + cost("swap") - fees).abs() < 1e-9);
        let paid = cost("spread") + cost("slippage") + cost("commission") + cost("swap");
        net += number(trade, "result") - fees;
        gross += number(trade, "result") - fees + paid;
        items += paid;
    }
    let curve = page["equity"].as_array().expect("a curve");
    let end = number(curve.last().expect("points"), "cash");
    assert!((end - 100_000.0 - net).abs() < 0.005, "to the cent: {end}, {net}");
    assert!((of("profit_net") - net).abs() < 0.005);
    assert!((of("profit_net") - (gross - items)).abs() < 0.005, "mid-to-mid profit less all items");
    let total: f64 =
        ["spread", "slippage", "commission", "swap"].iter().map(|i| number(&page["costs"], i)).sum();
    assert!((total - items).abs() < 1e-6);
    assert!((of("break_even_cost_multiplier") - gross / items).abs() < 1e-9);
}
