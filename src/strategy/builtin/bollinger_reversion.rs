//! Bollinger reversion: buy the close that falls to or below the lower band, sell the one that rises to or above the
//! upper band, leave at the middle. Bands over bid closes, sample deviation.

use super::levels::{self, Multiples};
use super::one_way;
use super::signals::{Conditions, SignalBound};
use crate::cache::{CachePlan, Comparison, IndicatorCache, MaskKey, Operand, PriceField};
use crate::indicators::{FloatBits, IndicatorKind};
use crate::strategy::{BindContext, StrategyDef};
use crate::types::{ParamError, ParamSet, ParamSpec, PriceSide};

/// The definition.
#[derive(Debug, Clone)]
pub struct BollingerReversion {
    params: Vec<ParamSpec>,
}

impl Default for BollingerReversion {
    fn default() -> Self {
        let [stop, target] = levels::parameters();
        let params = vec![
            ParamSpec::bars("bands_length", 2, 20).help("Window of the bands.").swept("10", "60", "10"),
            ParamSpec::positive("bands_factor", 2.0)
                .unit("standard deviations")
                .help("Distance of the bands from the middle.")
                .swept("1.0", "3.0", "0.5"),
            ParamSpec::word("direction", &["long", "short", "both"], "both").help("Directions traded."),
            stop,
            target,
        ];
        Self { params }
    }
}

fn conditions(params: &ParamSet, context: &BindContext<'_>) -> Result<Conditions, ParamError> {
    let (period, factor) = (params.period("bands_length")?, params.number("bands_factor")?);
    let mean = context.bid(IndicatorKind::Sma { period });
    let std = context.bid(IndicatorKind::Std { period });
    let close = Operand::Price { symbol: context.symbol, side: PriceSide::Bid, field: PriceField::Close };
    let band = |factor| Operand::Band { mean, std, factor: FloatBits::new(factor) };
    let compared = |comparison, right| Some(MaskKey { left: close, comparison, right });
    let conditions = Conditions {
        long: compared(Comparison::LessEqual, band(-factor)),
        short: compared(Comparison::GreaterEqual, band(factor)),
        exit_long: compared(Comparison::GreaterEqual, Operand::Series(mean)),
        exit_short: compared(Comparison::LessEqual, Operand::Series(mean)),
        multiples: Multiples::read(params)?,
    };
    Ok(conditions.only(one_way(params, "direction")?))
}

impl StrategyDef for BollingerReversion {
    type Bound = SignalBound;

    fn name(&self) -> &'static str {
        "bollinger_reversion"
    }

    fn help(&self) -> &'static str {
        "Buys at the lower Bollinger band, sells at the upper one, and leaves at the middle."
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
        params.count("bands_length").unwrap_or(0).max(levels::ATR_PERIOD as usize)
    }
}
