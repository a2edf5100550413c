//! The program: parse, call the library, map the outcome to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    omega_sweep::cli::run(std::env::args_os())
}
