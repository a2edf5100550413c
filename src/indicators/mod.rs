//! Pure kernels over slices: formulas of `indicators.md`, one file each. `NaN` means "no value".
//!
//! Every kernel returns a column as long as its input, looks at nothing after the bar it writes, and gives the same
//! bits on every machine. Periods and windows are at least 1 ([`IndicatorKind::problem`] checks a key's parameters).

pub mod atr;
pub mod bars;
pub mod bollinger;
pub mod cci;
pub mod choppiness;
pub mod compute;
pub mod correlation;
pub mod dmi;
pub mod donchian;
pub mod ema;
pub mod ewm;
mod extremes;
pub(crate) mod family;
pub mod garch;
pub mod kalman;
pub mod kalman_garch;
pub mod keltner;
pub mod kind;
mod lanes;
pub mod macd;
pub mod obv;
pub mod percentile;
pub mod roc;
pub mod rolling;
pub mod rsi;
mod running;
mod sliding;
pub mod sma;
pub mod stepwise;
pub mod stochastic;
pub mod supertrend;
mod tiles;
pub mod true_range;
mod turned;
pub mod volatility_clusters;
pub mod vwap;
mod windows;
pub mod wma;
pub mod zscore;

pub use bars::Bars;
pub use garch::GarchParams;
pub use kind::{ExpressionId, FloatBits, GarchKey, IndicatorKind, SeriesKey};
pub(crate) use lanes::shared_column;
pub(crate) use running::RunningAverages;
