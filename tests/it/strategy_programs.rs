//! The strategy tests of the command line, and own strategies with the whole command line around them: the examples are
//! run as a person would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use omega_sweep::engine::Registry;
use serde_json::{Value, json};

use super::fixture::{Project, plain_environment, said};

/// The program of an example. `cargo test` has built it already; a test run that left the examples out builds it here.
fn example(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_omega-sweep")).parent().expect("a folder of programs");
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(other) => other,
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--locked", "--offline", "--examples"]);
        let output = cargo.args(["--quiet", "--profile", profile]).output().expect("cargo starts");
        assert!(output.status.success(), "{}", said(&output));
        folder.join("examples")
    });
    folder.join(name)
}

fn run(project: &Project, program: &Path, arguments: &[&str]) -> Output {
    plain_environment(&mut Command::new(program), &project.path(""))
        .args(arguments)
        .output()
        .expect("it starts")
}

/// Writes a sweep file over `data/`, with a hold-out of nothing and the usual aim.
fn study(project: &Project, name: &str, strategy: &Value, more: &Value) -> PathBuf {
    let mut file = json!({"name": name, "seed": 1, "strategy": strategy, "objective": {"metric": "profit_net"},
                          "data": {"path": "data", "holdout": "none"}});
    for (key, value) in more.as_object().expect("an object") {
        file[key] = value.clone();
    }
    let path = project.path(&format!("{name}.json"));
    std::fs::write(&path, file.to_string()).expect("a writable folder");
    path
}

