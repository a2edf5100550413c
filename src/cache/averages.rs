//! Averages that only comparisons read: computed on their way through the rows, never kept as columns.
//!
//! A grid of crosses reads its averages once, where the two words of a comparison are made; columns of them would cost more
//! time in memory than in arithmetic.

use std::collections::BTreeSet;

use crate::data::MultiSymbolData;
use crate::indicators::{IndicatorKind, RunningAverages, SeriesKey};
use crate::types::PriceSide;

/// Whether the closes an average is taken of are all there, which computing it on the way asks for.
pub(super) fn without_holes(key: &SeriesKey, data: &MultiSymbolData) -> bool {
    closes(key, data).iter().all(|close| close.is_finite())
}

fn closes<'a>(key: &SeriesKey, data: &'a MultiSymbolData) -> &'a [f64] {
    &data.symbol(key.symbol).bars.side(key.side).close
}

/// Averages of one symbol, in the order of their keys.
pub(super) struct Averages<'a> {
    keys: Vec<SeriesKey>,
    sides: Vec<(&'a [f64], Vec<u32>)>,
}

impl<'a> Averages<'a> {
    /// Of these keys, all of one symbol, over primary bars [`without_holes`].
    pub(super) fn of(keys: &BTreeSet<SeriesKey>, data: &'a MultiSymbolData) -> Self {
        let keys: Vec<SeriesKey> = keys.iter().copied().collect();
        let mut sides: Vec<(PriceSide, (&[f64], Vec<u32>))> = Vec::new();
        for key in &keys {
            let IndicatorKind::Ema { period } = key.kind else { unreachable!("an average passes by") };
            match sides.last_mut() {
                Some((side, (_, periods))) if *side == key.side => periods.push(period),
                _ => sides.push((key.side, (closes(key, data), vec![period]))),
            }
        }
        Self { keys, sides: sides.into_iter().map(|(_, side)| side).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Place of a key among them.
    pub(super) fn place(&self, key: &SeriesKey) -> Option<usize> {
        self.keys.binary_search(key).ok()
    }

    /// A pass over them that begins at a row; tiles of at most so many rows.
    pub(super) fn pass(&self, start: usize, most: usize) -> Pass<'a> {
        let side = |(closes, periods): &(&'a [f64], Vec<u32>)| {
            let mut running = RunningAverages::new(periods);
            running.skip(&closes[..start]);
            (*closes, periods.len(), running)
        };
        let sides = self.sides.iter().map(side).collect();
        Pass { sides, tiles: vec![vec![0.0; most]; self.keys.len()] }
    }
}

/// Averages at a row of their way.
pub(super) struct Pass<'a> {
    sides: Vec<(&'a [f64], usize, RunningAverages)>,
    tiles: Vec<Vec<f64>>,
}

impl Pass<'_> {
    /// The averages at the last row that was passed, by place; any number before the first.
    pub(super) fn latest(&self) -> Vec<f64> {
        self.sides.iter().flat_map(|(_, _, running)| running.latest()).collect()
    }

    /// The averages on the next rows, by place.
    pub(super) fn next(&mut self, start: usize, end: usize) -> &[Vec<f64>] {
        let mut first = 0;
        for (closes, count, running) in &mut self.sides {
            let tiles = &mut self.tiles[first..first + *count];
            tiles.iter_mut().for_each(|tile| tile.truncate(end - start));
            running.advance(&closes[start..end], tiles);
            first += *count;
        }
        &self.tiles
    }
}
