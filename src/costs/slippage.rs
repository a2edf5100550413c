//! Slippage in pips: a fixed part and a random part (`execution.md` 6).

use crate::types::Direction;
use crate::types::words::words;

words! {
    /// Which way an exit slips (`execution.md` Q-21).
    ExitSlippage {
        /// In the position's direction: a gift, as in the Omega reference.
        Reference = "reference",
        /// Against the position; targets do not slip and draw nothing.
        Adverse = "adverse",
    }
}

/// Slippage per application, pips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlippageSettings {
    /// Always applied.
    pub fixed_pips: f64,
    /// Times a draw in `[0, 1)`.
    pub random_pips: f64,
}

impl SlippageSettings {
    /// Both parts times a factor.
    pub fn scaled(self, factor: f64) -> Self {
        Self { fixed_pips: self.fixed_pips * factor, random_pips: self.random_pips * factor }
    }

    /// Whether an application takes a draw.
    #[inline]
    pub fn draws(self) -> bool {
        self.random_pips > 0.0
    }

    /// Pips of one application with draw `u`.
    #[inline]
    pub fn pips(self, u: f64) -> f64 {
        self.fixed_pips + self.random_pips * u
    }
}

/// A price moved by `pips` with the direction: up for long, down for short.
#[inline]
pub fn slip(price: f64, direction: Direction, pips: f64, pip_size: f64) -> f64 {
    price + direction.signed(pips * pip_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_pays_more_and_a_short_gets_less() {
        let settings = SlippageSettings { fixed_pips: 0.5, random_pips: 1.0 };
        assert_eq!(settings.pips(0.25), 0.75);
        assert_eq!(slip(2.0, Direction::Long, 0.75, 0.5), 2.375);
        assert_eq!(slip(2.0, Direction::Short, 0.75, 0.5), 1.625);
    }

    #[test]
    fn without_a_random_part_nothing_is_drawn() {
        assert!(!SlippageSettings { fixed_pips: 0.5, random_pips: 0.0 }.draws());
        assert!(!SlippageSettings { fixed_pips: 0.5, random_pips: 1.0 }.scaled(0.0).draws());
    }
}
