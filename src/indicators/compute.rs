//! From a kind to its kernel.

use super::bars::Bars;
use super::kind::IndicatorKind;
use super::rolling::{self, Deviation};
use super::{
    atr, choppiness, dmi, ema, garch, kalman, kalman_garch, macd, roc, rsi, sma, true_range, zscore,
};

/// The series of one kind over `bars`, one value per bar.
pub fn compute(kind: IndicatorKind, bars: &Bars<'_>) -> Vec<f64> {
    let Bars { high, low, close, .. } = *bars;
    match kind {
        IndicatorKind::Close => close.to_vec(),
        IndicatorKind::Open => bars.open.to_vec(),
        IndicatorKind::High => high.to_vec(),
        IndicatorKind::Low => low.to_vec(),
        IndicatorKind::Volume => bars.volume.to_vec(),
        IndicatorKind::Ema { period } => ema::ema(close, period as usize),
        IndicatorKind::Sma { period } => sma::sma(close, period as usize),
        IndicatorKind::Std { period } => rolling::deviation(close, period as usize, Deviation::Sample),
        IndicatorKind::TrueRange => true_range::true_range(high, low, close),
        IndicatorKind::Atr { period } => atr::atr(high, low, close, period as usize),
        IndicatorKind::Rsi { period } => rsi::rsi(close, period as usize),
        IndicatorKind::Macd { fast, slow } => macd::macd(close, fast as usize, slow as usize),
        IndicatorKind::MacdSignal { fast, slow, signal } => {
            macd::macd_signal(&macd::macd(close, fast as usize, slow as usize), signal as usize)
        }
        IndicatorKind::Roc { period } => roc::roc(close, period as usize),
        IndicatorKind::DmiPlus { period } => dmi::dmi(high, low, close, period as usize).plus,
        IndicatorKind::DmiMinus { period } => dmi::dmi(high, low, close, period as usize).minus,
        IndicatorKind::Adx { period } => dmi::dmi(high, low, close, period as usize).adx,
        IndicatorKind::Choppiness { period } => choppiness::choppiness(high, low, close, period as usize),
        IndicatorKind::ZScore { window } => zscore::zscore_rolling(close, window as usize),
        IndicatorKind::ZScoreEma { window, ema_period } => {
            zscore::zscore_ema(close, window as usize, ema_period as usize)
        }
        IndicatorKind::KalmanMean { r, q } => kalman::kalman_mean(close, r.get(), q.get()),
        IndicatorKind::KalmanZScore { window, r, q } => {
            kalman::kalman_zscore(close, window as usize, r.get(), q.get())
        }
        IndicatorKind::GarchVolatility { garch } => garch::garch_volatility(close, &garch.params()),
        IndicatorKind::KalmanGarchZScore { r, q, garch } => {
            kalman_garch::kalman_garch_zscore(close, r.get(), q.get(), &garch.params())
        }
    }
}
