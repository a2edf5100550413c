//! The same length of time, begun earlier (`walk_forward_and_robustness.md` section 5).

use crate::types::Timestamp;

/// A range moved back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// By how many calendar months.
    pub months: i64,
    /// New first instant.
    pub start: Timestamp,
    /// New end, exclusive.
    pub end: Timestamp,
}

/// One shift per divisor: both ends move back by `max(1, floor(months / divisor))` months, where `months` are the whole
/// calendar months of the range plus one for a remainder. Divisors may lead to equal shifts; none for an empty range.
pub fn shifts(start: Timestamp, end: Timestamp, divisors: &[u32]) -> Vec<Shift> {
    if end <= start {
        return Vec::new();
    }
    let fits = |months: i64| start.add_months(months).is_some_and(|moved| moved <= end);
    let mut whole = 0;
    while fits(whole + 1) {
        whole += 1;
    }
    let months = whole + i64::from(start.add_months(whole) != Some(end));
    divisors
        .iter()
        .filter_map(|&divisor| {
            let back = (months / i64::from(divisor.max(1))).max(1);
            Some(Shift { months: back, start: start.add_months(-back)?, end: end.add_months(-back)? })
        })
        .collect()
}

/// The shifts to run: equal ones once, in the order of their divisors.
pub fn distinct(shifts: Vec<Shift>) -> Vec<Shift> {
    let mut kept: Vec<Shift> = Vec::with_capacity(shifts.len());
    for shift in shifts {
        if !kept.contains(&shift) {
            kept.push(shift);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shifts_run_once() {
        let day = |text| Timestamp::parse_iso(text).expect("a date");
        let all = shifts(day("2023-01-01"), day("2024-01-01"), &[10, 5, 20]);
        let months: Vec<i64> = distinct(all).iter().map(|shift| shift.months).collect();
        assert_eq!(months, [1, 2]);
    }
}
