//! Scenario 1: z-score of the close around its EMA; the EMA is the target. No higher-timeframe filter.

use std::sync::Arc;

use super::look::{Hit, Look, Thresholds};
use super::params::Settings;
use crate::cache::{CachePlan, IndicatorCache};
use crate::indicators::IndicatorKind;
use crate::strategy::BindContext;
use crate::strategy::series::{dense, plan_primary};
use crate::types::{Direction, ParamError, PriceSide};

#[derive(Debug)]
pub(super) struct Scenario1 {
    z: Arc<[f64]>,
    ema: Arc<[f64]>,
    thresholds: Thresholds,
}

/// The z-score.
pub(super) fn z(settings: &Settings) -> IndicatorKind {
    IndicatorKind::ZScoreEma { window: settings.core.window_length, ema_period: settings.ema_length }
}

/// z-score and EMA.
fn kinds(settings: &Settings) -> [IndicatorKind; 2] {
    [z(settings), IndicatorKind::Ema { period: settings.ema_length }]
}

pub(super) fn plan(settings: &Settings, context: &BindContext<'_>, plan: &mut CachePlan) {
    plan_primary(plan, context, &kinds(settings));
    // Shorts measure their stop with the ask's ATR.
    plan.series(context.primary(PriceSide::Ask, IndicatorKind::Atr { period: settings.atr_length }));
}

impl Scenario1 {
    pub(super) fn bind(
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        let [z, ema] = kinds(settings).map(|kind| context.bid(kind));
        Ok(Self {
            z: dense(cache, &z)?,
            ema: dense(cache, &ema)?,
            thresholds: Thresholds::of(&settings.core),
        })
    }

    #[inline]
    pub(super) fn hit(&self, look: &Look, direction: Direction) -> Option<Hit> {
        if !self.thresholds.reached(self.z[look.row], direction) {
            return None;
        }
        let target = self.ema[look.row];
        target.is_finite().then_some(Hit { target, ask_atr: direction == Direction::Short })
    }
}
