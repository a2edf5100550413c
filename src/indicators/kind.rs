//! Names of series: which indicator, with which parameters, over which symbol, timeframe and side.
//!
//! Long because it is a table: every kind once with its parameters, their limits, its name and how it is written.

use std::fmt;

use super::garch::GarchParams;
use crate::types::{Digest, PriceSide, SymbolId, Timeframe};

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

impl fmt::Display for FloatBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.get())
    }
}

/// Digest of an expression over other series; the definition stands in the plan of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpressionId(pub [u64; 2]);

impl ExpressionId {
    /// The first 128 bits of the digest of a definition's canonical text.
    pub fn of(text: &str) -> Self {
        let Digest(bytes) = Digest::of(text.as_bytes());
        let word =
            |from: usize| bytes[from..from + 8].iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        Self([word(0), word(8)])
    }
}

/// [`GarchParams`] as part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GarchKey {
    log_returns: bool,
    scale: FloatBits,
    alpha: FloatBits,
    beta: FloatBits,
    omega: Option<FloatBits>,
    sigma_floor: FloatBits,
    min_periods: u32,
}

impl From<&GarchParams> for GarchKey {
    /// # Panics
    /// On a NaN parameter, or more than 2^32 - 1 `min_periods`.
    fn from(params: &GarchParams) -> Self {
        Self {
            log_returns: params.log_returns,
            scale: FloatBits::new(params.scale),
            alpha: FloatBits::new(params.alpha),
            beta: FloatBits::new(params.beta),
            omega: params.omega.map(FloatBits::new),
            sigma_floor: FloatBits::new(params.sigma_floor),
            min_periods: u32::try_from(params.min_periods).expect("periods are u32"),
        }
    }
}

impl GarchKey {
    /// The parameters.
    pub fn params(self) -> GarchParams {
        GarchParams {
            alpha: self.alpha.get(),
            beta: self.beta.get(),
            omega: self.omega.map(FloatBits::get),
            log_returns: self.log_returns,
            scale: self.scale.get(),
            min_periods: self.min_periods as usize,
            sigma_floor: self.sigma_floor.get(),
        }
    }
}

impl fmt::Display for GarchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let returns = if self.log_returns { "log" } else { "simple" };
        write!(f, "{}, {}, ", self.alpha, self.beta)?;
        match self.omega {
            Some(omega) => write!(f, "{omega}")?,
            None => f.write_str("auto")?,
        }
        write!(f, ", {returns}, {}, {}, {}", self.scale, self.min_periods, self.sigma_floor)
    }
}

/// One output series of one indicator with its parameters (`indicators.md` section 2). Periods are in bars, at least 1.
///
/// On a higher timeframe prices ([`IndicatorKind::is_price`]) are those of the visible bar, `NaN` while stale; all
/// others take the stepwise form (3.3). Bollinger bands are no kinds: they are `Sma +/- factor * Std`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum IndicatorKind {
    /// The close itself; on a higher timeframe the mapped close, `NaN` while stale (3.3).
    Close,
    /// The open; as `Close` on a higher timeframe.
    Open,
    /// The high; as `Close` on a higher timeframe.
    High,
    /// The low; as `Close` on a higher timeframe.
    Low,
    /// The volume; as `Close` on a higher timeframe.
    Volume,
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
    /// True range (2.6).
    TrueRange,
    /// Wilder's average true range (2.8).
    Atr {
        /// Bars.
        period: u32,
    },
    /// Relative strength index (2.3).
    Rsi {
        /// Bars.
        period: u32,
    },
    /// MACD line (2.4).
    Macd {
        /// Bars of the fast mean.
        fast: u32,
        /// Bars of the slow mean.
        slow: u32,
    },
    /// MACD signal line (2.4).
    MacdSignal {
        /// Bars of the fast mean.
        fast: u32,
        /// Bars of the slow mean.
        slow: u32,
        /// Bars of the signal.
        signal: u32,
    },
    /// Rate of change in percent (2.5).
    Roc {
        /// Bars.
        period: u32,
    },
    /// Plus directional indicator (2.7).
    DmiPlus {
        /// Bars.
        period: u32,
    },
    /// Minus directional indicator (2.7).
    DmiMinus {
        /// Bars.
        period: u32,
    },
    /// Average directional index (2.7).
    Adx {
        /// Bars.
        period: u32,
    },
    /// Choppiness index (2.10).
    Choppiness {
        /// Bars, at least 2.
        period: u32,
    },
    /// z-score of the close around its rolling mean (2.11, `rolling`).
    ZScore {
        /// Bars of mean and deviation.
        window: u32,
    },
    /// z-score of the close around its EMA (2.11, `ema`).
    ZScoreEma {
        /// Bars of the deviation.
        window: u32,
        /// Bars of the EMA.
        ema_period: u32,
    },
    /// Kalman mean of closes (2.12).
    KalmanMean {
        /// Measurement variance.
        r: FloatBits,
        /// Process variance.
        q: FloatBits,
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
    /// Forecast volatility (2.14).
    GarchVolatility {
        /// Model.
        garch: GarchKey,
    },
    /// Distance from the Kalman mean in forecast volatilities (2.16).
    KalmanGarchZScore {
        /// Measurement variance.
        r: FloatBits,
        /// Process variance.
        q: FloatBits,
        /// Model.
        garch: GarchKey,
    },
    /// Linearly weighted mean of closes.
    Wma {
        /// Bars.
        period: u32,
    },
    /// Hull's moving average of closes.
    Hma {
        /// Bars.
        period: u32,
    },
    /// Greatest close.
    Highest {
        /// Bars.
        period: u32,
    },
    /// Least close.
    Lowest {
        /// Bars.
        period: u32,
    },
    /// Greatest high: the upper Donchian band, the current bar included.
    DonchianUpper {
        /// Bars.
        period: u32,
    },
    /// Least low: the lower Donchian band, the current bar included.
    DonchianLower {
        /// Bars.
        period: u32,
    },
    /// Percentile of closes.
    Percentile {
        /// Bars.
        period: u32,
        /// 0..100.
        percent: FloatBits,
    },
    /// Stochastic %K.
    StochasticK {
        /// Bars of the range.
        period: u32,
        /// Bars of its mean; 1 is the fast form.
        smooth: u32,
    },
    /// Stochastic %D.
    StochasticD {
        /// Bars of the range.
        period: u32,
        /// Bars of the mean of %K.
        smooth: u32,
        /// Bars of the mean of %D.
        signal: u32,
    },
    /// Commodity channel index.
    Cci {
        /// Bars.
        period: u32,
    },
    /// On-balance volume.
    Obv,
    /// Volume-weighted average price of the session.
    Vwap {
        /// Start of the session, minutes after midnight UTC, 0..1439.
        session_start: u32,
    },
    /// Supertrend level.
    Supertrend {
        /// Bars of the range.
        period: u32,
        /// Multiple of the range.
        factor: FloatBits,
    },
    /// Supertrend direction: 1 up, -1 down.
    SupertrendDirection {
        /// Bars of the range.
        period: u32,
        /// Multiple of the range.
        factor: FloatBits,
    },
    /// Correlation with the closes of another symbol, same timeframe and side, matched by open time.
    Correlation {
        /// The other symbol.
        other: SymbolId,
        /// Bars both have.
        period: u32,
    },
    /// Values that follow from other series by a rule; no kernel over bars computes it.
    Expression(ExpressionId),
}

