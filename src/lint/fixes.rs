//! Applying fixes: in memory, until nothing is left to fix, and only then into the files.
//!
//! A fix is applied whole or not at all, and never together with one that it overlaps: that one waits
//! for the next round. A text that could be read as YAML can be read after its fixes too.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostics::yaml::{self, Limits};
use crate::diagnostics::{Applicability, Encoding, Findings, Fix, Report, Source};
use crate::rewrite::{self, WriteError};

use super::tree::{CheckError, Progress, Target, check_with};
use super::{Settings, Texts};

/// How often a file's fixes are looked for: each round does what overlapped in the one before.
const ROUNDS: usize = 32;

/// A file whose text fixes change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file, as it is shown.
    pub path: Arc<str>,
    /// What it holds.
    pub before: Vec<u8>,
    /// What it is to hold.
    pub after: Vec<u8>,
    /// How many of its problems that fixes.
    pub problems: usize,
}

/// What fixes make of the files, before anything is written.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The files whose text changes, in order.
    pub changes: Vec<Change>,
    /// The files that get another name, and which.
    pub renames: Vec<(Arc<str>, PathBuf)>,
    /// What is left, as if the texts stood in the files already.
    pub report: Report,
}

/// Applies the fixes of what is found in memory; unsafe ones too, where that is asked for.
pub fn fix(
    targets: &[Target],
    settings: &Settings,
    progress: &Progress,
    applicability: Applicability,
) -> Result<Fixed, CheckError> {
    let mut fixed = Fixed::default();
    let mut texts = Arc::<Texts>::default();
    let mut before: HashMap<Arc<str>, (Vec<u8>, usize)> = HashMap::new();
    let mut given_up: BTreeSet<Arc<str>> = BTreeSet::new();
    for round in 0..=ROUNDS {
        let checked = check_with(targets.to_vec(), settings, progress, &texts)?;
        fixed.report = checked.report;
        if progress.is_cancelled() {
            return Ok(Fixed {
                report: fixed.report,
                ..Fixed::default()
            });
        }
        let offered = fixes_by_file(&fixed.report, applicability);
        let mut done = Vec::new();
        for (path, fixes) in offered.iter().filter(|_| round < ROUNDS) {
            let text = text(path, &texts, &fixed.report);
            let Some(text) = text.filter(|_| !given_up.contains(path)) else {
                continue;
            };
            let (after, applied) = apply(&text, fixes);
            if applied == 0 || after == text || spoils(path, &text, &after) {
                given_up.insert(Arc::clone(path));
                continue;
            }
            let known = before.entry(Arc::clone(path));
            known.or_insert_with(|| (text, fixes.len()));
            done.push((Arc::clone(path), after));
        }
        if done.is_empty() {
            break;
        }
        for (path, after) in done {
            Arc::make_mut(&mut texts).insert(path, after);
        }
    }
    let left = fixes_by_file(&fixed.report, applicability);
    for (path, (_, problems)) in &mut before {
        // Of what was found first; what only a fix brought up is none of the file's problems.
        *problems = problems.saturating_sub(left.get(path).map_or(0, Vec::len));
    }
    fixed.renames = renames(&fixed.report, applicability);
    let texts = Arc::unwrap_or_clone(texts).into_sorted().into_iter();
    fixed.changes = texts
        .filter_map(|(path, after)| {
            let (before, problems) = before.remove(&path)?;
            (before != after).then_some(Change {
                path,
                before,
                after,
                problems,
            })
        })
        .collect();
    Ok(fixed)
}

impl Fixed {
    /// How many problems are fixed.
    pub fn problems(&self) -> usize {
        let changes = self.changes.iter();
        changes.map(|change| change.problems).sum::<usize>() + self.renames.len()
    }

    /// Writes what has changed, and keeps of the changes those that were written. What can't be written
    /// is told and holds nothing else up.
    pub fn write(&mut self, progress: &Progress) -> Vec<WriteError> {
        let write = |change: Change| {
            if progress.is_cancelled() {
                return None;
            }
            let path = Path::new(&*change.path);
            let written = rewrite::replace(path, &change.before, &change.after);
            Some(written.map(|()| change))
        };
        let changes = std::mem::take(&mut self.changes);
        let written: Vec<_> = changes.into_par_iter().filter_map(write).collect();
        let mut errors = Vec::new();
        for change in written {
            match change {
                Ok(change) => self.changes.push(change),
                Err(error) => errors.push(error),
            }
        }
        self.renames.retain(|(from, to)| {
            if progress.is_cancelled() {
                return false;
            }
            let renamed = rewrite::rename(Path::new(&**from), to);
            renamed.map_err(|error| errors.push(error)).is_ok()
        });
        errors
    }
}

/// The fixes that may be applied, by file.
fn fixes_by_file(report: &Report, applicability: Applicability) -> BTreeMap<Arc<str>, Vec<&Fix>> {
    let mut files: BTreeMap<Arc<str>, Vec<&Fix>> = BTreeMap::new();
    for diagnostic in &report.diagnostics {
        let fix = diagnostic
            .fix
            .as_ref()
            .filter(|fix| allowed(fix, applicability));
        if let Some(fix) = fix.filter(|fix| !fix.edits.is_empty()) {
            files
                .entry(Arc::clone(&diagnostic.path))
                .or_default()
                .push(fix);
        }
    }
    files
}

fn renames(report: &Report, applicability: Applicability) -> Vec<(Arc<str>, PathBuf)> {
    let mut taken = BTreeSet::new();
    let renames = report.diagnostics.iter().filter_map(|diagnostic| {
        let fix = diagnostic
            .fix
            .as_ref()
            .filter(|fix| allowed(fix, applicability))?;
        let to = Path::new(&*diagnostic.path).with_file_name(fix.rename.as_ref()?);
        Some((Arc::clone(&diagnostic.path), to))
    });
    // Of two that would get one name the first gets it.
    renames.filter(|(_, to)| taken.insert(to.clone())).collect()
}

