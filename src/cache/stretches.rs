//! How the rows that comparisons are made of are shared out among threads.

use super::compare::CHUNK;

/// Ends of stretches over so many rows, whole chunks but for the last, one for each thread: all take equally long.
///
/// A later stretch is shorter, because an average has to be followed to the row it begins at, for the share `lag` of the
/// time that a stretch as long takes: a stretch of `n` rows behind `m` others takes as long as one of `n + lag * m`.
pub(super) fn ends(rows: usize, threads: usize, lag: f64) -> Vec<usize> {
    let chunks = rows.div_ceil(CHUNK);
    let weights: Vec<f64> =
        std::iter::successors(Some(1.0), |weight| Some(weight * (1.0 - lag))).take(threads.max(1)).collect();
    let all: f64 = weights.iter().sum();
    let mut passed = 0.0;
    let mut ends: Vec<usize> = Vec::with_capacity(threads);
    for weight in weights {
        passed += weight;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most all chunks")]
        let chunk = (chunks as f64 * passed / all).round() as usize;
        let end = rows.min(chunk * CHUNK);
        if ends.last().copied().unwrap_or(0) < end {
            ends.push(end);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stretches_are_whole_chunks_up_to_the_last_row(
            rows in 0..60 * CHUNK,
            threads in 1..9_usize,
            lag in 0.0..0.7_f64,
        ) {
            let ends = ends(rows, threads, lag);
            prop_assert_eq!(ends.last().copied().unwrap_or(0), rows);
            prop_assert!(ends.is_sorted_by(|a, b| a < b) && ends.len() <= threads);
            prop_assert!(ends.iter().rev().skip(1).all(|end| end.is_multiple_of(CHUNK)));
        }
    }

    #[test]
    fn a_later_stretch_makes_up_for_what_it_follows_before() {
        assert_eq!(ends(100 * CHUNK, 2, 0.0), [50 * CHUNK, 100 * CHUNK]);
        // 56 chunks alone, or 44 behind a quarter of 56.
        assert_eq!(ends(100 * CHUNK, 2, 0.25), [57 * CHUNK, 100 * CHUNK]);
    }
}
