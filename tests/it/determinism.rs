//! 1, 2 and 7 threads, any order, interrupted or not: the same bytes.

use std::path::Path;

use omega_sweep::engine::Registry;
use omega_sweep::job::{JobOptions, Opened};
use omega_sweep::store::{ChunkFolder, folder};
use omega_sweep::sweep::store::Stored;
use omega_sweep::sweep::{ChunkStore, FinishedChunk, MetricValues, TrialRow};
use omega_sweep::types::Digest;
use serde_json::{Value, json};

use crate::fixture::{Project, results, said};

/// Grid, random points, several symbols, and a walk-forward study.
fn studies() -> [(&'static str, Value); 4] {
    let seeded = json!({"id": "ema_cross", "engine": {"slippage_stream": "sequential"}});
    [
        (
            "grid",
            json!({"sampler": {"kind": "grid", "order": "shuffled"}, "output": {"daily_returns": "all"}}),
        ),
        ("random", json!({"sampler": {"kind": "random", "trials": 60}, "strategy": seeded})),
        ("symbols", json!({"data": {"path": "data", "symbols": ["EURUSD", "USDJPY"], "holdout": "none"}})),
        (
            "walk_forward",
            json!({"validation": {"kind": "walk_forward", "train": "4m", "test": "1m"},
                   "parameters": {"fast": [5, 8], "slow": [40, 60], "stop_pips": [15, 30]}}),
        ),
    ]
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    let project = Project::hourly(&["EURUSD", "USDJPY"], 6_000);
    for (name, mut changes) in studies() {
        if changes.get("data").is_none() {
            changes["data"] = json!({"path": "data", "symbols": ["EURUSD"]});
        }
        let file = project.sweep_file(&format!("{name}.json"), &changes);
        let runs: Vec<_> = ["1", "2", "7"]
            .map(|threads| {
                let out = format!("{name}-{threads}");
                let summary = project.run(&file, &out, &["-j", threads]);
                (summary["digest"].clone(), results(&project.path(&out)))
            })
            .into();
        assert!(runs[0].1.len() > 2, "{name}: more than a chunk and the leaderboard");
        assert_eq!(runs[0].0, runs[1].0, "{name}");
        assert!(runs.iter().all(|run| *run == runs[0]), "{name}");
    }
}

/// Every row of a run, by id.
fn rows(project: &Project, out: &str) -> Vec<TrialRow> {
    let (opened, mut chunks) = open(&project.path(out));
    let numbers = chunks.listed().expect("a folder");
    let read = |number| match chunks.read(number) {
        Ok(Stored::Whole(rows)) => rows,
        other => panic!("{}: {other:?}", opened.root.display()),
    };
    let mut rows: Vec<TrialRow> = numbers.into_iter().flat_map(read).collect();
    rows.sort_by_key(|row| row.trial.id);
    rows
}

fn open(root: &Path) -> (Opened, ChunkFolder) {
    let opened = Opened::open(root).expect("a run folder");
    let prepared = opened.prepare(&Registry::builtin(), &JobOptions::default()).expect("the same data");
    let chunks = folder::open_chunks(root, &opened.manifest, prepared.schema).expect("chunks");
    (opened, chunks)
}

#[test]
fn a_shuffled_grid_has_the_rows_of_a_sorted_one() {
    let project = Project::hourly(&["EURUSD"], 3_000);
    for order in ["lexicographic", "shuffled", "coarse_to_fine"] {
        let sampler = json!({"sampler": {"kind": "grid", "order": order}});
        project.run(&project.sweep_file(&format!("{order}.json"), &sampler), order, &[]);
    }
    let sorted = rows(&project, "lexicographic");
    assert_eq!(sorted.len(), 4 * 7 * 6);
    assert_eq!(rows(&project, "shuffled"), sorted);
    assert_eq!(rows(&project, "coarse_to_fine"), sorted);
}

#[test]
fn verify_confirms_a_run_made_with_another_number_of_threads() {
    let project = Project::hourly(&["EURUSD"], 3_000);
    let file = project.sweep_file("sweep.json", &json!({}));
    project.run(&file, "run", &["-j", "7"]);
    let output = project.program().args(["verify", "run", "--all"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn verify_names_the_trial_whose_stored_metric_was_changed() {
    let project = Project::hourly(&["EURUSD"], 3_000);
    project.run(&project.sweep_file("sweep.json", &json!({})), "run", &[]);
    let (_, mut chunks) = open(&project.path("run"));
    let Ok(Stored::Whole(mut rows)) = chunks.read(2) else { panic!("chunk 2 is stored") };
    let changed = rows[3].metrics.iter().position(|value| value.is_some_and(|v| v != v.trunc()));
    let changed = changed.expect("a metric that is no whole number");
    let values = rows[3].metrics.iter().enumerate().map(|(column, value)| {
        value.map(|v| if column == changed { f64::from_bits(v.to_bits() ^ 1) } else { v })
    });
    rows[3].metrics = MetricValues::new(values);
    let victim = rows[3].trial.id;
    for path in chunks.files().expect("a folder").remove(&2).expect("chunk 2") {
        std::fs::remove_file(path).expect("a writable folder");
    }
    chunks.write(FinishedChunk { number: 2, rows, returns: Vec::new() }).expect("a writable folder");
    chunks.finish().expect("a writable folder");
    let output = project.program().args(["verify", "run", "--all"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains(&victim.to_string()), "{}", said(&output));
}

#[test]
fn verify_names_chunk_and_trials_of_a_damaged_file() {
    let project = Project::hourly(&["EURUSD"], 3_000);
    project.run(&project.sweep_file("sweep.json", &json!({})), "run", &[]);
    let (_, chunks) = open(&project.path("run"));
    let path = chunks.files().expect("a folder").remove(&1).expect("chunk 1").remove(0);
    let mut bytes = std::fs::read(&path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&path, &bytes).expect("a writable folder");
    assert!(!path.to_string_lossy().contains(&Digest::of(&bytes).short(16)), "the name fits no more");
    let output = project.program().args(["verify", "run", "--all"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    let said = said(&output);
    assert!(said.contains("chunk 1") && said.contains("#16") && said.contains("#31"), "{said}");
}
