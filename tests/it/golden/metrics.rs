//! Metric and statistics vectors.

use omega_sweep::metrics::{
    Bootstrap, BootstrapKind, EquityFacts, METRICS, MetricCalendar, MetricId, MetricScratch, RunFacts,
    SharpeSample, TradeRows, benjamini_hochberg, compute, dated_returns, effective_trials,
    expected_max_normal, expected_max_sharpe, holm, min_backtest_length, min_backtest_length_bound,
    p_value_mean_above_zero, p_value_of_resamples, wilson_interval,
};
use omega_sweep::robustness::ulcer::ulcer_score;
use omega_sweep::types::time::DAY;
use omega_sweep::types::{
    Calendar, CloseReason, Direction, EquityCurve, MasterSeed, OrderType, StepRange, SymbolId, Timestamp,
    Trade, TradeCosts,
};
use serde_json::{Value, json};

use super::{assert_close, floats, load, number};

#[test]
fn every_run_metric_agrees_with_the_formulas() {
    let file = load("metrics", "trade_equity.json");
    let mut scratch = MetricScratch::default();
    for case in file["cases"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        let input = &case["input"];
        let initial = number(&input["initial_equity"]);
        let (timeline, curve) = curve(&input["equity"]);
        let window = StepRange { start: 0, end: timeline.len() };
        let market: Calendar = input["calendar"].as_str().and_then(|c| c.parse().ok()).expect("a calendar");
        let periods = u32::try_from(input["periods_per_year"].as_u64().expect("a count")).expect("small");
        let calendar = MetricCalendar::new(&timeline, window, market, periods);
        let trades: Vec<Trade> = input["trades"].as_array().expect("trades").iter().map(trade).collect();
        let trades = TradeRows::of(&trades);
        let facts = RunFacts {
            bars: input["bars_total"].as_u64().expect("a count"),
            bars_in_position: input["bars_in_market"].as_u64().expect("a count"),
            ..facts(&trades, &curve, initial)
        };
        let metrics = compute(&facts, &calendar, &mut scratch);
        let (_, returns) = dated_returns(&facts, &calendar, &mut scratch);

        let expected = case["expected"].as_object().expect("expected");
        for (key, expected) in expected {
            let found = match key.as_str() {
                "n_daily_returns" => Some(returns.len() as f64),
                key => metrics.get(MetricId::from_key(key).unwrap_or_else(|| panic!("{key} is missing"))),
            };
            assert_close(found, expected.as_f64(), &file["tolerance"], &format!("{name}: {key}"));
        }
        let tested = METRICS.iter().filter(|def| expected.contains_key(def.key)).count();
        assert_eq!(tested, METRICS.len() - 4, "{name}: all but the four of `execution.md` 9b");
    }
}

#[test]
fn an_empty_week_carries_its_close_into_the_ulcer_index() {
    let file = load("metrics", "ratings.json");
    for case in cases(&file, "ulcer") {
        let (input, expected) = (&case["input"], &case["expected"]);
        assert_eq!(input["cap"], 10.0, "the score is clipped at 10");
        // Weekly values without a gap mean the same in both formulas.
        let (points, expected) = match input["weekly"].as_array() {
            Some(values) => {
                let week = 7 * DAY;
                let dated = values.iter().zip(1..).map(|(value, i)| json!([i * week, value]));
                (Value::Array(dated.collect()), &expected["omega_v1"])
            }
            None => (input["points"].clone(), &expected["strict"]),
        };
        let (timeline, curve) = curve(&points);
        let window = StepRange { start: 0, end: timeline.len() };
        let calendar = MetricCalendar::new(&timeline, window, Calendar::Fx24x5, 252);
        let none = TradeRows::default();
        let facts = facts(&none, &curve, number(&points[0][1]));
        let found = compute(&facts, &calendar, &mut MetricScratch::default())
            .get(MetricId::from_key("ulcer_index").expect("known"));
        let what = format!("{}", case["name"]);
        assert_close(found, expected["ulcer_index"].as_f64(), &file["tolerance"], &what);
        assert_close(found.map(ulcer_score), expected["score"].as_f64(), &file["tolerance"], &what);
    }
}

