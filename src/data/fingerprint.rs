//! Digests of the bars themselves, whatever file they came from.
//!
//! A series is cut into blocks of 65,536 rows; a block's digest covers times, prices and volume as little-endian
//! columns. Equal bars have equal digests, and two lists of blocks show where data first differs.

use rayon::prelude::*;

use super::bars::{BarSeries, PriceColumns};
use super::symbol::SymbolSpec;
use crate::types::{Digest, DigestWriter, Timeframe};

/// Rows of one block.
pub const BLOCK_ROWS: usize = 65_536;

/// Digests of one series, block by block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesDigest {
    /// Symbol of the series.
    pub symbol: String,
    /// Timeframe of the series.
    pub timeframe: Timeframe,
    /// Rows of the series.
    pub rows: usize,
    /// One digest per block of [`BLOCK_ROWS`] rows, the last one shorter.
    pub blocks: Vec<Digest>,
}

impl SeriesDigest {
    /// Digests a series; blocks in parallel.
    pub fn of(symbol: &str, bars: &BarSeries) -> Self {
        let starts: Vec<usize> = (0..bars.len()).step_by(BLOCK_ROWS).collect();
        let blocks = starts.into_par_iter().map(|start| block(bars, start)).collect();
        Self { symbol: symbol.to_owned(), timeframe: bars.timeframe(), rows: bars.len(), blocks }
    }

    /// First block that differs from another reading of the same series; `None` when they are equal.
    pub fn first_difference(&self, other: &Self) -> Option<usize> {
        let common = self.blocks.len().min(other.blocks.len());
        (0..common)
            .find(|&k| self.blocks[k] != other.blocks[k])
            .or_else(|| (self.blocks.len() != other.blocks.len()).then_some(common))
    }
}

/// One digest over everything loaded: per symbol its specification and series, then the news content, if any.
pub fn root(symbols: &[(&SymbolSpec, Vec<&SeriesDigest>)], news: Option<Digest>) -> Digest {
    let mut writer = DigestWriter::new("omega-sweep data 1");
    writer.u64(symbols.len() as u64);
    for (spec, series) in symbols {
        spec_into(&mut writer, spec);
        writer.u64(series.len() as u64);
        for one in series {
            writer.text(&one.symbol).text(one.timeframe.as_str()).u64(one.rows as u64);
            for &block in &one.blocks {
                writer.digest(block);
            }
        }
    }
    writer.u64(u64::from(news.is_some()));
    if let Some(news) = news {
        writer.digest(news);
    }
    writer.finish()
}

fn spec_into(writer: &mut DigestWriter, spec: &SymbolSpec) {
    writer.text(&spec.name).f64(spec.contract_size).f64(spec.tick_size).optional_f64(spec.tick_value);
    writer.f64(spec.pip_size).f64(spec.volume_min).f64(spec.volume_step).f64(spec.volume_max);
    writer.text(&spec.base_currency).text(&spec.quote_currency).f64(spec.typical_spread_pips);
}

fn block(bars: &BarSeries, start: usize) -> Digest {
    let rows = start..(start + BLOCK_ROWS).min(bars.len());
    let mut hasher = blake3::Hasher::new();
    let mut bytes = Vec::with_capacity(rows.len() * 8);
    bytes.extend(bars.times()[rows.clone()].iter().flat_map(|time| time.to_le_bytes()));
    hasher.update(&bytes);
    let PriceColumns { open, high, low, close } = bars.bid();
    let ask = bars.ask();
    for column in [open, high, low, close, &ask.open, &ask.high, &ask.low, &ask.close] {
        update(&mut hasher, &column[rows.clone()], &mut bytes);
    }
    update(&mut hasher, &bars.volume()[rows], &mut bytes);
    Digest(*hasher.finalize().as_bytes())
}

fn update(hasher: &mut blake3::Hasher, column: &[f64], bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend(column.iter().flat_map(|value| value.to_bits().to_le_bytes()));
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn series(rows: usize, changed: Option<usize>) -> BarSeries {
        let times = (0_i64..).take(rows).map(|row| row * 60_000_000).collect();
        let mut close = vec![1.0; rows];
        if let Some(row) = changed {
            close[row] = 1.5;
        }
        let bid = Arc::new(PriceColumns {
            open: vec![1.0; rows],
            high: vec![2.0; rows],
            low: vec![0.5; rows],
            close,
        });
        BarSeries::new(Timeframe::M1, times, Arc::clone(&bid), bid, vec![0.0; rows])
    }

    #[test]
    fn the_first_changed_block_is_named() {
        let rows = 2 * BLOCK_ROWS + 10;
        let before = SeriesDigest::of("A", &series(rows, None));
        let after = SeriesDigest::of("A", &series(rows, Some(BLOCK_ROWS + 3)));
        assert_eq!(before.blocks.len(), 3);
        assert_eq!(before.first_difference(&after), Some(1));
        assert_eq!(before.first_difference(&before.clone()), None);
        let longer = SeriesDigest::of("A", &series(3 * BLOCK_ROWS + 1, None));
        assert_eq!(before.first_difference(&longer), Some(2));
    }
}
