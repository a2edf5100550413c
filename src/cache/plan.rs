//! Which series and comparisons a batch of trials needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::expression::{Definitions, Expression};
use super::masks::MaskKey;
use crate::indicators::SeriesKey;

/// The distinct series and comparisons of a batch of trials, collected before they run.
#[derive(Debug, Clone, Default)]
pub struct CachePlan {
    series: BTreeSet<SeriesKey>,
    masks: BTreeSet<MaskKey>,
    definitions: Definitions,
    requests: u64,
}

impl CachePlan {
    /// Asks for a series; asking again costs nothing.
    pub fn series(&mut self, key: SeriesKey) {
        self.requests += 1;
        self.series.insert(key);
    }

    /// Asks for a series defined by an expression, and for the series it reads. `key.kind` must be
    /// [`crate::indicators::IndicatorKind::Expression`] with the digest of the definition.
    pub fn expression(&mut self, key: SeriesKey, definition: Arc<dyn Expression>) {
        self.requests += 1;
        if self.series.insert(key) || !self.definitions.contains_key(&key) {
            self.series.extend(definition.inputs());
            self.definitions.insert(key, definition);
        }
    }

    /// Definitions of the expressions among the series.
    pub(super) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Asks for a comparison as a bitmap, and for the series it compares.
    pub fn mask(&mut self, key: MaskKey) {
        self.requests += 1;
        if self.masks.insert(key) {
            self.series.extend(key.series());
        }
    }

    /// Asks for everything another plan asks for.
    pub fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.series.extend(other.series);
        self.masks.extend(other.masks);
        self.definitions.extend(other.definitions);
    }

    /// Distinct keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &SeriesKey> {
        self.series.iter()
    }

    /// Distinct comparisons, in order.
    pub fn mask_keys(&self) -> impl Iterator<Item = &MaskKey> {
        self.masks.iter()
    }

    /// Whether a series is asked for.
    pub fn contains(&self, key: &SeriesKey) -> bool {
        self.series.contains(key)
    }

    /// Whether a comparison is asked for.
    pub fn contains_mask(&self, key: &MaskKey) -> bool {
        self.masks.contains(key)
    }

    /// How often a series or comparison was asked for, duplicates included.
    pub fn requests(&self) -> u64 {
        self.requests
    }
}
