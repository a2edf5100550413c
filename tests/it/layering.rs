//! Who may import whom: the table of the architecture, checked against every `crate::` path in `src/`.
//!
//! Types, settings and error structs may be named by anybody below the module that reads them; what this keeps is the
//! direction of the flow: data, indicators, cache, strategy, engine, sweep, store, report, command line.

use std::collections::BTreeSet;
use std::path::Path;

/// Module, and the modules it may name besides itself.
const ALLOWED: [(&str, &[&str]); 21] = [
    ("types", &[]),
    ("costs", &["types", "data"]),
    ("data", &["types"]),
    ("indicators", &["types"]),
    ("metrics", &["types"]),
    ("cache", &["types", "data", "indicators"]),
    ("execution", &["types", "costs", "data"]),
    ("portfolio", &["types"]),
    // A strategy hands out orders and sees positions; it never reaches the loop that runs it.
    ("strategy", &["types", "data", "indicators", "cache", "execution", "portfolio"]),
    (
        "engine",
        &["types", "costs", "data", "indicators", "metrics", "cache", "execution", "portfolio", "strategy"],
    ),
    ("search", &["types", "metrics"]),
    ("sweep", &["types", "data", "cache", "metrics", "engine", "search"]),
    ("walkforward", &["types", "data", "cache", "metrics", "engine", "search", "sweep"]),
    ("robustness", &["types", "data", "cache", "metrics", "engine", "search", "sweep", "walkforward"]),
    // Trades and equity of the best trials are stored as the engine hands them out.
    ("store", &["types", "data", "metrics", "engine", "search", "sweep", "walkforward", "robustness"]),
    // The page of one trial shows what the engine did on the market.
    ("report", &["types", "data", "metrics", "engine", "sweep", "walkforward", "store"]),
    (
        "config",
        &[
            "types",
            "costs",
            "data",
            "metrics",
            "execution",
            "engine",
            "search",
            "sweep",
            "walkforward",
            // The registry's declarations of strategies and their parameters.
            "strategy",
        ],
    ),
    (
        "job",
        &[
            "types",
            "costs",
            "data",
            "indicators",
            "metrics",
            "cache",
            "execution",
            "strategy",
            "engine",
            "search",
            "sweep",
            "walkforward",
            "robustness",
            "store",
            "report",
            "config",
        ],
    ),
    // Measures jobs as a user runs them.
    (
        "bench",
        &[
            "types", "data", "cache", "metrics", "strategy", "engine", "sweep", "store", "report", "config",
            "job",
        ],
    ),
    (
        "cli",
        &[
            "bench",
            "types",
            "data",
            "cache",
            "metrics",
            "strategy",
            "engine",
            "search",
            "sweep",
            "walkforward",
            "store",
            "report",
            "config",
            "job",
        ],
    ),
    // Generators and comparers of our own tests.
    ("testing", &["types", "data", "cache", "indicators", "engine", "strategy"]),
];

#[test]
fn modules_import_only_what_lies_below_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut broken = Vec::new();
    let mut files = 0;
    visit(&src, &mut |path, text| {
        let inside = path.strip_prefix(&src).expect("below src");
        let module = inside.iter().next().expect("a name").to_string_lossy();
        let module = module.strip_suffix(".rs").unwrap_or(&module).to_owned();
        if module == "lib" || module == "main" {
            return;
        }
        files += 1;
        broken.extend(breaches(&module, text).into_iter().map(|b| format!("{}: {b}", inside.display())));
    });
    assert!(files > 20, "only {files} files read: the check looks at the wrong folder");
    assert!(broken.is_empty(), "imports against the order of the modules:\n{}", broken.join("\n"));
}

#[test]
fn a_planted_breach_is_found_in_every_spelling() {
    let found = |text: &str| breaches("engine", text);
    assert_eq!(found("use crate::types::Trade;\nuse crate::cache::CachePlan;"), Vec::<String>::new());
    assert_eq!(found("use crate::sweep::run;"), ["engine may not name sweep"]);
    assert_eq!(
        found("use crate::{types::Trade, report::{tables, terminal}};"),
        ["engine may not name report"]
    );
    assert_eq!(found("fn f(x: &crate::store::Manifest) {}"), ["engine may not name store"]);
    assert_eq!(found("use super::super::config::JobSpec; // use crate::config"), Vec::<String>::new());
    assert_eq!(found("//! [`crate::cli`] prints.\nuse crate::types::Trade;"), Vec::<String>::new());
    assert_eq!(breaches("gadgets", "use crate::types::Trade;"), ["gadgets is not in the table of modules"]);
    assert_eq!(
        found("#[cfg(test)]\nuse crate::types::Trade;\nuse crate::cli::run;"),
        ["engine may not name cli"]
    );
    assert_eq!(found("#[cfg(test)]\nmod tests {\n use crate::sweep::run;\n}"), Vec::<String>::new());
}

/// What a file of `module` names and may not. Tests at the end of a file may name anything.
fn breaches(module: &str, text: &str) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
        return vec![format!("{module} is not in the table of modules")];
    };
    let tests = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    let code: Vec<&str> =
        text[..tests].lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let named = named_modules(&code.join("\n"));
    named
        .iter()
        .filter(|name| *name != module && !allowed.contains(&name.as_str()))
        .map(|name| format!("{module} may not name {name}"))
        .collect()
}

/// First segments of all `crate::` paths, braces at the first level included.
fn named_modules(code: &str) -> BTreeSet<String> {
    let known = |name: &str| ALLOWED.iter().any(|(module, _)| *module == name);
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let mut named = BTreeSet::new();
    for (_, rest) in code.match_indices("crate::").map(|(at, found)| code.split_at(at + found.len())) {
        if !rest.starts_with('{') {
            named.insert(word(rest));
            continue;
        }
        let mut depth = 0;
        for (at, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if depth == 1 && matches!(c, '{' | ',') {
                named.insert(word(rest[at + 1..].trim_start()));
            }
        }
    }
    named.into_iter().filter(|name| known(name)).collect()
}

fn visit(folder: &Path, action: &mut impl FnMut(&Path, &str)) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            visit(&path, action);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            action(&path, &std::fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}
