//! One parameter set of a study, and how it can fail.

use std::any::Any;

use super::{ParamError, ParamSet, TrialId};

/// A parameter set with its number. The values are complete: searched, fixed and default ones, strategy and
/// `engine.` paths alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Number in the canonical enumeration or in the order of asking.
    pub id: TrialId,
    /// All values.
    pub params: ParamSet,
}

/// Why a trial gave no result; the sweep goes on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrialError {
    /// The parameters cannot run; pruned sets are recorded with their reason.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// The strategy or the engine panicked on this set.
    #[error("panicked: {0}")]
    Panic(String),
    /// The engine refused to go on (a missing rate, more than 64 draws in one bar, ...).
    #[error("{0}")]
    Engine(String),
}

impl TrialError {
    /// What a caught panic said.
    pub fn of_panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panic(text.unwrap_or_else(|| "without a message".to_owned()))
    }
}
