//! Good and bad sweep files with the code and the place each must give.

use omega_sweep::config::{ConfigError, LoadOptions, Text, parse};
use omega_sweep::engine::registry::Registry;

use crate::golden;

#[test]
fn every_file_is_accepted_or_refused_with_its_code_and_place() {
    let file = golden::load("metrics", "sweep_files.json");
    let registry = Registry::builtin();
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 31);
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let text = serde_json::to_string_pretty(&case["file"]).expect("JSON");
        let input = Text { shown: "f.json", name: "f", text: &text, folder: ".".into() };
        let outcome = parse(&input, &registry, &LoadOptions::default());
        match (case["expect"].as_str(), outcome) {
            (Some("ok"), Ok(_)) => {}
            (Some("ok"), Err(error)) => panic!("{name} is a good file:\n{error}"),
            (Some(code), Err(ConfigError::Invalid(problems))) => {
                let place = case["path"].as_str().expect("a path");
                assert!(
                    problems.iter().any(|problem| problem.code == code && problem.pointer == place),
                    "{name}: {code} at {place} is not among {problems:#?}"
                );
            }
            (code, outcome) => panic!("{name}: expected {code:?}, got {outcome:?}"),
        }
    }
}
