//! What a run reports: trade and equity metrics with one rule for the undefined, and significance statistics
//! (`metrics.md`).
//!
//! A metric is an `Option<f64>`: `None` is *undefined* and ranks worst. NaN and infinities never leave this module.
//! Metrics use `+ - * /`, square roots and comparisons in a fixed order; the few transcendental functions come from
//! [`crate::types::math`].

mod bootstrap;
mod calendar;
mod compute;
mod correlation;
mod definitions;
mod equity;
mod moments;
mod multiple_tests;
mod names;
#[cfg(test)]
mod per_bar;
mod ranks;
mod ratio;
mod significance;
mod trade_rows;
mod trades;
mod values;
mod watch;

pub use bootstrap::{
    Bootstrap, BootstrapKind, MIN_OBSERVATIONS, default_block_length, p_value_mean_above_zero,
    p_value_of_resamples,
};
pub use calendar::MetricCalendar;
pub use compute::{EquityFacts, MetricScratch, RunFacts, compute, dated_returns};
pub use correlation::{correlation, correlation_sample, mean_correlation};
pub use definitions::{METRIC_COUNT, METRICS};
pub(crate) use moments::Spread;
pub use multiple_tests::{benjamini_hochberg, holm};
pub use names::{Goal, MetricDef, MetricId};
pub use ranks::average_ranks;
pub use ratio::{RATIO_CAP, ratio, zero_spread};
pub use significance::{
    SharpeSample, effective_trials, expected_max_normal, expected_max_sharpe, min_backtest_length,
    min_backtest_length_bound, sharpe_variance, wilson_interval,
};
pub use trade_rows::TradeRows;
pub use values::Metrics;
pub use watch::EquityWatch;
