//! The candidates worth a closer look (`walk_forward_and_robustness.md` section 6).

/// Share of the ranked trials that a shortlist is picked from, and the fewest of them.
pub const BEST_SHARE: f64 = 0.05;
/// The fewest trials a shortlist is picked from.
pub const FEWEST: usize = 50;
/// Daily returns that correlate as much or more are the same idea, unless the levels lie further apart than
/// [`FAR_LEVELS`].
pub const ALIKE_CORRELATION: f64 = 0.95;
/// Level distance beyond which two sets differ whatever their returns say.
pub const FAR_LEVELS: usize = 2;

/// How many of `feasible` ranked trials a shortlist is picked from: the best 5 %, at least 50, at most all.
pub fn pool(feasible: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
    let best = (feasible as f64 * BEST_SHARE).ceil() as usize;
    best.max(FEWEST).min(feasible)
}

/// Whether two candidates are one idea: `correlation` of their daily returns (`None` where undefined) and distance of their
/// levels in the maximum norm.
pub fn alike(correlation: Option<f64>, level_distance: usize) -> bool {
    correlation.is_some_and(|correlation| correlation >= ALIKE_CORRELATION) && level_distance <= FAR_LEVELS
}

/// Walks down `count` candidates, best first, and keeps one unless it is alike one kept before; stops at `size`.
pub fn shortlist(count: usize, size: usize, alike: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::with_capacity(size);
    for candidate in 0..count {
        if kept.len() == size {
            break;
        }
        if !kept.iter().any(|&before| alike(before, candidate)) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_like_a_better_one_is_left_out() {
        let group = [0, 0, 1, 0, 2, 1, 3];
        assert_eq!(shortlist(group.len(), 3, |a, b| group[a] == group[b]), [0, 2, 4]);
        assert_eq!(shortlist(2, 5, |_, _| false), [0, 1]);
    }

    #[test]
    fn sets_far_apart_differ_even_when_their_returns_agree() {
        assert!(alike(Some(0.95), 2));
        assert!(!alike(Some(0.99), 3));
        assert!(!alike(Some(0.94), 0));
        assert!(!alike(None, 0));
    }

    #[test]
    fn a_shortlist_is_picked_from_the_best_twentieth_or_fifty() {
        assert_eq!([pool(10), pool(200), pool(10_001)], [10, 50, 501]);
    }
}
