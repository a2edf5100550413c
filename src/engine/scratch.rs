//! Memory kept from run to run: the lists that grow with every trade.
//!
//! Whoever has measured a run and does not need it any more hands it back; a later run fills its lists instead of asking
//! for new ones. They are empty when they are handed out, so nothing of one run is seen by another.

use std::sync::{Mutex, PoisonError};

use super::run::TrialRun;
use crate::types::{EquityCurve, Trade};

/// Empty lists with room.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) trades: Vec<Trade>,
    pub(super) curve: EquityCurve,
}

/// Runs whose lists are kept: as many as two threads run side by side.
const MOST_KEPT: usize = 128;

/// Shared by all threads and all sweeps of the process; taken once per run, so nobody waits for it.
static SPARE: Mutex<Vec<Spare>> = Mutex::new(Vec::new());

/// Takes what a finished run left, or nothing.
pub(super) fn take() -> Spare {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
}

/// Leaves the lists of a run that nobody needs any more to a later run.
pub fn recycle(run: TrialRun) {
    let TrialRun { mut trades, mut curve, .. } = run;
    trades.clear();
    curve.clear();
    let mut kept = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() < MOST_KEPT {
        kept.push(Spare { trades, curve });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recycled_list_keeps_its_room_and_nothing_else() {
        let mut curve = EquityCurve::default();
        curve.record(3, 1.0, 2.0);
        recycle(TrialRun { trades: Vec::with_capacity(100), curve, ..TrialRun::default() });
        // Other runs of the process take and leave lists too: whatever is handed out is empty.
        let spare = take();
        assert!(spare.trades.is_empty());
        assert_eq!(spare.curve, EquityCurve::default());
    }
}
