//! The table of all keys: name, allowed values, help, how to read and to write each. Longer than other files, because a
//! key stands in one row and all rows in one place.

use std::sync::Arc;

use super::costs::{
    costs_value, rates_value, read_costs, read_rates, read_sizing, read_slippage, sizing_value,
    slippage_value,
};
use super::overnight::{read_swap, swap_value};
use super::read::{
    Misfit, count, flag, float, misfit, not_negative, nullable, or_null, positive, text, word,
};
use super::{
    Accounts, EndOfRun, EngineSettings, EquityMode, HoldingClock, MarginSettings, MarketFill, PipBufferPip,
    PnlMode, Profile, RatesAsOf, Session, SettingError, StepOrder,
};
use crate::costs::{ExitSlippage, SlippageStream};
use crate::execution::{BothHit, MinLotPolicy};
use crate::types::{ParamValue, Timeframe};

/// One key of `strategy.engine`.
#[derive(Debug)]
pub struct SettingKey {
    /// Name in the sweep file.
    pub name: &'static str,
    /// Values it takes, with their unit.
    pub allowed: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Entries of an object value, for dotted keys.
    pub entries: &'static [&'static str],
    get: fn(&EngineSettings) -> ParamValue,
    set: fn(&mut EngineSettings, &ParamValue) -> Result<(), Misfit>,
}

impl SettingKey {
    /// The value of the key in some settings.
    pub fn value(&self, settings: &EngineSettings) -> ParamValue {
        (self.get)(settings)
    }
}

/// A row of the table.
macro_rules! key {
    ($name:literal, $allowed:expr, $help:literal, $get:expr, $set:expr) => {
        key!($name, $allowed, $help, &[], $get, $set)
    };
    ($name:literal, $allowed:expr, $help:literal, $entries:expr, $get:expr, $set:expr) => {
        SettingKey { name: $name, allowed: $allowed, help: $help, entries: $entries, get: $get, set: $set }
    };
}

/// A row whose values are the words of an enumeration in a field of the same name.
macro_rules! word_key {
    ($name:literal, $field:ident, $type:ident, $allowed:literal, $help:literal) => {
        key!($name, $allowed, $help, |s| ParamValue::text(s.$field.as_str()), |s, v| {
            s.$field = word(v, $type::ALL, $type::as_str)?;
            Ok(())
        })
    };
}

/// A row that is on or off.
macro_rules! flag_key {
    ($name:literal, $field:ident, $help:literal) => {
        key!($name, "true or false", $help, |s| ParamValue::Bool(s.$field), |s, v| {
            s.$field = flag(v)?;
            Ok(())
        })
    };
}

/// A row that is a number.
macro_rules! number_key {
    ($name:literal, $field:ident, $read:ident, $allowed:literal, $help:literal) => {
        key!($name, $allowed, $help, |s| float(s.$field), |s, v| {
            s.$field = $read(v)?;
            Ok(())
        })
    };
}

/// A row that is a whole number.
macro_rules! count_key {
    ($name:literal, $field:ident, $allowed:literal, $help:literal) => {
        key!($name, $allowed, $help, |s| ParamValue::Int(i64::from(s.$field)), |s, v| {
            s.$field = count(v, 0)?;
            Ok(())
        })
    };
}

