//! Small integers that must not be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Position of a symbol in the configured order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SymbolId(pub u16);

impl SymbolId {
    /// The id as an index into per-symbol lists.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Number of a parameter set in the canonical enumeration of its study (grid) or in the order of asking (samplers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrialId(pub u64);

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A half-open range `[start, end)` of steps of the shared timeline on which a run may trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StepRange {
    /// First step.
    pub start: usize,
    /// One past the last step.
    pub end: usize,
}

impl StepRange {
    /// Number of steps; 0 when the range is empty.
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether no step lies in the range.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }
}
