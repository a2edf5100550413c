//! Pure kernels over slices: formulas of `indicators.md`, one file each. `NaN` means "no value".

pub mod kind;

pub use kind::{FloatBits, IndicatorKind, SeriesKey};
