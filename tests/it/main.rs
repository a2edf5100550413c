//! Whole-program and golden tests: one binary.

mod accounting;
mod cli;
mod config_errors;
mod data_files;
mod data_import;
mod data_odd_parquet;
mod determinism;
mod differential;
mod docs;
mod engine_cases;
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
mod strategy_cases;
mod strategy_checks;
mod walk_forward;
