//! One process per run folder: a file lock, and the name of the holder for the next one to read.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use super::StoreError;

/// Name of the lock file inside a run folder.
pub(crate) const LOCK_FILE: &str = ".lock";

/// Held while a process writes a run folder; the system gives it back when the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
}

impl FolderLock {
    /// Takes the lock of a folder.
    ///
    /// # Errors
    /// [`StoreError::Locked`] with process and host of the holder, or a disk error.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(LOCK_FILE);
        let disk = |action: &'static str| {
            let path = path.clone();
            move |source| StoreError::Disk { action, path, bytes: None, source }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(disk("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(folder, &mut file)),
            Err(TryLockError::Error(source)) => return Err(disk("lock")(source)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{} {}", std::process::id(), host_name()))
            .map_err(disk("write"))?;
        Ok(Self { file })
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // The lock goes with the file anyway; emptying it only spares the next reader a stale name.
        let _ = self.file.set_len(0);
    }
}

/// The holder may be between taking the lock and writing its name: look a few times.
fn held(folder: &Path, file: &mut File) -> StoreError {
    let mut text = String::new();
    for _ in 0..20 {
        text.clear();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text));
        if read.is_ok() && text.ends_with('\n') {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let (pid, host) = text.trim().split_once(' ').unwrap_or(("unknown", "an unknown host"));
    StoreError::Locked { path: folder.to_owned(), pid: pid.to_owned(), host: host.to_owned() }
}

/// Name of this machine.
pub fn host_name() -> String {
    let from_system = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let from_shell = || std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    let name = from_system.or_else(from_shell).map(|name| name.trim().to_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn the_second_one_is_told_who_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        let error = FolderLock::take(folder.path()).unwrap_err();
        let StoreError::Locked { pid, host, .. } = &error else { panic!("{error}") };
        assert_eq!((pid.as_str(), host.as_str()), (std::process::id().to_string().as_str(), &*host_name()));
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
    }

    #[test]
    fn of_many_racers_never_two_hold_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (holders, wins) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..250 {
                        let Ok(lock) = FolderLock::take(folder.path()) else { continue };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two holders");
                        wins.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        holders.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(wins.load(Ordering::SeqCst) > 0);
    }
}
