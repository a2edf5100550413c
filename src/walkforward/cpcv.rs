//! Combinatorial purged cross-validation (`walk_forward_and_robustness.md` section 3), after López de Prado, "Advances in
//! financial machine learning" (2018), chapter 12.

use std::ops::Range;

use crate::types::StepRange;

/// How bars are cut and how far training keeps from tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpcvSettings {
    /// Number of groups, at least 2.
    pub groups: usize,
    /// Groups in a test set, from 1 to `groups - 1`.
    pub test_groups: usize,
    /// Bars left out before and after a test group.
    pub purge: usize,
    /// Bars left out after a test group on top of the purge.
    pub embargo: usize,
    /// Shorter training ranges are left out.
    pub min_range: usize,
}

/// One choice of test groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpcvSplit {
    /// Numbers of the test groups, rising.
    pub test_groups: Vec<usize>,
    /// Training ranges in the order of time.
    pub train: Vec<StepRange>,
}

/// All splits, and how they make up full-length paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpcv {
    /// The groups in the order of time.
    pub groups: Vec<StepRange>,
    /// In lexicographic order of the test groups.
    pub splits: Vec<CpcvSplit>,
    /// Per path, the split whose test gives each group.
    pub paths: Vec<Vec<usize>>,
}

/// Cuts `steps` into groups and lists every choice of test groups.
pub fn cpcv(steps: StepRange, settings: &CpcvSettings) -> Cpcv {
    let count = settings.groups;
    let bound = |i: usize| steps.start + i * steps.len() / count;
    let groups: Vec<StepRange> =
        (0..count).map(|i| StepRange { start: bound(i), end: bound(i + 1) }).collect();
    let splits: Vec<CpcvSplit> = combinations(count, settings.test_groups)
        .into_iter()
        .map(|test_groups| CpcvSplit {
            train: train_ranges(steps, &groups, &test_groups, settings),
            test_groups,
        })
        .collect();
    let testing =
        |group: usize| splits.iter().enumerate().filter(move |(_, s)| s.test_groups.contains(&group));
    let path_count = if count == 0 { 0 } else { testing(0).count() };
    let paths = (0..path_count)
        .map(|j| (0..count).filter_map(|group| testing(group).nth(j).map(|(split, _)| split)).collect())
        .collect();
    Cpcv { groups, splits, paths }
}

/// What is left of `steps` when every test group is cut out with its margins.
fn train_ranges(
    steps: StepRange,
    groups: &[StepRange],
    test_groups: &[usize],
    settings: &CpcvSettings,
) -> Vec<StepRange> {
    let mut ranges = Vec::new();
    let mut keep = |range: Range<usize>| {
        if range.len() >= settings.min_range.max(1) {
            ranges.push(StepRange { start: range.start, end: range.end });
        }
    };
    let mut from = steps.start;
    for &group in test_groups {
        keep(from..groups[group].start.saturating_sub(settings.purge));
        from = (groups[group].end + settings.purge + settings.embargo).min(steps.end);
    }
    keep(from..steps.end);
    ranges
}

/// All choices of `k` numbers below `n`, rising, in lexicographic order.
pub fn combinations(n: usize, k: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    if k > n {
        return all;
    }
    let mut choice: Vec<usize> = (0..k).collect();
    loop {
        all.push(choice.clone());
        let Some(place) = (0..k).rev().find(|&i| choice[i] < n - k + i) else {
            return all;
        };
        choice[place] += 1;
        for i in place + 1..k {
            choice[i] = choice[i - 1] + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_come_in_lexicographic_order() {
        assert_eq!(combinations(4, 2), [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        assert_eq!(combinations(3, 0), [Vec::<usize>::new()]);
        assert!(combinations(2, 3).is_empty());
        assert_eq!(combinations(16, 8).len(), 12_870);
    }

    #[test]
    fn short_training_ranges_are_left_out() {
        let settings = CpcvSettings { groups: 4, test_groups: 2, purge: 2, embargo: 0, min_range: 7 };
        let cpcv = cpcv(StepRange { start: 100, end: 140 }, &settings);
        let alternating = cpcv.splits.iter().find(|split| split.test_groups == [0, 2]).expect("a choice");
        // The group between the tests keeps 6 bars after both margins.
        assert_eq!(alternating.train, [StepRange { start: 132, end: 140 }]);
        assert_eq!(cpcv.paths.len(), 3);
    }
}