/// Every key of `strategy.engine`, in the order of `search.md` 13.3.
pub static KEYS: &[SettingKey] = &[
    key!(
        "profile",
        "reference or realistic",
        "The set of switches all others start from.",
        |s| ParamValue::text(s.profile.as_str()),
        |s, v| {
            *s = EngineSettings::of_profile(word(v, Profile::ALL, Profile::as_str)?);
            Ok(())
        }
    ),
    number_key!(
        "initial_balance",
        initial_balance,
        positive,
        "number > 0, account currency",
        "Balance at the start."
    ),
    word_key!(
        "accounts",
        accounts,
        Accounts,
        "shared or per_symbol",
        "One account for all symbols or one each."
    ),
    key!(
        "account_currency",
        "currency, or null: the common quote currency, else USD",
        "Currency of the account.",
        |s| s.account_currency.clone().map_or(ParamValue::Null, ParamValue::Text),
        |s, v| {
            s.account_currency = nullable(v, text)?;
            Ok(())
        }
    ),
    number_key!(
        "risk_per_trade",
        risk_per_trade,
        positive,
        "number > 0, account currency",
        "Money at risk per trade."
    ),
    key!(
        "sizing",
        "lot_sizer, tick_value or {\"fixed_lots\": number}",
        "How the size of an order is found.",
        &["fixed_lots"],
        |s| sizing_value(s.sizing),
        |s, v| {
            s.sizing = read_sizing(v)?;
            Ok(())
        }
    ),
    key!(
        "rates",
        "\"data\" or {pair: mid rate}",
        "Where currency conversion takes its rates from.",
        |s| rates_value(&s.rates),
        |s, v| {
            s.rates = read_rates(v)?;
            Ok(())
        }
    ),
    word_key!(
        "rates_asof",
        rates_asof,
        RatesAsOf,
        "completed or reference",
        "Which bar of a quoted pair a conversion may know."
    ),
    key!(
        "costs",
        "{\"kind\": \"none\" | \"commission\" | \"legacy_fee\", ...}",
        "Explicit fees.",
        &["kind", "defaults", "per_symbol", "per_million", "lot_size", "min_fee"],
        |s| costs_value(&s.costs),
        |s, v| {
            s.costs = read_costs(v)?;
            Ok(())
        }
    ),
    number_key!("fee_multiplier", fee_multiplier, not_negative, "number >= 0", "Factor on all fees."),
    key!(
        "slippage",
        "null or {\"fixed_pips\": number, \"random_pips\": number}, pips",
        "Slippage per fill: a fixed part and a random part.",
        &["fixed_pips", "random_pips"],
        |s| s.slippage.map_or(ParamValue::Null, slippage_value),
        |s, v| {
            s.slippage = nullable(v, read_slippage)?;
            Ok(())
        }
    ),
    number_key!(
        "slippage_multiplier",
        slippage_multiplier,
        not_negative,
        "number >= 0",
        "Factor on the slippage."
    ),
    word_key!(
        "slippage_stream",
        slippage_stream,
        SlippageStream,
        "sequential or keyed",
        "Whether random slippage is drawn in order of booking or by symbol and bar."
    ),
    word_key!(
        "exit_slippage",
        exit_slippage,
        ExitSlippage,
        "reference or adverse",
        "Whether exits slip in the position's favour (reference) or against it."
    ),
    flag_key!("pending_slippage", pending_slippage, "Whether triggered stop orders slip."),
    word_key!(
        "market_fill",
        market_fill,
        MarketFill,
        "signal_price or next_open",
        "Whether market orders fill at the signal's price or at the next bar's open."
    ),
    word_key!(
        "step_order",
        step_order,
        StepOrder,
        "strategy_first or exits_first",
        "Whether the strategy speaks before or after the exits of a bar."
    ),
    flag_key!("gap_fills", gap_fills, "Whether a level the bar opened beyond is filled at the open."),
    flag_key!(
        "open_first",
        open_first,
        "Whether the open decides an exit before the range does; needs gap_fills."
    ),
    number_key!(
        "pip_buffer_factor",
        pip_buffer_factor,
        not_negative,
        "number >= 0, pips",
        "How early stops and targets count as hit."
    ),
    word_key!(
        "pip_buffer_pip",
        pip_buffer_pip,
        PipBufferPip,
        "first_open or per_position",
        "Whose pip the buffer counts."
    ),
    flag_key!(
        "same_bar_tp_needs_close",
        same_bar_tp_needs_close,
        "Whether a target on the trigger bar needs the close beyond it for stop orders too (limit orders always do)."
    ),
    flag_key!(
        "timeout_costs",
        timeout_costs,
        "Whether timeouts and closes at the end of the data pay slippage and fee."
    ),
    word_key!(
        "holding_clock",
        holding_clock,
        HoldingClock,
        "signal or fill",
        "Whether the holding time starts at the signal or at the fill."
    ),
    word_key!(
        "min_lot_policy",
        min_lot_policy,
        MinLotPolicy,
        "clamp_up or reject",
        "What happens to a size below the least lots."
    ),
    word_key!(
        "pnl_mode",
        pnl_mode,
        PnlMode,
        "risk_multiple or volume",
        "Whether a result is R times risk or movement times size."
    ),
    word_key!(
        "equity_mode",
        equity_mode,
        EquityMode,
        "cash or mark_to_market",
        "Whether the curve holds the floating result of open positions."
    ),
    word_key!(
        "end_of_run",
        end_of_run,
        EndOfRun,
        "leave_open or close_at_last",
        "What happens to open positions at the end of the data."
    ),
    key!(
        "min_sl_distance_pips",
        "null or number >= 0, pips",
        "Least signed distance between fill and stop; null = 0.00001 absolute, market orders only.",
        |s| or_null(s.min_sl_distance_pips),
        |s, v| {
            s.min_sl_distance_pips = nullable(v, not_negative)?;
            Ok(())
        }
    ),
    flag_key!("halt_on_ruin", halt_on_ruin, "Whether an account without cash refuses new signals."),
    key!(
        "pending_ttl_bars",
        "null or whole number >= 1, bars",
        "Bars after which a pending order expires.",
        |s| s.pending_ttl_bars.map_or(ParamValue::Null, |bars| ParamValue::Int(i64::from(bars))),
        |s, v| {
            s.pending_ttl_bars = nullable(v, |v| count(v, 1))?;
            Ok(())
        }
    ),
    count_key!("cooldown_candles", cooldown_candles, "whole number >= 0, bars", "Pause after an entry."),
    count_key!("cooldown_minutes", cooldown_minutes, "whole number >= 0, minutes", "Pause after an entry."),
    count_key!(
        "cooldown_minutes_trade",
        cooldown_minutes_trade,
        "whole number >= 0, minutes",
        "Pause after an exit."
    ),
    key!(
        "session",
        "null or {\"fixed_times\": [[\"HH:MM\", \"HH:MM\"], ...]}, UTC",
        "Hours in which the strategy may speak.",
        &["fixed_times"],
        |s| s.session.as_ref().map_or(ParamValue::Null, Session::value),
        |s, v| {
            s.session = nullable(v, Session::read)?;
            Ok(())
        }
    ),
    key!(
        "alignment",
        "{\"entry_timestamp_mode\": \"open\" | \"close\", \"stale_bar_limit_bars\": whole number}",
        "Which instant of a bar a decision carries, and how old a higher bar may be.",
        &["entry_timestamp_mode", "stale_bar_limit_bars"],
        |s| s.alignment.value(),
        |s, v| {
            s.alignment = s.alignment.overlay(v)?;
            Ok(())
        }
    ),
    flag_key!(
        "allow_lookahead",
        allow_lookahead,
        "Whether mappings that look ahead are tolerated; never for ranking."
    ),
    key!(
        "management",
        "{\"max_holding_minutes\", \"be_trigger_r\", \"be_offset_pips\", \"trail_start_r\", \"trail_distance_r\"}, each null or number",
        "Holding time, break-even and trailing of the stop.",
        &["max_holding_minutes", "be_trigger_r", "be_offset_pips", "trail_start_r", "trail_distance_r"],
        |s| s.management.value(),
        |s, v| {
            s.management = s.management.overlay(v)?;
            Ok(())
        }
    ),
    word_key!(
        "both_hit",
        both_hit,
        BothHit,
        "pessimistic, optimistic or open_distance",
        "Which level counts when one bar reaches stop and target."
    ),
    count_key!(
        "order_delay_bars",
        order_delay_bars,
        "whole number >= 0, bars",
        "Bars orders wait beyond the next open; needs next_open."
    ),
    key!(
        "detail_timeframe",
        "null or M1, M5, M15, M30, H1, H4, D1",
        "Finer timeframe of the data that decides ambiguous bars.",
        |s| s.detail_timeframe.map_or(ParamValue::Null, |timeframe| ParamValue::text(timeframe.as_str())),
        |s, v| {
            s.detail_timeframe = nullable(v, |v| word(v, &Timeframe::ALL, Timeframe::as_str))?;
            Ok(())
        }
    ),
    key!(
        "swap",
        "null or {SYMBOL: {\"long\", \"short\", \"unit\": \"pips\" | \"money_per_lot\"}, \"triple_day\": weekday}",
        "Financing per lot and night.",
        |s| s.swap.as_ref().map_or(ParamValue::Null, swap_value),
        |s, v| {
            s.swap = nullable(v, read_swap)?;
            Ok(())
        }
    ),
    key!(
        "margin",
        "null or {\"leverage\": number > 0, \"stop_out\": number >= 0}",
        "Leverage of the account and the share of used margin that closes everything.",
        &["leverage", "stop_out"],
        |s| s.margin.map_or(ParamValue::Null, MarginSettings::value),
        |s, v| {
            s.margin = nullable(v, MarginSettings::read)?;
            Ok(())
        }
    ),
    key!(
        "magic_number",
        "whole number >= 0 (above 2^63-1 as a text)",
        "Stamp on positions and trades.",
        |s| i64::try_from(s.magic_number)
            .map_or_else(|_| ParamValue::text(&s.magic_number.to_string()), ParamValue::Int),
        |s, v| {
            let read = match v {
                ParamValue::Text(digits) => digits.parse().ok(),
                other => other.as_i64().and_then(|number| u64::try_from(number).ok()),
            };
            s.magic_number = read.ok_or_else(|| misfit(v, "a whole number >= 0"))?;
            Ok(())
        }
    ),
];

