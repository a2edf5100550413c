//! Metric and statistics vectors.

use omega_sweep::metrics::{
    METRICS, MetricCalendar, MetricId, MetricScratch, RunFacts, compute, daily_returns,
};
use omega_sweep::types::{
    Calendar, CloseReason, Direction, EquityCurve, OrderType, StepRange, SymbolId, Timestamp, Trade,
    TradeCosts,
};
use serde_json::Value;

use super::{assert_close, load, number};

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
        let facts = RunFacts {
            trades: &trades,
            curve: &curve,
            initial_equity: initial,
            bars: input["bars_total"].as_u64().expect("a count"),
            bars_in_position: input["bars_in_market"].as_u64().expect("a count"),
            ambiguous_exits: None,
            profit_net_worst: None,
            profit_net_best: None,
            break_even_cost_multiplier: None,
        };
        let metrics = compute(&facts, &calendar, &mut scratch);
        let mut returns = Vec::new();
        daily_returns(&curve, &calendar, initial, &mut returns);

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
