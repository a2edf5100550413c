//! A strategy instance inside the engine: which symbols it speaks for, and what the gates remember of it.

use super::wrapper::GateState;
use crate::data::MultiSymbolData;
use crate::strategy::{BarView, Candidates, Strategy};
use crate::types::SymbolId;
use crate::types::time::MINUTE;

/// A bound strategy with its state.
#[derive(Debug)]
pub(super) struct Agent<S> {
    pub(super) strategy: S,
    /// Its symbol; `None` = all of them.
    pub(super) symbol: Option<SymbolId>,
    pub(super) gate: GateState,
    /// Longest holding time it asks for, microseconds.
    pub(super) max_holding: Option<i64>,
    pub(super) manages: bool,
    /// Rows on which it may speak.
    pub(super) candidates: Candidates,
    /// First row from which on it always closes on those it has for a position.
    pub(super) closes_from: usize,
}

impl<S: Strategy> Agent<S> {
    pub(super) fn new(strategy: S, symbol: Option<SymbolId>) -> Self {
        let max_holding = strategy.max_holding_minutes().map(|minutes| minutes * MINUTE);
        let manages = strategy.manages_positions();
        let candidates = strategy.candidates();
        let by_position = matches!(candidates, Candidates::ByPosition { .. });
        let closes_from = if by_position { strategy.closes_on_candidates_from() } else { usize::MAX };
        Self { strategy, symbol, gate: GateState::default(), max_holding, manages, candidates, closes_from }
    }

    /// The bar it decides on at a step: its symbol's, or the first symbol's that has one.
    #[inline]
    pub(super) fn bar<'a>(&self, data: &'a MultiSymbolData, step: usize) -> Option<BarView<'a>> {
        match self.symbol {
            Some(symbol) => BarView::at(data, symbol, step),
            None => data.ids().find_map(|symbol| BarView::at(data, symbol, step)),
        }
    }

    /// Its bar's index on the axis cooldowns count on: the symbol's own bars, or steps.
    #[inline]
    pub(super) fn index(&self, bar: &BarView<'_>) -> usize {
        if self.symbol.is_some() { bar.row() } else { bar.step() }
    }
}
