//! Two blocks of ChaCha8, for numbers that are addressed one at a time.
//!
//! The generator of the `rand_chacha` crate makes four neighbouring blocks at once, which is right for streams; a draw that
//! jumps to its own address wants one, and perhaps that of the draw after it. Same words: the layout is that of Bernstein's cipher with a 64-bit counter and a 64-bit
//! stream, and a test compares both.

use pulp::Arch;

use super::registers;

/// The first row of every block.
const CONSTANTS: &[u8; 16] = b"expand 32-byte k";

/// Column and diagonal rounds, two at a time: eight rounds.
const DOUBLE_ROUNDS: usize = 4;

/// Where two blocks of a stream lie under a 256-bit key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) key: &'a [u8; 32],
    pub(super) stream: u64,
    pub(super) counters: [u64; 2],
}

/// The 16 words of each of two blocks. A block is a chain of operations that wait for each other, so two at once take
/// hardly longer than one where registers hold both.
pub(super) fn make_blocks(places: Places<'_>, out: &mut [[u32; 16]; 2]) {
    make_blocks_on(registers::arch(), places, out);
}

#[cfg(target_arch = "x86_64")]
fn make_blocks_on(arch: Arch, places: Places<'_>, out: &mut [[u32; 16]; 2]) {
    match arch {
        Arch::V4(simd) => simd.vectorize(wide::Making { vectors: *simd, turns: simd.avx512f, places, out }),
        Arch::V3(simd) => simd.vectorize(wide::Making { vectors: simd, turns: (), places, out }),
        _ => words::make_blocks(places, out),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn make_blocks_on(_arch: Arch, places: Places<'_>, out: &mut [[u32; 16]; 2]) {
    words::make_blocks(places, out);
}

/// A row of four words of each of two blocks.
trait Row: Copy {
    fn plus(self, other: Self) -> Self;

    /// Exclusive or, then a rotation to the left by `LEFT` of 32 bits.
    fn mixed<const LEFT: i32, const REST: i32>(self, other: Self) -> Self;

    /// The words of each block moved to the front by one place.
    fn turned_by_1(self) -> Self;

    fn turned_by_2(self) -> Self;

    fn turned_by_3(self) -> Self;
}

/// The rounds over the rows of a block, and the rows added to what comes out.
#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
#[inline(always)]
fn rounds<R: Row>(start: [R; 4]) -> [R; 4] {
    let [mut a, mut b, mut c, mut d] = start;
    for _ in 0..DOUBLE_ROUNDS {
        (a, b, c, d) = quarter_rounds(a, b, c, d);
        (b, c, d) = (b.turned_by_1(), c.turned_by_2(), d.turned_by_3());
        (a, b, c, d) = quarter_rounds(a, b, c, d);
        (b, c, d) = (b.turned_by_3(), c.turned_by_2(), d.turned_by_1());
    }
    [a.plus(start[0]), b.plus(start[1]), c.plus(start[2]), d.plus(start[3])]
}

/// Four quarter rounds side by side.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
fn quarter_rounds<R: Row>(mut a: R, mut b: R, mut c: R, mut d: R) -> (R, R, R, R) {
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

/// A row of both blocks in one register.
#[cfg(target_arch = "x86_64")]
#[expect(
    clippy::inline_always,
    reason = "must be compiled inside the function that enables the instructions"
)]
mod wide {
    use std::arch::x86_64::__m256i;

    use pulp::NullaryFnOnce;
    use pulp::core_arch::x86::{Avx2, Avx512f};
    use pulp::x86::V3;

    use super::{CONSTANTS, Places};

    /// A register, and how it rotates its words.
    #[derive(Clone, Copy)]
    struct Register<T> {
        avx: Avx2,
        turns: T,
        words: __m256i,
    }

    /// How a register rotates its words to the left.
    pub(super) trait Turns: Copy {
        fn left<const LEFT: i32, const REST: i32>(self, avx: Avx2, words: __m256i) -> __m256i;
    }

    /// Two shifts.
    impl Turns for () {
        #[inline(always)]
        fn left<const LEFT: i32, const REST: i32>(self, avx: Avx2, words: __m256i) -> __m256i {
            avx._mm256_or_si256(avx._mm256_slli_epi32::<LEFT>(words), avx._mm256_srli_epi32::<REST>(words))
        }
    }

    /// One instruction.
    impl Turns for Avx512f {
        #[inline(always)]
        fn left<const LEFT: i32, const REST: i32>(self, _avx: Avx2, words: __m256i) -> __m256i {
            self._mm256_rol_epi32::<LEFT>(words)
        }
    }

    impl<T: Turns> Register<T> {
        #[inline(always)]
        fn with(self, words: __m256i) -> Self {
            Self { words, ..self }
        }
    }

    impl<T: Turns> super::Row for Register<T> {
        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            self.with(self.avx._mm256_add_epi32(self.words, other.words))
        }

        #[inline(always)]
        fn mixed<const LEFT: i32, const REST: i32>(self, other: Self) -> Self {
            let mixed = self.avx._mm256_xor_si256(self.words, other.words);
            self.with(self.turns.left::<LEFT, REST>(self.avx, mixed))
        }

        #[inline(always)]
        fn turned_by_1(self) -> Self {
            self.with(self.avx._mm256_shuffle_epi32::<0b00_11_10_01>(self.words))
        }

        #[inline(always)]
        fn turned_by_2(self) -> Self {
            self.with(self.avx._mm256_shuffle_epi32::<0b01_00_11_10>(self.words))
        }

        #[inline(always)]
        fn turned_by_3(self) -> Self {
            self.with(self.avx._mm256_shuffle_epi32::<0b10_01_00_11>(self.words))
        }
    }

    /// The last row is put together from single numbers: passed on by way of memory it would be read in another piece than
    /// it was written, and a processor waits for that.
    #[inline(always)]
    fn make_blocks<T: Turns>(vectors: V3, turns: T, places: Places<'_>, out: &mut [[u32; 16]; 2]) {
        let V3 { avx, avx2, sse2, .. } = vectors;
        let &[low, high] = places.key.as_chunks::<16>().0 else { unreachable!("32 bytes are twice 16") };
        let [one, two] = places.counters;
        let one = avx._mm256_castsi128_si256(sse2._mm_set_epi64x(0, one.cast_signed()));
        let counters = avx2._mm256_inserti128_si256::<1>(one, sse2._mm_set_epi64x(0, two.cast_signed()));
        let streams = avx._mm256_set1_epi64x(places.stream.cast_signed());
        let first = Register { avx: avx2, turns, words: pulp::cast([*CONSTANTS, *CONSTANTS]) };
        let [a, b, c, d] = super::rounds([
            first,
            first.with(pulp::cast([low, low])),
            first.with(pulp::cast([high, high])),
            first.with(avx2._mm256_unpacklo_epi64(counters, streams)),
        ]);
        let [a, b]: [[[u32; 4]; 2]; 2] = [pulp::cast(a.words), pulp::cast(b.words)];
        let [c, d]: [[[u32; 4]; 2]; 2] = [pulp::cast(c.words), pulp::cast(d.words)];
        *out = [pulp::cast([a[0], b[0], c[0], d[0]]), pulp::cast([a[1], b[1], c[1], d[1]])];
    }

    /// Two blocks to be made where the instructions are enabled.
    pub(super) struct Making<'a, T> {
        pub(super) vectors: V3,
        pub(super) turns: T,
        pub(super) places: Places<'a>,
        pub(super) out: &'a mut [[u32; 16]; 2],
    }

    impl<T: Turns> NullaryFnOnce for Making<'_, T> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            make_blocks(self.vectors, self.turns, self.places, self.out);
        }
    }
}

