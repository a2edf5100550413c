//! Chunk files: the same bytes for any threads, nothing lost, no damage undetected.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::chunks::{ChunkFolder, ChunkFormat, TRIALS, number_of};
use super::disk::{Disk, DiskStep};
use super::{ErrorClass, MetricColumn, ParamColumn, ParamKind, StoreError, TableSchema, parquet_file};
use crate::sweep::fakes::{ByObjective, FakeEvaluator, FakeSource, row};
use crate::sweep::{
    ChunkPlan, ChunkStore, DailyReturns, FinishedChunk, MetricValues, RunSettings, Shard, Silent, StopFlag,
    Stored, Sweep, SweepError, SweepReport, TrialRow,
};
use crate::types::{Digest, TrialId};

pub(super) fn schema() -> TableSchema {
    let param = |name: &str, kind| ParamColumn { name: name.into(), kind };
    let metric = |key: &str, integer| MetricColumn { key: key.into(), integer };
    TableSchema {
        params: vec![
            param("period", ParamKind::Int),
            param("factor", ParamKind::Float),
            param("mode", ParamKind::Text),
        ],
        metrics: vec![metric("sharpe", false), metric("total_trades", true), metric("never", false)],
        objectives: 1,
    }
}

fn format() -> ChunkFormat {
    let study = Digest::of(b"study");
    ChunkFormat { study, engine_version: "0.1.0".to_owned(), schema: schema() }
}

pub(super) fn folder(root: &Path) -> ChunkFolder {
    let folder = ChunkFolder::new(root, format());
    folder.prepare().unwrap();
    folder
}

fn run<C: ChunkStore>(
    store: &mut C,
    positions: u64,
    threads: usize,
) -> Result<SweepReport, SweepError<C::Error, std::convert::Infallible>> {
    run_chunked(store, positions, threads, 50)
}

pub(super) fn run_chunked<C: ChunkStore>(
    store: &mut C,
    positions: u64,
    threads: usize,
    chunk_trials: u64,
) -> Result<SweepReport, SweepError<C::Error, std::convert::Infallible>> {
    run_plan(store, &ChunkPlan::new(positions).with_chunk_trials(chunk_trials), threads)
}

pub(super) fn run_shard(store: &mut ChunkFolder, positions: u64, chunk_trials: u64, shard: Shard) {
    let plan = ChunkPlan { shard, ..ChunkPlan::new(positions).with_chunk_trials(chunk_trials) };
    run_plan(store, &plan, 2).unwrap();
}

fn run_plan<C: ChunkStore>(
    store: &mut C,
    plan: &ChunkPlan,
    threads: usize,
) -> Result<SweepReport, SweepError<C::Error, std::convert::Infallible>> {
    let settings =
        RunSettings { threads, watched: Some(0), max_failures: 1.0, wave_trials: 120, keep_best: 10 };
    let sweep = Sweep {
        plan,
        source: &FakeSource(plan.positions),
        evaluator: &FakeEvaluator::default(),
        ranker: &ByObjective,
        settings: &settings,
        progress: &Silent,
        stop: &StopFlag::default(),
    };
    sweep.run(store)
}

/// Every chunk file with its bytes; leftovers do not count.
pub(super) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(root.join(TRIALS)).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    named
        .filter(|(name, _)| number_of(name).is_some())
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

fn one_chunk(root: &Path, number: u64, rows: Vec<TrialRow>) -> std::path::PathBuf {
    let mut folder = folder(root);
    folder.write(FinishedChunk::new(number, rows, Vec::new())).unwrap();
    folder.finish().unwrap();
    folder.files().unwrap()[&number][0].clone()
}

fn read(root: &Path, chunk: u64) -> Stored {
    ChunkFolder::new(root, format()).read(chunk).unwrap()
}

#[test]
fn rows_come_back_bit_by_bit() {
    let temp = tempfile::tempdir().unwrap();
    let mut rows: Vec<TrialRow> = (0..20).map(|id| row(id, Some(id as f64 / 3.0))).collect();
    rows[3].objectives = [None].into();
    rows[4].error = Some("panicked: \"quoted\"\n".to_owned());
    rows[5].pruned_at = Some(2);
    rows[6].duplicate_of = Some(TrialId(1));
    rows[7].violation = None;
    rows[8].metrics = MetricValues::new([Some(f64::MIN_POSITIVE / 4.0), None, Some(-1e300)]);
    one_chunk(temp.path(), 3, rows.clone());
    assert_eq!(read(temp.path(), 3), Stored::Whole(rows));
}

