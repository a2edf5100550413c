//! Series that only comparisons and each other read: computed on their way through the rows, tile by tile, never kept as
//! columns.
//!
//! A tile of each lies behind the few rows that its readers look back on, so a series depends on its place and on no seam:
//! a pass that begins in the middle of the rows begins early enough before them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::averages::{self, Averages};
use super::expression::{Definitions, Expression, ExpressionSource};
use super::slices::Slices;
use super::tiles::{Tiles, TilesSoFar};
use crate::data::MultiSymbolData;
use crate::indicators::{IndicatorKind, SeriesKey};

/// Most rows that a tile keeps of those before it: who looks back further reads a column.
pub(super) const FARTHEST: usize = 2048;

/// Where the rows of a series are found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    Column(Slices<'a>),
    /// Passing by, at this place.
    Tile(usize),
}

impl<'a> Found<'a> {
    /// The values so many rows before some rows; `NaN` before the first.
    pub(super) fn rows<'t>(self, tiles: TilesSoFar<'t>, rows: Range<usize>, back: usize) -> Cow<'t, [f64]>
    where
        'a: 't,
    {
        match self {
            Self::Column(slices) => slices.rows(rows, back),
            Self::Tile(place) => Cow::Borrowed(tiles.rows(place, rows, back)),
        }
    }
}

/// Whether a series can pass by.
pub(super) fn can_pass(key: &SeriesKey, definitions: &Definitions, data: &MultiSymbolData) -> bool {
    let reach = || definitions.get(key)?.reach();
    key.timeframe == data.timeframe()
        && match key.kind {
            IndicatorKind::Ema { .. } => averages::without_holes(key, data),
            IndicatorKind::Expression(_) => reach().is_some_and(|reach| reach <= FARTHEST),
            kind => kind.is_price(),
        }
}

/// The series of one symbol that pass by: averages, then expressions, each behind what it reads.
pub(super) struct Passing<'a> {
    data: &'a MultiSymbolData,
    averages: Averages<'a>,
    places: BTreeMap<SeriesKey, usize>,
    expressions: Vec<Calculated<'a>>,
    /// Rows that are looked back on, by place.
    before: Vec<usize>,
    /// Rows by which a pass begins early.
    lead: usize,
}

struct Calculated<'a> {
    key: SeriesKey,
    definition: &'a dyn Expression,
    reach: usize,
    inputs: Vec<(SeriesKey, Found<'a>)>,
}

impl<'a> Passing<'a> {
    /// What comparisons read, each so many rows back, and what that is calculated from. What `column` does not know must be
    /// able to pass by.
    pub(super) fn of(
        read: &[(SeriesKey, usize)],
        data: &'a MultiSymbolData,
        definitions: &'a Definitions,
        column: impl Fn(&SeriesKey) -> Option<Slices<'a>>,
    ) -> Self {
        let (averages, expressions) = in_order(read, definitions, |key| column(key).is_none());
        let keys = averages.iter().chain(&expressions);
        let places: BTreeMap<SeriesKey, usize> = keys.enumerate().map(|(place, key)| (*key, place)).collect();
        let found = |key| match places.get(&key) {
            Some(place) => (key, Found::Tile(*place)),
            None => (key, Found::Column(column(&key).expect("a series without a place is a column"))),
        };
        let calculated = |key: &SeriesKey| {
            let definition = &*definitions[key];
            let inputs = definition.inputs().into_iter().map(found).collect();
            Calculated { key: *key, definition, reach: definition.reach().unwrap_or(0), inputs }
        };
        let expressions: Vec<Calculated<'_>> = expressions.iter().map(calculated).collect();
        let (before, lead) = looked_back_on(read, &places, &expressions);
        Self { data, averages: Averages::of(&averages, data), places, expressions, before, lead }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// What following the averages takes of the time of a pass with so many pairs of operands compared: measured, on wide
    /// registers. Expressions are not followed from far, and cost about as much as a pair.
    pub(super) fn lag(&self, pairs: usize) -> f64 {
        let averages = (self.len() - self.expressions.len()) as f64;
        let others = (self.expressions.len() + pairs) as f64;
        1.7 * averages / (2.8 * averages + others).max(1.0)
    }

    /// Place of a series among them.
    pub(super) fn place(&self, key: &SeriesKey) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// A pass whose next row is `start`, at most so many rows at a time.
    pub(super) fn pass(&self, start: usize, most: usize) -> Pass<'_> {
        let begin = start.saturating_sub(self.lead);
        let tiles = Tiles::new(begin, most, self.before.iter().copied());
        let mut pass = Pass { passing: self, averages: self.averages.pass(begin), tiles };
        for begin in (begin..start).step_by(most) {
            pass.advance(start.min(begin + most));
        }
        pass
    }
}

