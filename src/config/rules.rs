//! `strategy.rules`: read by `strategy::rules`; here its mistakes get their place in the file.

use serde_json::Value as Json;

use super::error::ConfigProblem;
use super::section::{Field, place_of};
use crate::strategy::rules::{RuleCode, RuleError, RuleStrategy};

/// Name of the strategy that a file writes itself.
pub(super) const NAME: &str = "rules";

/// Reads the section; the JSON is its resolved form.
pub(super) fn read(field: &Field<'_>) -> Option<(RuleStrategy, Json)> {
    let written = field.node.to_param().to_json();
    match RuleStrategy::from_json(NAME, &written) {
        Ok(strategy) => Some((strategy, written)),
        Err(errors) => {
            for error in &errors {
                field.report(problem(field, error));
            }
            None
        }
    }
}

fn problem(field: &Field<'_>, error: &RuleError) -> ConfigProblem {
    let keys = error.path.split('.').filter(|key| *key != NAME);
    let path = keys.fold(field.path.clone(), |path, key| path.child(key));
    let source = field.context.source;
    let is_key = error.text.is_empty() && !error.path.contains('.') && error.code == RuleCode::Name;
    let code = if is_key { "E101" } else { error.code.as_str() };
    let message = match error.text.get(..error.at.start) {
        Some(before) if !error.text.is_empty() => {
            format!("{} at character {} of `{}`", error.message, before.chars().count() + 1, error.text)
        }
        _ => error.message.clone(),
    };
    let remedy = error.suggestion.clone().unwrap_or_else(|| format!("see: omega-sweep explain {code}"));
    ConfigProblem::new(code, source, place_of(source, &path), &path, message).suggest(remedy)
}
