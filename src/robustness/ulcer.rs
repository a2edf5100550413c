//! The ulcer index as a rating (`metrics.md` 3.2).

/// 1 without a fall of weekly closes, 0 from an index of 10 percent on.
pub fn ulcer_score(ulcer_index: f64) -> f64 {
    (1.0 - ulcer_index / 10.0).clamp(0.0, 1.0)
}
