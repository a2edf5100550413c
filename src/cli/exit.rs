//! Exit codes: the one place that knows their numbers. They are part of the public interface.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Finished, and at least one trial meets the requirements.
    Success = 0,
    /// Finished, and no trial meets the requirements; or `verify`, `check --lookahead`, `check --warmup` or
    /// `data check` found a difference or a defect.
    NothingFound = 1,
    /// The command line or the sweep file is wrong.
    Usage = 2,
    /// The market data were refused.
    DataRefused = 3,
    /// More trials failed than `--max-failures` allows.
    TooManyFailures = 4,
    /// A disk or file error; the run can be continued.
    Disk = 5,
    /// The memory budget cannot be met.
    Memory = 6,
    /// Stored results are damaged (`run` instead runs a damaged chunk again).
    ResultsDamaged = 7,
    /// Resume or merge refused: data, sweep file or engine differ.
    ResumeRefused = 8,
    /// An internal error; the message says what to send.
    Internal = 70,
    /// Stopped by Ctrl-C; the run can be continued.
    Interrupted = 130,
    /// Stopped by SIGTERM; the run can be continued.
    Terminated = 143,
}

impl Exit {
    /// The number the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::*;

    #[test]
    fn numbers_are_a_contract() {
        let all = [
            Success,
            NothingFound,
            Usage,
            DataRefused,
            TooManyFailures,
            Disk,
            Memory,
            ResultsDamaged,
            ResumeRefused,
            Internal,
            Interrupted,
            Terminated,
        ];
        assert_eq!(all.map(super::Exit::code), [0, 1, 2, 3, 4, 5, 6, 7, 8, 70, 130, 143]);
    }
}
