//! `check FILE`: everything a run checks, the file with every default, and what the run would take.

use std::time::Instant;

use serde_json::{Value, json};

use super::sweep::{Source, options_of};
use super::{print, strategy_tests};
use crate::cli::args::{CheckArgs, ProgressMode};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::memory;
use crate::cli::output::Console;
use crate::cli::progress::{Display, RunProgress};
use crate::config::ConfigError;
use crate::engine::registry::Registry;
use crate::job::{self, JobOptions, Prepared};
use crate::report::numbers;

/// Trials run to guess the time.
const CALIBRATED: u64 = 16;
/// Seconds after which the guess is good enough.
const ENOUGH: f64 = 1.0;

/// What a run would take.
struct Estimate {
    seconds: f64,
    threads: usize,
    memory: u64,
    disk: u64,
}

/// `check FILE`
pub(super) fn check(args: &CheckArgs, registry: &Registry, console: Console) -> Result<Exit, Failure> {
    let spec = Source::read(&args.file)?.parse(registry, &options_of(args.seed, &args.set))?;
    for warning in &spec.warnings {
        console.say(&warning.to_string());
    }
    let resolved = spec.to_resolved_json();
    let unbuilt = spec.unbuilt();
    let combinations = spec.space.size().ok();
    let mut defects = false;
    let mut summary =
        json!({"schema": "omega-sweep/check/1", "spec": resolved, "combinations": combinations});
    if args.no_data {
        match combinations {
            Some(count) => console.say(&format!("{} combinations", numbers::count(count))),
            None => console.say("a continuous space, or one too large to count"),
        }
    } else if unbuilt.is_empty() {
        let display = Display::new(console, ProgressMode::Lines);
        let options = JobOptions { memory: memory::available(), ..JobOptions::default() };
        let prepared = job::prepare(spec, registry, &options)?;
        let count = prepared.announce(&options, &RunProgress::new(&display, Vec::new()))?;
        let estimate = estimate(&prepared)?;
        console.say(&estimate.to_string());
        summary["excluded"] = json!(count.as_ref().map(|count| prepared.plan.positions - count.run));
        summary["trials"] = json!(count.map(|count| count.run * prepared.windows()));
        summary["estimate"] = estimate.to_json();
        if args.lookahead {
            let (found, defect) = strategy_tests::lookahead(&prepared, console)?;
            summary["lookahead"] = found;
            defects |= defect;
        }
        if args.warmup {
            let (found, defect) = strategy_tests::warmup(&prepared, console)?;
            summary["warmup"] = found;
            defects |= defect;
        }
    }
    let output = if args.json { summary } else { resolved };
    print(console, &format!("{output:#}\n"))?;
    match (unbuilt.is_empty(), defects) {
        (false, _) => Err(ConfigError::Invalid(unbuilt).into()),
        (true, true) => Ok(Exit::NothingFound),
        (true, false) => Ok(Exit::Success),
    }
}

/// Runs a few trials on one thread and multiplies.
fn estimate(prepared: &Prepared) -> Result<Estimate, Failure> {
    let sample = prepared.sample(CALIBRATED);
    let begun = now();
    let series = prepared.series_of(&sample)?;
    let building = since(begun);
    let begun = now();
    let mut run = 0_u32;
    for trial in &sample {
        prepared.try_out(&series, trial);
        run += 1;
        if since(begun) > ENOUGH {
            break;
        }
    }
    let per_trial = since(begun) / f64::from(run.max(1));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let trials = prepared.plan.positions as f64 * prepared.windows() as f64;
    let distinct = prepared.distinct_series() as f64 / series.len().max(1) as f64;
    let columns = (prepared.schema.params.len() + prepared.schema.metrics.len() + 12) as f64;
    let data = prepared.study.inputs.data.bytes() as f64;
    let bytes = |value: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size")]
        let whole = value as u64;
        whole
    };
    Ok(Estimate {
        seconds: building * distinct.max(1.0) + per_trial * trials / threads as f64,
        threads,
        memory: bytes(data + series.report().bytes as f64 * distinct.max(1.0)),
        disk: bytes(trials * columns * 8.0),
    })
}

impl std::fmt::Display for Estimate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "about   {} on {} threads, {} of memory, at most {} on disk",
            numbers::seconds(self.seconds),
            self.threads,
            numbers::bytes(self.memory),
            numbers::bytes(self.disk)
        )
    }
}

impl Estimate {
    fn to_json(&self) -> Value {
        json!({"seconds": self.seconds, "threads": self.threads, "memory_bytes": self.memory,
               "disk_bytes": self.disk})
    }
}

#[expect(clippy::disallowed_methods, reason = "an estimate of time needs a clock; it reaches no result")]
fn now() -> Instant {
    Instant::now()
}

fn since(begun: Instant) -> f64 {
    now().duration_since(begun).as_secs_f64()
}
