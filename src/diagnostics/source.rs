//! A file as text: a byte offset becomes a line and a column in constant time, whatever the file.
//!
//! Lines end at LF, CR LF or a lone CR, as in YAML. Columns count characters from 1; a byte order
//! mark has no column, because no editor shows it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// How many bytes lie between two stored character counts.
const STRIDE: usize = 64;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The byte offset, from 0.
    pub offset: usize,
}

/// A stretch of a file; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Span {
    /// Its first place.
    pub start: Position,
    /// The place behind its last character.
    pub end: Position,
}

impl Span {
    /// The beginning of a file.
    pub const START: Self = {
        let position = Position {
            line: 1,
            column: 1,
            offset: 0,
        };
        Self {
            start: position,
            end: position,
        }
    };

    /// The bytes it covers.
    pub fn range(&self) -> Range<usize> {
        self.start.offset..self.end.offset
    }
}

/// Why bytes are not text for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, as it must be.
    Utf8,
    /// UTF-16 or UTF-32.
    Wide {
        /// The encoding's name.
        name: &'static str,
        /// What the bytes say, without the mark; known where a byte order mark leaves no doubt.
        text: Option<String>,
        /// How many bytes there are.
        length: usize,
    },
    /// UTF-8 with invalid bytes: where the first of them is, and in the text what stands for it.
    Invalid(Range<usize>),
}

/// A file's text under the name that the user gave it.
#[derive(Debug)]
pub struct Source {
    path: Arc<str>,
    text: Box<str>,
    encoding: Encoding,
    index: OnceLock<Index>,
}

#[derive(Debug)]
struct Index {
    /// The byte offset at which each line begins.
    lines: Vec<usize>,
    /// Characters before every `STRIDE`-th byte.
    counts: Vec<usize>,
}

impl Source {
    /// The text of a file's bytes. Bytes that are not UTF-8 are replaced, and `encoding` says so.
    pub fn new(path: Arc<str>, bytes: Vec<u8>) -> Self {
        let (text, encoding) = decode(bytes);
        Self {
            path,
            text: text.into_boxed_str(),
            encoding,
            index: OnceLock::new(),
        }
    }

    /// The file, as the user named it.
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// The whole text, with a byte order mark if there is one.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The encoding the bytes were in.
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// How many bytes a leading byte order mark takes.
    pub fn mark_length(&self) -> usize {
        if self.text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        }
    }

    /// The place of a byte offset; one past the end, or inside a character, is moved back.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let index = self.index.get_or_init(|| Index::of(&self.text));
        let line = index.lines.partition_point(|&start| start <= offset);
        let start = index.lines.get(line - 1).copied().unwrap_or(0);
        let start = if line == 1 {
            self.mark_length().min(offset)
        } else {
            start
        };
        let column = index.characters(&self.text, offset) - index.characters(&self.text, start) + 1;
        Position {
            line,
            column,
            offset,
        }
    }

    /// The span of a byte range.
    pub fn span(&self, range: Range<usize>) -> Span {
        Span {
            start: self.position(range.start),
            end: self.position(range.end.max(range.start)),
        }
    }

    /// How the first line ends; a line of its own ends so too.
    pub fn line_break(&self) -> &'static str {
        match self.text.find(['\n', '\r']).map(|at| &self.text[at..]) {
            Some(rest) if rest.starts_with("\r\n") => "\r\n",
            Some(rest) if rest.starts_with('\r') => "\r",
            Some(_) | None => "\n",
        }
    }

    /// The byte offset at which a line begins; lines count from 1.
    pub fn line_start(&self, line: usize) -> usize {
        let index = self.index.get_or_init(|| Index::of(&self.text));
        index
            .lines
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(self.text.len())
    }
}

impl Index {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut lines = vec![0];
        let mut counts = Vec::with_capacity(bytes.len() / STRIDE + 1);
        let mut characters = 0;
        for (offset, &byte) in bytes.iter().enumerate() {
            if offset.is_multiple_of(STRIDE) {
                counts.push(characters);
            }
            characters += usize::from(byte & 0xC0 != 0x80);
            let ends = byte == b'\n' || byte == b'\r' && bytes.get(offset + 1) != Some(&b'\n');
            if ends {
                lines.push(offset + 1);
            }
        }
        if bytes.len().is_multiple_of(STRIDE) {
            counts.push(characters);
        }
        Self { lines, counts }
    }

    /// How many characters begin before this offset.
    fn characters(&self, text: &str, offset: usize) -> usize {
        let block = offset / STRIDE;
        let before = self.counts.get(block).copied().unwrap_or(0);
        let rest = text
            .as_bytes()
            .get(block * STRIDE..offset)
            .unwrap_or_default();
        before + rest.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
    }
}

fn decode(bytes: Vec<u8>) -> (String, Encoding) {
    if let Some((name, marked)) = wide(&bytes) {
        // What such a file says cannot be shown by byte offsets into UTF-8: no text at all.
        let encoding = Encoding::Wide {
            name,
            text: marked.then(|| narrowed(name, &bytes)).flatten(),
            length: bytes.len(),
        };
        return (String::new(), encoding);
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, Encoding::Utf8),
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let end = start + char::REPLACEMENT_CHARACTER.len_utf8();
            (text, Encoding::Invalid(start..end))
        }
    }
}

