//! The account of one run: positions, cash, fees, equity. Knows no prices but those handed in.

pub mod equity;
pub mod ledger;
pub mod position;
pub mod summary;
pub mod trade_digest;
mod trade_fingerprint;

pub use equity::{EquityExtremes, TradeCurvePoint, equity_per_trade};
pub use ledger::{FeeEntry, FeeKind, Ledger};
pub use position::{Position, PositionStatus};
pub use summary::Summary;
pub use trade_digest::{TradeListDigest, trade_list_digest};
