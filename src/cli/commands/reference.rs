//! What exists: schema, completions, manual page.

use clap::CommandFactory;

use super::print;
use crate::cli::args::{Cli, CompletionsArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Console;

/// The JSON Schema of the sweep file, as committed.
const SCHEMA: &str = include_str!("../../config/grid.schema.json");

/// `schema`
pub(super) fn schema(console: Console) -> Result<Exit, Failure> {
    print(console, SCHEMA)
}

/// `completions SHELL`
pub(super) fn completions(args: &CompletionsArgs, console: Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "omega-sweep", &mut script);
    print(console, &String::from_utf8_lossy(&script))
}

/// `man`
pub(super) fn man(console: Console) -> Result<Exit, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Failure::new(Exit::Internal, error, "report this with the version"))?;
    print(console, &String::from_utf8_lossy(&page))
}