/// Words one by one, for machines without such registers.
mod words {
    use super::{CONSTANTS, Places};

    pub(super) fn make_blocks(Places { key, stream, counters }: Places<'_>, out: &mut [[u32; 16]; 2]) {
        let [one, two] = counters;
        let first = block(key, stream, one);
        *out = [first, if two == one { first } else { block(key, stream, two) }];
    }

    fn block(key: &[u8; 32], stream: u64, counter: u64) -> [u32; 16] {
        let place = u128::from(counter) | u128::from(stream) << 64;
        let rows = [&CONSTANTS[..], &key[..16], &key[16..], &place.to_le_bytes()];
        let out = super::rounds(rows.map(|bytes| {
            let words = bytes.as_chunks().0;
            Row(std::array::from_fn(|i| u32::from_le_bytes(words[i])))
        }));
        std::array::from_fn(|i| out[i / 4].0[i % 4])
    }

    /// A row of one block.
    #[derive(Clone, Copy)]
    struct Row([u32; 4]);

    impl super::Row for Row {
        fn plus(self, other: Self) -> Self {
            Self(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
        }

        fn mixed<const LEFT: i32, const REST: i32>(self, other: Self) -> Self {
            Self(std::array::from_fn(|i| (self.0[i] ^ other.0[i]).rotate_left(LEFT.cast_unsigned())))
        }

        fn turned_by_1(self) -> Self {
            Self(std::array::from_fn(|i| self.0[(i + 1) % 4]))
        }

        fn turned_by_2(self) -> Self {
            self.turned_by_1().turned_by_1()
        }

        fn turned_by_3(self) -> Self {
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
                let expected = words_of_stream(key, stream, counter);
                let mut found = [[0; 16]; 2];
                make_blocks(Places { key: &key, stream, counters: [counter; 2] }, &mut found);
                assert_eq!(found, [expected; 2], "block {counter} of stream {stream}");
            }
        }
    }

    fn words_of_stream(key: [u8; 32], stream: u64, counter: u64) -> [u32; 16] {
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        rng.set_word_pos(u128::from(counter) * 16);
        std::array::from_fn(|_| rng.next_u32())
    }

    proptest! {
        #[test]
        fn blocks_hold_the_words_of_their_streams_on_every_path(
            key in any::<[u8; 32]>(),
            stream in 0..1_u64 << 40,
            counters in prop::array::uniform2(0..1_u64 << 34),
        ) {
            let expected = counters.map(|counter| words_of_stream(key, stream, counter));
            let places = Places { key: &key, stream, counters };
            let mut found = [[0; 16]; 2];
            words::make_blocks(places, &mut found);
            prop_assert_eq!(found, expected);
            for arch in registers::every_path() {
                make_blocks_on(arch, places, &mut found);
                prop_assert_eq!(found, expected, "{:?}", arch);
            }
        }
    }
}
