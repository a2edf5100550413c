//! Series that are only a step on the way to another: a tile of rows at a time, never a whole column.
//!
//! A column of a million rows is written to memory and read again; a tile stays in the level-1 cache in between.

use std::ops::Range;

/// Rows at a time.
pub(super) const TILE: usize = 2048;

/// Has `write` write `rows` of a series, tile by tile in order, and `read` read each tile with the `before` rows in front of
/// it, which are `NaN` where the series has not begun.
pub(super) fn by_tile(
    rows: usize,
    before: usize,
    mut write: impl FnMut(Range<usize>, &mut [f64]),
    mut read: impl FnMut(Range<usize>, &[f64]),
) {
    let mut series = vec![f64::NAN; before + TILE];
    for start in (0..rows).step_by(TILE) {
        let tile = start..rows.min(start + TILE);
        let series = &mut series[..before + tile.len()];
        write(tile.clone(), &mut series[before..]);
        read(tile.clone(), series);
        series.copy_within(tile.len().., 0);
    }
}

/// `rows` of a column over windows: `NaN` before the first full one, the rest by `fill` from their values.
pub(super) fn rows_of_windows(
    values: &[f64],
    window: usize,
    rows: Range<usize>,
    out: &mut [f64],
    fill: impl FnOnce(&[f64], &mut [f64]),
) {
    assert!(window > 0, "a window holds at least one value");
    let before = (window - 1).saturating_sub(rows.start).min(out.len());
    out[..before].fill(f64::NAN);
    if before < out.len() {
        fill(&values[(rows.start + 1).saturating_sub(window)..rows.end], &mut out[before..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_comes_with_the_rows_before_it() {
        let rows = 2 * TILE + 7;
        let mut next = 0;
        by_tile(
            rows,
            3,
            |tile, out| out.iter_mut().zip(tile).for_each(|(out, row)| *out = row as f64),
            |tile, series| {
                assert_eq!(tile.start, next);
                let first = tile.start as f64 - 3.0;
                for (place, &x) in series.iter().enumerate() {
                    let row = first + place as f64;
                    assert!(x == row || (row < 0.0 && x.is_nan()), "{row}");
                }
                next = tile.end;
            },
        );
        assert_eq!(next, rows);
    }

    #[test]
    fn rows_before_the_first_full_window_have_no_value() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let mut out = [0.0; 2];
        rows_of_windows(&values, 3, 1..3, &mut out, |values, out| {
            assert_eq!((values, out.len()), (&[1.0, 2.0, 3.0][..], 1));
            out[0] = 6.0;
        });
        assert!(out[0].is_nan() && out[1] == 6.0);
    }
}
