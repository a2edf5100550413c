use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::*;
use crate::engine::registry::Registry;
use crate::types::Digest;

fn jobs(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jobs").join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).expect("a file"))
    };
    files.into_iter().map(read).collect()
}

fn parsed(text: &str) -> Result<JobSpec, ConfigError> {
    parsed_with(text, &LoadOptions::default())
}

fn parsed_with(text: &str, options: &LoadOptions) -> Result<JobSpec, ConfigError> {
    let file = Text { shown: "f.json", name: "f", text, folder: PathBuf::new() };
    parse(&file, &Registry::builtin(), options)
}

const LEAST: &str = r#"{"data": "d", "strategy": "ema_cross"}"#;

#[test]
fn every_example_is_read_and_its_resolved_form_is_stable() {
    for (name, text) in jobs("good") {
        let spec = parsed(&text).unwrap_or_else(|error| panic!("{name}:\n{error}"));
        let resolved = spec.to_resolved_json();
        let again = parsed(&resolved.to_string()).unwrap_or_else(|error| panic!("{name} resolved:\n{error}"));
        assert_eq!(again.to_resolved_json(), resolved, "{name}");
        assert_eq!(again.space.size(), spec.space.size(), "{name}");
    }
}

#[test]
fn the_grid_example_has_the_combinations_the_specification_counts() {
    let (_, text) = jobs("good").into_iter().find(|(name, _)| name == "grid").expect("the grid example");
    let spec = parsed(&text).expect("a good file");
    assert_eq!(spec.space.size(), Ok(14_256));
    let excluded = (0..14_256).filter(|id| spec.space.trial(*id).is_err()).count();
    assert_eq!(excluded, 2_970);
}

#[test]
fn every_default_of_the_least_file_is_written_out() {
    let resolved = parsed(LEAST).expect("the least file").to_resolved_json();
    let at = |pointer: &str| resolved.pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).clone();
    assert_eq!(at("/seed"), 42);
    assert_eq!(at("/name"), "f");
    assert_eq!(at("/data/holdout/last"), "20%");
    assert_eq!(at("/strategy/engine/profile"), "realistic");
    assert_eq!(at("/objective/metric"), "sharpe_equity_daily");
    assert_eq!(at("/sampler/kind"), "grid");
    assert_eq!(at("/parameters/fast").to_string(), r#"{"kind":"int","from":5,"to":50,"step":5}"#);
    assert_eq!(at("/parameters/slow").to_string(), r#"{"kind":"int","from":60,"to":200,"step":20}"#);
    assert_eq!(at("/strategy/base/stop_atr"), 2.0);
    assert!(resolved.pointer("/strategy/base/fast").is_none(), "searched parameters are not in base");
    let keys: Vec<&String> = resolved.as_object().expect("an object").keys().collect();
    assert_eq!(keys[..6], ["schema", "name", "seed", "engine_seed", "data", "strategy"]);
}

/// Every key of a resolved file stands in the schema at its place.
#[test]
fn resolved_files_use_only_keys_of_the_schema() {
    let schema: Json = serde_json::from_str(include_str!("grid.schema.json")).expect("JSON");
    for (name, text) in jobs("good") {
        let resolved = parsed(&text).expect("a good file").to_resolved_json();
        assert_known(&schema, &schema, &resolved, &name);
    }
}

fn assert_known(root: &Json, schema: &Json, value: &Json, place: &str) {
    if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
        return assert_known(root, root.pointer(&reference[1..]).expect("a definition"), value, place);
    }
    match value {
        Json::Object(map) => {
            let shapes = alternatives(root, schema);
            for (key, value) in map {
                let known: Vec<&Json> =
                    shapes.iter().filter_map(|shape| shape.get("properties")?.get(key)).collect();
                let open: Vec<&Json> = shapes
                    .iter()
                    .filter_map(|shape| shape.get("additionalProperties"))
                    .filter(|free| free.is_object())
                    .collect();
                let is_free = shapes.iter().all(|shape| shape.get("properties").is_none());
                assert!(
                    !known.is_empty() || !open.is_empty() || is_free,
                    "{place}/{key} is not in the schema"
                );
                if let Some(shape) = known.first().or(open.first()) {
                    assert_known(root, shape, value, &format!("{place}/{key}"));
                }
            }
        }
        Json::Array(items) => {
            let item = alternatives(root, schema).into_iter().find_map(|shape| shape.get("items"));
            for (i, value) in items.iter().enumerate() {
                if let Some(shape) = item {
                    assert_known(root, shape, value, &format!("{place}/{i}"));
                }
            }
        }
        _ => {}
    }
}

