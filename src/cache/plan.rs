//! Which series and comparisons a batch of trials needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compare::CHUNK;
use super::expression::{Definitions, Expression};
use super::masks::MaskKey;
use super::needs::Needs;
use crate::data::MultiSymbolData;
use crate::indicators::SeriesKey;

/// The distinct series and comparisons of a batch of trials, collected before they run.
#[derive(Debug, Clone, Default)]
pub struct CachePlan {
    /// Series asked for by themselves.
    series: BTreeSet<SeriesKey>,
    /// Series that comparisons or expressions read.
    read: BTreeSet<SeriesKey>,
    masks: BTreeSet<MaskKey>,
    definitions: Definitions,
    requests: u64,
}

/// What a plan reads, to put plans in an order in which neighbours share more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadingList {
    series: Vec<SeriesKey>,
    masks: Vec<MaskKey>,
}

impl CachePlan {
    /// What it reads, in order.
    pub fn reading_list(&self) -> ReadingList {
        ReadingList { series: self.keys().copied().collect(), masks: self.mask_keys().copied().collect() }
    }

    /// Asks for a series; asking again costs nothing.
    pub fn series(&mut self, key: SeriesKey) {
        self.requests += 1;
        self.series.insert(key);
    }

    /// Says how a series is calculated, for comparisons, other expressions, or [`CachePlan::series`] to ask for. `key.kind`
    /// must be [`crate::indicators::IndicatorKind::Expression`] with the digest of the definition.
    pub fn define(&mut self, key: SeriesKey, definition: Arc<dyn Expression>) {
        self.requests += 1;
        if !self.definitions.contains_key(&key) {
            self.read.insert(key);
            self.read.extend(definition.inputs());
            self.definitions.insert(key, definition);
        }
    }

    /// Definitions of the expressions among the series.
    pub(super) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Asks for a comparison as a bitmap, and for the series it compares. What nobody asks for by itself may be looked at on
    /// its way and not kept.
    pub fn mask(&mut self, key: MaskKey) {
        self.requests += 1;
        if self.masks.insert(key) {
            self.read.extend(key.series());
        }
    }

    /// Asks for every series by itself, for whoever wants to look at all of them.
    pub fn keep_all(&mut self) {
        self.series.append(&mut self.read);
    }

    /// Series asked for by themselves.
    pub(super) fn asked(&self) -> impl Iterator<Item = &SeriesKey> {
        self.series.iter()
    }

    /// Asks for everything another plan asks for.
    pub fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.series.extend(other.series);
        self.read.extend(other.read);
        self.masks.extend(other.masks);
        self.definitions.extend(other.definitions);
    }

    /// Distinct keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &SeriesKey> {
        self.series.union(&self.read)
    }

    /// Distinct comparisons, in order.
    pub fn mask_keys(&self) -> impl Iterator<Item = &MaskKey> {
        self.masks.iter()
    }

    /// Whether a series is asked for.
    pub fn contains(&self, key: &SeriesKey) -> bool {
        self.series.contains(key) || self.read.contains(key)
    }

    /// Whether a comparison is asked for.
    pub fn contains_mask(&self, key: &MaskKey) -> bool {
        self.masks.contains(key)
    }

    /// About what memory its series and comparisons take: what passes by takes a tile instead of a column, a comparison a bit
    /// per bar. Every symbol counts as many bars as the longest, every timeframe as many as the primary one.
    ///
    /// # Panics
    /// When a series is of a symbol that the data does not have.
    pub fn bytes(&self, data: &MultiSymbolData) -> u64 {
        let rows = data.symbols().iter().map(|symbol| symbol.bars.len()).max().unwrap_or(0) as u64;
        let masks: Vec<MaskKey> = self.mask_keys().copied().collect();
        let Needs { columns, passing } = Needs::of(self, &masks, data, None, None);
        let [columns, passing, masks] = [columns.len(), passing.len(), masks.len()].map(|count| count as u64);
        8 * rows * columns + 8 * CHUNK as u64 * passing + rows.div_ceil(8) * masks
    }

    /// How often a series or comparison was asked for, duplicates included.
    pub fn requests(&self) -> u64 {
        self.requests
    }
}
