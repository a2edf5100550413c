//! `RUN` on the command line: a directory, a unique prefix of a run id, or `latest`.

use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::Failure;
use crate::store::folder;

/// Where runs lie unless `--out` says otherwise.
pub(crate) const RESULTS: &str = "results";

/// The folder a person means.
///
/// # Errors
/// When there is none, or several.
pub(crate) fn find(results: &Path, name: &str) -> Result<PathBuf, Failure> {
    let given = Path::new(name);
    if name != folder::LATEST && given.is_dir() {
        return Ok(given.to_owned());
    }
    if name == folder::LATEST {
        return latest(results);
    }
    let mut found: Vec<PathBuf> =
        folders(results).into_iter().filter(|folder| is_meant(folder, name)).collect();
    match found.len() {
        0 => Err(not_found(results, &format!("no run `{name}`"))),
        1 => Ok(found.remove(0)),
        n => {
            let names: Vec<_> =
                found.iter().filter_map(|f| f.file_name()?.to_str().map(str::to_owned)).collect();
            let message = format!("`{name}` is the beginning of {n} runs: {}", names.join(", "));
            Err(Failure::new(Exit::Usage, message, "write more of the one that is meant"))
        }
    }
}

fn latest(results: &Path) -> Result<PathBuf, Failure> {
    folder::latest(results).ok_or_else(|| not_found(results, "no latest run"))
}

fn is_meant(folder: &Path, name: &str) -> bool {
    let Some(whole) = folder.file_name().and_then(|n| n.to_str()) else { return false };
    let id = whole.rsplit('-').next().unwrap_or(whole);
    whole.starts_with(name) || id.starts_with(name)
}

fn folders(results: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(results) else { return Vec::new() };
    let mut folders: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir() && !path.is_symlink())
        .collect();
    folders.sort();
    folders
}

fn not_found(results: &Path, message: &str) -> Failure {
    let names: Vec<_> =
        folders(results).iter().filter_map(|f| f.file_name()?.to_str().map(str::to_owned)).collect();
    let remedy = if names.is_empty() {
        format!("{}/ holds no run: give a run folder, or make one with `omega-sweep FILE`", results.display())
    } else {
        format!("{}/ holds {}", results.display(), names.join(", "))
    };
    Failure::new(Exit::Usage, message, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["grid-1a2b3c4d", "grid-1a99ffff", "smoke-77aa77aa"] {
            std::fs::create_dir(folder.path().join(name)).expect("created");
        }
        folder
    }

    #[test]
    fn a_run_is_found_by_name_id_or_unique_prefix() {
        let folder = results();
        let find = |name| find(folder.path(), name).map(|run| run.file_name().map(std::ffi::OsStr::to_owned));
        for name in ["smoke", "smoke-77aa77aa", "77", "77aa77aa"] {
            assert_eq!(find(name).expect("found"), Some("smoke-77aa77aa".into()), "{name}");
        }
        let several = find("1a").expect_err("two runs begin so");
        assert_eq!(several.exit, Exit::Usage);
        assert!(several.text.contains("2 runs: grid-1a2b3c4d, grid-1a99ffff"), "{}", several.text);
        let none = find("x").expect_err("no such run");
        assert!(none.text.contains("holds grid-1a2b3c4d, grid-1a99ffff, smoke-77aa77aa"), "{}", none.text);
    }

    #[test]
    fn without_a_latest_run_the_message_lists_what_is_there() {
        let folder = results();
        let none = find(folder.path(), folder::LATEST).expect_err("none yet");
        assert!(none.text.starts_with("error: no latest run\n  = "), "{}", none.text);
        assert!(none.text.contains("holds grid-1a2b3c4d, grid-1a99ffff, smoke-77aa77aa"), "{}", none.text);
    }
}
