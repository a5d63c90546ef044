//! Texts that stand for files: what fixes made of them, before anything is written.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::walk::shown;

/// Texts by the paths of the files that they stand for, as these are shown.
#[derive(Debug, Default, Clone)]
pub struct Texts {
    texts: HashMap<Arc<str>, Vec<u8>>,
}

impl Texts {
    /// The text that stands for a file.
    pub fn get(&self, shown: &str) -> Option<&[u8]> {
        self.texts.get(shown).map(Vec::as_slice)
    }

    /// The text that stands for the file at a path.
    pub fn at(&self, path: &Path) -> Option<&[u8]> {
        if self.texts.is_empty() {
            return None;
        }
        self.get(&shown(path))
    }

    /// Lets a text stand for a file.
    pub fn insert(&mut self, shown: Arc<str>, text: Vec<u8>) {
        self.texts.insert(shown, text);
    }

    /// All texts, in the order of their files.
    pub fn into_sorted(self) -> Vec<(Arc<str>, Vec<u8>)> {
        let mut texts: Vec<_> = self.texts.into_iter().collect();
        texts.sort();
        texts
    }
}
