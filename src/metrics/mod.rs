//! What a run reports: trade and equity metrics with one rule for the undefined, and significance statistics
//! (`metrics.md`).
//!
//! A metric is an `Option<f64>`: `None` is *undefined* and ranks worst. NaN and infinities never leave this module.
//! Metrics use `+ - * /`, square roots and comparisons in a fixed order; the few transcendental functions come from
//! [`crate::types::math`].

mod accumulate;
mod calendar;
mod compute;
mod definitions;
mod equity;
mod names;
#[cfg(test)]
mod per_bar;
mod ratio;
mod trades;
mod values;

pub use calendar::MetricCalendar;
pub use compute::{MetricScratch, RunFacts, compute, daily_returns, dated_returns};
pub use definitions::{METRIC_COUNT, METRICS};
pub use names::{Goal, MetricDef, MetricId};
pub use ratio::{RATIO_CAP, ratio, zero_spread};
pub use values::Metrics;
