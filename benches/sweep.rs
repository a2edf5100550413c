//! What a trial costs beside its simulation. A slowdown of `empty` is paid by every trial of every sweep, one of `store`
//! by every finished chunk; `trials` is the whole of it by number of threads.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use omega_sweep::config::{self, LoadOptions, Text};
use omega_sweep::data::derived::generate_files;
use omega_sweep::data::synthetic::{GenerateSettings, GeneratedLength};
use omega_sweep::engine::{Registry, WindowEnd};
use omega_sweep::job::{JobOptions, Prepared, prepare};
use omega_sweep::metrics::METRIC_COUNT;
use omega_sweep::store::{ChunkFolder, ChunkFormat};
use omega_sweep::sweep::outcome::RowShape;
use omega_sweep::sweep::{
    ChunkPlan, ChunkStore, FeasibleTrials, FinishedChunk, MemoryStore, ObjectiveRanker, RunSettings, Silent,
    StopFlag, Stored, Sweep, TrialEvaluator, TrialResult, TrialRow, TrialSource, WindowEvaluator,
};
use omega_sweep::types::{Digest, ParamSet, ParamValue, Trial, TrialError, TrialId};

const BARS: usize = 20_000;
/// 40 x 20 sets.
const SWEEP: &str = r#"{
    "data": {"path": ".", "holdout": "none"},
    "strategy": "ema_cross",
    "parameters": {"fast": {"from": 2, "to": 41, "step": 1}, "slow": {"from": 60, "to": 250, "step": 10}}
}"#;

fn prepared(folder: &Path) -> Prepared {
    let settings = GenerateSettings {
        symbols: vec!["EURUSD".to_owned()],
        length: GeneratedLength::Bars(BARS),
        ..GenerateSettings::default()
    };
    generate_files(&settings, folder).expect("generated");
    let file = Text { shown: "sweep", name: "sweep", text: SWEEP, folder: folder.to_owned() };
    let registry = Registry::builtin();
    let spec = config::parse(&file, &registry, &LoadOptions::default()).expect("a sweep file");
    prepare(spec, &registry, &JobOptions::default()).expect("prepared")
}

fn run_real(prepared: &Prepared, threads: usize) -> MemoryStore {
    let evaluator = WindowEvaluator::new(&prepared.study, prepared.window, 0, WindowEnd::EndOfRun);
    let mut store = MemoryStore::default();
    let sweep = Sweep {
        plan: &prepared.plan,
        source: &FeasibleTrials { sampler: prepared.samplers[0].as_ref(), study: &prepared.study },
        evaluator: &evaluator,
        ranker: &ObjectiveRanker(prepared.study.objective.clone()),
        settings: &RunSettings { threads, ..RunSettings::default() },
        progress: &Silent,
        stop: &StopFlag::default(),
    };
    sweep.run(&mut store).expect("it runs");
    store
}

/// Real trials, all metrics, on one thread and on two.
fn trials(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let prepared = prepared(folder.path());
    let mut group = criterion.benchmark_group("trials");
    group.throughput(Throughput::Elements(prepared.plan.positions)).sample_size(10);
    for threads in [1, 2] {
        group.bench_function(format!("{threads} threads"), |bencher| {
            bencher.iter(|| black_box(run_real(&prepared, threads)));
        });
    }
    group.finish();
}

/// A trial that does nothing and has no metric.
struct Nothing;

impl TrialSource for Nothing {
    fn positions(&self) -> u64 {
        10_000
    }

    fn trial_at(&self, position: u64) -> Option<Trial> {
        let value = ParamValue::Float(position as f64);
        Some(Trial { id: TrialId(position), params: ParamSet::from_pairs([("value", value)]) })
    }
}

impl TrialEvaluator for Nothing {
    type Plan = ();
    type Batch = ();
    type Error = Infallible;

    fn shape(&self) -> RowShape {
        RowShape { metrics: METRIC_COUNT, objectives: 1 }
    }

    fn plan(&self, _trials: &[Trial]) -> Result<(), Infallible> {
        Ok(())
    }

    fn build(&self, (): (), _previous: Option<&()>) -> Result<(), Infallible> {
        Ok(())
    }

    fn evaluate(&self, (): &(), _trial: &Trial) -> Result<TrialResult, TrialError> {
        Ok(TrialResult::infeasible(METRIC_COUNT, 1, 0.0, String::new()))
    }
}

/// Takes chunks and drops them.
struct Nowhere;

impl ChunkStore for Nowhere {
    type Error = Infallible;

    fn listed(&mut self) -> Result<BTreeSet<u64>, Infallible> {
        Ok(BTreeSet::new())
    }

    fn read(&mut self, _chunk: u64) -> Result<Stored, Infallible> {
        Ok(Stored::Damaged("nothing is kept".to_owned()))
    }

    fn write(&mut self, _chunk: FinishedChunk) -> Result<(), Infallible> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Enumeration, fan-out, rows and their digests, reducer: everything but a simulation.
fn empty(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let objective = prepared(folder.path()).study.objective;
    let plan = ChunkPlan::new(Nothing.positions());
    let mut group = criterion.benchmark_group("empty");
    group.throughput(Throughput::Elements(plan.positions)).sample_size(10);
    for threads in [1, 2] {
        group.bench_function(format!("{threads} threads"), |bencher| {
            bencher.iter(|| {
                let sweep = Sweep {
                    plan: &plan,
                    source: &Nothing,
                    evaluator: &Nothing,
                    ranker: &ObjectiveRanker(objective.clone()),
                    settings: &RunSettings { threads, ..RunSettings::default() },
                    progress: &Silent,
                    stop: &StopFlag::default(),
                };
                black_box(sweep.run(&mut Nowhere).expect("it runs"))
            });
        });
    }
    group.finish();
}

/// A chunk of real rows to a synced file.
fn store(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let prepared = prepared(folder.path());
    let rows: Vec<TrialRow> =
        run_real(&prepared, 2).chunks().flat_map(|chunk| chunk.rows.iter().cloned()).collect();
    let chunk = FinishedChunk::new(0, rows, Vec::new());
    let write = |root: &Path| -> u64 {
        let format = ChunkFormat {
            study: Digest::of(b"study"),
            engine_version: "bench".to_owned(),
            schema: prepared.schema.clone(),
        };
        let mut chunks = ChunkFolder::new(root, format);
        chunks.prepare().expect("a writable folder");
        chunks.write(chunk.clone()).and_then(|()| chunks.finish()).expect("written");
        let files = chunks.files().expect("listed").into_values().flatten();
        files.map(|file| file.metadata().expect("a file").len()).sum()
    };
    let once = tempfile::tempdir().expect("a folder");
    let (bytes, trials) = (write(once.path()), chunk.rows.len() as u64);
    let mut group = criterion.benchmark_group("store");
    group.throughput(Throughput::Bytes(bytes)).sample_size(10);
    group.bench_function(format!("{trials} trials of {} bytes", bytes / trials), |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().expect("a folder"),
            |root| write(root.path()),
            criterion::BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, trials, empty, store);
criterion_main!(benches);
