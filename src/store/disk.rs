//! The only way a result reaches the disk: temporary name, write, sync, rename, sync of the directory.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::StoreError;

/// Ending of names that nobody may trust.
pub(crate) const TEMPORARY: &str = "tmp";

/// A point at which a process may be killed or the disk may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskStep {
    Create,
    Write,
    Sync,
    Rename,
    SyncDirectory,
    Done,
}

type Fault = dyn Fn(DiskStep, &Path) -> io::Result<()> + Send + Sync;

/// The file system, with a place where tests put failures between two steps.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    fault: Option<Arc<Fault>>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("faulty", &self.fault.is_some()).finish()
    }
}

impl Disk {
    /// A disk that asks `fault` before every step.
    #[cfg(test)]
    pub(crate) fn failing(fault: impl Fn(DiskStep, &Path) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { fault: Some(Arc::new(fault)) }
    }

    fn step(&self, step: DiskStep, path: &Path) -> io::Result<()> {
        self.fault.as_ref().map_or(Ok(()), |fault| fault(step, path))
    }

    /// Puts `bytes` at `directory/name`, whole or not at all; an old file of that name is replaced.
    pub(crate) fn write_whole(&self, directory: &Path, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = directory.join(name);
        let temporary = directory.join(format!("{name}.{TEMPORARY}"));
        let refused = |action: &'static str| {
            let path = path.clone();
            move |source| StoreError::Disk { action, path, bytes: Some(bytes.len() as u64), source }
        };
        let written = self.write_and_sync(&temporary, bytes).map_err(refused("write"));
        if written.is_err() {
            // Best effort: a full disk should get its bytes back; the name is never trusted anyway.
            let _ = fs::remove_file(&temporary);
        }
        written?;
        self.step(DiskStep::Rename, &path)
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(refused("rename"))?;
        self.step(DiskStep::SyncDirectory, directory)
            .and_then(|()| sync_directory(directory))
            .and_then(|()| self.step(DiskStep::Done, &path))
            .map_err(refused("sync the directory of"))
    }

    fn write_and_sync(&self, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step(DiskStep::Create, temporary)?;
        let mut file = File::create(temporary)?;
        // In two parts, so that a failure between them leaves a torn file.
        let (first, second) = bytes.split_at(bytes.len() / 2);
        file.write_all(first)?;
        self.step(DiskStep::Write, temporary)?;
        file.write_all(second)?;
        self.step(DiskStep::Sync, temporary)?;
        file.sync_data()
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// Makes a directory and its parents.
pub(crate) fn create_directory(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(|source| StoreError::disk("create", path, source))
}

/// Names in a directory, sorted; none when it is not there.
pub(crate) fn names(directory: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::disk("list", directory, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| StoreError::disk("list", directory, source))?;
        names.extend(entry.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// Removes files left over by a killed process.
pub(crate) fn remove_temporary(directory: &Path) -> Result<(), StoreError> {
    for name in names(directory)? {
        if Path::new(&name).extension().is_some_and(|ending| ending == TEMPORARY) {
            let path = directory.join(name);
            fs::remove_file(&path).map_err(|source| StoreError::disk("remove", &path, source))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_anywhere_leaves_the_old_file_or_the_new_one() {
        let steps =
            [DiskStep::Create, DiskStep::Write, DiskStep::Sync, DiskStep::Rename, DiskStep::SyncDirectory];
        for fails in steps {
            let folder = tempfile::tempdir().unwrap();
            Disk::default().write_whole(folder.path(), "a", b"old").unwrap();
            let disk = Disk::failing(move |step, _| {
                if step == fails { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
            });
            let error = disk.write_whole(folder.path(), "a", b"new bytes").unwrap_err();
            assert_eq!(error.class(), super::super::ErrorClass::Disk);
            assert!(error.to_string().contains("(9 bytes needed)"), "{error}");
            let found = fs::read(folder.path().join("a")).unwrap();
            let renamed = fails == DiskStep::SyncDirectory;
            assert_eq!(found, if renamed { b"new bytes".to_vec() } else { b"old".to_vec() }, "{fails:?}");
        }
    }

    #[test]
    fn temporary_files_are_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.parquet.tmp"), b"torn").unwrap();
        fs::write(folder.path().join("x.parquet"), b"whole").unwrap();
        remove_temporary(folder.path()).unwrap();
        assert_eq!(names(folder.path()).unwrap(), ["x.parquet"]);
    }
}
