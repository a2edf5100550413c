//! The run folder: chunks, manifest, digests, leaderboard. Whole or absent, provably intact.
//!
//! Every file is written under a temporary name, synced and renamed, and its directory synced. The set of chunks whose
//! bytes match their names is the only state of a sweep; everything else can be rebuilt from it. No clock here: times
//! are handed in by the program and stand outside every digest.

pub mod artifacts;
pub mod chunks;
pub mod digest;
pub mod error;
pub mod events;
pub mod folder;
pub mod identity;
pub mod leaderboard;
pub mod lock;
pub mod manifest;
pub mod merge;
pub mod returns;
pub mod table;

#[cfg(test)]
mod chunk_tests;
pub(crate) mod disk;
#[cfg(test)]
mod memory_tests;
pub(crate) mod parquet_file;

pub use chunks::{ChunkFolder, ChunkFormat};
pub use error::{ErrorClass, StoreError};
pub use events::EventLog;
pub use folder::{OpenMode, RunFolder, Started};
pub use identity::{DataFingerprint, StudyIdentity};
pub use lock::FolderLock;
pub use manifest::{ChunkEntry, Manifest, ManifestHead};
pub use table::{MetricColumn, ParamColumn, ParamKind, TableSchema};
