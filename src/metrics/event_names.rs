//! The first 64 types of published messages have a label of their own, and the rest share one.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// How many names there are.
const MOST: usize = 64;
/// The longest name.
const LONGEST: usize = 32;
/// What has no name of its own.
const OTHER: &str = "other";

/// The names that have been seen.
#[derive(Debug, Default)]
pub(super) struct EventNames(RwLock<HashSet<String>>);

impl EventNames {
    /// The label of a type.
    pub(super) fn label<'a>(&self, event: Option<&'a str>) -> &'a str {
        let plain = |name: &&str| {
            let allowed =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            name.len() <= LONGEST && name.bytes().all(allowed)
        };
        let Some(name) = event.filter(plain) else {
            return OTHER;
        };
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if names.contains(name) {
            return name;
        }
        drop(names);
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MOST {
            return OTHER;
        }
        names.insert(name.to_owned());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_few_short_and_plain() {
        let names = EventNames::default();
        for number in 0..1_000 {
            let name = format!("event_{number}");
            let label = names.label(Some(&name));
            assert_eq!(label == name, number < MOST, "{name}");
        }
        assert_eq!(names.label(Some("event_0")), "event_0");
        let fresh = EventNames::default();
        for odd in [None, Some("two words"), Some("x\n"), Some(&*"x".repeat(33))] {
            assert_eq!(fresh.label(odd), OTHER);
        }
    }
}
