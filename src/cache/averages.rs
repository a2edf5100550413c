//! Averages on their way through the rows: many of one side side by side.
//!
//! A grid of crosses reads its averages once, where the two words of a comparison are made; columns of them would cost more
//! time in memory than in arithmetic.

use std::collections::BTreeSet;

use super::tiles::Tiles;
use crate::data::MultiSymbolData;
use crate::indicators::{IndicatorKind, RunningAverages, SeriesKey};
use crate::types::PriceSide;

/// Whether the closes an average is taken of are all there, which computing it on the way asks for.
pub(super) fn without_holes(key: &SeriesKey, data: &MultiSymbolData) -> bool {
    data.symbol(key.symbol).bars.passage().has_all_closes(key.side)
}

/// Averages of one symbol, in the order of their keys: the side stands before the period in them.
pub(super) struct Averages<'a> {
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
        let mut sides: Vec<Side<'_>> = Vec::new();
        for key in keys {
            let IndicatorKind::Ema { period } = key.kind else { unreachable!("an average passes by") };
            let closes = &data.symbol(key.symbol).bars.side(key.side).close;
            match sides.last_mut() {
                Some(side) if side.of == key.side => side.periods.push(period),
                _ => sides.push(Side { of: key.side, closes, periods: vec![period] }),
            }
        }
        Self { sides }
    }

    /// In front of a row.
    pub(super) fn pass(&self, begin: usize) -> Pass<'a> {
        let side = |side: &Side<'a>| {
            let mut running = RunningAverages::new(&side.periods);
            running.skip(&side.closes[..begin]);
            Passing { closes: side.closes, count: side.periods.len(), running }
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
    count: usize,
    running: RunningAverages,
}

impl Pass<'_> {
    /// Writes the first tiles: the averages on their rows, in the order of the keys.
    pub(super) fn write(&mut self, tiles: &mut Tiles) {
        let (rows, mut place) = (tiles.rows(), 0);
        for Passing { closes, count, running } in &mut self.sides {
            running.advance(&closes[rows.clone()], &mut tiles.several(place..place + *count));
            place += *count;
        }
    }
}
