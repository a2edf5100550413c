//! Equity metrics (`metrics.md` section 3), over the points of a run-length coded curve: O(points + days + weeks), with
//! the bits of the definition per bar.

use super::calendar::MetricCalendar;
use super::moments::{Moments, sharpe_per_observation};
use super::names::MetricId;
use super::ratio::{ratio, sortino};
use super::values::Metrics;
use crate::types::sums::Sums;
use crate::types::{EquityCurve, math};

/// A curve over a window: each point holds until the next, the last until the window's end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve<'a> {
    /// Steps of the points.
    steps: &'a [u32],
    /// Their equities.
    equities: &'a [f64],
    calendar: &'a MetricCalendar,
    initial_equity: f64,
}

impl<'a> Curve<'a> {
    pub(super) fn of(curve: &'a EquityCurve, calendar: &'a MetricCalendar, initial_equity: f64) -> Self {
        Self { steps: curve.change_steps(), equities: curve.equities(), calendar, initial_equity }
    }

    fn last(&self) -> Option<f64> {
        self.equities.last().copied()
    }

    /// Equity at increasing steps; a step before the first point has none.
    fn equity_at(self, steps: &'a [u32]) -> impl Iterator<Item = Option<f64>> + use<'a> {
        let mut passed = 0;
        steps.iter().map(move |&step| {
            passed += points_until(&self.steps[passed..], step);
            passed.checked_sub(1).map(|current| self.equities[current])
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

/// Points that are counted rather than searched: a day of hours and more, without a branch that depends on them.
const NEAR: usize = 32;

/// Number of points at or before a step: near ones are counted, far ones searched in strides that double, in the
/// logarithm of their distance.
#[inline]
fn points_until(points: &[u32], step: u32) -> usize {
    if let Some(near) = points.first_chunk::<NEAR>() {
        let count = near.iter().filter(|&&point| point <= step).count();
        if count < NEAR {
            return count;
        }
    }
    let mut stride = NEAR;
    while points.get(stride).is_some_and(|&point| point <= step) {
        stride *= 2;
    }
    let sure = if stride > NEAR { stride / 2 } else { 0 };
    let unsure = &points[sure..points.len().min(stride)];
    sure + unsure.partition_point(|&point| point <= step)
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

/// Points of a curve that are looked at together.
const BLOCK: usize = 16;

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

    /// The account stands at these equities, one after the other, for so many bars together, if all lie below the peak and
    /// none of them can be the deepest fall; returns whether it is so. Most of a curve is, and it takes no branch per point.
    #[inline]
    fn pass_under_water(&mut self, equities: &[f64], bars: u32) -> bool {
        let below = equities.iter().filter(|&&equity| equity < self.peak).count() == equities.len();
        let low = equities.iter().fold(f64::INFINITY, |low, &equity| if equity < low { equity } else { low });
        let fall = self.peak - low;
        if !below || fall > self.deepest.absolute || self.may_be_deepest(fall) {
            return false;
        }
        if low < self.lowest {
            self.lowest = low;
        }
        self.under_water += u64::from(bars);
        self.longest = self.longest.max(self.under_water);
        true
    }

    /// Whether a fall may be the deepest in proportion to its peak.
    #[inline]
    fn may_be_deepest(&self, fall: f64) -> bool {
        /// Wider than the rounding of a product and a quotient.
        const SLACK: f64 = 1.0 - 1e-9;
        fall >= self.deepest.relative * self.peak * SLACK
    }

    #[inline]
    fn fall(&mut self, fall: f64) {
        if fall > self.deepest.absolute {
            self.deepest.absolute = fall;
        }
        if self.may_be_deepest(fall) {
            let relative = fall / self.peak;
            if relative > self.deepest.relative {
                self.deepest.relative = relative;
            }
        }
    }
}

fn drawdowns(curve: &Curve<'_>, out: &mut Metrics) -> Drawdown {
    let mut falls = Falls::from(curve.initial_equity);
    let (steps, equities) = (curve.steps, curve.equities);
    let end = u32::try_from(curve.calendar.window().end).expect("a timeline has fewer than 2^32 steps");
    let until = |place: usize| steps.get(place).copied().unwrap_or_else(|| end.max(steps[place - 1]));
    for (block, equities) in equities.chunks(BLOCK).enumerate() {
        let start = block * BLOCK;
        if !falls.pass_under_water(equities, until(start + equities.len()) - steps[start]) {
            for (place, &equity) in (start..).zip(equities) {
                falls.stand(equity, until(place + 1) - steps[place]);
            }
        }
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
    let annual = if curve.equities.is_empty() || years <= 0.0 {
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