fn hours_and_h4() -> Value {
    json!({"data": {"path": "data", "holdout": "none", "timeframes": {"primary": "H1", "additional": ["H4"]}}})
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_own_strategy_has_the_whole_command_line() {
    let project = Project::hourly(&["EURUSD"], 900);
    let program = example("own_strategy");
    let listed = run(&project, &program, &["strategies"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("falling_closes") && listed.contains("ema_cross"), "{listed}");

    let data = json!({"data": {"path": "data", "warmup_bars": 400, "holdout": "none"}});
    let file = study(&project, "own", &json!("falling_closes"), &data);
    let file = file.to_str().expect("UTF-8");
    let checked = run(&project, &program, &["check", file, "--lookahead", "--warmup", "--json"]);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    let checked: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    assert_eq!(checked["combinations"], 20);
    assert_eq!((&checked["lookahead"]["leaks"], &checked["warmup"]["short"]), (&json!([]), &json!([])));
    assert!(checked["lookahead"]["decisions"].as_u64() > Some(50));

    let swept = run(&project, &program, &[file, "--json", "-q", "-o", "run"]);
    assert!(matches!(swept.status.code(), Some(0)), "{}", said(&swept));
    let summary: Value = serde_json::from_slice(&swept.stdout).expect("JSON");
    assert_eq!(summary["trials"]["stored"], 20);
    for command in [&["verify", "run", "--all"][..], &["show", "run", "1"], &["top", "run"]] {
        assert_eq!(run(&project, &program, command).status.code(), Some(0), "{command:?}");
    }
    // The plain program does not know the strategy and says so.
    let stranger = project.program().args(["top", "run"]).output().expect("it starts");
    assert_eq!(stranger.status.code(), Some(2));
    assert!(errors(&stranger).contains("unknown strategy `falling_closes`"), "{}", errors(&stranger));
}

#[test]
fn planted_look_ahead_is_caught_with_its_place() {
    let project = Project::hourly(&["EURUSD"], 900);
    let program = example("planted_lookahead");
    for name in ["next_close", "running_bar"] {
        let file = study(&project, name, &json!(name), &hours_and_h4());
        let file = file.to_str().expect("UTF-8");
        let caught = run(&project, &program, &["check", file, "--lookahead"]);
        let told = errors(&caught);
        assert_eq!(caught.status.code(), Some(1), "{told}");
        assert!(told.contains("error[E204]: a decision knows the future\n  --> trial #0 at 2020-"), "{told}");
        assert!(told.contains("long EURUSD at market, stop 0.002 away, target 0.001 away"), "{told}");
        // A run tells it by itself, and ends as it would have.
        let ran = run(&project, &program, &[file, "--json", "-q", "-o", name]);
        let summary: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
        let note = lookahead_note(&summary);
        assert!(note.starts_with("LOOK-AHEAD, do not believe the table: trial #"), "{note}");
    }
}

#[test]
fn every_built_in_is_clean_of_look_ahead_and_of_too_short_a_warm_up() {
    let project = Project::hourly(&["EURUSD", "GBPUSD"], 2_600);
    let data = json!({"path": "data", "warmup_bars": 1_200, "holdout": "none"});
    let few = json!({"data": data, "sampler": {"kind": "random", "trials": 20}});
    for runner in Registry::builtin().iter() {
        let name = runner.name();
        let file = study(&project, name, &json!(name), &few);
        let mut check = project.program();
        let check = check.arg("check").arg(file).args(["--lookahead", "--warmup", "--json"]);
        let checked = check.output().expect("it starts");
        let told = errors(&checked);
        assert_eq!(checked.status.code(), Some(0), "{name}: {told}");
        assert!(told.contains("lookahead  no look-ahead: "), "{name}: {told}");
        let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
        assert_eq!(
            (&found["lookahead"]["leaks"], &found["warmup"]["short"]),
            (&json!([]), &json!([])),
            "{name}"
        );
        assert!(found["lookahead"]["decisions"].as_u64() > Some(20), "{name}: {}", found["lookahead"]);
    }
}

#[test]
fn the_document_shows_the_own_strategy_as_it_is() {
    let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
    let example = read("examples/own_strategy.rs").expect("an example");
    let main = &example[example.find("fn main()").expect("a program")..];
    assert!(
        read("docs/strategies.md").expect("a document").contains(&format!("```rust\n{main}```")),
        "{main}"
    );
}

#[test]
fn higher_bars_that_still_run_are_caught_by_their_name() {
    let project = Project::hourly(&["EURUSD"], 600);
    let mut more = hours_and_h4();
    more["parameters"] = json!({"distance": [0.001, 0.002]});
    let rules = json!({"rules": {"long": "crosses_above(close, tf('H4', close))", "stop_distance": "distance"},
                       "engine": {"allow_lookahead": true}});
    let file = study(&project, "running", &rules, &more);

    let checked =
        project.program().arg("check").arg(file).args(["--lookahead", "--json"]).output().expect("it starts");
    assert_eq!(checked.status.code(), Some(1), "{}", said(&checked));
    let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let leak = &found["lookahead"]["leaks"][0];
    assert_eq!(
        (&leak["kind"], &leak["series"]),
        (&json!("series"), &json!("close on H4 bid of EURUSD")),
        "{found}"
    );
    assert!(leak["truth"].is_number() && leak["noise"].is_number() && leak["bar"].is_string());
}

#[test]
fn a_warm_up_that_is_too_short_is_named_with_one_that_is_enough() {
    let project = Project::hourly(&["EURUSD"], 3000);
    let data = |bars: u64| {
        json!({"data": {"path": "data", "warmup_bars": bars, "holdout": "none"},
                                  "parameters": {"fast": [5, 8], "slow": [30, 40]}})
    };
    let check = |name: &str, bars: u64| {
        let file = project.sweep_file(name, &data(bars));
        project.program().arg("check").arg(file).args(["--warmup", "--json"]).output().expect("it starts")
    };
    let short = check("short.json", 30);
    let told = errors(&short);
    assert_eq!(short.status.code(), Some(1), "{told}");
    assert!(told.contains("error[E205]: the trades of set #"), "{told}");
    assert!(told.contains("; atr(14)") && told.contains(" on H1 bid of EURUSD at 2020-"), "{told}");
    let found: Value = serde_json::from_slice(&short.stdout).expect("JSON");
    let enough = found["warmup"]["short"].as_array().expect("findings").iter();
    let enough = enough.map(|one| one["enough_warmup_bars"].as_u64().expect("a length")).max().expect("one");
    let long = check("long.json", enough);
    assert_eq!(long.status.code(), Some(0), "{enough}: {}", said(&long));
}

#[test]
fn every_run_says_whether_its_best_sets_know_the_future_and_stays_the_same() {
    let project = Project::hourly(&["EURUSD"], 900);
    let file = project.sweep_file("plain.json", &json!({}));
    let summary = project.run(&file, "run", &[]);
    let note = lookahead_note(&summary);
    assert!(note.starts_with("no look-ahead: ") && note.contains(" of the best 5 stand"), "{note}");
}

fn lookahead_note(summary: &Value) -> String {
    let notes = summary["notes"].as_array().expect("notes");
    let note = notes.iter().find(|note| note["code"] == "lookahead").expect("a note on look-ahead");
    note["text"].as_str().expect("a text").to_owned()
}
