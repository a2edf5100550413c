//! The wish to stop: one flag that workers look at between trials.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Who asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// The time budget is used up.
    TimeBudget,
    /// Too many trials failed, or the results could not be stored.
    Failure,
}

const REASONS: [StopReason; 4] =
    [StopReason::Interrupted, StopReason::Terminated, StopReason::TimeBudget, StopReason::Failure];

/// A shared flag; the first reason given stands. Setting it is a single atomic operation, so a signal handler may.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicU8>);

impl StopFlag {
    /// Asks everybody to stop: running trials finish, no other begins.
    pub fn set(&self, reason: StopReason) {
        let code = match reason {
            StopReason::Interrupted => 1,
            StopReason::Terminated => 2,
            StopReason::TimeBudget => 3,
            StopReason::Failure => 4,
        };
        // Losing the race means that another reason came first and stands.
        let _ = self.0.compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Why to stop, if anybody asked.
    pub fn reason(&self) -> Option<StopReason> {
        match self.0.load(Ordering::SeqCst) {
            0 => None,
            code => Some(REASONS[usize::from(code) - 1]),
        }
    }

    /// Whether anybody asked to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stands() {
        let flag = StopFlag::default();
        assert_eq!(flag.reason(), None);
        let same = flag.clone();
        same.set(StopReason::TimeBudget);
        flag.set(StopReason::Interrupted);
        assert_eq!(flag.reason(), Some(StopReason::TimeBudget));
        assert!(flag.is_set());
    }
}