impl IndicatorKind {
    /// The second symbol it reads, if any.
    pub fn other(self) -> Option<SymbolId> {
        match self {
            Self::Correlation { other, .. } => Some(other),
            _ => None,
        }
    }

    /// Whether it is a column of the bars themselves.
    pub fn is_price(self) -> bool {
        matches!(self, Self::Close | Self::Open | Self::High | Self::Low | Self::Volume)
    }

    /// Why the parameters name no series, if they do not.
    pub fn problem(self) -> Option<&'static str> {
        let variance = |bits: FloatBits| bits.get() > 0.0 && bits.get().is_finite();
        match self {
            Self::KalmanMean { r, q }
            | Self::KalmanZScore { r, q, .. }
            | Self::KalmanGarchZScore { r, q, .. }
                if !(variance(r) && variance(q)) =>
            {
                Some("variances must be finite and above 0")
            }
            Self::Percentile { percent, .. } if !(0.0..=100.0).contains(&percent.get()) => {
                Some("the percentile must lie in 0..100")
            }
            Self::Vwap { session_start } if session_start >= 1440 => {
                Some("the session must start 0..1439 minutes after midnight")
            }
            Self::Choppiness { period } if period < 2 => Some("the period must be at least 2"),
            _ if self.bars().contains(&0) => Some("periods must be at least 1"),
            _ => None,
        }
    }

    /// Every period among the parameters; 1 where there is none.
    fn bars(self) -> [u32; 3] {
        match self {
            Self::Ema { period }
            | Self::Sma { period }
            | Self::Std { period }
            | Self::Atr { period }
            | Self::Rsi { period }
            | Self::Roc { period }
            | Self::DmiPlus { period }
            | Self::DmiMinus { period }
            | Self::Adx { period }
            | Self::Choppiness { period }
            | Self::Wma { period }
            | Self::Hma { period }
            | Self::Highest { period }
            | Self::Lowest { period }
            | Self::DonchianUpper { period }
            | Self::DonchianLower { period }
            | Self::Percentile { period, .. }
            | Self::Cci { period }
            | Self::Supertrend { period, .. }
            | Self::SupertrendDirection { period, .. }
            | Self::Correlation { period, .. } => [period, 1, 1],
            Self::StochasticK { period, smooth } => [period, smooth, 1],
            Self::StochasticD { period, smooth, signal } => [period, smooth, signal],
            Self::ZScore { window } | Self::KalmanZScore { window, .. } => [window, 1, 1],
            Self::ZScoreEma { window, ema_period } => [window, ema_period, 1],
            Self::Macd { fast, slow } => [fast, slow, 1],
            Self::MacdSignal { fast, slow, signal } => [fast, slow, signal],
            _ => [1; 3],
        }
    }
}

