//! Bars in memory, validated and frozen: reading, checking, resampling, one timeline for all symbols.
//!
//! Times are microseconds UTC and denote the open of a bar; prices are `f64` in quote currency.

pub mod align;
pub mod assemble;
pub mod bars;
pub mod calendar;
pub mod error;
pub mod fingerprint;
pub mod multi;
pub mod passage;
pub mod resample;
pub mod settings;
pub mod symbol;
pub mod synthetic;
pub mod timeline;

pub use assemble::{HigherBars, SymbolBars, assemble, in_memory};
pub use bars::{BarSeries, Ohlc, PriceColumns};
pub use calendar::{Calendar, TradingWeek};
pub use error::{DataCode, DataError};
pub use fingerprint::SeriesDigest;
pub use multi::{HigherSeries, MultiSymbolData, NO_ROW, RowMap, SymbolSeries};
pub use resample::DayAnchor;
pub use settings::{AlignmentSettings, DataSettings, EntryTimestampMode};
pub use symbol::{SymbolSpec, SymbolTable};
