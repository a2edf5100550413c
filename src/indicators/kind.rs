//! Names of series: which indicator, with which parameters, over which symbol, timeframe and side.

use crate::types::{PriceSide, SymbolId, Timeframe};

/// A float parameter by its bits, so that keys are exact: `-0.0` is stored as `0.0`, NaN is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FloatBits(u64);

impl FloatBits {
    /// The bits of a number.
    ///
    /// # Panics
    /// On NaN: a parameter is checked before it names a series.
    pub fn new(value: f64) -> Self {
        assert!(!value.is_nan(), "a parameter is a number");
        Self((value + 0.0).to_bits())
    }

    /// The number.
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// One output series of one indicator with its parameters (`indicators.md` section 2). Periods are in bars, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum IndicatorKind {
    /// The close itself; on a higher timeframe the mapped close, `NaN` while stale (3.3).
    Close,
    /// Exponential mean of closes (2.1); on a higher timeframe the stepwise form.
    Ema {
        /// Bars.
        period: u32,
    },
    /// Rolling mean of closes (2.2); also the Bollinger middle.
    Sma {
        /// Bars.
        period: u32,
    },
    /// Rolling standard deviation of closes, ddof 1; Bollinger bands are `Sma +/- factor * Std`.
    Std {
        /// Bars.
        period: u32,
    },
    /// Wilder's average true range (2.8).
    Atr {
        /// Bars.
        period: u32,
    },
    /// z-score of the close around its EMA (2.11, `ema`).
    ZScoreEma {
        /// Bars of the deviation.
        window: u32,
        /// Bars of the EMA.
        ema_period: u32,
    },
    /// z-score of the close around a Kalman mean (2.13); on a higher timeframe the stepwise form.
    KalmanZScore {
        /// Bars of the deviation.
        window: u32,
        /// Measurement variance.
        r: FloatBits,
        /// Process variance.
        q: FloatBits,
    },
}

/// The full name of a cached series; equal keys share one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// Symbol.
    pub symbol: SymbolId,
    /// Primary, or a loaded higher timeframe.
    pub timeframe: Timeframe,
    /// Bid or ask.
    pub side: PriceSide,
    /// Indicator and parameters.
    pub kind: IndicatorKind,
}
