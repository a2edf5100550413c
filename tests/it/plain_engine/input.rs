//! What one run is given: the `inputs` object of an engine vector, plus the keys the vectors do not have.
//!
//! Every added key has a default, so a vector parses as it stands, and a generated case can be written out in the same form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::switches::Switches;

/// Everything one run reads. Times in microseconds UTC, prices in quote currency, money in account currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) engine: EngineKind,
    /// Processing order; the position in this list is the symbol's stream of the keyed generator.
    pub(crate) symbols: Vec<String>,
    pub(crate) symbol_specs: BTreeMap<String, Spec>,
    pub(crate) timeframe: String,
    pub(crate) start_time_us: Option<i64>,
    pub(crate) initial_balance: f64,
    pub(crate) risk_per_trade: f64,
    pub(crate) pip_buffer_factor: f64,
    pub(crate) sizing: Sizing,
    pub(crate) costs: Costs,
    pub(crate) rates: BTreeMap<String, f64>,
    pub(crate) slippage: Option<Slippage>,
    pub(crate) wrapper: Wrapper,
    pub(crate) position_manager: Option<Manager>,
    pub(crate) candles: BTreeMap<String, Vec<Row>>,
    pub(crate) signals: Vec<Signal>,
    #[serde(default)]
    pub(crate) switches: Switches,
    /// How several symbols share one axis; without meaning for a single symbol.
    #[serde(default)]
    pub(crate) timeline: Timeline,
    /// One wrapper (cooldowns) and one strategy call per symbol, else one for all symbols.
    #[serde(default)]
    pub(crate) bound_per_symbol: bool,
    /// The script says nothing about entries of a symbol that has a waiting, pending or open order.
    #[serde(default)]
    pub(crate) only_if_flat: bool,
}

/// `[ts, bid open, high, low, close, ask open, high, low, close]`; the ask side may be missing as a whole.
pub(crate) type Row = (i64, f64, f64, f64, f64, Option<f64>, Option<f64>, Option<f64>, Option<f64>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EngineKind {
    Single,
    Cross,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Timeline {
    #[default]
    Intersection,
    Union,
}

/// A symbol's numbers; the three volume keys have the defaults of section 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) contract_size: f64,
    pub(crate) tick_size: f64,
    pub(crate) tick_value: f64,
    pub(crate) pip_size: f64,
    #[serde(default = "hundredth")]
    pub(crate) volume_min: f64,
    #[serde(default = "hundredth")]
    pub(crate) volume_step: f64,
    #[serde(default = "hundred")]
    pub(crate) volume_max: f64,
    pub(crate) base_currency: String,
    pub(crate) quote_currency: String,
}

fn hundredth() -> f64 {
    0.01
}

fn hundred() -> f64 {
    100.0
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub(crate) enum Sizing {
    TickValue,
    LotSizer { account_currency: String },
    FixedLots { lots: f64, account_currency: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Costs {
    None,
    LegacyFee { per_million: f64, lot_size: f64, min_fee: f64 },
    Commission { account_currency: String, config: CommissionConfig, multiplier: f64 },
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct CommissionConfig {
    #[serde(default)]
    pub(crate) defaults: Commission,
    #[serde(default)]
    pub(crate) per_symbol: BTreeMap<String, Commission>,
}

/// Keys of 7.2 as they were given: an absent key falls back, so it must stay absent until the overlay is done.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Commission {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) side: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fee_ccy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) per_lot: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rate_per_million: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pct: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min_fee: Option<f64>,
}

/// Slippage in pips. The draws come from `uniforms` (in order; exhausted or empty: 0), or from `key` when it is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slippage {
    pub(crate) fixed_pips: f64,
    pub(crate) random_pips: f64,
    #[serde(default)]
    pub(crate) uniforms: Vec<f64>,
    #[serde(default)]
    pub(crate) key: Option<SeedKey>,
}

/// The address of the slippage generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeedKey {
    pub(crate) seed: u64,
    pub(crate) fold: u32,
    pub(crate) repeat: u32,
    pub(crate) trial: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wrapper {
    pub(crate) cooldown_candles: usize,
    pub(crate) cooldown_minutes: i64,
    pub(crate) cooldown_minutes_trade: i64,
    pub(crate) entry_timestamp_mode: TimestampMode,
    /// Windows in minutes of the UTC day, both ends inclusive; empty = always open.
    #[serde(default)]
    pub(crate) session_windows: Vec<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimestampMode {
    Open,
    Close,
}

/// Rules of 8.1, and the scripted updates of the vectors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Manager {
    pub(crate) max_holding_minutes: Option<i64>,
    pub(crate) be_trigger_r: Option<f64>,
    pub(crate) be_offset_pips: Option<f64>,
    pub(crate) trail_start_r: Option<f64>,
    pub(crate) trail_distance_r: Option<f64>,
    pub(crate) updates: Vec<Update>,
}

/// In the management phase of bar `index`: new levels for the open position of signal number `signal`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Update {
    pub(crate) index: usize,
    pub(crate) signal: usize,
    pub(crate) sl: Option<f64>,
    pub(crate) tp: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    Long,
    Short,
}

impl Direction {
    pub(crate) fn sign(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }

    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignalKind {
    Market,
    Limit,
    Stop,
    /// An exit signal of section 9a.
    Close,
}

/// What the strategy says at bar `index`. The position in the list is the signal number.
///
/// `sl`/`tp` are prices, `sl_distance`/`tp_distance` distances from the fill; neither = absent. A `close` has only index and symbol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Signal {
    pub(crate) index: usize,
    pub(crate) symbol: String,
    #[serde(rename = "type")]
    pub(crate) kind: SignalKind,
    #[serde(default)]
    pub(crate) direction: Option<Direction>,
    #[serde(default)]
    pub(crate) entry: Option<f64>,
    #[serde(default)]
    pub(crate) sl: Option<f64>,
    #[serde(default)]
    pub(crate) tp: Option<f64>,
    #[serde(default)]
    pub(crate) sl_distance: Option<f64>,
    #[serde(default)]
    pub(crate) tp_distance: Option<f64>,
}

impl Signal {
    pub(crate) fn has_stop(&self) -> bool {
        self.sl.is_some() || self.sl_distance.is_some()
    }
}

impl Case {
    /// The `inputs` object of an engine vector.
    pub(crate) fn from_json(inputs: &Value) -> Result<Self, String> {
        serde_json::from_value(inputs.clone()).map_err(|e| e.to_string())
    }

    /// The case in the form it was read from, to keep one that showed something.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("a case holds nothing JSON cannot")
    }

    pub(crate) fn timeframe_us(&self) -> Result<i64, String> {
        let (unit, count) = self.timeframe.split_at(1);
        let minutes = match unit {
            "M" => 1,
            "H" => 60,
            "D" => 1440,
            _ => return Err(format!("timeframe {}", self.timeframe)),
        };
        let count: i64 = count.parse().map_err(|_| format!("timeframe {}", self.timeframe))?;
        Ok(count * minutes * 60_000_000)
    }

    pub(crate) fn spec(&self, symbol: usize) -> Option<&Spec> {
        self.symbol_specs.get(&self.symbols[symbol])
    }

    /// Pip of slippage, buffer and stop distance (section 1).
    pub(crate) fn pip(&self, symbol: usize) -> f64 {
        match self.spec(symbol) {
            Some(spec) if spec.pip_size != 0.0 => spec.pip_size,
            _ => 0.0001,
        }
    }

    /// More than one symbol: the buffer is per position whatever the switch says (section 4).
    pub(crate) fn is_cross(&self) -> bool {
        self.engine == EngineKind::Cross
    }
}
