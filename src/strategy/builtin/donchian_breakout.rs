//! Donchian breakout: buy the close above the highest high of the last bars, sell the one below the lowest low.
//!
//! The channel of bar `i` is that of the `entry_bars` bars before it. A long is closed when the close crosses below the
//! lowest low of the `exit_bars` bars before, a short mirrored. Entries are crossings: the bar before had not yet
//! broken out of the channel before it. Everything is the bid's.

use super::levels::{self, Multiples};
use super::one_way;
use super::signals::{Conditions, SignalBound};
use crate::cache::{CachePlan, Comparison, IndicatorCache, MaskKey, Operand, PriceField};
use crate::indicators::IndicatorKind;
use crate::strategy::{BindContext, StrategyDef};
use crate::types::{ParamError, ParamSet, ParamSpec, PriceSide};

/// The definition.
#[derive(Debug, Clone)]
pub struct DonchianBreakout {
    params: Vec<ParamSpec>,
}

impl Default for DonchianBreakout {
    fn default() -> Self {
        let [stop, target] = levels::parameters();
        let params = vec![
            ParamSpec::bars("entry_bars", 1, 20)
                .help("Bars of the channel that is broken.")
                .swept("10", "100", "10"),
            ParamSpec::bars("exit_bars", 1, 10)
                .help("Bars of the channel that ends the trade; at most `entry_bars`.")
                .swept("5", "50", "5"),
            ParamSpec::word("direction", &["long", "short", "both"], "both").help("Directions traded."),
            stop,
            target,
        ];
        Self { params }
    }
}

fn conditions(params: &ParamSet, context: &BindContext<'_>) -> Result<Conditions, ParamError> {
    let (entry, exit) = (params.period("entry_bars")?, params.period("exit_bars")?);
    if exit > entry {
        let reason = format!("exit_bars {exit} is above entry_bars {entry}");
        return Err(ParamError::Infeasible { reason });
    }
    let series = |kind| context.bid(kind);
    let close = Operand::Price { symbol: context.symbol, side: PriceSide::Bid, field: PriceField::Close };
    let upper = |period| Operand::Back(series(IndicatorKind::DonchianUpper { period }), 1);
    let lower = |period| Operand::Back(series(IndicatorKind::DonchianLower { period }), 1);
    let crosses = |comparison, right| Some(MaskKey { left: close, comparison, right });
    let conditions = Conditions {
        long: crosses(Comparison::CrossAbove, upper(entry)),
        short: crosses(Comparison::CrossBelow, lower(entry)),
        exit_long: crosses(Comparison::Less, lower(exit)),
        exit_short: crosses(Comparison::Greater, upper(exit)),
        multiples: Multiples::read(params)?,
    };
    Ok(conditions.only(one_way(params, "direction")?))
}

impl StrategyDef for DonchianBreakout {
    type Bound = SignalBound;

    fn name(&self) -> &'static str {
        "donchian_breakout"
    }

    fn help(&self) -> &'static str {
        "Follows the close out of the range of the last bars, and leaves when it falls out of a shorter range the other way."
    }

    fn params(&self) -> &[ParamSpec] {
        &self.params
    }

    fn plan(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        plan: &mut CachePlan,
    ) -> Result<(), ParamError> {
        conditions(params, context)?.plan(context, plan);
        Ok(())
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self::Bound, ParamError> {
        conditions(params, context)?.bind(context, cache)
    }

    fn warmup_bars(&self, params: &ParamSet) -> usize {
        params.count("entry_bars").unwrap_or(0) + 2
    }
}
