//! A ledger knows each file of a tree, so that only what changed is read again, and comes to the
//! judgement that a check of the whole tree would come to.
//!
//! Both find files by one walk, judge each by one function, and put what needs several files to the
//! same rules. A ledger goes by errors alone, as the daemon does. It goes by what is on the disk,
//! never by what is said to have happened there: a path that is said to have changed is looked at.

mod concern;
mod ground;
mod look;
mod note;
mod stamp;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::exercise::Exercise;
use crate::ids::PoolId;
use crate::lint::across::{self, Place};
use crate::lint::check::{Content, Judged};
use crate::lint::silence;
use crate::lint::walk::{FoundFile, Role, Unreadable};
use crate::lint::{CheckError, Settings};
use crate::pool::Pool;

use super::{Outside, select, unreadable};
use concern::Concern;
use ground::Ground;
use note::{Model, Note};

/// What is known of each file of a tree.
#[derive(Debug)]
pub struct Ledger {
    root: PathBuf,
    settings: Settings,
    /// In the order of their paths.
    files: Vec<(FoundFile, Judged)>,
    /// One for each of `files`.
    notes: Vec<Note>,
    unreadable: Vec<Unreadable>,
    ground: Ground,
    /// How long a file must not have changed for its times to tell.
    rest: Duration,
    /// The last judgement, while nothing has changed that it goes by.
    judgement: Option<Arc<Judgement>>,
    /// What describes something else since then, by its place among the files: while the judgement
    /// stands, the files stay in theirs.
    edited: BTreeSet<usize>,
}

/// What the files say together.
#[derive(Debug, Default)]
pub struct Judgement {
    /// All errors, in order. The texts of the files are not kept.
    pub report: Report,
    /// What each file stands for, in the order of the ledger.
    pub standings: Vec<Standing>,
    /// Whether two exercises or two pools have one id.
    pub clashes: bool,
    /// The files that are told of beside others, and by what.
    involved: BTreeSet<Arc<str>>,
}

/// What has changed since the last judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// What these files describe, and nothing else.
    Contents(BTreeSet<usize>),
    /// Anything.
    Anything,
}

/// What a file stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A pool.
    Pool {
        /// Whether it may be served.
        sound: bool,
    },
    /// An exercise.
    Exercise {
        /// The file of the pool that it is in, as an index.
        pool: Option<usize>,
        /// Whether it may be served.
        sound: bool,
    },
}

impl Ledger {
    /// A ledger of the tree below a directory that knows nothing yet.
    pub fn new(root: PathBuf, settings: Settings) -> Self {
        Self {
            root,
            settings,
            files: Vec::new(),
            notes: Vec::new(),
            unreadable: Vec::new(),
            ground: Ground::default(),
            rest: stamp::TICK,
            judgement: None,
            edited: BTreeSet::new(),
        }
    }

    /// The tree's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// From now on these settings count. Where they differ, the next walk judges every file anew.
    pub fn set_settings(&mut self, settings: Settings) {
        if self.settings != settings {
            self.settings = settings;
            self.judgement = None;
            self.notes.iter_mut().for_each(Note::distrust);
        }
    }

    /// Looks at these paths, which begin at the root, or through everything. Says whether there is
    /// news for a judgement or a catalog.
    pub fn update(&mut self, paths: Option<&BTreeSet<PathBuf>>) -> Result<bool, CheckError> {
        let concern = if let Some(paths) = paths {
            self.concerned(paths)
        } else {
            self.is_there()?;
            self.ground = Ground::default();
            self.everything()?
        };
        self.look(&concern)
    }

    /// Looks at everything that is not as it was, by what the file system says of files and
    /// directories: nothing else is opened. Says whether there is news.
    pub fn catch_up(&mut self) -> Result<bool, CheckError> {
        let concern = self.everything()?;
        self.look(&concern)
    }

    fn look(&mut self, concern: &Concern) -> Result<bool, CheckError> {
        if concern.directories.is_empty() {
            return Ok(self.look_again(&concern.files));
        }
        self.is_there()?;
        for directory in &concern.forgotten {
            self.ground.forget(directory);
        }
        self.ground.stands(&self.root);
        Ok(self.walk(concern))
    }

