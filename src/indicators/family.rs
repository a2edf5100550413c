//! Series that share work: computed together, with the bits of one at a time ([`compute`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::bars::Bars;
use super::compute::compute;
use super::garch::{scaled_returns, volatility_of};
use super::kind::{FloatBits, IndicatorKind};
use super::lanes::{shared_column, shared_columns};
use super::rolling::{self, Deviation};
use super::{atr, dmi, ema, kalman, kalman_garch, macd, rsi, stochastic, true_range, zscore};
use crate::types::SymbolId;

/// What a group of kinds has in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// Means and deviations over windows of closes.
    Window,
    /// Exponential averages of closes.
    Ema,
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

/// Windows that share their residuals. Computing those again costs less than leaving a thread idle.
const SAME_RESIDUALS: usize = 4;

/// A finished column.
type Series = Arc<[f64]>;

impl Family {
    /// The family of a kind.
    pub(crate) fn of(kind: IndicatorKind) -> Self {
        match kind {
            IndicatorKind::Sma { .. } | IndicatorKind::Std { .. } => Self::Window,
            IndicatorKind::Ema { .. } => Self::Ema,
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
            Self::Window => window(members, close),
            Self::Ema => ema::emas(close, &periods(members)),
            Self::EmaResidual(period) => zscores(members, close.len(), |windows, columns| {
                zscore::zscores_ema_into(close, windows, period as usize, columns);
            }),
            Self::KalmanResidual(r, q) => zscores(members, close.len(), |windows, columns| {
                kalman::kalman_zscores_into(close, windows, (r.get(), q.get()), columns);
            }),
            Self::TrueRange => {
                atr::atrs(&true_range::true_range(bars.high, bars.low, close), &periods(members))
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
            Self::Alone(IndicatorKind::ZScore { window }) => {
                vec![shared_column(close.len(), |out| {
                    zscore::zscore_rolling_into(close, window as usize, out);
                })]
            }
            Self::Alone(IndicatorKind::Rsi { period }) => vec![rsi::strengths(close, period as usize)],
            Self::Pair(_) | Self::Alone(_) => each(members, |kind| compute(kind, bars).into()),
        }
    }
}

/// The period of each member, all of which have one.
fn periods(members: &[IndicatorKind]) -> Vec<u32> {
    let period = |kind: &IndicatorKind| match *kind {
        IndicatorKind::Sma { period }
        | IndicatorKind::Std { period }
        | IndicatorKind::Ema { period }
        | IndicatorKind::Atr { period } => period,
        other => unreachable!("{other} is no family of periods"),
    };
    members.iter().map(period).collect()
}

fn each(members: &[IndicatorKind], one: impl Fn(IndicatorKind) -> Series + Sync) -> Vec<Series> {
    members.par_iter().map(|&kind| one(kind)).collect()
}

/// Means alone in one pass over all lengths; a deviation gives the mean of its window besides.
fn window(members: &[IndicatorKind], close: &[f64]) -> Vec<Series> {
    let mut periods = periods(members);
    periods.sort_unstable();
    periods.dedup();
    let deviates = |&period: &u32| members.contains(&IndicatorKind::Std { period });
    let (deviations, means): (Vec<u32>, Vec<u32>) = periods.into_iter().partition(deviates);
    let lengths: Vec<usize> = means.iter().map(|&period| period as usize).collect();
    let columns =
        shared_columns(close.len(), lengths.len(), |columns| rolling::means(close, &lengths, columns));
    let of_means = means.into_iter().map(|period| IndicatorKind::Sma { period }).zip(columns);
    let both = |&period: &u32| {
        let kinds = [IndicatorKind::Std { period }, IndicatorKind::Sma { period }];
        let wanted: Vec<_> = kinds.into_iter().filter(|kind| members.contains(kind)).collect();
        let columns = shared_columns(close.len(), wanted.len(), |columns| deviation(close, period, columns));
        wanted.into_iter().zip(columns).collect::<Vec<_>>()
    };
    let of_deviations: Vec<Vec<_>> = deviations.par_iter().map(both).collect();
    let series: BTreeMap<_, _> = of_means.chain(of_deviations.into_iter().flatten()).collect();
    members.iter().map(|kind| Arc::clone(&series[kind])).collect()
}

/// Sample deviation of closes, and their mean where there is a second column.
fn deviation(close: &[f64], period: u32, columns: &mut [&mut [f64]]) {
    let (window, divisor) = (period as usize, Deviation::Sample);
    match columns {
        [std, mean] => rolling::deviations_into(close, window, divisor, [std, mean], |m, s, _| [s, m]),
        [std] => rolling::deviations_into(close, window, divisor, [std], |_, s, _| [s]),
        _ => unreachable!("one column or two"),
    }
}

/// z-scores over several windows, [`SAME_RESIDUALS`] at a time from the same residuals.
fn zscores(
    members: &[IndicatorKind],
    rows: usize,
    fill: impl Fn(&[usize], &mut [&mut [f64]]) + Sync,
) -> Vec<Series> {
    let window = |kind: &IndicatorKind| match *kind {
        IndicatorKind::ZScoreEma { window, .. } | IndicatorKind::KalmanZScore { window, .. } => {
            window as usize
        }
        other => unreachable!("{other} is no z-score of a residual"),
    };
    let windows: Vec<usize> = members.iter().map(window).collect();
    let groups = windows.par_chunks(SAME_RESIDUALS);
    let columns = groups.map(|windows| shared_columns(rows, windows.len(), |columns| fill(windows, columns)));
    columns.collect::<Vec<_>>().concat()
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