/// The schema itself and everything it is one, any or all of.
fn alternatives<'s>(root: &'s Json, schema: &'s Json) -> Vec<&'s Json> {
    let mut found = vec![schema];
    if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
        found.extend(alternatives(root, root.pointer(&reference[1..]).expect("a definition")));
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        for part in schema.get(key).and_then(Json::as_array).into_iter().flatten() {
            found.extend(alternatives(root, part));
        }
    }
    found
}

#[test]
fn the_study_id_forgets_output_and_time_and_nothing_else() {
    let id = |text: &str| parsed(text).expect("a good file").study_id(Digest([7; 32]), "0.1.0");
    let with = |section: &str| format!(r#"{{"data": "d", "strategy": "ema_cross"{section}}}"#);
    let plain = id(LEAST);
    assert_eq!(id(&with(r#", "output": {"keep_best": 7, "dir": "x"}"#)), plain);
    assert_eq!(id(&with(r#", "budget": {"max_wall": "2h"}"#)), plain);
    assert_eq!(id(&with(r#", "seed": 42, "$comment": "the default seed""#)), plain);
    assert_ne!(id(&with(r#", "output": {"chunk_trials": 7}"#)), plain);
    assert_ne!(id(&with(r#", "budget": {"max_trials": 1000}"#)), plain);
    assert_ne!(id(&with(r#", "seed": 43"#)), plain);
    let spec = parsed(LEAST).expect("a good file");
    assert_ne!(spec.study_id(Digest([8; 32]), "0.1.0"), plain);
    assert_ne!(spec.study_id(Digest([7; 32]), "0.2.0"), plain);
}

#[test]
fn a_constraint_that_excludes_nothing_changes_the_id_but_no_trial() {
    let spec = parsed(LEAST).expect("a good file");
    let text = r#"{"data": "d", "strategy": "ema_cross", "constraints": ["fast > 0"]}"#;
    let constrained = parsed(text).expect("a good file");
    assert_ne!(spec.study_id(Digest([7; 32]), "1"), constrained.study_id(Digest([7; 32]), "1"));
    assert_eq!(spec.space.trial(11), constrained.space.trial(11));
}

#[test]
fn the_command_line_overrides_the_file() {
    let options = LoadOptions { seed: Some(u64::MAX), set: vec!["parameters.fast=[3,4]".to_owned()] };
    let spec = parsed_with(LEAST, &options).expect("a good file");
    assert_eq!(spec.seed.0, u64::MAX);
    assert_eq!(spec.space.size(), Ok(2), "`parameters` now holds `fast` alone");
    let wrong = LoadOptions { set: vec!["parameters.fast=[0]".to_owned()], ..options };
    let error = parsed_with(LEAST, &wrong).expect_err("below the declared range");
    let problem = &error.problems()[0];
    assert_eq!((problem.code, problem.file.as_str(), problem.column), ("E102", "--set parameters.fast", 1));
}

#[test]
fn problems_read_like_a_compiler_message() {
    let text = "{\n  \"data\": \"d\",\n  \"strategy\": \"mean_reversion_z_score\",\n  \"require\": [\"total_trades >= 9\"],\n  \"parameters\": {\"windowlength\": [60]}\n}";
    let error = parsed(text).expect_err("a misspelt name");
    assert_eq!(
        error.to_string(),
        "error[E105]: unknown parameter `windowlength` of strategy mean_reversion_z_score\n  \
         --> f.json:5:18  parameters.windowlength\n  \
         = did you mean `window_length`?   (all: omega-sweep strategies mean_reversion_z_score)"
    );
}

#[test]
fn what_is_not_built_is_refused_by_name_and_place() {
    let (_, text) = jobs("good").into_iter().find(|(name, _)| name == "walk_forward").expect("an example");
    let refused = parsed(&text).expect("a good file").unbuilt();
    let at = |pointer: &str| refused.iter().find(|problem| problem.pointer == pointer).expect(pointer);
    assert_eq!(at("/sampler/kind").message, "the sampler tpe is not built yet");
    assert_eq!((at("/sampler/kind").line, at("/sampler/kind").code), (11, "E140"));
    assert_eq!(at("/validation/choose").message, "the choice by plateau is not built yet");
    assert!(parsed(LEAST).expect("a good file").unbuilt().is_empty());
}

#[test]
fn every_code_is_explained() {
    for code in explain::codes() {
        let (title, text) = explain::text(code).expect("listed");
        assert!(!title.is_empty() && text.len() > 40, "{code}");
    }
    assert_eq!(explain::text("e105").map(|(title, _)| title), Some("unknown parameter"));
    assert_eq!(explain::text("E999"), None);
}

/// File, code, place, line, column of the first problem.
const BROKEN: [(&str, &str, &str, usize, usize); 21] = [
    ("E100_comment", "E100", "", 2, 3),
    ("E100_key_twice", "E100", "", 5, 3),
    ("E101_engine_key", "E101", "/strategy/engine/slippage/fixd_pips", 5, 29),
    ("E101_misspelt_key", "E101", "/data/symbol", 2, 29),
    ("E102_outside_declared_range", "E102", "/parameters/slow", 4, 43),
    ("E102_word", "E102", "/strategy/engine/market_fill", 3, 61),
    ("E103_step_zero", "E103", "/parameters/fast/step", 5, 43),
    ("E104_continuous_grid", "E104", "/parameters/stop_atr", 4, 47),
    ("E105_misspelt_parameter", "E105", "/parameters/windowlength", 4, 18),
    ("E110_unknown_name", "E110", "/constraints/1", 4, 34),
    ("E111_nothing_feasible", "E111", "/constraints", 4, 18),
    ("E112_too_tight", "E112", "/constraints", 5, 18),
    ("E120_unknown_metric", "E120", "/objective/metric", 4, 27),
    ("E121_rank_scale", "E121", "/objective/weighted/1/scale", 7, 56),
    ("E130_budget", "E130", "/budget/max_trials", 5, 28),
    ("E150_window", "E150", "/validation", 4, 17),
    ("E160_rule_syntax", "E160", "/strategy/rules/long", 4, 13),
    ("E161_rule_type", "E161", "/strategy/rules/long", 4, 13),
    ("E162_rule_function", "E162", "/strategy/rules/long", 4, 13),
    ("E162_rule_name", "E162", "/strategy", 3, 15),
    ("many_problems", "E103", "/data/from", 2, 37),
];

#[test]
fn broken_files_name_code_place_line_and_column() {
    let files = jobs("bad");
    assert_eq!(files.len(), BROKEN.len(), "a broken file is not listed");
    for ((name, text), (file, code, pointer, line, column)) in files.iter().zip(BROKEN) {
        assert_eq!(name, file);
        let error = parsed(text).expect_err(name);
        let first = &error.problems()[0];
        assert_eq!(
            (first.code, first.pointer.as_str(), first.line, first.column),
            (code, pointer, line, column),
            "{error}"
        );
        for problem in error.problems() {
            assert!(explain::text(problem.code).is_some(), "{name}: {} is not explained", problem.code);
            assert!(
                problem.suggestion.is_some() || problem.allowed.is_some(),
                "{name} has no remedy: {problem}"
            );
        }
    }
}

#[test]
fn all_problems_of_a_file_are_told_at_once_and_in_order() {
    let (_, text) = jobs("bad").into_iter().find(|(name, _)| name == "many_problems").expect("a file");
    let error = parsed(&text).expect_err("many problems");
    let told: Vec<(&str, &str)> = error.problems().iter().map(|p| (p.code, p.dotted.as_str())).collect();
    let expected = [
        ("E103", "data.from"),
        ("E103", "parameters.fast"),
        ("E105", "parameters.slwo"),
        ("E120", "objective.metric"),
        ("E101", "outputs"),
        ("W120", "require"),
    ];
    assert_eq!(told, expected, "{error}");
}

fn formats() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md");
    std::fs::read_to_string(path).expect("docs/formats.md")
}

/// The table of engine settings as docs/formats.md shows it.
fn engine_table() -> String {
    use crate::engine::EngineSettings;
    use crate::engine::settings::KEYS;
    let (reference, realistic) = (EngineSettings::reference(), EngineSettings::realistic());
    let cell = |text: String| text.replace('|', "\\|");
    let row = |key: &crate::engine::settings::SettingKey| {
        let (a, b) = (key.value(&reference).to_json(), key.value(&realistic).to_json());
        let (allowed, help) = (cell(key.allowed.to_owned()), cell(key.help.to_owned()));
        format!("| `{}` | {allowed} | `{a}` | `{b}` | {help} |", key.name)
    };
    let head = "| key | values | `reference` | `realistic` | meaning |\n|---|---|---|---|---|".to_owned();
    [head].into_iter().chain(KEYS.iter().map(row)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_document_lists_every_engine_setting_with_its_values() {
    let table = engine_table();
    assert!(formats().contains(&table), "docs/formats.md should contain:\n\n{table}");
}

#[test]
fn the_document_lists_every_code() {
    let row = |code| format!("| {code} | {} |", explain::text(code).expect("listed").0);
    let table = explain::codes().map(row).collect::<Vec<_>>().join("\n");
    assert!(formats().contains(&table), "docs/formats.md should contain:\n\n{table}");
}

#[test]
fn every_file_of_the_document_is_a_good_one() {
    let document = formats();
    let files: Vec<&str> =
        document.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(files.len(), 3);
    for file in files {
        let spec = parsed(file).unwrap_or_else(|error| panic!("{file}\n{error}"));
        assert!(spec.unbuilt().is_empty(), "{file} asks for what is not built");
    }
}

/// Values that are wrong in most places.
const ODD_VALUES: [&str; 22] = [
    "null",
    "true",
    "[]",
    "{}",
    "0",
    "-1",
    "1e308",
    "-0.0",
    "1e-320",
    "18446744073709551615",
    "99999999999999999999",
    "\"\"",
    "\"\\u0000\"",
    "\"é\"",
    "[[[]]]",
    "{\"$comment\": 1}",
    "{\"from\": 0, \"to\": 1e300, \"step\": 1e-300}",
    "{\"from\": -9e18, \"to\": 9e18}",
    "{\"kind\": \"fixed\"}",
    "[1, 1]",
    "\"best\"",
    "{\"a\": {\"b\": [null]}}",
];

/// A file with one subtree replaced, removed or put under another key.
fn mutate(json: &mut Json, rng: &mut crate::types::KeyedRng) {
    let size = |n: usize| u64::try_from(n).expect("small");
    let pick =
        |n: usize, rng: &mut crate::types::KeyedRng| usize::try_from(rng.below(size(n))).expect("small");
    let descend = rng.below(4) > 0;
    match json {
        Json::Object(map) if descend && !map.is_empty() => {
            let key = map.keys().nth(pick(map.len(), rng)).expect("below the length").clone();
            match rng.below(12) {
                0 => {
                    map.remove(&key);
                }
                1 => {
                    let value = map.remove(&key).expect("present");
                    map.insert(format!("{key}x"), value);
                }
                _ => mutate(map.get_mut(&key).expect("present"), rng),
            }
        }
        Json::Array(items) if descend && !items.is_empty() => {
            let place = pick(items.len(), rng);
            mutate(&mut items[place], rng);
        }
        _ => *json = serde_json::from_str(ODD_VALUES[pick(ODD_VALUES.len(), rng)]).unwrap_or(Json::Null),
    }
}

/// How many odd files are tried; `OMEGA_SWEEP_CASES` asks for more.
fn cases() -> u64 {
    std::env::var("OMEGA_SWEEP_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2000)
}

#[test]
fn odd_files_are_read_or_refused_with_places_never_a_panic() {
    use crate::types::{MasterSeed, Purpose};
    let good: Vec<Json> = jobs("good")
        .into_iter()
        .chain(jobs("bad").into_iter().filter(|(name, _)| !name.starts_with("E100")))
        .map(|(_, text)| serde_json::from_str(&text).expect("JSON"))
        .collect();
    for case in 0..cases() {
        let mut rng = MasterSeed(1).rng(Purpose::User, 0, 0, case);
        let mut json = good[usize::try_from(case).expect("small") % good.len()].clone();
        for _ in 0..=rng.below(3) {
            mutate(&mut json, &mut rng);
        }
        let mut text = json.to_string();
        // Every fourth text is also damaged as a text.
        if case % 4 == 0 && text.len() > 1 {
            let at = usize::try_from(rng.below(text.len() as u64)).expect("small");
            if text.is_char_boundary(at) {
                text.truncate(at);
                text.push_str(["", "}", "\"", "//", "0", "é"][usize::try_from(rng.below(6)).expect("small")]);
            }
        }
        if let Err(error) = parsed(&text) {
            let problems = error.problems();
            assert!(problems.iter().any(|problem| problem.severity == Severity::Error), "{text}");
            assert!(problems.iter().all(|problem| explain::text(problem.code).is_some()), "{text}: {error}");
        }
    }
}