    /// What the files say together, and what has changed since that was asked last.
    pub fn judge(&mut self) -> (Arc<Judgement>, Since) {
        let edited = std::mem::take(&mut self.edited);
        if let Some(judgement) = &self.judgement {
            return (Arc::clone(judgement), Since::Contents(edited));
        }
        let judgement = Arc::new(self.conclude());
        self.judgement = Some(Arc::clone(&judgement));
        (judgement, Since::Anything)
    }

    fn conclude(&self) -> Judgement {
        let mut report = Report {
            files: self.files.len(),
            ..Report::default()
        };
        let missing = self.unreadable.iter().cloned().map(unreadable);
        report.diagnostics.extend(missing);
        let outside = Outside {
            unread: self.unreadable.clone(),
            ..Outside::default()
        };
        let places = across::places(&self.files);
        let verdicts = across::judge(&self.files, &places, &outside, &self.settings);
        let mut standings = Vec::with_capacity(self.files.len());
        let mut involved = BTreeSet::new();
        for (((file, judged), verdict), place) in self.files.iter().zip(verdicts).zip(places) {
            let sound = judged.sound && !verdict.rejected;
            standings.push(match (file.role, place) {
                (Role::Pool, _) => Standing::Pool { sound },
                (Role::Exercise, Place::Below { pool, depth: 1 }) => Standing::Exercise {
                    pool: Some(pool),
                    sound,
                },
                (Role::Exercise | Role::Named, _) => Standing::Exercise { pool: None, sound },
            });
            if judged.diagnostics.is_empty() && verdict.diagnostics.is_empty() {
                continue;
            }
            for diagnostic in &verdict.diagnostics {
                let labels = diagnostic.labels.iter().map(|label| &label.path);
                involved.extend(labels.chain([&file.shown]).map(Arc::clone));
            }
            let mut own = judged.diagnostics.clone();
            own.extend(verdict.diagnostics);
            silence::silence(&mut own);
            // An error can't be ignored, so nobody asks what the file ignores.
            own.retain(|d| select(d, &self.settings));
            report.diagnostics.extend(own);
        }
        report.sort();
        let clash = |d: &Diagnostic| matches!(d.code, Code::I202 | Code::I203);
        Judgement {
            clashes: report.diagnostics.iter().any(clash),
            report,
            standings,
            involved,
        }
    }

    /// Where a file is.
    pub fn path(&self, index: usize) -> &Path {
        &self.files[index].0.path
    }

    /// The index of the file there, if the ledger knows one.
    pub fn position(&self, path: &Path) -> Option<usize> {
        let order = |(file, _): &(FoundFile, Judged)| file.path.as_path().cmp(path);
        self.files.binary_search_by(order).ok()
    }

    /// What could not be read at all: files, and directories with all that is below them.
    pub fn unreadable(&self) -> impl Iterator<Item = &Path> {
        self.unreadable.iter().map(|item| &*item.path)
    }

    /// The pool of a sound file, without its exercises. While nothing changes it is the same one.
    pub fn pool(&self, index: usize) -> Option<&Arc<Pool>> {
        match &self.notes[index].model {
            Model::Pool(pool) => Some(pool),
            Model::Unmade | Model::Exercise(_) => None,
        }
    }

    /// The ids that a pool lists, in the order in which they are taught.
    pub fn listed(&self, index: usize) -> impl Iterator<Item = &str> {
        let listed = match &self.files[index].1.content {
            Content::Pool { listed, .. } => listed.as_deref(),
            Content::Exercise { .. } => None,
        };
        listed.unwrap_or_default().iter().map(|(id, _)| id.as_str())
    }

    /// The exercise of a sound file, in this pool. While nothing changes it is the same one.
    pub fn exercise(&mut self, index: usize, pool: &PoolId) -> Option<Arc<Exercise>> {
        let content = &mut self.files[index].1.content;
        self.notes[index].model.exercise(content, pool)
    }

    pub(super) fn is_there(&self) -> Result<(), CheckError> {
        let path = || self.root.clone();
        let found = self.root.metadata();
        found.map(drop).map_err(|source| CheckError::Path {
            path: path(),
            source,
        })
    }
}
