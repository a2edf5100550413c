//! Whole-program and golden tests: one binary.

#![allow(clippy::unwrap_used, reason = "a test that meets what it does not expect fails by panicking")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "small numbers of small cases"
)]
#![allow(clippy::format_collect, reason = "texts to compare; nobody waits for them")]

mod accounting;
mod cli;
mod config_errors;
mod data_files;
mod data_import;
mod data_limits;
mod data_odd_parquet;
mod data_range;
mod data_report;
mod data_round_trip;
mod determinism;
mod differential;
mod docs;
mod engine_cases;
mod engine_in_a_sweep;
mod execution_rules;
mod fixture;
mod golden;
mod layering;
mod no_lookahead;
mod plain_comparison;
mod plain_engine;
mod resume;
mod right_numbers;
mod rule_strategies;
mod rule_twins;
mod strategy_cases;
mod strategy_checks;
mod strategy_programs;
mod walk_forward;
mod watched;
