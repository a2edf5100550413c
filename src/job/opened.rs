//! A run folder opened again: its table, single trials simulated anew, everything verified.

use std::path::{Path, PathBuf};

use super::prepare::{runner, table_schema};
use super::{JobError, JobOptions, Prepared, prepare};
use crate::config::{self, JobSpec, LoadOptions, Text};
use crate::engine::{TrialRun, WindowEnd, registry::Registry};
use crate::store::{Manifest, folder, leaderboard};
use crate::sweep::verify::{Selection, VerifyReport, verify};
use crate::sweep::{
    ChunkPlan, ChunkStore, FeasibleTrials, ObjectiveRanker, Ranker, Shard, TrialRow, WindowEvaluator,
    store::Stored,
};
use crate::types::{StepRange, TrialId};
use crate::walkforward::run::window_plan;

/// A run folder, for reading.
#[derive(Debug)]
pub struct Opened {
    /// Where it is.
    pub root: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

/// One stored trial, simulated again.
#[derive(Debug)]
pub struct ShownTrial {
    /// The row as stored.
    pub stored: TrialRow,
    /// The row as the new run gives it.
    pub again: TrialRow,
    /// Everything the new run did; `None` when the trial fails.
    pub run: Option<TrialRun>,
    /// Steps it ran on.
    pub window: StepRange,
}

/// The stored trials of a run in their order.
#[derive(Debug)]
pub struct RankedRun {
    /// The sweep file.
    pub spec: JobSpec,
    /// Best first.
    pub rows: Vec<TrialRow>,
    /// Chunks that cannot be trusted, with how it was noticed; their trials are left out.
    pub damaged: Vec<(u64, String)>,
}

impl ShownTrial {
    /// Whether the new run confirms the stored digest.
    pub fn is_confirmed(&self) -> bool {
        self.stored.digest == self.again.digest
    }
}

/// Which trials to verify.
pub use crate::sweep::verify::Selection as VerifySelection;

impl Opened {
    /// Opens a run folder.
    ///
    /// # Errors
    /// When there is none, or its manifest is unreadable.
    pub fn open(root: &Path) -> Result<Self, JobError> {
        let manifest = Manifest::load(root)?.ok_or_else(|| JobError::NotFound {
            what: format!("{} is not a run folder: it has no manifest.json", root.display()),
            remedy: "name the folder of a run, a prefix of its name, or `latest`".to_owned(),
        })?;
        Ok(Self { root: root.to_owned(), manifest })
    }

    /// The rows of `leaderboard.parquet`, best first.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn leaderboard(&self) -> Result<Vec<TrialRow>, JobError> {
        Ok(leaderboard::read(&self.root)?.0)
    }

    /// Every stored trial of the run, best first; of a walk-forward study those of its latest window. Reads the chunks
    /// alone, so an interrupted run is ranked like a finished one, and no market data are needed.
    ///
    /// # Errors
    /// When the stored sweep file is not understood or the folder cannot be read.
    pub fn ranked(&self, registry: &Registry) -> Result<RankedRun, JobError> {
        let spec = self.spec(registry)?;
        let schema = table_schema(&spec, runner(&spec, registry)?.as_ref());
        let mut store = folder::open_chunks(&self.root, &self.manifest, schema)?;
        let (mut rows, mut damaged): (Vec<TrialRow>, _) = (Vec::new(), Vec::new());
        for chunk in store.listed()? {
            match store.read(chunk)? {
                Stored::Whole(found) => rows.extend(found),
                Stored::Damaged(how) => damaged.push((chunk, how)),
            }
        }
        let latest = rows.iter().map(|row| row.fold).max().unwrap_or(0);
        rows.retain(|row| row.fold == latest);
        let ranker = ObjectiveRanker(spec.objective.clone());
        rows.sort_by_cached_key(|row| ranker.key(row));
        Ok(RankedRun { spec, rows, damaged })
    }

    /// The sweep file the run was made from.
    fn spec(&self, registry: &Registry) -> Result<JobSpec, JobError> {
        let text = self.manifest.spec.to_string();
        let shown = self.root.join("manifest.json");
        let base = self.manifest.about.get("base_dir").and_then(serde_json::Value::as_str).unwrap_or(".");
        let file = Text {
            shown: &shown.to_string_lossy(),
            name: &self.manifest.name,
            text: &text,
            folder: PathBuf::from(base),
        };
        Ok(config::parse(&file, registry, &LoadOptions::default())?)
    }

