//! Runs stored trials again and compares bit by bit.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::fan_out::run_one;
use super::run::{SweepError, TrialEvaluator, TrialSource, thread_pool};
use super::store::Stored;
use super::{ChunkPlan, ChunkStore, TrialOutcome, TrialRow};
use crate::types::{MasterSeed, Purpose, Trial, TrialId};

/// Which trials to run again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Selection {
    /// Every one.
    All,
    /// This one.
    Trial(TrialId),
    /// A seeded share of them, at least one: the same trials every time.
    Sample {
        /// Share, 0 to 1.
        share: f64,
        /// The study's seed.
        seed: MasterSeed,
    },
}

/// A stored value that a new run does not confirm.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Fold of the row.
    pub fold: u32,
    /// The trial.
    pub trial: TrialId,
    /// The column: `status`, `feasible`, `objective 0`, `metric 3`, `parameters`, `trial_digest`, ...
    pub column: String,
    /// What is stored.
    pub stored: String,
    /// What the new run gives.
    pub rerun: String,
}

/// A chunk that cannot be trusted or is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkDefect {
    /// Number of the chunk.
    pub chunk: u64,
    /// Least and greatest trial id that belong to it, as the enumeration says; `None` when all are excluded.
    pub trials: Option<(TrialId, TrialId)>,
    /// What is wrong with it.
    pub how: String,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VerifyReport {
    /// Chunks read and found intact.
    pub chunks: u64,
    /// Rows in them.
    pub rows: u64,
    /// Trials run again.
    pub rerun: u64,
    /// Damaged chunks.
    pub damaged: Vec<ChunkDefect>,
    /// Chunks of the plan that are not stored.
    pub missing: Vec<ChunkDefect>,
    /// Differences, in trial order.
    pub differences: Vec<Difference>,
}

/// Reads every chunk of the plan, runs the selected trials again, and compares.
///
/// # Errors
/// When the store cannot be read at all, a batch cannot be prepared, or there are no threads.
pub fn verify<S: TrialSource, E: TrialEvaluator, C: ChunkStore>(
    plan: &ChunkPlan,
    source: &S,
    evaluator: &E,
    store: &mut C,
    selection: Selection,
    threads: usize,
) -> Result<VerifyReport, SweepError<C::Error, E::Error>> {
    let pool = thread_pool(threads)?;
    let listed = store.listed().map_err(SweepError::Store)?;
    let mut report = VerifyReport::default();
    let mut previous = None;
    for number in plan.chunks() {
        if !listed.contains(&number) {
            report.missing.push(defect(plan, source, number, "not there".to_owned()));
            continue;
        }
        let rows = match store.read(number).map_err(SweepError::Store)? {
            Stored::Whole(rows) => rows,
            Stored::Damaged(how) => {
                report.damaged.push(defect(plan, source, number, how));
                continue;
            }
        };
        report.chunks += 1;
        report.rows += rows.len() as u64;
        let trials = selected(plan, source, number, selection);
        if trials.is_empty() {
            continue;
        }
        report.rerun += trials.len() as u64;
        let needs = evaluator.plan(&trials).map_err(SweepError::Prepare)?;
        let batch =
            pool.install(|| evaluator.build(needs, previous.as_ref())).map_err(SweepError::Prepare)?;
        let again: Vec<TrialOutcome> = pool.install(|| {
            trials.par_iter().map(|trial| run_one(evaluator, &batch, trial, plan.fold)).collect()
        });
        previous = Some(batch);
        compare_chunk(&rows, &again, &mut report.differences);
    }
    Ok(report)
}

fn defect<S: TrialSource>(plan: &ChunkPlan, source: &S, chunk: u64, how: String) -> ChunkDefect {
    let ids = plan.positions_of(chunk).filter_map(|position| source.trial_at(position)).map(|trial| trial.id);
    let trials = ids.clone().min().zip(ids.max());
    ChunkDefect { chunk, trials, how }
}

fn selected<S: TrialSource>(plan: &ChunkPlan, source: &S, chunk: u64, selection: Selection) -> Vec<Trial> {
    let trials = plan.positions_of(chunk).filter_map(|position| source.trial_at(position));
    match selection {
        Selection::All => trials.collect(),
        Selection::Trial(id) => trials.filter(|trial| trial.id == id).collect(),
        Selection::Sample { share, seed } => {
            let mut trials: Vec<Trial> = trials.collect();
            // Stratified by chunk: a small shift of the whole share decides how the fraction is rounded.
            let mut rng = seed.rng(Purpose::Bootstrap, u32::MAX, 0, chunk);
            let wanted = trials.len() as f64 * share.clamp(0.0, 1.0) + rng.unit();
            rng.shuffle(&mut trials);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 to the chunk size"
            )]
            trials.truncate(wanted as usize);
            trials.sort_by_key(|trial| trial.id);
            trials
        }
    }
}

