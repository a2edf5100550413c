//! Whether an order may become a position: the distance of its stop (`execution.md` 3.1, 13.1).

use crate::types::Direction;

/// Least distance between fill and stop for every symbol, price units.
const LEAST_DISTANCE: f64 = 0.000_01;

/// Why an order did not become a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The stop lies too close to the fill, or on its wrong side.
    StopDistance,
    /// The size is below the least lots.
    BelowMinimumLot,
    /// The account is ruined.
    Ruined,
    /// The margin does not suffice.
    Margin,
    /// A market order of the symbol is waiting already.
    AlreadyWaiting,
    /// The symbol has no bar at this instant.
    NoBar,
    /// The news gate of the symbol is closed.
    News,
}

/// How far the stop must lie from the fill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DistanceRule {
    /// `min_sl_distance_pips`: a signed check of all orders; without it only the absolute limit.
    pub min_pips: Option<f64>,
    /// Whether triggered orders are checked without `min_pips` (`gap_fills` or `pending_slippage` is on).
    pub check_triggers: bool,
}

impl DistanceRule {
    /// Whether a market fill keeps its distance; without a stop there is none to keep.
    #[inline]
    pub fn admits_market(&self, direction: Direction, fill: f64, stop: Option<f64>, pip_size: f64) -> bool {
        let Some(stop) = stop else { return true };
        let too_close = match self.min_pips {
            Some(pips) => direction.sign() * (fill - stop) < LEAST_DISTANCE.max(pips * pip_size),
            None => (fill - stop).abs() < LEAST_DISTANCE,
        };
        !too_close
    }

    /// Whether a triggered order keeps its distance.
    #[inline]
    pub fn admits_trigger(&self, direction: Direction, fill: f64, stop: Option<f64>, pip_size: f64) -> bool {
        let checked = self.min_pips.is_some() || self.check_triggers;
        !checked || self.admits_market(direction, fill, stop, pip_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_check_is_absolute_and_the_pip_check_is_signed() {
        let plain = DistanceRule { min_pips: None, check_triggers: false };
        assert!(plain.admits_market(Direction::Long, 1.0, Some(1.1), 0.0001));
        assert!(!plain.admits_market(Direction::Long, 1.0, Some(1.000_005), 0.0001));
        assert!(plain.admits_trigger(Direction::Long, 1.0, Some(1.0), 0.0001));
        let pips = DistanceRule { min_pips: Some(2.0), check_triggers: false };
        assert!(
            !pips.admits_market(Direction::Long, 1.0, Some(1.1), 0.0001),
            "the stop is on the wrong side"
        );
        assert!(!pips.admits_trigger(Direction::Short, 1.0, Some(1.0001), 0.0001));
        assert!(pips.admits_trigger(Direction::Short, 1.0, Some(1.0003), 0.0001));
    }

    #[test]
    fn without_a_stop_nothing_is_checked() {
        let rule = DistanceRule { min_pips: Some(5.0), check_triggers: true };
        assert!(rule.admits_market(Direction::Long, 1.0, None, 0.0001));
    }
}
