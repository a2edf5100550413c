//! The object `strategy.rules`: its keys, their expressions, all mistakes at once.

use serde_json::{Map, Value};

use super::check::{Checker, Place, is_reserved};
use super::error::{RuleCode, RuleError};
use super::functions;
use super::parser::{Ast, parse};
use super::program::{LevelRule, Named, Program, TruthRef, Typed};

const KEYS: [&str; 10] = [
    "let",
    "long",
    "short",
    "exit_long",
    "exit_short",
    "stop",
    "target",
    "stop_distance",
    "target_distance",
    "size",
];
/// Most names under `let`.
const MOST_NAMES: usize = 200;

/// The program of the rules.
pub(super) fn program(rules: &Value) -> Result<Program, Vec<RuleError>> {
    let Some(rules) = rules.as_object() else {
        return Err(vec![RuleError::whole(RuleCode::Type, "rules", "an object with rules is needed")]);
    };
    let mut reader = Reader { rules, checker: Checker::default(), errors: Vec::new() };
    reader.unknown_keys();
    reader.names();
    let (long, short) = (reader.condition("long"), reader.condition("short"));
    if !rules.contains_key("long") && !rules.contains_key("short") {
        let message = "at least one of `long` and `short` is needed";
        reader.errors.push(RuleError::whole(RuleCode::Syntax, "rules", message));
    }
    let (exit_long, exit_short) = (reader.condition("exit_long"), reader.condition("exit_short"));
    let stop = reader.level("stop", "stop_distance", Place::Stop);
    let target = reader.level("target", "target_distance", Place::Target);
    let lots = reader.size();
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    let Checker { params, named, .. } = reader.checker;
    Ok(Program { params, named, long, short, exit_long, exit_short, stop, target, lots })
}

struct Reader<'a> {
    rules: &'a Map<String, Value>,
    checker: Checker,
    errors: Vec<RuleError>,
}

impl<'a> Reader<'a> {
    fn unknown_keys(&mut self) {
        for key in self.rules.keys().filter(|key| !KEYS.contains(&key.as_str()) && *key != "$comment") {
            let mut error = RuleError::whole(RuleCode::Name, key, format!("unknown rule `{key}`"));
            error.suggestion = Some(format!("rules are {}", KEYS.join(", ")));
            self.errors.push(error);
        }
    }

    /// The expression of a key as text; numbers and booleans count as themselves.
    fn text(&mut self, path: &str, value: &'a Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            other => {
                let message = format!("an expression in quotes is needed, got {other}");
                self.errors.push(RuleError::whole(RuleCode::Type, path, message));
                None
            }
        }
    }

    /// Parses and checks one expression; records what is wrong.
    fn expression<T>(
        &mut self,
        path: &str,
        value: &'a Value,
        check: impl FnOnce(&mut Checker, &Ast) -> Result<T, super::error::Problem>,
    ) -> Option<T> {
        let text = self.text(path, value)?;
        let checked = parse(&text).and_then(|tree| check(&mut self.checker, &tree));
        checked.map_err(|problem| self.errors.push(problem.inside(path, &text))).ok()
    }

    fn names(&mut self) {
        let Some(names) = self.rules.get("let") else { return };
        let Some(names) = names.as_object() else {
            let message = "an object of names with expressions is needed";
            self.errors.push(RuleError::whole(RuleCode::Type, "let", message));
            return;
        };
        if names.len() > MOST_NAMES {
            let message = format!("{} names, {MOST_NAMES} are allowed", names.len());
            self.errors.push(RuleError::whole(RuleCode::Syntax, "let", message));
            return;
        }
        for (name, value) in names.iter().filter(|(name, _)| *name != "$comment") {
            let path = format!("let.{name}");
            if let Some(problem) = unusable(name) {
                self.errors.push(RuleError::whole(RuleCode::Name, &path, problem));
                continue;
            }
            if self.checker.params.iter().any(|param| param.name == *name) {
                let message = format!("`{name}` is used before it is named");
                self.errors.push(RuleError::whole(RuleCode::Name, &path, message));
                continue;
            }
            let value = self.expression(&path, value, |checker, tree| checker.expression(tree, Place::Rule));
            // A name that is wrong still exists, so that its uses are no further mistakes.
            let value =
                value.unwrap_or_else(|| Typed::Num(std::sync::Arc::new(super::program::Num::Number(0.0))));
            self.checker.named.push(Named { name: name.clone(), value });
        }
    }

    fn condition(&mut self, key: &str) -> Option<TruthRef> {
        let value = self.rules.get(key).filter(|value| !value.is_null())?;
        self.expression(key, value, Checker::condition)
    }

    fn level(&mut self, price: &str, distance: &str, place: Place) -> LevelRule {
        let given = |key: &str| self.rules.get(key).filter(|value| !value.is_null());
        match (given(price), given(distance)) {
            (Some(_), Some(_)) => {
                let message = format!("`{price}` and `{distance}` are both given: keep one");
                self.errors.push(RuleError::whole(RuleCode::Syntax, distance, message));
                LevelRule::Absent
            }
            (Some(value), None) => {
                let level = self.expression(price, value, |checker, tree| checker.level(tree, place));
                level.map_or(LevelRule::Absent, LevelRule::Price)
            }
            (None, Some(value)) => {
                let read = |checker: &mut Checker, tree: &Ast| checker.level(tree, Place::Distance);
                let level = self.expression(distance, value, read);
                level.map_or(LevelRule::Absent, LevelRule::Distance)
            }
            (None, None) => LevelRule::Absent,
        }
    }

    fn size(&mut self) -> Option<f64> {
        match self.rules.get("size")? {
            Value::Null => None,
            Value::String(word) if word == "risk" => None,
            Value::Number(lots) if lots.as_f64().is_some_and(|lots| lots > 0.0) => lots.as_f64(),
            other => {
                let message = format!("`size` is \"risk\" or a number of lots above 0, got {other}");
                self.errors.push(RuleError::whole(RuleCode::Type, "size", message));
                None
            }
        }
    }
}

/// Why a name cannot stand under `let`.
fn unusable(name: &str) -> Option<String> {
    let mut bytes = name.bytes();
    let word = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !word {
        return Some(format!("`{name}` is no name: use letters, digits and `_`"));
    }
    (is_reserved(name) || functions::names().any(|function| function == name))
        .then(|| format!("`{name}` already has a meaning: choose another name"))
}
