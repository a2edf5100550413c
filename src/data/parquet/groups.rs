//! Which row groups a range of time needs.
//!
//! The footer says from when to when each group reaches. A footer has no checksum, so it is only believed as far as the
//! pages that are read confirm it: the first group kept begins before the range, the last one kept begins behind it, and
//! in a file in order of time nothing outside of these two can lie in the range.

use std::ops::{Range, RangeInclusive};

use arrow_schema::{DataType, TimeUnit};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

/// Row groups to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Groups {
    pub(super) kept: RangeInclusive<usize>,
    /// Rows of the file before the first group.
    pub(super) first_row: usize,
    /// Rows of all groups kept.
    pub(super) rows: usize,
    /// Whether groups in front are left out: then the first row must lie at or before the range.
    front: bool,
    /// Row, counted from the first one kept, that must lie at or behind the end of the range.
    behind: Option<usize>,
    range: Range<i64>,
}

impl Groups {
    /// The groups that may hold bars of `range`, microseconds UTC; `None` when all have to be read: statistics are
    /// absent or out of order, times have no unit of their own, the range lies outside, or nothing can be left out.
    pub(super) fn of(
        metadata: &ParquetMetaData,
        time_field: usize,
        time_type: &DataType,
        range: &Range<i64>,
    ) -> Option<Self> {
        let schema = metadata.file_metadata().schema_descr();
        let leaf = (0..schema.num_columns()).find(|&leaf| schema.get_column_root_idx(leaf) == time_field)?;
        let spans = metadata.row_groups().iter().map(|group| {
            let Statistics::Int64(times) = group.column(leaf).statistics()? else { return None };
            Some((micros(*times.min_opt()?, time_type)?, micros(*times.max_opt()?, time_type)?))
        });
        let spans: Vec<(i64, i64)> = spans.collect::<Option<_>>()?;
        let rows: Vec<usize> = metadata
            .row_groups()
            .iter()
            .map(|group| usize::try_from(group.num_rows()).ok())
            .collect::<Option<_>>()?;
        Self::among(&spans, &rows, range)
    }

    fn among(spans: &[(i64, i64)], rows: &[usize], range: &Range<i64>) -> Option<Self> {
        let in_order = spans.iter().all(|(first, last)| first <= last)
            && spans.windows(2).all(|pair| pair[0].1 < pair[1].0);
        let (begin, end) = (spans.first()?.0, spans.last()?.1);
        if !in_order || range.is_empty() || range.start > end || range.end <= begin {
            return None;
        }
        let first = spans.iter().rposition(|(first, _)| *first <= range.start).unwrap_or(0);
        let last = spans.iter().position(|(first, _)| *first >= range.end).unwrap_or(spans.len() - 1);
        if last - first + 1 == spans.len() {
            return None;
        }
        let sum = |groups: &[usize]| groups.iter().try_fold(0_usize, |sum, &rows| sum.checked_add(rows));
        Some(Self {
            kept: first..=last,
            first_row: sum(&rows[..first])?,
            rows: sum(&rows[first..=last])?,
            front: first > 0,
            behind: if last + 1 < spans.len() { sum(&rows[first..last]) } else { None },
            range: range.clone(),
        })
    }

    /// Whether bars behind the range exist.
    pub(super) fn more_follow(&self) -> bool {
        self.behind.is_some()
    }

    /// Whether the times that were read, microseconds UTC, confirm what the footer says.
    pub(super) fn confirmed_by(&self, times: &[i64]) -> bool {
        let in_front = !self.front || times.first().is_some_and(|&time| time <= self.range.start);
        let behind = self.behind.is_none_or(|row| times.get(row).is_some_and(|&time| time >= self.range.end));
        in_front && behind
    }
}

/// A stored time in microseconds; `None` for times whose meaning the type does not tell.
fn micros(stored: i64, time_type: &DataType) -> Option<i64> {
    let DataType::Timestamp(unit, Some(_)) = time_type else { return None };
    match unit {
        TimeUnit::Second => stored.checked_mul(1_000_000),
        TimeUnit::Millisecond => stored.checked_mul(1000),
        TimeUnit::Microsecond => Some(stored),
        TimeUnit::Nanosecond => Some(stored.div_euclid(1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPANS: [(i64, i64); 4] = [(0, 9), (10, 19), (30, 39), (40, 49)];

    fn kept(range: Range<i64>) -> Option<(RangeInclusive<usize>, usize, usize)> {
        Groups::among(&SPANS, &[5, 6, 7, 8], &range)
            .map(|groups| (groups.kept, groups.first_row, groups.rows))
    }

    #[test]
    fn the_groups_around_a_range_are_read() {
        assert_eq!(kept(12..15), Some((1..=2, 5, 13)), "the group behind proves that nothing is missing");
        assert_eq!(kept(22..25), Some((1..=2, 5, 13)));
        assert_eq!(kept(35..100), Some((2..=3, 11, 15)));
        assert_eq!(kept(-5..10), Some((0..=1, 0, 11)));
        assert_eq!(kept(0..45), None, "all of them");
        assert_eq!((kept(50..60), kept(-9..0)), (None, None), "outside, to say what there is");
    }

    #[test]
    fn a_footer_out_of_order_is_not_used() {
        let swapped = [(10, 19), (0, 9), (30, 39), (40, 49)];
        assert_eq!(Groups::among(&swapped, &[5, 6, 7, 8], &(12..15)), None);
        let reversed = [(0, 9), (19, 10), (30, 39), (40, 49)];
        assert_eq!(Groups::among(&reversed, &[5, 6, 7, 8], &(12..15)), None);
    }

    #[test]
    fn pages_have_to_confirm_the_footer() {
        let groups = Groups::among(&SPANS, &[2, 2, 2, 2], &(12..15)).expect("groups");
        assert!(groups.more_follow() && groups.confirmed_by(&[10, 19, 30, 39]));
        assert!(!groups.confirmed_by(&[13, 19, 30, 39]), "a row of the range may lie in front");
        assert!(!groups.confirmed_by(&[10, 11, 14, 39]), "a row of the range may lie behind");
    }
}
