//! The engine vectors through the plain model, every float exactly.

use serde_json::Value;

use super::super::golden;
use super::input::Case;
use super::run::run;

/// Every stated value is found, numbers with equal bits; values the vector does not state are ignored.
fn assert_same(found: &Value, expected: &Value, path: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, value) in expected {
                let there = found.get(key).unwrap_or_else(|| panic!("{path}.{key} is not stated"));
                assert_same(there, value, &format!("{path}.{key}"));
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert_same(found, expected, &format!("{path}[{i}]"));
            }
            assert_eq!(found.len(), expected.len(), "{path}: number of entries");
        }
        (Value::Number(found), Value::Number(expected)) => {
            assert_eq!(found.as_f64(), expected.as_f64(), "{path}");
        }
        _ => assert_eq!(found, expected, "{path}"),
    }
}

fn files(folder: &str) -> Vec<String> {
    let path = golden::folder("execution").join(folder);
    let mut names: Vec<String> = std::fs::read_dir(&path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        .map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("engine_"))
        .map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") })
        .collect();
    names.sort();
    names
}

fn check(file: &str, change: impl Fn(&mut Case)) {
    let vector = golden::load("execution", file);
    let mut case = Case::from_json(&vector["inputs"]).unwrap_or_else(|e| panic!("{file}: {e}"));
    change(&mut case);
    let outcome = run(&case).unwrap_or_else(|e| panic!("{file}: {e}"));
    assert_same(&outcome.to_json(), &vector["expected"], file);
}

#[test]
fn reference_runs_are_reproduced_to_the_last_bit() {
    let not_targets = ["engine_12", "engine_14"];
    let names: Vec<String> =
        files("").into_iter().filter(|name| !not_targets.iter().any(|not| name.starts_with(not))).collect();
    assert_eq!(names.len(), 16);
    for name in &names {
        check(name, |_| ());
    }
}

#[test]
fn a_manager_that_is_not_found_equals_no_manager() {
    check("engine_12_manager_not_found.json", |case| case.position_manager = None);
}

#[test]
fn runs_under_other_switches_are_reproduced_to_the_last_bit() {
    let names = files("derived");
    assert_eq!(names.len(), 21);
    for name in &names {
        check(name, |_| ());
    }
}

#[test]
fn a_case_survives_being_written_and_read() {
    for name in files("").iter().chain(&files("derived")) {
        let case = Case::from_json(&golden::load("execution", name)["inputs"]).expect("a vector parses");
        assert_eq!(Case::from_json(&case.to_json()).expect("a written case parses"), case, "{name}");
    }
}
