//! omega-sweep finds out which parameters of a trading strategy hold up.
//!
//! It runs one strategy over shared, read-only market data many thousand times, each time with other parameters, and
//! ranks what comes out. Data moves one way:
//!
//! config → data → indicators → cache → engine × N → metrics → reducer → store → report

pub mod types;

pub mod costs;
pub mod data;
pub mod indicators;
pub mod metrics;

pub mod cache;
pub mod execution;
pub mod portfolio;

pub mod strategy;

pub mod engine;

pub mod search;

pub mod sweep;

pub mod robustness;
pub mod walkforward;

#[cfg(feature = "parquet")]
pub mod store;

#[cfg(feature = "parquet")]
pub mod config;

#[cfg(feature = "parquet")]
pub mod job;

#[cfg(feature = "parquet")]
pub mod bench;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "parquet")]
pub mod report;
