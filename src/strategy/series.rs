//! Naming and fetching cached series from inside a strategy.

use std::sync::Arc;

use super::BindContext;
use crate::cache::{CachePlan, Column, IndicatorCache};
use crate::indicators::{IndicatorKind, SeriesKey};
use crate::types::{ParamError, PriceSide, Timeframe};

impl BindContext<'_> {
    /// Key of a series over the symbol's primary bars.
    pub fn primary(&self, side: PriceSide, kind: IndicatorKind) -> SeriesKey {
        SeriesKey { symbol: self.symbol, timeframe: self.data.timeframe(), side, kind }
    }

    /// Key of a series over the symbol's primary bid bars.
    pub fn bid(&self, kind: IndicatorKind) -> SeriesKey {
        self.primary(PriceSide::Bid, kind)
    }

    /// Key of a series over bid bars of one timeframe, primary or higher.
    pub fn bid_on(&self, timeframe: Timeframe, kind: IndicatorKind) -> SeriesKey {
        SeriesKey { symbol: self.symbol, timeframe, side: PriceSide::Bid, kind }
    }

    /// Whether the symbol has bars of this timeframe.
    pub fn has_timeframe(&self, timeframe: Timeframe) -> bool {
        timeframe == self.data.timeframe() || self.data.symbol(self.symbol).higher(timeframe).is_some()
    }

    /// # Errors
    /// [`ParamError::MissingData`] when the symbol has no bars of this timeframe.
    pub fn require_timeframe(&self, parameter: &str, timeframe: Timeframe) -> Result<(), ParamError> {
        if self.has_timeframe(timeframe) {
            return Ok(());
        }
        let name = &self.data.symbol(self.symbol).spec.name;
        Err(ParamError::MissingData {
            what: format!("timeframe {timeframe} of {name}, which `{parameter}` needs,"),
            remedy: format!("add \"{timeframe}\" to data.timeframes.additional, or change `{parameter}`"),
        })
    }
}

/// Asks for bid series over the primary bars.
pub(crate) fn plan_primary(plan: &mut CachePlan, context: &BindContext<'_>, kinds: &[IndicatorKind]) {
    for &kind in kinds {
        plan.series(context.bid(kind));
    }
}

/// A planned column, dense or mapped.
///
/// # Errors
/// [`ParamError::MissingData`] when the strategy reads a series it did not plan.
pub fn column(cache: &IndicatorCache, key: &SeriesKey) -> Result<Column, ParamError> {
    cache.get(key).cloned().ok_or_else(|| ParamError::MissingData {
        what: format!("series {key:?}"),
        remedy: "ask for it in `plan`".to_owned(),
    })
}

/// A planned series over primary bars: one value per row.
///
/// # Errors
/// As [`column()`]; also when the series is of a higher timeframe.
pub fn dense(cache: &IndicatorCache, key: &SeriesKey) -> Result<Arc<[f64]>, ParamError> {
    match column(cache, key)? {
        Column::Dense(values) => Ok(values),
        Column::Mapped { .. } => Err(ParamError::MissingData {
            what: format!("a value per primary row of {key:?}"),
            remedy: "read it with `column`".to_owned(),
        }),
    }
}
