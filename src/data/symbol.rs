//! What a symbol is: pip, tick, lot limits, contract size, currencies (`execution.md` 1, `search.md` 13.4).

/// Specification of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolSpec {
    /// Name, case kept.
    pub name: String,
    /// Units of the base per lot.
    pub contract_size: f64,
    /// Smallest price step.
    pub tick_size: f64,
    /// Account money per tick and lot; `None` = derived from contract and tick by conversion.
    pub tick_value: Option<f64>,
    /// One pip as a price difference.
    pub pip_size: f64,
    /// Least lots.
    pub volume_min: f64,
    /// Step of lots.
    pub volume_step: f64,
    /// Most lots.
    pub volume_max: f64,
    /// Currency (or thing) that is bought.
    pub base_currency: String,
    /// Currency of the price.
    pub quote_currency: String,
    /// Spread assumed when a series has none, pips.
    pub typical_spread_pips: f64,
}