impl fmt::Display for IndicatorKind {
    /// `close`, `ema(20)`, `kalman_zscore(100, 0.01, 1)`: name and parameters, stable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expression(id) => write!(f, "expression({:016x}{:016x})", id.0[0], id.0[1]),
            Self::Close => f.write_str("close"),
            Self::Open => f.write_str("open"),
            Self::High => f.write_str("high"),
            Self::Low => f.write_str("low"),
            Self::Volume => f.write_str("volume"),
            Self::Ema { period } => write!(f, "ema({period})"),
            Self::Sma { period } => write!(f, "sma({period})"),
            Self::Std { period } => write!(f, "stdev({period})"),
            Self::TrueRange => f.write_str("true_range"),
            Self::Atr { period } => write!(f, "atr({period})"),
            Self::Rsi { period } => write!(f, "rsi({period})"),
            Self::Macd { fast, slow } => write!(f, "macd({fast}, {slow})"),
            Self::MacdSignal { fast, slow, signal } => write!(f, "macd_signal({fast}, {slow}, {signal})"),
            Self::Roc { period } => write!(f, "roc({period})"),
            Self::DmiPlus { period } => write!(f, "plus_di({period})"),
            Self::DmiMinus { period } => write!(f, "minus_di({period})"),
            Self::Adx { period } => write!(f, "adx({period})"),
            Self::Choppiness { period } => write!(f, "choppiness({period})"),
            Self::ZScore { window } => write!(f, "zscore({window})"),
            Self::ZScoreEma { window, ema_period } => write!(f, "zscore_ema({window}, {ema_period})"),
            Self::KalmanMean { r, q } => write!(f, "kalman_mean({r}, {q})"),
            Self::KalmanZScore { window, r, q } => write!(f, "kalman_zscore({window}, {r}, {q})"),
            Self::GarchVolatility { garch } => write!(f, "garch_volatility({garch})"),
            Self::KalmanGarchZScore { r, q, garch } => write!(f, "kalman_garch_zscore({r}, {q}, {garch})"),
            Self::Wma { period } => write!(f, "wma({period})"),
            Self::Hma { period } => write!(f, "hma({period})"),
            Self::Highest { period } => write!(f, "highest({period})"),
            Self::Lowest { period } => write!(f, "lowest({period})"),
            Self::DonchianUpper { period } => write!(f, "donchian_upper({period})"),
            Self::DonchianLower { period } => write!(f, "donchian_lower({period})"),
            Self::Percentile { period, percent } => write!(f, "percentile({period}, {percent})"),
            Self::StochasticK { period, smooth } => write!(f, "stochastic_k({period}, {smooth})"),
            Self::StochasticD { period, smooth, signal } => {
                write!(f, "stochastic_d({period}, {smooth}, {signal})")
            }
            Self::Cci { period } => write!(f, "cci({period})"),
            Self::Obv => f.write_str("obv"),
            Self::Vwap { session_start } => write!(f, "vwap({session_start})"),
            Self::Supertrend { period, factor } => write!(f, "supertrend({period}, {factor})"),
            Self::SupertrendDirection { period, factor } => {
                write!(f, "supertrend_direction({period}, {factor})")
            }
            Self::Correlation { other, period } => write!(f, "correlation({}, {period})", other.0),
        }
    }
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

impl fmt::Display for SeriesKey {
    /// `ema(20) on H4 bid of symbol 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            PriceSide::Bid => "bid",
            PriceSide::Ask => "ask",
        };
        write!(f, "{} on {} {side} of symbol {}", self.kind, self.timeframe, self.symbol.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable() {
        let kind =
            IndicatorKind::KalmanZScore { window: 100, r: FloatBits::new(0.01), q: FloatBits::new(1.0) };
        assert_eq!(kind.to_string(), "kalman_zscore(100, 0.01, 1)");
        let garch = GarchKey::from(&GarchParams::default());
        assert_eq!(
            IndicatorKind::GarchVolatility { garch }.to_string(),
            "garch_volatility(0.05, 0.9, auto, log, 100, 50, 0.000001)"
        );
    }

    #[test]
    fn parameters_survive_the_key() {
        let params = GarchParams { omega: Some(0.25), log_returns: false, ..GarchParams::default() };
        assert_eq!(GarchKey::from(&params).params(), params);
        assert_eq!(FloatBits::new(-0.0), FloatBits::new(0.0));
    }

    #[test]
    fn impossible_parameters_are_named() {
        assert!(IndicatorKind::Ema { period: 0 }.problem().is_some());
        assert!(IndicatorKind::Choppiness { period: 1 }.problem().is_some());
        let zero = FloatBits::new(0.0);
        assert!(IndicatorKind::KalmanMean { r: zero, q: zero }.problem().is_some());
        assert_eq!(IndicatorKind::TrueRange.problem(), None);
    }
}
