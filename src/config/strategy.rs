//! `strategy`: which strategy, its values that are not searched, and the engine's settings.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::section::{Field, at_key, closest, listed};
use super::source::{Entry, Value};
use super::spec::StrategyKind;
use super::{engine, rules};
use crate::engine::{EngineSettings, Registered, Registry, StrategyRunner};
use crate::types::{ParamDomain, ParamSpec, ParamValue};

/// The strategy while the file is read.
pub(super) struct StrategyReading {
    pub(super) kind: Option<StrategyKind>,
    pub(super) runner: Option<Arc<dyn StrategyRunner>>,
    /// Values of `base`, in document order.
    base: Vec<(String, ParamValue)>,
    pub(super) engine: EngineSettings,
    kind_json: (&'static str, Json),
}

/// Reads the section; `registry` knows the strategies.
pub(super) fn read(field: &Field<'_>, registry: &Registry) -> Option<StrategyReading> {
    let mut reading = StrategyReading {
        kind: None,
        runner: None,
        base: Vec::new(),
        engine: EngineSettings::realistic(),
        kind_json: ("id", Json::Null),
    };
    if matches!(field.node.value, Value::Text(_)) {
        reading.named(field, registry);
        return Some(reading);
    }
    if field.node.entries().is_none() {
        field.wrong("the name of a strategy, or an object with `id` or `rules`");
        return None;
    }
    let mut section = field.section()?;
    let (id, rules) = (section.get("id"), section.get("rules"));
    match (&id, &rules) {
        (Some(id), None) => reading.named(id, registry),
        (None, Some(rules)) => reading.written(rules),
        (None, None) => section.missing("id", "name a strategy (`omega-sweep strategies`), or write `rules`"),
        (Some(id), Some(_)) => id.report(id.problem("E102", "`id` and `rules` exclude each other")),
    }
    if let Some(base) = section.get("base") {
        reading.read_base(&base);
    }
    if let Some(engine) = section.get("engine").and_then(|engine| engine::read(&engine)) {
        reading.engine = engine;
    }
    section.finish();
    Some(reading)
}

impl StrategyReading {
    fn named(&mut self, field: &Field<'_>, registry: &Registry) {
        let Some(name) = field.text() else { return };
        self.kind = Some(StrategyKind::Named(name.to_owned()));
        self.kind_json = ("id", name.into());
        match registry.find(name) {
            Ok(runner) => self.runner = Some(runner),
            Err(unknown) => {
                let all = listed(unknown.known.iter().map(String::as_str));
                let suggestion = match unknown.closest {
                    Some(closest) => format!("did you mean `{closest}`?   (all: {all})"),
                    None => format!("known strategies: {all}"),
                };
                let problem = field.problem("E102", format!("unknown strategy `{name}`"));
                field.report(problem.allowed(all).suggest(suggestion));
            }
        }
    }

    fn written(&mut self, field: &Field<'_>) {
        self.kind = Some(StrategyKind::Rules);
        if let Some((strategy, json)) = rules::read(field) {
            self.runner = Some(Arc::new(Registered(strategy)));
            self.kind_json = ("rules", json);
        }
    }

    fn read_base(&mut self, field: &Field<'_>) {
        for (entry, value) in field.named().unwrap_or_default() {
            let spec = self.declared_or_report(entry, &value);
            let given = value.node.to_param();
            if let Some(spec) = &spec {
                check_value(&value, spec, &given);
            }
            self.base.push((entry.key.clone(), spec.map_or(given.clone(), |spec| canonical(&spec, given))));
        }
    }

    /// The declaration of a parameter, dynamic ones included. `None` without a report when nothing is known about
    /// the strategy's parameters (rules, or an unknown strategy).
    pub(super) fn declared_or_report(&self, entry: &Entry, field: &Field<'_>) -> Option<ParamSpec> {
        let runner = self.runner.as_ref()?;
        let spec = self.declared(&entry.key);
        if spec.is_none() {
            let strategy = runner.name();
            let message = format!("unknown parameter `{}` of strategy {strategy}", entry.key);
            let names = || runner.params().iter().map(|spec| spec.name.as_ref());
            let suggestion = match closest(&entry.key, names()) {
                Some(name) => format!("did you mean `{name}`?   (all: omega-sweep strategies {strategy})"),
                None => format!("declared: {}", listed(names())),
            };
            let problem = at_key(field.context, entry, &field.path, "E105", message);
            field.report(problem.allowed(listed(names())).suggest(suggestion));
        }
        spec
    }

