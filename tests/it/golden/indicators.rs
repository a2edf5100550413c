//! Indicator vectors.
