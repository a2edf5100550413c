//! Metric and statistics vectors.
