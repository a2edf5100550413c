//! Tables in the documents that repeat what the code knows.

use std::fmt::Write as _;
use std::path::Path;

use omega_sweep::engine::settings::KEYS;
use omega_sweep::metrics::METRICS;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_table_of_metrics_is_the_one_the_program_knows() {
    let mut table =
        String::from("| key | unit | values | goal | what it tells | formula |\n|---|---|---|---|---|---|\n");
    for def in &METRICS {
        let kind = if def.integer { "whole, >= 0" } else { def.domain };
        let cells =
            [&format!("`{}`", def.key), def.unit, kind, def.goal.as_str(), def.description, def.formula];
        writeln!(table, "| {} |", cells.join(" | ")).expect("a string takes everything");
    }
    assert!(document("metrics.md").contains(&table), "docs/metrics.md should contain:\n\n{table}");
}

/// The tests a row of `docs/execution.md` links to: name and file.
fn linked(row: &str) -> Vec<(&str, &str)> {
    let links = row.split("[`").skip(1);
    links
        .filter_map(|link| link.split_once("`](").and_then(|(n, rest)| Some((n, rest.split_once(')')?.0))))
        .collect()
}

#[test]
fn every_rule_of_execution_is_linked_to_a_test_that_exists() {
    let text = document("execution.md");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| rule |"));
    let mut rules = 0;
    for row in rows {
        let tests = linked(row);
        assert!(!tests.is_empty(), "no test is linked to: {row}");
        for (test, file) in tests {
            let source = std::fs::read_to_string(docs.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
            assert!(source.contains(&format!("fn {test}(")), "{file} has no test {test}");
        }
        rules += 1;
    }
    assert!(rules > 90, "{rules} rules");
}

#[test]
fn every_engine_setting_is_a_word_of_the_rules_of_execution() {
    let text = document("execution.md");
    for key in KEYS.iter().map(|key| key.name) {
        assert!(text.contains(&format!("`{key}`")), "docs/execution.md does not say what `{key}` does");
    }
}
