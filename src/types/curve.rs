//! Equity over the steps of a window, stored only where it changes.

use serde::{Deserialize, Serialize};

/// From `step` on (until the next point) the account stood at these values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Absolute step of the timeline.
    pub step: u32,
    /// Realised cash, account currency.
    pub cash: f64,
    /// Equity, account currency (equals cash with `equity_mode = cash`).
    pub equity: f64,
}

/// The per-bar equity curve of `execution.md` 8.3, run-length coded: a point per change of its bits, the first at the
/// window's first step. Both clocks of the engine produce the same points, because an unchanged value makes none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EquityCurve {
    points: Vec<CurvePoint>,
    end: u32,
}

impl EquityCurve {
    /// Forgets all points and keeps the memory.
    pub fn clear(&mut self) {
        self.points.clear();
        self.end = 0;
    }

    /// Records the account after `step`; steps must not decrease. An equal step replaces the last point.
    ///
    /// # Panics
    /// In debug builds when `step` lies before the last recorded one.
    #[inline]
    pub fn record(&mut self, step: u32, cash: f64, equity: f64) {
        debug_assert!(self.end <= step + 1, "steps go forward");
        self.end = step + 1;
        if !self.stands_at(cash, equity) {
            self.change(CurvePoint { step, cash, equity });
        }
    }

    /// Whether the last point has these values.
    #[inline]
    fn stands_at(&self, cash: f64, equity: f64) -> bool {
        self.points.last().is_some_and(|last| {
            last.cash.to_bits() == cash.to_bits() && last.equity.to_bits() == equity.to_bits()
        })
    }

    /// Puts a point with new values behind the last one, or in its place.
    fn change(&mut self, point: CurvePoint) {
        if self.points.last().is_some_and(|last| last.step == point.step) {
            self.points.pop();
            if self.stands_at(point.cash, point.equity) {
                return;
            }
        }
        self.points.push(point);
    }

    /// Records the account after consecutive steps from `first` on, all after the last recorded one, with the same cash;
    /// returns the last equity, or `None` when there are no steps.
    pub fn record_each(
        &mut self,
        first: u32,
        cash: f64,
        equities: impl ExactSizeIterator<Item = f64>,
    ) -> Option<f64> {
        debug_assert!(self.end <= first, "steps go forward");
        let same_cash = self.points.last().filter(|last| last.cash.to_bits() == cash.to_bits());
        let mut latest = same_cash.map(|last| last.equity);
        let mut step = first;
        self.points.reserve(equities.len());
        for equity in equities {
            if latest.is_none_or(|latest| latest.to_bits() != equity.to_bits()) {
                self.points.push(CurvePoint { step, cash, equity });
            }
            latest = Some(equity);
            step += 1;
        }
        self.end = self.end.max(step);
        latest.filter(|_| step > first)
    }

    /// Extends the last value over all steps before `end`: what an event-skipping clock does at the end of its window.
    pub fn extend_to(&mut self, end: u32) {
        self.end = self.end.max(end);
    }

    /// Memory its points have room for.
    pub fn bytes(&self) -> usize {
        self.points.capacity() * size_of::<CurvePoint>()
    }

    /// The points, in step order.
    pub fn points(&self) -> &[CurvePoint] {
        &self.points
    }

    /// One past the last recorded step; 0 for an empty curve.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Number of steps covered.
    pub fn steps(&self) -> usize {
        self.points.first().map_or(0, |first| (self.end - first.step) as usize)
    }

    /// One point per step, for files and charts.
    pub fn per_step(&self) -> impl Iterator<Item = CurvePoint> + '_ {
        self.points.iter().enumerate().flat_map(move |(i, point)| {
            let until = self.points.get(i + 1).map_or(self.end, |next| next.step);
            (point.step..until).map(move |step| CurvePoint { step, ..*point })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_a_point_and_expand_again() {
        let mut curve = EquityCurve::default();
        for (step, equity) in [(5, 100.0), (6, 100.0), (7, 90.0), (7, 95.0), (8, 95.0)] {
            curve.record(step, equity, equity);
        }
        assert_eq!(curve.points().len(), 2);
        assert_eq!(curve.steps(), 4);
        let dense: Vec<_> = curve.per_step().map(|p| (p.step, p.equity)).collect();
        assert_eq!(dense, [(5, 100.0), (6, 100.0), (7, 95.0), (8, 95.0)]);
    }

    #[test]
    fn steps_recorded_together_are_those_recorded_one_by_one() {
        let equities = [100.0, 100.0, 90.0, 90.0, -0.0, 0.0, 95.0];
        for (before, cash) in [(100.0, 100.0), (100.0, 80.0), (50.0, 100.0)] {
            let (mut together, mut single) = (EquityCurve::default(), EquityCurve::default());
            together.record(2, 100.0, before);
            single.record(2, 100.0, before);
            assert_eq!(together.record_each(3, cash, equities.into_iter()), Some(95.0));
            (3..).zip(equities).for_each(|(step, equity)| single.record(step, cash, equity));
            assert_eq!(together, single);
        }
        assert_eq!(EquityCurve::default().record_each(0, 1.0, [].into_iter()), None);
    }

    #[test]
    fn replacing_the_last_point_by_the_value_before_merges_the_run() {
        let mut curve = EquityCurve::default();
        curve.record(0, 1.0, 1.0);
        curve.record(1, 2.0, 2.0);
        curve.record(1, 1.0, 1.0);
        assert_eq!(curve.points().len(), 1);
        assert_eq!(curve.steps(), 2);
    }
}
