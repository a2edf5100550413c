//! The run folder of a job: opened, filled, concluded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Finished, JobError, JobOptions, Prepared};
use crate::engine::WindowEnd;
use crate::store::{
    ChunkFolder, EventLog, Manifest, ManifestHead, OpenMode, RunFolder, Started, artifacts, leaderboard,
};
use crate::sweep::{Progress, ProgressEvent, SweepEnd, WindowEvaluator};
use crate::types::{Digest, Timestamp};

/// The folder this process writes, under its lock.
pub(super) struct RunTarget {
    folder: RunFolder,
    events: EventLog,
    wall: fn() -> Option<Timestamp>,
    pub(super) chunks: ChunkFolder,
}

impl RunTarget {
    /// Opens or makes the folder of a study.
    pub(super) fn open(
        prepared: &Prepared,
        options: &JobOptions,
        progress: &dyn Progress,
    ) -> Result<Self, JobError> {
        let root = root(prepared, options);
        let mode = OpenMode { fresh: options.fresh, accept_version: options.accept_version };
        let manifest = Manifest::new(&prepared.identity, head(prepared, options));
        let folder = RunFolder::open(&root, &prepared.identity, manifest, mode)?;
        let chunks = folder.chunks(prepared.schema.clone())?;
        let events = EventLog::new(folder.root());
        let (event, note) = match &folder.started {
            Started::New => ("start", None),
            Started::Continued => ("resume", Some(format!("going on in {}", folder.root().display()))),
            Started::OtherVersion { begun_with } => (
                "resume",
                Some(format!("going on with a run that version {begun_with} began: the run is marked")),
            ),
            Started::MovedAside(aside) => {
                ("start", Some(format!("the old run now lies in {}", aside.display())))
            }
        };
        if let Some(note) = note {
            progress.event(&ProgressEvent::Note(&note));
        }
        let target = Self { folder, events, wall: options.wall, chunks };
        target.log(event, options.about.clone(), progress);
        if options.latest {
            // A pointer is a convenience: a file system without links still has its results.
            let _ = target.folder.point_latest(&options.results);
        }
        Ok(target)
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.root()
    }

    /// Trouble with the event log never stops a run.
    fn log(&self, event: &str, details: Map<String, Value>, progress: &dyn Progress) {
        if let Err(error) = self.events.append(event, (self.wall)(), details) {
            progress.event(&ProgressEvent::Note(&error.to_string()));
        }
    }

    /// Writes leaderboard, artifacts of the best trials, walk-forward files and the manifest.
    pub(super) fn conclude(&mut self, prepared: &Prepared, finished: &Finished) -> Result<(), JobError> {
        let output = &prepared.spec.output;
        let best = &finished.summary.best;
        let study = prepared.identity.study_id();
        let rows = &best[..best.len().min(output.keep_best)];
        leaderboard::write(self.root(), study, &prepared.schema, rows)?;
        match &finished.windows {
            Some(windows) => windows.write(self.root(), prepared)?,
            None => self.write_best(prepared, finished)?,
        }
        let complete = finished.end == SweepEnd::Complete;
        let files = self.file_digests()?;
        let manifest = &mut self.folder.manifest;
        manifest.conclude(&finished.summary.chunks, &files, complete.then_some(finished.summary.digest));
        manifest.truncated = !complete;
        let manifest = manifest.clone();
        manifest.save(self.root())?;
        let mut details = Map::new();
        details.insert("complete".to_owned(), Value::from(complete));
        details.insert("trials".to_owned(), Value::from(finished.summary.counts.trials));
        details.insert("failed".to_owned(), Value::from(finished.summary.counts.failed));
        // As above: the log is a convenience.
        let _ = self.events.append("end", (self.wall)(), details);
        Ok(())
    }

    /// Trades and equity of the best trials, simulated again.
    fn write_best(&self, prepared: &Prepared, finished: &Finished) -> Result<(), JobError> {
        let best = finished.summary.best.iter().filter(|row| row.error.is_none());
        let trials: Vec<_> =
            best.take(prepared.spec.output.keep_trades).map(|row| row.trial.clone()).collect();
        if trials.is_empty() {
            return Ok(());
        }
        let evaluator = WindowEvaluator::new(&prepared.study, prepared.window, 0, WindowEnd::EndOfRun);
        let cache = prepared.study.cache_for(&trials)?;
        for trial in &trials {
            if let Ok(run) = evaluator.simulate(&cache, trial) {
                artifacts::write(self.root(), trial.id, &run, &prepared.study.inputs.data)?;
            }
        }
        Ok(())
    }

    /// Digest of the bytes of every chunk file, as their names say.
    fn file_digests(&self) -> Result<BTreeMap<u64, Digest>, JobError> {
        let mut digests = BTreeMap::new();
        for (chunk, paths) in self.chunks.files()? {
            if let Some(path) = paths.first() {
                digests.insert(
                    chunk,
                    crate::store::digest::file_digest(path)
                        .map_err(|source| crate::store::StoreError::disk("read", path, source))?,
                );
            }
        }
        Ok(digests)
    }
}

/// `--out`, else `output.dir` of the file, else `results/<name>-<8 hex digits of the study id>`.
pub(super) fn root(prepared: &Prepared, options: &JobOptions) -> PathBuf {
    let spec = &prepared.spec;
    let named = options.out.clone().or_else(|| spec.output.dir.as_ref().map(|dir| spec.base_dir.join(dir)));
    named.unwrap_or_else(|| {
        options.results.join(format!("{}-{}", spec.name, prepared.identity.study_id().short(8)))
    })
}

fn head(prepared: &Prepared, options: &JobOptions) -> ManifestHead {
    let settings = &prepared.study.inputs.settings;
    let mut about = options.about.clone();
    // Absolute, so that the run can be opened again from anywhere.
    let base =
        std::path::absolute(&prepared.spec.base_dir).unwrap_or_else(|_| prepared.spec.base_dir.clone());
    about.insert("base_dir".to_owned(), Value::from(base.display().to_string()));
    about.insert("threads".to_owned(), Value::from(super::threads(options.threads)));
    ManifestHead {
        name: prepared.spec.name.clone(),
        seed: prepared.spec.seed.0,
        profile: settings.profile.as_str().to_owned(),
        deviations: super::closing::deviations(settings),
        data_report: serde_json::to_value(&prepared.data_report).unwrap_or_default(),
        positions: prepared.plan.positions,
        chunk_trials: prepared.plan.chunk_trials,
        shard: [options.shard.part, options.shard.parts],
        about,
    }
}
