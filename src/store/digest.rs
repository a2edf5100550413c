//! Digests of files, of the dependency set, and of blocks of market data.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::data::BarSeries;
use crate::types::{Digest, DigestWriter};

/// Rows per block of market data: small enough to say where two data sets part, large enough to keep manifests small.
pub const BLOCK_ROWS: usize = 65_536;

/// BLAKE3 of a file's bytes.
///
/// # Errors
/// When it cannot be read.
pub fn file_digest(path: &Path) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// BLAKE3 of the lock file this program was built with: the exact set of its dependencies.
pub fn lock_file_digest() -> Digest {
    Digest::of(include_bytes!("../../Cargo.lock"))
}

/// One digest per block of [`BLOCK_ROWS`] bars, over times, bid, ask and volume by their bits.
pub fn block_digests(bars: &BarSeries) -> Vec<Digest> {
    (0..bars.len()).step_by(BLOCK_ROWS).map(|start| block_digest(bars, start)).collect()
}

fn block_digest(bars: &BarSeries, start: usize) -> Digest {
    let rows = start..bars.len().min(start + BLOCK_ROWS);
    let mut writer = DigestWriter::new("omega-sweep bars 1");
    writer.u64(rows.len() as u64);
    bars.times()[rows.clone()].iter().for_each(|&time| {
        writer.i64(time);
    });
    for side in [bars.bid(), bars.ask()] {
        for column in [&side.open, &side.high, &side.low, &side.close] {
            column[rows.clone()].iter().for_each(|&price| {
                writer.f64(price);
            });
        }
    }
    bars.volume()[rows].iter().for_each(|&volume| {
        writer.f64(volume);
    });
    writer.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::{Ohlc, PriceColumns};
    use crate::types::Timeframe;

    fn bars(changed: usize) -> BarSeries {
        let rows = BLOCK_ROWS + 10;
        let mut prices = PriceColumns::default();
        for row in 0..rows {
            let close = if row == changed { 2.0 } else { 1.0 };
            prices.push(Ohlc { open: 1.0, high: 2.0, low: 1.0, close });
        }
        let prices = Arc::new(prices);
        let times = (0..i64::try_from(rows).unwrap()).collect();
        BarSeries::new(Timeframe::M1, times, Arc::clone(&prices), prices, vec![0.0; rows])
    }

    #[test]
    fn a_changed_bar_changes_its_block_only() {
        let whole = block_digests(&bars(usize::MAX));
        assert_eq!(whole.len(), 2);
        let (first, second) = (block_digests(&bars(5)), block_digests(&bars(BLOCK_ROWS + 5)));
        assert!(first[0] != whole[0] && first[1] == whole[1]);
        assert!(second[0] == whole[0] && second[1] != whole[1]);
    }
}
