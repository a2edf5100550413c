//! One trial from its parameters to its run.

use std::sync::Arc;

use omega_sweep::cache::{CachePlan, IndicatorCache};
use omega_sweep::engine::{Clock, EngineInputs, RunRequest, WindowEnd, run_trial};
use omega_sweep::strategy::{
    AccountView, BarView, BindContext, Level, Scope, Signals, Strategy, StrategyDef, TradeSignal,
};
use omega_sweep::types::{
    MasterSeed, ParamError, ParamSet, ParamSpec, ParamValue, StepRange, SymbolId, Trial, TrialError, TrialId,
};

use super::super::engine_cases::Line;
use super::symbols::two_symbols;
use super::{buy, plain, with};

/// Buys on the first row; `mood` makes it panic.
struct Buys {
    params: Vec<ParamSpec>,
    scope: Scope,
}

struct Bought {
    symbol: SymbolId,
    panics: bool,
}

impl Strategy for Bought {
    fn evaluate(&mut self, bar: &BarView<'_>, _account: &AccountView<'_>, out: &mut Signals) {
        assert!(!self.panics, "in a bad mood");
        if bar.row() == 0 {
            let Line::Enter(signal) = buy(Level::Absent, Level::Absent) else { unreachable!() };
            out.enter(TradeSignal { symbol: self.symbol, ..signal });
        }
    }
}

impl StrategyDef for Buys {
    type Bound = Bought;

    fn name(&self) -> &'static str {
        "buys"
    }

    fn help(&self) -> &'static str {
        "Buys once."
    }

    fn params(&self) -> &[ParamSpec] {
        &self.params
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn plan(&self, _: &ParamSet, _: &BindContext<'_>, _: &mut CachePlan) -> Result<(), ParamError> {
        Ok(())
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        _cache: &IndicatorCache,
    ) -> Result<Bought, ParamError> {
        Ok(Bought { symbol: context.symbol, panics: params.flag("mood")? })
    }

    fn warmup_bars(&self, _params: &ParamSet) -> usize {
        0
    }
}

fn trial(pairs: &[(&str, &str)]) -> Trial {
    let values = pairs
        .iter()
        .map(|(name, json)| (*name, ParamValue::from_json(&serde_json::from_str(json).expect("json"))));
    Trial { id: TrialId(1), params: ParamSet::from_pairs(values) }
}

fn try_trial(scope: Scope, pairs: &[(&str, &str)]) -> Result<omega_sweep::engine::TrialRun, TrialError> {
    let settings = with(plain(), &[("rates", r#"{"USDJPY": 100}"#)]);
    let data = Arc::new(two_symbols());
    let window = StepRange { start: 0, end: data.steps() };
    let inputs =
        EngineInputs::new(data, Arc::new(IndicatorCache::default()), Arc::new(settings), MasterSeed(1));
    let request = RunRequest {
        window,
        fold: 0,
        repeat: 0,
        random_id: TrialId(0),
        clock: Clock::Skipping,
        window_end: WindowEnd::EndOfRun,
    };
    run_trial(&Buys { params: Vec::new(), scope }, &inputs, &request, &trial(pairs))
}

#[test]
fn a_trial_lays_its_engine_parameters_over_the_settings() {
    let plain = try_trial(Scope::PerSymbol, &[("mood", "false")]).expect("runs");
    let lots = ("engine.sizing", r#"{"fixed_lots": 2}"#);
    let double = try_trial(Scope::PerSymbol, &[("mood", "false"), lots]).expect("runs");
    assert_eq!((plain.trades.len(), plain.trades[0].size, double.trades[0].size), (2, 1.0, 2.0));
    let wrong =
        try_trial(Scope::PerSymbol, &[("mood", "false"), ("engine.gap_fills", "3")]).expect_err("not a flag");
    assert_eq!(wrong.to_string(), "`engine.gap_fills` must be true or false, got 3");
    let pruned = try_trial(Scope::PerSymbol, &[("mood", "false"), ("engine.gap_fills", "false")]);
    assert!(matches!(pruned, Err(TrialError::Param(ParamError::Infeasible { .. }))), "{pruned:?}");
}

#[test]
fn a_panic_fails_its_trial_and_no_more() {
    let error = try_trial(Scope::PerSymbol, &[("mood", "true")]).expect_err("panics");
    assert_eq!(error, TrialError::Panic("in a bad mood".to_owned()));
}

#[test]
fn an_account_per_symbol_has_its_own_balance_and_curve() {
    let own = ("engine.accounts", "\"per_symbol\"");
    let run = try_trial(Scope::PerSymbol, &[("mood", "false"), own]).expect("runs");
    assert_eq!((run.parts.len(), run.trades.len(), run.initial_balance), (2, 2, 2000.0));
    for part in &run.parts {
        assert_eq!((part.trades.len(), part.initial_balance), (1, 1000.0));
        assert_eq!(part.final_cash, 1000.0 + part.trades[0].result);
    }
    let last = run.curve.per_step().last().expect("a curve");
    assert_eq!(last.cash, run.parts[0].final_cash + run.parts[1].final_cash);
    let pairs = try_trial(Scope::AllSymbols, &[("mood", "false"), own]);
    assert!(matches!(pairs, Err(TrialError::Param(ParamError::Infeasible { .. }))), "{pairs:?}");
}
