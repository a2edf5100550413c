//! The random numbers of slippage (`execution.md` 6.1): in order of booking, or addressed by symbol, bar and slot.

use serde::{Deserialize, Serialize};

use crate::types::words::words;
use crate::types::{KeyedRng, MasterSeed, PlacedDraws, Purpose, SymbolId};

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

    /// Says at which address a draw is likely to be taken after the next one. Changes no draw.
    fn foresee(&mut self, _at: DrawAddress) {}

    /// Draws taken so far.
    fn taken(&self) -> u64;

    /// Everything needed to go on from here.
    fn state(&self) -> DrawState {
        DrawState { taken: self.taken(), slots: Vec::new() }
    }
}

/// Where a source of draws stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DrawState {
    /// Draws taken so far.
    pub taken: u64,
    /// Per symbol its newest bar with draws, and how many it has.
    slots: Vec<Slot>,
}

/// The engine's generator: one ChaCha8 per engine instance.
#[derive(Debug, Clone)]
pub struct RngDraws {
    source: Source,
    state: DrawState,
}

#[derive(Debug, Clone)]
enum Source {
    /// The n-th application takes the n-th draw.
    InOrder(Box<KeyedRng>),
    /// An application takes the draw at the place of its bar and slot, in the stream of its symbol.
    Placed(Box<PlacedDraws>),
}

/// Applications so far on the newest bar of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    row: u32,
    used: u32,
}

impl RngDraws {
    /// The draws of one engine, from the first on.
    pub fn new(seed: MasterSeed, fold: u32, repeat: u32, trial: u64, stream: SlippageStream) -> Self {
        let source = match stream {
            SlippageStream::Sequential => {
                Source::InOrder(Box::new(seed.rng(Purpose::Slippage, fold, repeat, trial)))
            }
            SlippageStream::Keyed => {
                Source::Placed(Box::new(PlacedDraws::new(seed.key(Purpose::Slippage, fold, repeat, trial))))
            }
        };
        Self { source, state: DrawState::default() }
    }

    /// The same draws, going on from where a run stopped.
    pub fn resumed(mut self, state: DrawState) -> Self {
        if let Source::InOrder(rng) = &mut self.source {
            rng.set_word_pos(u128::from(state.taken) * 2);
        }
        self.state = state;
        self
    }

    fn used(&self, at: DrawAddress) -> u32 {
        self.state.slots.get(at.symbol.index()).filter(|slot| slot.row == at.row).map_or(0, |slot| slot.used)
    }
}

/// The place of a slot of a bar in the stream of its symbol.
fn place(at: DrawAddress, slot: u32) -> u64 {
    u64::from(at.row) * u64::from(SLOTS_PER_BAR) + u64::from(slot)
}

impl Draws for RngDraws {
    fn draw(&mut self, at: DrawAddress) -> Result<f64, DrawError> {
        self.state.taken += 1;
        let used = self.used(at);
        let placed = match &mut self.source {
            Source::InOrder(rng) => return Ok(rng.unit()),
            Source::Placed(placed) => placed,
        };
        if used >= SLOTS_PER_BAR {
            return Err(DrawError { symbol: at.symbol.0, row: at.row });
        }
        if self.state.slots.len() <= at.symbol.index() {
            self.state.slots.resize(at.symbol.index() + 1, Slot { row: u32::MAX, used: 0 });
        }
        self.state.slots[at.symbol.index()] = Slot { row: at.row, used: used + 1 };
        Ok(placed.unit(u64::from(at.symbol.0), place(at, used)))
    }

    fn peek(&self, at: DrawAddress) -> f64 {
        match &self.source {
            Source::InOrder(rng) => rng.clone().unit(),
            Source::Placed(placed) => placed.clone().unit(u64::from(at.symbol.0), place(at, self.used(at))),
        }
    }

    #[inline]
    fn foresee(&mut self, at: DrawAddress) {
        if let Source::Placed(placed) = &mut self.source {
            placed.foresee(u64::from(at.symbol.0), place(at, 0));
        }
    }

    fn taken(&self) -> u64 {
        self.state.taken
    }

    fn state(&self) -> DrawState {
        self.state.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: DrawAddress = DrawAddress { symbol: SymbolId(2), row: 7 };

    fn draws(stream: SlippageStream) -> RngDraws {
        RngDraws::new(MasterSeed(42), 0, 0, 5, stream)
    }

    #[test]
    fn peeking_shows_the_next_draw_and_takes_none() {
        for stream in [SlippageStream::Sequential, SlippageStream::Keyed] {
            let mut draws = draws(stream);
            for _ in 0..3 {
                let seen = draws.peek(AT);
                assert_eq!(draws.draw(AT), Ok(seen));
            }
            assert_eq!(draws.taken(), 3);
        }
    }

    #[test]
    fn a_resumed_sequence_goes_on_where_it_stopped() {
        for stream in [SlippageStream::Sequential, SlippageStream::Keyed] {
            let mut whole = draws(stream);
            for _ in 0..5 {
                whole.draw(AT).expect("room");
            }
            let mut resumed = draws(stream).resumed(whole.state());
            assert_eq!(resumed.draw(AT), whole.draw(AT));
        }
    }

    #[test]
    fn a_bar_has_room_for_64_keyed_draws() {
        let mut draws = draws(SlippageStream::Keyed);
        for _ in 0..SLOTS_PER_BAR {
            draws.draw(AT).expect("room");
        }
        let error = draws.draw(AT).expect_err("full");
        assert!(error.to_string().contains("bar 7 of symbol 2"), "{error}");
        assert!(draws.draw(DrawAddress { row: 8, ..AT }).is_ok());
    }
}
