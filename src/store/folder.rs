//! A run folder from the outside: made, found again, refused, moved aside.

use std::fs;
use std::path::{Path, PathBuf};

use super::chunks::{ChunkFolder, ChunkFormat};
use super::disk;
use super::lock::{FolderLock, LOCK_FILE};
use super::manifest::{MANIFEST, Manifest};
use super::{StoreError, StudyIdentity, TableSchema};
use crate::types::Digest;

/// Name of the pointer to the newest run, beside the run folders.
pub const LATEST: &str = "latest";

/// How to treat what is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenMode {
    /// Move an old run aside and begin again.
    pub fresh: bool,
    /// Go on with a run of another engine version, and mark it.
    pub accept_version: bool,
}

/// What opening a run folder found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// Nothing: the run begins.
    New,
    /// The same study: the run goes on.
    Continued,
    /// The same study, begun by another engine version.
    OtherVersion {
        /// That version.
        begun_with: String,
    },
    /// An old run that now lies at this place.
    MovedAside(PathBuf),
}

/// A run folder this process may write.
#[derive(Debug)]
pub struct RunFolder {
    root: PathBuf,
    _lock: FolderLock,
    /// Its manifest; save it after changing it.
    pub manifest: Manifest,
    /// What was found.
    pub started: Started,
}

impl RunFolder {
    /// Opens the folder for a study, makes it if need be, and locks it. `manifest` is used when the run begins.
    ///
    /// # Errors
    /// When another process holds it, it belongs to another study or to no run at all, or the disk refuses.
    pub fn open(
        root: &Path,
        identity: &StudyIdentity,
        manifest: Manifest,
        mode: OpenMode,
    ) -> Result<Self, StoreError> {
        disk::create_directory(root)?;
        let mut lock = FolderLock::take(root)?;
        let mut started = Started::New;
        if let Some(found) = foreign_file(root)? {
            return Err(StoreError::NotARunFolder { path: root.to_owned(), found });
        }
        if mode.fresh && Manifest::load(root)?.is_some() {
            let aside = free_name(root);
            fs::rename(root, &aside).map_err(|source| StoreError::disk("move aside", root, source))?;
            drop(lock);
            disk::create_directory(root)?;
            lock = FolderLock::take(root)?;
            started = Started::MovedAside(aside);
        }
        let manifest = match Manifest::load(root)? {
            None => manifest,
            Some(stored) => {
                let (stored, how) = continued(root, identity, stored, mode)?;
                started = how;
                stored
            }
        };
        manifest.save(root)?;
        Ok(Self { root: root.to_owned(), _lock: lock, manifest, started })
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The chunks in it, ready to be written.
    ///
    /// # Errors
    /// When their folders cannot be made, or the manifest has no study id.
    pub fn chunks(&self, schema: TableSchema) -> Result<ChunkFolder, StoreError> {
        let chunks = open_chunks(&self.root, &self.manifest, schema)?;
        chunks.prepare()?;
        Ok(chunks)
    }

    /// Lets `latest` in `results` point to the folder; one that lies elsewhere is named by its absolute path.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn point_latest(&self, results: &Path) -> Result<(), StoreError> {
        let latest = results.join(LATEST);
        let refused = |source| StoreError::disk("write", &latest, source);
        let target = match self.root.strip_prefix(results) {
            Ok(inside) => inside.to_owned(),
            Err(_) => std::path::absolute(&self.root).map_err(refused)?,
        };
        disk::create_directory(results)?;
        #[cfg(unix)]
        {
            let temporary = results.join(format!("{LATEST}.{}", disk::TEMPORARY));
            let _ = fs::remove_file(&temporary);
            std::os::unix::fs::symlink(target, &temporary).map_err(refused)?;
            fs::rename(&temporary, &latest).map_err(refused)
        }
        #[cfg(not(unix))]
        fs::write(&latest, target.to_string_lossy().as_bytes()).map_err(refused)
    }
}

/// The chunks of a run folder for reading; no lock, nothing is changed.
///
/// # Errors
/// When the manifest has no readable study id.
pub fn open_chunks(root: &Path, manifest: &Manifest, schema: TableSchema) -> Result<ChunkFolder, StoreError> {
    let study: Digest = manifest.study_id(root)?;
    let engine_version = super::identity::ENGINE_VERSION.to_owned();
    Ok(ChunkFolder::new(root, ChunkFormat { study, engine_version, schema }))
}

/// The folder `latest` in `results` points to; `None` when it points to nothing that is there.
pub fn latest(results: &Path) -> Option<PathBuf> {
    let pointer = results.join(LATEST);
    let target = match fs::read_link(&pointer) {
        Ok(target) => target,
        Err(_) => PathBuf::from(fs::read_to_string(&pointer).ok()?.trim()),
    };
    let folder = results.join(target);
    folder.join(MANIFEST).is_file().then_some(folder)
}

/// A stored manifest that this study may go on with.
fn continued(
    root: &Path,
    identity: &StudyIdentity,
    mut stored: Manifest,
    mode: OpenMode,
) -> Result<(Manifest, Started), StoreError> {
    let before = stored.identity(root)?;
    let differences = before.differences(identity);
    if differences.is_empty() {
        return Ok((stored, Started::Continued));
    }
    let version = before.version_difference(identity);
    let only_version = version.is_some() && differences.len() == 1;
    let known = stored.accepted_versions.contains(&identity.engine_version);
    if !only_version || !(mode.accept_version || known) {
        return Err(StoreError::OtherStudy { path: root.to_owned(), differences, only_version });
    }
    if !known {
        stored.accepted_versions.push(identity.engine_version.clone());
    }
    let begun_with = stored.engine_version.clone();
    Ok((stored, Started::OtherVersion { begun_with }))
}

