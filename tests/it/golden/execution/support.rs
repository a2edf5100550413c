//! Reading the vectors: bars, specifications, settings, and a strategy that follows a script.

use std::sync::Arc;

use omega_sweep::cache::IndicatorCache;
use omega_sweep::costs::{DrawAddress, DrawError, Draws};
use omega_sweep::data::Ohlc;
use omega_sweep::data::{BarSeries, MultiSymbolData, PriceColumns, RowMap, SymbolSeries, SymbolSpec};
use omega_sweep::engine::{EngineInputs, EngineSettings};
use omega_sweep::types::{Digest, Direction, MasterSeed, OrderType, ParamValue, Timeframe};
use serde_json::Value;

pub(super) fn float(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

pub(super) fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("not an integer: {value}"))
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}"))
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

pub(super) fn direction(value: &Value) -> Direction {
    match text(value) {
        "long" => Direction::Long,
        "short" => Direction::Short,
        other => panic!("direction {other}"),
    }
}

pub(super) fn order_type(value: &Value) -> OrderType {
    match text(value) {
        "market" => OrderType::Market,
        "limit" => OrderType::Limit,
        "stop" => OrderType::Stop,
        other => panic!("order type {other}"),
    }
}

/// The specification of a symbol; `None` for one that has none.
pub(super) fn spec(specs: &Value, name: &str) -> Option<SymbolSpec> {
    let entry = specs.get(name)?;
    let number = |key: &str, default: f64| entry.get(key).map_or(default, float);
    Some(SymbolSpec {
        name: name.to_owned(),
        contract_size: float(&entry["contract_size"]),
        tick_size: float(&entry["tick_size"]),
        tick_value: entry.get("tick_value").map(float),
        pip_size: number("pip_size", 0.0),
        volume_min: number("volume_min", 0.01),
        volume_step: number("volume_step", 0.01),
        volume_max: number("volume_max", 100.0),
        base_currency: text(&entry["base_currency"]).to_owned(),
        quote_currency: text(&entry["quote_currency"]).to_owned(),
        typical_spread_pips: 1.0,
    })
}

/// The bars of one row, ask absent when the vector says so.
pub(super) fn quote(row: &Value) -> (i64, Ohlc, Option<Ohlc>) {
    let row = list(row);
    let side = |from: usize| Ohlc {
        open: float(&row[from]),
        high: float(&row[from + 1]),
        low: float(&row[from + 2]),
        close: float(&row[from + 3]),
    };
    (int(&row[0]), side(1), (!row[5].is_null()).then(|| side(5)))
}

pub(super) fn series(timeframe: Timeframe, rows: &[(i64, Ohlc, Ohlc)]) -> BarSeries {
    let (mut bid, mut ask) = (PriceColumns::default(), PriceColumns::default());
    for (_, bid_bar, ask_bar) in rows {
        bid.push(*bid_bar);
        ask.push(*ask_bar);
    }
    let times = rows.iter().map(|row| row.0).collect();
    BarSeries::new(timeframe, times, Arc::new(bid), Arc::new(ask), vec![0.0; rows.len()])
}

/// A market whose symbols have a bar at every instant.
pub(super) fn market(timeframe: Timeframe, symbols: Vec<(SymbolSpec, BarSeries)>) -> MultiSymbolData {
    let timeline = symbols[0].1.times().to_vec();
    let symbols = symbols
        .into_iter()
        .map(|(spec, bars)| SymbolSeries {
            spec,
            bars: Arc::new(bars),
            rows: RowMap::Identity,
            higher: Vec::new(),
        })
        .collect();
    MultiSymbolData::new(timeframe, timeline, symbols, Digest([0; 32]))
}

pub(super) fn inputs(data: MultiSymbolData, settings: EngineSettings) -> EngineInputs {
    EngineInputs::new(Arc::new(data), Arc::new(IndicatorCache::default()), Arc::new(settings), MasterSeed(0))
}

/// The engine settings of a vector: the reference profile and what the inputs name.
pub(super) fn settings(inputs: &Value) -> EngineSettings {
    let mut settings = EngineSettings::reference();
    let mut set = |key: &str, value: &Value| {
        settings.apply(key, &ParamValue::from_json(value)).unwrap_or_else(|error| panic!("{error}"));
    };
    for key in ["initial_balance", "risk_per_trade", "pip_buffer_factor"] {
        set(key, &inputs[key]);
    }
    set("rates", &inputs["rates"]);
    set("sizing", &inputs["sizing"]["mode"]);
    for account in [&inputs["sizing"]["account_currency"], &inputs["costs"]["account_currency"]] {
        if !account.is_null() {
            set("account_currency", account);
        }
    }
    let (costs, multiplier) = costs(&inputs["costs"]);
    set("costs", &costs);
    set("fee_multiplier", &multiplier);
    if let Some(slippage) = inputs["slippage"].as_object() {
        for key in ["fixed_pips", "random_pips"] {
            set(&format!("slippage.{key}"), &slippage[key]);
        }
    }
    if let Some(wrapper) = inputs.get("wrapper") {
        for key in ["cooldown_candles", "cooldown_minutes", "cooldown_minutes_trade"] {
            set(key, &wrapper[key]);
        }
        set("alignment.entry_timestamp_mode", &wrapper["entry_timestamp_mode"]);
    }
    if let Some(minutes) = inputs["position_manager"].get("max_holding_minutes") {
        set("management.max_holding_minutes", minutes);
    }
    if let Some(switches) = inputs["switches"].as_object() {
        switches.iter().for_each(|(key, value)| set(key, value));
    }
    settings
}

/// The `costs` key of a sweep file, and its multiplier.
pub(super) fn costs(given: &Value) -> (Value, Value) {
    let one = Value::from(1.0);
    match text(&given["kind"]) {
        "commission" => {
            let mut costs = given["config"].clone();
            costs["kind"] = Value::from("commission");
            (costs, given.get("multiplier").cloned().unwrap_or(one))
        }
        _ => (given.clone(), one),
    }
}

/// The recorded draws of a vector; an empty list is always 0.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    uniforms: Vec<f64>,
    taken: u64,
}

impl Recorded {
    pub(super) fn of(slippage: &Value) -> Self {
        let uniforms =
            slippage.get("uniforms").map_or_else(Vec::new, |u| list(u).iter().map(float).collect());
        Self { uniforms, taken: 0 }
    }
}

impl Draws for Recorded {
    fn draw(&mut self, at: DrawAddress) -> Result<f64, DrawError> {
        let u = self.peek(at);
        self.taken += 1;
        Ok(u)
    }

    fn peek(&self, _at: DrawAddress) -> f64 {
        if self.uniforms.is_empty() {
            0.0
        } else {
            self.uniforms[usize::try_from(self.taken).expect("a small number")]
        }
    }

    fn taken(&self) -> u64 {
        self.taken
    }
}

/// Compares floats by their bits.
#[track_caller]
pub(super) fn same(what: &str, got: f64, expected: &Value) {
    let expected = float(expected);
    assert!(
        got.to_bits() == expected.to_bits() || (got == 0.0 && expected == 0.0),
        "{what}: got {got:?}, expected {expected:?}"
    );
}
