//! `manifest.json`: everything needed to repeat and to question a result.
//!
//! Nothing in it is needed to resume: the chunks are the truth, and the chunk table is rebuilt from them. Host and times
//! stand under `about` and outside every digest.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::chunks::file_name;
use super::disk::Disk;
use super::{DataFingerprint, StoreError, StudyIdentity, digest::lock_file_digest};
use crate::sweep::reducer::ChunkFigures;
use crate::types::Digest;

/// Name of the file.
pub const MANIFEST: &str = "manifest.json";
/// Newest layout this program reads.
pub const MANIFEST_FORMAT: u32 = 1;

/// One line of the chunk table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkEntry {
    /// Number of the chunk.
    pub chunk: u64,
    /// Least trial id in it, absent when it has no rows.
    pub first_trial: Option<u64>,
    /// Greatest trial id in it.
    pub last_trial: Option<u64>,
    /// Number of rows.
    pub rows: u64,
    /// Its file under `trials/`.
    pub file: String,
    /// Digest over its trial digests.
    pub content: String,
}

impl ChunkEntry {
    /// The line of a chunk whose file hashes to `bytes`.
    pub fn new(chunk: u64, figures: &ChunkFigures, bytes: Digest) -> Self {
        Self {
            chunk,
            first_trial: figures.trials.map(|(first, _)| first.0),
            last_trial: figures.trials.map(|(_, last)| last.0),
            rows: figures.rows,
            file: file_name(chunk, bytes),
            content: figures.content.to_hex(),
        }
    }
}

/// A data fingerprint in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct DataEntry {
    symbol: String,
    timeframe: String,
    from_file: bool,
    rows: u64,
    blocks: Vec<String>,
}

/// The manifest of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Layout version of this file.
    pub format: u32,
    /// Study id, 64 hex digits.
    pub study: String,
    /// Name of the study.
    pub name: String,
    /// Master seed.
    pub seed: u64,
    /// Engine version the study began with.
    pub engine_version: String,
    /// Other engine versions that were accepted later; the run is a mix then.
    #[serde(default)]
    pub accepted_versions: Vec<String>,
    /// BLAKE3 of the `Cargo.lock` the program was built with.
    pub lock_file: String,
    /// Execution profile.
    pub profile: String,
    /// Settings that deviate from the profile, as `key = value`.
    pub deviations: Vec<String>,
    /// Digest over all market data.
    pub data_fingerprint: String,
    data: Vec<DataEntry>,
    /// What was read: files with rows and period, what policies changed, warnings. Outside every digest.
    #[serde(default)]
    pub data_report: Value,
    /// Positions of the enumeration, excluded ones included; 0 while unknown.
    pub positions: u64,
    /// Positions per chunk.
    pub chunk_trials: u64,
    /// Part and number of parts, `[1, 1]` for a whole study.
    pub shard: [u32; 2],
    /// The sweep file with every default written out.
    pub spec: Value,
    /// The chunks.
    pub chunks: Vec<ChunkEntry>,
    /// Merkle root over the chunks, once all are there.
    pub sweep_digest: Option<String>,
    /// Whether a time budget ended it early.
    pub truncated: bool,
    /// Host, times, threads: whatever differs from run to run. Outside every digest.
    pub about: Map<String, Value>,
}

/// What a manifest knows from the start.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifestHead {
    /// Name of the study.
    pub name: String,
    /// Master seed.
    pub seed: u64,
    /// Execution profile.
    pub profile: String,
    /// Settings that deviate from it.
    pub deviations: Vec<String>,
    /// What reading the data found and changed.
    pub data_report: Value,
    /// Positions of the enumeration; 0 while unknown.
    pub positions: u64,
    /// Positions per chunk.
    pub chunk_trials: u64,
    /// Part and number of parts.
    pub shard: [u32; 2],
    /// Host, times, threads.
    pub about: Map<String, Value>,
}

