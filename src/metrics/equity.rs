//! Equity metrics (`metrics.md` section 3), over the points of a run-length coded curve: O(points + days + weeks), with
//! the bits of the definition per bar.

use super::calendar::MetricCalendar;
use super::moments::{Moments, sharpe_per_observation};
use super::names::MetricId;
use super::ratio::{ratio, sortino};
use super::values::Metrics;
use crate::types::sums::Sums;
use crate::types::{CurvePoint, math};

/// A curve over a window: each point holds until the next, the last until the window's end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve<'a> {
    pub(super) points: &'a [CurvePoint],
    pub(super) calendar: &'a MetricCalendar,
    pub(super) initial_equity: f64,
}

impl<'a> Curve<'a> {
    fn last(&self) -> Option<f64> {
        self.points.last().map(|point| point.equity)
    }

    /// Equity at increasing steps; a step before the first point has none.
    fn equity_at(self, steps: &'a [u32]) -> impl Iterator<Item = Option<f64>> + use<'a> {
        let mut next = 0;
        steps.iter().map(move |&step| {
            while self.points.get(next).is_some_and(|point| point.step <= step) {
                next += 1;
            }
            next.checked_sub(1).map(|current| self.points[current].equity)
        })
    }

    /// Trading day and return from one day's last equity to the next, the first from the initial equity; a step from
    /// zero or less has none (`metrics.md` 3.1).
    pub(super) fn daily_returns(self) -> impl Iterator<Item = (i64, f64)> + use<'a> {
        let mut before = self.initial_equity;
        let equity = self.equity_at(self.calendar.day_ends());
        self.calendar.days().iter().zip(equity).filter_map(move |(&day, equity)| {
            let start = std::mem::replace(&mut before, equity?);
            (start > 0.0).then(|| (day, before / start - 1.0))
        })
    }
}

/// Fills in the equity metrics. `returns` receives the daily returns.
pub(super) fn measure(
    curve: &Curve<'_>,
    profit_net: f64,
    has_trades: bool,
    returns: &mut Vec<f64>,
    sorting: &mut Vec<f64>,
    out: &mut Metrics,
) {
    let drawdown = drawdowns(curve, out);
    out.set(const { MetricId::of("recovery_factor") }, ratio(profit_net, drawdown.absolute));
    growth(curve, drawdown.relative, out);
    returns.clear();
    returns.extend(curve.daily_returns().map(|(_, value)| value));
    daily_metrics(returns, curve.calendar.periods_per_year(), has_trades, out);
    out.set(const { MetricId::of("cvar_95_daily") }, cvar_95(returns, sorting));
    out.set(const { MetricId::of("ulcer_index") }, ulcer_index(curve));
}

struct Drawdown {
    relative: f64,
    absolute: f64,
}

/// Falls below the running peak. Branches that are seldom taken cost less than the standard maximum with its rules for
/// NaN, and most falls need no division to be seen not to be the deepest.
struct Falls {
    peak: f64,
    lowest: f64,
    deepest: Drawdown,
    under_water: u64,
    longest: u64,
}

impl Falls {
    fn from(initial_equity: f64) -> Self {
        let deepest = Drawdown { relative: 0.0, absolute: 0.0 };
        Self { peak: initial_equity, lowest: f64::INFINITY, deepest, under_water: 0, longest: 0 }
    }

    /// The account stands at an equity for some bars.
    #[inline]
    fn stand(&mut self, equity: f64, bars: u32) {
        if equity < self.lowest {
            self.lowest = equity;
        }
        if equity < self.peak {
            self.fall(self.peak - equity);
            self.under_water += u64::from(bars);
            self.longest = self.longest.max(self.under_water);
        } else {
            self.peak = equity;
            self.under_water = 0;
        }
    }

    #[inline]
    fn fall(&mut self, fall: f64) {
        /// Wider than the rounding of a product and a quotient.
        const SLACK: f64 = 1.0 - 1e-9;
        if fall > self.deepest.absolute {
            self.deepest.absolute = fall;
        }
        if fall >= self.deepest.relative * self.peak * SLACK {
            let relative = fall / self.peak;
            if relative > self.deepest.relative {
                self.deepest.relative = relative;
            }
        }
    }
}

