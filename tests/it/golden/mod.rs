//! Expected numbers: the folder named by `OMEGA_SWEEP_GOLDEN`, else `tests/golden`.

mod data;
mod execution;
mod indicators;
mod metrics;
mod robustness;
mod search;
mod strategy;
mod walk_forward;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of one topic (`execution`, `metrics`, ...).
pub(crate) fn folder(topic: &str) -> PathBuf {
    let root = std::env::var_os("OMEGA_SWEEP_GOLDEN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"), PathBuf::from);
    root.join(topic)
}

/// A vector file as JSON.
pub(crate) fn load(topic: &str, file: &str) -> Value {
    let path = folder(topic).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The shared folder beside the project, when it is there: vectors cut from real bars, and the real bars.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    path.is_dir().then_some(path)
}

/// A number that must be there.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

/// A list of numbers that must be there.
pub(crate) fn floats(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

/// The rule of the vectors: undefined matches undefined; numbers lie within `max(abs, rel * |expected|)`.
pub(crate) fn assert_close(found: Option<f64>, expected: Option<f64>, tolerance: &Value, what: &str) {
    let near = match (found, expected) {
        (Some(found), Some(expected)) => {
            let part = |key: &str| tolerance[key].as_f64().unwrap_or(0.0);
            (found - expected).abs() <= part("abs").max(part("rel") * expected.abs())
        }
        (found, expected) => found == expected,
    };
    assert!(near, "{what}: found {found:?}, expected {expected:?}");
}
