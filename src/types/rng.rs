//! Random numbers with an address: ChaCha8 keyed by (master seed, purpose, fold and repeat, trial).
//!
//! The layout of the 256-bit key and the drawing rules are those of `search.md` section 7; they are ours, because the
//! distributions of the `rand` crate may change between versions. Golden vectors pin them.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::chacha::{self, Places};
use super::math;

/// What a random number is for; each purpose has its own eight-byte tag in the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Points of a sampler.
    Sampler,
    /// Slippage of the engine.
    Slippage,
    /// Jitter of parameters.
    ParameterJitter,
    /// Jitter of market data.
    DataJitter,
    /// Trades left out.
    TradeDropout,
    /// Bootstrap indices.
    Bootstrap,
    /// Shifts in time.
    Timing,
    /// A strategy's own draws.
    User,
}

impl Purpose {
    fn tag(self) -> &'static [u8; 8] {
        match self {
            Self::Sampler => b"omgsamp1",
            Self::Slippage => b"omgslip1",
            Self::ParameterJitter => b"omgpjit1",
            Self::DataJitter => b"omgdjit1",
            Self::TradeDropout => b"omgdrop1",
            Self::Bootstrap => b"omgboot1",
            Self::Timing => b"omgtime1",
            Self::User => b"omguser1",
        }
    }
}

/// The seed of a study; everything random in it follows from this number and an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MasterSeed(pub u64);

impl MasterSeed {
    /// The generator at an address, at stream 0. `fold` is a walk-forward window or fold, `repeat` a stress repeat or
    /// draw number; both 0 when unused.
    pub fn rng(self, purpose: Purpose, fold: u32, repeat: u32, trial: u64) -> KeyedRng {
        KeyedRng(ChaCha8Rng::from_seed(self.key(purpose, fold, repeat, trial)))
    }

    /// The 256-bit key of an address.
    pub fn key(self, purpose: Purpose, fold: u32, repeat: u32, trial: u64) -> [u8; 32] {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        key[8..16].copy_from_slice(purpose.tag());
        key[16..24].copy_from_slice(&((u64::from(fold) << 32) | u64::from(repeat)).to_le_bytes());
        key[24..].copy_from_slice(&trial.to_le_bytes());
        key
    }
}

/// Numbers in `[0, 1)` of one key, each at its own place of a stream: what a [`KeyedRng`] moved to that place would draw.
#[derive(Debug, Clone)]
pub struct PlacedDraws {
    key: [u8; 32],
    /// The two blocks made last, where they lie in their stream, and which that is; no stream before the first draw.
    blocks: [[u32; 16]; 2],
    counters: [u64; 2],
    stream: Option<u64>,
    /// Stream and counter of the block that is likely to be asked for after the next one.
    foreseen: Option<(u64, u64)>,
}

impl PlacedDraws {
    /// Draws of 64 bits per block.
    const PER_BLOCK: u64 = 8;

    /// Draws under the key of an address ([`MasterSeed::key`]).
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, blocks: [[0; 16]; 2], counters: [0; 2], stream: None, foreseen: None }
    }

    /// The draw at a place of a stream; place `p` is the `p`-th draw from its beginning.
    #[inline]
    pub fn unit(&mut self, stream: u64, place: u64) -> f64 {
        let counter = place / Self::PER_BLOCK;
        let made = self.stream == Some(stream);
        let first = made && self.counters[0] == counter;
        let second = made && self.counters[1] == counter;
        if !first && !second {
            self.make(stream, counter);
        }
        let words = &self.blocks[usize::from(second)];
        let at = 2 * (place % Self::PER_BLOCK) as usize;
        let bits = u64::from(words[at]) | u64::from(words[at + 1]) << 32;
        unit_of(bits)
    }

    /// Says which draw is likely to be asked for after the next one. It is made along with that one, which costs next to
    /// nothing; no draw depends on it.
    #[inline]
    pub fn foresee(&mut self, stream: u64, place: u64) {
        self.foreseen = Some((stream, place / Self::PER_BLOCK));
    }

    fn make(&mut self, stream: u64, counter: u64) {
        let second = self.foreseen.take().filter(|&(of, _)| of == stream).map_or(counter, |(_, at)| at);
        self.counters = [counter, second];
        self.stream = Some(stream);
        let places = Places { key: &self.key, stream, counters: self.counters };
        chacha::make_blocks(places, &mut self.blocks);
    }
}

/// The upper 53 bits as a float in `[0, 1)`. Signed, since that conversion is an instruction of its own everywhere.
#[inline]
fn unit_of(bits: u64) -> f64 {
    (bits >> 11).cast_signed() as f64 * UNIT
}

/// A ChaCha8 generator with our drawing rules.
#[derive(Debug, Clone)]
pub struct KeyedRng(ChaCha8Rng);

impl KeyedRng {
    /// Switches to another stream of the same key, at its beginning.
    pub fn set_stream(&mut self, stream: u64) {
        self.0.set_stream(stream);
        self.0.set_word_pos(0);
    }

    /// Moves to a word (32 bits) of the stream.
    pub fn set_word_pos(&mut self, word: u128) {
        self.0.set_word_pos(word);
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A float in `[0, 1)` with 53 bits.
    pub fn unit(&mut self) -> f64 {
        unit_of(self.bits())
    }

    /// An integer below `n` by Lemire's multiply-and-reject.
    ///
    /// # Panics
    /// When `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "an integer below zero does not exist");
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            #[expect(clippy::cast_possible_truncation, reason = "the low half decides the rejection")]
            let low = product as u64;
            if low >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// A standard normal deviate by the inverse distribution function.
    pub fn normal(&mut self) -> f64 {
        math::normal_quantile(((self.bits() >> 11) as f64 + 0.5) * UNIT)
    }

    /// Fisher-Yates from the end.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1);
            items.swap(i, usize::try_from(j).expect("below the length of a slice"));
        }
    }
}

/// 2^-53.
const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placed_draw_is_the_draw_of_the_stream_at_that_place() {
        let seed = MasterSeed(9);
        let mut placed = PlacedDraws::new(seed.key(Purpose::Slippage, 1, 2, 3));
        for (stream, place) in
            [(0, 0), (0, 1), (0, 7), (0, 8), (4, 8), (4, 640_001), (0, 0), (4, u64::from(u32::MAX) * 64)]
        {
            placed.foresee(0, 8);
            let mut rng = seed.rng(Purpose::Slippage, 1, 2, 3);
            rng.set_stream(stream);
            rng.set_word_pos(2 * u128::from(place));
            assert_eq!(placed.unit(stream, place).to_bits(), rng.unit().to_bits(), "{stream} {place}");
        }
    }
}
