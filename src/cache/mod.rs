//! Every column any trial needs: planned, computed once in parallel, then read-only.

pub mod columns;
pub mod plan;

pub use columns::{Column, IndicatorCache};
pub use plan::CachePlan;
