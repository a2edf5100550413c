//! Command line: grammar, commands, progress, exit codes. The only place that prints.

mod args;
mod commands;
mod crash;
mod exit;
mod explain;
mod failure;
mod memory;
mod output;
mod progress;
mod refusal;
mod runs;
mod signals;
mod units;
mod wall;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::engine::Registry;
use args::Cli;
pub use exit::Exit;
use failure::Failure;
use output::Console;

/// Runs the whole program on the command line of this process, with the strategies of a registry.
///
/// The `main` of a program with an own strategy is this one call:
///
/// ```no_run
/// use omega_sweep::engine::Registry;
///
/// fn main() -> std::process::ExitCode {
///     omega_sweep::cli::main_with(&Registry::builtin())
/// }
/// ```
pub fn main_with(registry: &Registry) -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let plain = Console::new(args::ColorChoice::Auto, 0);
    if words.len() <= 1 {
        return finish(plain, commands::about(plain));
    }
    if let Some((name, remedy)) = words.get(1).and_then(args::not_built) {
        let message = format!("`{name}` is not part of version {}", env!("CARGO_PKG_VERSION"));
        return finish(plain, Err(Failure::new(Exit::Usage, message, remedy)));
    }
    match Cli::try_parse_from(args::with_run_inserted(words)) {
        Ok(cli) => {
            let verbosity =
                if cli.talk.quiet { -1 } else { i8::try_from(cli.talk.verbose).unwrap_or(i8::MAX) };
            let console = Console::new(cli.talk.color, verbosity);
            finish(console, crash::guarded(|| commands::dispatch(cli.command, registry, console)))
        }
        Err(error) => {
            // Help and version go to standard output with code 0, mistakes to standard error with code 2.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()))
        }
    }
}

fn finish(console: Console, outcome: Result<Exit, Failure>) -> ExitCode {
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            console.complain(&failure.text);
            if let Some(detail) = failure.detail.filter(|_| console.verbosity >= 2) {
                console.complain(&format!("  cause: {detail}"));
            }
            failure.exit.into()
        }
    }
}
