//! How positions are cut into chunks, and chunks into shards (`search.md` section 7). Never by threads or time.

use std::ops::Range;

/// Part K of N of a study, 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shard {
    /// Which part, `1..=parts`.
    pub part: u32,
    /// How many parts.
    pub parts: u32,
}

impl Shard {
    /// The whole study.
    pub const WHOLE: Self = Self { part: 1, parts: 1 };

    /// Reads `2/8`; `None` unless `1 <= K <= N`.
    pub fn parse(text: &str) -> Option<Self> {
        let (part, parts) = text.split_once('/')?;
        let shard = Self { part: part.trim().parse().ok()?, parts: parts.trim().parse().ok()? };
        (shard.part >= 1 && shard.part <= shard.parts).then_some(shard)
    }

    /// The chunks of this part out of `chunks`: `[floor((K-1)C/N), floor(KC/N))`, possibly none.
    pub fn chunks(self, chunks: u64) -> Range<u64> {
        let bound = |part: u32| {
            let bound = u128::from(part) * u128::from(chunks) / u128::from(self.parts);
            u64::try_from(bound).expect("at most the number of chunks")
        };
        bound(self.part - 1)..bound(self.part)
    }
}

/// The cut of one enumeration of trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChunkPlan {
    /// Positions in all, excluded ones included.
    pub positions: u64,
    /// Positions per chunk, at least 1.
    pub chunk_trials: u64,
    /// The part to run.
    pub shard: Shard,
    /// Walk-forward window or fold of the rows, 0 when unused.
    pub fold: u32,
    /// Number of the first chunk; not 0 when several enumerations share a run folder.
    pub first_chunk: u64,
}

impl ChunkPlan {
    /// A whole study with the default chunk size.
    pub fn new(positions: u64) -> Self {
        let chunk_trials = default_chunk_trials(positions);
        Self { positions, chunk_trials, shard: Shard::WHOLE, fold: 0, first_chunk: 0 }
    }

    /// With a chosen chunk size; 0 counts as 1.
    pub fn with_chunk_trials(self, chunk_trials: u64) -> Self {
        Self { chunk_trials: chunk_trials.max(1), ..self }
    }

    /// Number of chunks in all.
    pub fn chunk_count(&self) -> u64 {
        self.positions.div_ceil(self.chunk_trials)
    }

    /// Numbers of the chunks to run, in order.
    pub fn chunks(&self) -> Range<u64> {
        let own = self.shard.chunks(self.chunk_count());
        own.start + self.first_chunk..own.end + self.first_chunk
    }

    /// Positions of a chunk.
    pub fn positions_of(&self, chunk: u64) -> Range<u64> {
        let start = (chunk - self.first_chunk) * self.chunk_trials;
        start.min(self.positions)..start.saturating_add(self.chunk_trials).min(self.positions)
    }
}

/// `min(4096, max(16, ceil(T / 64)))` for T positions.
pub fn default_chunk_trials(positions: u64) -> u64 {
    positions.div_ceil(64).clamp(16, 4096)
}

/// Chunk size of an adaptive sampler: the smallest multiple of its batch or population that is at least 64.
pub fn adaptive_chunk_trials(batch: u64) -> u64 {
    let batch = batch.max(1);
    64_u64.div_ceil(batch) * batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_size_follows_the_number_of_positions() {
        let sizes: Vec<_> = [1, 1024, 1025, 14_256, 262_144, 10_000_000].map(default_chunk_trials).into();
        assert_eq!(sizes, [16, 16, 17, 223, 4096, 4096]);
        assert_eq!([16, 24, 64, 96].map(adaptive_chunk_trials), [64, 72, 64, 96]);
    }

    #[test]
    fn chunks_cover_all_positions_once_and_the_last_may_be_short() {
        let plan = ChunkPlan::new(1000).with_chunk_trials(300);
        let ranges: Vec<_> = plan.chunks().map(|chunk| plan.positions_of(chunk)).collect();
        assert_eq!(ranges, [0..300, 300..600, 600..900, 900..1000]);
    }

    #[test]
    fn shards_cover_all_chunks_once_and_may_be_empty() {
        for parts in [1, 2, 3, 5, 8, 16, 97] {
            for chunks in [0, 1, 7, 64, 1000] {
                let all: Vec<u64> =
                    (1..=parts).flat_map(|part| Shard { part, parts }.chunks(chunks)).collect();
                assert_eq!(all, (0..chunks).collect::<Vec<_>>(), "{parts} parts of {chunks}");
            }
        }
        assert_eq!(Shard::parse("2/8"), Some(Shard { part: 2, parts: 8 }));
        assert_eq!([Shard::parse("0/8"), Shard::parse("9/8"), Shard::parse("2")], [None; 3]);
    }
}
