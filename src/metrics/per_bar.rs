//! The equity metrics as they are defined, bar by bar, to hold the fast ones to: same bits on any curve.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::compute::{EquityFacts, MetricScratch, RunFacts, compute, dated_returns};
use super::trade_rows::TradeRows;
use super::{EquityWatch, MetricCalendar, MetricId, Metrics, ratio};
use crate::types::time::{DAY, HOUR};
use crate::types::{Calendar, EquityCurve, StepRange, math};

/// Open time and equity of every bar.
type Bars = Vec<(i64, f64)>;

/// Last equity of each group of bars.
fn closes(bars: &Bars, group: impl Fn(i64) -> i64) -> Vec<(i64, f64)> {
    let mut closes: Vec<(i64, f64)> = Vec::new();
    for &(time, equity) in bars {
        closes.pop_if(|last| last.0 == group(time));
        closes.push((group(time), equity));
    }
    closes
}

fn defined(
    bars: &Bars,
    initial: f64,
    market: Calendar,
    periods: f64,
    profit: f64,
) -> Vec<(&'static str, Option<f64>)> {
    let mut peak = initial;
    let (mut relative, mut absolute, mut lowest) = (0.0_f64, 0.0_f64, initial);
    let (mut run, mut longest) = (0, 0);
    for &(_, equity) in bars {
        peak = peak.max(equity);
        lowest = lowest.min(equity);
        absolute = absolute.max(peak - equity);
        relative = relative.max((peak - equity) / peak).min(1.0);
        run = if equity < peak { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let end = bars.last().map_or(initial, |bar| bar.1);
    let mut before = initial;
    let mut d = Vec::new();
    for (_, equity) in closes(bars, |time| market.trading_day(time.div_euclid(DAY))) {
        if before > 0.0 {
            d.push(equity / before - 1.0);
        }
        before = equity;
    }
    let n = d.len() as f64;
    let mean = math::sum(&d) / n;
    let sum_of = |f: &dyn Fn(f64) -> f64| math::sum(&d.iter().map(|&x| f(x)).collect::<Vec<_>>());
    let deviation = (sum_of(&|x| (x - mean) * (x - mean)) / (n - 1.0)).sqrt();
    let years = bars.last().map_or(0.0, |last| (last.0 - bars[0].0) as f64 / (365.25 * DAY as f64));
    let total = end / initial - 1.0;
    let annual = match years {
        0.0 => None,
        _ if end <= 0.0 => Some(-1.0),
        y if y >= 1.0 => Some(math::pow(end / initial, 1.0 / y) - 1.0),
        y => Some((total / y).max(-1.0)),
    };
    vec![
        ("max_drawdown", Some(relative)),
        ("max_drawdown_abs", Some(absolute)),
        ("max_drawdown_of_initial", Some(absolute / initial)),
        ("max_drawdown_duration_bars", Some(f64::from(longest))),
        ("initial_drawdown_abs", Some(initial - lowest)),
        ("total_return", Some(total)),
        ("annual_return", annual),
        ("calmar_ratio", annual.and_then(|annual| ratio(annual, relative))),
        ("recovery_factor", ratio(profit, absolute)),
        (
            "volatility_annual",
            (n >= 2.0).then(|| if deviation > 0.0 { deviation * periods.sqrt() } else { 0.0 }),
        ),
        ("omega_ratio_daily", ratio(sum_of(&|x| x.max(0.0)), sum_of(&|x| (-x).max(0.0)))),
        ("cvar_95_daily", worst_twentieth(&d)),
        ("ulcer_index", ulcer(bars)),
    ]
}

fn worst_twentieth(d: &[f64]) -> Option<f64> {
    let mut sorted = d.to_vec();
    sorted.sort_by(f64::total_cmp);
    let k = d.len() / 20;
    (k > 0).then(|| -(math::sum(&sorted[..k]) / k as f64))
}

fn ulcer(bars: &Bars) -> Option<f64> {
    let weekly = closes(bars, |time| (time.div_euclid(DAY) + 3).div_euclid(7));
    let mut squares = Vec::new();
    let (mut peak, mut close) = (f64::NEG_INFINITY, 0.0);
    let (first, last) = (weekly.first()?.0, weekly.last()?.0);
    for week in first..=last {
        close = weekly.iter().find(|known| known.0 == week).map_or(close, |known| known.1);
        peak = peak.max(close);
        if peak <= 0.0 {
            return None;
        }
        let fall = 100.0 * (peak - close) / peak;
        squares.push(fall * fall);
    }
    (squares.len() >= 2).then(|| (math::sum(&squares) / squares.len() as f64).sqrt())
}

/// Hourly bars with gaps, and an equity that mostly stands still.
fn bars() -> impl Strategy<Value = Bars> {
    let gap = prop_oneof![8 => Just(1_i64), 2 => 2..30_i64, 1 => 30..800_i64];
    let change = prop_oneof![6 => Just(0.0), 3 => -400.0..420.0_f64, 1 => -6000.0..3000.0_f64];
    (0..400_000_i64, prop::collection::vec((gap, change), 0..1500)).prop_map(|(start, steps)| {
        let (mut time, mut equity) = (start * HOUR, 10_000.0);
        steps
            .into_iter()
            .map(|(gap, change)| {
                time += gap * HOUR;
                equity += change;
                (time, equity)
            })
            .collect()
    })
}

/// The calendar of the bars; `before` steps in front of the window belong to its warm-up.
fn calendar(bars: &Bars, before: usize, market: Calendar) -> MetricCalendar {
    let mut timeline: Vec<i64> = (-1_000_000..).take(before).collect();
    timeline.extend(bars.iter().map(|bar| bar.0));
    let window = StepRange { start: before, end: timeline.len() };
    MetricCalendar::new(&timeline, window, market, 252)
}

fn step(place: usize) -> u32 {
    u32::try_from(place).expect("few bars")
}

fn curve_of(bars: &Bars, before: usize) -> EquityCurve {
    let mut curve = EquityCurve::default();
    for (i, &(_, equity)) in bars.iter().enumerate() {
        curve.record(step(before + i), equity, equity);
    }
    curve
}

/// Watches the bars in stretches of these lengths, bars behind them one by one; the last bar of a stretch and single bars are
/// seen twice, first with another value.
fn watched(
    bars: &Bars,
    before: usize,
    initial: f64,
    calendar: &MetricCalendar,
    lengths: &[usize],
) -> EquityWatch {
    let mut watch = EquityWatch::default();
    watch.begin(initial);
    let (mut first, mut rest) = (step(before), bars.as_slice());
    for &length in lengths.iter().chain(std::iter::repeat(&1)) {
        let (stretch, behind) = rest.split_at(length.min(rest.len()));
        let Some((&(_, last), sure)) = stretch.split_last() else { break };
        if length > 1 {
            let ends = |pick: fn(f64, f64) -> f64, none| sure.iter().map(|bar| bar.1).fold(none, pick);
            let range = (ends(f64::min, f64::INFINITY), ends(f64::max, f64::NEG_INFINITY));
            let equity_at = |place: usize| sure.get(place).map_or(last - 7.0, |bar| bar.1);
            watch.record_each(calendar, first, step(stretch.len()), range, equity_at);
        } else {
            watch.record(calendar, first, last - 7.0);
        }
        watch.record(calendar, first + step(sure.len()), last);
        (first, rest) = (first + step(stretch.len()), behind);
    }
    watch.end(calendar);
    watch
}

fn metrics(equity: EquityFacts<'_>, bars: &Bars, initial: f64, calendar: &MetricCalendar) -> Metrics {
    compute(&facts(equity, bars, initial), calendar, &mut MetricScratch::default())
}

fn facts<'a>(equity: EquityFacts<'a>, bars: &Bars, initial: f64) -> RunFacts<'a> {
    static NO_TRADES: LazyLock<TradeRows> = LazyLock::new(TradeRows::default);
    RunFacts {
        trades: &NO_TRADES,
        equity,
        initial_equity: initial,
        bars: bars.len() as u64,
        bars_in_position: 0,
        ambiguous_exits: None,
        profit_net_worst: None,
        profit_net_best: None,
        break_even_cost_multiplier: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_curve_of_changes_gives_the_bits_of_the_curve_of_bars(
        bars in bars(),
        before in 0..5_usize,
        fx in any::<bool>(),
    ) {
        let market = if fx { Calendar::Fx24x5 } else { Calendar::Continuous24x7 };
        let (calendar, curve) = (calendar(&bars, before, market), curve_of(&bars, before));
        let metrics = metrics(EquityFacts::Curve(&curve), &bars, 10_000.0, &calendar);
        for (key, expected) in defined(&bars, 10_000.0, market, 252.0, 0.0) {
            let found = metrics.get(MetricId::of(key));
            prop_assert_eq!(found, expected.map(|value| value + 0.0), "{}", key);
        }
    }

    #[test]
    fn an_equity_watched_in_stretches_gives_the_bits_of_its_curve(
        bars in bars(),
        lengths in prop::collection::vec(1..40_usize, 0..60),
        before in 0..5_usize,
        silent in prop_oneof![2 => Just(0_usize), 1 => 0..400_usize],
    ) {
        let calendar = calendar(&bars, before, Calendar::Fx24x5);
        // The first value may come after the first days.
        let silent = silent.min(bars.len());
        let (heard, before) = (bars[silent..].to_vec(), before + silent);
        let (curve, watch) =
            (curve_of(&heard, before), watched(&heard, before, 10_000.0, &calendar, &lengths));
        let of = |equity| metrics(equity, &bars, 10_000.0, &calendar);
        prop_assert_eq!(of(EquityFacts::Watched(&watch)), of(EquityFacts::Curve(&curve)));
        let returns = |equity| {
            let facts = facts(equity, &bars, 10_000.0);
            dated_returns(&facts, &calendar, &mut MetricScratch::default())
        };
        let (days, _) = returns(EquityFacts::Watched(&watch));
        prop_assert_eq!(returns(EquityFacts::Watched(&watch)), returns(EquityFacts::Curve(&curve)));
        let heard_days = closes(&heard, |time| Calendar::Fx24x5.trading_day(time.div_euclid(DAY)));
        prop_assert!(days.iter().all(|day| heard_days.iter().any(|(heard, _)| heard == day)));
        let lowest = heard.iter().map(|bar| bar.1).fold(f64::INFINITY, f64::min);
        prop_assert_eq!(watch.lowest(), lowest);
    }
}
