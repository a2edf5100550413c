//! `RUN` on the command line: a directory, a unique prefix of a run id, or `latest`.

use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::Failure;

/// Where runs lie unless `--out` says otherwise.
pub(crate) const RESULTS: &str = "results";
/// The name that points to the newest run.
pub(crate) const LATEST: &str = "latest";

/// The folder a person means.
///
/// # Errors
/// When there is none, or several.
pub(crate) fn find(results: &Path, name: &str) -> Result<PathBuf, Failure> {
    let given = Path::new(name);
    if name != LATEST && given.is_dir() {
        return Ok(given.to_owned());
    }
    if name == LATEST {
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

/// Makes `results/latest` point to a run; a folder elsewhere is named by its absolute path.
///
/// # Errors
/// When the link cannot be written.
pub(crate) fn point_latest(results: &Path, run: &Path) -> std::io::Result<()> {
    let target = match run.strip_prefix(results) {
        Ok(inside) => inside.to_owned(),
        Err(_) => std::path::absolute(run)?,
    };
    std::fs::create_dir_all(results)?;
    let link = results.join(LATEST);
    match std::fs::remove_file(&link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, link);
    #[cfg(not(unix))]
    std::fs::write(link, target.to_string_lossy().as_bytes())
}

fn latest(results: &Path) -> Result<PathBuf, Failure> {
    let link = results.join(LATEST);
    if link.is_dir() {
        return std::fs::canonicalize(&link).map_err(|error| Failure::disk("cannot follow", &link, &error));
    }
    // Without symbolic links the name is a small file that holds the path.
    if let Ok(path) = std::fs::read_to_string(&link) {
        return Ok(results.join(path.trim()));
    }
    Err(not_found(results, "no latest run"))
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
    fn latest_follows_the_newest_run_and_can_be_moved_on() {
        let folder = results();
        assert!(find(folder.path(), LATEST).expect_err("none yet").text.starts_with("error: no latest run"));
        for name in ["grid-1a2b3c4d", "smoke-77aa77aa"] {
            point_latest(folder.path(), &folder.path().join(name)).expect("linked");
            let found = find(folder.path(), LATEST).expect("found");
            assert_eq!(found.file_name(), Some(name.as_ref()));
        }
        assert_eq!(folders(folder.path()).len(), 3, "the link is no run");
    }
}