fn compare_chunk(stored: &[TrialRow], again: &[TrialOutcome], differences: &mut Vec<Difference>) {
    let stored: BTreeMap<_, _> = stored.iter().map(|row| (row.key(), row)).collect();
    for row in again.iter().flat_map(|outcome| &outcome.rows) {
        match stored.get(&row.key()) {
            Some(stored) => compare_rows(stored, row, differences),
            None => differences.push(Difference {
                fold: row.fold,
                trial: row.trial.id,
                column: "trial_id".to_owned(),
                stored: "no row".to_owned(),
                rerun: "a row".to_owned(),
            }),
        }
    }
}

/// Every stored column against the new run. Parameters are compared where they are stored.
fn compare_rows(stored: &TrialRow, again: &TrialRow, differences: &mut Vec<Difference>) {
    let mut check = |column: String, stored_text: String, rerun: String| {
        if stored_text != rerun {
            let (fold, trial) = stored.key();
            differences.push(Difference { fold, trial, column, stored: stored_text, rerun });
        }
    };
    let number = |value: Option<f64>| {
        value.map_or_else(|| "null".to_owned(), |v| format!("{v:?} (bits {:016x})", v.to_bits()))
    };
    check("status".into(), stored.status.as_str().into(), again.status.as_str().into());
    check("error".into(), format!("{:?}", stored.error), format!("{:?}", again.error));
    check("feasible".into(), stored.feasible.to_string(), again.feasible.to_string());
    check("violation".into(), number(stored.violation), number(again.violation));
    check("pruned_at".into(), format!("{:?}", stored.pruned_at), format!("{:?}", again.pruned_at));
    for (k, (a, b)) in stored.objectives.iter().zip(&again.objectives).enumerate() {
        check(format!("objective {k}"), number(*a), number(*b));
    }
    for (k, (a, b)) in stored.metrics.iter().zip(again.metrics.iter()).enumerate() {
        check(format!("metric {k}"), number(a), number(b));
    }
    for (name, value) in stored.trial.params.iter() {
        let rerun = again.trial.params.get(name).map_or_else(|| "nothing".to_owned(), ToString::to_string);
        check(format!("param.{name}"), value.to_string(), rerun);
    }
    if stored.duplicate_of.is_none() {
        check("trial_digest".into(), stored.digest.to_hex(), again.digest.to_hex());
    }
}

#[cfg(test)]
mod tests {
    use super::super::fakes::{ByObjective, FakeEvaluator, FakeSource};
    use super::super::{FinishedChunk, MemoryStore, MetricValues, RunSettings, Silent, StopFlag, Sweep};
    use super::*;

    const SOURCE: FakeSource = FakeSource(1000);

    fn plan() -> ChunkPlan {
        ChunkPlan::new(1000).with_chunk_trials(50)
    }

    fn stored() -> MemoryStore {
        let mut store = MemoryStore::default();
        let (plan, settings) = (plan(), RunSettings { max_failures: 1.0, ..RunSettings::default() });
        let sweep = Sweep {
            plan: &plan,
            source: &SOURCE,
            evaluator: &FakeEvaluator::default(),
            ranker: &ByObjective,
            settings: &settings,
            progress: &Silent,
            stop: &StopFlag::default(),
        };
        sweep.run(&mut store).unwrap();
        store
    }

    fn check(store: &mut MemoryStore, selection: Selection) -> VerifyReport {
        verify(&plan(), &SOURCE, &FakeEvaluator::default(), store, selection, 2).unwrap()
    }

    #[test]
    fn an_honest_store_has_no_differences() {
        let report = check(&mut stored(), Selection::All);
        assert_eq!((report.chunks, report.rerun, report.rows), (20, 857, 857));
        assert!(report.differences.is_empty() && report.damaged.is_empty() && report.missing.is_empty());
    }

    #[test]
    fn a_changed_metric_is_found_and_its_trial_named() {
        let mut store = stored();
        let chunk = store.chunks().nth(3).unwrap().clone();
        let mut rows = chunk.rows.clone();
        let values: Vec<_> = rows[7].metrics.iter().collect();
        let changed = values[1].unwrap().next_up();
        rows[7].metrics = MetricValues::new([values[0], Some(changed), values[2]]);
        let trial = rows[7].trial.id;
        store.write(FinishedChunk { rows, ..chunk }).unwrap();
        for selection in [Selection::All, Selection::Trial(trial)] {
            let report = check(&mut store, selection);
            let found: Vec<_> = report.differences.iter().map(|d| (d.trial, d.column.as_str())).collect();
            assert_eq!(found, [(trial, "metric 1")]);
        }
    }

    #[test]
    fn a_sample_is_seeded_and_has_about_its_share() {
        let sample = Selection::Sample { share: 0.1, seed: MasterSeed(5) };
        let report = check(&mut stored(), sample);
        assert_eq!(report, check(&mut stored(), sample));
        assert!((70..=100).contains(&report.rerun), "{}", report.rerun);
    }
}
