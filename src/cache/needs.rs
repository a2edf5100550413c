//! Which series of a plan have to be there, and which of those as columns.

use std::collections::BTreeSet;

use super::columns::IndicatorCache;
use super::masks::{MaskKey, Operand};
use super::passing::{FARTHEST, can_pass};
use super::plan::CachePlan;
use crate::data::MultiSymbolData;
use crate::indicators::SeriesKey;

/// What a batch needs besides the comparisons that are there already.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Whole columns: what is asked for by itself, cannot pass by, or is read by a column that is not there yet.
    pub(super) columns: BTreeSet<SeriesKey>,
    /// Series that pass by.
    pub(super) passing: BTreeSet<SeriesKey>,
}

/// How a series is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// At any row at any time.
    Anywhere,
    /// Row after row, near each other.
    Onward,
}

impl Needs {
    /// For the series and the `missing` comparisons of a plan. What `previous` holds stays a column; `again` are those that
    /// must not pass by.
    pub(super) fn of(
        plan: &CachePlan,
        missing: &[MaskKey],
        data: &MultiSymbolData,
        previous: Option<&IndicatorCache>,
        again: Option<&BTreeSet<SeriesKey>>,
    ) -> Self {
        let known = |key: &SeriesKey| previous.is_some_and(|previous| previous.get(key).is_some());
        let must_stay = |key: &SeriesKey| again.is_some_and(|again| again.contains(key));
        let passes = |key: &SeriesKey| {
            !known(key) && !must_stay(key) && can_pass(key, plan.definitions(), data)
        };
        let mut needs = Self::default();
        let asked = plan.asked().map(|key| (*key, Reading::Anywhere));
        let mut waiting: Vec<(SeriesKey, Reading)> = asked.chain(missing.iter().flat_map(readings)).collect();
        while let Some((key, reading)) = waiting.pop() {
            let reading = if passes(&key) { reading } else { Reading::Anywhere };
            if needs.add(key, reading)
                && !known(&key)
                && let Some(definition) = plan.definitions().get(&key)
            {
                waiting.extend(definition.inputs().into_iter().map(|input| (input, reading)));
            }
        }
        needs.columns.extend(plan.keys().filter(|key| known(key)));
        needs
    }

    /// Whether that was not known yet.
    fn add(&mut self, key: SeriesKey, reading: Reading) -> bool {
        match reading {
            Reading::Anywhere => {
                self.passing.remove(&key);
                self.columns.insert(key)
            }
            Reading::Onward => !self.columns.contains(&key) && self.passing.insert(key),
        }
    }
}

/// How a comparison reads its series.
fn readings(key: &MaskKey) -> impl Iterator<Item = (SeriesKey, Reading)> + use<> {
    [key.left, key.right].into_iter().flat_map(|operand| {
        let reading = match operand {
            Operand::Back(_, bars) if bars as usize >= FARTHEST => Reading::Anywhere,
            _ => Reading::Onward,
        };
        operand.series().map(move |key| (key, reading))
    })
}
