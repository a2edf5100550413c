//! What a batch waits for before its first trial: series and comparisons over a million bars.
//!
//! A slowdown here delays every chunk whose parameters need new series; trials themselves only read.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use omega_sweep::cache::{CachePlan, Comparison, MaskKey, Operand, PriceField, build};
use omega_sweep::data::{BarSeries, MultiSymbolData, Ohlc, PriceColumns, RowMap, SymbolSeries, SymbolSpec};
use omega_sweep::indicators::rolling::{self, Deviation};
use omega_sweep::indicators::{
    FloatBits, GarchParams, IndicatorKind, SeriesKey, atr, bollinger, cci, choppiness, correlation, donchian,
    ema, garch, kalman, keltner, percentile, roc, rsi, stochastic, wma, zscore,
};
use omega_sweep::types::registers;
use omega_sweep::types::{Digest, PriceSide, SymbolId, Timeframe};
use pulp::{Simd, WithSimd};

const BARS: usize = 1_000_000;

/// A random walk on five decimals.
fn walk() -> PriceColumns {
    let mut state = 20_240_607_u64;
    let mut draw = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i32::try_from((state >> 33) % n).expect("small")
    };
    let mut columns = PriceColumns::default();
    let mut points = 109_000;
    for _ in 0..BARS {
        let open = points;
        points = (points + draw(41) - 20).max(50_000);
        let (high, low) = (open.max(points) + draw(9), open.min(points) - draw(9));
        let price = |points: i32| f64::from(points) / 100_000.0;
        columns.push(Ohlc { open: price(open), high: price(high), low: price(low), close: price(points) });
    }
    columns
}

fn market(prices: Arc<PriceColumns>) -> MultiSymbolData {
    let times: Vec<i64> = (0_i64..).map(|row| row * Timeframe::M1.micros()).take(BARS).collect();
    let bars = BarSeries::new(Timeframe::M1, times.clone(), prices.clone(), prices, vec![1.0; BARS]);
    let spec = SymbolSpec {
        name: "WALK".to_owned(),
        contract_size: 100_000.0,
        tick_size: 1e-5,
        tick_value: None,
        pip_size: 1e-4,
        volume_min: 0.01,
        volume_step: 0.01,
        volume_max: 100.0,
        base_currency: "EUR".to_owned(),
        quote_currency: "USD".to_owned(),
        typical_spread_pips: 0.0,
    };
    let symbol = SymbolSeries { spec, bars: Arc::new(bars), rows: RowMap::Identity, higher: Vec::new() };
    MultiSymbolData::new(Timeframe::M1, times, vec![symbol], Digest::of(b"walk"))
}

/// What two passes over every window load from near memory, and the columns they write, without any arithmetic: no
/// kernel of two passes can be much faster.
struct Loads<'a> {
    series: &'a [&'a [f64]],
    window: usize,
    outs: &'a mut [Vec<f64>],
}

impl WithSimd for Loads<'_> {
    type Output = ();

    #[expect(
        clippy::inline_always,
        reason = "must be compiled inside the function that enables the instructions"
    )]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for start in (0..self.series[0].len() + 1 - self.window - 64).step_by(64) {
            let mut seen = [0; 64];
            for values in self.series.iter().chain(self.series) {
                for neighbours in values[start..][..self.window + 63].windows(64) {
                    for lane in 0..64 {
                        seen[lane] ^= neighbours[lane].to_bits();
                    }
                }
            }
            for out in &mut *self.outs {
                out[start..start + 64].copy_from_slice(&seen.map(f64::from_bits));
            }
        }
    }
}

fn loads(series: &[&[f64]], window: usize, columns: usize) -> Vec<Vec<f64>> {
    let mut outs: Vec<Vec<f64>> = (0..columns).map(|_| vec![0.0; BARS]).collect();
    registers::arch().dispatch(Loads { series, window, outs: &mut outs });
    outs
}

/// One window at a time, with the same order of summation: what the lanes are measured against.
fn plain_deviation(values: &[f64], window: usize) -> Vec<f64> {
    let one = |window: &[f64]| {
        let mean = window.iter().fold(0.0, |total, x| total + x) / window.len() as f64;
        let squares = window.iter().fold(0.0, |total, x| total + (x - mean) * (x - mean));
        (squares / (window.len() - 1) as f64).sqrt()
    };
    values.windows(window).map(one).collect()
}

