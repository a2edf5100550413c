//! The higher-timeframe filters A and B (section 3): the completed higher bar's close against its own EMA.

use super::params::{FilterSettings, FilterSide};
use crate::cache::{CachePlan, Column, Comparison, IndicatorCache, MaskKey, Operand};
use crate::indicators::{IndicatorKind, SeriesKey};
use crate::strategy::BindContext;
use crate::strategy::series::column;
use crate::types::{ParamError, Timeframe};

/// Both filters; the same for long and short.
#[derive(Debug, Clone)]
pub(super) struct Filters {
    active: Vec<Filter>,
}

#[derive(Debug, Clone)]
struct Filter {
    close: Column,
    ema: Column,
    above: bool,
}

/// Close and EMA of a filter's timeframe.
fn keys(context: &BindContext<'_>, timeframe: Timeframe, ema: u32) -> [SeriesKey; 2] {
    [IndicatorKind::Close, IndicatorKind::Ema { period: ema }].map(|kind| context.bid_on(timeframe, kind))
}

/// Asks for the series of the filters that can block.
///
/// # Errors
/// [`ParamError::MissingData`] when one of them compares on a timeframe that is not there: it would block everything.
pub(super) fn plan(
    settings: &[FilterSettings; 2],
    context: &BindContext<'_>,
    plan: &mut CachePlan,
) -> Result<(), ParamError> {
    for filter in settings.iter().filter(|filter| filter.side != FilterSide::Any) {
        let Some(timeframe) = filter.timeframe else {
            let reason = format!("`{}` is NONE, so its filter blocks every signal", filter.parameter);
            return Err(ParamError::Infeasible { reason });
        };
        context.require_timeframe(filter.parameter, timeframe)?;
        for key in keys(context, timeframe, filter.ema) {
            plan.series(key);
        }
    }
    Ok(())
}

/// The comparisons of the filters that can block.
pub(super) fn comparisons(settings: &[FilterSettings; 2], context: &BindContext<'_>) -> Vec<MaskKey> {
    let compared = settings.iter().filter(|filter| filter.side != FilterSide::Any);
    compared
        .filter_map(|filter| {
            let [close, ema] = keys(context, filter.timeframe?, filter.ema).map(Operand::Series);
            let comparison = match filter.side {
                FilterSide::Above => Comparison::Greater,
                FilterSide::Any | FilterSide::Below => Comparison::Less,
            };
            Some(MaskKey { left: close, comparison, right: ema })
        })
        .collect()
}

impl Filters {
    pub(super) fn bind(
        settings: &[FilterSettings; 2],
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        let mut active = Vec::new();
        for filter in settings.iter().filter(|filter| filter.side != FilterSide::Any) {
            let Some(timeframe) = filter.timeframe else { continue };
            let [close, ema] = keys(context, timeframe, filter.ema);
            active.push(Filter {
                close: column(cache, &close)?,
                ema: column(cache, &ema)?,
                above: filter.side == FilterSide::Above,
            });
        }
        Ok(Self { active })
    }

    /// Whether both pass; an absent or zero bias fails a filter that compares.
    #[inline]
    pub(super) fn pass(&self, row: usize) -> bool {
        self.active.iter().all(|filter| {
            let bias = filter.close.at(row) - filter.ema.at(row);
            if filter.above { bias > 0.0 } else { bias < 0.0 }
        })
    }
}
