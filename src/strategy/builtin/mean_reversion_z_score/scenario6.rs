//! Scenario 6: scenario 2 on the primary bars, and its conditions again on a chain of timeframes (section 4.6).

use super::chain_params::Member;
use super::look::{Hit, Look, Thresholds, kalman_z};
use super::params::{Core, Settings};
use super::scenario2::Scenario2;
use crate::cache::{CachePlan, Column, IndicatorCache};
use crate::indicators::IndicatorKind;
use crate::strategy::BindContext;
use crate::strategy::series::column;
use crate::types::{Direction, ParamError, Timeframe};

#[derive(Debug)]
pub(super) struct Scenario6 {
    base: Scenario2,
    chain: Chain,
}

pub(super) fn plan(
    settings: &Settings,
    context: &BindContext<'_>,
    plan: &mut CachePlan,
) -> Result<(), ParamError> {
    for member in &settings.chain.members {
        context.require_timeframe("scenario6_timeframes", member.timeframe)?;
        for kind in [Direction::Long, Direction::Short].iter().flat_map(|&side| kinds(member.values(side))) {
            plan.series(context.bid_on(member.timeframe, kind));
        }
    }
    super::scenario2::plan(settings, context, plan)
}

/// Price, z, middle and deviation of one member.
fn kinds(core: &Core) -> [IndicatorKind; 4] {
    let period = core.b_b_length;
    [IndicatorKind::Close, kalman_z(core), IndicatorKind::Sma { period }, IndicatorKind::Std { period }]
}

impl Scenario6 {
    pub(super) fn bind(
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        Ok(Self {
            base: Scenario2::bind(settings, context, cache)?,
            chain: Chain::bind(settings, context, cache)?,
        })
    }

    #[inline]
    pub(super) fn hit(&self, look: &Look, direction: Direction) -> Option<Hit> {
        let hit = self.base.hit(look, direction)?;
        self.chain.holds(look.row, direction).then_some(hit)
    }

    pub(super) fn chain(&self) -> &Chain {
        &self.chain
    }
}

/// How one member of the chain judged a bar; the conditions are tested in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainStatus {
    /// The timeframe has no completed bar, or a stale one.
    NoPrice,
    /// Its z-score is absent.
    NoZScore,
    /// A long needs a lower z.
    ZAboveThreshold,
    /// A short needs a higher z.
    ZBelowThreshold,
    /// Its lower band is absent.
    NoLowerBand,
    /// Its upper band is absent.
    NoUpperBand,
    /// A long needs a price at or below the lower band.
    PriceAboveLower,
    /// A short needs a price at or above the upper band.
    PriceBelowUpper,
    /// Everything holds.
    Ok,
}

impl ChainStatus {
    /// The name used in vectors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoPrice => "no_price",
            Self::NoZScore => "no_zscore",
            Self::ZAboveThreshold => "z_above_threshold",
            Self::ZBelowThreshold => "z_below_threshold",
            Self::NoLowerBand => "no_lower_band",
            Self::NoUpperBand => "no_upper_band",
            Self::PriceAboveLower => "price_above_lower",
            Self::PriceBelowUpper => "price_below_upper",
            Self::Ok => "ok",
        }
    }
}

/// The timeframes of the chain with their series, bound to one parameter set.
#[derive(Debug)]
pub(super) struct Chain {
    any: bool,
    links: Vec<(Timeframe, Link, Link)>,
}

impl Chain {
    pub(super) fn bind(
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        let link = |member: &Member, direction| {
            Link::bind(member.values(direction), context, member.timeframe, cache)
        };
        let links = settings.chain.members.iter().map(|member| {
            Ok((member.timeframe, link(member, Direction::Long)?, link(member, Direction::Short)?))
        });
        Ok(Self { any: settings.chain.any, links: links.collect::<Result<_, ParamError>>()? })
    }

    /// Every member's timeframe and judgement, in order.
    pub(super) fn judge(
        &self,
        row: usize,
        direction: Direction,
    ) -> impl Iterator<Item = (Timeframe, ChainStatus)> {
        self.links.iter().map(move |(timeframe, long, short)| match direction {
            Direction::Long => (*timeframe, long.long_status(row)),
            Direction::Short => (*timeframe, short.short_status(row)),
        })
    }

    /// Whether the chain passes; an empty one never does.
    pub(super) fn holds(&self, row: usize, direction: Direction) -> bool {
        let mut ok = self.judge(row, direction).map(|(_, status)| status == ChainStatus::Ok);
        if self.any { ok.any(|ok| ok) } else { !self.links.is_empty() && ok.all(|ok| ok) }
    }
}

/// One timeframe with the values of one direction.
#[derive(Debug)]
struct Link {
    price: Column,
    z: Column,
    middle: Column,
    deviation: Column,
    factor: f64,
    thresholds: Thresholds,
}

impl Link {
    fn bind(
        core: &Core,
        context: &BindContext<'_>,
        timeframe: Timeframe,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        let [price, z, middle, deviation] =
            kinds(core).map(|kind| column(cache, &context.bid_on(timeframe, kind)));
        Ok(Self {
            price: price?,
            z: z?,
            middle: middle?,
            deviation: deviation?,
            factor: core.std_factor,
            thresholds: Thresholds::of(core),
        })
    }

    fn long_status(&self, row: usize) -> ChainStatus {
        let (price, z) = (self.price.at(row), self.z.at(row));
        let lower = self.middle.at(row) - self.factor * self.deviation.at(row);
        match () {
            () if price.is_nan() => ChainStatus::NoPrice,
            () if !z.is_finite() => ChainStatus::NoZScore,
            () if !self.thresholds.reached(z, Direction::Long) => ChainStatus::ZAboveThreshold,
            () if !lower.is_finite() => ChainStatus::NoLowerBand,
            () if price > lower => ChainStatus::PriceAboveLower,
            () => ChainStatus::Ok,
        }
    }

    fn short_status(&self, row: usize) -> ChainStatus {
        let (price, z) = (self.price.at(row), self.z.at(row));
        let upper = self.middle.at(row) + self.factor * self.deviation.at(row);
        match () {
            () if price.is_nan() => ChainStatus::NoPrice,
            () if !z.is_finite() => ChainStatus::NoZScore,
            () if !self.thresholds.reached(z, Direction::Short) => ChainStatus::ZBelowThreshold,
            () if !upper.is_finite() => ChainStatus::NoUpperBand,
            () if price < upper => ChainStatus::PriceBelowUpper,
            () => ChainStatus::Ok,
        }
    }
}
