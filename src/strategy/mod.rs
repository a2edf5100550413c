//! The author's side: how a strategy declares what it needs, decides at a bar and looks after a position.

pub mod builtin;
pub mod candidates;
pub mod declare;
pub mod declared;
#[cfg(test)]
pub(crate) mod fixture;
pub mod prelude;
pub mod rules;
pub mod series;
pub mod signal;
pub mod view;

pub use candidates::Candidates;
pub use declare::complete;
pub use declared::{Declaration, Declared, declare};
pub use rules::RuleStrategy;
pub use signal::{Level, PositionAction, Signal, Signals, TradeSignal};
pub use view::{AccountView, BarView, MultiSymbolSlice};

use crate::cache::{CachePlan, IndicatorCache};
use crate::data::MultiSymbolData;
use crate::portfolio::Position;
use crate::types::{ParamError, ParamSet, ParamSpec, SymbolId};

/// A strategy bound to one parameter set and one symbol (or all, by [`Scope`]), running on one window.
pub trait Strategy: Send {
    /// The decision at one bar; sees nothing later than that bar. `out` is empty on entry.
    ///
    /// With [`Scope::AllSymbols`] it is called once per step, `bar` being the bar of the first symbol present.
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals);

    /// What to do with one open position; `Keep` unless the strategy trails, breaks even or times out by itself.
    fn manage_position(&mut self, _position: &Position, _bar: &BarView<'_>) -> PositionAction {
        PositionAction::Keep
    }

    /// Whether `manage_position` may return anything but `Keep`; then every bar with an open position is stepped on.
    fn manages_positions(&self) -> bool {
        false
    }

    /// Stop and target of a signal whose levels are [`Level::AtFill`], once the fill (after slippage) is known.
    fn levels_at_fill(&mut self, _signal: &TradeSignal, _fill: f64) -> (Level, Level) {
        (Level::Absent, Level::Absent)
    }

    /// Longest holding time the strategy itself asks for, minutes.
    fn max_holding_minutes(&self) -> Option<i64> {
        None
    }

    /// Bars on which `evaluate` could return a signal. The default promises nothing: every bar.
    fn candidates(&self) -> Candidates {
        Candidates::EveryBar
    }

    /// First row from which on a position is closed on every bar that [`Candidates::ByPosition`] holds for its direction, and
    /// nothing else is said there: from that row on nobody has to ask. By default there is none.
    fn closes_on_candidates_from(&self) -> usize {
        usize::MAX
    }
}

/// Whether one instance trades one symbol or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Bound once per symbol, own state each.
    PerSymbol,
    /// Bound once; sees and trades all symbols.
    AllSymbols,
}

/// Where a parameter set is about to be bound.
#[derive(Debug, Clone, Copy)]
pub struct BindContext<'a> {
    /// The market.
    pub data: &'a MultiSymbolData,
    /// The symbol of this instance (the first one with [`Scope::AllSymbols`]).
    pub symbol: SymbolId,
}

/// A strategy's name, parameters, and needs, before values are chosen.
pub trait StrategyDef: Send + Sync {
    /// The strategy once bound.
    type Bound: Strategy;

    /// Name in the sweep file.
    fn name(&self) -> &str;

    /// What it does, a sentence or a paragraph.
    fn help(&self) -> &str;

    /// Declared parameters, in order; none by default.
    fn params(&self) -> &[ParamSpec] {
        &[]
    }

    /// A parameter that is not listed by `params` but accepted when the sweep file names it, because its name follows
    /// a pattern; `None` for any other name.
    fn dynamic_param(&self, _name: &str) -> Option<ParamSpec> {
        None
    }

    /// One instance per symbol, or one for all.
    fn scope(&self) -> Scope {
        Scope::PerSymbol
    }

    /// Adds the series this parameter set reads, by default none. Called once per symbol the strategy is bound to.
    ///
    /// # Errors
    /// [`ParamError::Infeasible`] with the reason when the set can never trade or contradicts itself: it is pruned.
    fn plan(
        &self,
        _params: &ParamSet,
        _context: &BindContext<'_>,
        _plan: &mut CachePlan,
    ) -> Result<(), ParamError> {
        Ok(())
    }

    /// Binds the values; every series of `plan` is in `cache`.
    ///
    /// # Errors
    /// As `plan`.
    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self::Bound, ParamError>;

    /// Primary bars before the first one on which the set can decide like a run with more history; 0 by default.
    fn warmup_bars(&self, _params: &ParamSet) -> usize {
        0
    }
}
