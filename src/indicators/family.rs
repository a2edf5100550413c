//! Series that share work: computed together, with the bits of one at a time ([`compute`]).

use std::sync::Arc;

use rayon::prelude::*;

use super::bars::Bars;
use super::compute::compute;
use super::garch::{scaled_returns, volatility_of};
use super::kind::{FloatBits, IndicatorKind};
use super::rolling::{self, Deviation};
use super::{atr, dmi, ema, kalman, kalman_garch, macd, stochastic, true_range, zscore};
use crate::types::SymbolId;

/// What a group of kinds has in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// Mean and deviation of the same windows.
    Window(u32),
    /// Residuals around the same EMA.
    EmaResidual(u32),
    /// Residuals around the same Kalman mean.
    KalmanResidual(FloatBits, FloatBits),
    /// True ranges.
    TrueRange,
    /// Directional movement over the same period.
    Dmi(u32),
    /// Signals of the same MACD line.
    Macd(u32, u32),
    /// Volatility of the same returns: logarithmic or not, and their scale.
    Returns(bool, FloatBits),
    /// Signals of the same stochastic line.
    Stochastic(u32, u32),
    /// Closes of the same second symbol.
    Pair(SymbolId),
    /// Nothing to share.
    Alone(IndicatorKind),
}

/// A finished column.
type Series = Arc<[f64]>;

impl Family {
    /// The family of a kind.
    pub(crate) fn of(kind: IndicatorKind) -> Self {
        match kind {
            IndicatorKind::Sma { period } | IndicatorKind::Std { period } => Self::Window(period),
            IndicatorKind::ZScoreEma { ema_period, .. } => Self::EmaResidual(ema_period),
            IndicatorKind::KalmanZScore { r, q, .. } => Self::KalmanResidual(r, q),
            IndicatorKind::Atr { .. } => Self::TrueRange,
            IndicatorKind::DmiPlus { period }
            | IndicatorKind::DmiMinus { period }
            | IndicatorKind::Adx { period } => Self::Dmi(period),
            IndicatorKind::Macd { fast, slow } | IndicatorKind::MacdSignal { fast, slow, .. } => {
                Self::Macd(fast, slow)
            }
            IndicatorKind::GarchVolatility { garch } | IndicatorKind::KalmanGarchZScore { garch, .. } => {
                let params = garch.params();
                Self::Returns(params.log_returns, FloatBits::new(params.scale))
            }
            IndicatorKind::StochasticK { period, smooth }
            | IndicatorKind::StochasticD { period, smooth, .. } => Self::Stochastic(period, smooth),
            IndicatorKind::Correlation { other, .. } => Self::Pair(other),
            other => Self::Alone(other),
        }
    }

    /// The series of `members`, in their order. Runs on the current thread pool; the bits do not depend on it.
    pub(crate) fn compute(self, members: &[IndicatorKind], bars: &Bars<'_>) -> Vec<Series> {
        let close = bars.close;
        match self {
            Self::Window(period) => window(members, close, period as usize),
            Self::EmaResidual(period) => {
                zscores(members, &zscore::residual(close, &ema::ema(close, period as usize)))
            }
            Self::KalmanResidual(r, q) => {
                zscores(members, &zscore::residual(close, &kalman::kalman_mean(close, r.get(), q.get())))
            }
            Self::TrueRange => {
                let range = true_range::true_range(bars.high, bars.low, close);
                each(members, |kind| match kind {
                    IndicatorKind::Atr { period } => atr::atr_of(&range, period as usize).into(),
                    other => alone(other, bars),
                })
            }
            Self::Dmi(period) => {
                let lines = dmi::dmi(bars.high, bars.low, close, period as usize);
                each(members, |kind| match kind {
                    IndicatorKind::DmiPlus { .. } => lines.plus.as_slice().into(),
                    IndicatorKind::DmiMinus { .. } => lines.minus.as_slice().into(),
                    _ => lines.adx.as_slice().into(),
                })
            }
            Self::Macd(fast, slow) => {
                let line = macd::macd(close, fast as usize, slow as usize);
                each(members, |kind| match kind {
                    IndicatorKind::MacdSignal { signal, .. } => {
                        macd::macd_signal(&line, signal as usize).into()
                    }
                    _ => line.as_slice().into(),
                })
            }
            Self::Returns(log_returns, scale) => {
                volatilities(members, close, &scaled_returns(close, log_returns, scale.get()))
            }
            Self::Stochastic(period, smooth) => {
                let prices = [bars.high, bars.low, close];
                let line = stochastic::stochastic_k(prices, period as usize, smooth as usize);
                each(members, |kind| match kind {
                    IndicatorKind::StochasticD { signal, .. } => {
                        stochastic::stochastic_d(&line, signal as usize).into()
                    }
                    _ => line.as_slice().into(),
                })
            }
            Self::Pair(_) | Self::Alone(_) => each(members, |kind| alone(kind, bars)),
        }
    }
}

fn alone(kind: IndicatorKind, bars: &Bars<'_>) -> Series {
    match kind {
        IndicatorKind::Ema { period } => ema::ema_column(bars.close, period as usize),
        other => compute(other, bars).into(),
    }
}

fn each(members: &[IndicatorKind], one: impl Fn(IndicatorKind) -> Series + Sync) -> Vec<Series> {
    members.par_iter().map(|&kind| one(kind)).collect()
}

fn window(members: &[IndicatorKind], close: &[f64], period: usize) -> Vec<Series> {
    let mean = rolling::mean(close, period);
    let one = |kind: &IndicatorKind| match kind {
        IndicatorKind::Std { .. } => {
            rolling::deviation_around(close, &mean, period, Deviation::Sample).into()
        }
        _ => mean.as_slice().into(),
    };
    members.iter().map(one).collect()
}

fn zscores(members: &[IndicatorKind], residual: &[f64]) -> Vec<Series> {
    each(members, |kind| match kind {
        IndicatorKind::ZScoreEma { window, .. } | IndicatorKind::KalmanZScore { window, .. } => {
            zscore::zscore_of(residual, window as usize).into()
        }
        _ => residual.into(),
    })
}

fn volatilities(members: &[IndicatorKind], close: &[f64], returns: &[f64]) -> Vec<Series> {
    each(members, |kind| match kind {
        IndicatorKind::KalmanGarchZScore { r, q, garch } => {
            let mean = kalman::kalman_mean(close, r.get(), q.get());
            kalman_garch::zscore_against(close, &mean, &volatility_of(returns, &garch.params())).into()
        }
        IndicatorKind::GarchVolatility { garch } => volatility_of(returns, &garch.params()).into(),
        _ => returns.into(),
    })
}
