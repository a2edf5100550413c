//! Digests of many trials: independent of threads, shards, interruption, time and file encoding.

use super::TrialRow;
use crate::types::{Digest, DigestWriter};

/// BLAKE3 over the trial digests of a chunk; `rows` must be in (fold, id) order, as they are stored.
pub fn chunk_digest(rows: &[TrialRow]) -> Digest {
    debug_assert!(rows.is_sorted_by_key(TrialRow::key));
    root(rows.iter().map(|row| row.digest))
}

/// BLAKE3 over the content digests of all chunks, in chunk order.
pub fn sweep_digest(chunks: impl IntoIterator<Item = Digest>) -> Digest {
    root(chunks)
}

fn root(digests: impl IntoIterator<Item = Digest>) -> Digest {
    let mut writer = DigestWriter::default();
    for digest in digests {
        writer.digest(digest);
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_hash_of_the_concatenated_digests() {
        let leaves = [Digest::of(b"a"), Digest::of(b"b")];
        assert_eq!(sweep_digest(leaves), Digest::of(&[leaves[0].0, leaves[1].0].concat()));
        assert_ne!(sweep_digest(leaves), sweep_digest([leaves[1], leaves[0]]));
        assert_eq!(sweep_digest([]), Digest::of(b""));
    }
}
