//! Memory stays flat: ten times the trials, the same peak. Each size runs in a process of its own.
#![cfg(target_os = "linux")]

use std::process::Command;

use super::chunk_tests::{folder, run_chunked};

const CHILD: &str = "store::memory_tests::child_sweeps_and_prints_its_peak";
const POSITIONS: &str = "OMEGA_SWEEP_TEST_POSITIONS";

/// Peak resident memory of this process, bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

#[test]
#[ignore = "runs as the child of the tests below"]
fn child_sweeps_and_prints_its_peak() {
    let positions = std::env::var(POSITIONS).unwrap().parse().unwrap();
    let temp = tempfile::tempdir().unwrap();
    let report = run_chunked(&mut folder(temp.path()), positions, 2, 4096).unwrap();
    assert_eq!(report.summary.counts.trials + report.excluded, positions);
    println!("peak {}", peak());
}

fn peak_of(positions: u64) -> u64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--ignored", "--nocapture"])
        .env(POSITIONS, positions.to_string())
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let peak = text.lines().find_map(|line| line.split_once("peak ")).map(|(_, bytes)| bytes.trim());
    peak.unwrap_or_else(|| panic!("the child failed: {text}")).parse().unwrap()
}

#[test]
fn a_hundred_thousand_trials_take_the_memory_of_thirty_thousand() {
    let (small, large) = (peak_of(30_000), peak_of(100_000));
    let growth = large.saturating_sub(small);
    println!("peak {} MB for 30,000 trials, {} MB for 100,000", small >> 20, large >> 20);
    assert!(growth < 16 << 20, "{growth} bytes more");
}

#[test]
#[ignore = "a minute in a release build: cargo test --release --lib memory -- --ignored million"]
fn a_million_trials_take_the_memory_of_ten_thousand() {
    let (small, large) = (peak_of(10_000), peak_of(1_000_000));
    let growth = large.saturating_sub(small);
    println!("peak {} MB for 10,000 trials, {} MB for 1,000,000", small >> 20, large >> 20);
    assert!(growth < 64 << 20, "{growth} bytes more");
}
