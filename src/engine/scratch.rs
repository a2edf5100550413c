//! Memory that a thread keeps from run to run: the lists that grow with every trade.
//!
//! Whoever has measured a run and does not need it any more hands it back; the next run on the same thread fills its
//! lists instead of asking for new ones. They are empty when they are handed out, so nothing of one run is seen by another.

use std::cell::RefCell;

use super::run::TrialRun;
use crate::types::{EquityCurve, Trade};

/// Empty lists with room.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) trades: Vec<Trade>,
    pub(super) curve: EquityCurve,
}

/// Runs whose lists a thread keeps: as many as run side by side.
const MOST_KEPT: usize = 16;

thread_local! {
    static SPARE: RefCell<Vec<Spare>> = RefCell::default();
}

/// Takes what a finished run of this thread left, or nothing.
pub(super) fn take() -> Spare {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Leaves the lists of a run that nobody needs any more to the next run on this thread.
pub fn recycle(run: TrialRun) {
    let TrialRun { mut trades, mut curve, .. } = run;
    trades.clear();
    curve.clear();
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < MOST_KEPT {
            spare.push(Spare { trades, curve });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recycled_list_keeps_its_room_and_nothing_else() {
        let mut curve = EquityCurve::default();
        curve.record(3, 1.0, 2.0);
        recycle(TrialRun { trades: Vec::with_capacity(100), curve, ..TrialRun::default() });
        let spare = take();
        assert!(spare.trades.is_empty() && spare.trades.capacity() >= 100);
        assert_eq!(spare.curve, EquityCurve::default());
        assert_eq!(take().trades.capacity(), 0);
    }
}
