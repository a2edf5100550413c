//! Where finished chunks go and come back from: a folder, or memory.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use super::{DailyReturns, TrialRow};
use crate::types::TrialId;

/// All trials of one range of positions, none missing.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedChunk {
    /// Number of the chunk.
    pub number: u64,
    /// Rows by (fold, trial id); none when every position of the range is excluded.
    pub rows: Vec<TrialRow>,
    /// Returns per day by (fold, trial id), for trials that keep them.
    pub returns: Vec<(u32, TrialId, DailyReturns)>,
}

impl FinishedChunk {
    /// Puts rows and returns into their stored order.
    pub fn new(number: u64, mut rows: Vec<TrialRow>, mut returns: Vec<(u32, TrialId, DailyReturns)>) -> Self {
        rows.sort_unstable_by_key(TrialRow::key);
        returns.sort_by_key(|&(fold, trial, _)| (fold, trial));
        Self { number, rows, returns }
    }
}

/// What a store holds under a chunk number.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    /// The chunk, proven intact; rows by (fold, trial id).
    Whole(Vec<TrialRow>),
    /// Something that is not that chunk any more; the text says how it was noticed.
    Damaged(String),
}

/// Keeps finished chunks.
pub trait ChunkStore: Send {
    /// Why it cannot.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Numbers under which anything is stored, not yet checked.
    ///
    /// # Errors
    /// When the store cannot be listed.
    fn listed(&mut self) -> Result<BTreeSet<u64>, Self::Error>;

    /// Reads and checks a chunk.
    ///
    /// # Errors
    /// When the store cannot be read at all; damage is not an error but an answer.
    fn read(&mut self, chunk: u64) -> Result<Stored, Self::Error>;

    /// Takes a chunk; it may become safe later, at the latest in [`ChunkStore::finish`]. Replaces a damaged one.
    ///
    /// # Errors
    /// When this or an earlier chunk could not be stored.
    fn write(&mut self, chunk: FinishedChunk) -> Result<(), Self::Error>;

    /// Returns once every chunk taken is safe.
    ///
    /// # Errors
    /// When one of them could not be stored.
    fn finish(&mut self) -> Result<(), Self::Error>;
}

/// A store for sweeps that leave nothing behind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryStore {
    chunks: BTreeMap<u64, FinishedChunk>,
}

impl MemoryStore {
    /// All chunks, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &FinishedChunk> {
        self.chunks.values()
    }
}

impl ChunkStore for MemoryStore {
    type Error = Infallible;

    fn listed(&mut self) -> Result<BTreeSet<u64>, Infallible> {
        Ok(self.chunks.keys().copied().collect())
    }

    fn read(&mut self, chunk: u64) -> Result<Stored, Infallible> {
        Ok(match self.chunks.get(&chunk) {
            Some(chunk) => Stored::Whole(chunk.rows.clone()),
            None => Stored::Damaged("not there".to_owned()),
        })
    }

    fn write(&mut self, chunk: FinishedChunk) -> Result<(), Infallible> {
        self.chunks.insert(chunk.number, chunk);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
