//! The spread as a cost item (`execution.md` 9b): it is inside every fill already and only shown apart.

/// Half of the distance between ask and bid: what one fill at the market pays against the mid.
///
/// Without an ask the spread is unknown and counts as 0.
#[inline]
pub fn half_spread(bid: f64, ask: Option<f64>) -> f64 {
    ask.map_or(0.0, |ask| (ask - bid) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fill_pays_half_the_spread() {
        assert_eq!(half_spread(1.5, Some(1.75)), 0.125);
        assert_eq!(half_spread(1.5, None), 0.0);
    }
}