/// Recognises UTF-16 and UTF-32 as YAML 1.2, section 5.2 does: by the mark, else by the NULs that a
/// first ASCII character brings with it.
fn wide(bytes: &[u8]) -> Option<(&'static str, bool)> {
    match bytes {
        [0, 0, 0xFE, 0xFF, ..] => Some(("UTF-32BE", true)),
        [0xFF, 0xFE, 0, 0, ..] => Some(("UTF-32LE", true)),
        [0xFE, 0xFF, ..] => Some(("UTF-16BE", true)),
        [0xFF, 0xFE, ..] => Some(("UTF-16LE", true)),
        [0, 0, 0, 1..=0x7F, ..] => Some(("UTF-32BE", false)),
        [1..=0x7F, 0, 0, 0, ..] => Some(("UTF-32LE", false)),
        [0, 1..=0x7F, ..] => Some(("UTF-16BE", false)),
        [1..=0x7F, 0, ..] => Some(("UTF-16LE", false)),
        _ => None,
    }
}

/// The text behind the mark of a wide encoding, if all of it is valid.
fn narrowed(name: &str, bytes: &[u8]) -> Option<String> {
    let big = name.ends_with("BE");
    if name.starts_with("UTF-32") {
        let (units, rest) = bytes.as_chunks::<4>();
        let unit = |unit: &[u8; 4]| {
            char::from_u32(if big {
                u32::from_be_bytes(*unit)
            } else {
                u32::from_le_bytes(*unit)
            })
        };
        let text: Option<String> = units.iter().skip(1).map(unit).collect();
        return text.filter(|_| rest.is_empty());
    }
    let (units, rest) = bytes.as_chunks::<2>();
    let unit = |unit: &[u8; 2]| {
        if big {
            u16::from_be_bytes(*unit)
        } else {
            u16::from_le_bytes(*unit)
        }
    };
    let text = char::decode_utf16(units.iter().skip(1).map(unit)).collect::<Result<String, _>>();
    text.ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new(Arc::from("x.yaml"), text.as_bytes().to_vec())
    }

    fn at(source: &Source, needle: &str) -> (usize, usize) {
        let position = source.position(source.text().find(needle).unwrap());
        (position.line, position.column)
    }

    #[test]
    fn columns_count_characters() {
        let s = source("é: \u{1f600}x\r\na\rb\n\tz");
        assert_eq!(at(&s, "x"), (1, 5));
        assert_eq!(at(&s, "a"), (2, 1));
        assert_eq!(at(&s, "b"), (3, 1));
        assert_eq!(at(&s, "z"), (4, 2));
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        let s = source("\u{feff}a: b");
        assert_eq!(at(&s, "a"), (1, 1));
        assert_eq!(at(&s, "b"), (1, 4));
        assert_eq!(s.position(0).column, 1);
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        let s = source("ab\n");
        assert_eq!(
            s.position(99),
            Position {
                line: 2,
                column: 1,
                offset: 3
            }
        );
        assert_eq!(
            source("").position(5),
            Position {
                line: 1,
                column: 1,
                offset: 0
            }
        );
    }

    #[test]
    fn positions_agree_with_counting() {
        let text = "aé\u{1f600}\n".repeat(300) + &"é".repeat(700);
        let s = source(&text);
        for (offset, _) in text.char_indices() {
            let before = &text[..offset];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            assert_eq!(
                s.position(offset),
                Position {
                    line,
                    column,
                    offset
                }
            );
        }
    }

    #[test]
    fn other_encodings_are_recognised() {
        let encoding = |bytes: &[u8]| {
            Source::new(Arc::from("x"), bytes.to_vec())
                .encoding()
                .clone()
        };
        for (bytes, name, text) in [
            (&b"\xFF\xFEi\0"[..], "UTF-16LE", Some("i")),
            (
                b"\xFE\xFF\0i\xD8\x3D\xDE\x00",
                "UTF-16BE",
                Some("i\u{1f600}"),
            ),
            (b"\xFF\xFE\0\0i\0\0\0", "UTF-32LE", Some("i")),
            (b"\0\0\xFE\xFF\0\0\0i", "UTF-32BE", Some("i")),
            (b"\0i\0d", "UTF-16BE", None),
            (b"i\0\0\0", "UTF-32LE", None),
            (b"\xFF\xFEi", "UTF-16LE", None),
            (b"\xFE\xFF\xD8\x3D", "UTF-16BE", None),
        ] {
            let expected = Encoding::Wide {
                name,
                text: text.map(str::to_owned),
                length: bytes.len(),
            };
            assert_eq!(encoding(bytes), expected);
        }
        assert_eq!(encoding(b"ab\xFFc"), Encoding::Invalid(2..5));
        assert_eq!(encoding(b"id"), Encoding::Utf8);
    }
}
