//! `--set PATH=JSON`: one value of the file replaced before anything is checked.

use super::error::ConfigProblem;
use super::section::Path;
use super::source::{Entry, Node, Place, Source, Value};

/// Applies one override. `path` is dotted; a list position is its number. The short forms of `data` and `strategy`
/// grow into objects when a key below them is set; a name with dots (`engine.fee_multiplier`) below `parameters` or
/// `base` is one key.
///
/// # Errors
/// E100 when the value is not JSON or `PATH=` is missing, E101 when the path leads nowhere.
pub(super) fn apply(source: &mut Source, assignment: &str) -> Result<(), Box<ConfigProblem>> {
    let option = format!("--set {}", assignment.split('=').next().unwrap_or_default());
    let Some((path, json)) = assignment.split_once('=') else {
        let node = source.add(&option, "null")?;
        return Err(refuse(source, node.place, "E100", format!("`{assignment}` is not PATH=JSON")));
    };
    let value =
        source.add(&option, json).map_err(|problem| {
            let quoted = serde_json::Value::from(json);
            let suggestion = format!("texts need quotes: --set '{path}={quoted}'");
            Box::new(problem.suggest(
                json.chars().all(|c| c.is_alphanumeric() || "_./-".contains(c)).then_some(suggestion),
            ))
        })?;
    let place = value.place;
    let mut root = std::mem::replace(&mut source.root, Node { value: Value::Null, place });
    let outcome = set(&mut root, path, "", value);
    source.root = root;
    outcome.map_err(|message| refuse(source, place, "E101", message))
}

fn refuse(source: &Source, place: Place, code: &'static str, message: String) -> Box<ConfigProblem> {
    Box::new(ConfigProblem::new(code, source, place, &Path::root(), message))
}

/// `parent` is the key under which `node` stands.
fn set(node: &mut Node, path: &str, parent: &str, value: Node) -> Result<(), String> {
    expand_short_form(node, parent);
    match &mut node.value {
        Value::Object(entries) => set_entry(entries, path, parent, value),
        Value::List(items) => {
            let (index, rest) = split(path);
            let count = items.len();
            let item = index.parse::<usize>().ok().and_then(|index| items.get_mut(index));
            let item = item.ok_or_else(|| format!("`{index}` is not a position of a list of {count}"))?;
            descend(item, rest, index, value)
        }
        _ => Err(format!("`{parent}` is {}, nothing can be set below it", node.kind())),
    }
}

fn set_entry(entries: &mut Vec<Entry>, path: &str, parent: &str, value: Node) -> Result<(), String> {
    let ends = path.match_indices('.').map(|(dot, _)| dot).chain([path.len()]);
    let known = ends.filter(|end| entries.iter().any(|entry| entry.key == path[..*end])).max();
    let key = match known {
        Some(end) => &path[..end],
        None if matches!(parent, "parameters" | "base") => path,
        None => split(path).0,
    };
    if key.is_empty() {
        return Err("the path of `--set` has an empty part".to_owned());
    }
    let rest = path[key.len()..].strip_prefix('.');
    let place = value.place;
    let at = entries.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
        let empty = Node { value: Value::Object(Vec::new()), place };
        entries.push(Entry { key: key.to_owned(), key_place: place, value: empty });
        entries.len() - 1
    });
    descend(&mut entries[at].value, rest, key, value)
}

fn descend(node: &mut Node, rest: Option<&str>, key: &str, value: Node) -> Result<(), String> {
    if let Some(rest) = rest {
        return set(node, rest, key, value);
    }
    *node = value;
    Ok(())
}

fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)))
}

/// `"data": "folder"` becomes `"data": {"path": "folder"}`, `"strategy": "name"` becomes `{"id": "name"}`.
fn expand_short_form(node: &mut Node, parent: &str) {
    let key = match parent {
        "data" => "path",
        "strategy" => "id",
        _ => return,
    };
    if matches!(node.value, Value::Text(_)) {
        let place = node.place;
        let value = std::mem::replace(&mut node.value, Value::Null);
        node.value = Value::Object(vec![Entry {
            key: key.to_owned(),
            key_place: place,
            value: Node { value, place },
        }]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_in(text: &str, assignment: &str) -> Result<String, Box<ConfigProblem>> {
        let mut source = Source::parse("f", text).expect("JSON");
        apply(&mut source, assignment)?;
        Ok(source.root.to_param().to_json().to_string())
    }

    #[test]
    fn values_are_replaced_or_added() {
        let file = r#"{"seed":1,"parameters":{"a":[1,2],"engine.x":3}}"#;
        let set = |assignment| set_in(file, assignment).expect("applies");
        assert_eq!(set("seed=7"), r#"{"seed":7,"parameters":{"a":[1,2],"engine.x":3}}"#);
        assert_eq!(set("parameters.a.1=9"), r#"{"seed":1,"parameters":{"a":[1,9],"engine.x":3}}"#);
        assert_eq!(set("parameters.engine.x=[1]"), r#"{"seed":1,"parameters":{"a":[1,2],"engine.x":[1]}}"#);
        assert_eq!(
            set("parameters.engine.y.z=true"),
            r#"{"seed":1,"parameters":{"a":[1,2],"engine.x":3,"engine.y.z":true}}"#
        );
        assert_eq!(
            set("budget.max_trials=5"),
            r#"{"seed":1,"parameters":{"a":[1,2],"engine.x":3},"budget":{"max_trials":5}}"#
        );
    }

    #[test]
    fn short_forms_grow_into_objects() {
        let set = set_in(r#"{"data":"d","strategy":"s"}"#, "data.symbols=[\"X\"]").expect("applies");
        assert_eq!(set, r#"{"data":{"path":"d","symbols":["X"]},"strategy":"s"}"#);
    }

    #[test]
    fn what_cannot_be_set_is_refused_with_a_remedy() {
        let refused = |assignment| set_in(r#"{"seed":1,"list":[1]}"#, assignment).expect_err("refused");
        assert_eq!(refused("seed").code, "E100");
        assert_eq!(refused("seed.x=1").message, "`seed` is a number, nothing can be set below it");
        assert_eq!(refused("list.4=1").message, "`4` is not a position of a list of 1");
        let unquoted = refused("name=quick");
        assert_eq!(unquoted.suggestion.as_deref(), Some("texts need quotes: --set 'name=\"quick\"'"));
        assert_eq!(unquoted.file, "--set name");
        assert_eq!(refused(".x=1").code, "E101");
    }
}
