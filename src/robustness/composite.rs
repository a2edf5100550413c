//! One number out of many ratings (`walk_forward_and_robustness.md` section 6).

use crate::metrics::average_ranks;
use crate::types::math::{exp, ln};

/// The least a rating counts as, so that one zero does not erase all differences.
pub const RATING_FLOOR: f64 = 0.001;

/// A rating with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighted<'a> {
    /// Name of the rating.
    pub name: &'a str,
    /// 0 to 1.
    pub score: f64,
    /// Above 0.
    pub weight: f64,
}

/// The weighted geometric mean and what pulls it down most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Composite<'a> {
    /// `exp(sum w ln max(s, floor) / sum w)`.
    pub score: f64,
    /// The rating with the lowest score, the first of equals.
    pub weakest: &'a str,
}

/// Geometric, so that one broken property cannot be bought back by the others. Undefined without ratings or weight.
pub fn composite<'a>(ratings: &[Weighted<'a>]) -> Option<Composite<'a>> {
    let weight = ratings.iter().fold(0.0, |sum, rating| sum + rating.weight);
    let logs =
        ratings.iter().fold(0.0, |sum, rating| sum + rating.weight * ln(rating.score.max(RATING_FLOOR)));
    let weakest = ratings.iter().min_by(|a, b| a.score.total_cmp(&b.score))?;
    (weight > 0.0).then(|| Composite { score: exp(logs / weight), weakest: weakest.name })
}

/// `(average rank - 0.5) / n` of each value, the largest near 1.
pub fn rank_percentiles(values: &[f64]) -> Vec<f64> {
    average_ranks(values).into_iter().map(|rank| (rank - 0.5) / values.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_composite() {
        assert_eq!(composite(&[]), None);
        assert_eq!(composite(&[Weighted { name: "plateau_score", score: 0.5, weight: 0.0 }]), None);
    }

    #[test]
    fn the_first_of_equals_is_the_weakest() {
        let rating = |name| Weighted { name, score: 0.25, weight: 1.0 };
        assert_eq!(composite(&[rating("a"), rating("b")]).map(|c| c.weakest), Some("a"));
    }
}
