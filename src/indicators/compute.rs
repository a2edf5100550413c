//! From a kind to its kernel.

use super::bars::Bars;
use super::kind::IndicatorKind;
use super::rolling::{self, Deviation};
use super::{
    atr, cci, choppiness, correlation, dmi, ema, garch, kalman, kalman_garch, macd, obv, percentile, roc,
    rsi, sma, stochastic, supertrend, true_range, vwap, wma, zscore,
};

/// The series of one kind over `bars`, one value per bar.
pub fn compute(kind: IndicatorKind, bars: &Bars<'_>) -> Vec<f64> {
    let Bars { high, low, close, .. } = *bars;
    match kind {
        // The cache asks the definition; bars alone give no value.
        IndicatorKind::Expression(_) => vec![f64::NAN; close.len()],
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
        IndicatorKind::Wma { period } => wma::wma(close, period as usize),
        IndicatorKind::Hma { period } => wma::hma(close, period as usize),
        IndicatorKind::Highest { period } => rolling::max(close, period as usize),
        IndicatorKind::Lowest { period } => rolling::min(close, period as usize),
        IndicatorKind::DonchianUpper { period } => rolling::max(high, period as usize),
        IndicatorKind::DonchianLower { period } => rolling::min(low, period as usize),
        IndicatorKind::Percentile { period, percent } => {
            percentile::percentile(close, period as usize, percent.get())
        }
        IndicatorKind::StochasticK { period, smooth } => {
            stochastic::stochastic_k([high, low, close], period as usize, smooth as usize)
        }
        IndicatorKind::StochasticD { period, smooth, signal } => {
            let k = stochastic::stochastic_k([high, low, close], period as usize, smooth as usize);
            stochastic::stochastic_d(&k, signal as usize)
        }
        IndicatorKind::Cci { period } => cci::cci(high, low, close, period as usize),
        IndicatorKind::Obv => obv::obv(close, bars.volume),
        IndicatorKind::Vwap { session_start } => vwap::vwap(bars, session_start),
        IndicatorKind::Supertrend { period, factor } => {
            supertrend::supertrend([high, low, close], period as usize, factor.get()).level
        }
        IndicatorKind::SupertrendDirection { period, factor } => {
            supertrend::supertrend([high, low, close], period as usize, factor.get()).direction
        }
        IndicatorKind::Correlation { period, .. } => {
            correlation::correlation(close, bars.other, period as usize)
        }
    }
}
