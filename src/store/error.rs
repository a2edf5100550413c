//! What can go wrong with stored results, and which kind of trouble it is.

use std::io;
use std::path::{Path, PathBuf};

/// Kind of trouble; the program maps it to an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The disk or the file system; the run can be continued.
    Disk,
    /// Stored results are damaged.
    Damaged,
    /// Going on, joining or reading was refused: another study, another version, another process.
    Refused,
    /// A bug of this program.
    Internal,
}

/// Trouble with a run folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused a file operation.
    #[error("cannot {action} {}{}: {source}", path.display(), needed(*bytes))]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Bytes to be written, if it was a write.
        bytes: Option<u64>,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what it was.
    #[error("{} is damaged: {how}; run the sweep again to replace it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it was noticed.
        how: String,
    },
    /// A file of a later program.
    #[error(
        "{} has format version {found}, this program reads up to {supported}; use the program that wrote it",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The newest version read.
        supported: u32,
    },
    /// Another process writes the folder.
    #[error("{} is in use by process {pid} on {host}; wait for it or choose another folder with --out", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
        /// Process id of the holder.
        pid: String,
        /// Its host.
        host: String,
    },
    /// The folder belongs to another study.
    #[error("{} holds another study; it differs in {}", path.display(), differences.join(", "))]
    OtherStudy {
        /// The folder.
        path: PathBuf,
        /// What differs: `engine version`, `data EURUSD H1 from row 65536`, `parameters.fast`.
        differences: Vec<String>,
        /// Whether the engine version is all that differs.
        only_version: bool,
    },
    /// Something else lives in the folder.
    #[error("{} is not a run folder: it has {found} and no manifest; choose another one with --out", path.display())]
    NotARunFolder {
        /// The folder.
        path: PathBuf,
        /// A file found there.
        found: String,
    },
    /// Shards that do not fit together.
    #[error("cannot merge: {what}")]
    Shards {
        /// Which trials are missing or there twice, or which study is foreign.
        what: String,
    },
    /// A row cannot be written as the table's columns say.
    #[error("cannot encode {what}: {reason}; please report it")]
    Encode {
        /// Table or column.
        what: String,
        /// Why.
        reason: String,
    },
}

fn needed(bytes: Option<u64>) -> String {
    bytes.map_or_else(String::new, |bytes| format!(" ({bytes} bytes needed)"))
}

impl StoreError {
    /// A failed file operation.
    pub(crate) fn disk(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Disk { action, path: path.to_owned(), bytes: None, source }
    }

    /// A damaged file.
    pub(crate) fn damaged(path: &Path, how: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), how: how.into() }
    }

    /// Which kind of trouble it is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Disk { .. } => ErrorClass::Disk,
            Self::Damaged { .. } => ErrorClass::Damaged,
            Self::NewerFormat { .. }
            | Self::Locked { .. }
            | Self::OtherStudy { .. }
            | Self::NotARunFolder { .. }
            | Self::Shards { .. } => ErrorClass::Refused,
            Self::Encode { .. } => ErrorClass::Internal,
        }
    }

    /// Code for `explain`, where there is one.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherStudy { .. } => "E301",
            Self::Shards { .. } => "E302",
            Self::Locked { .. } => "E303",
            Self::Damaged { .. } => "E304",
            Self::NewerFormat { .. } => "E305",
            Self::NotARunFolder { .. } => "E306",
            Self::Disk { .. } => "E307",
            Self::Encode { .. } => "E309",
        }
    }

    /// What to do about it, when the message does not say.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::OtherStudy { only_version: true, .. } => {
                Some("go on with --accept-version (the run is marked), or start again with --fresh")
            }
            Self::OtherStudy { .. } => Some("start again with --fresh, or choose another folder with --out"),
            Self::Disk { .. } => Some("make room or rights, then run the same command again: it goes on"),
            Self::Shards { .. } => Some("run the missing shard again, or leave out the one too many"),
            _ => None,
        }
    }
}