/// A function of a window over bars.
type Windowed = fn(&PriceColumns, usize);

fn keep<T>(column: T) {
    black_box(column);
}

/// The limits, then every function with a window.
const WINDOWED: [(&str, Windowed); 23] = [
    ("loads", |p, w| keep(loads(&[&p.close], w, 1))),
    ("loads, three columns", |p, w| keep(loads(&[&p.close], w, 3))),
    ("loads, two series", |p, w| keep(loads(&[&p.high, &p.low], w, 1))),
    ("deviation, one window at a time", |p, w| keep(plain_deviation(&p.close, w))),
    ("sum", |p, w| keep(rolling::sum(&p.close, w))),
    ("mean", |p, w| keep(rolling::mean(&p.close, w))),
    ("weighted mean", |p, w| keep(wma::wma(&p.close, w))),
    ("hma", |p, w| keep(wma::hma(&p.close, w))),
    ("deviation", |p, w| keep(rolling::deviation(&p.close, w, Deviation::Sample))),
    ("bollinger", |p, w| keep(bollinger::bollinger(&p.close, w, 2.0))),
    ("zscore_rolling", |p, w| keep(zscore::zscore_rolling(&p.close, w))),
    ("zscore_ema", |p, w| keep(zscore::zscore_ema(&p.close, w, 30))),
    ("kalman_zscore", |p, w| keep(kalman::kalman_zscore(&p.close, w, 0.01, 1.0))),
    ("min", |p, w| keep(rolling::min(&p.close, w))),
    ("max", |p, w| keep(rolling::max(&p.close, w))),
    ("donchian", |p, w| keep(donchian::donchian(&p.high, &p.low, w))),
    ("stochastic", |p, w| keep(stochastic::stochastic_k([&p.high, &p.low, &p.close], w, 3))),
    ("cci", |p, w| keep(cci::cci(&p.high, &p.low, &p.close, w))),
    ("choppiness", |p, w| keep(choppiness::choppiness(&p.high, &p.low, &p.close, w))),
    ("keltner", |p, w| keep(keltner::keltner([&p.high, &p.low, &p.close], w, w, 2.0))),
    ("percentile", |p, w| keep(percentile::percentile(&p.close, w, 80.0))),
    ("correlation", |p, w| keep(correlation::correlation(&p.close, &p.high, w))),
    ("roc", |p, w| keep(roc::roc(&p.close, w))),
];

fn windows(c: &mut Criterion) {
    let prices = walk();
    let mut group = c.benchmark_group("rolling");
    group.throughput(Throughput::Elements(BARS as u64)).sample_size(10);
    for window in [20, 100, 200] {
        for (name, function) in WINDOWED {
            let id = BenchmarkId::new(name, window);
            group.bench_function(id, |b| b.iter(|| function(black_box(&prices), black_box(window))));
        }
    }
    group.finish();
}

/// What a kernel costs that only reads a column and writes one: the memory's own time.
fn memory(c: &mut Criterion) {
    let close = walk().close;
    let mut group = c.benchmark_group("memory");
    group.throughput(Throughput::Elements(BARS as u64)).sample_size(10);
    group.bench_function("one column read, one written", |b| {
        b.iter(|| black_box(&close).iter().map(|x| x * 2.0).collect::<Vec<f64>>());
    });
    group.finish();
}

/// A series of a period.
type Kind = fn(u32) -> IndicatorKind;

/// Several periods of one series asked for together, as a grid asks for them.
fn together(c: &mut Criterion) {
    let data = market(Arc::new(walk()));
    let mut group = c.benchmark_group("together");
    group.sample_size(10);
    let cases: [(&str, Vec<u32>, Kind); 5] = [
        ("ema", (1..=18).map(|k| 5 + 11 * k).collect(), |period| IndicatorKind::Ema { period }),
        ("atr", (1..=8).map(|k| 7 * k).collect(), |period| IndicatorKind::Atr { period }),
        ("rsi", (1..=8).map(|k| 5 + k).collect(), |period| IndicatorKind::Rsi { period }),
        ("sma", vec![20, 28, 36, 44, 52, 60], |period| IndicatorKind::Sma { period }),
        ("stdev", vec![20, 28, 36, 44, 52, 60], |period| IndicatorKind::Std { period }),
    ];
    for (name, periods, kind) in cases {
        let mut plan = CachePlan::default();
        for &period in &periods {
            plan.series(series(kind(period)));
        }
        group.throughput(Throughput::Elements((BARS * periods.len()) as u64));
        group.bench_function(BenchmarkId::new(name, periods.len()), |b| {
            b.iter(|| build(black_box(&plan), &data, None, None).expect("fits"));
        });
    }
    group.finish();
}

