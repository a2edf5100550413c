//! Name to strategy: the only list of built-ins, and the place where a user's own strategy joins it.

use std::fmt;
use std::sync::{Arc, PoisonError};

use super::run::{EngineInputs, RunRequest, StrategyRunner, TrialRun};
use super::statements::{Listened, Log, Statement};
use super::together::run_together;
use super::trial::run_trial;
use crate::cache::CachePlan;
use crate::data::MultiSymbolData;
use crate::strategy::builtin::{
    BollingerReversion, DonchianBreakout, EmaCross, MeanReversionZScore, PairsZScore, RsiReversion,
};
use crate::strategy::{BindContext, Scope, StrategyDef};
use crate::types::{ParamError, ParamSpec, SymbolId, Trial, TrialError};

/// A strategy definition as the rest of the program sees it: one virtual call per trial, static calls per step.
#[derive(Debug, Clone, Copy)]
pub struct Registered<D>(pub D);

impl<D: StrategyDef> Registered<D> {
    /// The symbols an instance is bound to: all of them, or the first one standing for all.
    fn bound_symbols(&self, data: &MultiSymbolData) -> impl Iterator<Item = SymbolId> + use<D> {
        let count = match self.0.scope() {
            Scope::PerSymbol => data.symbols().len(),
            Scope::AllSymbols => 1,
        };
        data.ids().take(count)
    }
}

impl<D: StrategyDef> StrategyRunner for Registered<D> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn help(&self) -> &str {
        self.0.help()
    }

    fn params(&self) -> &[ParamSpec] {
        self.0.params()
    }

    fn scope(&self) -> Scope {
        self.0.scope()
    }

    fn dynamic_param(&self, name: &str) -> Option<ParamSpec> {
        self.0.dynamic_param(name)
    }

    fn plan(&self, trial: &Trial, data: &MultiSymbolData, plan: &mut CachePlan) -> Result<(), ParamError> {
        for symbol in self.bound_symbols(data) {
            self.0.plan(&trial.params, &BindContext { data, symbol }, plan)?;
        }
        Ok(())
    }

    fn warmup_bars(&self, trial: &Trial) -> usize {
        self.0.warmup_bars(&trial.params)
    }

    fn run(
        &self,
        inputs: &EngineInputs,
        request: &RunRequest,
        trial: &Trial,
    ) -> Result<TrialRun, TrialError> {
        run_trial(&self.0, inputs, request, trial)
    }

    fn run_together(
        &self,
        inputs: &EngineInputs,
        requests: &[RunRequest],
        trials: &[Trial],
        done: &mut dyn FnMut(Result<TrialRun, TrialError>),
    ) {
        run_together(&self.0, inputs, requests, trials, done);
    }

    fn listen(
        &self,
        inputs: &EngineInputs,
        request: &RunRequest,
        trial: &Trial,
    ) -> Result<(TrialRun, Vec<Statement>), TrialError> {
        let log = Log::default();
        let run = run_trial(&Listened { def: &self.0, log: Arc::clone(&log) }, inputs, request, trial)?;
        let said = std::mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((run, said))
    }
}

/// The strategies a program knows, built-ins first, then the user's own in the order they were added.
#[derive(Clone)]
pub struct Registry(Vec<Arc<dyn StrategyRunner>>);

impl Registry {
    /// The strategies that come with the program.
    pub fn builtin() -> Self {
        Self(Vec::new())
            .with(MeanReversionZScore::default())
            .with(EmaCross::default())
            .with(DonchianBreakout::default())
            .with(RsiReversion::default())
            .with(BollingerReversion::default())
            .with(PairsZScore::default())
    }

    /// Adds a strategy; it takes the place of one with the same name.
    pub fn with<D: StrategyDef + 'static>(mut self, def: D) -> Self {
        let runner: Arc<dyn StrategyRunner> = Arc::new(Registered(def));
        match self.0.iter().position(|known| known.name() == runner.name()) {
            Some(place) => self.0[place] = runner,
            None => self.0.push(runner),
        }
        self
    }

    /// The strategy of a name.
    ///
    /// # Errors
    /// Names what is known, and the closest name.
    pub fn find(&self, name: &str) -> Result<Arc<dyn StrategyRunner>, UnknownStrategy> {
        self.0.iter().find(|known| known.name() == name).cloned().ok_or_else(|| UnknownStrategy {
            name: name.to_owned(),
            closest: closest(name, self.names()).map(ToOwned::to_owned),
            known: self.names().map(ToOwned::to_owned).collect(),
        })
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|runner| runner.name())
    }

    /// All strategies, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn StrategyRunner>> {
        self.0.iter()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// A name no strategy has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown strategy `{name}`; known: {}", known.join(", "))]
pub struct UnknownStrategy {
    /// The name asked for.
    pub name: String,
    /// The most similar known name, if one is similar.
    pub closest: Option<String>,
    /// All known names.
    pub known: Vec<String>,
}

/// The most similar candidate, if it is similar at all; the first of equals.
fn closest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|known| (strsim::jaro_winkler(name, known), known));
    scored
        .filter(|(similarity, _)| *similarity > 0.75)
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_is_found_and_its_defaults_satisfy_its_own_domains() {
        let registry = Registry::builtin();
        assert!(registry.names().count() >= 2);
        for runner in registry.iter() {
            assert_eq!(registry.find(runner.name()).expect("listed").name(), runner.name());
            assert!(!runner.help().is_empty());
            for spec in runner.params() {
                assert!(!spec.help.is_empty(), "{}.{} is not explained", runner.name(), spec.name);
                let default = spec.default.as_ref().expect("built-ins have defaults");
                assert_eq!(spec.check(default), Ok(()), "{}.{}", runner.name(), spec.name);
            }
        }
    }

    #[test]
    fn a_misspelt_name_suggests_the_closest_one() {
        let error = Registry::builtin().find("ema_corss").err().expect("no such strategy");
        assert_eq!(error.closest.as_deref(), Some("ema_cross"));
        let far = Registry::builtin().find("zzz").err().expect("no such strategy");
        assert_eq!(far.closest, None);
        assert!(far.to_string().contains("mean_reversion_z_score"));
    }

    #[test]
    fn an_own_strategy_takes_the_place_of_one_with_its_name() {
        let before = Registry::builtin().names().count();
        let after = Registry::builtin().with(EmaCross::default());
        assert_eq!(after.names().count(), before);
    }
}
