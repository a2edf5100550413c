//! Joins shards: chunks of several run folders of one study become one folder, file by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::chunks::{RETURNS, TRIALS, files_in};
use super::disk::{self, Disk};
use super::folder::{OpenMode, RunFolder};
use super::manifest::Manifest;
use super::{StoreError, TableSchema};
use crate::sweep::ChunkPlan;

/// Which file holds a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    root: PathBuf,
    file: String,
}

/// Joins `parts` in the folder `out`, whose manifest it makes from theirs. Afterwards `out` holds the very chunk files an
/// unsharded run would have; ranking them anew is the caller's.
///
/// # Errors
/// [`StoreError::Shards`] for a foreign study, a missing chunk, or a chunk that two parts hold with different content,
/// naming the trials; [`StoreError::Damaged`] when a chunk's bytes do not match its name.
pub fn merge(out: &Path, parts: &[PathBuf], schema: &TableSchema) -> Result<RunFolder, StoreError> {
    let manifests = parts.iter().map(|root| loaded(root)).collect::<Result<Vec<_>, _>>()?;
    let Some((first, rest)) = manifests.split_first() else {
        return Err(StoreError::Shards { what: "no folders to join".to_owned() });
    };
    for (root, other) in parts[1..].iter().zip(rest) {
        check_study(root, &parts[0], first, other)?;
    }
    let plan = ChunkPlan::new(first.positions).with_chunk_trials(first.chunk_trials);
    let sources = gather(parts, &plan)?;
    let missing: Vec<u64> = (0..plan.chunk_count()).filter(|chunk| !sources.contains_key(chunk)).collect();
    if !missing.is_empty() {
        return Err(StoreError::Shards { what: holes(&missing, &plan) });
    }

    let identity = first.identity(&parts[0])?;
    let mut manifest = first.clone();
    (manifest.shard, manifest.chunks, manifest.sweep_digest) = ([1, 1], Vec::new(), None);
    let folder = RunFolder::open(out, &identity, manifest, OpenMode::default())?;
    folder.chunks(schema.clone())?;
    for (chunk, source) in &sources {
        for table in [RETURNS, TRIALS] {
            copy(source, table, *chunk, out)?;
        }
    }
    Ok(folder)
}

fn loaded(root: &Path) -> Result<Manifest, StoreError> {
    Manifest::load(root)?
        .ok_or_else(|| StoreError::Shards { what: format!("{} has no manifest", root.display()) })
}

fn check_study(root: &Path, first_root: &Path, first: &Manifest, other: &Manifest) -> Result<(), StoreError> {
    if first.study == other.study {
        return Ok(());
    }
    let differences = first.identity(first_root)?.differences(&other.identity(root)?);
    let (a, b, list) = (first_root.display(), root.display(), differences.join(", "));
    Err(StoreError::Shards { what: format!("{b} holds another study than {a}; it differs in {list}") })
}

fn gather(parts: &[PathBuf], plan: &ChunkPlan) -> Result<BTreeMap<u64, Source>, StoreError> {
    let mut sources: BTreeMap<u64, Source> = BTreeMap::new();
    for root in parts {
        for (chunk, files) in files_in(&root.join(TRIALS))? {
            for path in files {
                let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                let source = Source { root: root.clone(), file };
                if let Some(before) = sources.get(&chunk) {
                    let what = overlap(chunk, plan, before, &source);
                    return Err(StoreError::Shards { what });
                }
                sources.insert(chunk, source);
            }
        }
    }
    Ok(sources)
}

fn overlap(chunk: u64, plan: &ChunkPlan, one: &Source, other: &Source) -> String {
    let range = plan.positions_of(chunk);
    let how = if one.file == other.file { "the same" } else { "different" };
    let (a, b) = (one.root.display(), other.root.display());
    format!(
        "chunk {chunk} (positions {}..{}) is in {a} and in {b}, with {how} content",
        range.start, range.end
    )
}

/// The missing positions as ranges.
fn holes(missing: &[u64], plan: &ChunkPlan) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for chunk in missing {
        let range = plan.positions_of(*chunk);
        match ranges.last_mut() {
            Some(last) if last.1 == range.start => last.1 = range.end,
            _ => ranges.push((range.start, range.end)),
        }
    }
    let ranges: Vec<String> = ranges.iter().map(|(start, end)| format!("{start}..{end}")).collect();
    format!("the positions {} are missing ({} chunks)", ranges.join(", "), missing.len())
}

