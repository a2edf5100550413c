//! Scenario 2: Kalman z-score beyond its threshold and the close beyond a Bollinger band; the middle is the target.

use std::sync::Arc;

use super::filters::Filters;
use super::look::{Bands, Hit, Look, Thresholds, kalman_z};
use super::params::Settings;
use crate::cache::{CachePlan, IndicatorCache};
use crate::strategy::BindContext;
use crate::strategy::series::{dense, plan_primary};
use crate::types::{Direction, ParamError};

/// Also the base of scenarios 3, 5 and 6, which only add conditions.
#[derive(Debug, Clone)]
pub(super) struct Scenario2 {
    z: Arc<[f64]>,
    thresholds: Thresholds,
    bands: Bands,
    filters: Filters,
}

pub(super) fn plan(
    settings: &Settings,
    context: &BindContext<'_>,
    plan: &mut CachePlan,
) -> Result<(), ParamError> {
    plan_primary(plan, context, &[kalman_z(&settings.core)]);
    Bands::plan(&settings.core, context, plan);
    super::filters::plan(&settings.filters, context, plan)
}

impl Scenario2 {
    pub(super) fn bind(
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        Ok(Self {
            z: dense(cache, &context.bid(kalman_z(&settings.core)))?,
            thresholds: Thresholds::of(&settings.core),
            bands: Bands::bind(&settings.core, context, cache)?,
            filters: Filters::bind(&settings.filters, context, cache)?,
        })
    }

    #[inline]
    pub(super) fn hit(&self, look: &Look, direction: Direction) -> Option<Hit> {
        if !self.thresholds.reached(self.z[look.row], direction) {
            return None;
        }
        let middle = self.bands.reverting(look, direction)?;
        self.filters.pass(look.row).then_some(Hit::to(middle))
    }
}
