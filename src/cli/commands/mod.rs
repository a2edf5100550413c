//! One small function per command: call the library, hand the answer to `report`, say how it ended.

mod check;
mod data;
mod reference;
mod results;
mod strategy_tests;
mod sweep;

use super::args::Command;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Console;
use crate::engine::Registry;

/// What the program is, without arguments.
const ABOUT: &str = "\
omega-sweep finds out which parameters of a trading strategy hold up.

It runs one strategy over shared market data many thousand times, each time
with other parameters, ranks what comes out, and says how likely the winner is
luck. Same input, same bytes, on any number of threads; kill it and it goes on.

Three commands to copy:

  omega-sweep data generate --out data            # a synthetic market to try
  omega-sweep sweeps/grid.json                    # run a sweep and rank it
  omega-sweep show 1                              # look into the best trial

All commands: omega-sweep --help
";

/// Prints what the program is.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn about(console: Console) -> Result<Exit, Failure> {
    print(console, ABOUT)
}

/// Runs a command with the strategies of `registry`.
///
/// # Errors
/// Whatever ends it early.
pub(crate) fn dispatch(command: Command, registry: &Registry, console: Console) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => sweep::run(&args, registry, console),
        Command::WalkForward(args) => sweep::walk_forward(&args.run, registry, console),
        Command::Check(args) => check::check(&args, registry, console),
        Command::Top(args) => results::top(&args, registry, console),
        Command::Show(args) => results::show(&args, registry, console),
        Command::Verify(args) => results::verify(&args, registry, console),
        Command::Data(command) => data::data(&command, console),
        Command::Strategies(args) => reference::strategies(&args, registry, console),
        Command::Metrics(args) => reference::metrics(&args, console),
        Command::Explain(args) => reference::explain(&args, console),
        Command::Schema => reference::schema(console),
        Command::Completions(args) => reference::completions(&args, console),
        Command::Man => reference::man(console),
    }
}

/// Data to standard output.
fn print(console: Console, text: &str) -> Result<Exit, Failure> {
    match console.data(text) {
        Ok(()) => Ok(Exit::Success),
        Err(error) => {
            Err(Failure::new(Exit::Disk, format_args!("standard output: {error}"), "check where it goes"))
        }
    }
}
