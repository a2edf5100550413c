//! Fields of one line of text.
//!
//! Lines are split one at a time: a quote that is never closed ends with its line instead of swallowing the file.

use std::str;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Splits lines at a separator; quotes as RFC 4180 has them.
#[derive(Debug)]
pub(super) struct Splitter {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    pub(super) fn new(delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, text: Vec::new(), ends: vec![0; 32] }
    }

    /// The fields of a line without its end.
    pub(super) fn split(&mut self, line: &str) -> Cells<'_> {
        self.reader.reset();
        self.text.resize(self.text.len().max(line.len() + 1), 0);
        let (mut input, mut bytes, mut count) = (line.as_bytes(), 0, 0);
        loop {
            let (result, read, written, ended) =
                self.reader.read_record(input, &mut self.text[bytes..], &mut self.ends[count..]);
            input = &input[read..];
            bytes += written;
            count += ended;
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::InputEmpty => input = &[],
                ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
            }
        }
        Cells { text: &self.text[..bytes], ends: &self.ends[..count] }
    }
}

/// Fields of a line, without spaces around them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells<'a> {
    text: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    /// Number of fields.
    pub(super) fn len(self) -> usize {
        self.ends.len()
    }

    /// One field; empty when there are fewer.
    pub(super) fn at(self, k: usize) -> &'a str {
        let start = if k == 0 { 0 } else { self.ends.get(k - 1).copied().unwrap_or_default() };
        let cell = self.ends.get(k).map_or(&[][..], |&end| &self.text[start..end]);
        str::from_utf8(cell).unwrap_or_default().trim()
    }

    /// All fields.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).map(move |k| self.at(k))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(delimiter: u8, line: &str) -> Vec<String> {
        Splitter::new(delimiter).split(line).iter().map(str::to_owned).collect()
    }

    #[test]
    fn separators_in_quotes_are_text_and_an_open_quote_ends_with_the_line() {
        assert_eq!(cells(b',', "a, b ,,c"), ["a", "b", "", "c"]);
        assert_eq!(cells(b';', "\"1;5\";\"say \"\"x\"\"\";é"), ["1;5", "say \"x\"", "é"]);
        assert_eq!(cells(b',', "\"a,b"), ["a,b"]);
        assert_eq!(cells(b'\t', "a\tb"), ["a", "b"]);
        assert_eq!(cells(b',', &",".repeat(1000)).len(), 1001);
    }

    #[test]
    fn a_splitter_forgets_the_line_before() {
        let mut splitter = Splitter::new(b',');
        assert_eq!(splitter.split("\"open,").len(), 1);
        let cells = splitter.split("1,2");
        assert_eq!((cells.len(), cells.at(1), cells.at(2)), (2, "2", ""));
    }
}
