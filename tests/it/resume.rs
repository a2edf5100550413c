//! Killed anywhere, continued: the same bytes.
