//! What a run knows of the market beside its bars: hours blocked by news.

use std::sync::Arc;

use crate::types::SymbolId;

/// Per-symbol additions to the market, shared by all runs. An absent entry means: none for that symbol.
#[derive(Debug, Clone, Default)]
pub struct RunContext {
    news: Vec<Option<Arc<[u64]>>>,
}

impl RunContext {
    /// Rows on which the news gate is closed, per symbol in configured order; bit `r % 64` of word `r / 64` stands for
    /// row `r` of the symbol's own bars.
    pub fn with_news(mut self, blocked: Vec<Option<Arc<[u64]>>>) -> Self {
        self.news = blocked;
        self
    }

    /// The blocked rows of a symbol.
    pub(super) fn news(&self, symbol: SymbolId) -> Option<&[u64]> {
        self.news.get(symbol.index())?.as_deref()
    }
}
