//! Every column and comparison any trial needs: planned, computed once in parallel, then read-only.

mod averages;
pub mod bitmap;
pub mod build;
pub mod columns;
mod compare;
mod compute;
pub mod error;
pub mod expression;
mod lanes;
pub mod masks;
mod needs;
mod passing;
pub mod plan;
#[cfg(test)]
pub(crate) mod sample;
mod slices;
mod source;
mod stretches;
mod tiles;

pub use build::build;
pub use columns::{CacheReport, Column, IndicatorCache};
pub use error::CacheError;
pub use expression::{Expression, ExpressionSource};
pub use masks::{Comparison, MaskKey, Operand, PriceField};
#[cfg(test)]
pub(crate) use passing::on_the_way;
pub use plan::{CachePlan, ReadingList};
