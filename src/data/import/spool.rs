//! Rows on their way through an import: the newest block in memory, full ones in a temporary file.
//!
//! Memory does not grow with the file that is read. A spool is read block by block as often as the checks need to, so
//! rules that speak of the whole file come before those of single rows although neither sees the whole file at once.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::data::bars::PriceColumns;
use crate::data::error::{DataCode, DataError};
use crate::data::raw::{Blocks, Places, RawBar, RawSide};

/// Rows of a full block: those of a row group, so that a block without losses becomes one.
pub(super) const BLOCK: usize = 1 << 16;

/// Bytes of a row in memory: time, prices, volume, row and line.
const ROW_BYTES: u64 = 56;

/// Where spools put full blocks, and how many rows a caller has room for who wants them all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Room {
    /// Folder of temporary files; they have no name in it and vanish with the process.
    pub(super) folder: PathBuf,
    /// Most bytes of rows; `None` when they are never all in memory.
    pub(super) limit: Option<u64>,
}

impl Room {
    /// Refuses more rows than there is room for.
    ///
    /// # Errors
    /// `memory_limit`.
    pub(super) fn check(&self, rows: usize) -> Result<(), DataError> {
        match self.limit {
            Some(limit) if (rows as u64).saturating_mul(ROW_BYTES) > limit => {
                Err(DataError::new(DataCode::MemoryLimit, format!("more than {limit} bytes of bars"))
                    .hint("more free memory, or the file in parts"))
            }
            _ => Ok(()),
        }
    }
}

/// Rows of one side.
#[derive(Debug)]
pub(super) struct Spool {
    room: Room,
    /// What holds for all rows; without rows itself.
    facts: RawSide,
    file: Option<File>,
    full: Vec<Stored>,
    newest: RawSide,
    rows: usize,
}

/// A block in the file.
#[derive(Debug, Clone, Copy)]
struct Stored {
    offset: u64,
    rows: usize,
    first_row: usize,
    has_rows: bool,
    has_lines: bool,
    has_points: bool,
}

impl Spool {
    /// No rows yet; `facts` say what holds for all of them.
    pub(super) fn new(facts: &RawSide, room: &Room) -> Self {
        let facts = facts.without_rows();
        Self { room: room.clone(), newest: facts.clone(), facts, file: None, full: Vec::new(), rows: 0 }
    }

    /// Rows that are in memory already.
    ///
    /// # Errors
    /// Trouble with temporary files.
    pub(super) fn of(raw: RawSide, room: &Room) -> Result<Self, DataError> {
        let mut spool = Self::new(&raw, room);
        if raw.len() <= BLOCK {
            spool.push_block(raw)?;
            return Ok(spool);
        }
        for start in (0..raw.len()).step_by(BLOCK) {
            spool.push_block(raw.part(start..(start + BLOCK).min(raw.len())))?;
        }
        Ok(spool)
    }

    /// What holds for all rows.
    pub(super) fn facts(&self) -> &RawSide {
        &self.facts
    }

    /// Where further spools of this import go.
    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Appends a row, with its place in the file.
    ///
    /// # Errors
    /// `memory_limit`, `file_unreadable` when the temporary file cannot be written.
    pub(super) fn push(&mut self, bar: &RawBar, row: usize, line: Option<u64>) -> Result<(), DataError> {
        self.room.check(self.rows + 1)?;
        let block = &mut self.newest;
        block.times.push(bar.time);
        block.prices.push(bar.prices);
        block.volume.push(bar.volume);
        block.place.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        block.place.lines.extend(line.map(|line| u32::try_from(line).unwrap_or(u32::MAX)));
        self.rows += 1;
        self.spill_when_full()
    }

    /// Appends the spread of the row pushed next.
    pub(super) fn push_points(&mut self, points: i64) {
        self.newest.spread_points.push(points);
    }

    /// Appends a block.
    fn push_block(&mut self, mut block: RawSide) -> Result<(), DataError> {
        self.rows += block.len();
        if self.newest.len() == 0 {
            self.newest = block;
        } else {
            self.newest.number();
            block.number();
            self.newest.append(&block);
        }
        self.spill_when_full()
    }

