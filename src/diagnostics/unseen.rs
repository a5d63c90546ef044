//! Characters that nobody sees, and that a machine reads all the same.

/// Whether the character has no width: spaces, joiners, marks of direction, a soft hyphen. A joiner
/// within an emoji is seen by what it joins.
pub fn has_no_width(before: &str, character: char) -> bool {
    if character == '\u{200d}' && before.ends_with(|c: char| !c.is_ascii()) {
        return false;
    }
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

/// Whether the character looks like a plain space and is none.
pub fn is_wide_blank(character: char) -> bool {
    matches!(character, '\u{a0}' | '\u{2007}' | '\u{202f}')
}

/// Whether the text would be `word` without the characters that nobody sees.
pub fn reads_as(text: &str, word: &str) -> bool {
    let seen = text
        .char_indices()
        .filter(|&(at, c)| !has_no_width(&text[..at], c) && !is_wide_blank(c));
    !text.is_ascii() && seen.map(|(_, character)| character).eq(word.chars())
}
