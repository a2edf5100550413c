//! The fan-out itself: one batch of trials over the threads of a pool, panics caught.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::jobs::Jobs;
use super::run::TrialEvaluator;
use super::{StopFlag, StopReason, TrialOutcome};
use crate::types::{Trial, TrialError};

/// Runs every job and hands the outcomes over in small blocks, in any order. Leaves the rest alone once `stop` is set
/// or `deliver` says no.
pub(super) fn fan_out<E: TrialEvaluator>(
    evaluator: &E,
    batch: &E::Batch,
    jobs: &Jobs,
    fold: u32,
    stop: &StopFlag,
    deliver: impl Fn(Vec<(u64, TrialOutcome)>) -> bool + Sync,
) {
    // A few at a time when there are thousands, so that handing over costs little; and as many as gain from running
    // side by side, but a block for every thread.
    let trials = jobs.trials.len();
    let threads = rayon::current_num_threads();
    let share = trials.div_ceil(threads);
    let dealt = (threads > 1 && share <= evaluator.side_by_side()).then(|| jobs.dealt(threads));
    let jobs = dealt.as_ref().unwrap_or(jobs);
    let few = (trials / 512).clamp(1, 16);
    let next = AtomicUsize::new(0);
    let work = || {
        while !stop.is_set() {
            let together = evaluator.side_by_side().max(1);
            // Blocks of one size, as many for every thread: a short last one would read the market for a few trials alone,
            // and one too many would keep a thread busy while the others are done.
            let blocks = trials.div_ceil(share.min(together).max(1)).max(1).next_multiple_of(threads);
            let block = few.max(trials.div_ceil(blocks));
            let start = next.fetch_add(block, Ordering::Relaxed);
            let end = (start + block).min(trials);
            if start >= trials {
                break;
            }
            let mut outcomes = Vec::with_capacity(end - start);
            let positions = jobs.positions[start..end].chunks(together);
            for (positions, trials) in positions.zip(jobs.trials[start..end].chunks(together)) {
                if stop.is_set() {
                    break;
                }
                let done = run_together(evaluator, batch, trials, fold);
                outcomes.extend(positions.iter().copied().zip(done));
            }
            if !outcomes.is_empty() && !deliver(outcomes) {
                stop.set(StopReason::Failure);
            }
        }
    };
    // All threads take the next block in turn: chunks become whole in their order, so a stop loses little and few rows
    // wait for an earlier one. Jobs that are dealt out become whole together, and are few.
    rayon::scope(|scope| (0..rayon::current_num_threads()).for_each(|_| scope.spawn(|_| work())));
}

/// Runs some trials to their outcomes; one by one when something happens that no single trial is known to have done.
fn run_together<E: TrialEvaluator>(
    evaluator: &E,
    batch: &E::Batch,
    trials: &[Trial],
    fold: u32,
) -> Vec<TrialOutcome> {
    let results = match trials {
        [_] => None,
        _ => catch_unwind(AssertUnwindSafe(|| evaluator.evaluate_together(batch, trials))).ok(),
    };
    let shape = evaluator.shape();
    match results {
        Some(results) => {
            let outcome =
                |(trial, result): (&Trial, _)| TrialOutcome::new(fold, trial.clone(), result, shape);
            trials.iter().zip(results).map(outcome).collect()
        }
        None => trials.iter().map(|trial| run_one(evaluator, batch, trial, fold)).collect(),
    }
}

/// Runs one trial to its outcome, whatever happens inside.
pub(super) fn run_one<E: TrialEvaluator>(
    evaluator: &E,
    batch: &E::Batch,
    trial: &Trial,
    fold: u32,
) -> TrialOutcome {
    let result = catch_unwind(AssertUnwindSafe(|| evaluator.evaluate(batch, trial)))
        .unwrap_or_else(|payload| Err(TrialError::of_panic(payload.as_ref())));
    TrialOutcome::new(fold, trial.clone(), result, evaluator.shape())
}
