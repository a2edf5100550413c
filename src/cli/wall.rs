//! The time of day, for the manifest and the event log only.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::types::Timestamp;

/// Now, UTC; `None` when the clock stands before 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the manifest is one of the two places that may read the clock"
)]
pub(crate) fn now() -> Option<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_micros()).ok().map(Timestamp)
}
