//! Execution, costs, portfolio and event engine against the recorded runs of the reference, every float exactly.

mod costs;
mod engine;
mod portfolio;
mod sizing;
mod slippage_rng;
mod support;
mod units;
