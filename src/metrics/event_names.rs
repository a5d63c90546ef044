//! The first 64 names of published messages have a label of their own, and the rest share one.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// How many names there are.
const MOST: usize = 64;
/// The longest name, in bytes.
const LONGEST: usize = 64;
/// What members say: it takes the place of no name.
const CHAT: &str = "chat";
/// What has no name of its own.
const OTHER: &str = "other";

/// The names that have been seen.
#[derive(Debug, Default)]
pub(super) struct EventNames(RwLock<HashSet<String>>);

impl EventNames {
    /// The label of a name.
    pub(super) fn label<'a>(&self, event: Option<&'a str>) -> &'a str {
        let plain = |name: &&str| {
            !name.is_empty() && name.len() <= LONGEST && !name.chars().any(char::is_control)
        };
        let Some(name) = event.filter(plain) else {
            return OTHER;
        };
        if name == CHAT {
            return name;
        }
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
        assert_eq!(names.label(Some(CHAT)), CHAT);
        for number in 0..1_000 {
            let name = format!("event_{number}");
            let label = names.label(Some(&name));
            assert_eq!(label == name, number < MOST, "{name}");
        }
        assert_eq!(names.label(Some("event_0")), "event_0");
        assert_eq!(names.label(Some(CHAT)), CHAT);
        let fresh = EventNames::default();
        let (longest, longer) = ("x".repeat(64), "x".repeat(65));
        for odd in [None, Some(""), Some("x\n"), Some("\u{85}"), Some(&*longer)] {
            assert_eq!(fresh.label(odd), OTHER);
        }
        for name in ["two words", "réussi", &longest] {
            assert_eq!(fresh.label(Some(name)), name);
        }
    }
}
