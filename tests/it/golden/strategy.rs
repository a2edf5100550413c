//! The reference strategy: alignment, signals, whole runs.
