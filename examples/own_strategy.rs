//! An own strategy beside the built-in ones: buy three closes in a row that fall, leave at stop or target.
//!
//! Run it with `cargo run --example own_strategy`.

#![expect(clippy::print_stdout, reason = "the example shows its results")]

use std::sync::Arc;

use omega_sweep::cache::{self, CachePlan, IndicatorCache};
use omega_sweep::data::synthetic;
use omega_sweep::engine::{Clock, EngineInputs, EngineSettings, Registry, RunRequest, WindowEnd};
use omega_sweep::indicators::IndicatorKind;
use omega_sweep::strategy::series::dense;
use omega_sweep::strategy::{
    AccountView, BarView, BindContext, Level, Signals, Strategy, StrategyDef, TradeSignal, complete,
};
use omega_sweep::types::{
    Direction, MasterSeed, OrderType, ParamError, ParamSet, ParamSpec, ParamValue, PriceSide, StepRange,
    SymbolId, Timeframe, Trial, TrialId,
};

const ATR: IndicatorKind = IndicatorKind::Atr { period: 14 };

/// Name and parameters, before values are chosen.
struct ThreeFalls(Vec<ParamSpec>);

impl Default for ThreeFalls {
    fn default() -> Self {
        Self(vec![
            ParamSpec::positive("stop_atr", 2.0).help("Stop and target, in ATR.").swept("1.0", "3.0", "0.5"),
        ])
    }
}

impl StrategyDef for ThreeFalls {
    type Bound = Bound;

    fn name(&self) -> &'static str {
        "three_falls"
    }

    fn help(&self) -> &'static str {
        "Buys after three falling closes."
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
        params: &ParamSet,
        at: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Bound, ParamError> {
        let atr = dense(cache, &at.primary(PriceSide::Bid, ATR))?;
        Ok(Bound { symbol: at.symbol, stop_atr: params.number("stop_atr")?, atr })
    }

    fn warmup_bars(&self, _: &ParamSet) -> usize {
        14
    }
}

/// One parameter set on one symbol.
struct Bound {
    symbol: SymbolId,
    stop_atr: f64,
    atr: Arc<[f64]>,
}

impl Strategy for Bound {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        let close = |back| bar.back(PriceSide::Bid, back).map(|bar| bar.close);
        let (Some(a), Some(b), Some(c), Some(d)) = (close(0), close(1), close(2), close(3)) else { return };
        let distance = self.stop_atr * self.atr[bar.row()];
        if a < b && b < c && c < d && distance > 0.0 && account.is_flat(self.symbol) {
            out.enter(TradeSignal {
                symbol: self.symbol,
                direction: Direction::Long,
                order_type: OrderType::Market,
                entry_price: bar.market_price(Direction::Long),
                stop_loss: Level::Distance(distance),
                take_profit: Level::Distance(distance),
                lots: None,
                scenario: None,
                tag: 0,
            });
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runner = Registry::builtin().with(ThreeFalls::default()).find("three_falls")?;
    let data = Arc::new(synthetic::market(1, &["EURUSD"], Timeframe::M15, 20_000));
    let window = StepRange { start: 100, end: data.steps() };
    for (id, stop_atr) in [1.0, 1.5, 2.0, 2.5, 3.0].into_iter().enumerate() {
        let params = complete(&ThreeFalls::default(), &[("stop_atr", ParamValue::Float(stop_atr))])?;
        let trial = Trial { id: TrialId(id as u64), params };
        let mut plan = CachePlan::default();
        runner.plan(&trial, &data, &mut plan)?;
        let cache = Arc::new(cache::build(&plan, &data, None, None)?);
        let settings = Arc::new(EngineSettings::realistic());
        let inputs = EngineInputs::new(Arc::clone(&data), cache, settings, MasterSeed(42));
        let (clock, window_end) = (Clock::Skipping, WindowEnd::EndOfRun);
        let request = RunRequest { window, fold: 0, repeat: 0, random_id: trial.id, clock, window_end };
        let run = runner.run(&inputs, &request, &trial)?;
        println!("stop_atr {stop_atr}: {} trades, cash {:.2}", run.trades.len(), run.final_cash);
    }
    Ok(())
}
