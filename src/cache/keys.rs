//! The keys. What does not have exactly one of these forms is not ours, and is never touched.

use std::fmt;

use crate::ids::{ExerciseId, PoolId};

/// The list of pools.
const POOLS: &str = "mithril:pools:list";
/// What pools begin with.
pub(super) const POOL: &str = "mithril:pool:";
/// What exercises begin with.
pub(super) const EXERCISE: &str = "mithril:exercise:";
/// What a pool's list ends in.
const EXERCISES: &str = ":exercises";

/// What launches begin with; they are no part of the content.
pub(super) const SESSION: &str = "mithril:session:";
/// The channel on which nodes without content are told what is new.
pub(super) const INVALIDATE: &str = "mithril:invalidate";
/// Globs that match all our keys but the list of pools, and others.
pub(super) const GLOBS: [&str; 2] = ["mithril:pool:*", "mithril:exercise:*"];

/// A key of the cache.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    /// The list of pools.
    Pools,
    /// The JSON of a pool.
    Pool(PoolId),
    /// The list of a pool's exercises.
    List(PoolId),
    /// The JSON of an exercise.
    Exercise(ExerciseId),
}

impl Key {
    /// The key of this name, if it is ours.
    pub(super) fn parse(name: &str) -> Option<Self> {
        if name == POOLS {
            return Some(Self::Pools);
        }
        if let Some(id) = name.strip_prefix(EXERCISE) {
            return ExerciseId::parse(id).ok().map(Self::Exercise);
        }
        let id = name.strip_prefix(POOL)?;
        match id.strip_suffix(EXERCISES) {
            Some(id) => PoolId::parse(id).ok().map(Self::List),
            None => PoolId::parse(id).ok().map(Self::Pool),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pools => f.write_str(POOLS),
            Self::Pool(id) => write!(f, "{POOL}{id}"),
            Self::List(id) => write!(f, "{POOL}{id}{EXERCISES}"),
            Self::Exercise(id) => write!(f, "{EXERCISE}{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_as_it_is_written() {
        for name in [
            "mithril:pools:list",
            "mithril:pool:c-basics",
            "mithril:pool:exercises",
            "mithril:pool:c-basics:exercises",
            "mithril:exercise:ex01",
        ] {
            let key = Key::parse(name).unwrap();
            assert_eq!(key.to_string(), name);
        }
    }

    #[test]
    fn other_keys_are_not_ours() {
        for name in [
            "mithril:pool:",
            "mithril:pool::exercises",
            "mithril:pool:a:b",
            "mithril:pool:a:exercises:x",
            "mithril:exercise:a b",
            "mithril:exercise:ex01:draft",
            "mithril:session:x",
            "mithril:pools:list:old",
            "other:mithril:pool:a",
        ] {
            assert_eq!(Key::parse(name), None, "{name}");
        }
    }
}
