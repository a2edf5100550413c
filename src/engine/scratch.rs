//! Memory kept from run to run: the lists that grow with every trade.
//!
//! Whoever has measured a run and does not need it any more hands it back; a later run fills its lists instead of asking
//! for new ones. They are empty when they are handed out, so nothing of one run is seen by another.

use std::sync::{Mutex, PoisonError};

use super::run::TrialRun;
use crate::metrics::{EquityWatch, TradeRows};
use crate::portfolio::TradeListDigest;
use crate::types::{EquityCurve, Trade};

/// Empty lists with room.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) trades: Vec<Trade>,
    pub(super) rows: TradeRows,
    pub(super) curve: EquityCurve,
    pub(super) watch: EquityWatch,
}

impl Spare {
    fn bytes(&self) -> usize {
        let equity = self.curve.bytes() + self.watch.bytes();
        self.trades.capacity() * size_of::<Trade>() + self.rows.bytes() + equity
    }
}

/// Lists of finished runs.
#[derive(Debug)]
struct Kept {
    lists: Vec<Spare>,
    bytes: usize,
    #[expect(
        clippy::vec_box,
        reason = "handed over as they are: two kilobytes that an engine does not carry around"
    )]
    digests: Vec<Box<TradeListDigest>>,
}

/// Memory that is kept at most: lists beyond it are given back.
const MOST_BYTES: usize = 128 << 20;

impl Kept {
    fn take(&mut self) -> Spare {
        let spare = self.lists.pop().unwrap_or_default();
        self.bytes -= spare.bytes();
        spare
    }

    fn leave(&mut self, run: TrialRun) {
        let TrialRun { mut trades, booked, mut curve, watch, .. } = run;
        let mut rows = booked.into_rows();
        trades.clear();
        rows.clear();
        curve.clear();
        let spare = Spare { trades, rows, curve, watch: watch.unwrap_or_default() };
        if self.bytes + spare.bytes() <= MOST_BYTES {
            self.bytes += spare.bytes();
            self.lists.push(spare);
        }
    }
}

/// Shared by all threads and all sweeps of the process; taken once per run, so nobody waits for it.
static KEPT: Mutex<Kept> = Mutex::new(Kept { lists: Vec::new(), bytes: 0, digests: Vec::new() });

/// Takes what a finished run left, or nothing.
pub(super) fn take() -> Spare {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// What a digest of trades is made in.
pub(super) fn take_digest() -> Box<TradeListDigest> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).digests.pop().unwrap_or_default()
}

/// Leaves it to a later run, as far as some groups of them want one.
pub(super) fn leave_digest(digest: Box<TradeListDigest>) {
    const MOST: usize = 1024;
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.digests.len() < MOST {
        kept.digests.push(digest);
    }
}

/// Leaves the lists of a run that nobody needs any more to a later run.
pub fn recycle(run: TrialRun) {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).leave(run);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recycled_list_keeps_its_room_and_nothing_else() {
        let mut curve = EquityCurve::default();
        curve.record(3, 1.0, 2.0);
        let mut kept = Kept { lists: Vec::new(), bytes: 0, digests: Vec::new() };
        kept.leave(TrialRun { trades: Vec::with_capacity(100), curve, ..TrialRun::default() });
        let spare = kept.take();
        assert!(spare.trades.is_empty() && spare.trades.capacity() >= 100);
        assert_eq!(spare.curve, EquityCurve::default());
        assert_eq!((kept.take().trades.capacity(), kept.bytes), (0, 0));
    }

    #[test]
    fn lists_beyond_the_limit_are_given_back() {
        let mut kept =
            Kept { lists: Vec::new(), bytes: MOST_BYTES - size_of::<Trade>(), digests: Vec::new() };
        let with_room = |trades| TrialRun { trades: Vec::with_capacity(trades), ..TrialRun::default() };
        kept.leave(with_room(2));
        assert!(kept.lists.is_empty());
        kept.leave(with_room(1));
        assert_eq!((kept.lists.len(), kept.bytes), (1, MOST_BYTES));
    }
}
