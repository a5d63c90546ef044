//! Paths that may have changed; too many of them are everything.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// From so many paths on, what changed is found sooner by looking everywhere.
const MOST: usize = 4096;

/// What may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSet {
    /// These paths, which begin at the root.
    Paths(BTreeSet<PathBuf>),
    /// Anything, and it was not seen: what the file system says of files and directories tells.
    Unseen,
    /// Anything, and nothing that is said of directories is believed: some systems say nothing.
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
            (Self::Everything, _) | (Self::Unseen, Self::Paths(_) | Self::Unseen) => {}
            (Self::Paths(paths), Self::Paths(others)) => {
                paths.extend(others);
                if paths.len() > MOST {
                    *self = Self::Unseen;
                }
            }
            (Self::Paths(_), more @ (Self::Unseen | Self::Everything))
            | (Self::Unseen, more @ Self::Everything) => *self = more,
        }
    }

    /// The paths; nothing where it is anything.
    pub fn paths(&self) -> Option<&BTreeSet<PathBuf>> {
        match self {
            Self::Paths(paths) => Some(paths),
            Self::Unseen | Self::Everything => None,
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
    fn too_many_paths_are_anything() {
        let mut changes = ChangeSet::default();
        for number in 0..MOST {
            changes.add(ChangeSet::of(PathBuf::from(number.to_string())));
        }
        changes.add(ChangeSet::of(PathBuf::from("0")));
        assert_eq!(changes.paths().map(BTreeSet::len), Some(MOST));
        changes.add(ChangeSet::of(PathBuf::from("one more")));
        assert_eq!(changes, ChangeSet::Unseen);
        changes.add(ChangeSet::default());
        assert_eq!(changes, ChangeSet::Unseen);
        changes.add(ChangeSet::Everything);
        changes.add(ChangeSet::Unseen);
        assert_eq!(changes, ChangeSet::Everything);
    }
}