#[test]
fn an_empty_chunk_is_a_chunk() {
    let temp = tempfile::tempdir().unwrap();
    one_chunk(temp.path(), 0, Vec::new());
    assert_eq!(read(temp.path(), 0), Stored::Whole(Vec::new()));
}

#[test]
fn files_do_not_depend_on_threads() {
    let folders = [1, 2, 7].map(|threads| {
        let temp = tempfile::tempdir().unwrap();
        let report = run(&mut folder(temp.path()), 1000, threads).unwrap();
        (files(temp.path()), report.summary)
    });
    assert_eq!(folders[0].0.len(), 20);
    assert_eq!(folders[0], folders[1]);
    assert_eq!(folders[0], folders[2]);
}

#[test]
fn a_disk_that_fails_at_any_step_costs_nothing_that_was_committed() {
    let whole = tempfile::tempdir().unwrap();
    let expected = run(&mut folder(whole.path()), 400, 2).unwrap();
    // Six steps for each of eight chunks.
    for fails_at in 0..48 {
        let temp = tempfile::tempdir().unwrap();
        folder(temp.path());
        let steps = AtomicU64::new(0);
        let dying = Disk::failing(move |_, _| {
            let dead = steps.fetch_add(1, Ordering::SeqCst) >= fails_at;
            if dead { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
        });
        let mut store = ChunkFolder::on_disk(temp.path(), format(), dying);
        let Err(SweepError::Store(error)) = run(&mut store, 400, 2) else {
            panic!("step {fails_at} did not fail")
        };
        assert_eq!(error.class(), ErrorClass::Disk);
        drop(store);
        let committed = files(temp.path());
        let report = run(&mut folder(temp.path()), 400, 2).unwrap();
        assert_eq!(report.resumed, committed.len() as u64, "step {fails_at}");
        assert!(report.damaged.is_empty());
        assert_eq!(report.summary, expected.summary);
        assert_eq!(files(temp.path()), files(whole.path()), "step {fails_at}");
    }
}

#[test]
fn a_torn_temporary_file_is_never_read() {
    let temp = tempfile::tempdir().unwrap();
    let path = one_chunk(temp.path(), 0, vec![row(1, None)]);
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let torn = temp.path().join(TRIALS).join("chunk-000000.0123456789abcdef.parquet.tmp");
    fs::write(&torn, &bytes[..100]).unwrap();
    assert!(folder(temp.path()).listed().unwrap().is_empty());
    assert!(!torn.exists());
}

fn assert_damaged(root: &Path, chunk: u64, what: &str) {
    assert!(matches!(read(root, chunk), Stored::Damaged(_)), "{what} went unnoticed");
}

#[test]
fn no_flipped_bit_and_no_cut_goes_unnoticed() {
    let temp = tempfile::tempdir().unwrap();
    let path = one_chunk(temp.path(), 0, (0..40).map(|id| row(id, Some(id as f64))).collect());
    let bytes = fs::read(&path).unwrap();
    for place in (0..bytes.len()).step_by(bytes.len() / 700) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        fs::write(&path, &damaged).unwrap();
        assert_damaged(temp.path(), 0, &format!("a flip at byte {place}"));
    }
    for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..cut]).unwrap();
        assert_damaged(temp.path(), 0, &format!("a cut at byte {cut}"));
    }
    let mut zeroed = bytes.clone();
    zeroed[1000..1512].fill(0);
    fs::write(&path, zeroed).unwrap();
    assert_damaged(temp.path(), 0, "a zeroed block");
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(read(temp.path(), 0), Stored::Whole(_)));
}

#[test]
fn swapped_and_foreign_chunks_are_noticed_although_their_bytes_match_their_names() {
    let temp = tempfile::tempdir().unwrap();
    let zero = one_chunk(temp.path(), 0, vec![row(1, None)]);
    let one = one_chunk(temp.path(), 1, vec![row(60, None)]);
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let (as_one, as_zero) = (name(&zero).replace("000000", "000001"), name(&one).replace("000001", "000000"));
    fs::rename(&zero, zero.with_file_name(as_one)).unwrap();
    fs::rename(&one, one.with_file_name(as_zero)).unwrap();
    assert_damaged(temp.path(), 0, "a swap");
    assert_damaged(temp.path(), 1, "a swap");

    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    one_chunk(ours.path(), 0, vec![row(1, None)]);
    let foreign = ChunkFormat { study: Digest::of(b"another"), ..format() };
    let mut other = ChunkFolder::new(theirs.path(), foreign);
    other.prepare().unwrap();
    other.write(FinishedChunk::new(5, vec![row(1, None)], Vec::new())).unwrap();
    other.finish().unwrap();
    let path = &other.files().unwrap()[&5][0];
    fs::copy(path, ours.path().join(TRIALS).join(path.file_name().unwrap())).unwrap();
    assert_damaged(ours.path(), 5, "a chunk of another study");
}

