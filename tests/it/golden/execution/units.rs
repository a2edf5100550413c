//! One order or position against one bar: triggers and exits.

use omega_sweep::engine::{Clock, EventEngine, RunRequest, WindowEnd};
use omega_sweep::execution::Quote;
use omega_sweep::execution::fills::triggers;
use omega_sweep::portfolio::{Position, PositionStatus};
use omega_sweep::strategy::{AccountView, BarView, Signals, Strategy};
use omega_sweep::types::{StepRange, SymbolId, Timeframe, Timestamp, TrialId};
use serde_json::Value;

use super::super::load;
use super::support::{
    Recorded, direction, float, inputs, int, list, market, order_type, quote, same, series, settings, spec,
    text,
};

#[test]
fn pending_orders_trigger_on_their_side_of_the_bar() {
    let vectors = load("execution", "entry_triggers.json");
    let mut triggered = 0;
    for case in list(&vectors["cases"]) {
        let given = &case["inputs"];
        let (time, bid, ask) = quote(&given["candle"]);
        let got = text(&given["status"]) == "pending"
            && time > int(&given["entry_time_us"])
            && triggers(
                direction(&given["direction"]),
                order_type(&given["order_type"]),
                float(&given["entry_price"]),
                &Quote { bid, ask },
            );
        assert_eq!(Value::from(got), case["expected"]["triggered"], "{}", case["id"]);
        triggered += usize::from(got);
    }
    assert!(triggered > 10, "the vectors hold orders that trigger");
}

struct Silent;

impl Strategy for Silent {
    fn evaluate(&mut self, _bar: &BarView<'_>, _account: &AccountView<'_>, _out: &mut Signals) {}
}

pub(super) fn request(window: StepRange) -> RunRequest {
    RunRequest {
        window,
        fold: 0,
        repeat: 0,
        random_id: TrialId(0),
        clock: Clock::EveryBar,
        window_end: WindowEnd::EndOfRun,
    }
}

fn position(given: &Value, risk_per_trade: f64) -> Position {
    let time = |key: &str| given[key].as_i64().unwrap_or(int(&given["entry_time_us"]));
    let pending = text(&given["status"]) == "pending";
    Position {
        number: 0,
        symbol: SymbolId(0),
        direction: direction(&given["direction"]),
        order_type: order_type(&given["order_type"]),
        status: if pending { PositionStatus::Pending } else { PositionStatus::Open },
        entry_time: Timestamp(time("entry_time_us")),
        trigger_time: Timestamp(time("trigger_time_us")),
        row: 0,
        entry_price: float(&given["entry_price"]),
        stop_loss: given["stop_loss"].as_f64(),
        take_profit: given["take_profit"].as_f64(),
        initial_stop_loss: given["initial_stop_loss"].as_f64(),
        initial_take_profit: given["initial_take_profit"].as_f64(),
        size: float(&given["size"]),
        risk_per_trade,
        entry_fee: 0.0,
        exit_fee: 0.0,
        swap: 0.0,
        break_even_done: false,
        scenario: None,
        magic_number: 0,
    }
}

#[test]
fn one_bar_closes_opens_or_keeps_a_position() {
    let vectors = load("execution", "exit_checks.json");
    let mut closed = 0;
    for case in list(&vectors["cases"]) {
        let (id, given, expected) = (text(&case["id"]), &case["inputs"], &case["expected"]);
        let order = position(&given["position"], float(&given["risk_per_trade"]));
        let (time, bid, ask) = quote(&given["candle"]);
        // Without an ask a long never triggers and a short leaves at the bid.
        let ask = ask.unwrap_or(match direction(&given["position"]["direction"]) {
            omega_sweep::types::Direction::Short => bid,
            omega_sweep::types::Direction::Long => {
                omega_sweep::data::Ohlc { open: f64::NAN, high: f64::NAN, low: f64::NAN, close: f64::NAN }
            }
        });
        let bars = series(Timeframe::M15, &[(time - 1, bid, ask), (time, bid, ask)]);
        let (specs, name) = (&vectors["symbol_specs"], text(&given["symbols"][0]));
        let spec = spec(specs, name).or_else(|| spec(specs, "EURUSD")).expect("a specification");
        let inputs = inputs(market(Timeframe::M15, vec![(spec, bars)]), settings(given));
        let request = request(StepRange { start: 1, end: 2 });
        let draws = Recorded::of(&given["slippage"]);
        let strategies = vec![(Some(SymbolId(0)), Silent)];
        let mut engine = EventEngine::new(&inputs, &request, strategies, draws, ()).expect("rates are there");
        engine.set_execution(SymbolId(0), super::sizing::symbol_execution(name, given, specs));
        assert_eq!(engine.adopt([order]), []);
        let outcome = engine.run().expect("runs");

        let want = &expected["position"];
        assert_eq!(Value::from(outcome.run.trades.len() == 1), expected["closed"], "{id}");
        same(id, outcome.run.final_cash, &expected["cash"]);
        same(id, outcome.total_fees, &expected["total_fees"]);
        if let [trade] = outcome.run.trades.as_slice() {
            closed += 1;
            super::engine::same_trade(id, trade, want);
        } else {
            super::engine::same_position(id, &outcome.active[0], want);
        }
    }
    assert!(closed > 50, "the vectors hold positions that close");
}
