//! Two strategies that cheat, to see them caught: `check FILE --lookahead` names the bar and the decision.
//!
//! `cargo run --example planted_lookahead -- check FILE --lookahead`, the file naming `next_close` or `running_bar`.

use std::process::ExitCode;

use omega_sweep::cli;
use omega_sweep::engine::Registry;
use omega_sweep::strategy::prelude::*;

/// Buys when the next bar will close higher.
struct NextClose([ParamSpec; 1]);

/// Buys when the longest higher bar will close above its open, while it still runs.
struct RunningBar([ParamSpec; 1]);

/// Rows on which a cheat buys, and its target.
struct Bought {
    rows: Vec<bool>,
    target: f64,
}

impl StrategyDef for NextClose {
    type Bound = Bought;

    fn name(&self) -> &'static str {
        "next_close"
    }

    fn help(&self) -> &'static str {
        "Cheats: reads the close of the next bar."
    }

    fn params(&self) -> &[ParamSpec] {
        &self.0
    }

    fn bind(&self, set: &ParamSet, at: &BindContext<'_>, _: &IndicatorCache) -> Result<Bought, ParamError> {
        let close = &at.data.symbol(at.symbol).bars.bid().close;
        let rows = close.windows(2).map(|pair| pair[1] > pair[0] * 1.000_2).chain([false]).collect();
        Ok(Bought { rows, target: set.number("target")? })
    }
}

impl StrategyDef for RunningBar {
    type Bound = Bought;

    fn name(&self) -> &'static str {
        "running_bar"
    }

    fn help(&self) -> &'static str {
        "Cheats: reads the close of the higher bar that still runs."
    }

    fn params(&self) -> &[ParamSpec] {
        &self.0
    }

    fn bind(&self, set: &ParamSet, at: &BindContext<'_>, _: &IndicatorCache) -> Result<Bought, ParamError> {
        let symbol = at.data.symbol(at.symbol);
        let Some(higher) = symbol.higher.last() else {
            return Err(ParamError::Infeasible { reason: "no higher timeframe is loaded".to_owned() });
        };
        let prices = higher.bars.bid();
        let rises = |time: &i64| {
            let running = higher.bars.times().partition_point(|open| open <= time).checked_sub(1);
            running.is_some_and(|row| prices.close[row] > prices.open[row])
        };
        let rows = symbol.bars.times().iter().map(rises).collect();
        Ok(Bought { rows, target: set.number("target")? })
    }
}

impl Strategy for Bought {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        if self.rows[bar.row()] && account.is_flat(bar.symbol()) {
            let (stop, target) = (Level::Distance(0.002), Level::Distance(self.target));
            out.enter(TradeSignal::market(bar, Direction::Long, stop, target));
        }
    }
}

fn main() -> ExitCode {
    let target =
        ParamSpec::positive("target", 0.001).help("Distance of the target.").swept("0.001", "0.003", "0.001");
    cli::main_with(&Registry::builtin().with(NextClose([target.clone()])).with(RunningBar([target])))
}
