//! Many runs: fan-out over the cores, one reducer, one total order.
//!
//! What a trial is and how it is run come in by trait ([`TrialSource`], [`TrialEvaluator`]); where finished chunks go
//! is a trait too ([`ChunkStore`]). The loop knows no markets, files or terminals, and nothing here depends on the number
//! of threads: trials may finish in any order, chunks leave in theirs. [`study`] is the one file that ties it to the
//! engine.

pub mod adaptive;
pub mod digest;
pub mod outcome;
pub mod plan;
pub mod progress;
pub mod rank;
pub mod reducer;
pub mod resume;
pub mod run;
pub mod stop;
pub mod store;
pub mod study;
pub mod verify;

mod accounts;
mod collect;
#[cfg(test)]
pub(crate) mod fakes;
mod fan_out;
mod jobs;
mod side_by_side;

pub use adaptive::{AdaptiveSweep, GenerationSource};
pub use outcome::{DailyReturns, FoldResult, MetricValues, RowShape, TrialOutcome, TrialResult, TrialRow};
pub use plan::{ChunkPlan, Shard};
pub use progress::{Progress, ProgressEvent, Silent};
pub use rank::TrialStatus;
pub use reducer::{Moments, Ranker, Reducer, SweepCounts, SweepSummary};
pub use run::{RunSettings, Sweep, SweepEnd, SweepError, SweepReport, TrialEvaluator, TrialSource};
pub use stop::{StopFlag, StopReason};
pub use store::{ChunkStore, FinishedChunk, MemoryStore, Stored};
pub use study::{FeasibleTrials, ObjectiveRanker, Study, WindowEvaluator};