/// A file that no run folder without a manifest would have: better not to write here.
fn foreign_file(root: &Path) -> Result<Option<String>, StoreError> {
    let names = disk::names(root)?;
    if names.iter().any(|name| name == MANIFEST) {
        return Ok(None);
    }
    let ours = |name: &String| {
        name == LOCK_FILE
            || name == &format!("{MANIFEST}.{}", disk::TEMPORARY)
            || name == super::chunks::TRIALS
            || name == super::chunks::RETURNS
            || name == super::events::EVENTS
    };
    Ok(names.into_iter().find(|name| !ours(name)))
}

fn free_name(root: &Path) -> PathBuf {
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut number = 1_u32;
    loop {
        let path = root.with_file_name(format!("{name}.old-{number}"));
        if !path.exists() {
            return path;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::ErrorClass;
    use super::super::manifest::ManifestHead;
    use super::*;
    use serde_json::{Map, json};

    fn identity(seed: u64, version: &str) -> StudyIdentity {
        StudyIdentity {
            engine_version: version.to_owned(),
            spec: json!({"seed": seed}),
            data_fingerprint: Digest::of(b"data"),
            data: Vec::new(),
        }
    }

    fn open(root: &Path, identity: &StudyIdentity, mode: OpenMode) -> Result<RunFolder, StoreError> {
        let head = ManifestHead {
            name: "test".to_owned(),
            seed: 1,
            profile: "realistic".to_owned(),
            deviations: Vec::new(),
            data_report: serde_json::Value::Null,
            positions: 10,
            chunk_trials: 16,
            shard: [1, 1],
            about: Map::new(),
        };
        RunFolder::open(root, identity, Manifest::new(identity, head), mode)
    }

    #[test]
    fn the_same_study_goes_on_and_another_is_refused_by_what_differs() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("results/run");
        assert_eq!(open(&root, &identity(1, "0.1.0"), OpenMode::default()).unwrap().started, Started::New);
        let again = open(&root, &identity(1, "0.1.0"), OpenMode::default()).unwrap();
        assert_eq!(again.started, Started::Continued);
        drop(again);
        let error = open(&root, &identity(2, "0.1.0"), OpenMode::default()).unwrap_err();
        assert_eq!((error.class(), error.code()), (ErrorClass::Refused, "E301"));
        assert!(error.to_string().ends_with("it differs in seed"), "{error}");
    }

    #[test]
    fn another_engine_version_needs_a_yes_and_leaves_a_mark() {
        let temp = tempfile::tempdir().unwrap();
        drop(open(temp.path(), &identity(1, "0.1.0"), OpenMode::default()).unwrap());
        let newer = identity(1, "0.2.0");
        let error = open(temp.path(), &newer, OpenMode::default()).unwrap_err();
        assert!(matches!(error, StoreError::OtherStudy { only_version: true, .. }));
        let accepted = open(temp.path(), &newer, OpenMode { accept_version: true, fresh: false }).unwrap();
        assert_eq!(accepted.manifest.accepted_versions, ["0.2.0"]);
        assert_eq!(accepted.manifest.study, identity(1, "0.1.0").study_id().to_hex());
        drop(accepted);
        open(temp.path(), &newer, OpenMode::default()).unwrap();
        let error = open(temp.path(), &identity(2, "0.2.0"), OpenMode { accept_version: true, fresh: false });
        assert_eq!(error.unwrap_err().code(), "E301");
    }

    #[test]
    fn a_fresh_start_moves_the_old_run_aside() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("run");
        drop(open(&root, &identity(1, "0.1.0"), OpenMode::default()).unwrap());
        let fresh = OpenMode { fresh: true, accept_version: false };
        for i in 1..3 {
            let aside = temp.path().join(format!("run.old-{i}"));
            let folder = open(&root, &identity(2, "0.1.0"), fresh).unwrap();
            assert_eq!(folder.started, Started::MovedAside(aside.clone()));
            assert!(Manifest::load(&aside).unwrap().is_some());
        }
    }

    #[test]
    fn a_folder_with_other_things_in_it_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("thesis.tex"), "years of work").unwrap();
        let error = open(temp.path(), &identity(1, "0.1.0"), OpenMode::default()).unwrap_err();
        assert!(
            matches!(&error, StoreError::NotARunFolder { found, .. } if found == "thesis.tex"),
            "{error}"
        );
    }

    #[test]
    fn a_second_process_is_refused_while_the_first_lives() {
        let temp = tempfile::tempdir().unwrap();
        let first = open(temp.path(), &identity(1, "0.1.0"), OpenMode::default()).unwrap();
        let error = open(temp.path(), &identity(1, "0.1.0"), OpenMode::default()).unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }));
        drop(first);
        open(temp.path(), &identity(1, "0.1.0"), OpenMode::default()).unwrap();
    }

    #[test]
    fn a_damaged_or_newer_manifest_is_told_apart() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join(MANIFEST), "{").unwrap();
        assert_eq!(Manifest::load(temp.path()).unwrap_err().class(), ErrorClass::Damaged);
        fs::write(temp.path().join(MANIFEST), "{\"format\": 7}").unwrap();
        assert_eq!(Manifest::load(temp.path()).unwrap_err().class(), ErrorClass::Refused);
    }

    #[test]
    fn latest_points_to_the_newest_run() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            let root = temp.path().join(name);
            let run = open(&root, &identity(1, "0.1.0"), OpenMode::default()).unwrap();
            run.point_latest(temp.path()).unwrap();
            assert_eq!(latest(temp.path()), Some(root.clone()));
            let elsewhere = tempfile::tempdir().unwrap();
            run.point_latest(elsewhere.path()).unwrap();
            assert_eq!(latest(elsewhere.path()), Some(root));
        }
    }
}
