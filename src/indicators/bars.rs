//! What an indicator reads: the columns of one symbol, timeframe and side.

/// Columns of equal length, one entry per bar; a missing bar is `NaN` in all of them.
#[derive(Debug, Clone, Copy)]
pub struct Bars<'a> {
    /// Open times, microseconds UTC.
    pub times: &'a [i64],
    /// First prices.
    pub open: &'a [f64],
    /// Highest prices.
    pub high: &'a [f64],
    /// Lowest prices.
    pub low: &'a [f64],
    /// Last prices.
    pub close: &'a [f64],
    /// Volumes, units of the source.
    pub volume: &'a [f64],
    /// Closes of a second symbol at the same times, `NaN` where it has none; empty when only one takes part.
    pub other: &'a [f64],
}
