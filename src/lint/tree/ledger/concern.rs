//! Which files and directories a changed path has to do with.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::lint::walk::{self, EXERCISE_FILE, IGNORE_FILE, POOL_FILE};

use super::Ledger;

/// What changed paths have to do with.
#[derive(Debug, Default)]
pub(super) struct Concern {
    /// The files to judge anew.
    pub(super) files: BTreeSet<usize>,
    /// The directories in which there may be other files than before.
    pub(super) directories: BTreeSet<PathBuf>,
    /// The directories of which nothing is known any more, with all that is below them.
    pub(super) forgotten: Vec<PathBuf>,
}

impl Ledger {
    /// What these paths have to do with.
    pub(super) fn concerned(&self, paths: &BTreeSet<PathBuf>) -> Concern {
        let mut concern = Concern::default();
        for path in paths {
            self.add_owners(path, &mut concern.files);
            self.add_ground(path, &mut concern);
        }
        if !paths.is_empty() {
            self.add_links(&mut concern);
        }
        concern
    }

    /// Adds the exercises that a path beside them, or below, has to do with.
    fn add_owners(&self, path: &Path, suspects: &mut BTreeSet<usize>) {
        let whole = self.root.join(path);
        for directory in path.ancestors().skip(1) {
            let directory = self.root.join(directory);
            let Some(index) = self.position(&directory.join(EXERCISE_FILE)) else {
                continue;
            };
            let beside = whole.strip_prefix(&directory).unwrap_or(path);
            if self.notes[index].depends_on(beside, &self.files[index].1) {
                suspects.insert(index);
            }
        }
        // Whether it is still one is seen below.
        suspects.extend(self.position(&whole));
    }

    /// Adds the directories in which there may be other files than before.
    fn add_ground(&self, path: &Path, concern: &mut Concern) {
        let above = path.parent().unwrap_or(Path::new(""));
        if above.iter().any(is_passed_over) {
            return;
        }
        let whole = self.root.join(path);
        let directory = self.root.join(above);
        let Some(name) = path.file_name() else {
            // The root itself.
            concern.directories.insert(self.root.clone());
            return;
        };
        if name == IGNORE_FILE {
            concern.directories.insert(directory.clone());
            concern.forgotten.push(directory);
            return;
        }
        if is_passed_over(name) {
            return;
        }
        let found = whole.symlink_metadata();
        let is_file = found.as_ref().is_ok_and(std::fs::Metadata::is_file);
        let is_directory = found.as_ref().is_ok_and(std::fs::Metadata::is_dir);
        let is_ours = name == EXERCISE_FILE || name == POOL_FILE;
        let may_differ = if self.position(&whole).is_some() {
            !is_file
        } else {
            is_directory || is_ours || self.knows_below(&whole)
        };
        if !may_differ {
            return;
        }
        if name == POOL_FILE && above.as_os_str().is_empty() {
            // Other links may be followed then.
            concern.forgotten.push(self.root.clone());
        }
        let nearest = self.ground.nearest_above(&whole).unwrap_or(&self.root);
        concern.directories.insert(nearest.to_owned());
        concern.forgotten.push(whole);
    }

    /// Adds what is behind links, which may change elsewhere.
    pub(super) fn add_links(&self, concern: &mut Concern) {
        let linked = self.notes.iter().enumerate();
        for (index, note) in linked.filter(|(_, note)| note.linked) {
            let (file, judged) = &self.files[index];
            if file.path.is_symlink() {
                let same = note.is_as_it_was(file, judged) && !walk::escapes(file);
                // Whether a link may be followed at all is for the walk to say.
                let directory = file.path.parent().filter(|_| !same);
                concern.directories.extend(directory.map(Path::to_owned));
            } else if !note.is_as_it_was(file, judged) {
                concern.files.insert(index);
            }
        }
        let escaped = self.unreadable.iter().filter(|item| item.escapes);
        let mended = escaped.filter(|item| item.path.exists());
        let directories = mended.filter_map(|item| item.path.parent());
        concern.directories.extend(directories.map(Path::to_owned));
    }

    /// Whether a known file, or what could not be read, is there or below.
    fn knows_below(&self, path: &Path) -> bool {
        let next = self.files.partition_point(|(file, _)| *file.path < *path);
        let file = self.files.get(next);
        file.is_some_and(|(file, _)| file.path.starts_with(path))
            || self.unreadable().any(|other| other.starts_with(path))
    }
}

fn is_passed_over(name: &OsStr) -> bool {
    walk::is_passed_over(&name.to_string_lossy())
}
