//! What others wrote never acts on a terminal: it is shown, not obeyed.

use std::fmt::Write;

/// Text on one line, without what a terminal would act on.
pub(super) fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    escape(text, &mut line);
    line
}

/// The same, behind what a line has already.
pub(super) fn escape(text: &str, line: &mut String) {
    for character in text.chars() {
        match character {
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            c if acts(c) => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
}

/// JSON text that means the same, without what a terminal would act on.
pub(super) fn escape_json(json: &str, line: &mut String) {
    for character in json.chars() {
        // Valid JSON has such a character only inside of a string.
        if acts(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a text does not fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(character);
        }
    }
}

/// Whether a terminal moves, colours or reorders by it.
fn acts(character: char) -> bool {
    let reorders = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || reorders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_the_terminal() {
        let hostile = "a\tb\r\n\x1b[31m\u{9b}2J\u{7f}\u{202e}é";
        assert_eq!(
            escaped(hostile),
            r"a\tb\r\n\u{1b}[31m\u{9b}2J\u{7f}\u{202e}é"
        );
    }

    #[test]
    fn json_means_the_same() {
        let hostile = "a\tb\r\n\x1b[31m\u{9b}2J\u{7f}\u{202e}é";
        let json = serde_json::to_string(hostile).unwrap();
        let mut line = String::new();
        escape_json(&json, &mut line);
        assert!(!line.chars().any(acts), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), hostile);
    }
}
