//! On which bars a strategy could speak at all.

use std::sync::Arc;

use crate::cache::{IndicatorCache, MaskKey, bitmap};
use crate::types::ParamError;

/// Rows of the symbol's own bars on which `evaluate` could return a signal. A promise: outside it the strategy would
/// have said nothing. It may hold more rows than those, never fewer.
///
/// Bit `r % 64` of word `r / 64` stands for row `r`; words that are not there hold no rows.
#[derive(Debug, Clone, Default)]
pub enum Candidates {
    /// No promise.
    #[default]
    EveryBar,
    /// Only rows whose bit is set, whatever the account holds.
    Mask(Arc<[u64]>),
    /// Only rows whose bit is set in the mask for what the account holds of the symbol: no open position, or the
    /// direction of its oldest open one.
    ByPosition {
        /// Without an open position.
        flat: Arc<[u64]>,
        /// While long.
        long: Arc<[u64]>,
        /// While short.
        short: Arc<[u64]>,
    },
}

/// A mask without rows.
pub fn no_rows() -> Arc<[u64]> {
    Arc::from([])
}

/// The planned bitmap of a comparison.
///
/// # Errors
/// [`ParamError::MissingData`] when the strategy did not plan it.
pub fn mask(cache: &IndicatorCache, key: &MaskKey) -> Result<Arc<[u64]>, ParamError> {
    cache.mask(key).cloned().ok_or_else(|| ParamError::MissingData {
        what: format!("comparison {key}"),
        remedy: "ask for it in `plan`".to_owned(),
    })
}

/// Rows on which all comparisons hold; no rows for an empty list.
///
/// # Errors
/// As [`mask`].
pub fn all_of(cache: &IndicatorCache, keys: &[MaskKey]) -> Result<Arc<[u64]>, ParamError> {
    let mut joined: Option<Arc<[u64]>> = None;
    for key in keys {
        let next = mask(cache, key)?;
        joined = Some(joined.map_or(Arc::clone(&next), |rows| bitmap::and(&rows, &next)));
    }
    Ok(joined.unwrap_or_else(no_rows))
}

/// Rows of a mask that are not among `others`, either of which may have no words.
pub fn without(rows: &Arc<[u64]>, others: &Arc<[u64]>) -> Arc<[u64]> {
    let overlap = || rows.iter().zip(&**others).any(|(row, other)| row & other != 0);
    if others.is_empty() || !overlap() { Arc::clone(rows) } else { bitmap::and_not(rows, others) }
}

/// Rows of either mask, one of which may have no words.
pub fn either(left: &Arc<[u64]>, right: &Arc<[u64]>) -> Arc<[u64]> {
    match (left.is_empty(), right.is_empty()) {
        (true, _) => Arc::clone(right),
        (_, true) => Arc::clone(left),
        _ => bitmap::or(left, right),
    }
}
