//! `omega-sweep bench`: figures that add up, answers that are compared, refusals that help.

use std::process::Output;

use serde_json::{Value, json};

use crate::fixture::{Project, said};

fn figures(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

#[test]
fn a_sweep_file_is_measured_and_gives_the_digest_of_its_run() {
    let project = Project::hourly(&["EURUSD"], 2_000);
    let file = project.sweep_file("small.json", &json!({}));
    let run = project.run(&file, "out", &[]);
    let listed = || std::fs::read_dir(project.path(".")).expect("the folder").count();
    let before = listed();
    let bench = |more: &[&str]| {
        let arguments = ["bench", "--workload", "small.json", "--repeat", "2", "--json"];
        figures(&project.program().args(arguments).args(more).output().expect("it starts"))
    };
    let (skipping, every) = (bench(&[]), bench(&["--clock", "every-bar", "-j", "2"]));
    assert_eq!(skipping["digest"], run["digest"], "what is measured is the sweep itself");
    assert_eq!(every["digest"], run["digest"], "clocks and threads change no bit");
    assert_eq!((&skipping["sets"], &skipping["market"]), (&json!(168), &json!("file")));
    assert_eq!((&skipping["threads"], &every["threads"]), (&json!(1), &json!(2)));

    let number =
        |figures: &Value, key: &str| figures[key].as_f64().unwrap_or_else(|| panic!("{key}: {figures}"));
    assert_eq!(number(&every, "bars_stepped_share"), 1.0);
    let share = number(&skipping, "bars_stepped_share");
    assert!(share > 0.0 && share < 0.5, "{share}");
    for line in [&skipping, &every] {
        let cpu = number(line, "user_s") + number(line, "sys_s");
        let per_bar_set = cpu * 1e9 / (number(line, "bars") * number(line, "sets"));
        assert!((number(line, "cpu_ns_per_bar_set") / per_bar_set - 1.0).abs() < 1e-9);
        let rate = number(line, "sets") / number(line, "wall_s");
        assert!((number(line, "trials_per_s") / rate - 1.0).abs() < 1e-9);
        assert_eq!(line["cpu_s_all"].as_array().map(Vec::len), Some(2));
        assert!(number(line, "first_result_s") > number(line, "load_wall_s"));
        assert!(number(line, "peak_rss") > 1e6 && line["cache"]["hits"].as_u64() > Some(0));
        assert_eq!(line["numbers"], Value::Null, "nothing is recorded for this market");
    }
    assert_eq!(listed(), before, "a measurement writes nothing");
}

#[test]
fn a_workload_runs_on_generated_bars_and_says_that_they_are_others() {
    let project = Project::hourly(&["EURUSD"], 50);
    let bench = |more: &[&str]| {
        let arguments = ["bench", "--repeat", "1", "--bars", "3000", "--workload"];
        project.program().args(arguments).args(more).output().expect("it starts")
    };
    for (workload, sets) in [("w1", 80), ("w3", 16)] {
        let output = bench(&[workload, "--json"]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("not those of the recorded results"));
        let line = figures(&output);
        assert_eq!((&line["sets"], &line["market"]), (&json!(sets), &json!("generated")));
        assert!(line["trades"].as_u64() > Some(0), "{line}");
    }
    let text = bench(&["w1"]);
    let shown = String::from_utf8_lossy(&text.stdout);
    assert!(shown.starts_with("w1: 80 sets of 3,000 bars, "), "{shown}");
    assert!(shown.contains("numbers  not compared"), "{shown}");
}

#[test]
fn what_cannot_be_measured_is_refused_with_a_remedy() {
    let project = Project::hourly(&["EURUSD"], 500);
    for (arguments, code, words) in [
        (&["--workload", "w9"][..], 2, "cannot read the sweep file w9"),
        (&["--workload", "w1", "--data", "nowhere"], 3, "nowhere"),
        (&["--workload", "w1", "--data", "data"], 3, "no file of symbol SYN01"),
        (&["--workload", "w4", "--data", "data"], 3, "no file of symbol MS01"),
        (&["--bars", "10"], 2, "from 1,000 to 100,000,000"),
        (&["--bars", "5000", "--data", "data"], 2, "cannot be used with"),
        (&["--repeat", "0"], 2, "1..=1000"),
        (&["--clock", "slow"], 2, "every-bar"),
    ] {
        let output = project.program().arg("bench").args(arguments).output().expect("it starts");
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {}", said(&output));
        assert!(said(&output).contains(words), "{arguments:?} {}", said(&output));
    }
}

#[test]
fn vector_instructions_change_no_bit() {
    let project = Project::hourly(&["EURUSD"], 1_500);
    let file = project.sweep_file("small.json", &json!({"output": {"daily_returns": "all"}}));
    let mut digests = Vec::new();
    for path in ["none", "avx2", "avx512"] {
        let mut command = project.program();
        command.env("OMEGA_SWEEP_SIMD", path).arg(&file).args(["--json", "-q", "-o", path]);
        let output = command.output().expect("it starts");
        let words = said(&output);
        if path != "none" && words.contains("this machine has no such instructions") {
            println!("skipped: no {path} here");
            continue;
        }
        let summary: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {words}"));
        digests.push((summary["digest"].clone(), crate::fixture::results(&project.path(path))));
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]));
    let output = project.program().env("OMEGA_SWEEP_SIMD", "sse").arg("metrics").output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("OMEGA_SWEEP_SIMD=\"sse\" is not none, avx2 or avx512"),
        "{}",
        said(&output)
    );
}
