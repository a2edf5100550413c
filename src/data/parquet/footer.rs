//! A look at a footer before it is decoded: decoding takes a hundred times its memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::super::error::{DataCode, DataError};

/// Longest footer: about 60,000 row groups of six columns.
const MAX_FOOTER: u64 = 8 << 20;
/// Most columns.
const MAX_COLUMNS: u64 = 10_000;

/// Refuses footers that claim more than a bar file has. A file that is no Parquet is left to the decoder.
///
/// # Errors
/// `limit_exceeded`, `file_unreadable`.
pub(super) fn check_footer(file: &mut File, bytes: u64, path: &Path) -> Result<(), DataError> {
    let refused = |error: io::Error| DataError::from_io(&error, path);
    let Some(length) = footer_length(file, bytes).map_err(refused)? else { return Ok(()) };
    if length > MAX_FOOTER {
        let what = format!("a footer of {length} bytes, allowed are {MAX_FOOTER}");
        return Err(DataError::new(DataCode::LimitExceeded, what)
            .path(path)
            .hint("write longer row groups and fewer columns: 65,536 rows, six columns"));
    }
    file.seek(SeekFrom::Start(bytes - TAIL - length)).map_err(refused)?;
    let mut start = Vec::new();
    file.by_ref().take(SHORT_START).read_to_end(&mut start).map_err(refused)?;
    file.rewind().map_err(refused)?;
    match columns(&start) {
        Some(columns) if columns > MAX_COLUMNS => {
            let what = format!("the footer claims {columns} columns, allowed are {MAX_COLUMNS}");
            Err(DataError::new(DataCode::LimitExceeded, what)
                .path(path)
                .hint("write a file with the columns of bars: timestamp, open, high, low, close, volume"))
        }
        _ => Ok(()),
    }
}

/// Length of the footer and the magic, at the end of a file.
const TAIL: u64 = 8;
/// Version and length of the schema.
const SHORT_START: u64 = 32;

/// `None` for what is no Parquet file.
fn footer_length(file: &mut File, bytes: u64) -> io::Result<Option<u64>> {
    if bytes < TAIL {
        return Ok(None);
    }
    let mut tail = [0; 8];
    file.seek(SeekFrom::Start(bytes - TAIL))?;
    file.read_exact(&mut tail)?;
    file.rewind()?;
    let [a, b, c, d, magic @ ..] = tail;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    Ok((magic == *b"PAR1" && length <= bytes - TAIL).then_some(length))
}

/// Columns of the schema: the second field of the footer is a list that begins with its length (Thrift's compact
/// protocol), the root of the schema included.
fn columns(start: &[u8]) -> Option<u64> {
    let rest = start.strip_prefix(&[0x15])?;
    let (_, rest) = varint(rest)?;
    let rest = rest.strip_prefix(&[0x19])?;
    let (&header, rest) = rest.split_first()?;
    let elements = match header >> 4 {
        15 => varint(rest)?.0,
        few => u64::from(few),
    };
    Some(elements.saturating_sub(1))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (k, &byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * k);
        if byte < 0x80 {
            return Some((value, &bytes[k + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_schema_are_counted_without_decoding_it() {
        assert_eq!(columns(&[0x15, 0x02, 0x19, 0x7c, 0x48]), Some(6));
        assert_eq!(columns(&[0x15, 0x02, 0x19, 0xfc, 0xc1, 0x84, 0x3d]), Some(1_000_000));
        assert_eq!(columns(&[0x15, 0x02, 0x19, 0xfc, 0xff]), None);
        assert_eq!(columns(b"text"), None);
    }
}
