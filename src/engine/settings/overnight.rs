//! Swap and margin (`execution.md` 9b).

use std::sync::Arc;

use super::read::{Fields, Misfit, float, misfit, not_negative, number, object, positive, word};
use crate::costs::{SwapRates, SwapSettings, SwapUnit, Weekday};
use crate::types::ParamValue;

/// Leverage and stop-out of the account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarginSettings {
    /// Notional per unit of margin.
    pub leverage: f64,
    /// Share of the used margin below which equity closes everything.
    pub stop_out: f64,
}

impl MarginSettings {
    pub(super) fn read(value: &ParamValue) -> Result<Self, Misfit> {
        let fields = Fields::of(value, &["leverage", "stop_out"])?;
        Ok(Self {
            leverage: fields.required("leverage", positive)?,
            stop_out: fields.required("stop_out", not_negative)?,
        })
    }

    pub(super) fn value(self) -> ParamValue {
        object([("leverage", float(self.leverage)), ("stop_out", float(self.stop_out))])
    }
}

const TRIPLE_DAY: &str = "triple_day";

pub(super) fn read_swap(value: &ParamValue) -> Result<SwapSettings, Misfit> {
    let fields = Fields::any(value, "symbols and triple_day")?;
    let triple = |v: &ParamValue| word(v, Weekday::ALL, Weekday::as_str);
    let triple_day = fields.optional(TRIPLE_DAY, triple)?.unwrap_or(Weekday::Wednesday);
    let symbols = fields
        .iter()
        .filter(|(name, _)| name.as_ref() != TRIPLE_DAY)
        .map(|(name, rates)| Ok((name.clone(), read_rates(rates).map_err(|misfit| misfit.under(name))?)))
        .collect::<Result<Vec<(Arc<str>, SwapRates)>, Misfit>>()?;
    if symbols.is_empty() {
        return Err(misfit(value, "an object with at least one symbol"));
    }
    Ok(SwapSettings { symbols, triple_day })
}

fn read_rates(value: &ParamValue) -> Result<SwapRates, Misfit> {
    let fields = Fields::of(value, &["long", "short", "unit"])?;
    Ok(SwapRates {
        long: fields.required("long", number)?,
        short: fields.required("short", number)?,
        unit: fields.required("unit", |v| word(v, SwapUnit::ALL, SwapUnit::as_str))?,
    })
}

pub(super) fn swap_value(swap: &SwapSettings) -> ParamValue {
    let symbols = swap.symbols.iter().map(|(name, rates)| {
        let rates = object([
            ("long", float(rates.long)),
            ("short", float(rates.short)),
            ("unit", ParamValue::text(rates.unit.as_str())),
        ]);
        (name.as_ref(), rates)
    });
    object(symbols.chain([(TRIPLE_DAY, ParamValue::text(swap.triple_day.as_str()))]))
}
