//! `run` and `walk-forward`: from the sweep file to the closing screen.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::cli::args::{Override, RunArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Console;
use crate::cli::progress::{Display, RunProgress};
use crate::cli::signals::{Signals, Watch};
use crate::cli::units::MemoryBudget;
use crate::cli::{memory, runs, wall};
use crate::config::{self, ConfigError, JobSpec, LoadOptions, Text, Validation};
use crate::engine::registry::Registry;
use crate::job::{self, JobOptions, JobReport};
use crate::report::terminal;
use crate::sweep::{Shard, StopFlag, StopReason, SweepEnd};

/// What `walk-forward` adds to a file without a validation: as many windows as fit, chosen on half a year each.
const WALK_FORWARD: &str = r#"validation={"kind":"walk_forward","train":"6m","test":"2m"}"#;

/// `run FILE`
pub(super) fn run(args: &RunArgs, registry: &Registry, console: Console) -> Result<Exit, Failure> {
    let display = Display::new(console, args.progress);
    let spec = load(&args.file, registry, &options_of(args.seed, &args.set), console)?;
    sweep(spec, registry, args, &display, console)
}

/// `walk-forward FILE`
pub(super) fn walk_forward(args: &RunArgs, registry: &Registry, console: Console) -> Result<Exit, Failure> {
    let display = Display::new(console, args.progress);
    let mut options = options_of(args.seed, &args.set);
    let source = Source::read(&args.file)?;
    let spec = source.parse(registry, &options)?;
    if matches!(spec.validation, Validation::WalkForward(_)) {
        return sweep(usable(spec, console)?, registry, args, &display, console);
    }
    if spec.validation != Validation::None {
        return Err(Failure::new(
            Exit::Usage,
            "the file asks for another validation than walk_forward",
            "leave `validation` out, or run the file as it is: omega-sweep run FILE",
        ));
    }
    options.set.push(WALK_FORWARD.to_owned());
    let spec = usable(source.parse(registry, &options)?, console)?;
    sweep(spec, registry, args, &display, console)
}

/// The text of a sweep file, from a file or from standard input.
pub(super) struct Source {
    shown: String,
    name: String,
    text: String,
    folder: PathBuf,
}

impl Source {
    /// Reads the file; `-` is standard input, whose relative paths count from the working directory.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = if path == Path::new("-") {
            std::io::read_to_string(std::io::stdin())
        } else {
            std::fs::read_to_string(path)
        };
        let text = text.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let stem = path.file_stem().map_or("sweep".into(), |stem| stem.to_string_lossy());
        let is_stdin = path == Path::new("-");
        Ok(Self {
            shown: if is_stdin { "standard input".to_owned() } else { path.display().to_string() },
            name: if is_stdin { "sweep".to_owned() } else { stem.into_owned() },
            text,
            folder: path.parent().map(Path::to_path_buf).unwrap_or_default(),
        })
    }

    /// Checks it.
    pub(super) fn parse(&self, registry: &Registry, options: &LoadOptions) -> Result<JobSpec, Failure> {
        let text =
            Text { shown: &self.shown, name: &self.name, text: &self.text, folder: self.folder.clone() };
        Ok(config::parse(&text, registry, options)?)
    }
}

/// What the command line changes in the file.
pub(super) fn options_of(seed: Option<u64>, set: &[Override]) -> LoadOptions {
    LoadOptions { seed, set: set.iter().map(ToString::to_string).collect() }
}

/// Reads a sweep file, says its warnings, and refuses by name what this version cannot do.
pub(super) fn load(
    path: &Path,
    registry: &Registry,
    options: &LoadOptions,
    console: Console,
) -> Result<JobSpec, Failure> {
    usable(Source::read(path)?.parse(registry, options)?, console)
}

fn usable(spec: JobSpec, console: Console) -> Result<JobSpec, Failure> {
    let unbuilt = spec.unbuilt();
    if !unbuilt.is_empty() {
        return Err(ConfigError::Invalid(unbuilt).into());
    }
    for warning in &spec.warnings {
        console.say(&warning.to_string());
    }
    Ok(spec)
}

