//! Deep nesting is refused before anything recurses.
//!
//! serde skips what it does not need without recursion, so a deep value would pass where it is
//! ignored or handed on, and break the parser of whoever receives it.

/// Whether brackets in this JSON text nest deeper than `limit`. The text need not be valid.
pub(super) fn exceeds(text: &str, limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_strings_only() {
        assert!(!exceeds("[[1],[2]]", 2));
        assert!(exceeds("[[[1]]]", 2));
        assert!(!exceeds(r#"["[[[[","\"[[["]"#, 1));
        assert!(!exceeds("]]]]", 0));
        assert!(exceeds(&"[".repeat(10_000), 128));
    }
}