/// Copies the file of a chunk in one table, if there is one, whole and under its own name.
fn copy(source: &Source, table: &str, chunk: u64, out: &Path) -> Result<(), StoreError> {
    for path in files_in(&source.root.join(table))?.remove(&chunk).unwrap_or_default() {
        let bytes = fs::read(&path).map_err(|error| StoreError::disk("read", &path, error))?;
        let name = super::chunks::file_name(chunk, crate::types::Digest::of(&bytes));
        if path.file_name().is_none_or(|found| found != name.as_str()) {
            return Err(StoreError::damaged(&path, "its bytes do not match its name"));
        }
        let directory = out.join(table);
        disk::create_directory(&directory)?;
        if !directory.join(&name).exists() {
            Disk::default().write_whole(&directory, &name, &bytes)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::chunk_tests::{files, run_shard, schema};
    use super::super::{ErrorClass, ManifestHead, StudyIdentity};
    use super::*;
    use crate::sweep::Shard;
    use crate::types::Digest;
    use serde_json::{Map, json};

    const POSITIONS: u64 = 1000;

    fn part(parent: &Path, name: &str, shard: Shard, seed: u64) -> PathBuf {
        let identity = StudyIdentity {
            engine_version: "0.1.0".to_owned(),
            spec: json!({"seed": seed}),
            data_fingerprint: Digest::of(b"data"),
            data: Vec::new(),
        };
        let head = ManifestHead {
            name: "test".to_owned(),
            seed,
            profile: "realistic".to_owned(),
            deviations: Vec::new(),
            data_report: serde_json::Value::Null,
            positions: POSITIONS,
            chunk_trials: 50,
            shard: [shard.part, shard.parts],
            about: Map::new(),
        };
        let root = parent.join(name);
        let manifest = Manifest::new(&identity, head);
        let folder = RunFolder::open(&root, &identity, manifest, OpenMode::default()).unwrap();
        run_shard(&mut folder.chunks(schema()).unwrap(), POSITIONS, 50, shard);
        root
    }

    fn parts(parent: &Path, parts: u32) -> Vec<PathBuf> {
        let shards = (1..=parts).map(|part| Shard { part, parts });
        shards.map(|shard| part(parent, &format!("part-{}-{parts}", shard.part), shard, 1)).collect()
    }

    #[test]
    fn merged_shards_are_the_files_of_the_whole_in_any_order() {
        let temp = tempfile::tempdir().unwrap();
        let whole = part(temp.path(), "whole", Shard::WHOLE, 1);
        for count in [1, 3, 8, 23] {
            let mut roots = parts(temp.path(), count);
            roots.reverse();
            let out = temp.path().join(format!("out-{count}"));
            let folder = merge(&out, &roots, &schema()).unwrap();
            assert_eq!(folder.manifest.shard, [1, 1]);
            assert_eq!(files(&out), files(&whole), "{count} shards");
        }
    }

    #[test]
    fn holes_overlaps_and_foreign_studies_are_refused_by_name() {
        let temp = tempfile::tempdir().unwrap();
        let roots = parts(temp.path(), 4);
        let foreign = part(temp.path(), "foreign", Shard { part: 2, parts: 4 }, 2);
        let out = temp.path().join("out");
        let refusal = |roots: &[PathBuf]| {
            let error = merge(&out, roots, &schema()).unwrap_err();
            assert_eq!((error.class(), error.code()), (ErrorClass::Refused, "E302"));
            error.to_string()
        };
        let hole = refusal(&[roots[0].clone(), roots[3].clone()]);
        assert_eq!(hole, "cannot merge: the positions 250..750 are missing (10 chunks)");
        let overlap = refusal(&[roots[0].clone(), roots[1].clone(), roots[1].clone()]);
        assert!(overlap.starts_with("cannot merge: chunk 5 (positions 250..300) is in "), "{overlap}");
        let other = refusal(&[roots[0].clone(), foreign]);
        assert!(other.ends_with("it differs in seed"), "{other}");
        assert!(!out.exists());
    }

    #[test]
    fn a_damaged_shard_is_not_joined() {
        let temp = tempfile::tempdir().unwrap();
        let roots = parts(temp.path(), 2);
        let path = files_in(&roots[1].join(TRIALS)).unwrap()[&12][0].clone();
        let mut bytes = fs::read(&path).unwrap();
        bytes[99] ^= 1;
        fs::write(&path, bytes).unwrap();
        let error = merge(&temp.path().join("out"), &roots, &schema()).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Damaged);
    }
}
