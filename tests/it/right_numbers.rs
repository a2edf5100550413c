//! Workloads with known answers: a plain bar-by-bar program in whole half points beside the engine.
//!
//! The rules are those of an EMA cross filled at the next open, stops first, with the bid gapless and the ask an odd
//! number of half points above it, so that no level can equal a price and every profit is a whole number of half points.

use std::path::Path;

use omega_sweep::config::{self, LoadOptions};
use omega_sweep::data::parquet::{SideToWrite, write_bars};
use omega_sweep::data::{DayAnchor, PriceColumns, QuoteSide};
use omega_sweep::engine::Registry;
use omega_sweep::job::{self, JobOptions, Opened};
use omega_sweep::metrics::MetricId;
use omega_sweep::sweep::{Silent, StopFlag, TrialRow};
use omega_sweep::types::time::{DAY, MINUTE};
use omega_sweep::types::{ParamValue, Timeframe};

/// Bars in points (bid) and half points (spread).
struct PointBars {
    open: Vec<i64>,
    high: Vec<i64>,
    low: Vec<i64>,
    close: Vec<i64>,
    spread: Vec<i64>,
}

impl PointBars {
    /// A gapless walk with shock bars, from a 64-bit linear congruential generator.
    fn walk(bars: usize, seed: u64) -> Self {
        let mut state = seed;
        let mut draw = |n: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from((state >> 33) % u64::try_from(n).expect("a positive bound")).expect("31 bits")
        };
        let mut out = Self { open: vec![], high: vec![], low: vec![], close: vec![], spread: vec![] };
        let mut price = 110_000;
        for _ in 0..bars {
            let scale = if draw(1500) == 0 { 120 } else { 9 };
            let (open, mut high, mut low) = (price, price, price);
            for _ in 0..6 {
                price += draw(2 * scale + 1) - scale;
                high = high.max(price);
                low = low.min(price);
            }
            out.open.push(open);
            out.high.push(high);
            out.low.push(low);
            out.close.push(price);
            out.spread.push(2 * (1 + draw(20)) + 1);
        }
        out
    }
}

/// What one parameter set comes to.
#[derive(Debug, PartialEq, Eq, Clone, Copy, Default)]
struct PlainResult {
    trades: u64,
    wins: u64,
    half_points: i64,
}

impl PlainResult {
    fn book(&mut self, half_points: i64) {
        self.trades += 1;
        self.wins += u64::from(half_points > 0);
        self.half_points += half_points;
    }
}

fn ema(close: &[i64], period: usize) -> Vec<f64> {
    let a = 2.0 / (period as f64 + 1.0);
    let mut out: Vec<f64> = Vec::with_capacity(close.len());
    for &point in close {
        let price = point as f64 / 100_000.0;
        out.push(out.last().map_or(price, |before| a * price + (1.0 - a) * before));
    }
    out
}

/// Long on a cross up at the next open; out on a cross down (without levels) or at stop and target in points.
fn plain_ema_cross(bars: &PointBars, fast: usize, slow: usize, levels: Option<(i64, i64)>) -> PlainResult {
    let (f, s) = (ema(&bars.close, fast), ema(&bars.close, slow));
    let last = bars.close.len() - 1;
    let mut result = PlainResult::default();
    let mut entry: Option<i64> = None; // fill, half points
    let (mut buy, mut sell) = (false, false);
    for i in 0..=last {
        if std::mem::take(&mut buy) {
            entry = Some(2 * bars.open[i] + bars.spread[i]);
        }
        if std::mem::take(&mut sell) {
            result.book(2 * bars.open[i] - entry.take().expect("a position to sell"));
        }
        if let (Some(fill), Some((stop, target))) = (entry, levels) {
            let (stop, target) = (fill - 2 * stop, fill + 2 * target);
            let open = 2 * bars.open[i];
            let exit = if open <= stop || open >= target {
                Some(open)
            } else if 2 * bars.low[i] <= stop {
                Some(stop)
            } else {
                (2 * bars.high[i] >= target).then_some(target)
            };
            if let Some(price) = exit {
                result.book(price - fill);
                entry = None;
            }
        }
        if i == last {
            break;
        }
        let up = i >= slow && f[i] > s[i] && f[i - 1] <= s[i - 1];
        let down = i >= slow && f[i] < s[i] && f[i - 1] >= s[i - 1];
        buy = entry.is_none() && up;
        sell = entry.is_some() && levels.is_none() && down;
    }
    if let Some(fill) = entry {
        result.book(2 * bars.close[last] - fill);
    }
    result
}

