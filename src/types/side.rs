//! Long or short, bid or ask, market or pending.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Direction of a position or of the order that opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// Bought; profits when prices rise.
    Long,
    /// Sold; profits when prices fall.
    Short,
}

impl Direction {
    /// `+1.0` for long, `-1.0` for short.
    #[inline]
    pub fn sign(self) -> f64 {
        self.signed(1.0)
    }

    /// A number for long, the same with the other sign for short. Without a branch: which direction is next nobody foresees.
    #[inline]
    pub fn signed(self, number: f64) -> f64 {
        const SIGNS: [u64; 2] = [0, 1 << 63];
        f64::from_bits(number.to_bits() ^ SIGNS[self as usize])
    }

    /// The number for the direction.
    #[inline]
    pub fn pick(self, long: f64, short: f64) -> f64 {
        match self {
            Self::Long => long,
            Self::Short => short,
        }
    }

    /// The side on which a position is opened.
    #[inline]
    pub fn entry_side(self) -> PriceSide {
        match self {
            Self::Long => PriceSide::Ask,
            Self::Short => PriceSide::Bid,
        }
    }

    /// The side on which a position is closed.
    #[inline]
    pub fn exit_side(self) -> PriceSide {
        self.opposite().entry_side()
    }

    /// The other direction.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }

    /// `"long"` or `"short"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which side of the quote a price or series belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceSide {
    /// What a seller gets.
    Bid,
    /// What a buyer pays.
    Ask,
}

/// How an order asks to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderType {
    /// At once (or at the next open, by `market_fill`).
    Market,
    /// At its price or better.
    Limit,
    /// When the market has moved to its price.
    Stop,
}

impl OrderType {
    /// `"market"`, `"limit"` or `"stop"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
        }
    }
}