fn allowed(fix: &Fix, applicability: Applicability) -> bool {
    match applicability {
        Applicability::Safe => fix.applicability == Applicability::Safe,
        Applicability::Unsafe => true,
    }
}

/// The bytes that a file's fixes are for.
fn text(path: &Arc<str>, texts: &Texts, report: &Report) -> Option<Vec<u8>> {
    if let Some(text) = texts.get(path) {
        return Some(text.to_vec());
    }
    let source = report.sources.get(path)?;
    match source.encoding() {
        Encoding::Utf8 => Some(source.text().as_bytes().to_vec()),
        // Only the bytes themselves say what is there; that they are still the same is seen by their
        // number, and when they are written over.
        Encoding::Wide { length, .. } => {
            let bytes = std::fs::read(Path::new(&**path)).ok()?;
            (bytes.len() == *length).then_some(bytes)
        }
        Encoding::Invalid(_) => None,
    }
}

/// Applies as many fixes as don't overlap, the first of them first.
fn apply(text: &[u8], fixes: &[&Fix]) -> (Vec<u8>, usize) {
    let mut edits: BTreeMap<(usize, usize), &str> = BTreeMap::new();
    let mut applied = 0;
    for fix in fixes {
        let ranges = || fix.edits.iter().map(|edit| edit.span.range());
        let within = ranges().all(|range| range.start <= range.end && range.end <= text.len());
        let free = ranges().all(|range| {
            let meets = |&(start, end): &(usize, usize)| meet(&range, &(start..end));
            let mut before = edits.range(..=(range.start, usize::MAX)).rev();
            let behind = edits.range((range.start, 0)..);
            let mut behind = behind.take_while(|((start, _), _)| *start <= range.end);
            !before.next().is_some_and(|(at, _)| meets(at)) && !behind.any(|(at, _)| meets(at))
        });
        if !within || !free {
            continue;
        }
        applied += 1;
        for edit in &fix.edits {
            let range = edit.span.range();
            edits.insert((range.start, range.end), &edit.content);
        }
    }
    let mut after = Vec::with_capacity(text.len());
    let mut at = 0;
    for ((start, end), content) in edits {
        after.extend_from_slice(text.get(at..start).unwrap_or_default());
        after.extend_from_slice(content.as_bytes());
        at = end;
    }
    after.extend_from_slice(text.get(at..).unwrap_or_default());
    (after, applied)
}

/// Whether two replacements would touch the same bytes, or be put at the same place.
fn meet(a: &std::ops::Range<usize>, b: &std::ops::Range<usize>) -> bool {
    a == b || a.start < b.end && b.start < a.end
}

/// Whether a text could be read as YAML before and can't be after.
fn spoils(path: &str, before: &[u8], after: &[u8]) -> bool {
    let ending = Path::new(path).extension();
    let yaml =
        ending.is_none_or(|e| e.eq_ignore_ascii_case("yaml") || e.eq_ignore_ascii_case("yml"));
    yaml && reads(before) && !reads(after)
}

fn reads(text: &[u8]) -> bool {
    let source = Source::new(Arc::from(""), text.to_vec());
    let mut findings = Findings::new(&source);
    yaml::parse(&source, &Limits::default(), &mut findings).is_some() && !findings.has_errors()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Edit;

    fn fix(edits: &[(usize, usize, &str)]) -> Fix {
        let source = Source::new(Arc::from("x"), b"0123456789".to_vec());
        let edits = edits.iter().map(|&(start, end, content)| Edit {
            span: source.span(start..end),
            content: content.to_owned(),
        });
        Fix {
            message: String::new(),
            applicability: Applicability::Safe,
            edits: edits.collect(),
            rename: None,
        }
    }

    fn applied(fixes: &[Fix]) -> (String, usize) {
        let (after, count) = apply(b"0123456789", &fixes.iter().collect::<Vec<_>>());
        (String::from_utf8(after).unwrap(), count)
    }

    #[test]
    fn fixes_that_overlap_wait_whole() {
        let first = fix(&[(1, 3, "a"), (6, 7, "b")]);
        assert_eq!(
            applied(std::slice::from_ref(&first)),
            ("0a345b789".into(), 1)
        );
        for (start, end) in [(2, 4), (0, 2), (1, 3), (0, 9), (6, 7), (2, 2), (5, 7)] {
            let other = fix(&[(9, 10, "c"), (start, end, "d")]);
            let both = applied(&[first.clone(), other]);
            assert_eq!(both, ("0a345b789".into(), 1), "{start}..{end}");
        }
        for (start, end, after) in [
            (3, 6, "0adb789"),
            (0, 1, "da345b789"),
            (3, 3, "0ad345b789"),
            (1, 1, "0da345b789"),
            (7, 10, "0a345bd"),
        ] {
            let both = applied(&[first.clone(), fix(&[(start, end, "d")])]);
            assert_eq!(both, (after.into(), 2), "{start}..{end}");
        }
        let twice = [fix(&[(4, 4, "a")]), fix(&[(4, 4, "b")])];
        assert_eq!(applied(&twice), ("0123a456789".into(), 1));
        assert_eq!(
            applied(&[fix(&[(0, 1, "a"), (9, 10, "b")]), fix(&[(4, 5, "c")])]).1,
            2
        );
        assert_eq!(applied(&[fix(&[(4, 5, "c")]), fix(&[(0, 10, "a")])]).1, 1);
    }
}
