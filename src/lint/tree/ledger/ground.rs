//! What a walk depended on: while that stays, a walk would find the same files.
//!
//! A directory is known by a stamp that is older than its listing, and so are the rules in it. A look at
//! everything therefore opens no directory that is as it was, and starts nothing in whoever watches
//! them; a walk enters what is not as it was, what is on the way there, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rayon::prelude::*;

use crate::lint::walk::{self, Found, IGNORE_FILE};

use super::stamp::Stamp;

/// The directories of a tree.
#[derive(Debug, Default)]
pub(super) struct Ground {
    /// Those that were entered.
    directories: BTreeMap<PathBuf, Entered>,
    above: Option<Above>,
}

/// A directory as it was before it was entered.
#[derive(Debug)]
struct Entered {
    listing: Stamp,
    rules: Option<Stamp>,
}

/// What counts of the directories above the root.
#[derive(Debug, PartialEq, Eq)]
struct Above {
    bounds: PathBuf,
    rules: Vec<Option<Vec<u8>>>,
}

/// The directories that a walk had no need to enter, each with all that is below it.
#[derive(Debug, Default)]
pub(super) struct Kept(BTreeSet<PathBuf>);

/// What a walk came by.
#[derive(Debug, Default)]
struct Seen {
    entered: Vec<(PathBuf, Entered)>,
    kept: BTreeSet<PathBuf>,
}

impl Ground {
    /// Forgets everything if something above the root is not as it was; says whether it is.
    pub(super) fn stands(&mut self, root: &Path) -> bool {
        let above = Some(Above::of(root));
        let same = self.above == above;
        if !same {
            self.above = above;
            self.directories.clear();
        }
        same
    }

    /// Forgets a directory and all below it.
    pub(super) fn forget(&mut self, directory: &Path) {
        let below = self.directories.range(directory.to_owned()..);
        let below = below.map(|(path, _)| path.clone());
        let gone: Vec<PathBuf> = below
            .take_while(|path| path.starts_with(directory))
            .collect();
        for path in gone {
            self.directories.remove(&path);
        }
    }

    /// The nearest known directory of those above a path.
    pub(super) fn nearest_above<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        let mut above = path.ancestors().skip(1);
        above.find(|above| self.directories.contains_key(*above))
    }

    /// The directories that may not be as they were, and whether the same rules count in each.
    pub(super) fn stale(&self) -> Vec<(PathBuf, bool)> {
        let all = self.directories.par_iter();
        all.filter_map(|(directory, entered)| {
            let same = entered.listing.is_that_of(directory);
            let ruled = entered.is_ruled_as_it_was(directory, same);
            (!same || !ruled).then(|| (directory.clone(), ruled))
        })
        .collect()
    }

    /// Whether a directory has been entered.
    pub(super) fn knows(&self, directory: &Path) -> bool {
        self.directories.contains_key(directory)
    }

    /// Walks through these directories, and through those that it does not know.
    pub(super) fn walk(
        &mut self,
        root: &Path,
        stale: &BTreeSet<PathBuf>,
        rest: Duration,
        found: &mut Found,
    ) -> Kept {
        let up = |directory: &PathBuf| {
            let above = directory.ancestors().map(Path::to_owned);
            above.collect::<Vec<_>>()
        };
        let ways: BTreeSet<PathBuf> = stale.iter().flat_map(up).collect();
        let known = Arc::new(std::mem::take(&mut self.directories));
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let guide = {
            let (known, seen) = (Arc::clone(&known), Arc::clone(&seen));
            move |directory: &Path| {
                let keep = known.contains_key(directory) && !ways.contains(directory);
                let path = directory.to_owned();
                let entered = (!keep).then(|| Entered::of(directory, rest));
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                match entered {
                    Some(entered) => seen.entered.push((path, entered)),
                    None => drop(seen.kept.insert(path)),
                }
                !keep
            }
        };
        let entered = Entered::of(root, rest);
        walk::guided(root, found, &|| false, guide);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { entered: all, kept } = std::mem::take(&mut *seen);
        let kept = Kept(kept);
        // Nobody else has it any more. If somebody had, all would be walked through the next time.
        let known = Arc::try_unwrap(known).unwrap_or_default();
        let stays = kept.of_sorted(known.keys().map(PathBuf::as_path));
        let known = known.into_iter().zip(stays);
        self.directories = known
            .filter_map(|(known, stays)| stays.then_some(known))
            .collect();
        self.directories.insert(root.to_owned(), entered);
        self.directories.extend(all);
        kept
    }
}

impl Entered {
    fn of(directory: &Path, rest: Duration) -> Self {
        let rules = directory.join(IGNORE_FILE);
        let are_there = rules.symlink_metadata().is_ok();
        Self {
            listing: Stamp::of(directory, rest),
            rules: are_there.then(|| Stamp::of(&rules, rest)),
        }
    }

    /// Whether the same rules are in it, if its listing is the same, or is not.
    fn is_ruled_as_it_was(&self, directory: &Path, listing: bool) -> bool {
        let rules = directory.join(IGNORE_FILE);
        match &self.rules {
            Some(stamp) => stamp.is_that_of(&rules),
            None => listing || rules.symlink_metadata().is_err(),
        }
    }
}

impl Above {
    fn of(root: &Path) -> Self {
        let absolute = walk::absolute(root);
        let above = absolute.ancestors().skip(1);
        Self {
            bounds: walk::bounds(root),
            rules: above
                .map(|at| std::fs::read(at.join(IGNORE_FILE)).ok())
                .collect(),
        }
    }
}

impl Kept {
    /// Whether a path is one of them or below.
    pub(super) fn covers(&self, path: &Path) -> bool {
        path.ancestors().any(|above| self.0.contains(above))
    }

    /// Whether they cover each of these paths, which are in order.
    pub(super) fn of_sorted<'p>(&self, paths: impl Iterator<Item = &'p Path>) -> Vec<bool> {
        let mut kept = self.0.iter().peekable();
        let mut last: Option<&PathBuf> = None;
        paths
            .map(|path| {
                while let Some(next) = kept.next_if(|next| next.as_path() <= path) {
                    last = Some(next);
                }
                last.is_some_and(|last| path.starts_with(last))
            })
            .collect()
    }
}
