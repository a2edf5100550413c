//! Costs, slippage, sizing and rates: objects that are replaced as a whole.

use std::sync::Arc;

use super::RatesSource;
use super::read::{Fields, Misfit, float, misfit, not_negative, number, object, positive, text, word};
use crate::costs::{
    CommissionFields, CommissionSettings, CostModel, FeeSchema, FeeSides, LegacyFee, SlippageSettings,
};
use crate::execution::SizingMode;
use crate::types::ParamValue;

pub(super) fn read_costs(value: &ParamValue) -> Result<CostModel, Misfit> {
    const ALLOWED: &str = "\"none\", \"commission\" or \"legacy_fee\"";
    let kind = Fields::any(value, "a kind")?.required("kind", text).map_err(|misfit| match misfit {
        Misfit::Value { path, found, .. } => Misfit::Value { path, found, allowed: ALLOWED.to_owned() },
        unknown @ Misfit::Unknown { .. } => unknown,
    })?;
    match kind.as_ref() {
        "none" => Fields::of(value, &["kind"]).map(|_| CostModel::None),
        "commission" => read_commission(value).map(CostModel::Commission),
        "legacy_fee" => read_legacy(value).map(CostModel::LegacyFee),
        _ => Err(misfit(&ParamValue::Text(kind), ALLOWED).under("kind")),
    }
}

fn read_legacy(value: &ParamValue) -> Result<LegacyFee, Misfit> {
    let fields = Fields::of(value, &["kind", "per_million", "lot_size", "min_fee"])?;
    Ok(LegacyFee {
        per_million: fields.required("per_million", not_negative)?,
        lot_size: fields.optional("lot_size", positive)?.unwrap_or(100_000.0),
        min_fee: fields.optional("min_fee", not_negative)?.unwrap_or(0.0),
    })
}

fn read_commission(value: &ParamValue) -> Result<CommissionSettings, Misfit> {
    let fields = Fields::of(value, &["kind", "defaults", "per_symbol"])?;
    let per_symbol = |given: &ParamValue| {
        Fields::any(given, "symbols")?
            .iter()
            .map(|(name, entry)| Ok((name.clone(), read_fields(entry).map_err(|m| m.under(name))?)))
            .collect::<Result<Vec<(Arc<str>, CommissionFields)>, Misfit>>()
    };
    Ok(CommissionSettings {
        defaults: fields.optional("defaults", read_fields)?.unwrap_or_default(),
        per_symbol: fields.optional("per_symbol", per_symbol)?.unwrap_or_default(),
    })
}

const FEE_KEYS: [&str; 7] = ["schema", "side", "fee_ccy", "per_lot", "rate_per_million", "pct", "min_fee"];

fn read_fields(value: &ParamValue) -> Result<CommissionFields, Misfit> {
    let fields = Fields::of(value, &FEE_KEYS)?;
    Ok(CommissionFields {
        schema: fields.optional(FEE_KEYS[0], |v| word(v, FeeSchema::ALL, FeeSchema::as_str))?,
        side: fields.optional(FEE_KEYS[1], |v| word(v, FeeSides::ALL, FeeSides::as_str))?,
        fee_ccy: fields.optional(FEE_KEYS[2], text)?,
        per_lot: fields.optional(FEE_KEYS[3], number)?,
        rate_per_million: fields.optional(FEE_KEYS[4], number)?,
        pct: fields.optional(FEE_KEYS[5], number)?,
        min_fee: fields.optional(FEE_KEYS[6], number)?,
    })
}

pub(super) fn costs_value(costs: &CostModel) -> ParamValue {
    match costs {
        CostModel::None => object([("kind", ParamValue::text("none"))]),
        CostModel::LegacyFee(fee) => object([
            ("kind", ParamValue::text("legacy_fee")),
            ("per_million", float(fee.per_million)),
            ("lot_size", float(fee.lot_size)),
            ("min_fee", float(fee.min_fee)),
        ]),
        CostModel::Commission(commission) => {
            let mut entries = vec![
                ("kind", ParamValue::text("commission")),
                ("defaults", fields_value(&commission.defaults)),
            ];
            if !commission.per_symbol.is_empty() {
                let symbols =
                    commission.per_symbol.iter().map(|(name, fields)| (name.as_ref(), fields_value(fields)));
                entries.push(("per_symbol", object(symbols)));
            }
            object(entries)
        }
    }
}

fn fields_value(fields: &CommissionFields) -> ParamValue {
    let values = [
        fields.schema.map(|schema| ParamValue::text(schema.as_str())),
        fields.side.map(|side| ParamValue::text(side.as_str())),
        fields.fee_ccy.clone().map(ParamValue::Text),
        fields.per_lot.map(float),
        fields.rate_per_million.map(float),
        fields.pct.map(float),
        fields.min_fee.map(float),
    ];
    object(FEE_KEYS.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))))
}

pub(super) fn read_slippage(value: &ParamValue) -> Result<SlippageSettings, Misfit> {
    let fields = Fields::of(value, &["fixed_pips", "random_pips"])?;
    Ok(SlippageSettings {
        fixed_pips: fields.optional("fixed_pips", not_negative)?.unwrap_or(0.0),
        random_pips: fields.optional("random_pips", not_negative)?.unwrap_or(0.0),
    })
}

pub(super) fn slippage_value(slippage: SlippageSettings) -> ParamValue {
    object([("fixed_pips", float(slippage.fixed_pips)), ("random_pips", float(slippage.random_pips))])
}

pub(super) fn read_sizing(value: &ParamValue) -> Result<SizingMode, Misfit> {
    match value.as_str() {
        Some("lot_sizer") => return Ok(SizingMode::LotSizer),
        Some("tick_value") => return Ok(SizingMode::TickValue),
        _ => {}
    }
    if value.as_object().is_none() {
        return Err(misfit(value, "\"lot_sizer\", \"tick_value\" or {\"fixed_lots\": number}"));
    }
    Ok(SizingMode::FixedLots(Fields::of(value, &["fixed_lots"])?.required("fixed_lots", positive)?))
}

pub(super) fn sizing_value(sizing: SizingMode) -> ParamValue {
    match sizing {
        SizingMode::LotSizer => ParamValue::text("lot_sizer"),
        SizingMode::TickValue => ParamValue::text("tick_value"),
        SizingMode::FixedLots(lots) => object([("fixed_lots", float(lots))]),
    }
}

pub(super) fn read_rates(value: &ParamValue) -> Result<RatesSource, Misfit> {
    if value.as_str() == Some("data") {
        return Ok(RatesSource::Data);
    }
    let Some(entries) = value.as_object() else {
        return Err(misfit(value, "\"data\" or {pair: mid rate}"));
    };
    let table = entries.iter().map(|(pair, rate)| {
        let rate = positive(rate).map_err(|misfit| misfit.under(pair))?;
        Ok((Arc::from(pair.to_uppercase()), rate))
    });
    table.collect::<Result<_, Misfit>>().map(RatesSource::Table)
}

pub(super) fn rates_value(rates: &RatesSource) -> ParamValue {
    match rates {
        RatesSource::Data => ParamValue::text("data"),
        RatesSource::Table(table) => object(table.iter().map(|(pair, rate)| (pair.as_ref(), float(*rate)))),
    }
}
