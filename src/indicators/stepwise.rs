//! Higher timeframes on the primary grid (`indicators.md` 3.3): one value per higher bar that became visible.
//!
//! Series of a higher timeframe are computed on the *reduced* bars, those the map ever pointed at, in that order; a
//! primary row then reads the newest reduced value, also while the map is stale. Only the close itself is absent then.

/// Which higher bars became visible, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// Higher rows in the order in which they became visible.
    pub visible: Vec<u32>,
    /// Per primary row: index into `visible` of the newest one so far, or `none` before the first.
    pub latest: Vec<u32>,
}

/// Reads a map from primary row to visible higher row (`none` = nothing visible).
///
/// Absent stretches in between do not count as a change; higher bars the map skips are not part of the series.
pub fn steps(map: &[u32], none: u32) -> Steps {
    let mut visible: Vec<u32> = Vec::new();
    let mut latest = Vec::with_capacity(map.len());
    let mut index = none;
    for &row in map {
        if row != none && visible.last() != Some(&row) {
            index = u32::try_from(visible.len()).expect("no more steps than rows, which are u32");
            visible.push(row);
        }
        latest.push(index);
    }
    Steps { visible, latest }
}

/// The values of `column` at the visible rows.
pub fn reduce<T: Copy>(column: &[T], visible: &[u32]) -> Vec<T> {
    visible.iter().map(|&row| column[row as usize]).collect()
}

/// Replaces every `NaN` by the value before it, if there is one: a reader keeps the last value that existed.
pub fn fill_forward(values: &mut [f64]) {
    let mut last = f64::NAN;
    for value in values {
        if value.is_nan() {
            *value = last;
        }
        last = *value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: u32 = u32::MAX;

    #[test]
    fn a_stale_stretch_is_not_a_new_bar() {
        let found = steps(&[NONE, 3, 3, NONE, 3, 5], NONE);
        assert_eq!(found.visible, [3, 5]);
        assert_eq!(found.latest, [NONE, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn the_last_existing_value_stays() {
        let mut values = [f64::NAN, 1.0, f64::NAN, 2.0];
        fill_forward(&mut values);
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [1.0, 1.0, 2.0]);
    }
}