    fn spill_when_full(&mut self) -> Result<(), DataError> {
        if self.newest.len() < BLOCK {
            return Ok(());
        }
        let stored = self.store().map_err(|error| self.refused(&error))?;
        self.full.push(stored);
        self.newest.clear();
        Ok(())
    }

    fn store(&mut self) -> io::Result<Stored> {
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile_in(&self.room.folder)?);
        }
        let file = self.file.as_mut().expect("just made");
        let offset = file.seek(SeekFrom::End(0))?;
        let block = &self.newest;
        let mut bytes = Vec::with_capacity(block.len() * 64);
        bytes.extend(block.times.iter().flat_map(|value| value.to_le_bytes()));
        for column in block.prices.columns().into_iter().chain([&block.volume]) {
            bytes.extend(column.iter().flat_map(|value| value.to_le_bytes()));
        }
        for column in [&block.place.rows, &block.place.lines] {
            bytes.extend(column.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes.extend(block.spread_points.iter().flat_map(|value| value.to_le_bytes()));
        file.write_all(&bytes)?;
        Ok(Stored {
            offset,
            rows: block.len(),
            first_row: block.place.first,
            has_rows: !block.place.rows.is_empty(),
            has_lines: !block.place.lines.is_empty(),
            has_points: !block.spread_points.is_empty(),
        })
    }

    fn load(&self, stored: Stored) -> Result<RawSide, DataError> {
        self.try_load(stored).map_err(|error| self.refused(&error))
    }

    fn try_load(&self, stored: Stored) -> io::Result<RawSide> {
        let mut file = self.file.as_ref().expect("a stored block has a file");
        file.seek(SeekFrom::Start(stored.offset))?;
        let n = stored.rows;
        let times = words(file, n, i64::from_le_bytes)?;
        let column = || words(file, n, f64::from_le_bytes);
        let prices = PriceColumns { open: column()?, high: column()?, low: column()?, close: column()? };
        let volume = column()?;
        let rows = if stored.has_rows { words(file, n, u32::from_le_bytes)? } else { Vec::new() };
        let lines = if stored.has_lines { words(file, n, u32::from_le_bytes)? } else { Vec::new() };
        let spread_points = if stored.has_points { words(file, n, i64::from_le_bytes)? } else { Vec::new() };
        let place = Places { rows, lines, first: stored.first_row };
        Ok(RawSide { times, prices, volume, spread_points, place, ..self.facts.clone() })
    }

    fn refused(&self, error: &io::Error) -> DataError {
        DataError::new(DataCode::FileUnreadable, format!("a temporary file: {error}"))
            .path(&self.room.folder)
            .hint("the import needs about the size of the text on this disk for as long as it runs")
    }

    /// A spool of changed blocks; a block may lose rows.
    ///
    /// # Errors
    /// What `change` returns, and trouble with temporary files.
    pub(super) fn map(
        &self,
        mut change: impl FnMut(&mut RawSide) -> Result<(), DataError>,
    ) -> Result<Self, DataError> {
        let mut out = Self::new(&self.facts, &self.room);
        for block in self.blocks() {
            let mut block = block?.into_owned();
            change(&mut block)?;
            out.push_block(block)?;
        }
        Ok(out)
    }

    /// Parts one behind the other; rows of several files have no common numbering, so they count through.
    ///
    /// # Errors
    /// Trouble with temporary files.
    pub(super) fn joined(parts: &[Self]) -> Result<Self, DataError> {
        let first = parts.first().expect("a side has at least one part");
        let mut out = Self::new(&first.facts, &first.room);
        for part in parts {
            for block in part.blocks() {
                let mut block = block?.into_owned();
                let count_on = out.rows..out.rows + block.len();
                let rows = count_on.map(|row| u32::try_from(row).unwrap_or(u32::MAX)).collect();
                block.place = Places { rows, ..Places::default() };
                out.push_block(block)?;
            }
        }
        Ok(out)
    }

    /// All rows in memory; see [`Room::check`].
    ///
    /// # Errors
    /// Trouble with temporary files.
    pub(super) fn into_whole(self) -> Result<RawSide, DataError> {
        if self.full.is_empty() {
            return Ok(self.newest);
        }
        let mut whole = self.facts.clone();
        whole.reserve(self.rows);
        for block in self.blocks() {
            let mut block = block?.into_owned();
            block.number();
            whole.append(&block);
        }
        Ok(whole)
    }
}

