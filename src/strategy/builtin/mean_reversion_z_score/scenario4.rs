//! Scenario 4: distance from the Kalman mean in GARCH volatilities, and a Bollinger band; the middle is the target.
//!
//! With `local_z_lookback > 0` filter and model start afresh on the last so many bars, which cannot be cached as a
//! series: it is computed only after every other condition holds.

use std::sync::Arc;

use super::filters::Filters;
use super::look::{Bands, Hit, Look, Thresholds};
use super::params::Settings;
use crate::cache::{CachePlan, IndicatorCache};
use crate::data::BarSeries;
use crate::indicators::kalman_garch::kalman_garch_zscore_local;
use crate::indicators::{FloatBits, GarchKey, GarchParams, IndicatorKind};
use crate::strategy::BindContext;
use crate::strategy::series::{dense, plan_primary};
use crate::types::{Direction, ParamError};

#[derive(Debug)]
pub(super) struct Scenario4 {
    z: ZSource,
    thresholds: Thresholds,
    bands: Bands,
    filters: Filters,
}

/// Where z comes from.
#[derive(Debug)]
enum ZSource {
    /// One series over the whole history.
    Series(Arc<[f64]>),
    /// A fresh computation per bar.
    Local(Local),
}

#[derive(Debug)]
struct Local {
    bars: Arc<BarSeries>,
    lookback: usize,
    variances: (f64, f64),
    garch: GarchParams,
    /// The newest result: longs and shorts of a bar ask for the same one.
    last: Option<(usize, Option<f64>)>,
}

/// The z-score as a series.
pub(super) fn z(settings: &Settings) -> IndicatorKind {
    IndicatorKind::KalmanGarchZScore {
        r: FloatBits::new(settings.core.kalman_r),
        q: FloatBits::new(settings.core.kalman_q),
        garch: GarchKey::from(&settings.garch),
    }
}

pub(super) fn plan(
    settings: &Settings,
    context: &BindContext<'_>,
    plan: &mut CachePlan,
) -> Result<(), ParamError> {
    if settings.local_z_lookback == 0 {
        plan_primary(plan, context, &[z(settings)]);
    }
    Bands::plan(&settings.core, context, plan);
    super::filters::plan(&settings.filters, context, plan)
}

impl Scenario4 {
    pub(super) fn bind(
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        let z = match settings.local_z_lookback {
            0 => ZSource::Series(dense(cache, &context.bid(z(settings)))?),
            lookback => ZSource::Local(Local {
                bars: Arc::clone(&context.data.symbol(context.symbol).bars),
                lookback,
                variances: (settings.core.kalman_r, settings.core.kalman_q),
                garch: settings.garch,
                last: None,
            }),
        };
        Ok(Self {
            z,
            thresholds: Thresholds::of(&settings.core),
            bands: Bands::bind(&settings.core, context, cache)?,
            filters: Filters::bind(&settings.filters, context, cache)?,
        })
    }

    pub(super) fn hit(&mut self, look: &Look, direction: Direction) -> Option<Hit> {
        if let ZSource::Series(z) = &self.z
            && !self.thresholds.reached(z[look.row], direction)
        {
            return None;
        }
        let middle = self.bands.reverting(look, direction)?;
        if !self.filters.pass(look.row) {
            return None;
        }
        if let ZSource::Local(local) = &mut self.z {
            let z = local.at(look.row)?;
            return self.thresholds.reached(z, direction).then_some(Hit::to(middle));
        }
        Some(Hit::to(middle))
    }
}

impl Local {
    fn at(&mut self, row: usize) -> Option<f64> {
        match self.last {
            Some((known, z)) if known == row => z,
            _ => {
                let close = &self.bars.bid().close;
                let z = kalman_garch_zscore_local(close, row, self.lookback, self.variances, &self.garch);
                self.last = Some((row, z));
                z
            }
        }
    }
}
