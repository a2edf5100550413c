//! Chunks of trials as files: one per chunk, its name proving its content.
//!
//! `chunk-000042.9f3a17c2b04d11e8.parquet` holds chunk 42 and its bytes hash to `9f3a17c2b04d11e8...`; study id and
//! chunk number stand inside as well, so neither a flipped bit, nor two files that changed names, nor a file of another
//! run is ever taken for it. Two writer threads encode and store, so that the reducer does not wait for the disk;
//! which of them stores what changes no byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded};

use super::disk::{self, Disk, TEMPORARY};
use super::parquet_file::{self, Notes, note};
use super::returns;
use super::table::{TableSchema, decode};
use super::{StoreError, digest::file_digest};
use crate::sweep::digest::chunk_digest;
use crate::sweep::{ChunkStore, FinishedChunk, Stored, TrialRow};
use crate::types::Digest;

/// Folder of the trial table inside a run folder.
pub const TRIALS: &str = "trials";
/// Folder of the daily returns inside a run folder.
pub const RETURNS: &str = "returns";

/// What every chunk file of a run says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkFormat {
    /// The study.
    pub study: Digest,
    /// Version of the engine that computes new chunks.
    pub engine_version: String,
    /// Its columns.
    pub schema: TableSchema,
}

impl ChunkFormat {
    fn notes(&self, kind: &str, chunk: u64, content: Digest) -> Notes {
        let json = serde_json::to_string(&self.schema.json_params()).unwrap_or_default();
        [
            ("omega-sweep.table", kind.to_owned()),
            ("omega-sweep.study", self.study.to_hex()),
            ("omega-sweep.chunk", chunk.to_string()),
            ("omega-sweep.engine", self.engine_version.clone()),
            ("omega-sweep.content", content.to_hex()),
            ("omega-sweep.json-params", json),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }
}

/// The chunk files of one run folder.
#[derive(Debug)]
pub struct ChunkFolder {
    inner: Arc<Inner>,
    writers: Option<Writers>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    format: ChunkFormat,
    disk: Disk,
}

#[derive(Debug)]
struct Writers {
    queue: Sender<FinishedChunk>,
    threads: Vec<JoinHandle<Result<(), StoreError>>>,
}

/// Threads that encode and store.
const WRITERS: usize = 2;

impl ChunkFolder {
    /// The chunks of a run folder whose `trials/` may or may not exist yet.
    pub fn new(root: &Path, format: ChunkFormat) -> Self {
        Self::on_disk(root, format, Disk::default())
    }

    pub(crate) fn on_disk(root: &Path, format: ChunkFormat, disk: Disk) -> Self {
        Self { inner: Arc::new(Inner { root: root.to_owned(), format, disk }), writers: None }
    }

    /// Files per chunk number, as their names say.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn files(&self) -> Result<BTreeMap<u64, Vec<PathBuf>>, StoreError> {
        files_in(&self.inner.root.join(TRIALS))
    }

    /// Makes the folders and clears away what a killed process left half written. Only under the folder's lock.
    ///
    /// # Errors
    /// When the folders cannot be made or cleared.
    pub fn prepare(&self) -> Result<(), StoreError> {
        for folder in [TRIALS, RETURNS] {
            let path = self.inner.root.join(folder);
            disk::create_directory(&path)?;
            disk::remove_temporary(&path)?;
        }
        Ok(())
    }

    fn start(&self) -> Writers {
        let (queue, chunks) = bounded::<FinishedChunk>(WRITERS);
        let threads = (0..WRITERS).map(|_| {
            let (inner, chunks) = (Arc::clone(&self.inner), chunks.clone());
            std::thread::spawn(move || chunks.iter().try_for_each(|chunk| inner.store(&chunk)))
        });
        Writers { queue, threads: threads.collect() }
    }
}

impl ChunkStore for ChunkFolder {
    type Error = StoreError;

    fn listed(&mut self) -> Result<BTreeSet<u64>, StoreError> {
        Ok(self.files()?.into_keys().collect())
    }

    fn read(&mut self, chunk: u64) -> Result<Stored, StoreError> {
        let paths = self.files_of(chunk)?;
        let mut how = "not there".to_owned();
        for path in &paths {
            match self.inner.read(path, chunk) {
                Ok(rows) => return Ok(Stored::Whole(rows)),
                Err(StoreError::Damaged { how: found, .. }) => how = found,
                Err(error) => return Err(error),
            }
        }
        Ok(Stored::Damaged(how))
    }

    fn write(&mut self, chunk: FinishedChunk) -> Result<(), StoreError> {
        if self.writers.is_none() {
            self.writers = Some(self.start());
        }
        let sent = self.writers.as_ref().map(|writers| writers.queue.send(chunk));
        match sent {
            Some(Ok(())) => self.check_writers(),
            // Every writer has given up: the reason is in their results.
            _ => self.finish(),
        }
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        let Some(Writers { queue, threads }) = self.writers.take() else { return Ok(()) };
        drop(queue);
        let results: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
        results.into_iter().try_for_each(|result| {
            result.unwrap_or_else(|_| {
                let what = "a chunk".to_owned();
                Err(StoreError::Encode { what, reason: "the writer thread panicked".to_owned() })
            })
        })
    }
}