/// Applies a key or a dotted path into an object key.
pub(super) fn apply(
    settings: &mut EngineSettings,
    path: &str,
    value: &ParamValue,
) -> Result<(), SettingError> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let Some(key) = KEYS.iter().find(|key| key.name == name) else {
        return Err(unknown(path, Vec::new()));
    };
    let nested;
    let value = match rest {
        None => value,
        Some(rest) => {
            nested = with_entry(&key.value(settings), rest, value);
            &nested
        }
    };
    (key.set)(settings, value).map_err(|misfit| match misfit.under(name) {
        Misfit::Value { path, found, allowed } => SettingError::Invalid { key: path, found, allowed },
        Misfit::Unknown { path, known } => unknown(&path, known),
    })
}

/// The object with the entry at a dotted path replaced or added.
fn with_entry(current: &ParamValue, path: &str, value: &ParamValue) -> ParamValue {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let mut entries = current.as_object().map(<[_]>::to_vec).unwrap_or_default();
    let position = entries.iter().position(|(known, _)| known.as_ref() == name);
    let old = position.map_or(&ParamValue::Null, |at| &entries[at].1);
    let new = rest.map_or_else(|| value.clone(), |rest| with_entry(old, rest, value));
    match position {
        Some(at) => entries[at].1 = new,
        None => entries.push((Arc::from(name), new)),
    }
    ParamValue::Object(entries.into())
}

