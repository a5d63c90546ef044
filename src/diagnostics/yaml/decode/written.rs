//! Finding a part of a scalar's text in the file, through escapes, doubled quotes and folded lines.

use std::ops::Range;

use super::super::scalar::blanks;

/// Bytes of a text behind which no place is looked for: each look begins at the text's beginning.
const FAR: usize = 2048;

/// Where `part` of `value` stands in `written`, the scalar as the file has it; `None` where the two
/// can't be brought together.
pub(super) fn place(written: &str, value: &str, part: &Range<usize>) -> Option<Range<usize>> {
    if part.end > FAR {
        return None;
    }
    let style = match written.as_bytes().first()? {
        b'"' => Style::Double,
        b'\'' => Style::Single,
        _ => Style::Open,
    };
    let mut walk = Walk {
        written,
        style,
        at: usize::from(style != Style::Open),
        blank_until: 0,
    };
    let mut offset = 0;
    let mut start = None;
    while let Some(character) = value[offset..].chars().next() {
        let (range, length) = walk.step(character, &value[offset..])?;
        let next = offset + length;
        if start.is_none() && part.start < next {
            start = Some(range.start);
        }
        if let Some(start) = start.filter(|_| part.end <= next) {
            return Some(start..range.end);
        }
        offset = next;
    }
    None
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Double,
    Single,
    /// Plain, or a block.
    Open,
}

struct Walk<'w> {
    written: &'w str,
    style: Style,
    at: usize,
    /// Where blanks end that belong to the value, so that a long run is looked at once.
    blank_until: usize,
}

impl Walk<'_> {
    /// Goes on by one character of the value, or by the breaks that lines were folded at. Returns
    /// what was written for it and how many bytes of the value that is.
    fn step(&mut self, character: char, value: &str) -> Option<(Range<usize>, usize)> {
        if self.style == Style::Double {
            self.escaped_breaks();
        }
        let rest = &self.written[self.at..];
        let blanks = if self.at < self.blank_until {
            0
        } else {
            blanks(rest)
        };
        if rest[blanks..].starts_with(['\n', '\r']) && !self.keeps_blanks(blanks, value) {
            return self.fold(character, value);
        }
        self.blank_until = self.blank_until.max(self.at + blanks);
        let length = match self.style {
            Style::Double if rest.starts_with('\\') => escape(rest)?,
            Style::Single if rest.starts_with("''") && character == '\'' => 2,
            _ if rest.starts_with(character) => character.len_utf8(),
            _ => return None,
        };
        let start = self.at;
        self.at += length;
        Some((start..self.at, character.len_utf8()))
    }

    /// A literal block keeps the blanks at the end of a line.
    fn keeps_blanks(&self, written: usize, value: &str) -> bool {
        let same = blanks(value);
        self.style == Style::Open
            && written > 0
            && same == written
            && value[same..].starts_with('\n')
    }

    /// Passes over the breaks between two lines and the indentation of the second.
    fn fold(&mut self, character: char, value: &str) -> Option<(Range<usize>, usize)> {
        let start = self.at;
        let rest = &self.written[start..];
        self.at = self.written.len() - rest.trim_start().len();
        let length = match character {
            ' ' => 1,
            '\n' => value.len() - value.trim_start_matches('\n').len(),
            _ => return None,
        };
        if self.style == Style::Open {
            // What a line of a block is indented more than the others belongs to the value.
            let more = blanks(&value[length..]);
            let indentation = &self.written[start..self.at];
            let last_line = indentation.rfind(['\n', '\r']).map_or(0, |at| at + 1);
            if indentation.len() - last_line < more {
                return None;
            }
            self.at -= more;
        }
        Some((start..self.at, length))
    }

    /// Passes over backslashes at the end of a line, which join it to the next.
    fn escaped_breaks(&mut self) {
        loop {
            let rest = &self.written[self.at..];
            let Some(joined) = rest
                .strip_prefix('\\')
                .filter(|joined| joined.starts_with(['\n', '\r']))
            else {
                return;
            };
            self.at = self.written.len() - joined.trim_start().len();
        }
    }
}

/// The bytes of an escape, of both halves of a surrogate pair.
fn escape(rest: &str) -> Option<usize> {
    let half = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    Some(match rest[1..].chars().next()? {
        'x' => 4,
        'u' if half(rest).is_some_and(|unit| (0xD800..0xDC00).contains(&unit)) => 12,
        'u' => 6,
        'U' => 10,
        other => 1 + other.len_utf8(),
    })
    .filter(|&length| rest.is_char_boundary(length))
}

#[cfg(test)]
mod tests {
    use super::place;

    /// The written text of the first `needle` in the value.
    fn found<'w>(written: &'w str, value: &str, needle: &str) -> Option<&'w str> {
        let start = value.find(needle).unwrap();
        place(written, value, &(start..start + needle.len())).map(|range| &written[range])
    }

    #[test]
    fn escapes_are_passed_over() {
        let written = r#""\u00e9\"\x41 \uD83D\uDE00 \U0001F600\\ {x}""#;
        let value = "é\"A 😀 😀\\ {x}";
        assert_eq!(found(written, value, "{x}"), Some("{x}"));
        assert_eq!(found(written, value, "A"), Some("\\x41"));
        assert_eq!(found("'it''s {x}'", "it's {x}", "{x}"), Some("{x}"));
    }

    #[test]
    fn folded_lines_are_passed_over() {
        for (written, value) in [
            ("a\n  {x} b", "a {x} b"),
            ("a \r\n\r\n\r\n  {x} b", "a\n\n{x} b"),
            ("'a\n  {x}'", "a {x}"),
            ("\"a \\\n  {x}\"", "a {x}"),
            ("\"a\\\n  \\ {x}\"", "a {x}"),
            ("a\r    b\r  {x}", "a\n  b\n{x}\n"),
            ("a  \n    b  \n  {x}", "a  \n  b  \n{x}\n"),
            ("a  \n  {x}", "a   {x}\n"),
        ] {
            assert_eq!(found(written, value, "{x}"), Some("{x}"), "{written:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_found() {
        assert_eq!(place("abc", "abd", &(0..3)), None);
        assert_eq!(place("", "a", &(0..1)), None);
        assert_eq!(place("\"\\x", "A", &(0..1)), None);
        assert_eq!(place("a\n b", "a\n       b", &(9..10)), None);
    }
}
