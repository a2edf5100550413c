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
        let passes =
            |key: &SeriesKey| !known(key) && !must_stay(key) && can_pass(key, plan.definitions(), data);
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

#[cfg(test)]
mod tests {
    use super::super::sample::{Change, ROWS, key, market};
    use super::*;
    use crate::cache::{CacheError, Comparison, build};
    use crate::indicators::{FloatBits, IndicatorKind};
    use crate::types::Timeframe::M5;

    const EMA: IndicatorKind = IndicatorKind::Ema { period: 5 };
    const SMA: IndicatorKind = IndicatorKind::Sma { period: 5 };

    fn above(left: Operand, number: f64) -> MaskKey {
        let right = Operand::Constant(FloatBits::new(number));
        MaskKey { left, comparison: Comparison::Greater, right }
    }

    fn needs(plan: &CachePlan, masks: &[MaskKey]) -> [Vec<SeriesKey>; 2] {
        let Needs { columns, passing } = Needs::of(plan, masks, &market(), None, None);
        [columns, passing].map(|keys| keys.into_iter().collect())
    }

    fn sorted<const N: usize>(mut keys: [SeriesKey; N]) -> Vec<SeriesKey> {
        keys.sort_unstable();
        keys.to_vec()
    }

    #[test]
    fn what_is_only_compared_passes_by_with_what_it_reads() {
        let mut plan = CachePlan::default();
        let (ema, sma) = (key(M5, EMA), key(M5, SMA));
        let (fast, slow) = (Change::define(ema, 3, &mut plan), Change::define(sma, 3, &mut plan));
        let unread = Change::define(fast, 4, &mut plan);
        let masks = [fast, slow].map(|key| above(Operand::Series(key), 0.0));
        assert_eq!(needs(&plan, &masks), [sorted([sma]), sorted([ema, fast, slow])]);
        assert!(plan.contains(&unread));
        plan.series(fast);
        assert_eq!(needs(&plan, &masks), [sorted([ema, sma, fast]), sorted([slow])]);
    }

    #[test]
    fn who_looks_back_far_reads_columns() {
        let mut plan = CachePlan::default();
        let ema = key(M5, EMA);
        let far = Change::define(ema, FARTHEST + 1, &mut plan);
        assert_eq!(needs(&plan, &[above(Operand::Series(far), 0.0)]), [sorted([ema, far]), vec![]]);
        let farthest = u32::try_from(FARTHEST).expect("small");
        let back = |bars| above(Operand::Back(ema, bars), 0.0);
        assert_eq!(needs(&plan, &[back(farthest)]), [sorted([ema]), vec![]]);
        assert_eq!(needs(&plan, &[back(farthest - 1)]), [vec![], sorted([ema])]);
    }

    #[test]
    fn an_expression_that_is_needed_again_is_kept_where_it_fits() {
        let data = market();
        let plan = |number| {
            let mut plan = CachePlan::default();
            let change = Change::define(key(M5, EMA), 3, &mut plan);
            plan.mask(above(Operand::Series(change), number));
            (plan, change)
        };
        let (first, change) = plan(0.0);
        let first = build(&first, &data, None, None).expect("no budget");
        assert!(first.get(&change).is_none() && first.report().computed == 3);
        let (second, _) = plan(1e-4);
        let kept = build(&second, &data, Some(&first), None).expect("no budget");
        assert_eq!(kept.get(&change).expect("kept").rows(), ROWS);
        let bitmap = 8 * ROWS.div_ceil(64) as u64;
        let poor = build(&second, &data, Some(&first), Some(bitmap)).expect("passes by again");
        assert!(poor.get(&change).is_none());
        assert_eq!(
            poor.masks.values().next().map(|kept| &kept.value),
            kept.mask(&above(Operand::Series(change), 1e-4))
        );
        let refused = build(&second, &data, Some(&first), Some(bitmap - 1));
        assert_eq!(refused.unwrap_err(), CacheError::Budget { needed: bitmap, limit: bitmap - 1 });
        let same = build(&plan(0.0).0, &data, Some(&first), None).expect("no budget");
        assert_eq!(same.report().computed, 0);
    }
}
