//! Comparisons of series as shared bitmaps over a symbol's primary rows.
//!
//! Bit `r % 64` of word `r / 64` is exactly the scalar comparison a strategy would make at row `r`: NaN compares false,
//! and bits beyond the last row are 0. In a grid there are few distinct comparisons and many combinations of them.

use std::fmt;

use crate::indicators::{FloatBits, IndicatorKind, SeriesKey};
use crate::types::{PriceSide, SymbolId};

/// A price of the primary bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceField {
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
}

/// One side of a comparison: a number per primary row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operand {
    /// A series.
    Series(SeriesKey),
    /// A series so many bars ago; NaN in the first bars.
    Back(SeriesKey, u32),
    /// `mean + factor * std`; a negative factor is a lower band ([`crate::indicators::bollinger::band`]).
    Band {
        /// Middle.
        mean: SeriesKey,
        /// Deviation.
        std: SeriesKey,
        /// Multiple of the deviation, with sign.
        factor: FloatBits,
    },
    /// A price of the primary bars.
    Price {
        /// Symbol.
        symbol: SymbolId,
        /// Bid or ask.
        side: PriceSide,
        /// Which price.
        field: PriceField,
    },
    /// The same number on every row.
    Constant(FloatBits),
}

/// How two operands are compared. A comparison with NaN is false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `left < right`.
    Less,
    /// `left <= right`.
    LessEqual,
    /// `left > right`.
    Greater,
    /// `left >= right`.
    GreaterEqual,
    /// `left[i] > right[i]` and `left[i-1] <= right[i-1]`; false on row 0.
    CrossAbove,
    /// `left[i] < right[i]` and `left[i-1] >= right[i-1]`; false on row 0.
    CrossBelow,
}

/// The full name of a comparison; equal keys share one bitmap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaskKey {
    /// Left operand.
    pub left: Operand,
    /// How they are compared.
    pub comparison: Comparison,
    /// Right operand.
    pub right: Operand,
}

impl PriceField {
    /// The price as a kind of series.
    pub(super) fn kind(self) -> IndicatorKind {
        match self {
            Self::Open => IndicatorKind::Open,
            Self::High => IndicatorKind::High,
            Self::Low => IndicatorKind::Low,
            Self::Close => IndicatorKind::Close,
        }
    }
}

impl Operand {
    /// The series it reads; prices of the primary bars are none.
    pub fn series(&self) -> impl Iterator<Item = SeriesKey> + use<> {
        let (first, second) = match *self {
            Self::Series(key) | Self::Back(key, _) => (Some(key), None),
            Self::Band { mean, std, .. } => (Some(mean), Some(std)),
            Self::Price { .. } | Self::Constant(_) => (None, None),
        };
        first.into_iter().chain(second)
    }

    fn symbols(&self) -> impl Iterator<Item = SymbolId> + use<> {
        let price = match *self {
            Self::Price { symbol, .. } => Some(symbol),
            _ => None,
        };
        self.series().map(|key| key.symbol).chain(price)
    }
}

impl MaskKey {
    /// The series it reads.
    pub fn series(&self) -> impl Iterator<Item = SeriesKey> + use<> {
        self.left.series().chain(self.right.series())
    }

    /// The symbol whose rows the bits stand for; `None` when it reads several symbols or none.
    pub fn symbol(&self) -> Option<SymbolId> {
        let mut symbols = self.left.symbols().chain(self.right.symbols());
        let first = symbols.next()?;
        symbols.all(|symbol| symbol == first).then_some(first)
    }
}

impl fmt::Display for PriceField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
        })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Series(key) => write!(f, "{key}"),
            Self::Back(key, bars) => write!(f, "{key} {bars} bars ago"),
            Self::Band { mean, std, factor } => write!(f, "{mean} + {factor} * {std}"),
            Self::Price { symbol, side: PriceSide::Bid, field } => {
                write!(f, "bid {field} of symbol {}", symbol.0)
            }
            Self::Price { symbol, side: PriceSide::Ask, field } => {
                write!(f, "ask {field} of symbol {}", symbol.0)
            }
            Self::Constant(number) => write!(f, "{number}"),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::CrossAbove => "crosses above",
            Self::CrossBelow => "crosses below",
        })
    }
}

impl fmt::Display for MaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.comparison, self.right)
    }
}