impl ChunkFolder {
    fn files_of(&self, chunk: u64) -> Result<Vec<PathBuf>, StoreError> {
        Ok(self.files()?.remove(&chunk).unwrap_or_default())
    }

    /// A writer only ends early by failing.
    fn check_writers(&mut self) -> Result<(), StoreError> {
        let failed =
            self.writers.as_ref().is_some_and(|writers| writers.threads.iter().any(JoinHandle::is_finished));
        if failed { self.finish() } else { Ok(()) }
    }
}

impl Drop for ChunkFolder {
    fn drop(&mut self) {
        // Chunks taken are stored even when nobody asks; an error was told by the write after it or is lost with the run.
        let _ = self.finish();
    }
}

impl Inner {
    fn store(&self, chunk: &FinishedChunk) -> Result<(), StoreError> {
        // Returns first: once the trials are there, the chunk counts as finished.
        if !chunk.returns.is_empty() {
            let batch = returns::encode(&chunk.returns)?;
            let notes = self.format.notes("returns", chunk.number, chunk_digest(&chunk.rows));
            self.put(RETURNS, chunk.number, &parquet_file::to_bytes(&batch, &notes)?)?;
        }
        let batch = self.format.schema.encode(&chunk.rows, false)?;
        let notes = self.format.notes("trials", chunk.number, chunk_digest(&chunk.rows));
        self.put(TRIALS, chunk.number, &parquet_file::to_bytes(&batch, &notes)?)
    }

    fn put(&self, folder: &str, chunk: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let directory = self.root.join(folder);
        let name = file_name(chunk, Digest::of(bytes));
        self.disk.write_whole(&directory, &name, bytes)?;
        // What stood under this number before is damaged, or it would not have been run again.
        for path in files_in(&directory)?.remove(&chunk).unwrap_or_default() {
            if path.file_name().is_some_and(|found| found != name.as_str()) {
                let mut aside = path.clone().into_os_string();
                aside.push(".damaged");
                fs::rename(&path, aside).map_err(|source| StoreError::disk("move aside", &path, source))?;
            }
        }
        Ok(())
    }

    /// The rows of a file, if its bytes, its study and its number are what they should be.
    fn read(&self, path: &Path, chunk: u64) -> Result<Vec<TrialRow>, StoreError> {
        let bytes = file_digest(path).map_err(|source| StoreError::disk("read", path, source))?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name != file_name(chunk, bytes) {
            return Err(StoreError::damaged(path, "its bytes do not match its name"));
        }
        let (batches, notes) = parquet_file::read(path)?;
        let mut expected = self.format.notes("trials", chunk, Digest([0; 32]));
        expected.truncate(3);
        for (key, value) in &expected {
            if note(&notes, key) != Some(value) {
                let found = note(&notes, key).unwrap_or("nothing");
                return Err(StoreError::damaged(path, format!("{key} is {found} and not {value}")));
            }
        }
        let json: Vec<String> = note(&notes, "omega-sweep.json-params")
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| StoreError::damaged(path, "its list of parameters is unreadable"))?;
        let wanted = self.format.schema.arrow(false);
        let mut rows = Vec::new();
        for batch in &batches {
            let same = |(a, b): (&Arc<arrow_schema::Field>, &Arc<arrow_schema::Field>)| {
                a.name() == b.name() && a.data_type() == b.data_type()
            };
            let schema = batch.schema();
            if schema.fields().len() != wanted.fields().len()
                || !schema.fields().iter().zip(wanted.fields()).all(same)
            {
                return Err(StoreError::damaged(path, "its columns are not those of this study"));
            }
            rows.extend(decode(batch, &json).map_err(|how| StoreError::damaged(path, how))?);
        }
        if !rows.is_sorted_by_key(TrialRow::key)
            || note(&notes, "omega-sweep.content") != Some(&chunk_digest(&rows).to_hex())
        {
            return Err(StoreError::damaged(path, "its rows do not match their digest"));
        }
        Ok(rows)
    }
}

/// `chunk-000042.9f3a17c2b04d11e8.parquet`.
pub fn file_name(chunk: u64, bytes: Digest) -> String {
    format!("chunk-{chunk:06}.{}.parquet", bytes.short(16))
}

/// The chunk number in a file name; `None` for other files, temporary ones included.
pub fn number_of(name: &str) -> Option<u64> {
    let (number, rest) = name.strip_prefix("chunk-")?.split_once('.')?;
    let whole = rest.ends_with(".parquet") && !name.ends_with(TEMPORARY);
    (whole && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| number.parse().ok())?
}

pub(crate) fn files_in(directory: &Path) -> Result<BTreeMap<u64, Vec<PathBuf>>, StoreError> {
    let mut files: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
    for name in disk::names(directory)? {
        if let Some(number) = number_of(&name) {
            files.entry(number).or_default().push(directory.join(name));
        }
    }
    Ok(files)
}
