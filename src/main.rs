//! The program: parse, call the library, map the outcome to an exit code.

use std::process::ExitCode;

use omega_sweep::cli::main_with;
use omega_sweep::engine::Registry;

fn main() -> ExitCode {
    main_with(&Registry::builtin())
}
