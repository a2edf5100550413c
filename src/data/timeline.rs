//! One ordered list of steps for all symbols, and where each symbol's bars lie on it (`data.md` section 9).
//!
//! Sorted lists are merged; nothing is hashed.

use super::multi::{NO_ROW, RowMap};

/// Instants at which any list has an entry.
pub fn union(lists: &[&[i64]]) -> Vec<i64> {
    if let [only] = lists {
        return only.to_vec();
    }
    let mut heads = vec![0; lists.len()];
    let mut merged = Vec::with_capacity(lists.iter().map(|list| list.len()).max().unwrap_or(0));
    while let Some(next) = lists.iter().zip(&heads).filter_map(|(list, &head)| list.get(head)).min().copied()
    {
        merged.push(next);
        for (list, head) in lists.iter().zip(&mut heads) {
            *head += usize::from(list.get(*head) == Some(&next));
        }
    }
    merged.shrink_to_fit();
    merged
}

/// Instants that are in every list.
pub fn intersection(lists: &[&[i64]]) -> Vec<i64> {
    let Some((first, others)) = lists.split_first() else { return Vec::new() };
    let mut heads = vec![0; others.len()];
    let mut common = Vec::new();
    for &time in *first {
        let in_all = others.iter().zip(&mut heads).fold(true, |all, (list, head)| {
            while list.get(*head).is_some_and(|&other| other < time) {
                *head += 1;
            }
            all && list.get(*head) == Some(&time)
        });
        if in_all {
            common.push(time);
        }
    }
    common
}

/// Row and newest row of a symbol at every step.
pub fn row_map(timeline: &[i64], times: &[i64]) -> RowMap {
    if timeline == times {
        return RowMap::Identity;
    }
    let mut row = Vec::with_capacity(timeline.len());
    let mut last = Vec::with_capacity(timeline.len());
    let mut next = 0;
    for &instant in timeline {
        while next < times.len() && times[next] <= instant {
            next += 1;
        }
        let newest = next.checked_sub(1);
        let number = newest.map_or(NO_ROW, |row| u32::try_from(row).expect("fewer than 2^32 bars"));
        last.push(number);
        row.push(if newest.is_some_and(|row| times[row] == instant) { number } else { NO_ROW });
    }
    RowMap::Sparse { row: row.into(), last: last.into() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn sorted() -> impl Strategy<Value = Vec<i64>> {
        proptest::collection::btree_set(0_i64..60, 0..40).prop_map(|set| set.into_iter().collect())
    }

    proptest! {
        #[test]
        fn merging_equals_set_arithmetic(lists in proptest::collection::vec(sorted(), 1..5)) {
            let slices: Vec<&[i64]> = lists.iter().map(Vec::as_slice).collect();
            let sets: Vec<BTreeSet<i64>> = lists.iter().map(|list| list.iter().copied().collect()).collect();
            let any: Vec<i64> = sets.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
            let all: Vec<i64> =
                any.iter().copied().filter(|time| sets.iter().all(|set| set.contains(time))).collect();
            prop_assert_eq!(union(&slices), any);
            prop_assert_eq!(intersection(&slices), all);
        }

        #[test]
        fn rows_are_those_that_open_at_the_step(timeline in sorted(), times in sorted()) {
            match row_map(&timeline, &times) {
                RowMap::Identity => prop_assert_eq!(&timeline, &times),
                RowMap::Sparse { row, last } => for (step, &instant) in timeline.iter().enumerate() {
                    let expected = times.iter().position(|&time| time == instant);
                    prop_assert_eq!((row[step] != NO_ROW).then_some(row[step] as usize), expected);
                    let newest = times.iter().rposition(|&time| time <= instant);
                    prop_assert_eq!((last[step] != NO_ROW).then_some(last[step] as usize), newest);
                },
            }
        }
    }
}
