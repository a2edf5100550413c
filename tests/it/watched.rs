//! The strategies of the registry run under the eyes of a recorder, each also with orders that wait for their price.

use omega_sweep::cache::{CachePlan, IndicatorCache};
use omega_sweep::costs::RngDraws;
use omega_sweep::data::MultiSymbolData;
use omega_sweep::engine::{EngineInputs, EventEngine, Outcome, Registry, RunRequest};
use omega_sweep::portfolio::Position;
use omega_sweep::strategy::builtin::{
    BollingerReversion, DonchianBreakout, EmaCross, MeanReversionZScore, PairsZScore, RsiReversion,
};
use omega_sweep::strategy::{
    AccountView, BarView, BindContext, Candidates, Level, PositionAction, RuleStrategy, Scope, Signal,
    Signals, Strategy, StrategyDef, TradeSignal,
};
use omega_sweep::types::{OrderType, ParamError, ParamSet, ParamSpec, SymbolId};
use serde_json::json;

use super::engine_cases::Recorder;

/// A strategy of any type: its needs, and a run that shows fees, signals and draws too.
pub(crate) trait Watched {
    fn label(&self) -> &str;
    fn declared(&self) -> &[ParamSpec];
    fn series(
        &self,
        params: &ParamSet,
        data: &MultiSymbolData,
        plan: &mut CachePlan,
    ) -> Result<(), ParamError>;
    fn watch(
        &self,
        inputs: &EngineInputs,
        request: &RunRequest,
        params: &ParamSet,
    ) -> Result<Outcome<Recorder>, String>;
}

/// The symbols instances are bound to, as the engine's own registry has it.
fn bound_to<D: StrategyDef>(def: &D, data: &MultiSymbolData) -> Vec<Option<SymbolId>> {
    match def.scope() {
        Scope::PerSymbol => data.ids().map(Some).collect(),
        Scope::AllSymbols => vec![None],
    }
}

impl<D: StrategyDef> Watched for D {
    fn label(&self) -> &str {
        self.name()
    }

    fn declared(&self) -> &[ParamSpec] {
        self.params()
    }

    fn series(
        &self,
        params: &ParamSet,
        data: &MultiSymbolData,
        plan: &mut CachePlan,
    ) -> Result<(), ParamError> {
        for symbol in bound_to(self, data) {
            self.plan(params, &BindContext { data, symbol: symbol.unwrap_or(SymbolId(0)) }, plan)?;
        }
        Ok(())
    }

    fn watch(
        &self,
        inputs: &EngineInputs,
        request: &RunRequest,
        params: &ParamSet,
    ) -> Result<Outcome<Recorder>, String> {
        let data = &*inputs.data;
        let bind = |symbol: Option<SymbolId>| {
            let context = BindContext { data, symbol: symbol.unwrap_or(SymbolId(0)) };
            Ok((symbol, self.bind(params, &context, &inputs.cache)?))
        };
        let bound = bound_to(self, data).into_iter().map(bind).collect::<Result<Vec<_>, ParamError>>();
        let (bound, stream) = (bound.map_err(|error| error.to_string())?, inputs.settings.slippage_stream);
        let draws = RngDraws::new(inputs.seed, request.fold, request.repeat, request.random_id.0, stream);
        EventEngine::new(inputs, request, bound, draws, Recorder::default())
            .and_then(EventEngine::run)
            .map_err(|error| error.to_string())
    }
}

/// Everything that comes with the program, a strategy written as rules, and all of them with pending orders.
pub(crate) fn subjects() -> Vec<Box<dyn Watched>> {
    let rules = json!({
        "let": {"r": "rsi(close, 9)"},
        "long": "crosses_above(r, 30)", "short": "r < 70 and prev(r, 1) >= 70",
        "exit_long": "crosses_above(r, 55)", "exit_short": "crosses_below(r, 45)",
        "stop_distance": "atr(14) * 2", "target_distance": "atr(14) * 3",
    });
    let rules = RuleStrategy::from_json("rules", &rules).unwrap_or_else(|errors| panic!("{}", errors[0]));
    let mut subjects = Vec::new();
    add(&mut subjects, MeanReversionZScore::default());
    add(&mut subjects, EmaCross::default());
    add(&mut subjects, DonchianBreakout::default());
    add(&mut subjects, RsiReversion::default());
    add(&mut subjects, BollingerReversion::default());
    add(&mut subjects, PairsZScore::default());
    let plain: Vec<&str> = subjects.iter().step_by(2).map(|subject| subject.label()).collect();
    assert_eq!(
        plain,
        Registry::builtin().names().collect::<Vec<_>>(),
        "every registered strategy is a subject"
    );
    add(&mut subjects, rules);
    subjects
}

fn add<D: StrategyDef + Clone + 'static>(subjects: &mut Vec<Box<dyn Watched>>, def: D) {
    let name = format!("{} with pending orders", def.name());
    subjects.push(Box::new(def.clone()));
    subjects.push(Box::new(WithPending { def, name }));
}

/// A strategy two thirds of whose market orders become limit and stop orders a bar's range away.
struct WithPending<D> {
    def: D,
    name: String,
}

impl<D: StrategyDef> StrategyDef for WithPending<D> {
    type Bound = PendingBound<D::Bound>;

    fn name(&self) -> &str {
        &self.name
    }

    fn help(&self) -> &str {
        self.def.help()
    }

    fn params(&self) -> &[ParamSpec] {
        self.def.params()
    }

    fn scope(&self) -> Scope {
        self.def.scope()
    }

    fn plan(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        plan: &mut CachePlan,
    ) -> Result<(), ParamError> {
        self.def.plan(params, context, plan)
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self::Bound, ParamError> {
        Ok(PendingBound { inner: self.def.bind(params, context, cache)?, said: Signals::default() })
    }

    fn warmup_bars(&self, params: &ParamSet) -> usize {
        self.def.warmup_bars(params)
    }
}

struct PendingBound<S> {
    inner: S,
    said: Signals,
}

/// The order a range away from the market, on the side its type belongs to.
fn waiting(signal: TradeSignal, bar: &BarView<'_>) -> TradeSignal {
    let side = signal.direction.sign();
    let range = bar.bid().high - bar.bid().low;
    let (order_type, away) = match bar.row() % 3 {
        0 => return signal,
        1 => (OrderType::Limit, -side * range),
        _ => (OrderType::Stop, side * range),
    };
    TradeSignal { order_type, entry_price: bar.market_price(signal.direction) + away, ..signal }
}

impl<S: Strategy> Strategy for PendingBound<S> {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        self.said.clear();
        self.inner.evaluate(bar, account, &mut self.said);
        for said in self.said.as_slice() {
            match *said {
                Signal::Enter(signal) => match bar.slice().get(signal.symbol) {
                    Some(bar) => out.enter(waiting(signal, &bar)),
                    None => out.enter(signal),
                },
                Signal::Close(symbol) => out.close(symbol),
            }
        }
    }

    fn manage_position(&mut self, position: &Position, bar: &BarView<'_>) -> PositionAction {
        self.inner.manage_position(position, bar)
    }

    fn manages_positions(&self) -> bool {
        self.inner.manages_positions()
    }

    fn levels_at_fill(&mut self, signal: &TradeSignal, fill: f64) -> (Level, Level) {
        self.inner.levels_at_fill(signal, fill)
    }

    fn max_holding_minutes(&self) -> Option<i64> {
        self.inner.max_holding_minutes()
    }

    fn candidates(&self) -> Candidates {
        self.inner.candidates()
    }
}
