//! Every built-in that rules can say, written a second time as rules: random parameter sets on real H1 bars give the same
//! trades bit by bit.
//!
//! A few sets over the first bars by default; `OMEGA_SWEEP_CASES=50` makes it 200 sets over all of them. Without the real
//! bars a synthetic market stands in, and the test says so.

use std::sync::Arc;

use omega_sweep::cache::CachePlan;
use omega_sweep::data::settings::{AlignmentSettings, DataSettings, DataSource, Holdout};
use omega_sweep::data::{MultiSymbolData, synthetic};
use omega_sweep::engine::{
    Clock, EngineInputs, EngineSettings, Registered, RunRequest, StrategyRunner, WindowEnd,
};
use omega_sweep::strategy::builtin::{
    BollingerReversion, DonchianBreakout, EmaCross, MeanReversionZScore, RsiReversion,
};
use omega_sweep::strategy::{RuleStrategy, StrategyDef, complete};
use omega_sweep::types::{MasterSeed, ParamValue, StepRange, Timeframe, Timestamp, Trade, Trial, TrialId};
use serde_json::{Value, json};

use super::engine_cases::Dice;
use super::golden;

/// Sets by default; `OMEGA_SWEEP_CASES` multiplies them.
const SETS: u64 = 4;

/// A parameter set of a built-in, and the same as rules; parameters that the rules do not name are left out.
struct Twin {
    given: Vec<(&'static str, ParamValue)>,
    rules: Value,
    of_rules: Vec<(&'static str, ParamValue)>,
}

fn times() -> u64 {
    std::env::var("OMEGA_SWEEP_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Real EURUSD H1 bars, the first 14 months of them unless a long run is asked for.
fn market() -> Arc<MultiSymbolData> {
    let Some(folder) = golden::shared().map(|shared| shared.join("data/real")) else {
        println!("no ../shared/data/real here: the twins run on a synthetic market");
        return Arc::new(synthetic::market(11, &["EURUSD"], Timeframe::H1, 6_000));
    };
    let settings = DataSettings {
        source: DataSource::Path(folder),
        symbols: vec!["EURUSD".to_owned()],
        primary: Some(Timeframe::H1),
        to: (times() == 1).then(|| Timestamp::parse_iso("2008-03-01").expect("a date")),
        holdout: Holdout::None,
        ..DataSettings::default()
    };
    let base = std::path::Path::new(".");
    let opened = omega_sweep::data::open(&settings, base, &AlignmentSettings::default(), None);
    opened.unwrap_or_else(|error| panic!("{error}")).data
}

/// The trades of a set, without the name of the rule that spoke.
fn trades<D: StrategyDef>(
    def: D,
    given: &[(&str, ParamValue)],
    data: &Arc<MultiSymbolData>,
    settings: &Arc<EngineSettings>,
) -> Vec<Trade> {
    let params = complete(&def, given).unwrap_or_else(|error| panic!("{error}"));
    let (runner, trial) = (Registered(def), Trial { id: TrialId(0), params });
    let mut plan = CachePlan::default();
    runner.plan(&trial, data, &mut plan).unwrap_or_else(|error| panic!("{error}"));
    let cache = omega_sweep::cache::build(&plan, data, None, None).unwrap_or_else(|error| panic!("{error}"));
    let inputs = EngineInputs::new(Arc::clone(data), Arc::new(cache), Arc::clone(settings), MasterSeed(3));
    let request = RunRequest {
        window: StepRange { start: 0, end: data.steps() },
        fold: 0,
        repeat: 0,
        random_id: TrialId(0),
        clock: Clock::Skipping,
        window_end: WindowEnd::EndOfRun,
    };
    let run = runner.run(&inputs, &request, &trial).unwrap_or_else(|error| panic!("{error}"));
    run.trades.into_iter().map(|trade| Trade { scenario: None, ..trade }).collect()
}

/// Draws sets of a twin and compares every trade of them.
fn compare<D: StrategyDef + Clone>(def: &D, draw: impl Fn(&mut Dice) -> Twin) {
    let data = market();
    let mut seen = 0;
    for seed in 0..SETS * times() {
        let twin = draw(&mut Dice::new(seed));
        let settings = Arc::new(match seed % 2 {
            0 => EngineSettings::realistic(),
            _ => EngineSettings::reference(),
        });
        let rules =
            RuleStrategy::from_json("rules", &twin.rules).unwrap_or_else(|errors| panic!("{}", errors[0]));
        let declared = |name: &str| rules.params().iter().any(|spec| spec.name == name);
        let of_rules: Vec<_> = twin.of_rules.iter().filter(|(name, _)| declared(name)).cloned().collect();
        let built_in = trades(def.clone(), &twin.given, &data, &settings);
        let ruled = trades(rules, &of_rules, &data, &settings);
        seen += built_in.len();
        // Floats print in their shortest exact form, so equal texts are equal bits.
        assert!(
            format!("{built_in:?}") == format!("{ruled:?}"),
            "{} set {seed} {:?}: {} trades built in, {} as rules; first difference {:?}",
            def.name(),
            twin.given,
            built_in.len(),
            ruled.len(),
            built_in.iter().zip(&ruled).find(|(a, b)| a != b),
        );
    }
    println!("{}: {} sets, {} bars, {seen} trades equal", def.name(), SETS * times(), data.steps());
    assert!(seen > 20, "{}: {seen} trades prove little", def.name());
}

fn float(value: f64) -> ParamValue {
    ParamValue::Float(value)
}

fn whole(value: usize) -> ParamValue {
    ParamValue::Int(i64::try_from(value).expect("small"))
}

fn direction(dice: &mut Dice) -> &'static str {
    dice.pick(&["long", "short", "both", "both"])
}

/// Leaves out the side that a direction filter forbids.
fn one_sided(rules: &mut Value, direction: &str) {
    let gone: &[&str] = match direction {
        "long" => &["short", "exit_short"],
        "short" => &["long", "exit_long"],
        _ => &[],
    };
    for key in gone {
        rules.as_object_mut().expect("an object").remove(*key);
    }
}

/// A distance in multiples of the ATR; a target may be left out, a stop that sizes the trade may not.
fn multiple(dice: &mut Dice, twin: &mut Twin, [parameter, key]: [&'static str; 2]) {
    let value = dice.pick(&[0.8, 1.5, 2.0, 3.3]);
    if key == "target_distance" && dice.one_in(3) {
        twin.given.push((parameter, ParamValue::Null));
        return;
    }
    twin.given.push((parameter, float(value)));
    twin.of_rules.push((parameter, float(value)));
    twin.rules[key] = json!(format!("{parameter} * atr(14)"));
}

#[test]
fn ema_cross() {
    compare(&EmaCross::default(), |dice| {
        let (fast, direction) = (1 + dice.below(40), direction(dice));
        let slow = fast + 1 + dice.below(120);
        let periods = vec![("fast", whole(fast)), ("slow", whole(slow))];
        // The built-in counts crosses from bar `slow` on.
        let rules = json!({
            "let": {"f": "ema(close, fast)", "s": "ema(close, slow)", "ready": "prev(close, slow) > 0"},
            "long": "crosses_above(f, s) and ready", "short": "crosses_below(f, s) and ready",
        });
        let mut twin = Twin { given: periods.clone(), rules, of_rules: periods };
        twin.given.push(("direction", ParamValue::text(direction)));
        let leaves = dice.one_in(2);
        twin.given.push(("exit_on_cross", ParamValue::Bool(leaves)));
        if leaves {
            twin.rules["exit_long"] = json!("crosses_below(f, s) and ready");
            twin.rules["exit_short"] = json!("crosses_above(f, s) and ready");
        }
        one_sided(&mut twin.rules, direction);
        if dice.one_in(2) {
            let pips = float(5.0 + dice.below(60) as f64);
            twin.given.push(("stop_pips", pips.clone()));
            twin.of_rules.push(("stop_pips", pips));
            twin.rules["stop_distance"] = json!("stop_pips * 0.0001");
        } else {
            multiple(dice, &mut twin, ["stop_atr", "stop_distance"]);
        }
        if dice.one_in(2) {
            let pips = float(5.0 + dice.below(90) as f64);
            twin.given.push(("target_pips", pips.clone()));
            twin.of_rules.push(("target_pips", pips));
            twin.rules["target_distance"] = json!("target_pips * 0.0001");
        }
        twin
    });
}

#[test]
fn donchian_breakout() {
    compare(&DonchianBreakout::default(), |dice| {
        let (entry, direction) = (2 + dice.below(80), direction(dice));
        let exit = 1 + dice.below(entry);
        let bars = vec![("entry_bars", whole(entry)), ("exit_bars", whole(exit))];
        let rules = json!({
            "long": "crosses_above(close, prev(highest(high, entry_bars), 1))",
            "short": "crosses_below(close, prev(lowest(low, entry_bars), 1))",
            "exit_long": "close < prev(lowest(low, exit_bars), 1)",
            "exit_short": "close > prev(highest(high, exit_bars), 1)",
        });
        let mut twin = Twin { given: bars.clone(), rules, of_rules: bars };
        finish(dice, &mut twin, direction);
        twin
    });
}

#[test]
fn rsi_reversion() {
    compare(&RsiReversion::default(), |dice| {
        let direction = direction(dice);
        let levels = vec![
            ("rsi_length", whole(2 + dice.below(28))),
            ("lower", whole(15 + dice.below(26))),
            ("upper", whole(60 + dice.below(26))),
            ("exit_level", whole(45 + dice.below(11))),
        ];
        let rules = json!({
            "let": {"r": "rsi(close, rsi_length)"},
            "long": "crosses_above(r, lower)", "short": "r < upper and prev(r, 1) >= upper",
            "exit_long": "crosses_above(r, exit_level)", "exit_short": "crosses_below(r, exit_level)",
        });
        let mut twin = Twin { given: levels.clone(), rules, of_rules: levels };
        finish(dice, &mut twin, direction);
        twin
    });
}

#[test]
fn bollinger_reversion() {
    compare(&BollingerReversion::default(), |dice| {
        let direction = direction(dice);
        let bands = vec![
            ("bands_length", whole(5 + dice.below(90))),
            ("bands_factor", float(0.5 + dice.below(26) as f64 * 0.1)),
        ];
        let rules = json!({
            "let": {"m": "bollinger(close, bands_length, bands_factor).middle"},
            "long": "close <= bollinger(close, bands_length, bands_factor).lower",
            "short": "close >= m + bands_factor * stdev(close, bands_length)",
            "exit_long": "close >= m", "exit_short": "close <= m",
        });
        let mut twin = Twin { given: bands.clone(), rules, of_rules: bands };
        finish(dice, &mut twin, direction);
        twin
    });
}

/// Direction, stop and target, which the small strategies share.
fn finish(dice: &mut Dice, twin: &mut Twin, direction: &'static str) {
    twin.given.push(("direction", ParamValue::text(direction)));
    one_sided(&mut twin.rules, direction);
    multiple(dice, twin, ["stop_atr", "stop_distance"]);
    multiple(dice, twin, ["target_atr", "target_distance"]);
}

#[test]
fn scenario_2() {
    compare(&MeanReversionZScore::default(), |dice| {
        let direction = direction(dice);
        let shared = vec![
            ("z_score_long", float(-0.5 - dice.below(20) as f64 * 0.1)),
            ("z_score_short", float(0.5 + dice.below(20) as f64 * 0.1)),
            ("std_factor", float(dice.below(25) as f64 * 0.1)),
            ("b_b_length", whole(8 + dice.below(60))),
            ("window_length", whole(20 + dice.below(200))),
            ("kalman_r", float(dice.pick(&[0.01, 0.1, 1.0]))),
            ("kalman_q", float(dice.pick(&[0.001, 0.01, 0.5, 1.0]))),
            ("atr_length", whole(5 + dice.below(25))),
            ("atr_mult", float(0.5 + dice.below(30) as f64 * 0.1)),
        ];
        let mut given = shared.clone();
        given.extend([
            ("enabled_scenarios", ParamValue::List([ParamValue::Int(2)].into())),
            ("direction_filter", ParamValue::text(direction)),
            ("max_holding_minutes", ParamValue::Null),
            ("htf_tf", ParamValue::text("NONE")),
            ("extra_htf_tf", ParamValue::text("NONE")),
        ]);
        let rules = json!({
            "let": {"z": "kalman_zscore(close, window_length, kalman_r, kalman_q)",
                    "middle": "sma(close, b_b_length)"},
            "long": "z <= z_score_long and close <= bollinger(close, b_b_length, std_factor).lower",
            "short": "z >= z_score_short and close >= bollinger(close, b_b_length, std_factor).upper",
            "stop": "round((1 + side) / 2 * (low - atr_mult * atr(atr_length)) + (1 - side) / 2 * (high + atr_mult * atr(atr_length)), 5)",
            "target": "round(middle, 5)",
        });
        let mut twin = Twin { given, rules, of_rules: shared };
        one_sided(&mut twin.rules, direction);
        twin
    });
}
