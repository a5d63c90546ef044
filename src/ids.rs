//! Identifiers that exist are valid.
//!
//! An id ends up in a NATS subject, a Redis key and a URL, so its alphabet is chosen such that none
//! of them can be widened by it. Every id is checked once, where it enters, and is a type afterwards.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// The longest pool or exercise id, in characters.
pub const MAX_CONTENT_ID: usize = 64;
/// The longest user, room or project id, in characters.
pub const MAX_ACCOUNT_ID: usize = 128;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has no characters.
    #[error("it is empty")]
    Empty,
    /// The text has more characters than an id of its kind may have.
    #[error("it has {length} characters, at most {limit} are allowed")]
    TooLong {
        /// Characters found.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A character is outside the alphabet.
    #[error("the character {character:?} is not allowed in it")]
    Character {
        /// The first offending character.
        character: char,
        /// Its byte offset in the text.
        offset: usize,
    },
    /// The first character is allowed later, but not first.
    #[error("it must begin with a letter or a digit, not with {character:?}")]
    FirstCharacter {
        /// The first character.
        character: char,
    },
}

/// Checks a pool or exercise id: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`.
pub fn check_content_id(text: &str) -> Result<(), IdError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    check(text, MAX_CONTENT_ID, allowed)?;
    match text.chars().next() {
        Some(character) if !character.is_ascii_alphanumeric() => {
            Err(IdError::FirstCharacter { character })
        }
        _ => Ok(()),
    }
}

/// Checks a user, room or project id: 1 to 128 characters of `A-Z a-z 0-9 _ - @ + = ~ |`.
pub fn check_account_id(text: &str) -> Result<(), IdError> {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@' | '+' | '=' | '~' | '|');
    check(text, MAX_ACCOUNT_ID, allowed)
}

fn check(text: &str, limit: usize, allowed: impl Fn(char) -> bool) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if let Some((offset, character)) = text.char_indices().find(|&(_, c)| !allowed(c)) {
        return Err(IdError::Character { character, offset });
    }
    let length = text.chars().count();
    if length > limit {
        return Err(IdError::TooLong { length, limit });
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $check:ident, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Accepts the text if it is an id.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                $check(text).map(|()| Self(Arc::from(text)))
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern})
            }
        }
    };
}

id!(
    /// The id of an exercise, unique in the whole tree.
    ExerciseId,
    check_content_id,
    "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
);
id!(
    /// The id of a pool: the `slug` of its `pool.yaml`.
    PoolId,
    check_content_id,
    "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
);
id!(
    /// The id of a user, as a verified token names it.
    UserId,
    check_account_id,
    "^[A-Za-z0-9_@+=~|-]{1,128}$"
);
id!(
    /// The id of a room, which is its name.
    RoomId,
    check_account_id,
    "^[A-Za-z0-9_@+=~|-]{1,128}$"
);
id!(
    /// The id of a project.
    ProjectId,
    check_account_id,
    "^[A-Za-z0-9_@+=~|-]{1,128}$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ids_keep_to_the_alphabet() {
        for good in ["a", "0", "ex01_hello-World", &"x".repeat(64)] {
            assert_eq!(check_content_id(good), Ok(()), "{good}");
        }
        assert_eq!(check_content_id(""), Err(IdError::Empty));
        assert_eq!(
            check_content_id("-a"),
            Err(IdError::FirstCharacter { character: '-' })
        );
        assert_eq!(
            check_content_id("ex.01"),
            Err(IdError::Character {
                character: '.',
                offset: 2
            })
        );
        assert_eq!(
            check_content_id(&"x".repeat(65)),
            Err(IdError::TooLong {
                length: 65,
                limit: 64
            })
        );
    }

    #[test]
    fn account_ids_cannot_widen_a_subject_or_a_key() {
        for good in ["42", "a@b+c=d~e|f", "-", &"x".repeat(128)] {
            assert_eq!(check_account_id(good), Ok(()), "{good}");
        }
        for bad in ["a.b", "*", ">", "a:b", "a b", "a\n", "é", "{u}"] {
            assert!(
                matches!(check_account_id(bad), Err(IdError::Character { .. })),
                "{bad}"
            );
        }
    }
}
