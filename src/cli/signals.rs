//! Ctrl-C and SIGTERM: once sets the stop flag, twice ends at once.
//!
//! The stop flag is polled by the sweep; running trials finish, the chunk is written, a partial leaderboard is
//! printed. The second signal ends the process in the handler: whatever chunks are on disk are whole, so the run can
//! still be continued.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

use super::exit::Exit;

/// Which signals have arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Signals {
    /// Installs the handlers; `stop` is set by the first signal of either kind.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub(crate) fn install(stop: &Arc<AtomicBool>) -> io::Result<Self> {
        let signals = Self::default();
        let any = Arc::new(AtomicBool::new(false));
        // Order matters: the shutdown looks at `any` before this same signal sets it, so only a second one ends.
        for (signal, seen, exit) in [
            (SIGINT, &signals.interrupted, Exit::Interrupted),
            (SIGTERM, &signals.terminated, Exit::Terminated),
        ] {
            register_conditional_shutdown(signal, i32::from(exit.code()), Arc::clone(&any))?;
            register(signal, Arc::clone(&any))?;
            register(signal, Arc::clone(seen))?;
            register(signal, Arc::clone(stop))?;
        }
        Ok(signals)
    }

    /// How the program ends because of a signal; `None` when none has arrived.
    pub(crate) fn exit(&self) -> Option<Exit> {
        if self.interrupted.load(Ordering::Relaxed) {
            Some(Exit::Interrupted)
        } else if self.terminated.load(Ordering::Relaxed) {
            Some(Exit::Terminated)
        } else {
            None
        }
    }
}
