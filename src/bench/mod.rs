//! Measures whole sweeps on this machine: what a bar, a trial and a trade cost, and whether the answers are right.
//!
//! What is timed is a sweep as a user runs it, without its files: enumeration, shared series and comparisons, simulation,
//! trades, all metrics, digests of trades and rows, the reducer and its ranking. Reading the bars is timed apart. Nothing
//! is written. The figure to compare is CPU time, of the repetition that took least: wall time on a busy machine says
//! little. There is no clock here; whoever asks brings a [`Meter`].

mod expected;
mod market;
mod measure;
mod show;
mod walk;
mod workload;

use std::time::Duration;

pub use expected::{Expected, Numbers};
pub use market::{MARKET_BARS, Market};
pub use measure::{BenchOptions, SweepFigures, measure};
pub use show::{Report, table};
pub use walk::{WalkFigures, walk};
pub use workload::{Source, Workload};

use crate::job::JobError;

/// What this process has used since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Time on the wall.
    pub wall: Duration,
    /// Processor time of all threads in the program.
    pub user: Duration,
    /// Processor time of all threads in the system.
    pub system: Duration,
}

impl Usage {
    /// What was used after `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            wall: self.wall.saturating_sub(earlier.wall),
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }

    /// Processor time of all threads.
    pub fn cpu(self) -> Duration {
        self.user + self.system
    }
}

/// Reads the clocks of the process.
pub type Meter = fn() -> Usage;

/// Repetitions of one piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repetitions(Vec<Usage>);

impl Repetitions {
    /// Runs `work` at least once and measures every time; also returns what it gave last.
    ///
    /// # Errors
    /// The first error of `work`.
    pub(crate) fn of<T, E>(
        repeat: usize,
        meter: Meter,
        mut work: impl FnMut() -> Result<T, E>,
    ) -> Result<(Self, T), E> {
        let mut used = Vec::with_capacity(repeat);
        loop {
            let before = meter();
            let result = work()?;
            used.push(meter().since(before));
            if used.len() >= repeat {
                return Ok((Self(used), result));
            }
        }
    }

    /// The repetition with the least processor time; the first of equals.
    pub fn least(&self) -> Usage {
        self.0.iter().copied().min_by_key(|usage| usage.cpu()).unwrap_or_default()
    }

    /// Every repetition, in order.
    pub fn all(&self) -> &[Usage] {
        &self.0
    }

    /// How much more the dearest repetition took than the cheapest, as a share of it.
    pub fn spread(&self) -> f64 {
        let (least, most) = (self.least().cpu(), self.0.iter().map(|usage| usage.cpu()).max());
        let most = most.unwrap_or_default();
        if least.is_zero() { 0.0 } else { most.as_secs_f64() / least.as_secs_f64() - 1.0 }
    }
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The sweep cannot run.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Too many trials fail.
    #[error("{failed} of {of} trials failed; the first one: {reason}")]
    Failed {
        /// Trials without a result.
        failed: u64,
        /// Trials run.
        of: u64,
        /// What the first one says.
        reason: String,
    },
    /// The folder for the generated market cannot be made.
    #[error("no folder for a generated market: {0}")]
    Folder(#[from] std::io::Error),
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Goes on by 1, 2, 3, ... milliseconds of work per reading.
    fn clock() -> Usage {
        static READINGS: AtomicU64 = AtomicU64::new(0);
        let n = READINGS.fetch_add(1, Ordering::Relaxed);
        let passed = Duration::from_millis(n * (n + 1) / 2);
        Usage { wall: 3 * passed, user: passed, system: passed }
    }

    #[test]
    fn the_cheapest_repetition_counts_and_the_spread_tells_of_the_others() {
        let (used, last) = Repetitions::of::<_, ()>(3, clock, || Ok(7)).expect("no error");
        let taken: Vec<u128> = used.all().iter().map(|usage| usage.cpu().as_millis()).collect();
        assert_eq!((taken, last), (vec![2, 6, 10], 7));
        assert_eq!(used.least().wall.as_millis(), 3);
        assert!((used.spread() - 4.0).abs() < 1e-12);
    }

    #[test]
    fn work_runs_once_at_least() {
        let (used, ()) = Repetitions::of::<_, ()>(0, Usage::default, || Ok(())).expect("no error");
        assert_eq!((used.all().len(), used.spread()), (1, 0.0));
    }
}
