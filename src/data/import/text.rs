//! Text files as they come: compressed or not, UTF-8 or UTF-16, read as a stream with bounded memory.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use zip::ZipArchive;

use crate::data::error::{DataCode, DataError, printable};
use crate::data::parquet::open_file;

/// Longest line, bytes.
pub(crate) const MAX_LINE: usize = 1 << 20;
/// Most bytes of text out of a compressed byte; bars make 5 to 50.
const MAX_RATIO: u64 = 100;
/// Bytes of text that any compressed file may make.
const FREE: u64 = 1 << 24;
/// Bytes looked at to recognise a format.
const PEEK: usize = 1 << 13;

/// Opens a text file, undoes `.gz` or a `.zip` with one member, and hands the clean UTF-8 stream to `work`.
///
/// # Errors
/// `file_not_found`, `empty_file`, `unknown_format` for archives with several members and for web pages,
/// `invalid_text`, `limit_exceeded`, and what `work` returns.
pub(crate) fn with_text<T>(
    path: &Path,
    work: impl FnOnce(&mut dyn BufRead) -> Result<T, DataError>,
) -> Result<T, DataError> {
    let packed = Rc::new(Cell::new(0));
    let mut file = BufReader::new(Counted { file: open_file(path)?, read: Rc::clone(&packed) });
    let refused = |error: &io::Error| stream_error(error, path);
    let start = file.fill_buf().map_err(|error| refused(&error))?;
    if start.starts_with(&[0x1f, 0x8b]) {
        return clean(Unpacked::new(MultiGzDecoder::new(file), packed), path, work);
    }
    if start.starts_with(b"PK\x03\x04") {
        let mut archive = ZipArchive::new(file).map_err(|error| not_text(path, &error.to_string()))?;
        if archive.len() != 1 {
            let names: Vec<&str> = archive.file_names().take(20).collect();
            let what = format!("the archive has {} members: {}", archive.len(), names.join(", "));
            return Err(not_text(path, &what).hint("take the file out and import it"));
        }
        let member = archive.by_index(0).map_err(|error| not_text(path, &error.to_string()))?;
        return clean(Unpacked::new(member, packed), path, work);
    }
    clean(file, path, work)
}

fn clean<T>(
    raw: impl Read,
    path: &Path,
    work: impl FnOnce(&mut dyn BufRead) -> Result<T, DataError>,
) -> Result<T, DataError> {
    let mut text = BufReader::with_capacity(1 << 16, Utf8Stream::new(raw));
    let start = text.fill_buf().map_err(|error| stream_error(&error, path))?;
    if start.is_empty() {
        return Err(DataError::new(DataCode::EmptyFile, "nothing in the file").path(path));
    }
    if is_page(start) {
        return Err(not_text(path, "a web page, not bars").hint("the download failed: fetch the file again"));
    }
    let result = work(&mut text);
    // Undecodable text anywhere is reported before a malformed row.
    if let Err(error) = &result
        && error.code() != DataCode::InvalidText
    {
        io::copy(&mut text, &mut io::sink()).map_err(|error| stream_error(&error, path))?;
    }
    result
}

fn is_page(start: &[u8]) -> bool {
    let head: Vec<u8> = start.iter().take(64).map(u8::to_ascii_lowercase).collect();
    let head = head.trim_ascii_start();
    [&b"<!doctype"[..], b"<html", b"<?xml", b"<head"].iter().any(|page| head.starts_with(page))
}

fn not_text(path: &Path, what: &str) -> DataError {
    DataError::new(DataCode::UnknownFormat, printable(what)).path(path)
}

/// The error behind a failed read of a text stream.
pub(crate) fn stream_error(error: &io::Error, path: &Path) -> DataError {
    let code = match error.get_ref().and_then(|inner| inner.downcast_ref::<TextProblem>()) {
        Some(TextProblem::LongLine(_) | TextProblem::Bomb) => DataCode::LimitExceeded,
        Some(_) => DataCode::InvalidText,
        None if error.kind() == io::ErrorKind::InvalidInput => DataCode::UnknownFormat,
        None => DataCode::FileUnreadable,
    };
    let hint = match code {
        _ if error.get_ref().is_some_and(|inner| matches!(inner.downcast_ref(), Some(TextProblem::Bomb))) => {
            "if the text is what it should be, unpack it and import that"
        }
        DataCode::InvalidText => "the file is cut or no text: copy or export it again",
        DataCode::LimitExceeded => "the file has no line ends where they belong: wrong format or damaged",
        _ => "the file cannot be read to its end",
    };
    DataError::new(code, printable(&error.to_string())).path(path).hint(hint)
}

/// First lines of the text, to recognise the format by.
pub(crate) fn first_lines(path: &Path) -> Result<Vec<String>, DataError> {
    with_text(path, |text| {
        let mut start = Vec::new();
        text.take(PEEK as u64).read_to_end(&mut start).map_err(|error| stream_error(&error, path))?;
        Ok(String::from_utf8_lossy(&start).lines().take(5).map(str::to_owned).collect())
    })
}

/// What is wrong with a stream of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum TextProblem {
    #[error("a NUL byte at offset {0}")]
    Nul(u64),
    #[error("not UTF-8 at offset {0}")]
    NotUtf8(u64),
    #[error("not UTF-16 at offset {0}")]
    NotUtf16(u64),
    #[error("a line of more than {MAX_LINE} bytes at offset {0}")]
    LongLine(u64),
    #[error("unpacking makes more than {MAX_RATIO} bytes of one")]
    Bomb,
}

impl From<TextProblem> for io::Error {
    fn from(problem: TextProblem) -> Self {
        Self::new(io::ErrorKind::InvalidData, problem)
    }
}

