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

/// Feeds typed values into a digest, each in one fixed little-endian form; texts and lists carry their length.
#[derive(Debug, Clone, Default)]
pub struct DigestWriter(blake3::Hasher);

impl DigestWriter {
    /// A writer for one kind of record; `domain` keeps kinds apart.
    pub fn new(domain: &str) -> Self {
        let mut writer = Self(blake3::Hasher::new());
        writer.text(domain);
        writer
    }

    /// Raw bytes without a length.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
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
            Some(value) => self.u64(1).f64(value),
            None => self.u64(0),
        }
    }

    /// Another digest.
    pub fn digest(&mut self, digest: Digest) -> &mut Self {
        self.bytes(&digest.0)
    }

    /// The digest of everything fed so far.
    pub fn finish(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}