#[test]
fn only_the_damaged_chunk_runs_again_and_the_old_bytes_are_kept_aside() {
    let temp = tempfile::tempdir().unwrap();
    let expected = run(&mut folder(temp.path()), 400, 2).unwrap();
    let before = files(temp.path());
    let path = folder(temp.path()).files().unwrap()[&3][0].clone();
    let mut bytes = fs::read(&path).unwrap();
    bytes[77] ^= 4;
    fs::write(&path, &bytes).unwrap();
    let report = run(&mut folder(temp.path()), 400, 2).unwrap();
    assert_eq!((report.resumed, report.damaged.len(), report.damaged[0].0), (7, 1, 3));
    assert_eq!(report.summary, expected.summary);
    assert_eq!(files(temp.path()), before);

    // A rewritten file under another honest name cannot be overwritten by the new one: it is moved aside.
    let mut rows = vec![row(1, Some(1.0))];
    rows[0].fold = 9;
    let foreign = ChunkFormat { study: Digest::of(b"another"), ..format() };
    fs::remove_file(&path).unwrap();
    let mut other = ChunkFolder::new(temp.path(), foreign);
    other.write(FinishedChunk::new(3, rows, Vec::new())).unwrap();
    other.finish().unwrap();
    run(&mut folder(temp.path()), 400, 2).unwrap();
    assert_eq!(files(temp.path()), before);
    let names = super::disk::names(&temp.path().join(TRIALS)).unwrap();
    assert_eq!(names.iter().filter(|name| name.ends_with(".damaged")).count(), 1);
}

#[test]
fn a_file_of_a_later_program_is_refused_by_its_version() {
    let temp = tempfile::tempdir().unwrap();
    let path = one_chunk(temp.path(), 0, vec![row(1, None)]);
    let bytes = fs::read(&path).unwrap();
    let key = parquet_file::FORMAT_KEY.as_bytes();
    let place = bytes.windows(key.len()).position(|window| window == key).unwrap() + key.len();
    let mut newer = bytes;
    let digit = newer[place..].iter().position(|&byte| byte == b'1').unwrap() + place;
    newer[digit] = b'9';
    fs::remove_file(&path).unwrap();
    let name = super::chunks::file_name(0, Digest::of(&newer));
    fs::write(path.with_file_name(name), newer).unwrap();
    let error = ChunkFolder::new(temp.path(), format()).read(0).unwrap_err();
    assert!(matches!(&error, StoreError::NewerFormat { found, supported: 1, .. } if found == "9"), "{error}");
    assert_eq!(error.class(), ErrorClass::Refused);
}

#[test]
fn returns_are_stored_before_the_trials_they_belong_to() {
    let temp = tempfile::tempdir().unwrap();
    let daily = DailyReturns { days: [18_628, 18_629].into(), returns: [0.01, -0.02].into() };
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&order);
    folder(temp.path());
    let disk = Disk::failing(move |step, path| {
        if step == DiskStep::Rename {
            let parent = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
            seen.lock().unwrap().push(parent);
        }
        Ok(())
    });
    let mut store = ChunkFolder::on_disk(temp.path(), format(), disk);
    let returns = vec![(0, TrialId(2), daily.clone()), (0, TrialId(1), daily.clone())];
    store.write(FinishedChunk::new(0, vec![row(1, None), row(2, None)], returns)).unwrap();
    store.finish().unwrap();
    assert_eq!(*order.lock().unwrap(), ["returns", "trials"]);
    let file = super::disk::names(&temp.path().join("returns")).unwrap().remove(0);
    let read = super::returns::read(&temp.path().join("returns").join(file)).unwrap();
    assert_eq!(read, [(0, TrialId(1), daily.clone()), (0, TrialId(2), daily)]);
}
