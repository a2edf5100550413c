//! What a run keeps of its equity: every change, or what metrics look at.

use super::money::Mark;
use crate::metrics::{EquityWatch, MetricCalendar};
use crate::types::EquityCurve;

/// The equity of a run so far.
#[derive(Debug)]
pub(super) enum EquityRecord<'a> {
    /// Every change, for whoever wants to see the curve.
    Curve(EquityCurve),
    /// What metrics over a calendar's window take of it.
    Watch(&'a MetricCalendar, EquityWatch),
}

impl EquityRecord<'_> {
    /// The account after a step; steps do not decrease.
    #[inline]
    pub(super) fn record(&mut self, step: usize, cash: f64, equity: f64) {
        match self {
            Self::Curve(curve) => curve.record(step_number(step), cash, equity),
            Self::Watch(calendar, watch) => watch.record(calendar, step_number(step), equity),
        }
    }

    /// The account with only one position on the steps in `from..to`, which are rows too and not empty; returns the last equity.
    #[inline]
    pub(super) fn pass_over(&mut self, mark: &Mark<'_>, from: usize, to: usize, cash: f64) -> f64 {
        match self {
            Self::Curve(curve) => mark.pass_over(from, to, cash, curve),
            Self::Watch(calendar, watch) => {
                let (first, count) = (step_number(from), step_number(to - from));
                let equity_at = |place| cash + mark.result(from + place);
                watch.record_each(calendar, first, count, mark.range(from, to - 1, cash), equity_at)
            }
        }
    }

    /// The last value stands on all steps before one.
    pub(super) fn extend_to(&mut self, step: usize) {
        match self {
            Self::Curve(curve) => curve.extend_to(step_number(step)),
            // It does so until the next one anyway.
            Self::Watch(..) => {}
        }
    }

    /// The curve, if it is kept.
    pub(super) fn curve(&self) -> Option<&EquityCurve> {
        match self {
            Self::Curve(curve) => Some(curve),
            Self::Watch(..) => None,
        }
    }

    /// Whether the equity was ever at or below zero.
    pub(super) fn was_ruined(&self) -> bool {
        match self {
            // Counted, not searched: without a branch per point, and hardly a run is ruined.
            Self::Curve(curve) => curve.equities().iter().filter(|&&equity| equity <= 0.0).count() > 0,
            Self::Watch(_, watch) => watch.lowest() <= 0.0,
        }
    }

    /// What was kept of the whole window.
    pub(super) fn finish(self) -> (EquityCurve, Option<EquityWatch>) {
        match self {
            Self::Curve(curve) => (curve, None),
            Self::Watch(calendar, mut watch) => {
                watch.end(calendar);
                (EquityCurve::default(), Some(watch))
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a timeline has fewer than 2^32 steps")]
fn step_number(step: usize) -> u32 {
    step as u32
}
