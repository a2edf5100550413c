//! What a store already holds: intact chunks are folded and skipped, damaged ones run again.

use super::store::Stored;
use super::{ChunkPlan, ChunkStore, Progress, ProgressEvent, Ranker, Reducer};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadBack {
    /// Chunks still to run, in order.
    pub todo: Vec<u64>,
    /// Number of intact chunks.
    pub valid: u64,
    /// Positions of the intact chunks.
    pub positions: u64,
    /// Damaged chunks and how it was noticed.
    pub damaged: Vec<(u64, String)>,
}

/// Reads every stored chunk of the plan, one at a time, and folds its rows.
///
/// # Errors
/// When the store cannot be listed or read at all.
pub fn read_back<R: Ranker, C: ChunkStore>(
    store: &mut C,
    plan: &ChunkPlan,
    reducer: &mut Reducer<'_, R>,
    progress: &dyn Progress,
) -> Result<ReadBack, C::Error> {
    let listed = store.listed()?;
    let mut back = ReadBack::default();
    for number in plan.chunks() {
        let stored = if listed.contains(&number) { Some(store.read(number)?) } else { None };
        match stored {
            Some(Stored::Whole(rows)) => {
                reducer.accept(number, &rows);
                let range = plan.positions_of(number);
                back.positions += range.end - range.start;
                back.valid += 1;
            }
            Some(Stored::Damaged(how)) => {
                progress.event(&ProgressEvent::Note(&format!(
                    "chunk {number} is damaged ({how}): it runs again"
                )));
                back.damaged.push((number, how));
                back.todo.push(number);
            }
            None => back.todo.push(number),
        }
    }
    if let Some(leader) = reducer.leader() {
        progress.event(&ProgressEvent::Best(leader));
    }
    let positions: u64 = plan.chunks().map(|chunk| plan.positions_of(chunk)).map(|p| p.end - p.start).sum();
    progress.event(&ProgressEvent::Begin { total: positions, resumed: back.positions });
    progress.event(&ProgressEvent::Trials { done: back.positions, counts: reducer.counts() });
    Ok(back)
}
