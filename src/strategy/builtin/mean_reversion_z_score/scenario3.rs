//! Scenario 3: scenario 2 with the EMA as target, which must lie at least `tp_min_distance` beyond the entry side.

use std::sync::Arc;

use super::look::{Hit, Look};
use super::params::Settings;
use super::scenario2::Scenario2;
use crate::cache::{CachePlan, IndicatorCache};
use crate::indicators::IndicatorKind;
use crate::strategy::BindContext;
use crate::strategy::series::{dense, plan_primary};
use crate::types::{Direction, ParamError};

#[derive(Debug)]
pub(super) struct Scenario3 {
    base: Scenario2,
    ema: Arc<[f64]>,
    distance: f64,
}

fn ema(settings: &Settings) -> IndicatorKind {
    IndicatorKind::Ema { period: settings.ema_length }
}

pub(super) fn plan(
    settings: &Settings,
    context: &BindContext<'_>,
    plan: &mut CachePlan,
) -> Result<(), ParamError> {
    plan_primary(plan, context, &[ema(settings)]);
    super::scenario2::plan(settings, context, plan)
}

impl Scenario3 {
    pub(super) fn bind(
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        Ok(Self {
            base: Scenario2::bind(settings, context, cache)?,
            ema: dense(cache, &context.bid(ema(settings)))?,
            distance: settings.tp_min_distance,
        })
    }

    #[inline]
    pub(super) fn hit(&self, look: &Look, direction: Direction) -> Option<Hit> {
        self.base.hit(look, direction)?;
        let target = self.ema[look.row];
        let far_enough = match direction {
            Direction::Long => target > look.ask.close + self.distance,
            Direction::Short => target < look.bid.close - self.distance,
        };
        far_enough.then_some(Hit::to(target))
    }
}