/// An unknown key with the closest known one, if any is close.
fn unknown(path: &str, known: Vec<String>) -> SettingError {
    let all = KEYS.iter().flat_map(|key| {
        let entries = key.entries.iter().map(|entry| format!("{}.{entry}", key.name));
        std::iter::once(key.name.to_owned()).chain(entries)
    });
    let closest = known
        .into_iter()
        .chain(all)
        .map(|candidate| (strsim::damerau_levenshtein(path, &candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(path.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    SettingError::Unknown { key: path.to_owned(), closest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> ParamValue {
        ParamValue::from_json(&serde_json::from_str(text).expect("json"))
    }

    fn settings(changes: &[(&str, &str)]) -> Result<EngineSettings, SettingError> {
        let mut settings = EngineSettings::realistic();
        for (key, value) in changes {
            settings.apply(key, &json(value))?;
        }
        Ok(settings)
    }

    const EVERYTHING: &[(&str, &str)] = &[
        ("account_currency", "\"EUR\""),
        ("sizing", r#"{"fixed_lots": 0.25}"#),
        ("rates", r#"{"eurusd": 1.1, "USDJPY": 150}"#),
        (
            "costs",
            r#"{"kind":"commission","defaults":{"per_lot":3.5,"schema":"per_lot"},"per_symbol":{"GBPUSD":{"side":"exit"}}}"#,
        ),
        ("slippage", r#"{"fixed_pips": 0.5}"#),
        ("session", r#"{"fixed_times": [["22:00","02:30:15"],["07:00","17:00"]]}"#),
        ("alignment.entry_timestamp_mode", "\"close\""),
        ("management.be_trigger_r", "1.5"),
        ("management", r#"{"max_holding_minutes": 90}"#),
        ("detail_timeframe", "\"M1\""),
        ("swap", r#"{"EURUSD": {"long": 0.7, "short": -0.2, "unit": "pips"}, "triple_day": "friday"}"#),
        ("margin", r#"{"leverage": 30, "stop_out": 0.5}"#),
        ("magic_number", "\"18446744073709551615\""),
        ("pending_ttl_bars", "5"),
        ("min_sl_distance_pips", "null"),
    ];

    #[test]
    fn every_key_is_written_out_and_read_back() {
        for changed in [settings(&[]), settings(EVERYTHING)] {
            let changed = changed.expect("all keys fit");
            let written = changed.to_json();
            let entries = written.as_object().expect("an object");
            assert_eq!(entries.len(), KEYS.len());
            let mut again = EngineSettings::reference();
            for (key, value) in entries {
                again.apply(key, &ParamValue::from_json(value)).expect("what was written fits");
            }
            assert_eq!(again, changed);
        }
    }

    #[test]
    fn a_dotted_key_changes_one_entry_and_keeps_the_others() {
        let changed = settings(EVERYTHING).expect("all keys fit");
        assert_eq!(changed.management.be_trigger_r, Some(1.5));
        assert_eq!(changed.management.max_holding_minutes, Some(90.0));
        let slippage = settings(&[("slippage.random_pips", "1")]).expect("fits").slippage.expect("on");
        assert_eq!((slippage.fixed_pips, slippage.random_pips), (0.2, 1.0));
        let rate = settings(&[("costs.defaults.rate_per_million", "20")]).expect("fits");
        assert_eq!(costs_value(&rate.costs).to_json()["defaults"]["rate_per_million"], 20);
    }

    #[test]
    fn an_unknown_key_names_the_closest() {
        for (wrong, closest) in [
            ("marketfill", "market_fill"),
            ("management.be_triger_r", "management.be_trigger_r"),
            ("slippage.fixed_pip", "slippage.fixed_pips"),
        ] {
            let error = settings(&[(wrong, "1")]).expect_err("unknown");
            let expected = SettingError::Unknown { key: wrong.to_owned(), closest: Some(closest.to_owned()) };
            assert_eq!(error, expected);
        }
        let far = settings(&[("zzzzzzzz", "1")]).expect_err("unknown");
        assert_eq!(far, SettingError::Unknown { key: "zzzzzzzz".to_owned(), closest: None });
    }

    #[test]
    fn a_wrong_value_names_the_place_and_what_is_allowed() {
        for (key, value, message) in [
            (
                "market_fill",
                "\"next\"",
                "`market_fill` must be \"signal_price\" or \"next_open\", got \"next\"",
            ),
            ("initial_balance", "0", "`initial_balance` must be a number > 0, got 0"),
            (
                "management.trail_distance_r",
                "-1",
                "`management.trail_distance_r` must be null or a number > 0, got -1",
            ),
            (
                "costs",
                r#"{"kind":"free"}"#,
                "`costs.kind` must be \"none\", \"commission\" or \"legacy_fee\", got \"free\"",
            ),
            ("gap_fills", "1", "`gap_fills` must be true or false, got 1"),
            (
                "session",
                r#"{"fixed_times":[["7:00","9:00"]]}"#,
                "`session.fixed_times` must be a list of [\"HH:MM\", \"HH:MM\"] windows, UTC, got [[\"7:00\",\"9:00\"]]",
            ),
        ] {
            assert_eq!(settings(&[(key, value)]).expect_err("does not fit").to_string(), message);
        }
    }

    #[test]
    fn deviations_are_counted_from_the_profile_and_a_profile_resets() {
        let changed = settings(&[("gap_fills", "false"), ("slippage", "null")]).expect("fits");
        let names: Vec<_> = changed.deviations().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["slippage", "gap_fills"]);
        let mut reset = changed;
        reset.apply("profile", &ParamValue::text("reference")).expect("a profile");
        assert_eq!(reset, EngineSettings::reference());
        assert_eq!(reset.deviations(), []);
    }

    #[test]
    fn contradictions_name_the_key_to_set() {
        let error = settings(&[("gap_fills", "false")]).expect("fits").validate().expect_err("open_first");
        assert_eq!(error.to_string(), "`open_first` needs \"gap_fills\": true");
        let delay =
            settings(&[("market_fill", "\"signal_price\""), ("order_delay_bars", "1")]).expect("fits");
        assert!(delay.validate().is_err());
    }
}
