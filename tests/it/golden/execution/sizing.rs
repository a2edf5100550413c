//! Lots from risk, quantised, fixed, and at the opening of a market order.

use omega_sweep::costs::fee::FeeSymbol;
use omega_sweep::costs::{Conversion, DrawAddress, FeeCall, FeeRule, NoLiveRates, Rate};
use omega_sweep::engine::EngineSettings;
use omega_sweep::execution::simulator::Order;
use omega_sweep::execution::sizing::{self, LotLimits};
use omega_sweep::execution::{
    DistanceRule, ExecutionSimulator, ExitRules, SimulatorRules, SizingMode, SymbolExecution,
};
use omega_sweep::portfolio::Ledger;
use omega_sweep::types::{OrderType, ParamValue, SymbolId};
use serde_json::Value;

use super::super::load;
use super::support::{Recorded, costs, direction, float, list, same, spec, text};

fn known(rates: &Value) -> impl Fn(&str) -> Option<Rate> {
    let rates = rates.clone();
    move |pair: &str| rates.get(pair).map(|rate| Rate::Fixed(float(rate)))
}

fn risk_based(given: &Value, specs: &Value) -> Result<(f64, f64), String> {
    let spec = spec(specs, text(&given["symbol"])).ok_or("unknown symbol")?;
    let account = text(&given["account_currency"]);
    let conversion = Conversion::resolve(&spec.quote_currency, account, known(&given["rates"]))
        .map_err(|e| e.to_string())?;
    let pip = sizing::pip_size(Some(&spec));
    let pip_value = conversion.convert(spec.contract_size * pip, &NoLiveRates).map_err(|e| e.to_string())?;
    let raw = sizing::raw_by_pips(float(&given["risk_amount"]), float(&given["stop_pips"]), pip_value);
    Ok((pip_value, LotLimits::of(&spec).lot_sizer(raw)))
}

/// How a symbol trades, with the fallbacks of one that has no specification.
pub(super) fn symbol_execution(name: &str, given: &Value, specs: &Value) -> SymbolExecution {
    let spec = spec(specs, name);
    let mut settings = EngineSettings::reference();
    let (costs, multiplier) = costs(&given["costs"]);
    settings.apply("costs", &ParamValue::from_json(&costs)).expect("costs");
    let quote = spec.as_ref().map_or("USD", |spec| &spec.quote_currency);
    let account = given["sizing"]["account_currency"]
        .as_str()
        .or(given["costs"]["account_currency"].as_str())
        .unwrap_or(quote);
    let contract_size = spec.as_ref().map_or(100_000.0, |spec| spec.contract_size);
    let symbol = FeeSymbol { name, contract_size, quote_currency: quote };
    let rates = known(&given["rates"]);
    SymbolExecution {
        pip_size: sizing::pip_size(spec.as_ref()),
        contract_size,
        limits: spec.as_ref().map(LotLimits::of),
        tick: spec.as_ref().map(|spec| (spec.tick_value, spec.tick_size)),
        to_account: Conversion::resolve(quote, account, &rates).expect("rates are there"),
        fee: FeeRule::new(&settings.costs, symbol, account, float(&multiplier), &rates)
            .expect("rates are there"),
    }
}

fn market_open(id: &str, given: &Value, specs: &Value, want: &Value) {
    let realistic = EngineSettings::reference();
    let slippage = given["slippage"].as_object().map(|slippage| omega_sweep::costs::SlippageSettings {
        fixed_pips: float(&slippage["fixed_pips"]),
        random_pips: float(&slippage["random_pips"]),
    });
    let rules = SimulatorRules {
        slippage,
        exit_slippage: realistic.exit_slippage,
        pending_slippage: false,
        gap_fills: false,
        distance: DistanceRule { min_pips: None, check_triggers: false },
        min_lot_policy: realistic.min_lot_policy,
        sizing: match text(&given["sizing"]["mode"]) {
            "lot_sizer" => SizingMode::LotSizer,
            "tick_value" => SizingMode::TickValue,
            other => panic!("sizing {other}"),
        },
        risk_per_trade: float(&given["risk_per_trade"]),
        exits: ExitRules {
            gap_fills: false,
            open_first: false,
            same_bar_tp_needs_close: false,
            both_hit: realistic.both_hit,
        },
    };
    let execution = symbol_execution(text(&given["symbol"]), given, specs);
    let mut simulator = ExecutionSimulator::new(rules, vec![execution], Recorded::of(&given["slippage"]));
    let order = Order {
        direction: direction(&given["direction"]),
        order_type: OrderType::Market,
        price: float(&given["entry"]),
        lots: None,
    };
    let levels = |_: f64| (given["stop_loss"].as_f64(), given["take_profit"].as_f64());
    let at = DrawAddress { symbol: SymbolId(0), row: 0 };
    let outcome = simulator.process_signal(&order, at, levels, &NoLiveRates).expect("rates are there");
    assert_eq!(want["rejected"], outcome.is_err(), "{id}");
    let Ok(fill) = outcome else { return };
    same(id, fill.price, &want["entry_price"]);
    same(id, fill.size, &want["size"]);
    let fee = simulator.fee(0, FeeCall::Entry, fill.price, fill.size, &NoLiveRates).expect("rates are there");
    same(id, fee, &want["entry_fee"]);
    let mut ledger = Ledger::new(10_000.0);
    ledger.book_fee(fee);
    same(id, ledger.cash(), &want["cash"]);
}

#[test]
fn sizes_are_those_of_the_reference() {
    let vectors = load("execution", "sizing.json");
    let specs = &vectors["symbol_specs"];
    for case in list(&vectors["cases"]) {
        let (id, given, want) = (text(&case["id"]), &case["inputs"], &case["expected"]);
        let limits = || spec(specs, text(&given["symbol"])).as_ref().map(LotLimits::of);
        match text(&given["kind"]) {
            "risk_based" => match (risk_based(given, specs), want.get("error")) {
                (Ok((pip_value, lots)), None) => {
                    same(id, pip_value, &want["pip_value_per_lot"]);
                    same(id, lots, &want["lots"]);
                }
                (Err(_), Some(_)) => {}
                (got, _) => panic!("{id}: got {got:?}, expected {want}"),
            },
            "quantize" => {
                let raw = float(&given["raw_lots"]);
                let lots = limits().map_or_else(|| sizing::unspecified_lots(raw), |l| l.tick_value(raw));
                same(id, lots, &want["lots"]);
            }
            "fixed" => {
                let lots = limits().expect("a specification").fixed(float(&given["lots"]));
                same(id, lots, &want["lots"]);
            }
            "market_open" => market_open(id, given, specs, want),
            other => panic!("{id}: unknown kind {other}"),
        }
    }
}
