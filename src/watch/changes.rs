//! Paths that may have changed; too many of them are everything.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// From so many paths on, a walk finds what changed sooner than looking at each of them.
const MOST: usize = 4096;

/// What may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSet {
    /// These paths, which begin at the root.
    Paths(BTreeSet<PathBuf>),
    /// Anything.
    Everything,
}

impl ChangeSet {
    /// One path.
    pub fn of(path: PathBuf) -> Self {
        Self::Paths(BTreeSet::from([path]))
    }

    /// Adds what else may have changed.
    pub fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Everything, _) => {}
            (Self::Paths(paths), Self::Paths(others)) => {
                paths.extend(others);
                if paths.len() > MOST {
                    *self = Self::Everything;
                }
            }
            (Self::Paths(_), Self::Everything) => *self = Self::Everything,
        }
    }

    /// The paths; nothing where it is everything.
    pub fn paths(&self) -> Option<&BTreeSet<PathBuf>> {
        match self {
            Self::Paths(paths) => Some(paths),
            Self::Everything => None,
        }
    }
}

/// Nothing has changed.
impl Default for ChangeSet {
    fn default() -> Self {
        Self::Paths(BTreeSet::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_paths_are_everything() {
        let mut changes = ChangeSet::default();
        for number in 0..MOST {
            changes.add(ChangeSet::of(PathBuf::from(number.to_string())));
        }
        changes.add(ChangeSet::of(PathBuf::from("0")));
        assert_eq!(changes.paths().map(BTreeSet::len), Some(MOST));
        changes.add(ChangeSet::of(PathBuf::from("one more")));
        assert_eq!(changes, ChangeSet::Everything);
        changes.add(ChangeSet::default());
        assert_eq!(changes, ChangeSet::Everything);
    }
}
