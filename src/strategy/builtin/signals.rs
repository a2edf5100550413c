//! The common body of the small strategies: four conditions, each one shared comparison, and levels by the ATR.
//!
//! While flat the entries are looked at (a bar on which both hold enters nothing), while in a position only its own
//! exit. `evaluate` reads the bits, so the candidates are exactly the rows on which it speaks.

use std::sync::Arc;

use super::levels::{Levels, Multiples};
use crate::cache::{CachePlan, IndicatorCache, MaskKey, bitmap};
use crate::strategy::candidates::{either, mask, no_rows};
use crate::strategy::{AccountView, BarView, BindContext, Candidates, Signals, Strategy};
use crate::types::{Direction, ParamError, SymbolId};

/// The comparisons of one parameter set; `None` never holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conditions {
    pub(super) long: Option<MaskKey>,
    pub(super) short: Option<MaskKey>,
    pub(super) exit_long: Option<MaskKey>,
    pub(super) exit_short: Option<MaskKey>,
    pub(super) multiples: Multiples,
}

impl Conditions {
    /// Without the entries a direction filter leaves out.
    pub(super) fn only(mut self, direction: Option<Direction>) -> Self {
        match direction {
            Some(Direction::Long) => self.short = None,
            Some(Direction::Short) => self.long = None,
            None => {}
        }
        self
    }

    pub(super) fn plan(&self, context: &BindContext<'_>, plan: &mut CachePlan) {
        let keys = [self.long, self.short, self.exit_long, self.exit_short];
        keys.into_iter().flatten().for_each(|key| plan.mask(key));
        self.multiples.plan(context, plan);
    }

    pub(super) fn bind(
        &self,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<SignalBound, ParamError> {
        let rows = |key: Option<MaskKey>| key.map_or_else(|| Ok(no_rows()), |key| mask(cache, &key));
        let (mut long, mut short) = (rows(self.long)?, rows(self.short)?);
        if !long.is_empty() && !short.is_empty() {
            (long, short) = (bitmap::and_not(&long, &short), bitmap::and_not(&short, &long));
        }
        Ok(SignalBound {
            symbol: context.symbol,
            long,
            short,
            exit_long: rows(self.exit_long)?,
            exit_short: rows(self.exit_short)?,
            levels: self.multiples.bind(context, cache)?,
        })
    }
}

/// One parameter set on one symbol.
#[derive(Debug)]
pub struct SignalBound {
    symbol: SymbolId,
    long: Arc<[u64]>,
    short: Arc<[u64]>,
    exit_long: Arc<[u64]>,
    exit_short: Arc<[u64]>,
    levels: Levels,
}

impl SignalBound {
    fn entry(&self, row: usize) -> Option<Direction> {
        if bitmap::is_set(&self.long, row) {
            Some(Direction::Long)
        } else {
            bitmap::is_set(&self.short, row).then_some(Direction::Short)
        }
    }
}

impl Strategy for SignalBound {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        let row = bar.row();
        match account.direction(self.symbol) {
            Some(Direction::Long) if bitmap::is_set(&self.exit_long, row) => out.close(self.symbol),
            Some(Direction::Short) if bitmap::is_set(&self.exit_short, row) => out.close(self.symbol),
            None if account.is_flat(self.symbol) => {
                let entry = self.entry(row).and_then(|direction| self.levels.entry(bar, direction));
                if let Some(signal) = entry {
                    out.enter(signal);
                }
            }
            Some(_) | None => {}
        }
    }

    fn candidates(&self) -> Candidates {
        Candidates::ByPosition {
            flat: either(&self.long, &self.short),
            long: Arc::clone(&self.exit_long),
            short: Arc::clone(&self.exit_short),
        }
    }

    fn closes_on_candidates_from(&self) -> usize {
        0
    }
}
