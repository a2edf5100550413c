//! What exists, in words: strategies with their parameters.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::tables::{Cell, Column, Rounding, Table};
use super::terminal::{WIDTH, table, wrap};
use crate::types::{ParamSpec, ParamValue, SweepHint};

/// A strategy as the catalogue shows it.
#[derive(Debug, Clone, Copy)]
pub struct StrategyCard<'a> {
    /// Name in the sweep file.
    pub name: &'a str,
    /// What it does.
    pub help: &'a str,
    /// Declared parameters, in order.
    pub params: &'a [ParamSpec],
}

/// One paragraph per strategy: name, number of parameters, first sentence.
pub fn strategy_list(cards: &[StrategyCard<'_>]) -> String {
    let mut text = String::new();
    for card in cards {
        let first = card.help.split_inclusive(". ").next().unwrap_or(card.help).trim();
        let _ = writeln!(text, "{}  ({} parameters)", card.name, card.params.len());
        for line in wrap(&format!("  {first}"), WIDTH, 2) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// Help and every parameter with values, default, unit, the range searched by default, and its meaning.
pub fn strategy_page(card: &StrategyCard<'_>) -> String {
    let mut lines = vec![card.name.to_owned()];
    lines.extend(wrap(&format!("  {}", card.help), WIDTH, 2));
    for spec in card.params {
        lines.push(String::new());
        let default =
            spec.default.as_ref().map_or("must be given".to_owned(), |value| format!("default {value}"));
        let unit = if spec.unit.is_empty() { String::new() } else { format!(", {}", spec.unit) };
        lines.extend(wrap(&format!("{}: {}{unit}; {default}", spec.name, spec.allowed()), WIDTH, 4));
        lines.extend(wrap(&format!("  {}", spec.help), WIDTH, 2));
        if let Some(hint) = &spec.sweep {
            lines.extend(wrap(&format!("  searched by default: {}", searched(hint)), WIDTH, 2));
        }
    }
    lines.join("\n") + "\n"
}

/// Every strategy or one, as an object a program can read.
pub fn strategy_json(card: &StrategyCard<'_>) -> Value {
    let param = |spec: &ParamSpec| {
        json!({
            "name": spec.name,
            "allowed": spec.allowed(),
            "nullable": spec.nullable,
            "default": spec.default.as_ref().map(ParamValue::to_json),
            "unit": spec.unit,
            "help": spec.help,
            "searched": spec.sweep.as_ref().map(searched),
        })
    };
    json!({"name": card.name, "help": card.help, "params": card.params.iter().map(param).collect::<Vec<_>>()})
}

fn searched(hint: &SweepHint) -> String {
    match hint {
        SweepHint::Range { from, to, step } => format!("{from} to {to} by {step}"),
        SweepHint::Choice(values) => values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// A metric as the catalogue shows it.
#[derive(Debug, Clone, Copy)]
pub struct MetricCard<'a> {
    /// Stable key.
    pub key: &'a str,
    /// Unit.
    pub unit: &'a str,
    /// Values it can take; may be empty.
    pub domain: &'a str,
    /// `max`, `min` or `-`.
    pub goal: &'a str,
    /// What it tells.
    pub description: &'a str,
    /// How it is computed.
    pub formula: &'a str,
}

/// Every metric: key, unit and goal on a line, meaning and formula below.
pub fn metric_list(cards: &[MetricCard<'_>]) -> String {
    let mut lines = Vec::new();
    for card in cards {
        let domain = if card.domain.is_empty() { String::new() } else { format!(" {}", card.domain) };
        let goal = if card.goal == "-" { String::new() } else { format!(", better: {}", card.goal) };
        lines.extend(wrap(&format!("{}  ({}{domain}{goal})", card.key, card.unit), WIDTH, 4));
        lines.extend(wrap(&format!("  {}", card.description), WIDTH, 2));
        lines.extend(wrap(&format!("  = {}", card.formula), WIDTH, 4));
    }
    lines.join("\n") + "\n"
}

/// Every metric as a list of objects.
pub fn metrics_json(cards: &[MetricCard<'_>]) -> Value {
    let metric = |card: &MetricCard<'_>| {
        json!({
            "key": card.key,
            "unit": card.unit,
            "domain": card.domain,
            "goal": card.goal,
            "description": card.description,
            "formula": card.formula,
        })
    };
    cards.iter().map(metric).collect()
}

/// A table of two columns: a code and its first line.
pub fn code_list<'a>(codes: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let columns = vec![Column::new("code", Rounding::Exact), Column::new("meaning", Rounding::Exact)];
    let cell = |text: &str| Cell::Value(ParamValue::text(text));
    let rows = codes.map(|(code, meaning)| vec![cell(code), cell(meaning)]).collect();
    table(&Table { columns, rows }) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ParamDomain;

    fn specs() -> Vec<ParamSpec> {
        vec![
            ParamSpec {
                name: "fast".into(),
                domain: ParamDomain::Int { min: 1, max: i64::MAX },
                nullable: false,
                default: Some(ParamValue::Int(10)),
                unit: "bars",
                help: "Length of the fast average.".into(),
                sweep: Some(SweepHint::Range { from: "5", to: "50", step: "5" }),
            },
            ParamSpec {
                name: "stop".into(),
                domain: ParamDomain::Float { min: 0.0, max: f64::INFINITY, open: true },
                nullable: true,
                default: None,
                unit: "",
                help: "Distance of the stop.".into(),
                sweep: None,
            },
        ]
    }

    #[test]
    fn a_strategy_page_names_values_default_unit_and_searched_range() {
        let specs = specs();
        let card = StrategyCard { name: "cross", help: "Crosses two averages. More words.", params: &specs };
        let expected = "\
cross
  Crosses two averages. More words.

fast: a whole number >= 1, bars; default 10
  Length of the fast average.
  searched by default: 5 to 50 by 5

stop: a number > 0, or null; must be given
  Distance of the stop.
";
        assert_eq!(strategy_page(&card), expected);
        assert_eq!(strategy_list(&[card]), "cross  (2 parameters)\n  Crosses two averages.\n");
        assert_eq!(strategy_json(&card)["params"][0]["searched"], "5 to 50 by 5");
    }

    #[test]
    fn a_metric_shows_key_unit_goal_meaning_and_formula() {
        let card = MetricCard {
            key: "win_rate",
            unit: "ratio",
            domain: "0..1",
            goal: "max",
            description: "Share of winning trades.",
            formula: "wins / N",
        };
        let expected = "win_rate (ratio 0..1, better: max)\n  Share of winning trades.\n  = wins / N\n";
        assert_eq!(metric_list(&[card]), expected);
    }
}
