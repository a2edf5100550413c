//! Workloads with known answers.
