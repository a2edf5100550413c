//! Slippage, fees and conversion: sections 6 and 7.

use std::collections::BTreeMap;

use omega_sweep::types::rng::{KeyedRng, MasterSeed, Purpose};

use super::input::{Case, Commission, Costs, Direction, Sizing, Slippage};
use super::switches::SlippageStream;

/// Python's `round(x, 2)`: decimal rounding of the exact binary value, ties to even.
pub(crate) fn round_to(x: f64, digits: usize) -> f64 {
    format!("{x:.digits$}").parse().expect("a formatted number parses")
}

/// Conversion of 7.3 with static mid rates.
pub(crate) fn fx(amount: f64, from: &str, to: &str, rates: &BTreeMap<String, f64>) -> Result<f64, String> {
    if let Some(direct) = fx_direct(amount, from, to, rates) {
        return Ok(direct);
    }
    fx_direct(amount, from, "USD", rates)
        .and_then(|usd| fx_direct(usd, "USD", to, rates))
        .ok_or_else(|| format!("no rate from {from} to {to}"))
}

fn fx_direct(amount: f64, from: &str, to: &str, rates: &BTreeMap<String, f64>) -> Option<f64> {
    if from == to {
        return Some(amount);
    }
    if let Some(rate) = rates.get(&format!("{from}{to}")) {
        return Some(amount * rate);
    }
    match rates.get(&format!("{to}{from}")) {
        Some(rate) if *rate != 0.0 => Some(amount / rate),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FeeSide {
    Entry,
    Exit,
    RoundTrip,
}

/// The fee of one side of one fill, 0 without a model.
pub(crate) fn fee(case: &Case, symbol: usize, side: FeeSide, lots: f64, price: f64) -> Result<f64, String> {
    match &case.costs {
        Costs::None => Ok(0.0),
        Costs::LegacyFee { per_million, lot_size, min_fee } => {
            let contract = case.spec(symbol).map(|spec| spec.contract_size);
            Ok(legacy_fee(lots, price, contract, *lot_size, *per_million, *min_fee))
        }
        Costs::Commission { account_currency, config, multiplier } => {
            let overlay = config.per_symbol.get(&case.symbols[symbol]);
            let keys = overlaid(&config.defaults, overlay);
            commission(case, symbol, &keys, account_currency, *multiplier, side, (lots, price))
        }
    }
}

/// 7.1.
pub(crate) fn legacy_fee(
    lots: f64,
    price: f64,
    contract_size: Option<f64>,
    lot_size: f64,
    per_million: f64,
    min_fee: f64,
) -> f64 {
    let cs = match contract_size {
        Some(size) if size != 0.0 => size,
        _ => lot_size,
    };
    let fee = (((lots * cs) * price) / 1e6) * per_million;
    if min_fee > 0.0 { fee.max(min_fee) } else { fee }
}

fn overlaid(defaults: &Commission, overlay: Option<&Commission>) -> Commission {
    let Some(over) = overlay else { return defaults.clone() };
    Commission {
        schema: over.schema.clone().or_else(|| defaults.schema.clone()),
        side: over.side.clone().or_else(|| defaults.side.clone()),
        fee_ccy: over.fee_ccy.clone().or_else(|| defaults.fee_ccy.clone()),
        per_lot: over.per_lot.or(defaults.per_lot),
        rate_per_million: over.rate_per_million.or(defaults.rate_per_million),
        pct: over.pct.or(defaults.pct),
        min_fee: over.min_fee.or(defaults.min_fee),
    }
}

/// 7.2.
fn commission(
    case: &Case,
    symbol: usize,
    keys: &Commission,
    account: &str,
    multiplier: f64,
    call: FeeSide,
    (lots, price): (f64, f64),
) -> Result<f64, String> {
    let sides = match (keys.side.as_deref().unwrap_or("both"), call) {
        ("both", FeeSide::RoundTrip) => 2.0,
        ("both" | "entry", FeeSide::Entry) | ("both" | "exit", FeeSide::Exit) => 1.0,
        ("entry" | "exit", _) => 0.0,
        (other, _) => return Err(format!("unknown side {other}")),
    };
    let fee_ccy = keys.fee_ccy.as_deref().unwrap_or(account);
    let contract_size = case.spec(symbol).map_or(100_000.0, |spec| spec.contract_size);
    let quote = quote_currency(case, symbol);
    let notional = fx((price * contract_size) * lots, &quote, fee_ccy, &case.rates)?;
    let base = match keys.schema.as_deref().unwrap_or("per_million_notional") {
        "per_lot" => keys.per_lot.unwrap_or(0.0) * lots,
        "per_million_notional" => keys.rate_per_million.unwrap_or(0.0) * (notional / 1e6),
        "percent_of_notional" => keys.pct.unwrap_or(0.0) * notional,
        other => return Err(format!("unknown schema {other}")),
    };
    let min_fee = keys.min_fee.unwrap_or(0.0);
    let m = multiplier.max(0.0);
    let charged = (base * m).max(min_fee * m) * sides;
    Ok(round_to(fx(charged, fee_ccy, account, &case.rates)?, 2))
}

pub(crate) fn quote_currency(case: &Case, symbol: usize) -> String {
    match case.spec(symbol) {
        Some(spec) => spec.quote_currency.clone(),
        None => case.symbols[symbol].chars().skip(3).take(3).collect(),
    }
}

/// The currency results are booked in, where a rule needs to know it.
pub(crate) fn account_currency(case: &Case) -> Option<&str> {
    match &case.sizing {
        Sizing::LotSizer { account_currency } | Sizing::FixedLots { account_currency, .. } => {
            Some(account_currency)
        }
        Sizing::TickValue => None,
    }
}

/// `slip` of section 6 for a known draw.
pub(crate) fn slip(price: f64, direction: Direction, (fixed, random): (f64, f64), u: f64, pip: f64) -> f64 {
    let k = fixed + random * u;
    match direction {
        Direction::Long => price + k * pip,
        Direction::Short => price - k * pip,
    }
}

/// The draws of one run: how many, and where the next one comes from.
#[derive(Debug)]
pub(crate) struct Draws {
    settings: Option<Slippage>,
    stream: SlippageStream,
    rng: Option<KeyedRng>,
    /// Draws taken so far.
    pub(crate) consumed: usize,
    /// Per symbol: the bar of its last application and how many it had there.
    slots: Vec<(usize, usize)>,
}

impl Draws {
    pub(crate) fn new(case: &Case) -> Self {
        let key = case.slippage.as_ref().and_then(|slippage| slippage.key);
        Self {
            settings: case.slippage.clone(),
            stream: case.switches.slippage_stream,
            rng: key.map(|key| MasterSeed(key.seed).rng(Purpose::Slippage, key.fold, key.repeat, key.trial)),
            consumed: 0,
            slots: vec![(usize::MAX, 0); case.symbols.len()],
        }
    }

    /// One application at a bar: the price a fill in `direction` gets.
    pub(crate) fn apply(
        &mut self,
        price: f64,
        direction: Direction,
        pip: f64,
        symbol: usize,
        bar_index: usize,
    ) -> Result<f64, String> {
        let Some(settings) = self.settings.clone() else { return Ok(price) };
        let slot = self.next_slot(symbol, bar_index);
        let u = if settings.random_pips > 0.0 { self.draw(symbol, bar_index, slot)? } else { 0.0 };
        Ok(slip(price, direction, (settings.fixed_pips, settings.random_pips), u, pip))
    }

    fn next_slot(&mut self, symbol: usize, bar_index: usize) -> usize {
        let (last_bar, used) = self.slots[symbol];
        let slot = if last_bar == bar_index { used } else { 0 };
        self.slots[symbol] = (bar_index, slot + 1);
        slot
    }

    /// The next draw, or under `keyed` the one of this place.
    pub(crate) fn draw(&mut self, symbol: usize, bar_index: usize, slot: usize) -> Result<f64, String> {
        let number = self.consumed;
        self.consumed += 1;
        let Some(rng) = &mut self.rng else {
            let recorded = self.settings.as_ref().and_then(|settings| settings.uniforms.get(number));
            return Ok(recorded.copied().unwrap_or(0.0));
        };
        if self.stream == SlippageStream::Keyed {
            if slot >= 64 {
                return Err(format!("more than 64 applications on bar {bar_index}"));
            }
            rng.set_stream(symbol as u64);
            rng.set_word_pos(2 * (bar_index as u128 * 64 + slot as u128));
        }
        Ok(rng.unit())
    }
}
