//! What asks a run to stop: Ctrl-C, SIGTERM, the time budget. The second signal ends the process at once.
//!
//! The first signal only asks: running trials finish, the chunk is written, a partial leaderboard is printed. The
//! second ends the process in the handler; whatever chunks are on disk are whole, so the run can still be continued.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

use super::exit::Exit;

/// How often the flags of the handlers are looked at.
const POLL: Duration = Duration::from_millis(20);

/// Which signals have arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Signals {
    /// Installs the handlers.
    ///
    /// # Errors
    /// When the system refuses one.
    pub(crate) fn install() -> io::Result<Self> {
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

/// A thread that waits for a reason to stop while a run works, and tells it once. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Waits for a signal; `ask_to_stop` gets the exit code it stands for.
    pub(crate) fn for_signals(signals: Signals, ask_to_stop: impl FnOnce(Exit) + Send + 'static) -> Self {
        Self::start(move |over| {
            while over.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                if let Some(exit) = signals.exit() {
                    return ask_to_stop(exit);
                }
            }
        })
    }

    /// Waits until `budget` has passed.
    pub(crate) fn for_time(budget: Duration, ask_to_stop: impl FnOnce() + Send + 'static) -> Self {
        Self::start(move |over| {
            if over.recv_timeout(budget) == Err(RecvTimeoutError::Timeout) {
                ask_to_stop();
            }
        })
    }

    fn start(wait: impl FnOnce(std::sync::mpsc::Receiver<()>) + Send + 'static) -> Self {
        let (over, receiver) = channel();
        let thread = std::thread::spawn(move || wait(receiver));
        Self { over: Some(over), thread: Some(thread) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.over.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to report but a panic of its own callback, which only sets a flag.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_budget_asks_once_and_a_run_that_ends_earlier_is_left_alone() {
        let asked = Arc::new(AtomicBool::new(false));
        let ask = |asked: &Arc<AtomicBool>| {
            let asked = Arc::clone(asked);
            move || asked.store(true, Ordering::SeqCst)
        };
        drop(Watch::for_time(Duration::from_hours(1), ask(&asked)));
        assert!(!asked.load(Ordering::SeqCst));
        let mut watch = Watch::for_time(Duration::ZERO, ask(&asked));
        watch.thread.take().expect("started").join().expect("no panic");
        assert!(asked.load(Ordering::SeqCst));
    }

    #[test]
    fn a_signal_that_came_asks_with_its_exit_code() {
        let signals = Signals::default();
        signals.terminated.store(true, Ordering::SeqCst);
        let (send, receive) = channel();
        let watch = Watch::for_signals(signals, move |exit| send.send(exit).expect("received"));
        assert_eq!(receive.recv(), Ok(Exit::Terminated));
        drop(watch);
    }
}
