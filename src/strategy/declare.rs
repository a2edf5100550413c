//! Short ways to declare parameters and to complete a parameter set with the declared defaults.

use std::borrow::Cow;
use std::sync::Arc;

use super::StrategyDef;
use crate::types::{ParamDomain, ParamError, ParamSet, ParamSpec, ParamValue, SweepHint};

/// Greatest number of bars a period may count; two years of minutes fit.
pub const MOST_BARS: i64 = 1_000_000;

impl ParamSpec {
    /// A parameter with no default, unit, help or searched range yet.
    pub fn new(name: &'static str, domain: ParamDomain) -> Self {
        Self {
            name: Cow::Borrowed(name),
            domain,
            nullable: false,
            default: None,
            unit: "",
            help: Cow::Borrowed(""),
            sweep: None,
        }
    }

    /// A whole number `min..=max`.
    pub fn whole(name: &'static str, min: i64, max: i64, default: i64) -> Self {
        Self::new(name, ParamDomain::Int { min, max }).or(ParamValue::Int(default))
    }

    /// A number of bars `min..=`[`MOST_BARS`].
    pub fn bars(name: &'static str, min: i64, default: i64) -> Self {
        Self::whole(name, min, MOST_BARS, default).unit("bars")
    }

    /// Any finite number.
    pub fn number(name: &'static str, default: f64) -> Self {
        let domain = ParamDomain::Float { min: f64::NEG_INFINITY, max: f64::INFINITY, open: false };
        Self::new(name, domain).or(ParamValue::Float(default))
    }

    /// A number `min..=`.
    pub fn at_least(name: &'static str, min: f64, default: f64) -> Self {
        let domain = ParamDomain::Float { min, max: f64::INFINITY, open: false };
        Self::new(name, domain).or(ParamValue::Float(default))
    }

    /// A number above zero.
    pub fn positive(name: &'static str, default: f64) -> Self {
        let domain = ParamDomain::Float { min: 0.0, max: f64::INFINITY, open: true };
        Self::new(name, domain).or(ParamValue::Float(default))
    }

    /// `true` or `false`.
    pub fn switch(name: &'static str, default: bool) -> Self {
        Self::new(name, ParamDomain::Bool).or(ParamValue::Bool(default))
    }

    /// One of some words.
    pub fn word(name: &'static str, words: &[&'static str], default: &str) -> Self {
        let words = words.iter().map(|&word| Cow::Borrowed(word)).collect();
        Self::new(name, ParamDomain::Choice(words)).or(ParamValue::text(default))
    }

    /// Also takes `null`.
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Also takes `null`, and is `null` by default.
    pub fn or_null(self) -> Self {
        self.nullable().or(ParamValue::Null)
    }

    /// With this default.
    pub fn or(mut self, default: ParamValue) -> Self {
        self.default = Some(default);
        self
    }

    /// In this unit.
    pub fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// Explained by this sentence.
    pub fn help(mut self, help: &'static str) -> Self {
        self.help = Cow::Borrowed(help);
        self
    }

    /// Searched over `from..=to` by `step` when the sweep file names no parameters.
    pub fn swept(mut self, from: &'static str, to: &'static str, step: &'static str) -> Self {
        self.sweep = Some(SweepHint::Range { from, to, step });
        self
    }
}

impl ParamSet {
    /// A whole number of bars, 1 or more.
    ///
    /// # Errors
    /// When the name is absent or not such a number.
    pub fn period(&self, name: &str) -> Result<u32, ParamError> {
        let bars = self.get(name).and_then(ParamValue::as_i64).and_then(|bars| u32::try_from(bars).ok());
        bars.filter(|&bars| bars >= 1).ok_or_else(|| ParamError::Invalid {
            name: name.to_owned(),
            found: self.get(name).map_or_else(|| "nothing".to_owned(), ToString::to_string),
            allowed: "a whole number of bars >= 1".to_owned(),
        })
    }
}

/// A complete, checked set of a strategy's parameters: `given` first, the declared default for the rest. Declared
/// parameters come in declared order, [`StrategyDef::dynamic_param`] ones after them in the given order.
///
/// # Errors
/// [`ParamError::Invalid`] for an unknown name, a value outside its domain, or a missing value without a default.
pub fn complete<D: StrategyDef>(def: &D, given: &[(&str, ParamValue)]) -> Result<ParamSet, ParamError> {
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut values = Vec::new();
    for spec in def.params() {
        let chosen = given.iter().find(|(name, _)| *name == spec.name).map(|(_, value)| value);
        let value = chosen.or(spec.default.as_ref()).ok_or_else(|| ParamError::Invalid {
            name: spec.name.to_string(),
            found: "nothing".to_owned(),
            allowed: spec.allowed(),
        })?;
        spec.check(value)?;
        names.push(spec.name.as_ref().into());
        values.push(value.clone());
    }
    for (name, value) in given {
        if def.params().iter().any(|spec| spec.name == *name) {
            continue;
        }
        let spec = def.dynamic_param(name).ok_or_else(|| unknown(def, name))?;
        spec.check(value)?;
        names.push((*name).into());
        values.push(value.clone());
    }
    Ok(ParamSet::new(names.into(), values))
}

fn unknown<D: StrategyDef>(def: &D, name: &str) -> ParamError {
    let declared: Vec<&str> = def.params().iter().map(|spec| spec.name.as_ref()).collect();
    ParamError::Invalid {
        name: name.to_owned(),
        found: "a name the strategy does not declare".to_owned(),
        allowed: format!("one of {}", declared.join(", ")),
    }
}
