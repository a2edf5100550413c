//! `bench`: what sweeps cost on this machine.

use std::path::Path;
use std::time::Duration;

use crate::bench::{self, BenchError, BenchOptions, Market, Report, Source, Workload};
use crate::cli::args::BenchArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Console;
use crate::cli::units::MemoryBudget;
use crate::cli::{memory, meter};
use crate::engine::Registry;

/// `bench`
pub(super) fn bench(args: &BenchArgs, registry: &Registry, console: Console) -> Result<Exit, Failure> {
    let meter = meter::meter().ok_or_else(|| {
        Failure::new(
            Exit::Internal,
            "this system does not tell the processor time of a program",
            "measure on Linux or macOS",
        )
    })?;
    let options = BenchOptions {
        repeat: args.repeat.into(),
        threads: args.threads.into(),
        clock: args.clock.into(),
        set: args.set.iter().map(ToString::to_string).collect(),
        memory: super::sweep::bytes_of(MemoryBudget::Share(0.75)),
        meter,
    };
    let folder = args.data.as_deref().map(absolute).transpose()?;
    let sources = match &args.workload {
        Some(source) => vec![source.clone()],
        None => Workload::ALL.map(Source::Workload).to_vec(),
    };
    let mut reports = Vec::new();
    let mut market = folder.clone().map(Market::Folder);
    for source in &sources {
        let begun = if reports.is_empty() { Duration::ZERO } else { meter().wall };
        console.say(&format!("bench   {}", words(source)));
        let report = if *source == Source::Workload(Workload::W4) {
            Report::of_walk(&options, bench::walk(folder.as_deref(), &options)?, memory::peak())
        } else {
            if market.is_none() && matches!(source, Source::Workload(_)) {
                console.say("data    generated bars, not those of the recorded results: --data DIR names a folder with them");
                market = Some(Market::generate(args.bars)?);
            }
            let figures = bench::measure(source, market.as_ref(), registry, &options)?;
            Report::of_sweep(source, market.as_ref(), &options, figures, begun, memory::peak())
        };
        show(&report, args.json, console)?;
        reports.push(report);
    }
    if reports.len() > 1 && !args.json {
        super::print(console, &format!("\n{}", bench::table(&reports)))?;
    }
    Ok(if reports.iter().all(Report::all_right) { Exit::Success } else { Exit::NothingFound })
}

fn show(report: &Report, json: bool, console: Console) -> Result<Exit, Failure> {
    let text = if json { format!("{}\n", report.to_json()) } else { report.lines() };
    super::print(console, &text)
}

fn words(source: &Source) -> String {
    match source {
        Source::Workload(workload) => format!("{}  {}", workload.name(), workload.title()),
        Source::File(path) => path.display().to_string(),
    }
}

/// A folder of the command line counts from the working directory, whatever file it is used with.
fn absolute(path: &Path) -> Result<std::path::PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format_args!("{}: {error}", path.display()),
            "name a folder with --data DIR",
        )
    })
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Job(error) => error.into(),
            BenchError::Failed { .. } => Self::new(
                Exit::TooManyFailures,
                &error,
                "run the file to see which sets fail: omega-sweep FILE",
            ),
            BenchError::Folder(_) => {
                Self::new(Exit::Disk, &error, "make room, or name another place with TMPDIR")
            }
        }
    }
}
