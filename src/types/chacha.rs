//! One block of ChaCha8, for numbers that are addressed one at a time.
//!
//! The generator of the `rand_chacha` crate makes four blocks at once, which is right for streams; a draw that jumps to
//! its own address wants one. Same words: the layout is that of Bernstein's cipher with a 64-bit counter and a 64-bit
//! stream, and a test compares both.

/// Four words handled alike, which compilers turn into one register.
type Row = [u32; 4];

/// "expand 32-byte k".
const CONSTANTS: Row = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// Column and diagonal rounds, two at a time: eight rounds.
const DOUBLE_ROUNDS: usize = 4;

/// The 16 words of a block under a 256-bit key.
pub(super) fn block(key: &[u8; 32], counter: u64, stream: u64) -> [u32; 16] {
    let words = key.as_chunks::<4>().0;
    let key_row = |first: usize| -> Row { std::array::from_fn(|i| u32::from_le_bytes(words[first + i])) };
    let start = [CONSTANTS, key_row(0), key_row(4), halves(counter, stream)];
    let [mut a, mut b, mut c, mut d] = start;
    for _ in 0..DOUBLE_ROUNDS {
        (a, b, c, d) = quarter_rounds(a, b, c, d);
        (b, c, d) = (turned::<1>(b), turned::<2>(c), turned::<3>(d));
        (a, b, c, d) = quarter_rounds(a, b, c, d);
        (b, c, d) = (turned::<3>(b), turned::<2>(c), turned::<1>(d));
    }
    let mut out = [0; 16];
    for ((row, from), to) in [a, b, c, d].into_iter().zip(start).zip(out.as_chunks_mut::<4>().0) {
        *to = added(row, from);
    }
    out
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 64 bits")]
fn halves(counter: u64, stream: u64) -> Row {
    [counter as u32, (counter >> 32) as u32, stream as u32, (stream >> 32) as u32]
}

/// Four quarter rounds side by side.
#[inline]
fn quarter_rounds(mut a: Row, mut b: Row, mut c: Row, mut d: Row) -> (Row, Row, Row, Row) {
    a = added(a, b);
    d = mixed::<16>(d, a);
    c = added(c, d);
    b = mixed::<12>(b, c);
    a = added(a, b);
    d = mixed::<8>(d, a);
    c = added(c, d);
    b = mixed::<7>(b, c);
    (a, b, c, d)
}

#[inline]
fn added(left: Row, right: Row) -> Row {
    std::array::from_fn(|i| left[i].wrapping_add(right[i]))
}

/// Exclusive or, then a rotation to the left.
#[inline]
fn mixed<const BITS: u32>(left: Row, right: Row) -> Row {
    std::array::from_fn(|i| (left[i] ^ right[i]).rotate_left(BITS))
}

/// The row with its words moved this many places to the front.
#[inline]
fn turned<const PLACES: usize>(row: Row) -> Row {
    std::array::from_fn(|i| row[(i + PLACES) % 4])
}

#[cfg(test)]
mod tests {
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
}
