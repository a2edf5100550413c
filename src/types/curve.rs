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
///
/// While a position is open and marked to market there is a point on nearly every bar, so steps and equities stand in columns
/// of their own, and cash, which changes when something is booked, where it changes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EquityCurve {
    steps: Vec<u32>,
    equities: Vec<f64>,
    cash: Vec<CashFrom>,
    end: u32,
}

/// From this point on the account held so much cash.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct CashFrom {
    point: usize,
    cash: f64,
}

impl EquityCurve {
    /// Forgets all points and keeps the memory.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.equities.clear();
        self.cash.clear();
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
            self.change(step, cash, equity);
        }
    }

    /// Whether the last point has these values.
    #[inline]
    fn stands_at(&self, cash: f64, equity: f64) -> bool {
        self.equities.last().is_some_and(|last| last.to_bits() == equity.to_bits()) && self.holds(cash)
    }

    /// Whether the last point has this cash.
    #[inline]
    fn holds(&self, cash: f64) -> bool {
        self.cash.last().is_some_and(|last| last.cash.to_bits() == cash.to_bits())
    }

    /// Puts a point with new values behind the last one, or in its place.
    fn change(&mut self, step: u32, cash: f64, equity: f64) {
        if self.steps.last() == Some(&step) {
            self.steps.pop();
            self.equities.pop();
            self.cash.pop_if(|last| last.point == self.steps.len());
            if self.stands_at(cash, equity) {
                return;
            }
        }
        self.cash_from_here(cash);
        self.steps.push(step);
        self.equities.push(equity);
    }

    /// The next point has this cash.
    #[inline]
    fn cash_from_here(&mut self, cash: f64) {
        if !self.holds(cash) {
            self.cash.push(CashFrom { point: self.steps.len(), cash });
        }
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
        let start = self.equities.len();
        let compared = if self.holds(cash) { start.saturating_sub(1) } else { start };
        self.equities.extend(equities);
        let &last = self.equities[start..].last()?;
        self.cash_from_here(cash);
        #[expect(clippy::cast_possible_truncation, reason = "a timeline has fewer than 2^32 steps")]
        let steps = (self.equities.len() - start) as u32;
        self.steps.extend(first..first + steps);
        self.end = first + steps;
        let neighbours = self.equities[compared..].iter().zip(&self.equities[compared + 1..]);
        if neighbours.fold(false, |any, (one, next)| any | (one.to_bits() == next.to_bits())) {
            self.drop_repeated(compared);
        }
        Some(last)
    }

    /// Drops points from place `from` on whose equity is that of the one before; their cash is.
    fn drop_repeated(&mut self, from: usize) {
        let mut kept = from;
        for place in from + 1..self.equities.len() {
            if self.equities[place].to_bits() != self.equities[kept].to_bits() {
                kept += 1;
                self.equities[kept] = self.equities[place];
                self.steps[kept] = self.steps[place];
            }
        }
        self.equities.truncate(kept + 1);
        self.steps.truncate(kept + 1);
    }

    /// Extends the last value over all steps before `end`: what an event-skipping clock does at the end of its window.
    pub fn extend_to(&mut self, end: u32) {
        self.end = self.end.max(end);
    }

    /// Memory its points have room for.
    pub fn bytes(&self) -> usize {
        self.steps.capacity() * size_of::<u32>()
            + self.equities.capacity() * size_of::<f64>()
            + self.cash.capacity() * size_of::<CashFrom>()
    }

    /// The points, in step order.
    pub fn points(&self) -> impl Iterator<Item = CurvePoint> + '_ {
        let mut runs = self.cash.iter().peekable();
        let mut cash = f64::NAN;
        self.change_steps().iter().zip(self.equities()).enumerate().map(move |(place, (&step, &equity))| {
            if let Some(run) = runs.next_if(|run| run.point == place) {
                cash = run.cash;
            }
            CurvePoint { step, cash, equity }
        })
    }

    /// Steps of the points.
    pub fn change_steps(&self) -> &[u32] {
        &self.steps
    }

    /// Equities of the points.
    pub fn equities(&self) -> &[f64] {
        &self.equities
    }

    /// The last point.
    pub fn last(&self) -> Option<CurvePoint> {
        let (&step, &equity) = self.steps.last().zip(self.equities.last())?;
        self.cash.last().map(|run| CurvePoint { step, cash: run.cash, equity })
    }

    /// One past the last recorded step; 0 for an empty curve.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Number of steps covered.
    pub fn steps(&self) -> usize {
        self.steps.first().map_or(0, |first| (self.end - first) as usize)
    }

    /// One point per step, for files and charts.
    pub fn per_step(&self) -> impl Iterator<Item = CurvePoint> + '_ {
        let ends = self.steps.iter().skip(1).chain(std::iter::once(&self.end));
        self.points()
            .zip(ends)
            .flat_map(|(point, &end)| (point.step..end).map(move |step| CurvePoint { step, ..point }))
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
        assert_eq!(curve.points().count(), 2);
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
        assert_eq!(curve.points().count(), 1);
        assert_eq!(curve.steps(), 2);
    }
}
