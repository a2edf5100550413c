//! The trades of a run as they are booked: their digest and what metrics look at, without the list.
//!
//! A list of whole records is the largest thing a trial writes, and reading it again at the end means fetching it from far
//! away. What is wanted of a trade is taken while it is near.

use crate::metrics::TradeRows;
use crate::portfolio::TradeListDigest;
use crate::types::{Digest, Trade};

/// Trades that were booked, in booking order.
#[derive(Debug, Clone, Default)]
pub struct BookedTrades {
    rows: TradeRows,
    digest: TradeListDigest,
}

impl BookedTrades {
    /// None yet; `rows` is memory of an earlier run.
    pub(super) fn in_room_of(mut rows: TradeRows) -> Self {
        rows.clear();
        Self { rows, digest: TradeListDigest::default() }
    }

    /// Those of a list.
    pub fn of(trades: &[Trade]) -> Self {
        let mut booked = Self::default();
        for trade in trades {
            booked.add(trade);
        }
        booked
    }

    /// The next trade.
    #[inline]
    pub(super) fn add(&mut self, trade: &Trade) {
        self.rows.add(trade);
        self.digest.add(trade);
    }

    /// What metrics look at.
    pub fn rows(&self) -> &TradeRows {
        &self.rows
    }

    /// Its memory, for a later run.
    pub(super) fn into_rows(self) -> TradeRows {
        self.rows
    }

    /// [`crate::portfolio::trade_list_digest`] of the trades.
    pub fn digest(&self) -> Digest {
        self.digest.finish()
    }
}
