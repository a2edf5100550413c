//! Stops and targets as distances from the fill, for the small strategies.

use std::sync::Arc;

use crate::cache::{CachePlan, IndicatorCache};
use crate::indicators::IndicatorKind;
use crate::strategy::series::{dense, plan_primary};
use crate::strategy::{BarView, BindContext, Level, TradeSignal};
use crate::types::{Direction, ParamError, ParamSet, ParamSpec};

/// Period of the ATR that distances are measured in.
pub(super) const ATR_PERIOD: u32 = 14;

/// The parameters `stop_atr` and `target_atr`.
pub(super) fn parameters() -> [ParamSpec; 2] {
    [
        ParamSpec::positive("stop_atr", 2.0)
            .nullable()
            .unit("ATR(14) multiples")
            .help("Distance of the stop from the fill, by the ATR of the decision bar; null: no stop."),
        ParamSpec::positive("target_atr", 3.0)
            .or_null()
            .unit("ATR(14) multiples")
            .help("Distance of the target from the fill, by the ATR of the decision bar; null: no target."),
    ]
}

/// Chosen multiples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Multiples {
    stop: Option<f64>,
    target: Option<f64>,
}

impl Multiples {
    pub(super) fn read(params: &ParamSet) -> Result<Self, ParamError> {
        Ok(Self { stop: params.optional_number("stop_atr")?, target: params.optional_number("target_atr")? })
    }

    fn needs_atr(self) -> bool {
        self.stop.is_some() || self.target.is_some()
    }

    pub(super) fn plan(self, context: &BindContext<'_>, plan: &mut CachePlan) {
        if self.needs_atr() {
            plan_primary(plan, context, &[IndicatorKind::Atr { period: ATR_PERIOD }]);
        }
    }

    pub(super) fn bind(
        self,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Levels, ParamError> {
        let key = context.bid(IndicatorKind::Atr { period: ATR_PERIOD });
        let atr = if self.needs_atr() { Some(dense(cache, &key)?) } else { None };
        Ok(Levels { multiples: self, atr })
    }
}

/// Multiples with the ATR of one symbol.
#[derive(Debug)]
pub(super) struct Levels {
    multiples: Multiples,
    atr: Option<Arc<[f64]>>,
}

impl Levels {
    /// A market order with its levels; `None` while the ATR it needs is absent or zero.
    pub(super) fn entry(&self, bar: &BarView<'_>, direction: Direction) -> Option<TradeSignal> {
        let atr = self.atr.as_ref().map_or(f64::NAN, |atr| atr[bar.row()]);
        let level = |multiple: Option<f64>| match multiple {
            None => Some(Level::Absent),
            Some(multiple) => {
                let distance = multiple * atr;
                (distance.is_finite() && distance > 0.0).then_some(Level::Distance(distance))
            }
        };
        let (stop, target) = (level(self.multiples.stop)?, level(self.multiples.target)?);
        Some(TradeSignal::market(bar, direction, stop, target))
    }
}
