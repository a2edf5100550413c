//! On which bars a strategy could speak at all.

use std::sync::Arc;

/// Rows of the symbol's own bars on which `evaluate` could return a signal. A promise: outside it the strategy would
/// have said nothing, whatever the account holds.
#[derive(Debug, Clone, Default)]
pub enum Candidates {
    /// No promise.
    #[default]
    EveryBar,
    /// Only rows whose bit is set; bit `r % 64` of word `r / 64` stands for row `r`.
    Mask(Arc<[u64]>),
}
