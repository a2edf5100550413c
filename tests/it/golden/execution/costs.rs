//! Slippage with a given draw, fees, currency conversion.

use omega_sweep::costs::fee::FeeSymbol;
use omega_sweep::costs::{
    Conversion, CostModel, FeeCall, FeeRule, LegacyFee, NoLiveRates, Rate, SlippageSettings, slip,
};
use omega_sweep::engine::EngineSettings;
use omega_sweep::types::ParamValue;
use serde_json::Value;

use super::super::load;
use super::support::{costs, direction, float, list, same, spec, text};

fn known(rates: &Value) -> impl Fn(&str) -> Option<Rate> {
    let rates = rates.clone();
    move |pair: &str| rates.get(pair).map(|rate| Rate::Fixed(float(rate)))
}

fn commission(given: &Value, specs: &Value) -> Result<f64, String> {
    let mut settings = EngineSettings::reference();
    let (costs, multiplier) = costs(&serde_json::json!({
        "kind": "commission", "config": given["config"], "multiplier": given["multiplier"],
    }));
    settings.apply("costs", &ParamValue::from_json(&costs)).map_err(|error| error.to_string())?;
    let name = text(&given["symbol"]);
    let spec = spec(specs, name).ok_or("unknown symbol")?;
    let symbol = FeeSymbol { name, contract_size: spec.contract_size, quote_currency: &spec.quote_currency };
    let account = text(&given["account_currency"]);
    let rule = FeeRule::new(&settings.costs, symbol, account, float(&multiplier), known(&given["rates"]))
        .map_err(|error| error.to_string())?;
    let call = match text(&given["side"]) {
        "entry" => FeeCall::Entry,
        "exit" => FeeCall::Exit,
        "both" => FeeCall::RoundTrip,
        other => return Err(format!("unknown call {other}")),
    };
    rule.fee(call, float(&given["price"]), float(&given["lots"]), &NoLiveRates).map_err(|e| e.to_string())
}

fn convert(given: &Value) -> Result<f64, String> {
    let (from, to) = (text(&given["from"]), text(&given["to"]));
    let conversion = Conversion::resolve(from, to, known(&given["rates"])).map_err(|e| e.to_string())?;
    conversion.convert(float(&given["amount"]), &NoLiveRates).map_err(|e| e.to_string())
}

#[test]
fn slippage_fees_and_conversion_are_those_of_the_reference() {
    let vectors = load("execution", "costs.json");
    for case in list(&vectors["cases"]) {
        let (id, given, want) = (text(&case["id"]), &case["inputs"], &case["expected"]);
        match text(&given["kind"]) {
            "slippage" => {
                let settings = SlippageSettings {
                    fixed_pips: float(&given["fixed_pips"]),
                    random_pips: float(&given["random_pips"]),
                };
                let pips = settings.pips(float(&given["u"]));
                let price = slip(
                    float(&given["price"]),
                    direction(&given["direction"]),
                    pips,
                    float(&given["pip_size"]),
                );
                same(id, price, &want["price"]);
            }
            "legacy_fee" => {
                let fee = LegacyFee {
                    per_million: float(&given["per_million"]),
                    lot_size: float(&given["lot_size"]),
                    min_fee: float(&given["min_fee"]),
                };
                let got =
                    fee.fee(float(&given["lots"]), float(&given["price"]), given["contract_size"].as_f64());
                same(id, got, &want["fee"]);
            }
            "commission" => expect(id, commission(given, &vectors["symbol_specs"]), want, "fee"),
            "fx_convert" => expect(id, convert(given), want, "amount"),
            other => panic!("{id}: unknown kind {other}"),
        }
    }
}

#[track_caller]
fn expect(id: &str, got: Result<f64, String>, want: &Value, key: &str) {
    match (got, want.get("error")) {
        (Ok(got), None) => same(id, got, &want[key]),
        (Err(_), Some(_)) => {}
        (got, _) => panic!("{id}: got {got:?}, expected {want}"),
    }
}

#[test]
fn the_fee_multiplier_scales_rates_and_the_legacy_minimum_stays() {
    let symbol = FeeSymbol { name: "EURUSD", contract_size: 100_000.0, quote_currency: "USD" };
    let fee = LegacyFee { per_million: 10.0, lot_size: 1.0, min_fee: 5.0 };
    let rule = |factor| {
        FeeRule::new(&CostModel::LegacyFee(fee), symbol, "USD", factor, |_: &str| None)
            .expect("no conversion")
    };
    let ask = |factor: f64, lots: f64| rule(factor).fee(FeeCall::Entry, 1.0, lots, &NoLiveRates);
    assert_eq!(ask(2.0, 10.0), Ok(20.0));
    assert_eq!(ask(2.0, 0.01), Ok(5.0));
}
