//! I211 and I212: what a pool lists against what it has.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostics::yaml::{self, Limits, NodeId, Replacement, Tree, Value, in_quotes};
use crate::diagnostics::{Applicability, Code, Diagnostic, Findings, Severity, Source, nearest};

use super::super::check::{Content, Name};
use super::super::tree::Outside;
use super::super::walk::Role;
use super::Verdict;
use super::{File, Place, source_of};

/// How many missing exercises of one list get a suggestion.
const SUGGESTIONS: usize = 100;

/// The exercises of each pool, by its place among the files.
fn members(files: &[File], places: &[Place]) -> HashMap<usize, Vec<usize>> {
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, place) in places.iter().enumerate() {
        if let (Role::Exercise, Place::Below { pool, .. }) = (files[index].0.role, place) {
            members.entry(*pool).or_default().push(index);
        }
    }
    members
}

/// I211.
pub(super) fn drift(files: &[File], places: &[Place], outside: &Outside, verdicts: &mut [Verdict]) {
    let members = members(files, places);
    for (index, (file, judged)) in files.iter().enumerate() {
        let (
            Role::Pool,
            Content::Pool {
                slug,
                listed: Some(listed),
                ..
            },
        ) = (file.role, &judged.content)
        else {
            continue;
        };
        let mut ids = Vec::new();
        let mut broken = HashSet::new();
        let directory = file.path.parent().unwrap_or(Path::new(""));
        for path in unloaded(outside).filter(|path| path.starts_with(directory)) {
            broken.extend(possible_ids(path, slug.as_ref()));
        }
        for &member in members.get(&index).map_or(&[][..], Vec::as_slice) {
            match &files[member].1.content {
                Content::Exercise {
                    id: Some((id, _)), ..
                } => ids.push(id.as_str()),
                _ => broken.extend(possible_ids(&files[member].0.path, slug.as_ref())),
            }
        }
        let source = source_of(&files[index]);
        verdicts[index]
            .diagnostics
            .extend(list_drift(listed, &ids, &broken, &source));
    }
}

/// The ids that an exercise which can't be read probably has, by its directory: what is broken is
/// not reported as missing too.
fn possible_ids(path: &Path, slug: Option<&Name>) -> Vec<String> {
    let directory = path
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    let Some(directory) = directory else {
        return Vec::new();
    };
    let slug = slug.map_or("", |(slug, _)| slug);
    vec![
        directory.to_owned(),
        format!("{slug}-{directory}"),
        format!("{slug}_{directory}"),
    ]
}

fn list_drift(
    listed: &[Name],
    ids: &[&str],
    broken: &HashSet<String>,
    source: &Source,
) -> Vec<Diagnostic> {
    let findings = Findings::new(source);
    let mut problems = Vec::new();
    let known: HashSet<&str> = ids.iter().copied().collect();
    let mut seen: HashMap<&str, &Name> = HashMap::new();
    let mut missing = 0;
    // Read once more, and only for a list that is wrong.
    let written = OnceCell::new();
    let written = || written.get_or_init(|| List::read(source)).as_ref();
    for (index, name) in listed.iter().enumerate() {
        let (id, range) = name;
        if let Some((_, first)) = seen.insert(id, name) {
            let problem = findings.at(Code::I211, range.clone(), format!("`{id}` is listed twice"));
            let problem = problem
                .severity(Severity::Warning)
                .help("remove one of the two");
            let first = source.span(first.clone());
            let problem = problem.label(Arc::clone(source.path()), first, "first listed here");
            let gone = written().and_then(|list| list.without(index, range));
            problems.push(findings.fixed(problem, Applicability::Unsafe, "remove it", gone));
        } else if !known.contains(id.as_str()) && !broken.contains(id) {
            let message = format!("the pool has no exercise `{id}`");
            let problem = findings.at(Code::I211, range.clone(), message);
            missing += 1;
            let near = (missing <= SUGGESTIONS).then(|| nearest(id, ids.iter().copied()));
            problems.push(match near.flatten() {
                Some(near) => {
                    let problem = problem.help(format!("did you mean `{near}`?"));
                    let other = !listed.iter().any(|(id, _)| id == near);
                    let meant = other.then(|| (range.clone(), in_quotes(near)));
                    let message = format!("write `{near}`");
                    findings.fixed(problem, Applicability::Unsafe, &message, meant)
                }
                None => problem.help("list ids of exercises of this pool"),
            });
        }
    }
    let place = listed.first().map_or(0..0, |(_, range)| range.clone());
    let mut end = None;
    for id in ids.iter().filter(|id| !seen.contains_key(**id)) {
        let message = format!("the exercise `{id}` is not in the list");
        let problem = findings
            .at(Code::I211, place.clone(), message)
            .severity(Severity::Warning);
        let problem = problem.help("add it where it is taught, or remove the list");
        // Of several only one can be put behind the last at a time.
        let added = match end {
            None => written().and_then(|list| list.with(&in_quotes(id))),
            Some(()) => None,
        };
        end = Some(());
        let message = "add it at the end";
        problems.push(findings.fixed(problem, Applicability::Unsafe, message, added));
    }
    problems
}

/// The list of exercises, as the file has it.
struct List<'s> {
    source: &'s Source,
    tree: Tree<'s>,
    id: NodeId,
}

impl<'s> List<'s> {
    fn read(source: &'s Source) -> Option<Self> {
        let mut findings = Findings::new(source);
        let tree = yaml::parse(source, &Limits::default(), &mut findings)?;
        let id = tree.entry("exercises")?.value;
        Some(Self { source, tree, id })
    }

    fn without(&self, index: usize, place: &Range<usize>) -> Option<Replacement> {
        let Value::Sequence(items) = &self.tree.node(self.id).value else {
            return None;
        };
        let own = items
            .get(index)
            .is_some_and(|&item| self.tree.node(item).span == *place);
        let gone = self.tree.without_item(self.source, self.id, index);
        gone.filter(|_| own)
    }

    fn with(&self, item: &str) -> Option<Replacement> {
        self.tree.with_item(self.source, self.id, item)
    }
}

/// I212: pools without exercises. What is there and can't be loaded is reported where it is.
pub(super) fn empty(files: &[File], places: &[Place], outside: &Outside, verdicts: &mut [Verdict]) {
    let members = members(files, places);
    let nested: HashSet<usize> = places
        .iter()
        .filter_map(|place| match place {
            Place::Below { pool, .. } => Some(*pool),
            _ => None,
        })
        .collect();
    for (index, (file, judged)) in files.iter().enumerate() {
        let (
            Role::Pool,
            Content::Pool {
                slug: Some((_, place)),
                ..
            },
        ) = (file.role, &judged.content)
        else {
            continue;
        };
        let directory = file.path.parent().unwrap_or(Path::new(""));
        let below = unloaded(outside).any(|path| path.starts_with(directory));
        if members.contains_key(&index) || nested.contains(&index) || below {
            continue;
        }
        let source = source_of(&files[index]);
        let problem =
            Findings::new(&source).at(Code::I212, place.clone(), "the pool has no exercises");
        let help = "add one in a directory of its own, or remove the pool";
        verdicts[index].diagnostics.push(problem.help(help));
    }
}

/// The paths of exercises and pools that are there and can't be read, or have another name.
fn unloaded(outside: &Outside) -> impl Iterator<Item = &Path> {
    let unread = outside.unread.iter().map(|item| &*item.path);
    unread.chain(outside.misnamed.iter().map(|(path, _)| &**path))
}
