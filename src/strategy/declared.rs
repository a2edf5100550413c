//! A strategy declared in one expression: name, parameters, series, and how it is bound.

use super::{BindContext, Strategy, StrategyDef};
use crate::cache::{CachePlan, IndicatorCache};
use crate::indicators::IndicatorKind;
use crate::types::{ParamError, ParamSet, ParamSpec};

/// As [`StrategyDef::plan`].
type Plan = fn(&ParamSet, &BindContext<'_>, &mut CachePlan) -> Result<(), ParamError>;
/// As [`StrategyDef::bind`].
type Bind<B> = fn(&ParamSet, &BindContext<'_>, &IndicatorCache) -> Result<B, ParamError>;

/// What is known of a strategy before [`Declaration::bind`] says what it becomes.
#[derive(Debug, Clone)]
pub struct Declaration {
    name: &'static str,
    help: &'static str,
    params: Vec<ParamSpec>,
    reads: Vec<IndicatorKind>,
    plan: Plan,
    warmup: fn(&ParamSet) -> usize,
}

/// Begins to declare a strategy of this name; `help` is a sentence or a paragraph. It has no parameters, reads no series
/// and needs no warm-up unless that is declared.
pub fn declare(name: &'static str, help: &'static str) -> Declaration {
    Declaration { name, help, params: Vec::new(), reads: Vec::new(), plan: |_, _, _| Ok(()), warmup: |_| 0 }
}

impl Declaration {
    /// With one more parameter.
    pub fn param(mut self, param: ParamSpec) -> Self {
        self.params.push(param);
        self
    }

    /// Reads one more series of the symbol's primary bid bars ([`BindContext::bid`]), whatever the parameters.
    pub fn reads(mut self, kind: IndicatorKind) -> Self {
        self.reads.push(kind);
        self
    }

    /// Reads these series besides, as [`StrategyDef::plan`].
    pub fn plan(self, plan: Plan) -> Self {
        Self { plan, ..self }
    }

    /// Needs so many bars before it decides like a run with more history, as [`StrategyDef::warmup_bars`].
    pub fn warmup(self, warmup: fn(&ParamSet) -> usize) -> Self {
        Self { warmup, ..self }
    }

    /// Binds a parameter set to a symbol, as [`StrategyDef::bind`]: the declaration is complete.
    pub fn bind<B: Strategy>(self, bind: Bind<B>) -> Declared<B> {
        Declared { declaration: self, bind }
    }
}

/// A declared strategy, one instance per symbol.
#[derive(Debug, Clone)]
pub struct Declared<B> {
    declaration: Declaration,
    bind: Bind<B>,
}

impl<B: Strategy> StrategyDef for Declared<B> {
    type Bound = B;

    fn name(&self) -> &str {
        self.declaration.name
    }

    fn help(&self) -> &str {
        self.declaration.help
    }

    fn params(&self) -> &[ParamSpec] {
        &self.declaration.params
    }

    fn plan(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        plan: &mut CachePlan,
    ) -> Result<(), ParamError> {
        for &kind in &self.declaration.reads {
            plan.series(context.bid(kind));
        }
        (self.declaration.plan)(params, context, plan)
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<B, ParamError> {
        (self.bind)(params, context, cache)
    }

    fn warmup_bars(&self, params: &ParamSet) -> usize {
        (self.declaration.warmup)(params)
    }
}
