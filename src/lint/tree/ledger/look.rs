//! Looking again: what may not be as it was is found and judged anew, and the rest stays.

use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;

use crate::lint::CheckError;
use crate::lint::walk::{Found, FoundFile};

use super::Ledger;
use super::concern::Concern;
use super::ground::Kept;
use super::note::{Looked, News};

/// A file that was found: where it is known, and what it was found to be unless that is known too.
type Sight = (Option<usize>, Option<Looked>);

impl Ledger {
    /// What is not as it was, by what the file system says about it: nothing is opened.
    pub(super) fn everything(&mut self) -> Result<Concern, CheckError> {
        self.is_there()?;
        self.ground.stands(&self.root);
        let mut concern = Concern {
            files: self.suspects(),
            ..Concern::default()
        };
        for (directory, ruled) in self.ground.stale() {
            if !ruled {
                concern.forgotten.push(directory.clone());
            }
            concern.directories.insert(directory);
        }
        if !self.ground.knows(&self.root) {
            concern.directories.insert(self.root.clone());
        }
        self.add_links(&mut concern);
        // Why something can't be read may have changed.
        let unread = self.unreadable.iter().filter_map(|item| item.path.parent());
        concern.directories.extend(unread.map(Path::to_owned));
        Ok(concern)
    }

    /// The files that are not as they were.
    fn suspects(&self) -> BTreeSet<usize> {
        let all = self.files.par_iter().zip(&self.notes).enumerate();
        all.filter(|(_, ((file, judged), note))| !note.is_as_it_was(file, judged))
            .map(|(index, _)| index)
            .collect()
    }

    /// Finds the files of these directories, and judges those that are not as they were.
    pub(super) fn walk(&mut self, concern: &Concern) -> bool {
        let mut found = Found::default();
        let (root, stale) = (&self.root, &concern.directories);
        let kept = self.ground.walk(root, stale, self.rest, &mut found);
        found.sort();
        let mut news = self.see(&kept, &mut found);
        let stays = kept.of_sorted(self.files.iter().map(|(file, _)| &*file.path));
        let known = |file: &FoundFile| {
            let index = self.position(&file.path)?;
            (self.files[index].0 == *file).then_some(index)
        };
        let looked: Vec<Sight> = found
            .files
            .par_iter()
            .map(|file| {
                let former = known(file);
                let looked = match former.map(|index| (&self.files[index].1, &self.notes[index])) {
                    Some((judged, note)) if note.is_as_it_was(file, judged) => None,
                    known => Some(Looked::at(file, &self.settings, self.rest, known)),
                };
                (former, looked)
            })
            .collect();
        let is_kept = |index: &usize| stays.get(*index).copied().unwrap_or_default();
        let suspects = concern.files.iter().copied().filter(is_kept).collect();
        news |= self.look_again(&suspects);
        news |= self.settle(found.files, looked, &stays);
        news
    }

    /// Notes what can't be read; says whether that is news.
    fn see(&mut self, kept: &Kept, found: &mut Found) -> bool {
        let former = self
            .unreadable
            .iter()
            .filter(|item| kept.covers(&item.path));
        found.unreadable.extend(former.cloned());
        found.sort();
        let news = found.unreadable != self.unreadable;
        self.unreadable = std::mem::take(&mut found.unreadable);
        if news {
            self.judgement = None;
        }
        news
    }

    /// Puts what was found in the place of what does not stay; says whether that is news.
    fn settle(&mut self, found: Vec<FoundFile>, looked: Vec<Sight>, stays: &[bool]) -> bool {
        let kept = looked.iter().filter(|(former, _)| former.is_some()).count();
        let left = stays.iter().filter(|stays| !**stays).count();
        let same = kept == left && kept == found.len();
        let mut news = News::Nothing;
        let notes = std::mem::take(&mut self.notes);
        let files = std::mem::take(&mut self.files);
        let mut former: Vec<_> = files.into_iter().zip(notes).map(Some).collect();
        let mut all = Vec::with_capacity(former.len() + found.len());
        for (file, (index, looked)) in found.into_iter().zip(looked) {
            let before = index.and_then(|index| former.get_mut(index)?.take());
            match (looked, before) {
                (Some(looked), _) => {
                    news = news.max(self.weigh(&file, &looked, index.filter(|_| same)));
                    all.push(((file, looked.judged), looked.note));
                }
                (None, Some(before)) => all.push(before),
                (None, None) => {}
            }
        }
        let rest = former.into_iter().zip(stays);
        all.extend(rest.filter_map(|(former, stays)| former.filter(|_| *stays)));
        all.sort_by(|((a, _), _), ((b, _), _)| a.path.cmp(&b.path));
        all.dedup_by(|((a, _), _), ((b, _), _)| a.path == b.path);
        (self.files, self.notes) = all.into_iter().unzip();
        if !same {
            self.judgement = None;
            news = News::Judgement;
        }
        news > News::Nothing
    }

    /// Judges these files anew; says whether that is news.
    pub(super) fn look_again(&mut self, suspects: &BTreeSet<usize>) -> bool {
        let looked: Vec<(usize, Looked)> = suspects
            .par_iter()
            .map(|&index| {
                let (file, judged) = &self.files[index];
                let former = Some((judged, &self.notes[index]));
                (index, Looked::at(file, &self.settings, self.rest, former))
            })
            .collect();
        let mut news = News::Nothing;
        for (index, looked) in looked {
            let file = self.files[index].0.clone();
            news = news.max(self.weigh(&file, &looked, Some(index)));
            self.files[index].1 = looked.judged;
            self.notes[index] = looked.note;
        }
        news > News::Nothing
    }

    /// Notes what is new of a file that stays in its place, if it does.
    fn weigh(&mut self, file: &FoundFile, looked: &Looked, index: Option<usize>) -> News {
        // Where something is wrong, places count too.
        let is_plain = looked.judged.sound
            && looked.judged.diagnostics.is_empty()
            && self
                .judgement
                .as_ref()
                .is_none_or(|judgement| !judgement.involved.contains(&file.shown));
        match (looked.news, index) {
            (News::Judgement, _) | (_, None) => self.judgement = None,
            (News::Nothing | News::Content, Some(_)) if !is_plain => self.judgement = None,
            (News::Content, Some(index)) => drop(self.edited.insert(index)),
            (News::Nothing, Some(_)) => {}
        }
        looked.news
    }
}
