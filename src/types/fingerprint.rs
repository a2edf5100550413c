//! BLAKE3 digests over canonical little-endian records.

use std::fmt;

/// A 256-bit BLAKE3 digest; prints as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// All 64 hex digits.
    pub fn to_hex(self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// The first `digits` hex digits, at most 64.
    pub fn short(self, digits: usize) -> String {
        self.to_hex()[..digits.min(64)].to_owned()
    }

    /// Reads 64 hex digits; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(|hash| Self(*hash.as_bytes()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short(16))
    }
}

/// Bytes collected before they are hashed: whole subtrees of BLAKE3, so that many of its chunks are hashed side by side.
pub(crate) const BATCH: usize = 16 * 1024;

/// Feeds typed values into a digest, each in one fixed little-endian form; texts and lists carry their length.
#[derive(Debug, Clone, Default)]
pub struct DigestWriter {
    hasher: blake3::Hasher,
    /// Fewer than [`BATCH`] bytes that the hasher has not seen.
    pending: Vec<u8>,
}

impl DigestWriter {
    /// A writer for one kind of record; `domain` keeps kinds apart.
    pub fn new(domain: &str) -> Self {
        let mut writer = Self::default();
        writer.text(domain);
        writer
    }

    /// Raw bytes without a length.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        if self.pending.len() + bytes.len() < BATCH {
            self.pending.extend_from_slice(bytes);
        } else {
            self.hash_batches(bytes);
        }
        self
    }

    /// Completes the pending batch with these bytes, and hashes every whole batch.
    #[cold]
    fn hash_batches(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if !self.pending.is_empty() {
            let (head, behind) = bytes.split_at(BATCH - self.pending.len());
            self.pending.extend_from_slice(head);
            self.hasher.update(&self.pending);
            self.pending.clear();
            rest = behind;
        }
        let (whole, rest) = rest.split_at(rest.len() / BATCH * BATCH);
        self.hasher.update(whole);
        self.pending.extend_from_slice(rest);
    }

    /// Several unsigned integers, without their number.
    #[inline]
    pub fn words<const N: usize>(&mut self, words: [u64; N]) -> &mut Self {
        for word in words {
            self.bytes(&word.to_le_bytes());
        }
        self
    }

    /// A text with its length in front.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.u64(text.len() as u64).bytes(text.as_bytes())
    }

    /// An unsigned integer.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// A signed integer.
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// A float by its bits.
    pub fn f64(&mut self, value: f64) -> &mut Self {
        self.u64(value.to_bits())
    }

    /// A float that may be absent.
    pub fn optional_f64(&mut self, value: Option<f64>) -> &mut Self {
        match value {
            Some(value) => self.words([1, value.to_bits()]),
            None => self.u64(0),
        }
    }

    /// Another digest.
    pub fn digest(&mut self, digest: Digest) -> &mut Self {
        self.bytes(&digest.0)
    }

    /// [`DigestWriter::finish`], and begins anew in the same memory.
    pub fn complete(&mut self) -> Digest {
        let digest = if self.hasher.count() == 0 {
            Digest::of(&self.pending)
        } else {
            let digest = Digest(*self.hasher.update(&self.pending).finalize().as_bytes());
            self.hasher.reset();
            digest
        };
        self.pending.clear();
        digest
    }

    /// The digest of everything fed so far.
    pub fn finish(&self) -> Digest {
        if self.hasher.count() == 0 {
            return Digest::of(&self.pending);
        }
        let mut hasher = self.hasher.clone();
        hasher.update(&self.pending);
        Digest(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_all_bytes_however_they_arrive() {
        let bytes: Vec<u8> =
            (0..3 * BATCH + 777).map(|i| u8::try_from(i * 31 % 251).expect("below 251")).collect();
        for piece in [1, 7, 1000, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 5, bytes.len()] {
            for end in [0, 1, BATCH - 1, BATCH, BATCH + 1, bytes.len()] {
                let mut writer = DigestWriter::default();
                for part in bytes[..end].chunks(piece) {
                    writer.bytes(part);
                }
                assert_eq!(writer.finish(), Digest::of(&bytes[..end]), "{end} bytes in pieces of {piece}");
            }
        }
    }

    #[test]
    fn several_words_are_as_good_as_one_after_the_other() {
        let (mut together, mut single) = (DigestWriter::default(), DigestWriter::default());
        together.words([1, u64::MAX, 0x0102]);
        single.u64(1).u64(u64::MAX).u64(0x0102);
        assert_eq!(together.finish(), single.finish());
    }
}