fn drawdowns(curve: &Curve<'_>, out: &mut Metrics) -> Drawdown {
    let mut falls = Falls::from(curve.initial_equity);
    for pair in curve.points.windows(2) {
        falls.stand(pair[0].equity, pair[1].step - pair[0].step);
    }
    if let Some(last) = curve.points.last() {
        let left = curve.calendar.window().end.saturating_sub(last.step as usize);
        falls.stand(last.equity, u32::try_from(left).expect("a timeline has fewer than 2^32 steps"));
    }
    let Falls { lowest, mut deepest, longest, .. } = falls;
    deepest.relative = deepest.relative.min(1.0);
    out.set(const { MetricId::of("max_drawdown") }, deepest.relative);
    out.set(const { MetricId::of("max_drawdown_abs") }, deepest.absolute);
    out.set(const { MetricId::of("max_drawdown_of_initial") }, deepest.absolute / curve.initial_equity);
    out.set(const { MetricId::of("max_drawdown_duration_bars") }, longest as f64);
    out.set(const { MetricId::of("initial_drawdown_abs") }, (curve.initial_equity - lowest).max(0.0));
    deepest
}

fn growth(curve: &Curve<'_>, max_drawdown: f64, out: &mut Metrics) {
    let end = curve.last().unwrap_or(curve.initial_equity);
    let total = end / curve.initial_equity - 1.0;
    let years = curve.calendar.years();
    let annual = if curve.points.is_empty() || years <= 0.0 {
        None
    } else if end <= 0.0 {
        Some(-1.0)
    } else if years >= 1.0 {
        Some(math::pow(end / curve.initial_equity, 1.0 / years) - 1.0)
    } else {
        // Without the floor a bad month would rank below ruin.
        Some((total / years).max(-1.0))
    };
    out.set(const { MetricId::of("total_return") }, total);
    out.set(const { MetricId::of("annual_return") }, annual);
    out.set(const { MetricId::of("calmar_ratio") }, annual.and_then(|annual| ratio(annual, max_drawdown)));
}

fn daily_metrics(returns: &[f64], periods_per_year: f64, has_trades: bool, out: &mut Metrics) {
    let d = Moments::of(returns);
    let year = periods_per_year.sqrt();
    out.set(const { MetricId::of("omega_ratio_daily") }, ratio(d.gains(), d.losses()));
    if let Some(sharpe) = sharpe_per_observation(&d) {
        out.set(const { MetricId::of("volatility_annual") }, d.deviation() * year);
        if has_trades {
            out.set(const { MetricId::of("sharpe_equity_daily") }, sharpe * year);
            let sortino = sortino(d.mean, d.downside(), d.max_abs, year);
            out.set(const { MetricId::of("sortino_equity_daily") }, sortino);
        }
    }
    let shape = d.shape();
    out.set(const { MetricId::of("skewness_daily") }, shape.map(|(skewness, _)| skewness));
    out.set(const { MetricId::of("kurtosis_daily") }, shape.map(|(_, kurtosis)| kurtosis));
}

/// Minus the mean of the smallest twentieth, summed from the smallest up; undefined below 20 returns.
fn cvar_95(d: &[f64], sorting: &mut Vec<f64>) -> Option<f64> {
    let k = d.len() / 20;
    if k == 0 {
        return None;
    }
    sorting.clear();
    sorting.extend_from_slice(d);
    sorting.select_nth_unstable_by(k - 1, f64::total_cmp);
    sorting[..k].sort_unstable_by(f64::total_cmp);
    Some(-(math::sum(&sorting[..k]) / k as f64))
}

/// Root mean square of the percent falls of weekly closes below their running peak (`metrics.md` 3.2). Undefined with
/// fewer than two weeks, or while the peak has not been above zero.
fn ulcer_index(curve: &Curve<'_>) -> Option<f64> {
    let mut peak = f64::NEG_INFINITY;
    let mut weeks = 0;
    let mut squares = Sums::<1>::ZERO;
    for close in curve.equity_at(curve.calendar.week_ends()).flatten() {
        peak = peak.max(close);
        if peak <= 0.0 {
            return None;
        }
        let fall = 100.0 * (peak - close) / peak;
        squares.add([fall * fall]);
        weeks += 1;
    }
    (weeks >= 2).then(|| (squares.get(0, weeks) / weeks as f64).sqrt())
}
