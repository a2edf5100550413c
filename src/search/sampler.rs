//! What every sampler offers whose points do not depend on results: random access by position.

use super::space::SpaceError;
use crate::types::{Trial, TrialId};

/// A sampler that cannot start or go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// The space does not fit the sampler.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// Too few of the random points pass the constraints.
    #[error("{tries} draws gave no new admissible set for trial {trial}: {reason}")]
    TooTight {
        /// Trial that found no point.
        trial: TrialId,
        /// Draws tried.
        tries: u32,
        /// The constraint with the lowest pass rate, or that all sets were drawn.
        reason: String,
    },
    /// More points than the sampler has numbers for.
    #[error("{found} trials, at most {allowed} are possible with this sampler")]
    Points {
        /// Trials asked for.
        found: u64,
        /// Most of them.
        allowed: u64,
    },
    /// More dimensions than the sampler has numbers for.
    #[error("{found} searched parameters, at most {allowed} are possible with this sampler")]
    Dimensions {
        /// Searched parameters.
        found: usize,
        /// Most of them.
        allowed: usize,
    },
}

/// How many points there are; `run + excluded + inactive = positions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Positions in all.
    pub positions: u64,
    /// Points that are run.
    pub run: u64,
    /// Points a constraint excludes.
    pub excluded: u64,
    /// Points whose set another one gave, in all but inactive parameters.
    pub inactive: u64,
}

/// A point of a sampler, or why it is not run.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// To be run.
    Run(Trial),
    /// A constraint (by index) is false.
    Excluded(usize),
    /// The same set as another id: only an inactive parameter stands elsewhere, or an earlier point gave it.
    Inactive,
}

/// Points by position: chunk `c` of size `s` holds the positions `[c*s, (c+1)*s)`, whatever ran before.
pub trait Sampler: Send + Sync + std::fmt::Debug {
    /// Positions in all, those of excluded points included.
    fn positions(&self) -> u64;

    /// Trial id at a position below [`Sampler::positions`].
    fn id_at(&self, position: u64) -> TrialId;

    /// What stands at a position below [`Sampler::positions`].
    fn ask(&self, position: u64) -> Asked;

    /// The trial at a position; `None` = not run.
    fn trial_at(&self, position: u64) -> Option<Trial> {
        match self.ask(position) {
            Asked::Run(trial) => Some(trial),
            Asked::Excluded(_) | Asked::Inactive => None,
        }
    }

    /// Counts the points of a range of positions; takes time proportional to its length.
    fn count(&self, positions: std::ops::Range<u64>) -> Counts {
        let mut counts = Counts::default();
        for position in positions {
            counts.positions += 1;
            match self.ask(position) {
                Asked::Run(_) => counts.run += 1,
                Asked::Excluded(_) => counts.excluded += 1,
                Asked::Inactive => counts.inactive += 1,
            }
        }
        counts
    }
}
