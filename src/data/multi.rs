//! Market data of a study: shared, read-only, on one timeline.

use std::sync::Arc;

use super::bars::BarSeries;
use super::symbol::SymbolSpec;
use crate::types::{Digest, SymbolId, Timeframe, Timestamp};

/// "No row" in a row map.
pub const NO_ROW: u32 = u32::MAX;

/// Where the bars of one symbol lie on the shared timeline.
#[derive(Debug, Clone)]
pub enum RowMap {
    /// Row `i` is step `i`: the only symbol, or one present at every instant.
    Identity,
    /// Row at each step, [`NO_ROW`] where the symbol has no bar.
    Sparse {
        /// Row that opens at this step.
        row: Box<[u32]>,
        /// Newest row at or before this step.
        last: Box<[u32]>,
    },
}

/// A higher timeframe of one symbol and what a primary bar may know of it.
#[derive(Debug, Clone)]
pub struct HigherSeries {
    /// Bars of the higher timeframe; bid and ask aligned.
    pub bars: Arc<BarSeries>,
    /// Per primary row: the newest higher row that is complete and not stale, else [`NO_ROW`] (`data.md` 8).
    pub map: Arc<[u32]>,
    /// Whether the bars were read from a file (`false`: resampled from a finer timeframe).
    pub from_file: bool,
}

impl HigherSeries {
    /// Timeframe of the bars.
    pub fn timeframe(&self) -> Timeframe {
        self.bars.timeframe()
    }
}

/// Everything of one symbol.
#[derive(Debug, Clone)]
pub struct SymbolSeries {
    /// Pip, tick, lots, currencies.
    pub spec: SymbolSpec,
    /// Bars of the primary timeframe.
    pub bars: Arc<BarSeries>,
    /// Where they lie on the timeline.
    pub rows: RowMap,
    /// Higher timeframes, shortest first.
    pub higher: Vec<HigherSeries>,
}

impl SymbolSeries {
    /// Row of the bar that opens at `step`, if there is one.
    #[inline]
    pub fn row(&self, step: usize) -> Option<usize> {
        match &self.rows {
            RowMap::Identity => Some(step),
            RowMap::Sparse { row, .. } => (row[step] != NO_ROW).then_some(row[step] as usize),
        }
    }

    /// Newest row at or before `step`, if the symbol has begun.
    #[inline]
    pub fn last_row(&self, step: usize) -> Option<usize> {
        match &self.rows {
            RowMap::Identity => Some(step),
            RowMap::Sparse { last, .. } => (last[step] != NO_ROW).then_some(last[step] as usize),
        }
    }

    /// The higher timeframe, if loaded.
    pub fn higher(&self, timeframe: Timeframe) -> Option<&HigherSeries> {
        self.higher.iter().find(|series| series.timeframe() == timeframe)
    }
}

/// The market of a study. Loaded once, validated once, put behind an `Arc`, never written again.
#[derive(Debug, Clone)]
pub struct MultiSymbolData {
    timeframe: Timeframe,
    timeline: Arc<Vec<i64>>,
    symbols: Vec<SymbolSeries>,
    fingerprint: Digest,
}

impl MultiSymbolData {
    /// Puts loaded symbols on their timeline. `timeline` holds the open times of all steps, strictly increasing.
    pub fn new(
        timeframe: Timeframe,
        timeline: Vec<i64>,
        symbols: Vec<SymbolSeries>,
        fingerprint: Digest,
    ) -> Self {
        // One symbol present at every step: its own times are the timeline.
        let timeline = symbols
            .iter()
            .find(|series| series.bars.times() == timeline)
            .map_or_else(|| Arc::new(timeline), |series| Arc::clone(series.bars.shared_times()));
        Self { timeframe, timeline, symbols, fingerprint }
    }

    /// The primary timeframe.
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.timeline.len()
    }

    /// Open times of all steps, microseconds UTC.
    pub fn timeline(&self) -> &[i64] {
        &self.timeline
    }

    /// Open time of a step.
    ///
    /// # Panics
    /// When `step` is out of range.
    #[inline]
    pub fn time(&self, step: usize) -> Timestamp {
        Timestamp(self.timeline[step])
    }

    /// First step at or after an instant; [`MultiSymbolData::steps`] when there is none.
    pub fn step_at(&self, instant: Timestamp) -> usize {
        self.timeline.partition_point(|&time| time < instant.0)
    }

    /// All symbols, in configured order.
    pub fn symbols(&self) -> &[SymbolSeries] {
        &self.symbols
    }

    /// One symbol.
    ///
    /// # Panics
    /// When the id is not of this data.
    #[inline]
    pub fn symbol(&self, id: SymbolId) -> &SymbolSeries {
        &self.symbols[id.index()]
    }

    /// Ids of all symbols, in configured order.
    pub fn ids(&self) -> impl Iterator<Item = SymbolId> + use<> {
        let count = u16::try_from(self.symbols.len()).expect("at most 65,535 symbols");
        (0..count).map(SymbolId)
    }

    /// Bytes of all columns and maps; columns that two series share are counted once per series.
    pub fn bytes(&self) -> u64 {
        let series = |symbol: &SymbolSeries| {
            let rows = match &symbol.rows {
                RowMap::Identity => 0,
                RowMap::Sparse { row, last } => 4 * (row.len() + last.len()) as u64,
            };
            let higher = symbol.higher.iter().map(|h| h.bars.bytes() + 4 * h.map.len() as u64).sum::<u64>();
            symbol.bars.bytes() + rows + higher
        };
        8 * self.timeline.len() as u64 + self.symbols.iter().map(series).sum::<u64>()
    }

    /// Digest over the canonical columns of everything loaded.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }
}
