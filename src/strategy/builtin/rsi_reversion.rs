//! RSI reversion: buy when the RSI of the bid close crosses back above `lower`, sell when it crosses back below
//! `upper`; leave a long when it crosses above `exit_level`, a short when it crosses below it.

use super::levels::{self, Multiples};
use super::one_way;
use super::signals::{Conditions, SignalBound};
use crate::cache::{CachePlan, Comparison, IndicatorCache, MaskKey, Operand};
use crate::indicators::{FloatBits, IndicatorKind};
use crate::strategy::{BindContext, StrategyDef};
use crate::types::{ParamDomain, ParamError, ParamSet, ParamSpec, ParamValue};

/// The definition.
#[derive(Debug, Clone)]
pub struct RsiReversion {
    params: Vec<ParamSpec>,
}

fn percent(name: &'static str, default: i64) -> ParamSpec {
    let domain = ParamDomain::Float { min: 0.0, max: 100.0, open: false };
    ParamSpec::new(name, domain).or(ParamValue::Int(default)).unit("RSI points")
}

impl Default for RsiReversion {
    fn default() -> Self {
        let [stop, target] = levels::parameters();
        let params = vec![
            ParamSpec::bars("rsi_length", 1, 14).help("Period of the RSI.").swept("7", "28", "7"),
            percent("lower", 30)
                .help("A long needs the RSI to cross back above this.")
                .swept("15", "40", "5"),
            percent("upper", 70)
                .help("A short needs the RSI to cross back below this.")
                .swept("60", "85", "5"),
            percent("exit_level", 50).help("Crossing this ends the trade."),
            ParamSpec::word("direction", &["long", "short", "both"], "both").help("Directions traded."),
            stop,
            target,
        ];
        Self { params }
    }
}

fn conditions(params: &ParamSet, context: &BindContext<'_>) -> Result<Conditions, ParamError> {
    let period = params.period("rsi_length")?;
    let (lower, upper) = (params.number("lower")?, params.number("upper")?);
    let exit = params.number("exit_level")?;
    if !(lower < exit && exit < upper) {
        let reason = format!("lower {lower}, exit_level {exit} and upper {upper} do not rise");
        return Err(ParamError::Infeasible { reason });
    }
    let rsi = Operand::Series(context.bid(IndicatorKind::Rsi { period }));
    let crosses = |comparison, level| {
        Some(MaskKey { left: rsi, comparison, right: Operand::Constant(FloatBits::new(level)) })
    };
    let conditions = Conditions {
        long: crosses(Comparison::CrossAbove, lower),
        short: crosses(Comparison::CrossBelow, upper),
        exit_long: crosses(Comparison::CrossAbove, exit),
        exit_short: crosses(Comparison::CrossBelow, exit),
        multiples: Multiples::read(params)?,
    };
    Ok(conditions.only(one_way(params, "direction")?))
}

impl StrategyDef for RsiReversion {
    type Bound = SignalBound;

    fn name(&self) -> &'static str {
        "rsi_reversion"
    }

    fn help(&self) -> &'static str {
        "Buys when the RSI comes back from oversold, sells when it comes back from overbought, and leaves in the middle."
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
        // The RSI never forgets; after ten periods the start weighs less than a part in 20,000.
        10 * params.count("rsi_length").unwrap_or(0)
    }
}
