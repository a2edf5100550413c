//! What a person sees: help, refusals, exit codes, and every command shown in the documents.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::fixture::{Project, program, said};

/// The program in an empty folder.
fn run(arguments: &[&str]) -> Output {
    let folder = TempDir::new().expect("a folder");
    program(folder.path()).args(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn without_arguments_it_says_what_it_is_with_three_commands_to_copy() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(0));
    let about = text(&output.stdout);
    assert_eq!(about.lines().filter(|line| line.starts_with("  omega-sweep ")).count(), 3);
    assert!(about.lines().count() <= 16 && about.lines().all(|line| line.len() <= 80), "{about}");
}

#[test]
fn help_and_version_are_data_and_fit_eighty_columns() {
    for arguments in [&["--help"][..], &["run", "--help"], &["data", "import", "--help"], &["--version"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}");
        let help = text(&output.stdout);
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{arguments:?}\n{help}");
        assert!(!help.contains('\u{1b}'), "no control characters into a pipe");
    }
}

#[test]
fn a_misspelt_command_or_option_is_answered_with_the_nearest_one() {
    for (arguments, suggestion) in [
        (&["verfy"][..], "verify"),
        (&["run", "a.json", "--thread", "2"], "--threads"),
        (&["data", "imprt"], "import"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let message = text(&output.stderr);
        assert!(message.contains("similar") && message.contains(suggestion), "{message}");
    }
}

#[test]
fn a_wrong_value_of_an_option_names_what_is_allowed() {
    for (arguments, words) in [
        (&["run", "a.json", "--max-wall", "30"][..], "write 90s, 30m (minutes), 2h or 1d"),
        (&["run", "a.json", "--shard", "9/8"], "write K/N with 1 <= K <= N"),
        (&["run", "a.json", "--set", "name=grid"], "a text needs quotes"),
        (&["run", "a.json", "--memory", "lots"], "write 4GiB"),
        (&["show", "best"], "write a rank such as 1"),
        (&["run", "a.json", "-j", "0"], "1..=1024"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = text(&output.stderr);
        assert!(message.contains(words), "{arguments:?}\n{message}");
    }
}

#[test]
fn commands_of_the_specification_that_are_not_built_are_refused_by_name() {
    for name in ["merge", "holdout", "stress", "null-test", "report", "bench"] {
        let output = run(&[name, "results/x"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let message = text(&output.stderr);
        assert!(message.starts_with(&format!("error: `{name}` is not part of version")), "{message}");
        assert!(message.contains("\n  = "), "a remedy follows: {message}");
    }
}

#[test]
fn schema_is_json_and_a_reader_that_goes_away_is_no_error() {
    let schema: serde_json::Value = serde_json::from_slice(&run(&["schema"]).stdout).expect("JSON");
    assert_eq!(schema["title"], "omega-sweep sweep file");
    let folder = TempDir::new().expect("a folder");
    let mut child = program(folder.path())
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn completions_and_the_manual_page_are_generated() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("walk-forward"), "{shell}");
    }
    assert!(text(&run(&["man"]).stdout).starts_with(".ie"), "roff");
}

/// The lines of the shell blocks of a document that call the program, directly or through cargo.
fn shown_commands(document: &str) -> Vec<String> {
    let mut inside = false;
    let mut commands = Vec::new();
    for line in document.lines() {
        let line = line.trim().replace("cargo run --release --locked --", "omega-sweep");
        match line.as_str() {
            "```sh" => inside = true,
            "```" => inside = false,
            command if inside && command.starts_with("omega-sweep ") => commands.push(command.to_owned()),
            _ => {}
        }
    }
    commands
}

/// Splits a command line at blanks outside quotes; `#` begins a comment.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for c in command.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => word.push(c),
            ('\'' | '"', None) => (quote, begun) = (Some(c), true),
            ('#', None) if !begun => break,
            (' ', None) if begun => {
                words.push(std::mem::take(&mut word));
                begun = false;
            }
            (' ', None) => {}
            (c, None) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

#[test]
fn command_lines_are_split_like_a_shell_does() {
    let line = "omega-sweep top --where 'a >= 1 && b' --set x='[1, 2]'  # a comment";
    assert_eq!(words(line), ["omega-sweep", "top", "--where", "a >= 1 && b", "--set", "x=[1, 2]"]);
}

/// A folder with the sweep files and the bundled data of the project.
fn project_copy() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for part in ["sweeps", "data"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part), &folder.path().join(part));
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("readable") {
        let path: PathBuf = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

/// Runs every command a document shows, in its order, in one copy of the project.
fn every_command_runs(document: &str, at_least: usize) {
    let project = project_copy();
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).expect("a document");
    let commands = shown_commands(&text);
    assert!(commands.len() >= at_least, "{document} shows {commands:?}");
    for command in commands {
        let mut words = words(&command);
        words.remove(0);
        if words.iter().any(|word| word == "sweeps/grid.json") && words.iter().all(|word| word != "check") {
            // The main job takes its time without optimisation: a corner of it stands for the whole.
            for corner in ["b_b_length=[20]", "std_factor=[2.2]", "window_length=[60]", "atr_mult=[3.0]"] {
                words.extend(["--set".to_owned(), format!("parameters.{corner}")]);
            }
        }
        let output = program(project.path()).args(&words).output().expect("the program starts");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{command}\n{}", said(&output));
        assert!(!output.stdout.is_empty(), "{command} says nothing");
    }
}

#[test]
fn every_command_of_the_readme_runs() {
    every_command_runs("README.md", 4);
}

#[test]
fn every_command_of_the_guide_runs() {
    every_command_runs("docs/guide.md", 19);
}

#[test]
fn every_command_of_the_document_on_strategies_runs() {
    every_command_runs("docs/strategies.md", 2);
}

#[test]
fn the_bundled_market_is_what_data_generate_makes_by_default() {
    let folder = TempDir::new().expect("a folder");
    let output = program(folder.path()).args(["data", "generate"]).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let read = |root: &Path, name: &str| std::fs::read(root.join(name)).expect("a file");
    let made = folder.path().join("data");
    assert_eq!(read(&made, "dataset.json"), read(&bundled, "dataset.json"), "checksums of every file");
    let catalog: Value = serde_json::from_slice(&read(&bundled, "dataset.json")).expect("JSON");
    let files = catalog["files"].as_array().expect("a list");
    assert_eq!(files.len(), 6, "three symbols, bid and ask");
    for file in files.iter().filter_map(|file| file["file"].as_str()) {
        assert!(read(&made, file) == read(&bundled, file), "{file} differs");
    }
}

fn small() -> (Project, PathBuf) {
    let project = Project::hourly(&["EURUSD"], 1500);
    let file = project.sweep_file("small.json", &json!({}));
    (project, file)
}

fn code(project: &Project, arguments: &[&str]) -> Option<i32> {
    project.program().args(arguments).output().expect("the program starts").status.code()
}

#[test]
fn exit_codes_tell_found_from_not_found_and_what_went_wrong() {
    let (project, _) = small();
    assert_eq!(code(&project, &["small.json", "-o", "run"]), Some(0));
    let none = ["small.json", "--set", "require=[\"total_trades >= 100000\"]", "-o", "none"];
    assert_eq!(code(&project, &none), Some(1), "nothing meets the requirements");
    assert_eq!(code(&project, &["small.json", "--set", "strategy=\"none\"", "-o", "x"]), Some(2));
    assert_eq!(code(&project, &["small.json", "--set", "data=\"nowhere\"", "-o", "x"]), Some(3));
    assert_eq!(code(&project, &["small.json", "-o", "small.json/x"]), Some(5));
    assert_eq!(code(&project, &["small.json", "--memory", "1KiB", "-o", "x"]), Some(6));
    assert_eq!(code(&project, &["small.json", "--seed", "12", "-o", "run"]), Some(8), "another study");
    assert_eq!(code(&project, &["verify", "run"]), Some(0));
}

#[test]
fn json_is_one_object_on_standard_output_and_text_goes_to_standard_error() {
    let (project, _) = small();
    let output = project.program().args(["small.json", "--json", "-o", "run"]).output().expect("it starts");
    let summary: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", said(&output)));
    assert_eq!(summary["schema"], "omega-sweep/summary/1");
    assert_eq!(summary["trials"]["run"], 168);
    let text = text(&output.stderr);
    assert!(text.contains("luck check") && text.contains("data    EURUSD H1"), "{text}");
    let quiet =
        project.program().args(["small.json", "--json", "-q", "-o", "run"]).output().expect("it starts");
    assert!(quiet.stderr.is_empty(), "{}", said(&quiet));
    let again: Value = serde_json::from_slice(&quiet.stdout).expect("JSON");
    assert_eq!((&again["trials"]["run"], &again["digest"]), (&json!(0), &summary["digest"]), "all was there");
}

#[test]
fn progress_can_be_json_lines_for_programs() {
    let (project, _) = small();
    let arguments = ["small.json", "--progress", "json", "-o", "run"];
    let output = project.program().args(arguments).output().expect("it starts");
    let events: Vec<Value> =
        text(&output.stderr).lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert!(of("data") == 1 && of("plan") == 1 && of("trials") >= 1, "{events:?}");
    let last = events.iter().rfind(|event| event["event"] == "trials").expect("progress");
    assert_eq!(last["done"], last["total"]);
}

#[test]
fn a_sweep_file_may_come_from_standard_input() {
    let (project, file) = small();
    let output = project
        .program()
        .args(["-", "--json", "-q", "-o", "run"])
        .stdin(std::fs::File::open(file).expect("a file"))
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn the_command_line_overrides_the_environment_and_both_the_file() {
    let (project, _) = small();
    let seed = |arguments: &[&str], environment: Option<&str>| {
        let mut command = project.program();
        command.args(["check", "small.json", "-q", "--no-data"]).args(arguments);
        environment.map(|value| command.env("OMEGA_SWEEP_SEED", value));
        let output = command.output().expect("it starts");
        let resolved: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        resolved["seed"].clone()
    };
    assert_eq!(seed(&[], None), 11);
    assert_eq!(seed(&[], Some("12")), 12);
    assert_eq!(seed(&["--seed", "13"], Some("12")), 13);
}

#[test]
fn top_filters_sorts_and_keeps_full_precision_for_programs() {
    let (project, file) = small();
    project.run(&file, "run", &[]);
    let top = |arguments: &[&str]| {
        let output =
            project.program().args(["top", "run", "-q"]).args(arguments).output().expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        text(&output.stdout)
    };
    let all: Vec<Value> =
        serde_json::from_str(&top(&["-n", "1000", "--columns", "all", "--format", "json"])).expect("JSON");
    assert_eq!(all.len(), 168);
    let ranks: Vec<u64> = all.iter().filter_map(|row| row["rank"].as_u64()).collect();
    assert!(ranks.iter().copied().eq(1..=168), "best first, every rank once");

    let filtered = top(&["-n", "1000", "--where", "fast == 5 && total_trades >= 20", "--format", "json"]);
    let filtered: Vec<Value> = serde_json::from_str(&filtered).expect("JSON");
    let expected =
        all.iter().filter(|row| row["param.fast"] == 5 && row["total_trades"].as_i64() >= Some(20));
    assert_eq!(filtered.len(), expected.count());
    assert!(!filtered.is_empty());

    let csv =
        top(&["--sort", "max_drawdown", "-n", "3", "--columns", "trial_id,max_drawdown", "--format", "csv"]);
    let mut least: Vec<f64> = all.iter().filter_map(|row| row["max_drawdown"].as_f64()).collect();
    least.sort_by(f64::total_cmp);
    let shown: Vec<f64> =
        csv.lines().skip(1).map(|line| line.split(',').nth(1).expect(line).parse().expect(line)).collect();
    assert_eq!(shown, least[..3], "drawdowns are better small");
}

#[test]
fn show_confirms_the_digest_and_its_object_adds_up() {
    let (project, file) = small();
    project.run(&file, "run", &[]);
    let output = project.program().args(["show", "run", "1", "--json"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let trial: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(trial["confirmed"], true);
    let trades = trial["trades"].as_array().expect("trades");
    assert_eq!(trades.len() as i64, trial["metrics"]["total_trades"].as_f64().expect("a count") as i64);
    let cash = |point: &Value| point["cash"].as_f64().expect("money");
    let points = trial["equity"].as_array().expect("points");
    let profit = cash(&points[points.len() - 1]) - cash(&points[0]);
    let net = trial["metrics"]["profit_net"].as_f64().expect("money");
    assert!((profit - net).abs() < 1e-6, "{profit} and {net}");
    let human = project.program().args(["show", "run", "1"]).output().expect("it starts");
    assert!(text(&human.stdout).lines().all(|line| line.chars().count() <= 100), "{}", said(&human));
}

#[test]
fn check_prints_the_file_with_every_default_and_runs_nothing() {
    let (project, _) = small();
    let output = project.program().args(["check", "small.json"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let resolved: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(resolved["data"]["holdout"]["last"], "20%");
    assert_eq!(resolved["strategy"]["engine"]["profile"], "realistic");
    let said = text(&output.stderr);
    assert!(said.contains("168 combinations") && said.contains("about   "), "{said}");
    assert!(!project.path("results").exists(), "nothing was run");
    // The resolved file is a sweep file, and resolves to itself.
    std::fs::write(project.path("resolved.json"), &output.stdout).expect("written");
    let again = project.program().args(["check", "resolved.json", "-q"]).output().expect("it starts");
    assert_eq!(serde_json::from_slice::<Value>(&again.stdout).expect("JSON"), resolved);
}

#[test]
fn walk_forward_adds_windows_to_a_file_without_a_validation() {
    let project = Project::hourly(&["EURUSD"], 6500);
    let parameters = json!({"fast": [5, 10], "slow": [40, 80]});
    project.sweep_file("a.json", &json!({"parameters": parameters, "output": {}}));
    let output = project
        .program()
        .args(["walk-forward", "a.json", "--json", "-o", "run"])
        .output()
        .expect("it starts");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let windows = summary["walk_forward"]["windows"].as_array().expect("windows");
    assert!(!windows.is_empty() && summary["walk_forward"]["out_of_sample"].is_object(), "{summary:#}");
    assert_eq!(summary["trials"]["run"].as_u64(), Some(4 * windows.len() as u64));
}

#[test]
fn a_reader_of_a_table_that_goes_away_is_no_error() {
    let (project, file) = small();
    project.run(&file, "run", &[]);
    let arguments = ["top", "run", "-n", "1000", "--columns", "all", "--format", "csv", "-q"];
    let mut child = project
        .program()
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn the_time_budget_ends_a_run_early_and_the_same_command_goes_on() {
    let (project, _) = small();
    let early = ["small.json", "-o", "run", "--max-wall", "1ms", "--json", "-q"];
    let output = project.program().args(early).output().expect("it starts");
    let summary: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(summary["truncated"], "the time budget is used up", "{}", said(&output));
    assert!(summary["trials"]["stored"].as_u64() < Some(168));
    assert_eq!(code(&project, &["small.json", "-o", "run", "-q"]), Some(0));
    assert_eq!(code(&project, &["verify", "run", "--all", "-q"]), Some(0));
}

/// Starts the main job, sends it a signal once trials are running, and returns what it said.
#[cfg(unix)]
fn interrupted(signal: &str) -> (TempDir, Output) {
    let project = project_copy();
    let mut child = program(project.path())
        .args(["sweeps/grid.json", "--set", "output.chunk_trials=16", "-o", "run"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut talk = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    // The second report of progress: some trials are done.
    for _ in 0..2 {
        line.clear();
        while !line.starts_with("trials") {
            line.clear();
            assert!(talk.read_line(&mut line).expect("text") > 0, "it ended early");
        }
    }
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill");
    assert!(kill.success());
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut talk, &mut rest).expect("text");
    let output = child.wait_with_output().expect("it ends");
    (project, Output { stderr: rest, ..output })
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130_a_partial_leaderboard_and_whole_chunks() {
    let (project, output) = interrupted("-INT");
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    let screen = text(&output.stdout);
    assert!(screen.contains("truncated: stopped by Ctrl-C; the same command goes on"), "{screen}");
    assert!(
        screen.lines().any(|line| line.starts_with("1 ") && line.contains('#')),
        "a leaderboard: {screen}"
    );
    let verify = program(project.path()).args(["verify", "run"]).output().expect("it starts");
    assert_eq!(verify.status.code(), Some(0), "{}", said(&verify));
    assert!(text(&verify.stdout).contains("0 damaged"), "{}", said(&verify));
}

#[cfg(unix)]
#[test]
fn sigterm_ends_with_143() {
    let (_project, output) = interrupted("-TERM");
    assert_eq!(output.status.code(), Some(143), "{}", said(&output));
}
