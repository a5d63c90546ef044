//! Which files a changed path has to do with. Where only a walk can tell, a walk is due.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::lint::walk::{self, EXERCISE_FILE, IGNORE_FILE, POOL_FILE};

use super::Ledger;

impl Ledger {
    /// The files to judge anew for these paths; nothing where a walk is due.
    pub(super) fn concerned(&self, paths: &BTreeSet<PathBuf>) -> Option<BTreeSet<usize>> {
        let mut suspects = BTreeSet::new();
        for path in paths {
            self.add_owners(path, &mut suspects);
            if self.needs_walk(path) {
                return None;
            }
        }
        if paths.is_empty() {
            return Some(suspects);
        }
        for (index, note) in self
            .notes
            .iter()
            .enumerate()
            .filter(|(_, note)| note.linked)
        {
            let (file, judged) = &self.files[index];
            if suspects.contains(&index) || note.is_as_it_was(file, judged) {
                continue;
            }
            // Whether a link may be followed at all is for the walk to say.
            if file.path.is_symlink() {
                return None;
            }
            suspects.insert(index);
        }
        let mut escaped = self.unreadable.iter().filter(|item| item.escapes);
        let mended = escaped.any(|item| item.path.exists());
        (!mended).then_some(suspects)
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

    /// Whether there may be other files than before.
    fn needs_walk(&self, path: &Path) -> bool {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return true;
        };
        let above = path.parent().unwrap_or(Path::new(""));
        let is_passed_over = |name: &std::ffi::OsStr| walk::is_passed_over(&name.to_string_lossy());
        if above.iter().any(is_passed_over) {
            return false;
        }
        if name == IGNORE_FILE {
            return true;
        }
        if is_passed_over(name.as_ref()) {
            return false;
        }
        let whole = self.root.join(path);
        let found = whole.symlink_metadata();
        let is_file = found.as_ref().is_ok_and(std::fs::Metadata::is_file);
        let is_directory = found.as_ref().is_ok_and(std::fs::Metadata::is_dir);
        if self.position(&whole).is_some() {
            return !is_file;
        }
        let is_ours = name == EXERCISE_FILE || name == POOL_FILE;
        is_directory || (is_ours && found.is_ok()) || self.knows_below(&whole)
    }

    /// Whether a known file, or what could not be read, is there or below.
    fn knows_below(&self, path: &Path) -> bool {
        let next = self.files.partition_point(|(file, _)| *file.path < *path);
        let file = self.files.get(next);
        file.is_some_and(|(file, _)| file.path.starts_with(path))
            || self.unreadable().any(|other| other.starts_with(path))
    }
}
