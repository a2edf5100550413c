//! Errors a user will make, one snapshot each: code, what, place, value found, what is allowed, one remedy.

use std::path::Path;

use omega_sweep::data::parquet::{SideToWrite, write_bars};
use omega_sweep::data::synthetic::{GenerateSettings, GeneratedLength, generate};
use omega_sweep::data::{DayAnchor, QuoteSide};
use omega_sweep::store::FolderLock;
use serde_json::json;

use super::fixture::{Project, said};

fn project() -> Project {
    Project::hourly(&["EURUSD"], 400)
}

/// What a sweep file is refused with, and the exit code in front.
fn refusal(project: &Project, arguments: &[&str]) -> String {
    let output = project.program().args(arguments).args(["--progress", "none"]).output().expect("it starts");
    assert!(output.stdout.is_empty(), "{}", said(&output));
    format!("exit {}\n{}", output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr))
}

fn write(project: &Project, name: &str, text: &str) {
    std::fs::write(project.path(name), text).expect("a writable folder");
}

const RULES: &str = r#""require": ["total_trades >= 5"]"#;

/// A sweep file of one line per section, so that places are easy to read.
fn lines(data: &str, strategy: &str, parameters: &str) -> String {
    format!(
        "{{\n  \"data\": {data},\n  \"strategy\": {strategy},\n  \"parameters\": {parameters},\n  {RULES}\n}}\n"
    )
}

#[test]
fn a_missing_sweep_file_is_answered_with_the_nearest_name() {
    let project = project();
    project.sweep_file("grid.json", &json!({}));
    insta::assert_snapshot!(refusal(&project, &["run", "grd.json"]));
}

#[test]
fn text_that_is_not_json_names_line_and_column() {
    let project = project();
    write(&project, "a.json", "{\n  \"data\": \"data\",\n  \"strategy\": \"ema_cross\",\n}\n");
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

#[test]
fn misspelt_key_and_parameter_are_told_in_one_go_with_suggestions() {
    let project = project();
    let parameters = "{\"fsat\": [5, 10], \"slow\": [40, 80]}";
    let text = lines("{\"path\": \"data\", \"symbls\": [\"EURUSD\"]}", "\"ema_cross\"", parameters);
    write(&project, "a.json", &text);
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

#[test]
fn a_misspelt_strategy_is_answered_with_the_nearest_one() {
    let project = project();
    write(&project, "a.json", &lines("\"data\"", "\"ema_cros\"", "{\"fast\": [5, 10]}"));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

#[test]
fn an_empty_range_is_refused() {
    let project = project();
    let parameters = "{\"fast\": {\"from\": 50, \"to\": 5, \"step\": 5}, \"slow\": [80]}";
    write(&project, "a.json", &lines("\"data\"", "\"ema_cross\"", parameters));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

#[test]
fn a_feature_that_is_not_built_is_refused_by_name() {
    let project = project();
    project.sweep_file("a.json", &json!({"output": {"daily_returns": "sample"}, "robustness": {}}));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

#[test]
fn an_override_that_leads_nowhere_is_refused() {
    let project = project();
    project.sweep_file("a.json", &json!({}));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json", "--set", "parameters.fats=[5]"]));
}

#[test]
fn all_sets_excluded_names_the_constraint() {
    let project = project();
    project.sweep_file("a.json", &json!({"constraints": ["fast > slow"]}));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

/// Writes one side of EURUSD with the high of a row below its low.
fn spoil(project: &Project, row: usize) {
    let settings = GenerateSettings {
        seed: 5,
        symbols: vec!["EURUSD".to_owned()],
        timeframe: omega_sweep::types::Timeframe::H1,
        from: omega_sweep::types::Timestamp::parse_iso("2020-01-01").expect("a date"),
        length: GeneratedLength::Bars(400),
    };
    let market = generate(&settings).expect("a market");
    let mut bid = market[0].bars.bid().clone();
    bid.high[row] = bid.low[row] - 0.001;
    let side = SideToWrite {
        symbol: "EURUSD",
        timeframe: settings.timeframe,
        side: QuoteSide::Bid,
        anchor: DayAnchor::Utc,
        times: market[0].bars.times(),
        prices: &bid,
        volume: market[0].bars.volume(),
    };
    write_bars(&project.path("data/EURUSD/EURUSD_H1_BID.parquet"), &side).expect("written");
}

#[test]
fn a_high_below_the_low_names_file_row_time_and_value() {
    let project = project();
    project.sweep_file("a.json", &json!({}));
    spoil(&project, 217);
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

#[test]
fn data_check_reports_a_defect_and_ends_with_1() {
    let project = project();
    spoil(&project, 217);
    let output = project.program().args(["data", "check", "data"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout));
}

#[test]
fn data_that_are_not_there_name_the_path() {
    let project = project();
    project.sweep_file("a.json", &json!({"data": "bars"}));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

#[test]
fn data_that_cannot_be_read_are_refused() {
    let project = project();
    // A file where a symbol's folder should be can be read by nobody, whatever the rights.
    write(&project, "bars.parquet", "no bars");
    project.sweep_file("a.json", &json!({"data": "bars.parquet/EURUSD"}));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

#[test]
fn a_symbol_that_is_not_in_the_data_is_answered_with_those_that_are() {
    let project = project();
    project.sweep_file("a.json", &json!({"data": {"path": "data", "symbols": ["EURUDS"]}}));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json"]));
}

#[test]
fn a_results_folder_that_cannot_be_written_is_a_disk_error() {
    let project = project();
    project.sweep_file("a.json", &json!({}));
    write(&project, "occupied", "a file");
    insta::assert_snapshot!(refusal(&project, &["run", "a.json", "--out", "occupied/run"]));
}

#[test]
fn a_folder_with_other_things_in_it_is_not_touched() {
    let project = project();
    project.sweep_file("a.json", &json!({}));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json", "--out", "data"]));
    assert!(project.path("data/EURUSD/EURUSD_H1_BID.parquet").is_file());
}

#[test]
fn a_second_process_on_the_same_run_folder_is_refused_with_the_holder() {
    let project = project();
    project.sweep_file("a.json", &json!({}));
    let folder = project.path("run");
    std::fs::create_dir(&folder).expect("a folder");
    let _held = FolderLock::take(Path::new(&folder)).expect("the first one");
    insta::with_settings!({filters => vec![(r"process \d+ on \S+", "process [pid] on [host]")]}, {
        insta::assert_snapshot!(refusal(&project, &["run", "a.json", "--out", "run"]));
    });
}

#[test]
fn a_memory_budget_that_cannot_be_met_ends_with_6() {
    let project = project();
    project.sweep_file("a.json", &json!({}));
    insta::assert_snapshot!(refusal(&project, &["run", "a.json", "--memory", "10KiB"]));
}

#[test]
fn an_unknown_column_of_top_is_answered_with_the_nearest_one() {
    let project = project();
    let file = project.sweep_file("a.json", &json!({}));
    project.run(&file, "run", &[]);
    let told = |arguments: &[&str]| {
        let output = project.program().arg("top").arg("run").args(arguments).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let all = [
        &["--sort", "profit_nett"][..],
        &["--columns", "trial"],
        &["--where", "fasst > 3"],
        &["--where", "fast >"],
    ];
    insta::assert_snapshot!(all.map(told).join("\n"));
}