/// Writes the bars as `SYN01_M1_{BID,ASK}.parquet` into a folder.
fn write(bars: &PointBars, folder: &Path) {
    let rows = bars.open.len() as i64;
    // Monday to Friday from Thursday, 2 January 2020, as the workload's data.
    let minutes = (0_i64..).map(|minute| 1_577_923_200_000_000 + minute * MINUTE);
    let times: Vec<i64> = minutes
        .filter(|time| (time.div_euclid(DAY) + 3).rem_euclid(7) < 5)
        .take(usize::try_from(rows).expect("a few rows"))
        .collect();
    for (side, spread) in [(QuoteSide::Bid, 0), (QuoteSide::Ask, 1)] {
        let price = |points: &[i64]| -> Vec<f64> {
            let half_points = points.iter().zip(&bars.spread).map(|(p, s)| 2 * p + spread * s);
            half_points.map(|half| half as f64 / 200_000.0).collect()
        };
        let prices = PriceColumns {
            open: price(&bars.open),
            high: price(&bars.high),
            low: price(&bars.low),
            close: price(&bars.close),
        };
        let path = folder.join(format!("SYN01_M1_{}.parquet", side.as_str()));
        let volume = vec![1.0; times.len()];
        let anchor = DayAnchor::Utc;
        let (symbol, timeframe, times) = ("SYN01", Timeframe::M1, &times[..]);
        let side = SideToWrite { symbol, timeframe, side, anchor, times, prices: &prices, volume: &volume };
        write_bars(&path, &side).expect("a writable folder");
    }
}

/// Sweeps a workload over the bars in `data` and returns every row.
fn sweep(workload: &str, data: &Path) -> Vec<TrialRow> {
    let registry = Registry::builtin();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench/workloads").join(workload);
    let path = serde_json::to_string(data).expect("a path in UTF-8");
    let set = vec![format!("data.path={path}"), "output.keep_best=1000".to_owned()];
    let spec = config::load(&file, &registry, &LoadOptions { set, ..LoadOptions::default() });
    let spec = spec.unwrap_or_else(|problems| panic!("{problems}"));
    let out = tempfile::tempdir().expect("a folder");
    let root = out.path().join("run");
    let options = JobOptions { out: Some(root.clone()), ..JobOptions::default() };
    let report = job::run(spec, &registry, &options, &Silent, &StopFlag::default());
    report.unwrap_or_else(|error| panic!("{error}"));
    let mut rows = Opened::open(&root).expect("a run folder").leaderboard().expect("a leaderboard");
    rows.sort_by_key(|row| row.trial.id);
    rows
}

/// Trades, wins and profit of a row; the profit must be half points up to rounding of float sums.
fn result(row: &TrialRow) -> PlainResult {
    let metric = |key: &str| row.metrics.get(MetricId::from_key(key).expect(key).index()).expect(key);
    let twice = 2.0 * metric("profit_net");
    assert!((twice - twice.round()).abs() < 1e-4, "{}: {twice} is no number of half points", row.trial.id);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole numbers")]
    PlainResult {
        trades: metric("total_trades") as u64,
        wins: metric("wins") as u64,
        half_points: twice.round() as i64,
    }
}

fn parameter(row: &TrialRow, name: &str) -> i64 {
    row.trial.params.get(name).and_then(ParamValue::as_i64).unwrap_or_else(|| panic!("{name}"))
}

fn levels(row: &TrialRow) -> (i64, i64) {
    (10 * parameter(row, "stop_pips"), 10 * parameter(row, "target_pips"))
}

#[test]
fn the_engine_agrees_with_the_plain_program_on_a_market_of_our_own() {
    let bars = PointBars::walk(20_000, 7);
    let folder = tempfile::tempdir().expect("a folder");
    write(&bars, folder.path());
    let mut compared = 0;
    for (workload, with_levels) in [("w1.json", false), ("w2.json", true)] {
        for row in sweep(workload, folder.path()) {
            let period = |name| usize::try_from(parameter(&row, name)).expect("a period");
            let plain =
                plain_ema_cross(&bars, period("fast"), period("slow"), with_levels.then(|| levels(&row)));
            assert_eq!(result(&row), plain, "{workload} {:?}", row.trial.params);
            compared += u32::from(plain.trades > 0);
        }
    }
    assert_eq!(compared, 800, "every set trades on such a market");
}
