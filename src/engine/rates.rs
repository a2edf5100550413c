//! Conversion rates at a step: the static table, or mids of the loaded symbols (`execution.md` 7.3, Q-23).

use super::settings::{EngineSettings, RatesAsOf, RatesSource, SettingError};
use crate::costs::fee::FeeSymbol;
use crate::costs::{Conversion, FeeRule, LiveRates, MissingRate, Rate};
use crate::data::{MultiSymbolData, SymbolSeries, SymbolSpec};

/// The rates a run may know at one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct RatesNow<'a> {
    pub(super) data: &'a MultiSymbolData,
    pub(super) step: usize,
    pub(super) asof: RatesAsOf,
}

impl LiveRates for RatesNow<'_> {
    /// Mid of the close of the last bar that has completed (or opened, by `rates_asof`) at this step.
    fn mid(&self, symbol: usize) -> Option<f64> {
        let series: &SymbolSeries = &self.data.symbols()[symbol];
        let mut row = series.last_row(self.step)?;
        if self.asof == RatesAsOf::Completed {
            let now = self.data.time(self.step).0;
            let length = series.bars.timeframe().micros();
            while series.bars.time(row).0 + length > now {
                row = row.checked_sub(1)?;
            }
        }
        let (bid, ask) = (series.bars.bid().close[row], series.bars.ask().close[row]);
        #[expect(clippy::manual_midpoint, reason = "the formula as it is specified")]
        let mid = (bid + ask) / 2.0;
        Some(mid)
    }
}

/// Finds the rate of a pair by its upper-case name.
pub(super) fn rate_of(settings: &EngineSettings, data: &MultiSymbolData, pair: &str) -> Option<Rate> {
    match &settings.rates {
        RatesSource::Table(table) => {
            table.iter().find(|(name, _)| name.as_ref() == pair).map(|(_, rate)| Rate::Fixed(*rate))
        }
        RatesSource::Data => {
            data.symbols().iter().position(|symbol| symbol.spec.name.to_uppercase() == pair).map(Rate::Live)
        }
    }
}

/// Conversions of one symbol: quote to account currency, and its fees.
pub(super) fn conversions(
    settings: &EngineSettings,
    data: &MultiSymbolData,
    spec: &SymbolSpec,
    account: &str,
) -> Result<(Conversion, FeeRule), MissingRate> {
    let known = |pair: &str| rate_of(settings, data, pair);
    let to_account = Conversion::resolve(&spec.quote_currency, account, known)?;
    let symbol = FeeSymbol {
        name: &spec.name,
        contract_size: spec.contract_size,
        quote_currency: &spec.quote_currency,
    };
    let fee = FeeRule::new(&settings.costs, symbol, account, settings.fee_multiplier, known)?;
    Ok((to_account, fee))
}

/// Checks at load that every currency a run needs has a rate.
///
/// # Errors
/// [`SettingError::MissingRate`] naming the symbol, the pair and the `rates` line to add.
pub fn check_rates(settings: &EngineSettings, data: &MultiSymbolData) -> Result<(), SettingError> {
    let account = settings.account_currency(data);
    for symbol in data.symbols() {
        conversions(settings, data, &symbol.spec, &account)
            .map_err(|missing| SettingError::MissingRate { symbol: symbol.spec.name.clone(), missing })?;
    }
    Ok(())
}