/// The averages and expressions that are read, the latter each behind its inputs and close to them.
fn in_order(
    read: &[(SeriesKey, usize)],
    definitions: &Definitions,
    passes: impl Fn(&SeriesKey) -> bool,
) -> (BTreeSet<SeriesKey>, Vec<SeriesKey>) {
    let (mut averages, mut expressions, mut placed) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    let mut waiting: Vec<SeriesKey> = read.iter().rev().map(|(key, _)| *key).collect();
    while let Some(&key) = waiting.last() {
        let inputs = definitions.get(&key).map_or_else(Vec::new, |definition| definition.inputs());
        let is_open = passes(&key) && !placed.contains(&key);
        let before = waiting.len();
        if is_open {
            waiting.extend(inputs.into_iter().filter(|input| passes(input) && !placed.contains(input)));
        }
        if waiting.len() > before {
            continue;
        }
        waiting.pop();
        if is_open {
            placed.insert(key);
            match key.kind {
                IndicatorKind::Ema { .. } => drop(averages.insert(key)),
                _ => expressions.push(key),
            }
        }
    }
    (averages, expressions)
}

/// The rows that readers look back on, by place, and how far comparisons look back through all that lies between.
fn looked_back_on(
    read: &[(SeriesKey, usize)],
    places: &BTreeMap<SeriesKey, usize>,
    expressions: &[Calculated<'_>],
) -> (Vec<usize>, usize) {
    let (mut before, mut lead) = (vec![0; places.len()], vec![0; places.len()]);
    for (key, back) in read {
        if let Some(&place) = places.get(key) {
            (before[place], lead[place]) = (before[place].max(*back), lead[place].max(*back));
        }
    }
    for Calculated { key, reach, inputs, .. } in expressions.iter().rev() {
        let own = lead[places[key]];
        for (_, input) in inputs {
            if let Found::Tile(place) = *input {
                (before[place], lead[place]) = (before[place].max(*reach), lead[place].max(own + reach));
            }
        }
    }
    (before, lead.into_iter().max().unwrap_or(0))
}

/// Passing series at a row of their way.
pub(super) struct Pass<'a> {
    passing: &'a Passing<'a>,
    averages: averages::Pass<'a>,
    tiles: Tiles,
}

impl Pass<'_> {
    /// Computes the rows up to `end`.
    pub(super) fn advance(&mut self, end: usize) {
        let Self { passing: Passing { data, expressions, .. }, averages, tiles } = self;
        tiles.advance(end);
        averages.write(tiles);
        let (rows, first) = (tiles.rows(), self.passing.len() - expressions.len());
        for (place, Calculated { key, definition, inputs, .. }) in (first..).zip(expressions) {
            let (tile, before) = tiles.next_to(place);
            definition.write(&ExpressionSource::passing(*key, data, rows.clone(), inputs, before), tile);
        }
    }

    /// The rows just computed and some before them.
    pub(super) fn tiles(&self) -> TilesSoFar<'_> {
        self.tiles.all()
    }
}

/// The rows from `start` on of some series that can pass by, so many at a time.
#[cfg(test)]
pub(crate) fn on_the_way(
    plan: &super::CachePlan,
    data: &MultiSymbolData,
    keys: &[SeriesKey],
    start: usize,
    most: usize,
) -> Vec<Vec<f64>> {
    let mut whole = plan.clone();
    whole.keep_all();
    let cache = super::build(&whole, data, None, None).expect("no budget");
    let column = |key: &SeriesKey| {
        let price = || Slices::price(key, &data.symbol(key.symbol).bars);
        if can_pass(key, plan.definitions(), data) { price() } else { cache.get(key).map(Slices::of) }
    };
    let read: Vec<(SeriesKey, usize)> = keys.iter().map(|key| (*key, 1)).collect();
    let passing = Passing::of(&read, data, plan.definitions(), column);
    let mut pass = passing.pass(start, most);
    let mut values = vec![Vec::new(); keys.len()];
    let rows = data.symbol(keys[0].symbol).bars.len();
    for start in (start..rows).step_by(most) {
        pass.advance(rows.min(start + most));
        for (values, key) in values.iter_mut().zip(keys) {
            let place = passing.place(key).expect("it passes by");
            values.extend(pass.tiles().rows(place, start..rows.min(start + most), 0));
        }
    }
    values
}
