//! Nothing computed at or before an instant depends on what comes after it.
