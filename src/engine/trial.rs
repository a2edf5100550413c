//! From a strategy definition and a trial to a run: settings laid over, instances bound, panics caught.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::accounts;
use super::event_engine::EventEngine;
use super::run::{EngineInputs, RunRequest, TrialRun};
use super::settings::{Accounts, EngineSettings, PnlMode, SettingError};
use crate::costs::RngDraws;
use crate::strategy::{BindContext, Scope, Strategy, StrategyDef};
use crate::types::{ParamError, SymbolId, Trial, TrialError};

/// Prefix of engine settings among a trial's parameters.
const ENGINE_PREFIX: &str = "engine.";

/// Runs one trial of a strategy: its `engine.` parameters laid over the settings, bound per symbol or once by its
/// scope, walked over the window.
///
/// # Errors
/// When the parameters or settings cannot run, the engine refuses to go on, or the strategy panics.
pub fn run_trial<D: StrategyDef>(
    def: &D,
    inputs: &EngineInputs,
    request: &RunRequest,
    trial: &Trial,
) -> Result<TrialRun, TrialError> {
    // A panicking strategy leaves nothing behind: engine and strategy are dropped with the unwinding.
    catch_unwind(AssertUnwindSafe(|| run_unguarded(def, inputs, request, trial)))
        .unwrap_or_else(|panic| Err(TrialError::of_panic(panic.as_ref())))
}

fn run_unguarded<D: StrategyDef>(
    def: &D,
    inputs: &EngineInputs,
    request: &RunRequest,
    trial: &Trial,
) -> Result<TrialRun, TrialError> {
    let own = settled(inputs, trial)?;
    let inputs = own.as_ref().unwrap_or(inputs);
    let strategies = bind(def, inputs, trial)?;
    if inputs.settings.accounts == Accounts::Shared || inputs.data.symbols().len() == 1 {
        return run_engine(inputs, request, strategies);
    }
    if def.scope() == Scope::AllSymbols {
        let reason = "accounts \"per_symbol\" needs a strategy that trades one symbol: use \"shared\"";
        return Err(ParamError::Infeasible { reason: reason.to_owned() }.into());
    }
    // The curves of all accounts are added up.
    let inputs = &EngineInputs { figures: None, ..inputs.clone() };
    let parts = strategies.into_iter().map(|strategy| run_engine(inputs, request, vec![strategy]));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    Ok(accounts::join(parts, inputs.settings.pnl_mode == PnlMode::Volume))
}

/// One engine over the window.
fn run_engine<S: Strategy>(
    inputs: &EngineInputs,
    request: &RunRequest,
    strategies: Vec<BoundTo<S>>,
) -> Result<TrialRun, TrialError> {
    let outcome = engine(inputs, request, strategies)?.run();
    outcome.map(|outcome| outcome.run).map_err(|error| TrialError::Engine(error.to_string()))
}

/// The engine of a trial with one account, at the start of its window. `inputs` are [`settled`].
pub(super) fn start<'a, D: StrategyDef>(
    def: &D,
    inputs: &'a EngineInputs,
    request: &RunRequest,
    trial: &Trial,
) -> Result<EventEngine<'a, D::Bound, RngDraws>, TrialError> {
    engine(inputs, request, bind(def, inputs, trial)?)
}

fn engine<'a, S: Strategy>(
    inputs: &'a EngineInputs,
    request: &RunRequest,
    strategies: Vec<BoundTo<S>>,
) -> Result<EventEngine<'a, S, RngDraws>, TrialError> {
    let stream = inputs.settings.slippage_stream;
    let draws = RngDraws::new(inputs.seed, request.fold, request.repeat, request.random_id.0, stream);
    EventEngine::new(inputs, request, strategies, draws, ())
        .map_err(|error| TrialError::Engine(error.to_string()))
}

/// The inputs of a trial that brings settings of its own, else `None`.
pub(super) fn settled(inputs: &EngineInputs, trial: &Trial) -> Result<Option<EngineInputs>, TrialError> {
    let own = settings_of(&inputs.settings, trial)?;
    Ok(own.map(|settings| EngineInputs { settings: Arc::new(settings), ..inputs.clone() }))
}

/// The settings of a trial that brings its own, else `None`.
fn settings_of(base: &EngineSettings, trial: &Trial) -> Result<Option<EngineSettings>, TrialError> {
    let mut own = trial
        .params
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(ENGINE_PREFIX)?, value)))
        .peekable();
    if own.peek().is_none() {
        return Ok(None);
    }
    let mut settings = base.clone();
    for (key, value) in own {
        settings.apply(key, value).map_err(setting_error)?;
    }
    settings.validate().map_err(setting_error)?;
    Ok(Some(settings))
}

/// A contradiction prunes the set; anything else is an error of the file.
fn setting_error(error: SettingError) -> TrialError {
    match error {
        SettingError::Invalid { key, found, allowed } => {
            ParamError::Invalid { name: format!("{ENGINE_PREFIX}{key}"), found, allowed }.into()
        }
        SettingError::Conflict { .. } => ParamError::Infeasible { reason: error.to_string() }.into(),
        other => TrialError::Engine(other.to_string()),
    }
}

/// A bound strategy with its symbol; `None` = all of them.
type BoundTo<S> = (Option<SymbolId>, S);

/// The strategy's instances, each with its symbol.
fn bind<D: StrategyDef>(
    def: &D,
    inputs: &EngineInputs,
    trial: &Trial,
) -> Result<Vec<BoundTo<D::Bound>>, TrialError> {
    let bind = |symbol: SymbolId| {
        let context = BindContext { data: &inputs.data, symbol };
        def.bind(&trial.params, &context, &inputs.cache)
    };
    match def.scope() {
        Scope::AllSymbols => Ok(vec![(None, bind(SymbolId(0))?)]),
        Scope::PerSymbol => inputs.data.ids().map(|symbol| Ok((Some(symbol), bind(symbol)?))).collect(),
    }
}