    /// The study again, from the manifest: the stored sweep file, the same data, the same columns.
    ///
    /// # Errors
    /// When the data are gone or differ from those of the run.
    pub fn prepare(&self, registry: &Registry, options: &JobOptions) -> Result<Prepared, JobError> {
        let spec = self.spec(registry)?;
        let [part, parts] = self.manifest.shard;
        let options = JobOptions { shard: Shard { part, parts }, ..options.clone() };
        let prepared = prepare(spec, registry, &options)?;
        let before = self.manifest.identity(&self.root)?;
        let differences = before.differences(&prepared.identity);
        let accepted = self.manifest.accepted_versions.contains(&prepared.identity.engine_version);
        let only_version =
            differences.len() == 1 && before.engine_version != prepared.identity.engine_version;
        if differences.is_empty() || (only_version && (accepted || options.accept_version)) {
            return Ok(prepared);
        }
        Err(crate::store::StoreError::OtherStudy { path: self.root.clone(), differences, only_version }
            .into())
    }

    /// The plan of each enumeration with its window: one, or one per walk-forward window.
    fn windows(prepared: &Prepared) -> Vec<(ChunkPlan, StepRange, usize)> {
        match &prepared.splits {
            None => vec![(prepared.plan, prepared.window, 0)],
            Some(splits) => (0..splits.windows.len())
                .map(|place| (window_plan(&prepared.plan, splits, place), splits.windows[place].train, place))
                .collect(),
        }
    }

    /// Runs selected trials again and compares every bit; also checks every stored chunk.
    ///
    /// # Errors
    /// When the folder cannot be read or memory does not suffice.
    pub fn verify(
        &self,
        prepared: &Prepared,
        selection: Selection,
        threads: usize,
    ) -> Result<VerifyReport, JobError> {
        let mut store = folder::open_chunks(&self.root, &self.manifest, prepared.schema.clone())?;
        let mut total = VerifyReport::default();
        for (plan, window, place) in Self::windows(prepared) {
            let evaluator = WindowEvaluator::new(&prepared.study, window, plan.fold, WindowEnd::EndOfRun);
            let source =
                FeasibleTrials { sampler: prepared.samplers[place].as_ref(), study: &prepared.study };
            let report = verify(&plan, &source, &evaluator, &mut store, selection, threads)?;
            total.chunks += report.chunks;
            total.rows += report.rows;
            total.rerun += report.rerun;
            total.damaged.extend(report.damaged);
            total.missing.extend(report.missing);
            total.differences.extend(report.differences);
        }
        Ok(total)
    }

    /// A stored trial (of the latest window, when there are several) and what it does now.
    ///
    /// # Errors
    /// When no stored chunk holds it.
    pub fn show(&self, prepared: &Prepared, id: TrialId) -> Result<ShownTrial, JobError> {
        let mut store = folder::open_chunks(&self.root, &self.manifest, prepared.schema.clone())?;
        let listed = store.listed()?;
        for (plan, window, _) in Self::windows(prepared).into_iter().rev() {
            for chunk in plan.chunks().filter(|chunk| listed.contains(chunk)) {
                let Stored::Whole(rows) = store.read(chunk)? else { continue };
                let Some(row) = rows.into_iter().find(|row| row.trial.id == id) else { continue };
                return Self::simulate(prepared, row, window);
            }
        }
        Err(JobError::NotFound {
            what: format!("no stored trial {id} in {}", self.root.display()),
            remedy: "list trials with: omega-sweep top".to_owned(),
        })
    }

    fn simulate(prepared: &Prepared, stored: TrialRow, window: StepRange) -> Result<ShownTrial, JobError> {
        let evaluator = WindowEvaluator::new(&prepared.study, window, stored.fold, WindowEnd::EndOfRun);
        let cache = prepared.study.cache_for(std::slice::from_ref(&stored.trial))?;
        let run = evaluator.simulate(&cache, &stored.trial);
        let result = run.as_ref().map(|run| evaluator.result(run)).map_err(Clone::clone);
        let shape = crate::sweep::TrialEvaluator::shape(&evaluator);
        let again = TrialRow::new(stored.fold, stored.trial.clone(), &result, shape);
        Ok(ShownTrial { stored, again, run: run.ok(), window })
    }
}
