//! An account's equity as it goes, as far as metrics look at it: falls below its peak, and its value where days and weeks end.
//!
//! What is wanted of a bar is taken while the bar is near, and of a position's bars only the least and the greatest equity
//! unless one of them may be a new peak. The bits are those of the definition per bar.

use super::calendar::MetricCalendar;
use crate::types::EquityCurve;

/// The deepest falls below the peak.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Drawdown {
    /// In proportion to the peak.
    pub(super) relative: f64,
    /// In account currency.
    pub(super) absolute: f64,
}

/// Falls below the running peak. Branches that are seldom taken cost less than the standard maximum with its rules for
/// NaN, and most falls need no division to be seen not to be the deepest.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Falls {
    peak: f64,
    pub(super) lowest: f64,
    pub(super) deepest: Drawdown,
    under_water: u64,
    /// Bars of the longest time below a peak.
    pub(super) longest: u64,
}

impl Falls {
    fn from(initial_equity: f64) -> Self {
        Self { peak: initial_equity, lowest: f64::INFINITY, ..Self::default() }
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

    /// The account stands at some equities between a least and a greatest one, each for a bar, if all lie below the peak; returns
    /// whether it is so. The least one falls deepest in money and in proportion, since rounding keeps their order.
    #[inline]
    fn pass_under_water(&mut self, low: f64, high: f64, bars: u32) -> bool {
        let below = high < self.peak;
        if below && bars > 0 {
            self.stand(low, bars);
        }
        below
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

/// What the account stands at from a step on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Standing {
    from: u32,
    equity: f64,
}

/// Watches an equity over the window of a calendar, which is the same in all calls. Money in account currency.
#[derive(Debug, Clone, Default)]
pub struct EquityWatch {
    falls: Falls,
    /// Equity at the marks of the calendar, but for those missed.
    closes: Vec<f64>,
    /// Marks before the first value.
    missed: usize,
    standing: Option<Standing>,
}

impl EquityWatch {
    /// Begins anew and keeps the memory.
    pub fn begin(&mut self, initial_equity: f64) {
        self.falls = Falls::from(initial_equity);
        self.closes.clear();
        self.missed = 0;
        self.standing = None;
    }

    /// The account stands at an equity after a step; steps must not decrease. An equal step replaces the last value.
    #[inline]
    pub fn record(&mut self, calendar: &MetricCalendar, step: u32, equity: f64) {
        if self.standing.is_none_or(|standing| standing.equity.to_bits() != equity.to_bits()) {
            self.change(calendar, step, equity);
        }
    }

    /// The account stands at another equity. Apart, so that finding nothing new is short.
    #[inline(never)]
    fn change(&mut self, calendar: &MetricCalendar, step: u32, equity: f64) {
        if self.standing.is_none_or(|standing| standing.from != step) {
            self.settle(calendar.marks(), step);
        }
        self.standing = Some(Standing { from: step, equity });
    }

    /// The account stands at other equities on consecutive steps from `first` on, behind the last one recorded: `count` of them, at
    /// least one, of which all but the last lie between `low` and `high` and reach them. Returns the last one, which an equal step replaces.
    #[inline]
    pub fn record_each(
        &mut self,
        calendar: &MetricCalendar,
        first: u32,
        count: u32,
        (low, high): (f64, f64),
        equity_at: impl Fn(usize) -> f64,
    ) -> f64 {
        let (marks, sure) = (calendar.marks(), count - 1);
        self.settle(marks, first);
        while let Some(&mark) = marks.get(self.next_mark()).filter(|&&mark| mark < first + sure) {
            self.closes.push(equity_at((mark - first) as usize));
        }
        if !self.falls.pass_under_water(low, high, sure) {
            (0..sure as usize).for_each(|place| self.falls.stand(equity_at(place), 1));
        }
        let last = equity_at(sure as usize);
        self.standing = Some(Standing { from: first + sure, equity: last });
        last
    }

    /// The last value stands to the end of the window.
    pub fn end(&mut self, calendar: &MetricCalendar) {
        let end = u32::try_from(calendar.window().end).expect("a timeline has fewer than 2^32 steps");
        if let Some(Standing { from, equity }) = self.standing {
            self.settle(calendar.marks(), end.max(from));
            self.standing = Some(Standing { from: end.max(from), equity });
        }
    }

    /// Watches a whole curve.
    pub fn follow(&mut self, calendar: &MetricCalendar, initial_equity: f64, curve: &EquityCurve) {
        self.begin(initial_equity);
        for (&step, &equity) in curve.change_steps().iter().zip(curve.equities()) {
            self.record(calendar, step, equity);
        }
        self.end(calendar);
    }

    /// Books what stood until a step.
    #[inline]
    fn settle(&mut self, marks: &[u32], until: u32) {
        let Some(Standing { from, equity }) = self.standing else {
            self.missed = marks.partition_point(|&mark| mark < until);
            return;
        };
        debug_assert!(from <= until, "steps go forward");
        while marks.get(self.next_mark()).is_some_and(|&mark| mark < until) {
            self.closes.push(equity);
        }
        self.falls.stand(equity, until - from);
    }

    #[inline]
    fn next_mark(&self) -> usize {
        self.missed + self.closes.len()
    }

    /// The lowest equity so far; infinite before the first one.
    pub fn lowest(&self) -> f64 {
        self.standing.map_or(f64::INFINITY, |standing| self.falls.lowest.min(standing.equity))
    }

    /// The equity at the end; `None` when there never was one.
    pub fn last(&self) -> Option<f64> {
        self.standing.map(|standing| standing.equity)
    }

    /// Memory it has room for.
    pub fn bytes(&self) -> usize {
        self.closes.capacity() * size_of::<f64>()
    }

    pub(super) fn falls(&self) -> &Falls {
        &self.falls
    }

    /// Equity at some of the calendar's marks, by their places; one before the first value has none.
    pub(super) fn at<'a>(&'a self, places: &'a [u32]) -> impl Iterator<Item = Option<f64>> + use<'a> {
        let close = |place: usize| self.closes.get(place).copied();
        places.iter().map(move |&place| (place as usize).checked_sub(self.missed).and_then(close))
    }
}
