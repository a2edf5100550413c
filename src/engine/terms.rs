//! From the settings of a run to the terms its simulator trades under.

use super::event_engine::EngineError;
use super::rates;
use super::settings::EngineSettings;
use crate::data::{MultiSymbolData, SymbolSpec};
use crate::execution::{DistanceRule, ExitRules, LotLimits, SimulatorRules, SymbolExecution, sizing};

/// Switches of fills, sizes and exits, multipliers applied.
pub(super) fn simulator_rules(settings: &EngineSettings) -> SimulatorRules {
    SimulatorRules {
        slippage: settings.slippage.map(|slippage| slippage.scaled(settings.slippage_multiplier)),
        exit_slippage: settings.exit_slippage,
        pending_slippage: settings.pending_slippage,
        gap_fills: settings.gap_fills,
        distance: DistanceRule {
            min_pips: settings.min_sl_distance_pips,
            check_triggers: settings.gap_fills || settings.pending_slippage,
        },
        min_lot_policy: settings.min_lot_policy,
        sizing: settings.sizing,
        risk_per_trade: settings.risk_per_trade,
        exits: ExitRules {
            gap_fills: settings.gap_fills,
            open_first: settings.open_first,
            same_bar_tp_needs_close: settings.same_bar_tp_needs_close,
            both_hit: settings.both_hit,
        },
    }
}

/// What the simulator knows of each symbol, in configured order.
///
/// # Errors
/// When a currency has no rate.
pub(super) fn symbols(
    settings: &EngineSettings,
    data: &MultiSymbolData,
) -> Result<Vec<SymbolExecution>, EngineError> {
    let account = settings.account_currency(data);
    let execution = |spec: &SymbolSpec| {
        let (to_account, fee) = rates::conversions(settings, data, spec, &account)?;
        Ok(SymbolExecution {
            pip_size: sizing::pip_size(Some(spec)),
            contract_size: spec.contract_size,
            limits: Some(LotLimits::of(spec)),
            tick: Some((spec.tick_value, spec.tick_size)),
            to_account,
            fee,
        })
    };
    data.symbols().iter().map(|symbol| execution(&symbol.spec)).collect()
}
