//! Averages that only comparisons read: computed on their way through the rows, never kept as columns.
//!
//! A grid of crosses reads its averages once, where the two words of a comparison are made; columns of them would cost more
//! time in memory than in arithmetic.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::data::MultiSymbolData;
use crate::indicators::{IndicatorKind, RunningAverages, SeriesKey};
use crate::types::PriceSide;

/// Whether the closes an average is taken of are all there, which computing it on the way asks for.
pub(super) fn without_holes(key: &SeriesKey, data: &MultiSymbolData) -> bool {
    data.symbol(key.symbol).bars.passage().has_all_closes(key.side)
}

fn closes<'a>(key: &SeriesKey, data: &'a MultiSymbolData) -> &'a [f64] {
    &data.symbol(key.symbol).bars.side(key.side).close
}

/// Averages of one symbol, in the order of their keys.
pub(super) struct Averages<'a> {
    keys: Vec<SeriesKey>,
    sides: Vec<Side<'a>>,
}

/// Those over the closes of one side.
struct Side<'a> {
    of: PriceSide,
    closes: &'a [f64],
    periods: Vec<u32>,
}

impl<'a> Averages<'a> {
    /// Of these keys, all of one symbol, over primary bars [`without_holes`].
    pub(super) fn of(keys: &BTreeSet<SeriesKey>, data: &'a MultiSymbolData) -> Self {
        let keys: Vec<SeriesKey> = keys.iter().copied().collect();
        let mut sides: Vec<Side<'_>> = Vec::new();
        for key in &keys {
            let IndicatorKind::Ema { period } = key.kind else { unreachable!("an average passes by") };
            match sides.last_mut() {
                Some(side) if side.of == key.side => side.periods.push(period),
                _ => sides.push(Side { of: key.side, closes: closes(key, data), periods: vec![period] }),
            }
        }
        Self { keys, sides }
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
        let side = |side: &Side<'a>| {
            let mut running = RunningAverages::new(&side.periods);
            running.skip(&side.closes[..start]);
            Passing { closes: side.closes, running, tiles: Tiles::new(side.periods.len(), most) }
        };
        Pass { sides: self.sides.iter().map(side).collect() }
    }
}

/// Averages at a row of their way.
pub(super) struct Pass<'a> {
    sides: Vec<Passing<'a>>,
}

struct Passing<'a> {
    closes: &'a [f64],
    running: RunningAverages,
    tiles: Tiles,
}

/// Columns of equally many rows, each beginning at a cache line: registers of a whole line cross none.
struct Tiles {
    room: Vec<f64>,
    used: Range<usize>,
    apart: usize,
}

impl Tiles {
    const LINE: usize = 8;

    fn new(count: usize, rows: usize) -> Self {
        let apart = rows.next_multiple_of(Self::LINE);
        let room = vec![0.0; count * apart + Self::LINE];
        let begin = room.as_ptr().align_offset(Self::LINE * size_of::<f64>()).min(Self::LINE);
        Self { room, used: begin..begin + count * apart, apart }
    }

    /// The first so many rows of each.
    fn first_rows(&mut self, rows: usize) -> Vec<&mut [f64]> {
        self.room[self.used.clone()].chunks_exact_mut(self.apart).map(|tile| &mut tile[..rows]).collect()
    }

    fn all(&self) -> impl Iterator<Item = &[f64]> {
        self.room[self.used.clone()].chunks_exact(self.apart)
    }
}

impl Pass<'_> {
    /// The averages at the last row that was passed, by place; any number before the first.
    pub(super) fn latest(&self) -> Vec<f64> {
        self.sides.iter().flat_map(|side| side.running.latest()).collect()
    }

    /// The averages on the next rows, by place.
    pub(super) fn next(&mut self, start: usize, end: usize) -> Vec<&[f64]> {
        for Passing { closes, running, tiles } in &mut self.sides {
            running.advance(&closes[start..end], &mut tiles.first_rows(end - start));
        }
        self.sides.iter().flat_map(|side| side.tiles.all().map(|tile| &tile[..end - start])).collect()
    }
}