#[test]
fn significance_agrees_with_the_formulas_and_the_published_examples() {
    let file = load("metrics", "statistics.json");
    for case in file["cases"].as_array().expect("cases") {
        let (kind, input) = (case["kind"].as_str().expect("a kind"), &case["input"]);
        let found = match kind {
            "psr_dsr" => sharpe_of_returns(input),
            "dsr_from_moments" => deflated_from_moments(input),
            "expected_max" => {
                let trials = number(&input["n_trials"]);
                vec![
                    ("e_max", Some(expected_max_normal(trials))),
                    ("min_backtest_length_years", Some(min_backtest_length(trials, 1.0))),
                    ("upper_bound_years", Some(min_backtest_length_bound(trials, 1.0))),
                ]
            }
            "effective_trials" => {
                let trials = input["n_trials"].as_u64().expect("a count");
                vec![("n_effective", effective_trials(trials, number(&input["mean_correlation"])))]
            }
            "wilson" => {
                let count = |key: &str| input[key].as_u64().expect("a count");
                let (low, high) =
                    wilson_interval(count("successes"), count("n"), number(&input["confidence"]))
                        .expect("observations");
                vec![("low", Some(low)), ("high", Some(high))]
            }
            // Tested one by one below.
            "multiple_testing" | "bootstrap_mean" | "bootstrap_reference" => continue,
            other => panic!("unknown kind {other}"),
        };
        let expected = case["expected"].as_object().expect("expected");
        assert_eq!(found.len(), expected.len(), "{}: every value is compared", case["name"]);
        for (key, found) in found {
            assert_close(
                found,
                expected[key].as_f64(),
                &file["tolerance"],
                &format!("{} {key}", case["name"]),
            );
        }
    }
}

fn sharpe_of_returns(input: &Value) -> Vec<(&'static str, Option<f64>)> {
    let sample = SharpeSample::of(&floats(&input["returns"])).expect("returns with spread");
    let luck = expected_max_sharpe(number(&input["n_trials"]), number(&input["trial_sharpe_variance"]));
    let benchmark = number(&input["sr_benchmark"]);
    vec![
        ("sharpe", Some(sample.sharpe)),
        ("skewness", Some(sample.skewness)),
        ("kurtosis", Some(sample.kurtosis)),
        ("psr", sample.psr(benchmark)),
        ("expected_max_sharpe", Some(luck)),
        ("dsr", sample.psr(luck)),
        ("min_track_record_length", sample.min_track_record_length(benchmark, number(&input["alpha"]))),
    ]
}

fn deflated_from_moments(input: &Value) -> Vec<(&'static str, Option<f64>)> {
    let observations = input["n_obs"].as_u64().and_then(|n| usize::try_from(n).ok()).expect("a count");
    let sample = SharpeSample {
        sharpe: number(&input["sharpe"]),
        observations,
        skewness: number(&input["skewness"]),
        kurtosis: number(&input["kurtosis"]),
    };
    let luck = expected_max_sharpe(number(&input["n_trials"]), number(&input["trial_sharpe_variance"]));
    vec![("expected_max_sharpe", Some(luck)), ("dsr", sample.psr(luck))]
}

#[test]
fn p_values_of_many_tests_are_adjusted_as_the_textbooks_do() {
    let file = load("metrics", "statistics.json");
    for case in cases(&file, "multiple_testing") {
        let p_values = floats(&case["input"]["p_values"]);
        let adjusted = [("holm", holm(&p_values)), ("benjamini_hochberg", benjamini_hochberg(&p_values))];
        for (key, found) in adjusted {
            for (found, expected) in found.into_iter().zip(floats(&case["expected"][key])) {
                assert_close(Some(found), Some(expected), &file["tolerance"], key);
            }
        }
    }
}

#[test]
fn bootstrap_p_values_agree_on_given_resamples() {
    let file = load("metrics", "statistics.json");
    for case in cases(&file, "bootstrap_mean") {
        let resamples: Vec<Vec<usize>> =
            serde_json::from_value(case["input"]["indices"].clone()).expect("indices");
        let draws = u32::try_from(resamples.len()).expect("few");
        let found = p_value_of_resamples(&floats(&case["input"]["x"]), draws, |draw, indices| {
            indices.clone_from(&resamples[draw as usize]);
        });
        let expected = case["expected"]["p_value"].as_f64();
        assert_close(Some(found), expected, &file["tolerance"], &format!("{}", case["name"]));
    }
}

