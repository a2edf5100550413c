//! Which fee model is active, and its price for one call (`execution.md` 7).

use super::commission::{Commission, CommissionSettings};
use super::conversion::{Conversion, LiveRates, MissingRate, Rate};

/// What a fee is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeCall {
    /// A fill that opens.
    Entry,
    /// A fill that closes.
    Exit,
    /// Both at once, as a question; never booked.
    RoundTrip,
}

/// The old fee per million of notional, counted in quote currency and booked as account currency (`execution.md` Q-22).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LegacyFee {
    /// Money per million.
    pub per_million: f64,
    /// Units per lot where a symbol has no contract size.
    pub lot_size: f64,
    /// Least fee; 0 = none.
    pub min_fee: f64,
}

impl LegacyFee {
    /// The fee of one side.
    #[inline]
    pub fn fee(self, lots: f64, price: f64, contract_size: Option<f64>) -> f64 {
        let units = contract_size.filter(|size| *size != 0.0).unwrap_or(self.lot_size);
        let fee = (((lots * units) * price) / 1e6) * self.per_million;
        if self.min_fee > 0.0 { fee.max(self.min_fee) } else { fee }
    }
}

/// The one active model.
#[derive(Debug, Clone, PartialEq)]
pub enum CostModel {
    /// No explicit fees.
    None,
    /// Per million, without conversion.
    LegacyFee(LegacyFee),
    /// Commission with conversion, rounded to cents.
    Commission(CommissionSettings),
}

/// What a symbol's fee is counted from.
#[derive(Debug, Clone, Copy)]
pub struct FeeSymbol<'a> {
    /// Name, as in `per_symbol`.
    pub name: &'a str,
    /// Units per lot.
    pub contract_size: f64,
    /// Currency of its price.
    pub quote_currency: &'a str,
}

/// The fee of one symbol, everything looked up.
#[derive(Debug, Clone, PartialEq)]
pub enum FeeRule {
    /// Always 0.
    Free,
    /// [`LegacyFee`] with the symbol's contract size.
    Legacy(LegacyFee, f64),
    /// Commission.
    Commission(Box<Commission>),
}

impl FeeRule {
    /// The rule of a symbol; `multiplier` scales the configured rates, `known` finds a pair's rate.
    ///
    /// # Errors
    /// When the commission needs a currency without a rate.
    pub fn new(
        model: &CostModel,
        symbol: FeeSymbol<'_>,
        account: &str,
        multiplier: f64,
        known: impl Fn(&str) -> Option<Rate>,
    ) -> Result<Self, MissingRate> {
        match model {
            CostModel::None => Ok(Self::Free),
            CostModel::LegacyFee(fee) => {
                let scaled = LegacyFee { per_million: fee.per_million * multiplier, ..*fee };
                Ok(Self::Legacy(scaled, symbol.contract_size))
            }
            CostModel::Commission(settings) => {
                let currency = settings.fee_currency(symbol.name, account);
                let to_fee = Conversion::resolve(symbol.quote_currency, &currency, &known)?;
                let to_account = Conversion::resolve(&currency, account, &known)?;
                let fields = settings.effective(symbol.name);
                Ok(Self::Commission(Box::new(Commission::new(
                    &fields,
                    multiplier,
                    symbol.contract_size,
                    to_fee,
                    to_account,
                ))))
            }
        }
    }

    /// The fee in account currency.
    ///
    /// # Errors
    /// When a currency has no rate at this instant.
    #[inline]
    pub fn fee(
        &self,
        call: FeeCall,
        price: f64,
        lots: f64,
        live: &impl LiveRates,
    ) -> Result<f64, MissingRate> {
        match self {
            Self::Free => Ok(0.0),
            Self::Legacy(fee, contract_size) => Ok(fee.fee(lots, price, Some(*contract_size))),
            Self::Commission(commission) => commission.fee(call, price, lots, live),
        }
    }
}
