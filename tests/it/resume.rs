//! Killed anywhere, continued: the same bytes.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fixture::{Project, results, said};

/// Moments at which a child is killed, spread over its running time.
const MOMENTS: u32 = 50;

/// Whole chunks in a run folder, as their names say.
fn stored_chunks(run: &Path) -> u64 {
    let names = std::fs::read_dir(run.join("trials")).into_iter().flatten().flatten();
    names.filter(|entry| entry.file_name().to_string_lossy().ends_with(".parquet")).count() as u64
}

/// Starts a sweep and kills it after a while; it may have ended by then.
fn start_and_kill(project: &Project, file: &Path, out: &str, after: Duration) {
    let mut command = project.program();
    command.arg(file).args(["-q", "-o", out]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    std::thread::sleep(after);
    child.kill().expect("a signal");
    child.wait().expect("a child");
}

fn survives(changes: &Value, chunk_trials: u64, moments: u32) {
    let project = Project::hourly(&["EURUSD"], 5_000);
    let file = project.sweep_file("sweep.json", changes);
    let whole = project.run(&file, "whole", &[]);
    let expected = results(&project.path("whole"));
    let total = whole["trials"]["stored"].as_u64().expect("a count");
    // A deterministic spread over somewhat more than the running time, start and end included; on a machine busy with
    // other work the first seconds must do.
    let seconds = whole["seconds"].as_f64().expect("seconds");
    let longest = Duration::from_secs_f64((1.1 * seconds + 0.1).min(2.0));
    let mut interrupted = 0;
    for moment in 0..moments {
        let out = format!("killed-{moment}");
        let share = f64::from(moment * 17 % moments) / f64::from(moments);
        start_and_kill(&project, &file, &out, longest.mul_f64(share));
        let kept = stored_chunks(&project.path(&out));
        let again = project.run(&file, &out, &[]);
        assert_eq!(again["digest"], whole["digest"], "moment {moment}");
        assert!(results(&project.path(&out)) == expected, "moment {moment}: other bytes");
        let run = again["trials"]["run"].as_u64().expect("a count");
        assert!(
            run >= total.saturating_sub(kept * chunk_trials),
            "moment {moment}: {run} run, {kept} chunks kept"
        );
        assert!(
            run <= total.saturating_sub(kept.saturating_sub(1) * chunk_trials.min(total)),
            "moment {moment}"
        );
        interrupted += u32::from(kept > 0 && run > 0);
        std::fs::remove_dir_all(project.path(&out)).expect("a folder");
    }
    assert!(interrupted > 0, "no kill fell into the sweep itself");
}

#[test]
fn a_sweep_killed_at_any_moment_continues_to_the_same_bytes() {
    survives(&json!({"output": {"chunk_trials": 8, "daily_returns": "all"}}), 8, MOMENTS);
}

#[test]
fn a_walk_forward_study_killed_at_any_moment_continues_to_the_same_bytes() {
    let changes = json!({
        "validation": {"kind": "walk_forward", "train": "3m", "test": "1m"},
        "parameters": {"fast": [5, 8, 13], "slow": [40, 60, 80], "stop_pips": [15, 30]},
        "output": {"chunk_trials": 6},
    });
    survives(&changes, 6, MOMENTS);
}

#[test]
fn a_run_folder_of_another_study_is_refused_and_says_what_differs() {
    let project = Project::hourly(&["EURUSD"], 1_500);
    let file = project.sweep_file("sweep.json", &json!({}));
    project.run(&file, "run", &[]);
    let other = project.sweep_file("other.json", &json!({"parameters": {"fast": [5], "slow": [40]}}));
    let output = project.program().arg(&other).args(["-q", "-o", "run"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(8), "{}", said(&output));
    assert!(said(&output).contains("E301") && said(&output).contains("parameters"), "{}", said(&output));
    let before = results(&project.path("run"));
    project.run(&file, "run", &[]);
    assert!(results(&project.path("run")) == before, "a refusal changes nothing");
}

#[test]
fn fresh_moves_the_old_run_aside_and_deletes_nothing() {
    let project = Project::hourly(&["EURUSD"], 1_500);
    let file = project.sweep_file("sweep.json", &json!({}));
    project.run(&file, "run", &[]);
    let before = results(&project.path("run"));
    let again = project.run(&file, "run", &["--fresh"]);
    assert_eq!(again["trials"]["run"], again["trials"]["stored"]);
    assert!(results(&project.path("run.old-1")) == before);
    assert!(results(&project.path("run")) == before);
}
