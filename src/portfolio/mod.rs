//! The account of one run: positions, cash, fees, equity. Knows no prices but those handed in.

pub mod position;

pub use position::{Position, PositionStatus};
