//! An own strategy with the whole command line around it: it buys after falling closes and leaves at stop or target.
//!
//! `cargo run --example own_strategy -- strategies falling_closes`

use std::process::ExitCode;

use omega_sweep::cli;
use omega_sweep::engine::Registry;
use omega_sweep::strategy::prelude::*;

const ATR: IndicatorKind = IndicatorKind::Atr { period: 14 };

struct FallingCloses([ParamSpec; 2]);

/// One parameter set on one symbol.
struct Bound {
    falls: usize,
    stop_atr: f64,
    atr: Arc<[f64]>,
}

impl StrategyDef for FallingCloses {
    type Bound = Bound;

    fn name(&self) -> &'static str {
        "falling_closes"
    }

    fn help(&self) -> &'static str {
        "Buys after a number of falling closes in a row."
    }

    fn params(&self) -> &[ParamSpec] {
        &self.0
    }

    fn plan(&self, _: &ParamSet, at: &BindContext<'_>, plan: &mut CachePlan) -> Result<(), ParamError> {
        plan.series(at.primary(PriceSide::Bid, ATR));
        Ok(())
    }

    fn bind(
        &self,
        set: &ParamSet,
        at: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Bound, ParamError> {
        let atr = dense(cache, &at.primary(PriceSide::Bid, ATR))?;
        Ok(Bound { falls: set.count("falls")?, stop_atr: set.number("stop_atr")?, atr })
    }

    fn warmup_bars(&self, _: &ParamSet) -> usize {
        14
    }
}

impl Strategy for Bound {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        let close = |back| bar.back(PriceSide::Bid, back).map(|bar| bar.close);
        let fell = (0..self.falls).all(|back| close(back) < close(back + 1));
        let distance = self.stop_atr * self.atr[bar.row()];
        if fell && distance > 0.0 && account.is_flat(bar.symbol()) {
            let level = Level::Distance(distance);
            out.enter(TradeSignal::market(bar, Direction::Long, level, level));
        }
    }
}

fn main() -> ExitCode {
    let falls = ParamSpec::whole("falls", 1, 20, 3).help("Falling closes in a row.").swept("2", "5", "1");
    let stop =
        ParamSpec::positive("stop_atr", 2.0).help("Stop and target, in ATR.").swept("1.0", "3.0", "0.5");
    cli::main_with(&Registry::builtin().with(FallingCloses([falls, stop])))
}
