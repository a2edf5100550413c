//! Tiles of several series, each behind the rows that came before it: what is read on its way and never a column.

use std::ops::Range;

/// The same rows of several series, by place.
#[derive(Debug)]
pub(super) struct Tiles {
    room: Vec<f64>,
    places: Vec<Place>,
    rows: Range<usize>,
}

/// Where a tile begins, and how many rows before it are there.
#[derive(Debug, Clone, Copy)]
struct Place {
    first: usize,
    before: usize,
}

/// Numbers of a cache line: tiles begin at one, so that registers of a whole line cross none.
const LINE: usize = 8;

impl Tiles {
    /// In front of row `begin`: tiles of at most so many rows, each with `before` rows in front of it, `NaN` as long as they
    /// have not been passed.
    pub(super) fn new(begin: usize, most: usize, before: impl Iterator<Item = usize>) -> Self {
        let mut end = 0;
        let mut place = |before: usize| {
            let first = (end + before).next_multiple_of(LINE);
            end = first + most;
            Place { first, before }
        };
        let mut places: Vec<Place> = before.map(&mut place).collect();
        let room = vec![f64::NAN; end + LINE];
        let line = room.as_ptr().align_offset(LINE * size_of::<f64>()).min(LINE);
        for place in &mut places {
            place.first += line;
        }
        Self { room, places, rows: begin..begin }
    }

    /// Goes on to the rows up to `end`: what was there becomes what is before them, the tiles themselves are to be written.
    pub(super) fn advance(&mut self, end: usize) {
        for Place { first, before } in &self.places {
            let passed = first + self.rows.len();
            self.room.copy_within(passed - before..passed, first - before);
        }
        self.rows = self.rows.end..end;
    }

    /// The rows of the tiles.
    pub(super) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// The tiles of neighbouring places, to be written.
    pub(super) fn several(&mut self, places: Range<usize>) -> Vec<&mut [f64]> {
        let rows = self.rows.len();
        let (mut rest, mut passed) = (&mut self.room[..], 0);
        let mut tile = |place: &Place| {
            let (tile, later) = std::mem::take(&mut rest)[place.first - passed..].split_at_mut(rows);
            (rest, passed) = (later, place.first + rows);
            tile
        };
        self.places[places].iter().map(&mut tile).collect()
    }

    /// The tile of a place, to be written, and those of the places before it.
    pub(super) fn next_to(&mut self, place: usize) -> (&mut [f64], TilesSoFar<'_>) {
        let Place { first, before } = self.places[place];
        let (room, own) = self.room.split_at_mut(first - before);
        let own = &mut own[before..before + self.rows.len()];
        (own, TilesSoFar { room, places: &self.places[..place], start: self.rows.start, end: self.rows.end })
    }

    /// All of them, to be read.
    pub(super) fn all(&self) -> TilesSoFar<'_> {
        TilesSoFar { room: &self.room, places: &self.places, start: self.rows.start, end: self.rows.end }
    }
}

/// Tiles that are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct TilesSoFar<'a> {
    room: &'a [f64],
    places: &'a [Place],
    start: usize,
    end: usize,
}

impl<'a> TilesSoFar<'a> {
    /// The values of a place so many rows before some rows.
    ///
    /// # Panics
    /// When these are not kept, or not computed yet.
    pub(super) fn rows(self, place: usize, rows: Range<usize>, back: usize) -> &'a [f64] {
        let Place { first, before } = self.places[place];
        assert!(
            rows.start + before >= self.start + back && rows.end <= self.end,
            "only rows within reach are read"
        );
        let start = first + rows.start - back - self.start;
        &self.room[start..start + rows.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_passed_is_before_the_next_rows() {
        let mut tiles = Tiles::new(5, 10, [3, 0, 20].into_iter());
        for end in [6, 16, 20, 21, 31] {
            tiles.advance(end);
            let rows = tiles.rows();
            for place in 0..3 {
                let (tile, _) = tiles.next_to(place);
                for (number, row) in tile.iter_mut().zip(rows.clone()) {
                    *number = (100 * place + row) as f64;
                }
            }
            for (place, back) in [(0, 3), (1, 0), (2, 20)] {
                for (number, row) in tiles.all().rows(place, rows.clone(), back).iter().zip(rows.clone()) {
                    match row.checked_sub(back).filter(|row| *row >= 5) {
                        Some(row) => assert_eq!(*number, (100 * place + row) as f64),
                        None => assert!(number.is_nan()),
                    }
                }
            }
            assert_eq!(tiles.several(0..3)[2][0], (200 + rows.start) as f64);
        }
    }
}
