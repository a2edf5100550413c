//! Tables in the documents that repeat what the code knows.

use std::fmt::Write as _;
use std::path::Path;

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
