//! A small market for the tests of this module: two symbols on M5, one H1 series with a stale stretch.

use std::sync::Arc;

use super::{CachePlan, Expression, ExpressionSource};
use crate::data::{
    BarSeries, HigherSeries, MultiSymbolData, NO_ROW, Ohlc, PriceColumns, RowMap, SymbolSeries, SymbolSpec,
};
use crate::indicators::{ExpressionId, FloatBits, GarchKey, GarchParams, IndicatorKind, SeriesKey};
use crate::types::time::MINUTE;
use crate::types::{Digest, PriceSide, SymbolId, Timeframe};

/// Rows of each symbol.
pub(crate) const ROWS: usize = 700;

fn prices(rows: usize, mut state: u64) -> PriceColumns {
    let mut columns = PriceColumns::default();
    let mut points: i32 = 109_000;
    for row in 0..rows {
        let mut draw = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i32::try_from((state >> 33) % n).expect("small")
        };
        let open = points;
        // Flat stretches, so that constant windows occur, on the higher timeframe too.
        points += if (200..260).contains(&row) || (30..45).contains(&row) { 0 } else { draw(41) - 20 };
        let (high, low) = (open.max(points) + draw(9), open.min(points) - draw(9));
        let price = |points: i32| f64::from(points) / 100_000.0;
        columns.push(Ohlc { open: price(open), high: price(high), low: price(low), close: price(points) });
    }
    columns
}

fn series(timeframe: Timeframe, rows: usize, seed: u64) -> Arc<BarSeries> {
    let times = (0_i64..).map(|row| row * timeframe.minutes() * MINUTE).take(rows).collect();
    let volume = (0..rows).map(|row| (row * 7919 % 101) as f64).collect();
    let (bid, ask) = (prices(rows, seed), prices(rows, seed + 1));
    Arc::new(BarSeries::new(timeframe, times, Arc::new(bid), Arc::new(ask), volume))
}

fn spec(name: &str) -> SymbolSpec {
    SymbolSpec {
        name: name.to_owned(),
        contract_size: 100_000.0,
        tick_size: 1e-5,
        tick_value: None,
        pip_size: 1e-4,
        volume_min: 0.01,
        volume_step: 0.01,
        volume_max: 100.0,
        base_currency: "EUR".to_owned(),
        quote_currency: "USD".to_owned(),
        typical_spread_pips: 1.0,
    }
}

fn symbol(name: &str, seed: u64) -> SymbolSeries {
    let hours = ROWS / 12;
    let visible = |row: usize| match row / 12 {
        0 => NO_ROW,
        _ if (300..340).contains(&row) => NO_ROW,
        hour => u32::try_from(hour - 1).expect("small"),
    };
    let bars = series(Timeframe::H1, hours, seed + 50);
    let map = (0..ROWS).map(visible).collect();
    SymbolSeries {
        spec: spec(name),
        bars: series(Timeframe::M5, ROWS, seed),
        rows: RowMap::Identity,
        higher: vec![HigherSeries { bars, map, from_file: false }],
    }
}

/// The market.
pub(crate) fn market() -> MultiSymbolData {
    let symbols = vec![symbol("EURUSD", 1), symbol("GBPUSD", 9)];
    let timeline = symbols[0].bars.times().to_vec();
    MultiSymbolData::new(Timeframe::M5, timeline, symbols, Digest::of(b"sample"))
}

/// A series of the first symbol's bid.
pub(crate) fn key(timeframe: Timeframe, kind: IndicatorKind) -> SeriesKey {
    SeriesKey { symbol: SymbolId(0), timeframe, side: PriceSide::Bid, kind }
}

/// The change of a series over some rows.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) of: SeriesKey,
    pub(crate) rows: usize,
}

impl Change {
    /// Defines it in a plan.
    pub(crate) fn define(of: SeriesKey, rows: usize, plan: &mut CachePlan) -> SeriesKey {
        let id = ExpressionId::of(&format!("change({of},{rows})"));
        let name = SeriesKey { kind: IndicatorKind::Expression(id), ..of };
        plan.define(name, Arc::new(Self { of, rows }));
        name
    }
}

impl Expression for Change {
    fn inputs(&self) -> Vec<SeriesKey> {
        vec![self.of]
    }

    fn reach(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn write(&self, source: &ExpressionSource<'_>, out: &mut [f64]) {
        let (now, then) =
            (source.series(&self.of, source.rows(), 0), source.series(&self.of, source.rows(), self.rows));
        for ((out, now), then) in out.iter_mut().zip(now.iter()).zip(then.iter()) {
            *out = now - then;
        }
    }
}

/// At least one series of every kind, several of those that share work.
pub(crate) fn kinds() -> Vec<IndicatorKind> {
    use IndicatorKind as K;
    let bits = FloatBits::new;
    let garch =
        |alpha, min_periods| GarchKey::from(&GarchParams { alpha, min_periods, ..GarchParams::default() });
    let mut kinds = vec![K::Close, K::Open, K::High, K::Low, K::Volume, K::TrueRange];
    for period in [2, 5, 14, 33] {
        kinds.extend([K::Sma { period }, K::Std { period }, K::Atr { period }, K::Rsi { period }]);
        kinds.extend([K::Roc { period }, K::Choppiness { period }, K::ZScore { window: period }]);
        kinds.extend([K::DmiPlus { period }, K::DmiMinus { period }, K::Adx { period }]);
        kinds.extend([
            K::ZScoreEma { window: period, ema_period: 9 },
            K::ZScoreEma { window: 20, ema_period: period },
        ]);
        kinds.extend([
            K::Macd { fast: period, slow: 40 },
            K::MacdSignal { fast: period, slow: 40, signal: 9 },
        ]);
        kinds.extend([
            K::KalmanZScore { window: period, r: bits(0.5), q: bits(1.3) },
            K::KalmanMean { r: bits(f64::from(period)), q: bits(1.0) },
            K::GarchVolatility { garch: garch(0.01 * f64::from(period), 7) },
            K::KalmanGarchZScore { r: bits(0.5), q: bits(1.3), garch: garch(0.05, period as usize) },
        ]);
    }
    for period in [1, 4, 25] {
        kinds.extend([K::Wma { period }, K::Hma { period }, K::Highest { period }, K::Lowest { period }]);
        kinds.extend([K::DonchianUpper { period }, K::DonchianLower { period }, K::Cci { period }]);
        kinds.extend([
            K::Percentile { period, percent: bits(80.0) },
            K::Percentile { period, percent: bits(5.0) },
        ]);
        kinds.extend([K::StochasticK { period, smooth: 3 }, K::StochasticD { period, smooth: 3, signal: 4 }]);
        kinds.extend([
            K::Supertrend { period, factor: bits(2.5) },
            K::SupertrendDirection { period, factor: bits(2.5) },
        ]);
    }
    kinds.extend([K::Obv, K::Vwap { session_start: 0 }, K::Vwap { session_start: 90 }]);
    kinds.extend((1..=21).map(|period| K::Ema { period }));
    kinds
}