impl Manifest {
    /// The manifest of a run that begins.
    pub fn new(identity: &StudyIdentity, head: ManifestHead) -> Self {
        let data = identity.data.iter().map(|data| DataEntry {
            symbol: data.symbol.clone(),
            timeframe: data.timeframe.clone(),
            from_file: data.from_file,
            rows: data.rows,
            blocks: data.blocks.iter().map(|block| block.to_hex()).collect(),
        });
        Self {
            format: MANIFEST_FORMAT,
            study: identity.study_id().to_hex(),
            name: head.name,
            seed: head.seed,
            engine_version: identity.engine_version.clone(),
            accepted_versions: Vec::new(),
            lock_file: lock_file_digest().to_hex(),
            profile: head.profile,
            deviations: head.deviations,
            data_fingerprint: identity.data_fingerprint.to_hex(),
            data: data.collect(),
            data_report: head.data_report,
            positions: head.positions,
            chunk_trials: head.chunk_trials,
            shard: head.shard,
            spec: identity.spec.clone(),
            chunks: Vec::new(),
            sweep_digest: None,
            truncated: false,
            about: head.about,
        }
    }

    /// The manifest of a run folder; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or was written by a later program.
    pub fn load(root: &Path) -> Result<Option<Self>, StoreError> {
        let path = root.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::disk("read", &path, error)),
        };
        let json: Value =
            serde_json::from_str(&text).map_err(|error| StoreError::damaged(&path, error.to_string()))?;
        let format = json.get("format").and_then(Value::as_u64).unwrap_or(0);
        if format > u64::from(MANIFEST_FORMAT) {
            let found = format.to_string();
            return Err(StoreError::NewerFormat { path, found, supported: MANIFEST_FORMAT });
        }
        serde_json::from_value(json).map(Some).map_err(|error| StoreError::damaged(&path, error.to_string()))
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self, root: &Path) -> Result<(), StoreError> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| StoreError::Encode { what: MANIFEST.to_owned(), reason: error.to_string() })?;
        text.push('\n');
        Disk::default().write_whole(root, MANIFEST, text.as_bytes())
    }

    /// What the run was made of.
    ///
    /// # Errors
    /// When a digest is unreadable.
    pub fn identity(&self, root: &Path) -> Result<StudyIdentity, StoreError> {
        let digest = |hex: &String| {
            Digest::from_hex(hex)
                .ok_or_else(|| StoreError::damaged(&root.join(MANIFEST), format!("`{hex}` is no digest")))
        };
        let data = self.data.iter().map(|entry| {
            Ok(DataFingerprint {
                symbol: entry.symbol.clone(),
                timeframe: entry.timeframe.clone(),
                from_file: entry.from_file,
                rows: entry.rows,
                blocks: entry.blocks.iter().map(digest).collect::<Result<_, StoreError>>()?,
            })
        });
        Ok(StudyIdentity {
            engine_version: self.engine_version.clone(),
            spec: self.spec.clone(),
            data_fingerprint: digest(&self.data_fingerprint)?,
            data: data.collect::<Result<_, StoreError>>()?,
        })
    }

    /// The study id.
    ///
    /// # Errors
    /// When it is unreadable.
    pub fn study_id(&self, root: &Path) -> Result<Digest, StoreError> {
        Digest::from_hex(&self.study)
            .ok_or_else(|| StoreError::damaged(&root.join(MANIFEST), "its study id is no digest"))
    }

    /// Takes over the end of a sweep: chunk table and, when it is complete, the digest.
    pub fn conclude(
        &mut self,
        chunks: &BTreeMap<u64, ChunkFigures>,
        files: &BTreeMap<u64, Digest>,
        digest: Option<Digest>,
    ) {
        let with_file =
            chunks.iter().filter_map(|(number, figures)| Some((number, figures, files.get(number)?)));
        self.chunks =
            with_file.map(|(number, figures, bytes)| ChunkEntry::new(*number, figures, *bytes)).collect();
        self.sweep_digest = digest.map(Digest::to_hex);
    }
}
