//! What a run knows of the market beside its bars: rows blocked by news, finer bars.

use std::sync::Arc;

use crate::data::BarSeries;
use crate::types::SymbolId;

/// Per-symbol additions to the market, shared by all runs. An absent entry means: none for that symbol.
#[derive(Debug, Clone, Default)]
pub struct RunContext {
    news: Vec<Option<Arc<[u64]>>>,
    detail: Vec<Option<Arc<BarSeries>>>,
}

impl RunContext {
    /// Rows on which the news gate is closed, per symbol in configured order; bit `r % 64` of word `r / 64` stands for
    /// row `r` of the symbol's own bars.
    pub fn with_news(mut self, blocked: Vec<Option<Arc<[u64]>>>) -> Self {
        self.news = blocked;
        self
    }

    /// Finer bars per symbol in configured order, for `detail_timeframe`.
    pub fn with_detail(mut self, finer: Vec<Option<Arc<BarSeries>>>) -> Self {
        self.detail = finer;
        self
    }

    /// The finer bars of a symbol.
    pub(super) fn detail(&self, symbol: SymbolId) -> Option<&BarSeries> {
        self.detail.get(symbol.index())?.as_deref()
    }

    /// Whether a symbol has a news gate at all.
    pub(super) fn has_news(&self, symbol: SymbolId) -> bool {
        self.news.get(symbol.index()).is_some_and(Option::is_some)
    }

    /// Whether the news gate of a symbol is closed on one of its rows.
    #[inline]
    pub(super) fn is_blocked(&self, symbol: SymbolId, row: usize) -> bool {
        let rows = self.news.get(symbol.index()).and_then(Option::as_deref);
        rows.is_some_and(|rows| contains(rows, row))
    }
}

/// Whether a row's bit is set; words that are not there hold no rows.
#[inline]
pub(super) fn contains(rows: &[u64], row: usize) -> bool {
    rows.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
}