/// A file that tells how much of it was read.
struct Counted {
    file: File,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Text out of a compressed file, as long as it is not out of all proportion.
struct Unpacked<R> {
    text: R,
    packed: Rc<Cell<u64>>,
    made: u64,
}

impl<R> Unpacked<R> {
    fn new(text: R, packed: Rc<Cell<u64>>) -> Self {
        Self { text, packed, made: 0 }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(out)?;
        self.made += count as u64;
        if self.made > FREE + MAX_RATIO * self.packed.get() {
            return Err(TextProblem::Bomb.into());
        }
        Ok(count)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Unknown,
    Utf8,
    Utf16 { big_endian: bool },
}

/// Any text as checked UTF-8: marks removed, UTF-16 converted, NUL bytes and endless lines refused.
struct Utf8Stream<R> {
    raw: R,
    encoding: Encoding,
    /// Bytes of a character whose rest has not arrived.
    pending: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    offset: u64,
    line: usize,
    ended: bool,
}

impl<R: Read> Utf8Stream<R> {
    fn new(raw: R) -> Self {
        Self {
            raw,
            encoding: Encoding::Unknown,
            pending: Vec::new(),
            ready: Vec::new(),
            at: 0,
            offset: 0,
            line: 0,
            ended: false,
        }
    }

    /// Converts the next piece.
    fn refill(&mut self) -> io::Result<()> {
        let mut piece = vec![0; 1 << 15];
        let count = self.raw.read(&mut piece)?;
        self.ended = count == 0;
        piece.truncate(count);
        let mut bytes = std::mem::take(&mut self.pending);
        bytes.extend_from_slice(&piece);
        if self.encoding == Encoding::Unknown {
            if bytes.len() < 3 && !self.ended {
                self.pending = bytes;
                return Ok(());
            }
            bytes = self.recognise(&bytes);
        }
        self.ready = match self.encoding {
            Encoding::Utf16 { big_endian } => self.from_utf16(bytes, big_endian)?,
            _ => self.checked_utf8(bytes)?,
        };
        self.at = 0;
        self.check_lines()
    }

    fn recognise(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (encoding, mark) = match bytes {
            [0xff, 0xfe, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            _ => (Encoding::Utf8, 0),
        };
        self.encoding = encoding;
        bytes[mark..].to_vec()
    }

    fn checked_utf8(&mut self, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        if let Err(error) = std::str::from_utf8(&bytes) {
            let good = error.valid_up_to();
            if error.error_len().is_some() || self.ended {
                return Err(TextProblem::NotUtf8(self.offset + good as u64).into());
            }
            self.pending = bytes.split_off(good);
        }
        if let Some(nul) = bytes.iter().position(|&byte| byte == 0) {
            return Err(TextProblem::Nul(self.offset + nul as u64).into());
        }
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }

    #[expect(clippy::wrong_self_convention, reason = "converts bytes, not the stream")]
    fn from_utf16(&mut self, mut bytes: Vec<u8>, big_endian: bool) -> io::Result<Vec<u8>> {
        let mut whole = bytes.len() / 2 * 2;
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        // The first half of a surrogate pair waits for the second.
        if whole >= 2 && (0xd800..0xdc00).contains(&unit(&bytes[whole - 2..whole])) && !self.ended {
            whole -= 2;
        }
        self.pending = bytes.split_off(whole);
        if self.ended && !self.pending.is_empty() {
            return Err(TextProblem::NotUtf16(self.offset + whole as u64).into());
        }
        let units = bytes.chunks_exact(2).map(unit);
        let text: Result<String, _> = char::decode_utf16(units).collect();
        let text = text.map_err(|_| TextProblem::NotUtf16(self.offset))?;
        if text.contains('\0') {
            return Err(TextProblem::Nul(self.offset).into());
        }
        self.offset += bytes.len() as u64;
        Ok(text.into_bytes())
    }

    fn check_lines(&mut self) -> io::Result<()> {
        for part in self.ready.split_inclusive(|&byte| byte == b'\n') {
            self.line += part.len();
            if self.line > MAX_LINE {
                return Err(TextProblem::LongLine(self.offset).into());
            }
            if part.ends_with(b"\n") {
                self.line = 0;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf8Stream<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let count = out.len().min(self.ready.len() - self.at);
        out[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, String> {
        let mut text = String::new();
        let one_by_one = bytes
            .chunks(1)
            .fold(Box::new(io::empty()) as Box<dyn Read>, |chain, piece| Box::new(chain.chain(piece)));
        Utf8Stream::new(one_by_one).read_to_string(&mut text).map_err(|error| error.to_string())?;
        Ok(text)
    }

    #[test]
    fn marks_and_utf16_become_plain_utf8() {
        assert_eq!(read(b"\xef\xbb\xbfa\xc3\xa9"), Ok("aé".to_owned()));
        let utf16: Vec<u8> =
            std::iter::once(0xfeff).chain("é𝄞".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16), Ok("é𝄞".to_owned()));
        let big: Vec<u8> =
            std::iter::once(0xfeff).chain("ab".encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&big), Ok("ab".to_owned()));
    }

    #[test]
    fn nul_bytes_bad_text_and_endless_lines_are_refused() {
        assert_eq!(read(b"ab\0"), Err("a NUL byte at offset 2".to_owned()));
        assert_eq!(read(b"a\xff"), Err("not UTF-8 at offset 1".to_owned()));
        assert_eq!(read(b"\xff\xfea"), Err("not UTF-16 at offset 0".to_owned()));
        let mut endless = Utf8Stream::new(io::repeat(b'a'));
        let error = io::copy(&mut endless, &mut io::sink()).expect_err("endless");
        assert!(error.to_string().starts_with("a line of more than"), "{error}");
    }
}