fn recurrences(c: &mut Criterion) {
    let prices = walk();
    let close = &prices.close;
    let mut group = c.benchmark_group("recurrence");
    group.throughput(Throughput::Elements(BARS as u64)).sample_size(10);
    group.bench_function("ema", |b| b.iter(|| ema::ema(black_box(close), 20)));
    group.bench_function("atr", |b| b.iter(|| atr::atr(&prices.high, &prices.low, black_box(close), 14)));
    group.bench_function("rsi", |b| b.iter(|| rsi::rsi(black_box(close), 14)));
    group.bench_function("kalman_mean", |b| b.iter(|| kalman::kalman_mean(black_box(close), 0.01, 1.0)));
    let garch = GarchParams::default();
    group
        .bench_function("garch_volatility", |b| b.iter(|| garch::garch_volatility(black_box(close), &garch)));
    group.finish();
}

fn series(kind: IndicatorKind) -> SeriesKey {
    SeriesKey { symbol: SymbolId(0), timeframe: Timeframe::M1, side: PriceSide::Bid, kind }
}

fn average(period: u32) -> SeriesKey {
    series(IndicatorKind::Ema { period })
}

/// The series and crosses of a grid of moving-average crosses: 18 averages, 80 pairs, both directions.
fn crosses() -> CachePlan {
    let mut plan = CachePlan::default();
    for fast in (5..=50).step_by(5) {
        for slow in (60..=200).step_by(20) {
            for comparison in [Comparison::CrossAbove, Comparison::CrossBelow] {
                let (left, right) = (Operand::Series(average(fast)), Operand::Series(average(slow)));
                plan.mask(MaskKey { left, comparison, right });
            }
        }
    }
    plan
}

/// Bollinger bands of 20 factors against the close, and 20 thresholds of a z-score.
fn thresholds() -> CachePlan {
    let mut plan = CachePlan::default();
    let close = Operand::Price { symbol: SymbolId(0), side: PriceSide::Bid, field: PriceField::Close };
    let z = Operand::Series(series(IndicatorKind::ZScoreEma { window: 100, ema_period: 30 }));
    let (mean, std) = (series(IndicatorKind::Sma { period: 20 }), series(IndicatorKind::Std { period: 20 }));
    for step in 1..=20 {
        let level = FloatBits::new(-0.15 * f64::from(step));
        let right = Operand::Constant(level);
        plan.mask(MaskKey { left: z, comparison: Comparison::LessEqual, right });
        let right = Operand::Band { mean, std, factor: level };
        plan.mask(MaskKey { left: close, comparison: Comparison::LessEqual, right });
    }
    plan
}

fn caches(c: &mut Criterion) {
    let data = market(Arc::new(walk()));
    let mut group = c.benchmark_group("cache");
    group.sample_size(10);
    for (name, plan) in [("80 pairs of crosses", crosses()), ("40 thresholds", thresholds())] {
        let masks = plan.mask_keys().count();
        group.throughput(Throughput::Elements((BARS * masks) as u64));
        let mut only_series = CachePlan::default();
        plan.keys().for_each(|key| only_series.series(*key));
        let ready = build(&only_series, &data, None, None).expect("fits");
        let all = |previous| build(black_box(&plan), &data, previous, None).expect("fits");
        group.bench_function(BenchmarkId::new("series and masks", name), |b| b.iter(|| all(None)));
        group.bench_function(BenchmarkId::new("masks", name), |b| b.iter(|| all(Some(&ready))));
        let done = all(None);
        group.bench_function(BenchmarkId::new("everything kept", name), |b| b.iter(|| all(Some(&done))));
    }
    group.finish();
}

criterion_group!(benches, memory, windows, recurrences, together, caches);
criterion_main!(benches);