impl Blocks for Spool {
    fn blocks(&self) -> impl Iterator<Item = Result<Cow<'_, RawSide>, DataError>> {
        let full = self.full.iter().map(|&stored| Ok(Cow::Owned(self.load(stored)?)));
        let newest = (self.newest.len() > 0).then_some(Ok(Cow::Borrowed(&self.newest)));
        full.chain(newest)
    }
}

/// The folder itself, or the nearest one above it that exists.
pub(super) fn existing(folder: &Path) -> PathBuf {
    let above = folder.ancestors().find(|above| above.is_dir());
    above.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

fn words<const N: usize, T>(mut file: &File, count: usize, word: fn([u8; N]) -> T) -> io::Result<Vec<T>> {
    let mut bytes = vec![0; count * N];
    file.read_exact(&mut bytes)?;
    let (words, _) = bytes.as_chunks::<N>();
    Ok(words.iter().map(|&bytes| word(bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::bars::Ohlc;

    fn room(limit: Option<u64>) -> Room {
        Room { folder: std::env::temp_dir(), limit }
    }

    fn number(k: usize) -> i64 {
        i64::try_from(k).expect("a small number")
    }

    fn bar(k: usize) -> RawBar {
        let price = 1.0 + k as f64;
        let prices = Ohlc { open: price, high: price + 0.5, low: price - 0.5, close: price };
        RawBar { time: number(k), prices, volume: k as f64 / 3.0 }
    }

    fn filled(rows: usize) -> Spool {
        let facts = RawSide { symbol: Some("EURUSD".to_owned()), ..RawSide::default() };
        let mut spool = Spool::new(&facts, &room(None));
        for k in 0..rows {
            spool.push_points(number(k) % 7);
            spool.push(&bar(k), 2 * k, Some(k as u64 + 5)).expect("pushed");
        }
        spool
    }

    #[test]
    fn rows_come_back_as_they_went_in_however_many() {
        for rows in [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 3] {
            let spool = filled(rows);
            assert_eq!((spool.len(), spool.full.len()), (rows, rows / BLOCK));
            let whole = spool.into_whole().expect("read back");
            assert_eq!(whole.len(), rows);
            assert!((0..rows).all(|k| whole.bar(k) == bar(k) && whole.spread_points[k] == number(k) % 7));
            assert!(
                (0..rows).all(|k| whole.place.row(k) == 2 * k && whole.place.line(k) == Some(k as u64 + 5))
            );
            assert_eq!(whole.symbol.as_deref(), Some("EURUSD"));
        }
    }

    #[test]
    fn a_change_may_leave_rows_out_of_every_block() {
        let even = filled(2 * BLOCK + 3).map(|block| {
            let keep: Vec<bool> = block.times.iter().map(|time| time % 2 == 0).collect();
            block.retain(&keep);
            Ok(())
        });
        let even = even.expect("changed");
        assert_eq!(even.len(), BLOCK + 2);
        let whole = even.into_whole().expect("read back");
        assert!(whole.times.iter().zip(0..).all(|(&time, k)| time == 2 * k));
        assert_eq!(whole.place.row(BLOCK), 4 * BLOCK);
    }

    #[test]
    fn parts_are_counted_through_and_a_limit_holds() {
        let joined = Spool::joined(&[filled(3), filled(2)]).expect("joined");
        let whole = joined.into_whole().expect("in memory");
        assert_eq!((0..5).map(|k| whole.place.row(k)).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let mut small = Spool::new(&RawSide::default(), &room(Some(2 * ROW_BYTES)));
        assert!(small.push(&bar(0), 0, None).is_ok() && small.push(&bar(1), 1, None).is_ok());
        assert_eq!(small.push(&bar(2), 2, None).expect_err("full").code(), DataCode::MemoryLimit);
    }
}
