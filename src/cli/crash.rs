//! A bug of the program as a message a user can send: no stack trace unless asked for.

use std::backtrace::Backtrace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use super::exit::Exit;
use super::failure::Failure;

/// What the latest panic said. Panics of single trials are caught by the sweep and overwritten or never read.
static LATEST: Mutex<Option<(String, Backtrace)>> = Mutex::new(None);

/// Runs a command; a panic becomes a failure with exit code 70.
pub(crate) fn guarded(command: impl FnOnce() -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    std::panic::set_hook(Box::new(|info| {
        let latest = Some((info.to_string(), Backtrace::force_capture()));
        *LATEST.lock().unwrap_or_else(PoisonError::into_inner) = latest;
    }));
    catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|_| {
        let latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (what, trace) = latest.map_or_else(
            || ("unknown".to_owned(), String::new()),
            // Names of functions are looked up only now.
            |(what, trace)| (what, trace.to_string()),
        );
        let message = format!("internal error: {}", what.replace('\n', ": "));
        let remedy = format!(
            "this is a bug: report this message, the sweep file and version {}; -vv adds the stack trace",
            env!("CARGO_PKG_VERSION")
        );
        Err(Failure::coded(Exit::Internal, "E900", message, remedy).with_detail(trace))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_exit_code_70_with_the_place_and_no_trace() {
        let hook = std::panic::take_hook();
        let outcome = guarded(|| panic!("seven bars are missing"));
        std::panic::set_hook(hook);
        let failure = outcome.expect_err("a failure");
        assert_eq!(failure.exit, Exit::Internal);
        assert!(failure.text.starts_with("error[E900]: internal error: "), "{}", failure.text);
        assert!(failure.text.contains("seven bars are missing") && failure.text.contains("crash.rs:"));
        assert_eq!(failure.text.lines().count(), 2);
    }
}