    fn declared(&self, name: &str) -> Option<ParamSpec> {
        let runner = self.runner.as_ref()?;
        runner.params().iter().find(|spec| spec.name == name).cloned().or_else(|| runner.dynamic_param(name))
    }

    /// Declared parameters that say how they are searched by default.
    pub(super) fn searched_by_default(&self) -> Vec<ParamSpec> {
        let params = self.runner.as_ref().map_or(&[][..], |runner| runner.params());
        params.iter().filter(|spec| spec.sweep.is_some()).cloned().collect()
    }

    /// The value of a parameter that is not searched: of `base`, else the declared default.
    pub(super) fn base_value(&self, name: &str) -> Option<ParamValue> {
        let given = self.base.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        given.or_else(|| {
            let spec = self.declared(name)?;
            let default = spec.default.clone()?;
            Some(canonical(&spec, default))
        })
    }

    /// Whether `base` names the parameter.
    pub(super) fn gives(&self, name: &str) -> bool {
        self.base.iter().any(|(key, _)| key == name)
    }

    /// Names and values of a complete set, `searched` ones with the value they have while not searched: declared
    /// parameters in declared order, then those of `base`.
    pub(super) fn complete_base(
        &self,
        searched: &[Arc<str>],
        field: &Field<'_>,
    ) -> Vec<(Arc<str>, ParamValue)> {
        let mut values: Vec<(Arc<str>, ParamValue)> = Vec::new();
        for spec in self.runner.as_ref().map_or(&[][..], |runner| runner.params()) {
            let is_searched = searched.iter().any(|name| **name == spec.name);
            match self.base_value(&spec.name) {
                Some(value) => values.push((spec.name.as_ref().into(), value)),
                None if is_searched => values.push((spec.name.as_ref().into(), ParamValue::Null)),
                None => self.report_no_value(&spec.name, &spec.allowed(), field),
            }
        }
        for (name, value) in &self.base {
            if !values.iter().any(|(known, _)| known.as_ref() == name) {
                values.push((name.as_str().into(), value.clone()));
            }
        }
        values
    }

    /// A parameter without default that the file does not give; in rules it may as well be a misspelt series.
    fn report_no_value(&self, name: &str, allowed: &str, field: &Field<'_>) {
        let (code, message) = match self.kind {
            Some(StrategyKind::Rules) => (
                "E162",
                format!("`{name}` in the rules is no series, function or `let` name, and has no value"),
            ),
            _ => ("E102", format!("the strategy needs a value for `{name}`")),
        };
        let remedy = format!("give it in `strategy.base` or `parameters`: {allowed}");
        field.report(field.problem(code, message).allowed(allowed).suggest(remedy));
    }

    /// The section with every default, `searched` names left out of `base`.
    pub(super) fn resolved(&self, base: &[(Arc<str>, ParamValue)], searched: &[Arc<str>]) -> Json {
        let kept = base.iter().filter(|(name, _)| !searched.contains(name));
        let base: Map<String, Json> = kept.map(|(name, value)| (name.to_string(), value.to_json())).collect();
        let mut section = Map::new();
        section.insert(self.kind_json.0.to_owned(), self.kind_json.1.clone());
        section.insert("base".to_owned(), base.into());
        section.insert("engine".to_owned(), engine::json(&self.engine));
        section.into()
    }
}

/// Reports E102 when a value lies outside what the strategy declares.
pub(super) fn check_value(field: &Field<'_>, spec: &ParamSpec, value: &ParamValue) -> bool {
    let fits = spec.check(value).is_ok();
    if !fits {
        let allowed = spec.allowed();
        let message = format!("`{}` must be {allowed}, got {}", spec.name, value.to_json());
        let suggestion = match (&spec.domain, value.as_str()) {
            (ParamDomain::Choice(words) | ParamDomain::TextList(words), Some(given)) => {
                let word = closest(given, words.iter().map(AsRef::as_ref));
                word.map(|word| format!("did you mean `{word}`?"))
            }
            _ => None,
        };
        field.report(field.problem("E102", message).allowed(allowed).suggest(suggestion));
    }
    fits
}

/// The value as the domain holds it, so that `2` and `2.0` are the same setting.
pub(super) fn canonical(spec: &ParamSpec, value: ParamValue) -> ParamValue {
    match (&spec.domain, &value) {
        (ParamDomain::Float { .. }, ParamValue::Int(whole)) => ParamValue::Float(*whole as f64),
        (ParamDomain::Int { .. }, ParamValue::Float(_)) => value.as_i64().map_or(value, ParamValue::Int),
        _ => value,
    }
}
