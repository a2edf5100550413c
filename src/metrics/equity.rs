//! Equity metrics (`metrics.md` section 3) of an equity that was watched: O(days + weeks), with the bits of the definition
//! per bar.

use super::calendar::MetricCalendar;
use super::moments::Moments;
use super::names::MetricId;
use super::ratio::{ratio, sortino};
use super::values::Metrics;
use super::watch::{Drawdown, EquityWatch, Falls};
use crate::types::math;
use crate::types::sums::Sums;

/// Trading day and return from one day's last equity to the next, the first from the initial equity; a step from zero or
/// less has none (`metrics.md` 3.1).
pub(super) fn daily_returns<'a>(
    watch: &'a EquityWatch,
    calendar: &'a MetricCalendar,
    initial_equity: f64,
) -> impl Iterator<Item = (i64, f64)> + use<'a> {
    let mut before = initial_equity;
    calendar.days().iter().zip(watch.at(calendar.days_at())).filter_map(move |(&day, equity)| {
        let start = std::mem::replace(&mut before, equity?);
        (start > 0.0).then(|| (day, before / start - 1.0))
    })
}

/// Fills in the equity metrics of an equity that was watched to the end of the calendar's window. `returns` receives the
/// daily returns.
pub(super) fn measure(
    watch: &EquityWatch,
    calendar: &MetricCalendar,
    initial_equity: f64,
    profit_net: f64,
    has_trades: bool,
    (returns, sorting): (&mut Vec<f64>, &mut Vec<f64>),
    out: &mut Metrics,
) {
    let drawdown = drawdowns(watch.falls(), initial_equity, out);
    out.set(const { MetricId::of("recovery_factor") }, ratio(profit_net, drawdown.absolute));
    growth(watch.last(), initial_equity, calendar.years(), drawdown.relative, out);
    returns.clear();
    returns.extend(daily_returns(watch, calendar, initial_equity).map(|(_, value)| value));
    daily_metrics(returns, calendar.periods_per_year(), has_trades, out);
    out.set(const { MetricId::of("cvar_95_daily") }, cvar_95(returns, sorting));
    out.set(const { MetricId::of("ulcer_index") }, ulcer_index(watch.at(calendar.weeks_at())));
}

fn drawdowns(falls: &Falls, initial_equity: f64, out: &mut Metrics) -> Drawdown {
    let &Falls { lowest, deepest, longest, .. } = falls;
    let deepest = Drawdown { relative: deepest.relative.min(1.0), ..deepest };
    out.set(const { MetricId::of("max_drawdown") }, deepest.relative);
    out.set(const { MetricId::of("max_drawdown_abs") }, deepest.absolute);
    out.set(const { MetricId::of("max_drawdown_of_initial") }, deepest.absolute / initial_equity);
    out.set(const { MetricId::of("max_drawdown_duration_bars") }, longest as f64);
    out.set(const { MetricId::of("initial_drawdown_abs") }, (initial_equity - lowest).max(0.0));
    deepest
}

fn growth(last: Option<f64>, initial_equity: f64, years: f64, max_drawdown: f64, out: &mut Metrics) {
    let end = last.unwrap_or(initial_equity);
    let total = end / initial_equity - 1.0;
    let annual = if last.is_none() || years <= 0.0 {
        None
    } else if end <= 0.0 {
        Some(-1.0)
    } else if years >= 1.0 {
        Some(math::pow(end / initial_equity, 1.0 / years) - 1.0)
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
    let spread = &d.spread;
    let year = periods_per_year.sqrt();
    out.set(const { MetricId::of("omega_ratio_daily") }, ratio(d.gains(), d.losses()));
    if let Some(sharpe) = spread.sharpe() {
        out.set(const { MetricId::of("volatility_annual") }, spread.deviation() * year);
        if has_trades {
            out.set(const { MetricId::of("sharpe_equity_daily") }, sharpe * year);
            let sortino = sortino(spread.mean, spread.downside(), spread.max_abs, year);
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
fn ulcer_index(weeks: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let mut peak = f64::NEG_INFINITY;
    let mut count = 0;
    let mut squares = Sums::<1>::ZERO;
    for close in weeks.flatten() {
        peak = peak.max(close);
        if peak <= 0.0 {
            return None;
        }
        let fall = 100.0 * (peak - close) / peak;
        squares.add([fall * fall]);
        count += 1;
    }
    (count >= 2).then(|| (squares.get(0, count) / count as f64).sqrt())
}
