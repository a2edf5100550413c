//! The trades of a run as they were booked: their digest and what metrics look at, without the list.
//!
//! A list of whole records is the largest thing a trial writes, and reading it again at the end means fetching it from far
//! away. What is wanted of a trade is taken while it is near.

use crate::metrics::TradeRows;
use crate::portfolio::trade_list_digest;
use crate::types::{Digest, Trade};

/// Trades that were booked, in booking order.
#[derive(Debug, Clone)]
pub struct BookedTrades {
    rows: TradeRows,
    digest: Digest,
}

impl Default for BookedTrades {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl BookedTrades {
    pub(super) fn new(rows: TradeRows, digest: Digest) -> Self {
        Self { rows, digest }
    }

    /// Those of a list.
    pub fn of(trades: &[Trade]) -> Self {
        Self { rows: TradeRows::of(trades), digest: trade_list_digest(trades) }
    }

    /// What metrics look at.
    pub fn rows(&self) -> &TradeRows {
        &self.rows
    }

    /// Its memory, for a later run.
    pub(super) fn into_rows(self) -> TradeRows {
        self.rows
    }

    /// [`trade_list_digest`] of the trades.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}
