//! Bars in memory, validated and frozen: reading, checking, resampling, one timeline for all symbols.
//!
//! Times are microseconds UTC and denote the open of a bar; prices are `f64` in quote currency.

pub mod align;
pub mod assemble;
pub mod bars;
pub mod calendar;
#[cfg(feature = "parquet")]
mod catalog;
#[cfg(feature = "parquet")]
mod columns;
#[cfg(feature = "parquet")]
pub mod derived;
pub mod error;
#[cfg(feature = "parquet")]
pub mod finer;
pub mod fingerprint;
#[cfg(feature = "parquet")]
pub mod import;
#[cfg(feature = "parquet")]
mod layout;
#[cfg(feature = "parquet")]
mod load;
pub mod multi;
pub mod news;
#[cfg(feature = "parquet")]
pub mod open;
#[cfg(feature = "parquet")]
mod pair;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod passage;
#[cfg(feature = "parquet")]
mod prices;
#[cfg(feature = "parquet")]
pub mod quality;
#[cfg(feature = "parquet")]
mod raw;
pub mod report;
pub mod resample;
#[cfg(feature = "parquet")]
mod select;
pub mod settings;
#[cfg(feature = "parquet")]
mod stamps;
pub mod symbol;
pub mod synthetic;
pub mod timeline;
#[cfg(feature = "parquet")]
mod times;
#[cfg(feature = "parquet")]
mod validate;
#[cfg(feature = "parquet")]
pub mod window;
#[cfg(feature = "parquet")]
mod zones;

pub use assemble::{HigherBars, SymbolBars, assemble, in_memory};
pub use bars::{BarSeries, Ohlc, PriceColumns};
pub use calendar::TradingWeek;
pub use error::{DataCode, DataError};
#[cfg(feature = "parquet")]
pub use finer::FinerBars;
pub use fingerprint::SeriesDigest;
pub use multi::{HigherSeries, MultiSymbolData, NO_ROW, RowMap, SymbolSeries};
pub use news::NewsCalendar;
#[cfg(feature = "parquet")]
pub use open::{OpenedData, open};
pub use report::{DataReport, QuoteSide};
pub use resample::DayAnchor;
pub use settings::{AlignmentSettings, DataSettings, EntryTimestampMode};
pub use symbol::{SymbolSpec, SymbolTable};
#[cfg(feature = "parquet")]
pub use window::HoldoutInfo;
