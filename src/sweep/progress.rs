//! What is going on, for whoever watches. No clock here: rates and remaining time belong to the watcher.

use super::{SweepCounts, TrialRow};

/// Something a watcher may want to show.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProgressEvent<'a> {
    /// A line about the market data.
    Data(&'a str),
    /// A line about what will run.
    Plan(&'a str),
    /// A line about the shared series.
    Cache(&'a str),
    /// Positions to work through in all, and those found finished in the run folder.
    Begin {
        /// Positions of the plan, excluded ones included.
        total: u64,
        /// Positions already answered by finished chunks.
        resumed: u64,
    },
    /// How far it is.
    Trials {
        /// Positions done, resumed and excluded ones included.
        done: u64,
        /// How the trials among them went.
        counts: SweepCounts,
    },
    /// A new best trial.
    Best(&'a TrialRow),
    /// A chunk is whole and safe.
    Chunk(u64),
    /// Something worth a line that is no error.
    Note(&'a str),
}

/// A watcher. Called from one thread at a time, often: thin out before drawing.
pub trait Progress: Sync {
    /// Takes note of an event.
    fn event(&self, event: &ProgressEvent<'_>);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _event: &ProgressEvent<'_>) {}
}
