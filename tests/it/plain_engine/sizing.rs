//! Lots of an order, and the money a price unit of one lot is worth: section 5 and Q-20.

use super::costs::{account_currency, fx, quote_currency, round_to};
use super::input::{Case, Sizing, Spec};
use super::switches::MinLotPolicy;

/// Size of an order entered at `entry`; `None` when `min_lot_policy = reject` refuses it.
pub(crate) fn size(case: &Case, symbol: usize, entry: f64, stop: Option<f64>) -> Result<Option<f64>, String> {
    let spec = case.spec(symbol);
    let distance = stop.map(|stop| (entry - stop).abs());
    let needed = || distance.ok_or_else(|| "sizing by risk needs a stop".to_owned());
    let raw = match &case.sizing {
        Sizing::LotSizer { account_currency } => {
            let spec = spec.ok_or_else(|| format!("no specification of {}", case.symbols[symbol]))?;
            lot_sizer_raw(case, spec, needed()?, account_currency)?
        }
        Sizing::TickValue => tick_value_raw(case.risk_per_trade, needed()?, spec),
        Sizing::FixedLots { lots, .. } => *lots,
    };
    let volume_min = spec.map_or(0.01, |spec| spec.volume_min);
    if case.switches.min_lot_policy == MinLotPolicy::Reject && raw < volume_min {
        return Ok(None);
    }
    Ok(Some(match (&case.sizing, spec) {
        (Sizing::LotSizer { .. }, Some(spec)) => lot_sizer_lots(raw, spec),
        (Sizing::FixedLots { .. }, _) => fixed_lots(raw, spec),
        (_, spec) => tick_value_lots(raw, spec),
    }))
}

/// 5.1 down to `raw`.
fn lot_sizer_raw(case: &Case, spec: &Spec, distance: f64, account: &str) -> Result<f64, String> {
    let stop_pips = distance / spec.pip_size;
    let pv = fx(spec.contract_size * spec.pip_size, &spec.quote_currency, account, &case.rates)?;
    Ok(if stop_pips <= 0.0 { 0.0 } else { case.risk_per_trade / (stop_pips * pv) })
}

pub(crate) fn lot_sizer_lots(raw: f64, spec: &Spec) -> f64 {
    let lots = floored(raw, spec.volume_min, spec.volume_step);
    lots.max(spec.volume_min).min(spec.volume_max)
}

fn floored(raw: f64, volume_min: f64, volume_step: f64) -> f64 {
    if raw <= volume_min {
        volume_min
    } else {
        volume_min + ((raw - volume_min + 1e-12) / volume_step).floor() * volume_step
    }
}

/// 5.2 down to `raw`.
fn tick_value_raw(risk: f64, distance: f64, spec: Option<&Spec>) -> f64 {
    let uv = spec.map_or(100_000.0, |spec| spec.tick_value / spec.tick_size);
    let product = distance * uv;
    if product > 0.0 { risk / product } else { 0.0 }
}

pub(crate) fn tick_value_lots(raw: f64, spec: Option<&Spec>) -> f64 {
    let Some(spec) = spec else { return round_to(raw, 2).max(0.01) };
    let lots = floored(raw, spec.volume_min, spec.volume_step);
    round_to(if lots > spec.volume_max { spec.volume_max } else { lots }, 8)
}

/// 5.3.
pub(crate) fn fixed_lots(lots: f64, spec: Option<&Spec>) -> f64 {
    let (min, step, max) =
        spec.map_or((0.01, 0.01, 100.0), |spec| (spec.volume_min, spec.volume_step, spec.volume_max));
    floored(lots.max(min).min(max), min, step).min(max)
}

/// Account currency per price unit and lot, for `pnl_mode = volume`.
pub(crate) fn unit_value(case: &Case, symbol: usize) -> Result<f64, String> {
    let spec = case.spec(symbol);
    let Some(account) = account_currency(case) else {
        return Ok(spec.map_or(100_000.0, |spec| spec.tick_value / spec.tick_size));
    };
    let contract_size = spec.map_or(100_000.0, |spec| spec.contract_size);
    fx(contract_size, &quote_currency(case, symbol), account, &case.rates)
}