fn sweep(
    spec: JobSpec,
    registry: &Registry,
    args: &RunArgs,
    display: &Display,
    console: Console,
) -> Result<Exit, Failure> {
    let signals = Signals::install().map_err(|error| {
        Failure::new(Exit::Internal, error, "report this with the version and the system")
    })?;
    let stop = StopFlag::default();
    let asked = stop.clone();
    let _signals = Watch::for_signals(signals, move |exit| {
        asked.set(if exit == Exit::Terminated { StopReason::Terminated } else { StopReason::Interrupted });
    });
    let budget = args.max_wall.map(|span| span.0);
    let budget = budget.or(spec.budget.max_wall_seconds.map(Duration::from_secs));
    let asked = stop.clone();
    let _budget = budget.map(|budget| Watch::for_time(budget, move || asked.set(StopReason::TimeBudget)));

    display.line("sweep", &format!("{}  {}", spec.name, args.file.display()));
    let searched: Vec<Arc<str>> =
        spec.space.axes().iter().filter(|axis| axis.is_searched()).map(|axis| axis.name.clone()).collect();
    let progress = RunProgress::new(display, searched);
    let outcome = job::run(spec, registry, &job_options(args), &progress, &stop);
    display.end();
    let mut report = outcome?;
    report.screen.seconds = display.elapsed();
    report.screen.peak_memory = memory::peak();
    show(&report, args.json, console)?;
    Ok(exit_of(&report))
}

fn show(report: &JobReport, json: bool, console: Console) -> Result<Exit, Failure> {
    if !json {
        return super::print(console, &terminal::closing_screen(&report.screen, console.colors_data()));
    }
    console.say(terminal::closing_screen(&report.screen, console.colors_talk()).trim_end());
    super::print(console, &format!("{:#}\n", report.screen.to_json()))
}

fn exit_of(report: &JobReport) -> Exit {
    match report.end {
        SweepEnd::Stopped(StopReason::Interrupted) => Exit::Interrupted,
        SweepEnd::Stopped(StopReason::Terminated) => Exit::Terminated,
        SweepEnd::TooManyFailures { .. } => Exit::TooManyFailures,
        SweepEnd::Stopped(StopReason::Failure) => Exit::Disk,
        SweepEnd::Complete | SweepEnd::Stopped(StopReason::TimeBudget) => {
            if report.screen.counts.feasible > 0 { Exit::Success } else { Exit::NothingFound }
        }
    }
}

fn job_options(args: &RunArgs) -> JobOptions {
    let shard = args.shard.map_or(Shard::WHOLE, |shard| Shard { part: shard.part, parts: shard.of });
    JobOptions {
        out: args.out.clone(),
        results: PathBuf::from(runs::RESULTS),
        latest: true,
        threads: args.threads.map_or(0, usize::from),
        shard,
        fresh: args.fresh,
        memory: bytes_of(args.memory),
        max_failures: args.max_failures.0,
        accept_version: args.accept_version,
        check_candidates: args.check_candidates,
        about: about(),
        wall: wall::now,
        ..JobOptions::default()
    }
}

/// A budget in bytes; a share of what is available is no limit where the system does not say.
pub(super) fn bytes_of(budget: MemoryBudget) -> Option<u64> {
    match budget {
        MemoryBudget::Bytes(bytes) => Some(bytes),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a size")]
        MemoryBudget::Share(share) => memory::available().map(|bytes| (bytes as f64 * share) as u64),
    }
}

/// What the manifest keeps beside the results: nothing in it is part of a digest.
fn about() -> Map<String, Value> {
    let mut about = Map::new();
    about.insert("host".to_owned(), Value::from(crate::store::lock::host_name()));
    about.insert("version".to_owned(), Value::from(env!("CARGO_PKG_VERSION")));
    about
}
