//! Strategies written as expressions in the sweep file (`search.md` section 14).
//!
//! ```text
//! "rules": {
//!   "let":       {"z": "(close - sma(close, window)) / stdev_pop(close, window)"},
//!   "long":      "z <= -threshold and prev(z, 1) > -threshold",
//!   "exit_long": "z >= 0",
//!   "stop_distance": "2 * atr(14)"
//! }
//! ```
//!
//! A rule is read and checked once ([`RuleStrategy::from_json`]); every mistake has a code, a place and a remedy. For
//! each parameter set it becomes cached series and shared comparisons, so a trial interprets nothing per bar: its
//! entries and exits are bitmaps, and only stop and target are calculated, at signals.

mod bound;
mod calls;
mod check;
mod columns;
mod compile;
mod definition;
mod error;
mod expr;
mod functions;
#[cfg(test)]
mod fuzz;
mod lexer;
mod masks;
#[cfg(test)]
mod on_the_way;
mod parser;
mod program;
mod read;
#[cfg(test)]
mod tests;
mod warmup;

pub use bound::RuleBound;
pub use error::{RuleCode, RuleError, Span};

use serde_json::Value;

use self::compile::Compiled;
use self::program::{Param, Program, Usage};
use super::declare::MOST_BARS;
use super::{BindContext, StrategyDef};
use crate::cache::{CachePlan, IndicatorCache};
use crate::types::{ParamDomain, ParamError, ParamSet, ParamSpec};

/// Every function a rule may call, with its arguments and outputs, in a fixed order.
pub fn functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    functions::names().filter_map(|name| Some((name, functions::usage(name)?)))
}

/// A strategy made of rules.
#[derive(Debug, Clone)]
pub struct RuleStrategy {
    name: String,
    program: Program,
    params: Vec<ParamSpec>,
}

impl RuleStrategy {
    /// Reads the object `strategy.rules` of a sweep file.
    ///
    /// The names in it that are neither series, functions nor `let` names are its parameters, in order of appearance;
    /// they have no defaults, so the sweep file must give each a value or a range.
    ///
    /// # Errors
    /// Every mistake in the rules, not only the first.
    pub fn from_json(name: &str, rules: &Value) -> Result<Self, Vec<RuleError>> {
        let program = read::program(rules)?;
        let params = program.params.iter().map(declared).collect();
        Ok(Self { name: name.to_owned(), program, params })
    }
}

/// The declaration of a parameter found in the rules.
fn declared(param: &Param) -> ParamSpec {
    let (domain, unit) = match param.usage {
        Usage::Bars => (ParamDomain::Int { min: 0, max: MOST_BARS }, "bars"),
        Usage::Truth => (ParamDomain::Bool, ""),
        Usage::Number | Usage::Unused => {
            let (min, max) = (f64::NEG_INFINITY, f64::INFINITY);
            (ParamDomain::Float { min, max, open: false }, "")
        }
    };
    let mut spec = ParamSpec::new("", domain).unit(unit).help("A name in the rules.");
    spec.name = param.name.clone().into();
    spec
}

impl StrategyDef for RuleStrategy {
    type Bound = RuleBound;

    fn name(&self) -> &str {
        &self.name
    }

    fn help(&self) -> &'static str {
        "Rules of the sweep file."
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
        Compiled::new(&self.program, params, context)?.plan(plan);
        Ok(())
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self::Bound, ParamError> {
        let compiled = Compiled::new(&self.program, params, context)?;
        RuleBound::bind(&compiled, self.program.lots, context, cache)
    }

    fn warmup_bars(&self, params: &ParamSet) -> usize {
        warmup::warmup(&self.program, params)
    }
}
