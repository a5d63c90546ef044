//! JSON on one line, with every number and string as it was written.

use std::borrow::Cow;

/// JSON text without the space between its parts. What is no JSON is not made any.
pub(super) fn compact(json: &str) -> Cow<'_, str> {
    let mut outside = Outside::default();
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let Some(first) = json
        .bytes()
        .position(|byte| outside.at(byte) && is_space(byte))
    else {
        return Cow::Borrowed(json);
    };
    let (kept, rest) = json.split_at(first);
    let mut text = String::with_capacity(json.len());
    text.push_str(kept);
    // The first space was outside of strings, and so is what follows it.
    let mut outside = Outside::default();
    for character in rest.chars() {
        // Outside of strings JSON is ASCII, and no byte of another character is a quote or a space.
        let byte = u8::try_from(character).unwrap_or(0);
        if !(outside.at(byte) && is_space(byte)) {
            text.push(character);
        }
    }
    Cow::Owned(text)
}

/// Tells strings from what stands between them.
#[derive(Default)]
struct Outside {
    in_string: bool,
    escaped: bool,
}

impl Outside {
    /// Whether the next byte is outside of strings.
    fn at(&mut self, byte: u8) -> bool {
        if !self.in_string {
            self.in_string = byte == b'"';
            return true;
        }
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_string = false,
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_space_between_parts_goes() {
        for (json, compacted) in [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (
                "{ \"a\" :\r\n\t1.50 , \"b c\": \" \\\" d \" }",
                r#"{"a":1.50,"b c":" \" d "}"#,
            ),
            (r#" "é \\" "#, r#""é \\""#),
            ("[1, 1e400, -0]", "[1,1e400,-0]"),
            ("", ""),
        ] {
            assert_eq!(compact(json), compacted);
        }
    }

    #[test]
    fn what_is_compact_is_not_copied() {
        assert!(matches!(compact(r#"{"a":" "}"#), Cow::Borrowed(_)));
    }
}
