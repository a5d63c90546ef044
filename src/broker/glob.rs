//! A glob stands for what Redis takes it for: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a character
//! that is meant as it is. What matches here is what `PSUBSCRIBE` would have delivered.

/// A name, or a pattern of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// `*`.
    Any,
    /// `?`.
    One,
    /// A byte as it is.
    Byte(u8),
    /// `[…]`: whether a byte is in one of these ranges, or in none of them.
    Set { inside: bool, ranges: Vec<(u8, u8)> },
}

impl Glob {
    /// Any text is a glob: a bracket that is not closed ends with the text.
    pub fn new(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            tokens.push(match byte {
                b'*' => Token::Any,
                b'?' => Token::One,
                b'[' => set(&mut bytes),
                b'\\' => Token::Byte(bytes.next().unwrap_or(b'\\')),
                byte => Token::Byte(byte),
            });
        }
        let text = text.to_owned();
        Self { text, tokens }
    }

    /// The text that it was made from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The one name that it stands for; nothing where it is a pattern.
    pub fn name(&self) -> Option<String> {
        let bytes = self.tokens.iter().map(|token| match token {
            Token::Byte(byte) => Some(*byte),
            Token::Any | Token::One | Token::Set { .. } => None,
        });
        String::from_utf8(bytes.collect::<Option<_>>()?).ok()
    }

    /// Whether a name that it stands for may begin so.
    pub fn may_begin_with(&self, beginning: &str) -> bool {
        let mut tokens = self.tokens.iter();
        for byte in beginning.bytes() {
            match tokens.next() {
                Some(Token::Any) => return true,
                Some(token) if token.is(byte) => {}
                Some(_) | None => return false,
            }
        }
        true
    }

    /// Whether it stands for this name.
    pub fn matches(&self, name: &str) -> bool {
        let name = name.as_bytes();
        let (mut token, mut at) = (0, 0);
        // Where to go on when what follows the last `*` does not fit: the `*` takes one more byte.
        let mut retry = None;
        loop {
            match (self.tokens.get(token), name.get(at)) {
                (None, None) => return true,
                (Some(Token::Any), _) => {
                    retry = Some((token + 1, at));
                    token += 1;
                    continue;
                }
                (Some(wanted), Some(given)) if wanted.is(*given) => {
                    token += 1;
                    at += 1;
                    continue;
                }
                (_, _) => {}
            }
            match retry {
                Some((after, start)) if start < name.len() => {
                    retry = Some((after, start + 1));
                    (token, at) = (after, start + 1);
                }
                Some(_) | None => return false,
            }
        }
    }
}

impl Token {
    fn is(&self, byte: u8) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Byte(wanted) => *wanted == byte,
            Self::Set { inside, ranges } => {
                let found = ranges.iter().any(|(from, to)| (from..=to).contains(&&byte));
                found == *inside
            }
        }
    }
}

fn set(bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> Token {
    let inside = bytes.next_if_eq(&b'^').is_none();
    let mut ranges = Vec::new();
    while let Some(byte) = bytes.next() {
        let from = match byte {
            b']' => break,
            b'\\' => bytes.next().unwrap_or(b'\\'),
            byte => byte,
        };
        let to = if bytes.next_if_eq(&b'-').is_some() {
            bytes.next().unwrap_or(b'-')
        } else {
            from
        };
        ranges.push((from.min(to), from.max(to)));
    }
    Token::Set { inside, ranges }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_matches_as_redis_does() {
        for (glob, name, matches) in [
            ("ws:42", "ws:42", true),
            ("ws:42", "ws:421", false),
            ("ws:*", "ws:42", true),
            ("ws:*", "ws:", true),
            ("ws:*", "ws:a:b", true),
            ("ws:*", "room:a", false),
            ("ws:4?", "ws:42", true),
            ("ws:4?", "ws:4", false),
            ("ws:4?", "ws:421", false),
            ("ws:[0-9]", "ws:7", true),
            ("ws:[9-0]", "ws:7", true),
            ("ws:[^0-9]*", "ws:7", false),
            ("ws:[^0-9]*", "ws:a7", true),
            ("ws:[ab]", "ws:c", false),
            ("ws:[ab", "ws:b", true),
            (r"ws:\*", "ws:*", true),
            (r"ws:\*", "ws:42", false),
            (r"ws:[\]]", "ws:]", true),
            (r"a\", r"a\", true),
            ("*", "", true),
            ("*", "mithril:live:ws:42", true),
            ("*:42", "ws:42", true),
            ("*a*a*b", "aaaaaaaaab", true),
            ("*a*a*b", "aaaaaaaaac", false),
            ("grading.*.result", "grading.42.ex01.result", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(Glob::new(glob).matches(name), matches, "{glob} {name}");
        }
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let glob = Glob::new(&"*a".repeat(40));
        assert!(!glob.matches(&"a".repeat(39)));
        assert!(glob.matches(&"a".repeat(10_000)));
    }

    #[test]
    fn it_knows_how_its_names_begin() {
        for (glob, may) in [
            ("project:p", true),
            ("project:", true),
            ("p*", true),
            ("*", true),
            ("?roject:[a-z]", true),
            ("project", false),
            ("ws:*", false),
            ("", false),
        ] {
            assert_eq!(Glob::new(glob).may_begin_with("project:"), may, "{glob}");
        }
    }

    #[test]
    fn a_pattern_has_no_name() {
        assert_eq!(Glob::new("ws:42").name().as_deref(), Some("ws:42"));
        assert_eq!(Glob::new(r"ws:\*").name().as_deref(), Some("ws:*"));
        for pattern in ["ws:*", "ws:?", "ws:[a]"] {
            assert_eq!(Glob::new(pattern).name(), None, "{pattern}");
        }
    }
}
