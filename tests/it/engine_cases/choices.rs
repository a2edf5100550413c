//! Random settings: every switch of the engine, at any of its values.

use std::sync::LazyLock;

use omega_sweep::engine::EngineSettings;
use omega_sweep::engine::settings::{MarketFill, PnlMode, RatesSource};
use omega_sweep::execution::SizingMode;
use omega_sweep::types::ParamValue;

use super::market::Dice;

/// The switches that may stand either way, and what they may stand at.
const CHOICES: &[(&str, &[&str])] = &[
    (
        "slippage",
        &["null", r#"{"fixed_pips":0.3,"random_pips":0}"#, r#"{"fixed_pips":0.2,"random_pips":0.5}"#],
    ),
    ("slippage_stream", &["\"sequential\"", "\"keyed\""]),
    ("exit_slippage", &["\"reference\"", "\"adverse\""]),
    ("pending_slippage", &["true", "false"]),
    ("market_fill", &["\"signal_price\"", "\"next_open\""]),
    ("step_order", &["\"strategy_first\"", "\"exits_first\""]),
    ("gap_fills", &["true", "false"]),
    ("open_first", &["true", "false"]),
    ("pip_buffer_factor", &["0", "0.5"]),
    ("pip_buffer_pip", &["\"first_open\"", "\"per_position\""]),
    ("same_bar_tp_needs_close", &["true", "false"]),
    ("timeout_costs", &["true", "false"]),
    ("holding_clock", &["\"signal\"", "\"fill\""]),
    ("min_lot_policy", &["\"clamp_up\"", "\"reject\""]),
    ("sizing", &["\"lot_sizer\"", "\"tick_value\"", r#"{"fixed_lots":0.3}"#]),
    ("pnl_mode", &["\"risk_multiple\"", "\"volume\""]),
    ("equity_mode", &["\"cash\"", "\"mark_to_market\""]),
    ("end_of_run", &["\"leave_open\"", "\"close_at_last\""]),
    ("min_sl_distance_pips", &["null", "0.1", "4"]),
    ("halt_on_ruin", &["true", "false"]),
    ("pending_ttl_bars", &["null", "5"]),
    ("cooldown_candles", &["0", "0", "3"]),
    ("cooldown_minutes", &["0", "0", "45"]),
    ("cooldown_minutes_trade", &["0", "0", "60"]),
    ("session", &["null", "null", r#"{"fixed_times":[["20:00","10:30"]]}"#]),
    ("alignment.entry_timestamp_mode", &["\"open\"", "\"close\""]),
    ("management.be_trigger_r", &["null", "0.7"]),
    ("management.trail_distance_r", &["null", "null", "0.8"]),
    ("both_hit", &["\"pessimistic\"", "\"optimistic\"", "\"open_distance\""]),
    (
        "swap",
        &[
            "null",
            "null",
            r#"{"EURUSD":{"long":0.7,"short":-0.3,"unit":"pips"},"USDJPY":{"long":-2,"short":5,"unit":"money_per_lot"}}"#,
        ],
    ),
    ("margin", &["null", "null", "null", r#"{"leverage":500,"stop_out":20}"#]),
    (
        "costs",
        &[
            r#"{"kind":"none"}"#,
            r#"{"kind":"commission","defaults":{"rate_per_million":35}}"#,
            r#"{"kind":"commission","defaults":{"schema":"per_lot","per_lot":3.5,"side":"exit"}}"#,
            r#"{"kind":"legacy_fee","per_million":25,"min_fee":0.5}"#,
        ],
    ),
];

/// The choices, read once.
static READ: LazyLock<Vec<(&'static str, Vec<ParamValue>)>> = LazyLock::new(|| {
    let read = |text: &&str| ParamValue::from_json(&serde_json::from_str(text).expect("json"));
    CHOICES.iter().map(|(key, values)| (*key, values.iter().map(read).collect())).collect()
});

/// Random settings: a profile with any switch, a few or none standing otherwise.
pub(crate) fn settings(dice: &mut Dice) -> EngineSettings {
    let mut settings = if dice.one_in(2) { EngineSettings::reference() } else { EngineSettings::realistic() };
    let changes = dice.pick(&[1, 1, 1, 6, 100]);
    for (key, values) in READ.iter() {
        if !dice.one_in(changes) {
            continue;
        }
        let value = &values[dice.below(values.len())];
        settings.apply(key, value).unwrap_or_else(|error| panic!("{error}"));
    }
    settings.initial_balance = dice.pick(&[10_000.0, 900.0]);
    settings.rates = RatesSource::Table(vec![("USDJPY".into(), 150.0)]);
    settings.account_currency = Some("USD".into());
    let management = &mut settings.management;
    if dice.one_in(2) {
        (management.be_offset_pips, management.be_trigger_r) = (Some(0.3), Some(0.5));
    }
    if dice.one_in(4) {
        (management.trail_start_r, management.trail_distance_r) = (Some(0.4), Some(1.1));
    }
    if dice.one_in(3) {
        management.max_holding_minutes = Some(100.0);
    }
    if settings.open_first {
        settings.gap_fills = true;
    }
    if settings.market_fill == MarketFill::NextOpen && dice.one_in(4) {
        settings.order_delay_bars = 2;
    }
    settings.validate().expect("the choices fit together");
    settings
}

/// Whether orders of these settings may lack a stop.
pub(super) fn bare_orders(settings: &EngineSettings) -> bool {
    settings.pnl_mode == PnlMode::Volume && matches!(settings.sizing, SizingMode::FixedLots(_))
}
