//! The random numbers of slippage (`execution.md` 6.1): in order of booking, or addressed by symbol, bar and slot.

use crate::types::words::words;
use crate::types::{KeyedRng, MasterSeed, Purpose, SymbolId};

words! {
    /// How slippage draws are addressed.
    SlippageStream {
        /// The n-th application takes the n-th draw.
        Sequential = "sequential",
        /// By symbol, bar and place within the bar: independent of earlier trades.
        Keyed = "keyed",
    }
}

/// Most applications of slippage on one bar of one symbol with keyed draws.
pub const SLOTS_PER_BAR: u32 = 64;

/// Where slippage is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawAddress {
    /// The symbol.
    pub symbol: SymbolId,
    /// Row of the symbol's own bars.
    pub row: u32,
}

/// More draws on one bar than the address has room for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than 64 slippage draws on bar {row} of symbol {symbol}: use \"slippage_stream\": \"sequential\" or trade \
     fewer orders per bar"
)]
pub struct DrawError {
    /// Index of the symbol.
    pub symbol: u16,
    /// Row of its bar.
    pub row: u32,
}

/// Where slippage takes its draws in `[0, 1)` from.
pub trait Draws {
    /// The draw of the next application at an address.
    ///
    /// # Errors
    /// When the address has no more room.
    fn draw(&mut self, at: DrawAddress) -> Result<f64, DrawError>;

    /// The draw the next application at an address would take, without taking it.
    fn peek(&self, at: DrawAddress) -> f64;

    /// Draws taken so far.
    fn taken(&self) -> u64;
}

/// The engine's generator: one ChaCha8 per engine instance.
#[derive(Debug, Clone)]
pub struct RngDraws {
    rng: KeyedRng,
    stream: SlippageStream,
    taken: u64,
    slots: Vec<Slot>,
}

/// Applications so far on the newest bar of a symbol.
#[derive(Debug, Clone, Copy)]
struct Slot {
    row: u32,
    used: u32,
}

impl RngDraws {
    /// The draws of one engine; `taken` is 0 for a new run and the count of a snapshot for a resumed one.
    pub fn new(
        seed: MasterSeed,
        fold: u32,
        repeat: u32,
        trial: u64,
        stream: SlippageStream,
        taken: u64,
    ) -> Self {
        let mut rng = seed.rng(Purpose::Slippage, fold, repeat, trial);
        rng.set_word_pos(u128::from(taken) * 2);
        Self { rng, stream, taken, slots: Vec::new() }
    }

    fn keyed(mut rng: KeyedRng, at: DrawAddress, slot: u32) -> f64 {
        rng.set_stream(u64::from(at.symbol.0));
        rng.set_word_pos(2 * (u128::from(at.row) * u128::from(SLOTS_PER_BAR) + u128::from(slot)));
        rng.unit()
    }

    fn used(&self, at: DrawAddress) -> u32 {
        self.slots.get(at.symbol.index()).filter(|slot| slot.row == at.row).map_or(0, |slot| slot.used)
    }
}

impl Draws for RngDraws {
    fn draw(&mut self, at: DrawAddress) -> Result<f64, DrawError> {
        self.taken += 1;
        if self.stream == SlippageStream::Sequential {
            return Ok(self.rng.unit());
        }
        let used = self.used(at);
        if used >= SLOTS_PER_BAR {
            return Err(DrawError { symbol: at.symbol.0, row: at.row });
        }
        if self.slots.len() <= at.symbol.index() {
            self.slots.resize(at.symbol.index() + 1, Slot { row: u32::MAX, used: 0 });
        }
        self.slots[at.symbol.index()] = Slot { row: at.row, used: used + 1 };
        Ok(Self::keyed(self.rng.clone(), at, used))
    }

    fn peek(&self, at: DrawAddress) -> f64 {
        match self.stream {
            SlippageStream::Sequential => self.rng.clone().unit(),
            SlippageStream::Keyed => Self::keyed(self.rng.clone(), at, self.used(at)),
        }
    }

    fn taken(&self) -> u64 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: DrawAddress = DrawAddress { symbol: SymbolId(2), row: 7 };

    fn draws(stream: SlippageStream, taken: u64) -> RngDraws {
        RngDraws::new(MasterSeed(42), 0, 0, 5, stream, taken)
    }

    #[test]
    fn peeking_shows_the_next_draw_and_takes_none() {
        for stream in [SlippageStream::Sequential, SlippageStream::Keyed] {
            let mut draws = draws(stream, 0);
            for _ in 0..3 {
                let seen = draws.peek(AT);
                assert_eq!(draws.draw(AT), Ok(seen));
            }
            assert_eq!(draws.taken(), 3);
        }
    }

    #[test]
    fn a_resumed_sequence_goes_on_where_it_stopped() {
        let mut whole = draws(SlippageStream::Sequential, 0);
        for _ in 0..5 {
            whole.draw(AT).expect("room");
        }
        assert_eq!(draws(SlippageStream::Sequential, 5).draw(AT), whole.draw(AT));
    }

    #[test]
    fn a_bar_has_room_for_64_keyed_draws() {
        let mut draws = draws(SlippageStream::Keyed, 0);
        for _ in 0..SLOTS_PER_BAR {
            draws.draw(AT).expect("room");
        }
        let error = draws.draw(AT).expect_err("full");
        assert!(error.to_string().contains("bar 7 of symbol 2"), "{error}");
        assert!(draws.draw(DrawAddress { row: 8, ..AT }).is_ok());
    }
}
