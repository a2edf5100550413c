//! One block of ChaCha8, for numbers that are addressed one at a time.
//!
//! The generator of the `rand_chacha` crate makes four blocks at once, which is right for streams; a draw that jumps to
//! its own address wants one. Same words: the layout is that of Bernstein's cipher with a 64-bit counter and a 64-bit
//! stream, and a test compares both.

/// "expand 32-byte k".
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// Column and diagonal rounds, two at a time: eight rounds.
const DOUBLE_ROUNDS: usize = 4;

/// The 16 words of a block under a 256-bit key.
pub(super) fn block(key: &[u8; 32], counter: u64, stream: u64) -> [u32; 16] {
    let words = key.as_chunks::<4>().0;
    let key_row = |first: usize| Row::of(std::array::from_fn(|i| u32::from_le_bytes(words[first + i])));
    let start = [Row::of(CONSTANTS), key_row(0), key_row(4), Row::of(halves(counter, stream))];
    let [mut a, mut b, mut c, mut d] = start;
    for _ in 0..DOUBLE_ROUNDS {
        (a, b, c, d) = quarter_rounds(a, b, c, d);
        (b, c, d) = (b.turned_by_1(), c.turned_by_2(), d.turned_by_3());
        (a, b, c, d) = quarter_rounds(a, b, c, d);
        (b, c, d) = (b.turned_by_3(), c.turned_by_2(), d.turned_by_1());
    }
    let mut out = [0; 16];
    for ((row, from), to) in [a, b, c, d].into_iter().zip(start).zip(out.as_chunks_mut::<4>().0) {
        *to = row.plus(from).words();
    }
    out
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 64 bits")]
fn halves(counter: u64, stream: u64) -> [u32; 4] {
    [counter as u32, (counter >> 32) as u32, stream as u32, (stream >> 32) as u32]
}

/// Four quarter rounds side by side.
#[inline]
fn quarter_rounds(mut a: Row, mut b: Row, mut c: Row, mut d: Row) -> (Row, Row, Row, Row) {
    a = a.plus(b);
    d = d.mixed::<16, 16>(a);
    c = c.plus(d);
    b = b.mixed::<12, 20>(c);
    a = a.plus(b);
    d = d.mixed::<8, 24>(a);
    c = c.plus(d);
    b = b.mixed::<7, 25>(c);
    (a, b, c, d)
}

#[cfg(target_arch = "x86_64")]
use wide::Row;
#[cfg(not(target_arch = "x86_64"))]
use words::Row;

/// Four words in one register.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::__m128i;

    use pulp::core_arch::x86::Sse2;

    /// Four words handled alike.
    #[derive(Clone, Copy)]
    pub(super) struct Row {
        sse: Sse2,
        words: __m128i,
    }

    impl Row {
        #[inline]
        pub(super) fn of(words: [u32; 4]) -> Self {
            Self { sse: Sse2::try_new().expect("part of every 64-bit x86"), words: pulp::cast(words) }
        }

        #[inline]
        pub(super) fn words(self) -> [u32; 4] {
            pulp::cast(self.words)
        }

        #[inline]
        pub(super) fn plus(self, other: Self) -> Self {
            Self { words: self.sse._mm_add_epi32(self.words, other.words), ..self }
        }

        /// Exclusive or, then a rotation to the left by `LEFT` of 32 bits.
        #[inline]
        pub(super) fn mixed<const LEFT: i32, const REST: i32>(self, other: Self) -> Self {
            let sse = self.sse;
            let mixed = sse._mm_xor_si128(self.words, other.words);
            let (left, rest) = (sse._mm_slli_epi32::<LEFT>(mixed), sse._mm_srli_epi32::<REST>(mixed));
            Self { words: sse._mm_or_si128(left, rest), ..self }
        }

        /// The words moved to the front by one place.
        #[inline]
        pub(super) fn turned_by_1(self) -> Self {
            Self { words: self.sse._mm_shuffle_epi32::<0b00_11_10_01>(self.words), ..self }
        }

        #[inline]
        pub(super) fn turned_by_2(self) -> Self {
            Self { words: self.sse._mm_shuffle_epi32::<0b01_00_11_10>(self.words), ..self }
        }

        #[inline]
        pub(super) fn turned_by_3(self) -> Self {
            Self { words: self.sse._mm_shuffle_epi32::<0b10_01_00_11>(self.words), ..self }
        }
    }
}

/// Four words one by one, for other machines.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod words {
    /// Four words handled alike.
    #[derive(Clone, Copy)]
    pub(super) struct Row([u32; 4]);

    impl Row {
        pub(super) fn of(words: [u32; 4]) -> Self {
            Self(words)
        }

        pub(super) fn words(self) -> [u32; 4] {
            self.0
        }

        pub(super) fn plus(self, other: Self) -> Self {
            Self(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
        }

        /// Exclusive or, then a rotation to the left by `LEFT` of 32 bits.
        pub(super) fn mixed<const LEFT: i32, const REST: i32>(self, other: Self) -> Self {
            Self(std::array::from_fn(|i| (self.0[i] ^ other.0[i]).rotate_left(LEFT.cast_unsigned())))
        }

        /// The words moved to the front by one place.
        pub(super) fn turned_by_1(self) -> Self {
            Self(std::array::from_fn(|i| self.0[(i + 1) % 4]))
        }

        pub(super) fn turned_by_2(self) -> Self {
            self.turned_by_1().turned_by_1()
        }

        pub(super) fn turned_by_3(self) -> Self {
            self.turned_by_2().turned_by_1()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_block_holds_the_words_of_the_stream() {
        let key: [u8; 32] = std::array::from_fn(|i| u8::try_from(i * 37 % 256).expect("a byte"));
        for stream in [0, 1, 1 << 40] {
            for counter in [0, 1, 7, u64::from(u32::MAX), 1 << 33] {
                let mut rng = ChaCha8Rng::from_seed(key);
                rng.set_stream(stream);
                rng.set_word_pos(u128::from(counter) * 16);
                let expected: [u32; 16] = std::array::from_fn(|_| rng.next_u32());
                assert_eq!(block(&key, counter, stream), expected, "block {counter} of stream {stream}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_register_does_what_its_words_do(a in any::<[u32; 4]>(), b in any::<[u32; 4]>()) {
            let (wide, other) = (Row::of(a), Row::of(b));
            let (plain, second) = (words::Row::of(a), words::Row::of(b));
            prop_assert_eq!(wide.words(), a);
            prop_assert_eq!(wide.plus(other).words(), plain.plus(second).words());
            prop_assert_eq!(wide.mixed::<16, 16>(other).words(), plain.mixed::<16, 16>(second).words());
            prop_assert_eq!(wide.mixed::<7, 25>(other).words(), plain.mixed::<7, 25>(second).words());
            prop_assert_eq!(wide.turned_by_1().words(), plain.turned_by_1().words());
            prop_assert_eq!(wide.turned_by_2().words(), plain.turned_by_2().words());
            prop_assert_eq!(wide.turned_by_3().words(), plain.turned_by_3().words());
        }
    }
}
