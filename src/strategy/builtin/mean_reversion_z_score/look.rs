//! Shared building blocks of the scenarios (section 3): the bar looked at, thresholds, bands, stops.

use std::sync::Arc;

use super::params::Core;
use crate::cache::{CachePlan, Comparison, IndicatorCache, MaskKey, Operand, PriceField};
use crate::data::Ohlc;
use crate::indicators::{FloatBits, IndicatorKind};
use crate::strategy::BindContext;
use crate::strategy::series::dense;
use crate::types::{Direction, ParamError, PriceSide};

/// The bar a decision is made on: its row in the cached columns and both sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) row: usize,
    pub(super) bid: Ohlc,
    pub(super) ask: Ohlc,
}

/// What a scenario that speaks asks for: its target, and which ATR its stop is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    pub(super) target: f64,
    pub(super) ask_atr: bool,
}

impl Hit {
    /// The usual case: the stop is made of the bid ATR.
    pub(super) fn to(target: f64) -> Self {
        Self { target, ask_atr: false }
    }
}

/// Inclusive z thresholds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    long: f64,
    short: f64,
}

impl Thresholds {
    pub(super) fn of(core: &Core) -> Self {
        Self { long: core.z_score_long, short: core.z_score_short }
    }

    /// Whether z is a number far enough on the side this direction needs.
    #[inline]
    pub(super) fn reached(self, z: f64, direction: Direction) -> bool {
        z.is_finite()
            && match direction {
                Direction::Long => z <= self.long,
                Direction::Short => z >= self.short,
            }
    }
}

/// Bollinger bands over the primary bid closes.
#[derive(Debug, Clone)]
pub(super) struct Bands {
    middle: Arc<[f64]>,
    deviation: Arc<[f64]>,
    factor: f64,
}

impl Bands {
    fn kinds(core: &Core) -> [IndicatorKind; 2] {
        let period = core.b_b_length;
        [IndicatorKind::Sma { period }, IndicatorKind::Std { period }]
    }

    pub(super) fn plan(core: &Core, context: &BindContext<'_>, plan: &mut CachePlan) {
        crate::strategy::series::plan_primary(plan, context, &Self::kinds(core));
    }

    pub(super) fn bind(
        core: &Core,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        let [middle, deviation] = Self::kinds(core).map(|kind| context.bid(kind));
        Ok(Self {
            middle: dense(cache, &middle)?,
            deviation: dense(cache, &deviation)?,
            factor: core.std_factor,
        })
    }

    /// The close at or beyond the band of a direction, as a shared comparison.
    pub(super) fn beyond(core: &Core, context: &BindContext<'_>, direction: Direction) -> MaskKey {
        let [mean, std] = Self::kinds(core).map(|kind| context.bid(kind));
        let (comparison, factor) = match direction {
            Direction::Long => (Comparison::LessEqual, -core.std_factor),
            Direction::Short => (Comparison::GreaterEqual, core.std_factor),
        };
        let close = Operand::Price { symbol: context.symbol, side: PriceSide::Bid, field: PriceField::Close };
        let band = Operand::Band { mean, std, factor: FloatBits::new(factor) };
        MaskKey { left: close, comparison, right: band }
    }

    /// The middle, when the close lies at or beyond the band this direction needs.
    #[inline]
    pub(super) fn reverting(&self, look: &Look, direction: Direction) -> Option<f64> {
        let middle = self.middle[look.row];
        let width = self.factor * self.deviation[look.row];
        let outside = match direction {
            Direction::Long => look.bid.close <= middle - width,
            Direction::Short => look.bid.close >= middle + width,
        };
        outside.then_some(middle)
    }
}

/// The Kalman z-score of a set of values.
pub(super) fn kalman_z(core: &Core) -> IndicatorKind {
    IndicatorKind::KalmanZScore {
        window: core.window_length,
        r: FloatBits::new(core.kalman_r),
        q: FloatBits::new(core.kalman_q),
    }
}
