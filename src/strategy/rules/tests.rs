//! Rules on small markets: mistakes, meaning, absent values, levels; scopes are in [`scopes`].

mod scopes;

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;
use crate::data::MultiSymbolData;
use crate::strategy::fixture::{EURUSD, bound, keeps_its_promise, market, say, say_all};
use crate::strategy::{BarView, Level, Signal, Strategy, TradeSignal, complete};
use crate::types::{Direction, MasterSeed, ParamValue, Purpose};

fn rules(json: &Value) -> RuleStrategy {
    match RuleStrategy::from_json("rules", json) {
        Ok(strategy) => strategy,
        Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// The first mistake of a rule set, as code and text.
fn mistake(json: &Value) -> (&'static str, String) {
    let errors = RuleStrategy::from_json("rules", json).expect_err("a mistake");
    (errors[0].code.as_str(), errors[0].to_string())
}

/// A wave of five pips around 1.1 with a period of 24 bars.
fn wave() -> MultiSymbolData {
    let close = |row: i32| 1.1 + f64::from((row % 24 - 12).abs() - 6) * 0.0001;
    market(&(0..200).map(close).collect::<Vec<_>>(), 0.0001)
}

/// Rows on which a condition gives a long entry.
fn rows_of(data: &MultiSymbolData, condition: &str) -> Vec<usize> {
    let strategy = rules(&json!({"long": condition}));
    let mut strategy = bound(&strategy, data, &[]).expect("feasible");
    say_all(&mut strategy, data).into_iter().map(|(row, _)| row).collect()
}

fn closes(data: &MultiSymbolData) -> Vec<f64> {
    data.symbol(EURUSD).bars.bid().close.clone()
}

/// Rows on which a plain test of the closes holds.
fn rows_where(data: &MultiSymbolData, holds: impl Fn(usize, &[f64]) -> bool) -> Vec<usize> {
    let close = closes(data);
    (0..close.len()).filter(|&row| holds(row, &close)).collect()
}

#[test]
fn names_that_mean_nothing_else_become_parameters_with_the_right_kind() {
    let strategy = rules(&json!({
        "let": {"z": "(close - sma(close, window)) / width"},
        "long": "z < -threshold and use_long",
        "stop_distance": "2 * atr(n)",
    }));
    let kinds: Vec<(&str, &ParamDomain)> =
        strategy.params().iter().map(|spec| (spec.name.as_ref(), &spec.domain)).collect();
    assert_eq!(
        kinds.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["window", "width", "threshold", "use_long", "n"]
    );
    assert!(matches!(kinds[0].1, ParamDomain::Int { .. }));
    assert!(matches!(kinds[1].1, ParamDomain::Float { .. }));
    assert!(matches!(kinds[3].1, ParamDomain::Bool));
    assert!(strategy.params().iter().all(|spec| spec.default.is_none()));
}

#[test]
fn mistakes_have_code_place_and_remedy() {
    let long = |text: &str| mistake(&json!({"long": text}));
    let (code, text) = long("close > emma(close, 20)");
    assert_eq!(code, "E162");
    assert_eq!(
        text,
        "long: unknown function `emma`\n  close > emma(close, 20)\n          ^^^^\n  did you mean `ema`?"
    );
    assert_eq!(long("close >").0, "E160");
    assert_eq!(long("close && open").0, "E160");
    assert_eq!(long("close + 1").0, "E161");
    assert_eq!(long("close").0, "E161");
    assert_eq!(long("ema(close) > 1").0, "E161");
    assert_eq!(long("ema(close, close) > 1").0, "E161");
    assert_eq!(long("ema(close, 2.5) > 1").0, "E161");
    assert_eq!(long("(close > 1) + 2 > 1").0, "E161");
    assert_eq!(long("not close > 1 and close").0, "E161");
    assert_eq!(long("close > entry").0, "E162");
    assert_eq!(long("close > ema").0, "E162");
    assert_eq!(long("tf('H2', close) > 1").0, "E162");
    assert_eq!(long("tf(close) > 1").0, "E161");
    assert_eq!(long("tf('H1', tf('H4', close)) > 1").0, "E161");
    assert_eq!(long("bollinger(close, 20, 2).lowest > 1").0, "E162");
    assert_eq!(long("bollinger(close, 20, 2) > 1").0, "E162");
    assert_eq!(long("atr(14).x > 1").0, "E162");
    assert_eq!(long("between_times('7', '17:00')").0, "E161");
    assert_eq!(long("symbol('GBPUSD', close > 1)").0, "E161");
    assert_eq!(mistake(&json!({"lung": "close > 1", "long": "close > 1"})).0, "E162");
    assert_eq!(mistake(&json!({"exit_long": "close > 1"})).0, "E160");
    assert_eq!(mistake(&json!({"long": "close > 1", "stop": "entry", "stop_distance": "1"})).0, "E160");
    assert_eq!(mistake(&json!({"long": "close > 1", "size": -1})).0, "E161");
    assert_eq!(mistake(&json!({"long": "close > 1", "let": {"close": "1"}})).0, "E162");
    assert_eq!(mistake(&json!({"long": "close > 1", "stop": "entry - stop"})).0, "E162");
    assert_eq!(mistake(&json!({"long": ["close > 1"]})).0, "E161");
    let many = RuleStrategy::from_json("rules", &json!({"long": "x >", "short": "f(1) > 2", "stop": "a b"}));
    assert_eq!(many.expect_err("three mistakes").len(), 3);
}

#[test]
fn conditions_mean_what_they_say() {
    let data = wave();
    assert_eq!(rows_of(&data, "close > 1.1003"), rows_where(&data, |row, c| c[row] > 1.1003));
    assert_eq!(
        rows_of(&data, "close > open and close - open >= 0.00005"),
        rows_where(&data, |row, c| row > 0 && c[row] > c[row - 1] && c[row] - c[row - 1] >= 0.00005)
    );
    assert_eq!(
        rows_of(&data, "prev(close, 3) < close"),
        rows_where(&data, |row, c| row >= 3 && c[row - 3] < c[row])
    );
    assert_eq!(
        rows_of(&data, "crosses_above(close, 1.1)"),
        rows_where(&data, |row, c| row >= 1 && c[row] > 1.1 && c[row - 1] <= 1.1)
    );
    assert_eq!(
        rows_of(&data, "highest(close, 5) == close"),
        rows_where(&data, |row, c| row >= 4 && c[row - 4..=row].iter().all(|&x| x <= c[row]))
    );
    assert_eq!(
        rows_of(&data, "sum(close, 3) > 3.3"),
        rows_where(&data, |row, c| row >= 2 && c[row - 2] + c[row - 1] + c[row] > 3.3)
    );
    assert_eq!(
        rows_of(&data, "max(close, 1.1, open) > 1.1005 or min(close, 1.1) < 1.0996"),
        rows_where(&data, |row, c| {
            let open = if row == 0 { c[0] } else { c[row - 1] };
            c[row].max(1.1).max(open) > 1.1005 || c[row].min(1.1) < 1.0996
        })
    );
    assert_eq!(
        rows_of(&data, "round(close * 1000) == 1100"),
        rows_where(&data, |row, c| (c[row] * 1000.0).round_ties_even() == 1100.0)
    );
    assert_eq!(
        rows_of(&data, "abs(close - 1.1) > 0.0004"),
        rows_where(&data, |row, c| (c[row] - 1.1).abs() > 0.0004)
    );
    assert_eq!(rows_of(&data, "false"), [0_usize; 0]);
    assert_eq!(rows_of(&data, "true and not false").len(), 200);
}

#[test]
fn bars_since_counts_from_the_last_time_it_held() {
    let data = wave();
    let held = rows_where(&data, |row, c| row >= 1 && c[row] > 1.1003 && c[row - 1] <= 1.1003);
    let expected: Vec<usize> = (0..200).filter(|&row| held.iter().any(|&h| h + 2 == row)).collect();
    assert_eq!(rows_of(&data, "bars_since(crosses_above(close, 1.1003)) == 2"), expected);
}

#[test]
fn hours_are_those_of_the_decision_and_may_wrap_midnight() {
    let data = wave();
    // Bars are minutes from midnight; the decision at row r is made at minute r + 1.
    assert_eq!(rows_of(&data, "between_times('00:10', '00:12')"), [9, 10, 11]);
    assert_eq!(rows_of(&data, "between_times('03:19', '00:02')"), [0, 1, 198, 199]);
}

#[test]
fn an_absent_value_makes_a_comparison_and_its_negation_false() {
    let data = wave();
    let known = rows_where(&data, |row, _| row >= 9);
    let above = rows_of(&data, "sma(close, 10) > 1");
    assert_eq!(above, known);
    assert_eq!(rows_of(&data, "not sma(close, 10) > 1"), [0_usize; 0]);
    assert_eq!(rows_of(&data, "not sma(close, 10) < 1"), known);
    assert_eq!(rows_of(&data, "sma(close, 10) < 1 or close > 0"), known);
    assert_eq!(rows_of(&data, "sma(close, 10) != 1"), known);
    assert_eq!(rows_of(&data, "1 / (close - close) > 0"), [0_usize; 0]);
    assert_eq!(rows_of(&data, "not 1 / (close - close) > 0"), [0_usize; 0]);
    assert_eq!(rows_of(&data, "sqrt(0 - close) > 0 or close > 0"), [0_usize; 0]);
}

#[test]
fn a_score_over_a_flat_market_is_absent_not_infinite() {
    let mut closes = vec![1.1; 60];
    closes[50] = 1.2;
    let data = market(&closes, 0.0001);
    let finite = rows_of(&data, "zscore(close, 10) > -1000000 or zscore(close, 10) < 1000000");
    assert!(finite.iter().all(|&row| row >= 41), "{finite:?}");
    assert_eq!(rows_of(&data, "zscore(close, 10) >= 1000000"), [0_usize; 0]);
}

#[test]
fn an_ask_is_seen_by_its_names_and_inside_ask() {
    let data = wave();
    assert_eq!(rows_of(&data, "ask_close > 1.1004"), rows_where(&data, |row, c| c[row] + 0.0001 > 1.1004));
    assert_eq!(rows_of(&data, "ask(sma(close, 5)) > sma(close, 5)"), rows_where(&data, |row, _| row >= 4));
}

#[test]
fn indicators_over_closes_are_the_ones_other_strategies_share() {
    let data = wave();
    let strategy = rules(
        &json!({"long": "crosses_above(ema(close, 5), ema(close, 20)) and close <= bollinger(close, 20, 2).lower"}),
    );
    let params = complete(&strategy, &[]).expect("no parameters");
    let context = BindContext { data: &data, symbol: EURUSD };
    let mut plan = CachePlan::default();
    strategy.plan(&params, &context, &mut plan).expect("feasible");
    let expressions = plan.keys().filter(|key| key.kind.to_string().starts_with("expression"));
    assert_eq!(expressions.count(), 0, "every operand is a shared series");
    assert_eq!(plan.mask_keys().count(), 2);
}

fn entry(said: &[Signal]) -> TradeSignal {
    match said {
        [Signal::Enter(trade)] => *trade,
        other => panic!("not one entry: {other:?}"),
    }
}

#[test]
fn levels_are_calculated_at_the_fill_and_a_target_may_use_the_stop() {
    let data = wave();
    let strategy = rules(&json!({
        "long": "close > 1.1005",
        "stop": "min(low, entry - side * 0.0010)",
        "target": "entry + 2 * (entry - stop)",
    }));
    let mut strategy = bound(&strategy, &data, &[]).expect("feasible");
    let trade = entry(&say(&mut strategy, &data, 24, None));
    assert_eq!((trade.stop_loss, trade.take_profit), (Level::AtFill, Level::AtFill));
    let (stop, target) = strategy.levels_at_fill(&trade, 1.2);
    let low = data.symbol(EURUSD).bars.bid().low[24];
    assert_eq!(stop, Level::Price(low.min(1.2 - 0.0010)));
    assert_eq!(target, Level::Price(1.2 + 2.0 * (1.2 - low)));
}

#[test]
fn a_distance_is_known_at_the_decision_and_must_be_above_zero() {
    let data = wave();
    let with = |distance: &str| {
        let strategy = rules(&json!({"short": "close > 1.1005", "stop_distance": distance, "size": 2}));
        let mut strategy = bound(&strategy, &data, &[]).expect("feasible");
        say(&mut strategy, &data, 24, None)
    };
    let trade = entry(&with("0.0020 + 0 * side"));
    assert_eq!((trade.direction, trade.stop_loss), (Direction::Short, Level::Distance(0.0020)));
    assert_eq!((trade.lots, trade.take_profit), (Some(2.0), Level::Absent));
    assert_eq!(with("side * 0.0020"), []);
    assert_eq!(with("atr(100)"), [], "no ATR yet, so no entry");
}

#[test]
fn exits_are_looked_at_in_their_own_direction_only_and_both_entries_cancel() {
    let data = wave();
    let strategy = rules(&json!({
        "long": "close > 1.1002", "short": "close > 1.1005",
        "exit_long": "close < 1.0996", "exit_short": "close > 1.1001",
    }));
    let mut strategy = bound(&strategy, &data, &[]).expect("feasible");
    assert_eq!(say(&mut strategy, &data, 24, None), [], "both hold");
    assert_eq!(entry(&say(&mut strategy, &data, 21, None)).direction, Direction::Long);
    assert_eq!(say(&mut strategy, &data, 12, Some(Direction::Long)), [Signal::Close(EURUSD)]);
    assert_eq!(say(&mut strategy, &data, 12, Some(Direction::Short)), []);
    assert_eq!(say(&mut strategy, &data, 24, Some(Direction::Short)), [Signal::Close(EURUSD)]);
    keeps_its_promise(&mut strategy, &data);
}

#[test]
fn impossible_values_prune_the_set_with_the_reason() {
    let data = wave();
    let reason = |rule: &str, given: &[(&str, ParamValue)]| {
        bound(&rules(&json!({"long": rule})), &data, given).expect_err("infeasible").to_string()
    };
    let zero = [("n", ParamValue::Int(0))];
    assert!(reason("ema(close, n) > 1", &zero).contains("whole and at least 1, got 0"));
    let half = [("n", ParamValue::Float(2.5))];
    assert!(reason("ema(close, n * 1) > 1", &half).contains("got 2.5"));
    assert!(reason("close > n / 0", &half).contains("no number"));
    assert!(reason("close > round(1.5, n)", &half).contains("0 to 15 whole digits"));
    let nowhere = reason("symbol('GBPUSD', close) > 1", &[]);
    assert!(nowhere.contains("add \"GBPUSD\" to data.symbols"), "{nowhere}");
    let unloaded = reason("tf('H4', close) > 1", &[]);
    assert!(unloaded.contains("data.timeframes.additional"), "{unloaded}");
}

#[test]
fn warm_up_adds_up_along_nested_windows() {
    let strategy = rules(&json!({
        "let": {"e": "ema(close, n)"},
        "long": "prev(sma(e, 2 * n), 5) > close", "stop_distance": "atr(70)",
    }));
    let params = complete(&strategy, &[("n", ParamValue::Int(10))]).expect("complete");
    assert_eq!(strategy.warmup_bars(&params), 70);
    let params = complete(&strategy, &[("n", ParamValue::Int(40))]).expect("complete");
    assert_eq!(strategy.warmup_bars(&params), 40 + 80 + 5);
}

#[test]
fn a_name_is_computed_once_and_shared_between_rules() {
    let data = wave();
    let strategy = rules(&json!({
        "let": {"z": "(close - sma(close, 20)) / stdev_pop(close, 20)"},
        "long": "z <= -1 and prev(z, 1) > -1", "short": "z >= 1 and prev(z, 1) < 1",
        "exit_long": "z >= 0", "exit_short": "z <= 0",
    }));
    let params = complete(&strategy, &[]).expect("no parameters");
    let mut plan = CachePlan::default();
    strategy.plan(&params, &BindContext { data: &data, symbol: EURUSD }, &mut plan).expect("feasible");
    let expressions = plan.keys().filter(|key| key.kind.to_string().starts_with("expression"));
    assert_eq!(expressions.count(), 2, "the deviation and z");
    let mut strategy = bound(&strategy, &data, &[]).expect("feasible");
    assert!(say_all(&mut strategy, &data).len() > 5);
    keeps_its_promise(&mut strategy, &data);
}

#[test]
fn chains_of_names_do_not_explode() {
    let mut names = serde_json::Map::new();
    names.insert("a0".to_owned(), json!("close"));
    for i in 1..150 {
        names.insert(format!("a{i}"), json!(format!("a{} + a{}", i - 1, i - 1)));
    }
    let strategy = rules(&json!({"let": names, "long": "a40 > 1"}));
    let data = wave();
    let mut bound_rules = bound(&strategy, &data, &[]).expect("feasible");
    assert_eq!(say_all(&mut bound_rules, &data).len(), 200);
    let bar = BarView::at(&data, EURUSD, 0).expect("a bar");
    assert_eq!(bar.row(), 0);
}

#[test]
fn random_conditions_that_are_accepted_can_be_bound() {
    let data = wave();
    let mut rng = MasterSeed(8).rng(Purpose::User, 0, 0, 0);
    let numbers =
        ["close", "2", "ema(close, 3)", "prev(open, 1)", "atr(4)", "x", "bars_since(close > open)", "1.1"];
    let mut pick =
        |from: &[&'static str]| from[usize::try_from(rng.below(from.len() as u64)).expect("small")];
    let mut bound_rules = 0;
    for _ in 0..300 {
        let mut text = String::new();
        for part in 0..4 {
            let (sign, join) =
                (pick(&["<", "<=", ">", ">=", "==", "!="]), pick(&[" and ", " or ", " and not "]));
            let joined = if part == 0 { "" } else { join };
            let (left, right) = (pick(&numbers), pick(&numbers));
            let change = pick(&["+ 1", "* 2", "/ close", ""]);
            write!(text, "{joined}{left} {change} {sign} {right}").expect("a text takes all");
        }
        let strategy = rules(&json!({"long": text}));
        let given: Vec<(&str, ParamValue)> =
            strategy.params().iter().map(|_| ("x", ParamValue::Float(1.1))).collect();
        let mut strategy = bound(&strategy, &data, &given).expect("feasible");
        keeps_its_promise(&mut strategy, &data);
        bound_rules += 1;
    }
    assert_eq!(bound_rules, 300);
}
