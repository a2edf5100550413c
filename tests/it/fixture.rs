//! A project in a folder of its own: a small synthetic market, sweep files over it, and the program to run them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use omega_sweep::data::parquet::{SideToWrite, write_bars};
use omega_sweep::data::synthetic::{GenerateSettings, GeneratedLength, generate};
use omega_sweep::data::{DayAnchor, QuoteSide};
use omega_sweep::types::{Timeframe, Timestamp};
use proptest::prelude::ProptestConfig;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with `data/` and room for runs.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// With `bars` hours of each symbol.
    pub(crate) fn hourly(symbols: &[&str], bars: usize) -> Self {
        Self::of(Timeframe::H1, symbols, bars)
    }

    /// With `bars` bars of each symbol.
    pub(crate) fn of(timeframe: Timeframe, symbols: &[&str], bars: usize) -> Self {
        let folder = TempDir::new().expect("a folder");
        let settings = GenerateSettings {
            seed: 5,
            symbols: symbols.iter().map(|name| (*name).to_owned()).collect(),
            timeframe,
            from: Timestamp::parse_iso("2020-01-01").expect("a date"),
            length: GeneratedLength::Bars(bars),
        };
        for symbol in generate(&settings).expect("known symbols") {
            for (side, prices) in [(QuoteSide::Bid, symbol.bars.bid()), (QuoteSide::Ask, symbol.bars.ask())] {
                let name = &symbol.spec.name;
                let file = format!("data/{name}/{name}_{timeframe}_{}.parquet", side.as_str());
                let side = SideToWrite {
                    symbol: name,
                    timeframe,
                    side,
                    anchor: DayAnchor::Utc,
                    times: symbol.bars.times(),
                    prices,
                    volume: symbol.bars.volume(),
                };
                write_bars(&folder.path().join(file), &side).expect("a writable folder");
            }
        }
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a sweep file; `changes` replace top-level keys of a small grid of `ema_cross` with random slippage.
    pub(crate) fn sweep_file(&self, name: &str, changes: &Value) -> PathBuf {
        let mut file = json!({
            "name": "small", "seed": 11,
            "data": {"path": "data"},
            "strategy": "ema_cross",
            "parameters": {"fast": [5, 8, 13, 20], "slow": {"from": 30, "to": 90, "step": 10},
                           "stop_pips": [15, 30, 60], "target_pips": [20, 50]},
            "objective": {"metric": "sharpe_equity_daily"},
            "require": ["total_trades >= 5"],
            "output": {"keep_best": 20, "keep_trades": 2, "chunk_trials": 16},
        });
        for (key, value) in changes.as_object().expect("an object of changes") {
            file[key] = value.clone();
        }
        let path = self.path(name);
        std::fs::write(&path, file.to_string()).expect("a writable folder");
        path
    }

    /// The program in this folder, in a plain environment.
    pub(crate) fn program(&self) -> Command {
        program(self.folder.path())
    }

    /// Runs a sweep into `out` and returns its summary.
    ///
    /// # Panics
    /// Unless the program ends with exit code 0 or 1.
    pub(crate) fn run(&self, file: &Path, out: &str, more: &[&str]) -> Value {
        let mut command = self.program();
        let output =
            command.arg(file).args(["--json", "-q", "-o", out]).args(more).output().expect("it starts");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", said(&output)))
    }
}

/// The program in a folder, in a plain environment.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omega-sweep"));
    plain_environment(&mut command, folder);
    command
}

/// A command in a folder, without colour, standard input or settings of the surroundings.
pub(crate) fn plain_environment<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command.current_dir(folder).stdin(Stdio::null()).env("NO_COLOR", "1");
    for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("OMEGA_SWEEP_")) {
        command.env_remove(name);
    }
    command
}

/// What a process said on both channels.
pub(crate) fn said(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{:?}\n{out}\n{err}", output.status)
}

/// Every file below a run folder's result folders, by name; the manifest and logs tell times and stay out.
pub(crate) fn results(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in ["trials", "returns"] {
        for entry in std::fs::read_dir(run.join(folder)).into_iter().flatten() {
            let entry = entry.expect("a readable folder");
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            files.insert(name, std::fs::read(entry.path()).expect("a readable file"));
        }
    }
    files.insert(
        "leaderboard".to_owned(),
        std::fs::read(run.join("leaderboard.parquet")).expect("a leaderboard"),
    );
    files
}

/// So many random cases, times `OMEGA_SWEEP_CASES`.
pub(crate) fn random_cases(count: u32) -> ProptestConfig {
    let times = std::env::var("OMEGA_SWEEP_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    ProptestConfig::with_cases(count * times)
}
