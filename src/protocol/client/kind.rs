//! A client cannot send what reads like the server's own word.

use serde::{Serialize, Serializer};

/// The longest type, in characters.
const MAX_KIND: usize = 32;

/// What only the server says: the types of PROTOCOL's section 5, except `chat`.
const RESERVED: [&str; 10] = [
    "response",
    "event",
    "error",
    "user_joined",
    "user_left",
    "gap",
    "pong",
    "auth_required",
    "auth_success",
    "auth_failed",
];

/// The type of a message to a room: `[a-z][a-z0-9_]{0,31}`, and nothing that only the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageKind(String);

/// Why a text is no type of a room message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// It has other characters, or too many.
    #[error("a message's type is a lower-case letter and at most 31 letters, digits or _")]
    Malformed,
    /// Only the server says that.
    #[error("messages of that type come from the server alone")]
    Reserved,
}

impl MessageKind {
    /// The type of a message that names none.
    pub fn chat() -> Self {
        Self("chat".to_owned())
    }

    /// Accepts the text if a client may use it.
    pub fn parse(text: &str) -> Result<Self, KindError> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let well_formed = text.len() <= MAX_KIND
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(inner);
        if !well_formed {
            Err(KindError::Malformed)
        } else if RESERVED.contains(&text) {
            Err(KindError::Reserved)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The type as it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for MessageKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_short_lower_case_words() {
        for good in ["chat", "a", "typing_2", &"x".repeat(32)] {
            assert_eq!(MessageKind::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "Chat",
            "1a",
            "_a",
            "a-b",
            "a.b",
            "é",
            "a\n",
            &"x".repeat(33),
        ] {
            assert_eq!(
                MessageKind::parse(bad),
                Err(KindError::Malformed),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn nobody_speaks_in_the_name_of_the_server() {
        for reserved in RESERVED {
            assert_eq!(MessageKind::parse(reserved), Err(KindError::Reserved));
        }
    }
}