#[test]
fn independent_resamples_hit_the_tail_as_often_as_the_reference() {
    let file = load("metrics", "statistics.json");
    let draws = 20_000;
    for case in cases(&file, "bootstrap_reference") {
        let values = floats(&case["input"]["x"]);
        let bootstrap =
            Bootstrap { kind: BootstrapKind::Iid, draws, seed: MasterSeed(42), fold: 0, trial: 0 };
        if values.len() < 5 {
            assert_eq!(p_value_mean_above_zero(&values, &bootstrap), None, "{}", case["name"]);
            continue;
        }
        let mut indices = Vec::new();
        let at_or_below_zero = (0..draws).filter(|&draw| {
            bootstrap.fill(values.len(), draw, &mut indices);
            indices.iter().map(|&index| values[index]).sum::<f64>() <= 0.0
        });
        let found = at_or_below_zero.count() as f64 / f64::from(draws);
        let expected = number(&case["expected"]["tail_fraction_omega_v1"]);
        let error = 5.0 * (expected * (1.0 - expected) / f64::from(draws)).sqrt();
        assert!((found - expected).abs() <= error, "{}: found {found}, expected {expected}", case["name"]);
    }
}

#[test]
fn stationary_resamples_draw_the_numbers_of_the_vectors() {
    let file = load("metrics", "rng_streams.json");
    let case =
        file["cases"].as_array().expect("cases").iter().find(|c| c["name"] == "stationary_bootstrap_20");
    let (input, expected) = case.map(|case| (&case["input"], &case["expected"])).expect("the case is there");
    let bootstrap = Bootstrap {
        kind: BootstrapKind::Stationary,
        draws: 1,
        seed: MasterSeed(input["master_seed"].as_str().and_then(|s| s.parse().ok()).expect("a seed")),
        fold: 0,
        trial: input["trial_id"].as_str().and_then(|s| s.parse().ok()).expect("an id"),
    };
    let repeat = u32::try_from(input["repeat"].as_u64().expect("a number")).expect("small");
    let mut indices = Vec::new();
    bootstrap.fill_blocks(20, repeat, number(&input["mean_block_length"]), &mut indices);
    assert_eq!(json!(indices), expected["indices"]);
}

fn cases<'a>(file: &'a Value, kind: &'static str) -> impl Iterator<Item = &'a Value> {
    let found: Vec<&Value> =
        file["cases"].as_array().expect("cases").iter().filter(|case| case["kind"] == kind).collect();
    assert!(!found.is_empty(), "no case of kind {kind}");
    found.into_iter()
}

fn facts<'a>(trades: &'a TradeRows, curve: &'a EquityCurve, initial_equity: f64) -> RunFacts<'a> {
    RunFacts {
        trades,
        equity: EquityFacts::Curve(curve),
        initial_equity,
        bars: 0,
        bars_in_position: 0,
        ambiguous_exits: None,
        profit_net_worst: None,
        profit_net_best: None,
        break_even_cost_multiplier: None,
    }
}

/// Points `[time, equity]` as a timeline and the curve over it.
fn curve(points: &Value) -> (Vec<i64>, EquityCurve) {
    let mut timeline = Vec::new();
    let mut curve = EquityCurve::default();
    for (step, point) in points.as_array().expect("points").iter().enumerate() {
        timeline.push(point[0].as_i64().expect("a time"));
        let equity = number(&point[1]);
        curve.record(u32::try_from(step).expect("few points"), equity, equity);
    }
    assert!(timeline.is_sorted_by(|a, b| a < b), "times increase");
    (timeline, curve)
}

fn trade(input: &Value) -> Trade {
    let time = |key: &str| Timestamp(input[key].as_i64().expect("a time"));
    Trade {
        number: 0,
        symbol: SymbolId(0),
        direction: Direction::Long,
        order_type: OrderType::Market,
        entry_time: time("entry_us"),
        trigger_time: time("entry_us"),
        exit_time: time("exit_us"),
        entry_price: 1.0,
        exit_price: 1.0,
        initial_stop_loss: None,
        stop_loss: None,
        initial_take_profit: None,
        take_profit: None,
        size: 1.0,
        risk_per_trade: 100.0,
        result: number(&input["result"]),
        r_multiple: input["r_multiple"].as_f64(),
        entry_fee: number(&input["fee"]),
        exit_fee: 0.0,
        swap: 0.0,
        reason: CloseReason::Signal,
        scenario: None,
        magic_number: 0,
        ambiguous: false,
        costs: TradeCosts::default(),
    }
}
