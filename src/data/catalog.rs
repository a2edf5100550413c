//! `dataset.json`: what a folder holds, with rows, period and checksum per file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::error::{DataCode, DataError};
use super::layout::{FileName, Files};
use super::parquet::{WrittenFile, temporary_in};
use super::report::QuoteSide;

/// Version of the catalog's form.
const SCHEMA: u64 = 1;

/// A catalog that was read: files and their checksums.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    /// Its files.
    pub(crate) files: Files,
    /// SHA-256 by path.
    pub(crate) digests: BTreeMap<PathBuf, String>,
}

impl Catalog {
    /// Reads a `dataset.json`; paths are relative to its folder.
    ///
    /// # Errors
    /// `file_not_found`, `file_unreadable`, `unknown_format` for anything that is no catalog.
    pub(crate) fn read(path: &Path) -> Result<Self, DataError> {
        let json = load(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut catalog = Self { files: Files::default(), digests: BTreeMap::new() };
        for (k, entry) in entries(&json, path)?.iter().enumerate() {
            let (Some(file), Some(sha256)) = (entry["file"].as_str(), entry["sha256"].as_str()) else {
                return Err(no_catalog(path, &format!("files[{k}] needs `file` and `sha256`")));
            };
            let file = folder.join(file);
            let Some(name) = FileName::parse(&file) else {
                return Err(no_catalog(
                    path,
                    &format!("files[{k}] is not named <SYMBOL>_<TF>_<SIDE>.parquet"),
                ));
            };
            let side = name.side.unwrap_or(QuoteSide::Mid);
            catalog.files.insert(&name.symbol, name.timeframe, side, file.clone());
            catalog.digests.insert(file, sha256.to_lowercase());
        }
        Ok(catalog)
    }
}

/// Adds written files to the catalog of a folder, replacing entries of the same name; entries sorted by name.
///
/// # Errors
/// `unknown_format` when an existing catalog cannot be read, `file_unreadable` when the system refuses.
pub(crate) fn record(folder: &Path, written: &[WrittenFile]) -> Result<(), DataError> {
    record_with(folder, written, &Map::new())
}

/// The same with more to say about every file; readers ignore what they do not know.
///
/// # Errors
/// As [`record`].
pub(crate) fn record_with(
    folder: &Path,
    written: &[WrittenFile],
    more: &Map<String, Value>,
) -> Result<(), DataError> {
    let path = folder.join("dataset.json");
    let mut listed: BTreeMap<String, Value> = BTreeMap::new();
    if path.exists() {
        for entry in entries(&load(&path)?, &path)? {
            listed.insert(entry["file"].as_str().unwrap_or_default().to_owned(), entry.clone());
        }
    }
    for file in written {
        let name = relative(folder, &file.path);
        let mut entry = json!({
            "file": name.clone(),
            "rows": file.rows,
            "first": file.first.to_string(),
            "last": file.last.to_string(),
            "sha256": file.sha256,
        });
        if let Some(entry) = entry.as_object_mut() {
            entry.extend(more.clone());
        }
        listed.insert(name, entry);
    }
    let files: Vec<Value> = listed.into_values().collect();
    let text = serde_json::to_string_pretty(&json!({"schema": SCHEMA, "files": files})).unwrap_or_default();
    write_whole(folder, &path, &text)
        .map_err(|error| DataError::new(DataCode::FileUnreadable, error.to_string()).path(&path))
}

/// Path inside the folder, with slashes on every system.
fn relative(folder: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn write_whole(folder: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    let mut temporary = temporary_in(folder)?;
    writeln!(temporary, "{text}")?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn load(path: &Path) -> Result<Value, DataError> {
    let text = fs::read_to_string(path).map_err(|error| DataError::from_io(&error, path))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| no_catalog(path, &error.to_string()))?;
    match json["schema"].as_u64() {
        Some(newer) if newer > SCHEMA => Err(no_catalog(path, &format!("form {newer}, known is {SCHEMA}"))
            .hint("it was written by a newer version: update, or import again")),
        _ => Ok(json),
    }
}

fn entries<'a>(json: &'a Value, path: &Path) -> Result<&'a Vec<Value>, DataError> {
    json["files"].as_array().ok_or_else(|| no_catalog(path, "no list `files`"))
}

fn no_catalog(path: &Path, what: &str) -> DataError {
    DataError::new(DataCode::UnknownFormat, format!("not a catalog of bars: {what}")).path(path)
}
