//! Why a job could not be done.

use crate::cache::CacheError;
use crate::config::ConfigError;
use crate::data::DataError;
use crate::engine::SettingError;
use crate::search::SamplerError;
use crate::store::StoreError;
use crate::sweep::SweepError;
use crate::types::{ParamError, TrialError};
use crate::walkforward::WalkForwardRunError;

/// Why a job could not be done; each kind has one exit code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The sweep file is wrong; every problem is listed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The market data were refused.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An engine setting does not fit the data (a missing conversion rate, say).
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The sampler cannot draw from the space.
    #[error(transparent)]
    Sampler(#[from] SamplerError),
    /// No parameter set of the space can be bound to the data.
    #[error("no parameter set can run: {0}")]
    Strategy(ParamError),
    /// Every parameter set is excluded.
    #[error("all {positions} parameter sets are excluded{because}")]
    NothingToRun {
        /// Positions of the enumeration.
        positions: u64,
        /// The constraint or the strategy's reason that excludes most.
        because: String,
    },
    /// The development range holds no walk-forward window.
    #[error("the data hold no walk-forward window: {0}")]
    NoWindow(String),
    /// The run folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Memory does not suffice for the shared series.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The operating system gave no threads.
    #[error("{0}")]
    Threads(String),
    /// A test of the strategy could not run.
    #[error("the strategy cannot be tested: {0}")]
    Check(TrialError),
    /// A set chosen in training failed in its test, or tests overlap.
    #[error("{0}")]
    WalkForward(String),
    /// A run folder or trial that is asked for does not exist.
    #[error("{what}; {remedy}")]
    NotFound {
        /// What is missing.
        what: String,
        /// What to do.
        remedy: String,
    },
}

impl From<SweepError<StoreError, CacheError>> for JobError {
    fn from(error: SweepError<StoreError, CacheError>) -> Self {
        match error {
            SweepError::Store(error) => Self::Store(error),
            SweepError::Prepare(error) => Self::Cache(error),
            threads @ SweepError::Threads { .. } => Self::Threads(threads.to_string()),
        }
    }
}

impl From<WalkForwardRunError<StoreError>> for JobError {
    fn from(error: WalkForwardRunError<StoreError>) -> Self {
        match error {
            WalkForwardRunError::Sweep(error) => error.into(),
            WalkForwardRunError::Cache(error) => Self::Cache(error),
            other => Self::WalkForward(other.to_string()),
        }
    }
}
