//! Which series a batch of trials needs.

use std::collections::BTreeSet;

use crate::indicators::SeriesKey;

/// The distinct series of a batch of trials, collected before they run.
#[derive(Debug, Clone, Default)]
pub struct CachePlan {
    series: BTreeSet<SeriesKey>,
    requests: u64,
}

impl CachePlan {
    /// Asks for a series; asking again costs nothing.
    pub fn series(&mut self, key: SeriesKey) {
        self.requests += 1;
        self.series.insert(key);
    }

    /// Distinct keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &SeriesKey> {
        self.series.iter()
    }

    /// How often a series was asked for, duplicates included.
    pub fn requests(&self) -> u64 {
        self.requests
    }
}
