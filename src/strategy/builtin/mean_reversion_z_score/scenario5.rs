//! Scenario 5: scenario 2 in allowed volatility only. The guard clusters recent volatility afresh on every bar it is
//! asked about (section 4.5), so it is asked last.

use std::sync::Arc;

use super::look::{Hit, Look};
use super::params::{GuardSettings, Settings};
use super::scenario2::Scenario2;
use crate::cache::{CachePlan, IndicatorCache};
use crate::data::BarSeries;
use crate::indicators::garch::garch_volatility_local;
use crate::indicators::volatility_clusters::{VolatilityClusters, cluster_name, volatility_clusters};
use crate::indicators::{GarchParams, IndicatorKind};
use crate::strategy::BindContext;
use crate::strategy::series::{dense, plan_primary};
use crate::types::math::exp;
use crate::types::{Direction, ParamError};

#[derive(Debug)]
pub(super) struct Scenario5 {
    base: Scenario2,
    guard: Guard,
}

pub(super) fn plan(
    settings: &Settings,
    context: &BindContext<'_>,
    plan: &mut CachePlan,
) -> Result<(), ParamError> {
    plan_primary(plan, context, &[IndicatorKind::Atr { period: settings.atr_length }]);
    super::scenario2::plan(settings, context, plan)
}

impl Scenario5 {
    pub(super) fn bind(
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        Ok(Self {
            base: Scenario2::bind(settings, context, cache)?,
            guard: Guard::bind(settings, context, cache)?,
        })
    }

    pub(super) fn hit(&mut self, look: &Look, direction: Direction) -> Option<Hit> {
        let hit = self.base.hit(look, direction)?;
        self.guard.passes(look.row).then_some(hit)
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }
}

/// The volatility guard bound to one parameter set.
#[derive(Debug)]
pub(super) struct Guard {
    settings: GuardSettings,
    feature: Feature,
    /// The newest answer: a long that failed elsewhere and the short of the same bar ask twice.
    last: Option<(usize, bool)>,
}

#[derive(Debug)]
enum Feature {
    Atr(Arc<[f64]>),
    Garch(Arc<BarSeries>, GarchParams),
}

/// How the guard judged a bar.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardReport {
    /// `ok`, `hysteresis_block`, `label_block`, `insufficient_points` or `insufficient_unique`.
    pub status: &'static str,
    /// The clusters, when there are any.
    pub clusters: Option<VolatilityClusters>,
    /// Number of values that exist.
    pub sample_size: usize,
    /// Whether logarithms were clustered.
    pub logarithms: bool,
}

impl GuardReport {
    /// Whether scenario 5 may trade.
    pub fn passes(&self) -> bool {
        self.status == "ok"
    }

    /// Centres of the clusters in units of the feature, ascending; empty without clusters.
    pub fn centers(&self) -> Vec<f64> {
        let centers = self.clusters.as_ref().map_or(&[][..], |clusters| &clusters.centers);
        let back = |&center: &f64| if self.logarithms { exp(center) } else { center };
        centers.iter().map(back).collect()
    }

    /// Name of the current cluster.
    pub fn label(&self) -> Option<String> {
        self.clusters.as_ref().map(|clusters| cluster_name(clusters.current()))
    }
}

impl Guard {
    fn bind(
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        let feature = if settings.guard.atr_feature {
            let atr = IndicatorKind::Atr { period: settings.atr_length };
            Feature::Atr(dense(cache, &context.bid(atr))?)
        } else {
            Feature::Garch(Arc::clone(&context.data.symbol(context.symbol).bars), settings.garch)
        };
        Ok(Self { settings: settings.guard.clone(), feature, last: None })
    }

    fn passes(&mut self, row: usize) -> bool {
        match self.last {
            Some((known, passes)) if known == row => passes,
            _ => {
                let passes = self.judge(row).passes();
                self.last = Some((row, passes));
                passes
            }
        }
    }

    /// The full judgement of a bar. `O(window * k * 30)`, plus the lookback with the GARCH feature.
    pub(super) fn judge(&self, row: usize) -> GuardReport {
        match &self.feature {
            Feature::Atr(atr) => self.judge_values(&atr[..=row]),
            Feature::Garch(bars, garch) => {
                let lookback = self.settings.garch_lookback;
                self.judge_values(&garch_volatility_local(&bars.bid().close, row, lookback, garch))
            }
        }
    }

    fn judge_values(&self, values: &[f64]) -> GuardReport {
        let (status, clusters) = match volatility_clusters(values, &self.settings.clustering) {
            Err(reason) => (reason.as_str(), None),
            Ok(clusters) => (self.status(&clusters), Some(clusters)),
        };
        GuardReport {
            status,
            clusters,
            sample_size: values.iter().filter(|value| !value.is_nan()).count(),
            logarithms: self.settings.clustering.log_transform,
        }
    }

    fn status(&self, clusters: &VolatilityClusters) -> &'static str {
        let hysteresis = self.settings.hysteresis_bars;
        if hysteresis > 1 && !clusters.stable_for(hysteresis) {
            return "hysteresis_block";
        }
        let name = cluster_name(clusters.current());
        if self.settings.allowed.contains(&name) { "ok" } else { "label_block" }
    }
}
