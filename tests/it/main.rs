//! Whole-program and golden tests: one binary.

mod accounting;
mod cli;
mod config_errors;
mod data_files;
mod data_import;
mod data_odd_parquet;
mod determinism;
mod differential;
mod golden;
mod layering;
mod no_lookahead;
mod resume;
mod right_numbers;
mod walk_forward;
