//! Pages with checksums, which the parquet crate verifies but does not write.
//!
//! Only what our own files need: uncompressed-by-us, PLAIN data pages of version 1.

use flate2::Crc;
use parquet::basic::{Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::errors::{ParquetError, Result};

/// Writes pages into a buffer, each header carrying the CRC-32 of its data.
pub(super) struct CheckedPages<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> CheckedPages<'a> {
    /// Appends to `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }
}

impl PageWriter for CheckedPages<'_> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let start = self.out.len();
        let header = header(&page)?;
        self.out.extend_from_slice(&header);
        self.out.extend_from_slice(page.data());
        let mut spec = PageWriteSpec::new();
        spec.page_type = page.page_type();
        spec.uncompressed_size = page.uncompressed_size() + header.len();
        spec.compressed_size = page.compressed_size() + header.len();
        spec.offset = start as u64;
        spec.bytes_written = (self.out.len() - start) as u64;
        spec.num_values = page.num_values();
        Ok(spec)
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// `PageHeader` of the Parquet format in Thrift's compact protocol.
fn header(page: &CompressedPage) -> Result<Vec<u8>> {
    let Page::DataPage { encoding, def_level_encoding, rep_level_encoding, .. } = page.compressed_page()
    else {
        return Err(ParquetError::General(format!("unexpected page {}", page.page_type())));
    };
    debug_assert_eq!(page.page_type(), PageType::DATA_PAGE);
    let mut crc = Crc::new();
    crc.update(page.data());
    let mut out = Vec::with_capacity(40);
    integer(&mut out, 0);
    integer(&mut out, size(page.uncompressed_size())?);
    integer(&mut out, size(page.compressed_size())?);
    integer(&mut out, crc.sum().cast_signed());
    out.push(FIELD | STRUCT);
    integer(&mut out, page.num_values().cast_signed());
    for one in [encoding, def_level_encoding, rep_level_encoding] {
        integer(&mut out, number(*one)?);
    }
    out.extend([STOP, STOP]);
    Ok(out)
}

/// A field whose number is one above the previous one.
const FIELD: u8 = 1 << 4;
const INTEGER: u8 = 5;
const STRUCT: u8 = 12;
const STOP: u8 = 0;

/// A zigzag varint field.
fn integer(out: &mut Vec<u8>, value: i32) {
    out.push(FIELD | INTEGER);
    let mut rest = ((value << 1) ^ (value >> 31)).cast_unsigned();
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

fn size(bytes: usize) -> Result<i32> {
    i32::try_from(bytes).map_err(|_| ParquetError::General(format!("a page of {bytes} bytes")))
}

fn number(encoding: Encoding) -> Result<i32> {
    match encoding {
        Encoding::PLAIN => Ok(0),
        Encoding::RLE => Ok(3),
        other => Err(ParquetError::General(format!("unexpected encoding {other}"))),
    }
}
