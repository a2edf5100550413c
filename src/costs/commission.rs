//! Commission per lot, per million or per cent of the notional (`execution.md` 7.2).

use std::sync::Arc;

use super::conversion::{Conversion, LiveRates, MissingRate};
use super::fee::FeeCall;
use crate::types::math;
use crate::types::words::words;

words! {
    /// What a commission is counted by.
    FeeSchema {
        /// Money per lot.
        PerLot = "per_lot",
        /// Money per million of notional.
        PerMillionNotional = "per_million_notional",
        /// A fraction of the notional.
        PercentOfNotional = "percent_of_notional",
    }
}

words! {
    /// When a commission is charged.
    FeeSides {
        /// At the entry and at the exit.
        Both = "both",
        /// At the entry only.
        Entry = "entry",
        /// At the exit only.
        Exit = "exit",
    }
}

/// The keys of one commission entry as given; absent ones fall back to the defaults entry, then to the built-in value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CommissionFields {
    /// Built in: per million of notional.
    pub schema: Option<FeeSchema>,
    /// Built in: both.
    pub side: Option<FeeSides>,
    /// Currency of the numbers below; built in: the account currency.
    pub fee_ccy: Option<Arc<str>>,
    /// Fee currency per lot.
    pub per_lot: Option<f64>,
    /// Fee currency per million of notional.
    pub rate_per_million: Option<f64>,
    /// Fraction of the notional.
    pub pct: Option<f64>,
    /// Least fee per side, fee currency.
    pub min_fee: Option<f64>,
}

impl CommissionFields {
    /// These keys, with `base` where they are silent.
    fn over(&self, base: &Self) -> Self {
        Self {
            schema: self.schema.or(base.schema),
            side: self.side.or(base.side),
            fee_ccy: self.fee_ccy.clone().or_else(|| base.fee_ccy.clone()),
            per_lot: self.per_lot.or(base.per_lot),
            rate_per_million: self.rate_per_million.or(base.rate_per_million),
            pct: self.pct.or(base.pct),
            min_fee: self.min_fee.or(base.min_fee),
        }
    }
}

/// Commission of all symbols.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CommissionSettings {
    /// For every symbol.
    pub defaults: CommissionFields,
    /// Overlays by symbol name, key by key.
    pub per_symbol: Vec<(Arc<str>, CommissionFields)>,
}

impl CommissionSettings {
    /// The effective keys of a symbol.
    pub fn effective(&self, symbol: &str) -> CommissionFields {
        match self.per_symbol.iter().find(|(name, _)| name.as_ref() == symbol) {
            Some((_, fields)) => fields.over(&self.defaults),
            None => self.defaults.clone(),
        }
    }

    /// The currency a symbol's fee is counted in.
    pub fn fee_currency(&self, symbol: &str, account: &str) -> Arc<str> {
        self.effective(symbol).fee_ccy.unwrap_or_else(|| account.into())
    }
}

/// The commission of one symbol, conversions found.
#[derive(Debug, Clone, PartialEq)]
pub struct Commission {
    schema: FeeSchema,
    side: FeeSides,
    number: f64,
    min_fee: f64,
    multiplier: f64,
    contract_size: f64,
    to_fee: Conversion,
    to_account: Conversion,
}

impl Commission {
    /// A symbol's commission; `to_fee` leads from quote to fee currency, `to_account` from there to the account's.
    pub fn new(
        fields: &CommissionFields,
        multiplier: f64,
        contract_size: f64,
        to_fee: Conversion,
        to_account: Conversion,
    ) -> Self {
        let schema = fields.schema.unwrap_or(FeeSchema::PerMillionNotional);
        let number = match schema {
            FeeSchema::PerLot => fields.per_lot,
            FeeSchema::PerMillionNotional => fields.rate_per_million,
            FeeSchema::PercentOfNotional => fields.pct,
        };
        Self {
            schema,
            side: fields.side.unwrap_or(FeeSides::Both),
            number: number.unwrap_or(0.0),
            min_fee: fields.min_fee.unwrap_or(0.0),
            multiplier: multiplier.max(0.0),
            contract_size,
            to_fee,
            to_account,
        }
    }

    /// The fee in account currency, rounded to cents.
    ///
    /// # Errors
    /// When a currency has no rate at this instant, whatever the schema.
    pub fn fee(
        &self,
        call: FeeCall,
        price: f64,
        lots: f64,
        live: &impl LiveRates,
    ) -> Result<f64, MissingRate> {
        let notional = self.to_fee.convert((price * self.contract_size) * lots, live)?;
        let base = match self.schema {
            FeeSchema::PerLot => self.number * lots,
            FeeSchema::PerMillionNotional => self.number * (notional / 1e6),
            FeeSchema::PercentOfNotional => self.number * notional,
        };
        let sides = match (self.side, call) {
            (FeeSides::Both, FeeCall::RoundTrip) => 2.0,
            (FeeSides::Both, _) | (FeeSides::Entry, FeeCall::Entry) | (FeeSides::Exit, FeeCall::Exit) => 1.0,
            _ => 0.0,
        };
        let charged = (base * self.multiplier).max(self.min_fee * self.multiplier) * sides;
        Ok(math::round_decimals(self.to_account.convert(charged, live)?, 2))
    }
}
