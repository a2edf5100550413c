//! Bars in memory, validated and frozen: reading, checking, resampling, one timeline for all symbols.
//!
//! Times are microseconds UTC and denote the open of a bar; prices are `f64` in quote currency.

pub mod bars;
pub mod multi;
pub mod symbol;

pub use bars::{BarSeries, Ohlc, PriceColumns};
pub use multi::{HigherSeries, MultiSymbolData, NO_ROW, RowMap, SymbolSeries};
pub use symbol::SymbolSpec;
