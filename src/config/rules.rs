//! `strategy.rules`: a strategy as expressions. Here only the keys are read; expressions are compiled by
//! `strategy::rules`.

use serde_json::{Map, Value as Json};

use super::section::{Bounds, Field, number_json};

/// The expressions of a rule strategy, as written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleTexts {
    /// Names for other expressions, in document order.
    pub lets: Vec<(String, String)>,
    /// Entry long.
    pub long: Option<String>,
    /// Entry short.
    pub short: Option<String>,
    /// Exit of a long position.
    pub exit_long: Option<String>,
    /// Exit of a short position.
    pub exit_short: Option<String>,
    /// Stop as a price.
    pub stop: Option<String>,
    /// Target as a price.
    pub target: Option<String>,
    /// Stop as a distance from the fill.
    pub stop_distance: Option<String>,
    /// Target as a distance from the fill.
    pub target_distance: Option<String>,
    /// Lots per trade; `None` = by `engine.sizing`.
    pub fixed_lots: Option<f64>,
}

/// Reads the section.
pub(super) fn read(field: &Field<'_>) -> Option<(RuleTexts, Json)> {
    let mut section = field.section()?;
    let lets = section.get("let").and_then(|lets| named_texts(&lets)).unwrap_or_default();
    if !lets.is_empty() {
        let map: Map<String, Json> = lets.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
        section.record("let", map);
    }
    let mut text =
        |key| section.optional(key, |field| field.text().map(str::to_owned), |text| text.as_str().into());
    let mut rules = RuleTexts {
        long: text("long"),
        short: text("short"),
        exit_long: text("exit_long"),
        exit_short: text("exit_short"),
        stop: text("stop"),
        target: text("target"),
        stop_distance: text("stop_distance"),
        target_distance: text("target_distance"),
        lets,
        fixed_lots: None,
    };
    rules.fixed_lots = section.get("size").and_then(|size| match size.as_number() {
        Some(_) => size.number(Bounds::POSITIVE),
        None => size.word(&[("risk", ())]).and(None),
    });
    section.record("size", rules.fixed_lots.map_or("risk".into(), number_json));
    if !section.has("long") && !section.has("short") {
        section.missing("long", "a rule strategy needs `long`, `short` or both");
    }
    for (level, distance) in [("stop", "stop_distance"), ("target", "target_distance")] {
        if section.has(level) && section.has(distance) {
            let message = format!("`{level}` and `{distance}` exclude each other");
            field.report(field.problem("E102", message).suggest(format!("remove `{distance}`")));
        }
    }
    Some((rules, section.finish().into()))
}

fn named_texts(field: &Field<'_>) -> Option<Vec<(String, String)>> {
    let mut texts = Vec::new();
    for (entry, value) in field.named()? {
        let is_name = entry.key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && entry.key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            value.report(value.problem("E102", format!("`{}` is not a name for an expression", entry.key)));
        }
        if let Some(text) = value.text() {
            texts.push((entry.key.clone(), text.to_owned()));
        }
    }
    Some(texts)
}
