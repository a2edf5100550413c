//! What a person sees: help, refusals, exit codes, and every command shown in the documents.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The program in a fresh folder, with a plain environment.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omega-sweep"));
    command.current_dir(folder).stdin(Stdio::null()).env("NO_COLOR", "1");
    for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("OMEGA_SWEEP_")) {
        command.env_remove(name);
    }
    command
}

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

/// The lines of the ```sh blocks of a document that call the program.
fn shown_commands(document: &str) -> Vec<String> {
    let mut inside = false;
    let mut commands = Vec::new();
    for line in document.lines() {
        match line.trim() {
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
