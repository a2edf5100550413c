//! Bitmaps over rows, 64 rows to a word: combined word by word, searched bit by bit.

use std::sync::Arc;

/// Words for so many rows.
pub fn words_for(rows: usize) -> usize {
    rows.div_ceil(64)
}

/// Rows set in both.
///
/// # Panics
/// When the lengths differ.
pub fn and(left: &[u64], right: &[u64]) -> Arc<[u64]> {
    zip(left, right, |l, r| l & r)
}

/// Rows set in either.
///
/// # Panics
/// When the lengths differ.
pub fn or(left: &[u64], right: &[u64]) -> Arc<[u64]> {
    zip(left, right, |l, r| l | r)
}

/// Rows set in the first and not in the second.
///
/// # Panics
/// When the lengths differ.
pub fn and_not(left: &[u64], right: &[u64]) -> Arc<[u64]> {
    zip(left, right, |l, r| l & !r)
}

/// Rows not set, among the first `rows`.
pub fn not(words: &[u64], rows: usize) -> Arc<[u64]> {
    let mut out: Vec<u64> = words.iter().map(|word| !word).collect();
    if let Some(last) = out.last_mut().filter(|_| !rows.is_multiple_of(64)) {
        *last &= (1 << (rows % 64)) - 1;
    }
    out.into()
}

/// Whether the bit of a row is set; words that are not there hold no rows.
#[inline]
pub fn is_set(words: &[u64], row: usize) -> bool {
    words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
}

/// First set row at or after `from`.
#[inline]
pub fn next_set(words: &[u64], from: usize) -> Option<usize> {
    let start = from / 64;
    let first = words.get(start)? & (u64::MAX << (from % 64));
    if first != 0 {
        return Some(start * 64 + first.trailing_zeros() as usize);
    }
    let ahead = words[start + 1..].iter().position(|&word| word != 0)?;
    let index = start + 1 + ahead;
    Some(index * 64 + words[index].trailing_zeros() as usize)
}

/// Number of set rows.
pub fn count(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

fn zip(left: &[u64], right: &[u64], combine: impl Fn(u64, u64) -> u64) -> Arc<[u64]> {
    assert_eq!(left.len(), right.len(), "bitmaps of one symbol");
    left.iter().zip(right).map(|(&l, &r)| combine(l, r)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pack(bits: &[bool]) -> Vec<u64> {
        let mut words = vec![0; words_for(bits.len())];
        for (row, _) in bits.iter().enumerate().filter(|(_, set)| **set) {
            words[row / 64] |= 1 << (row % 64);
        }
        words
    }

    proptest! {
        #[test]
        fn the_next_set_row_is_found_from_anywhere(
            bits in prop::collection::vec(prop::bool::weighted(0.02), 0..400),
            from in 0..500_usize,
        ) {
            let expected = (from..bits.len()).find(|&row| bits[row]);
            prop_assert_eq!(next_set(&pack(&bits), from), expected);
        }

        #[test]
        fn words_combine_like_their_rows(pairs in prop::collection::vec(any::<(bool, bool)>(), 0..200)) {
            let (left, right): (Vec<bool>, Vec<bool>) = pairs.iter().copied().unzip();
            let (l, r) = (pack(&left), pack(&right));
            for (row, &(a, b)) in pairs.iter().enumerate() {
                prop_assert_eq!(is_set(&and(&l, &r), row), a && b);
                prop_assert_eq!(is_set(&or(&l, &r), row), a || b);
                prop_assert_eq!(is_set(&and_not(&l, &r), row), a && !b);
            }
            let inverted = not(&l, left.len());
            prop_assert_eq!(count(&inverted) + count(&l), left.len() as u64);
            prop_assert_eq!(count(&and(&inverted, &l)), 0);
        }
    }
}
