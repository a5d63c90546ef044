//! I202 to I205: ids that clash, that look alike, or that are not what their directory is called.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostics::yaml::{self, Limits};
use crate::diagnostics::{Applicability, Code, Findings};
use crate::ids::check_content_id;

use super::super::check::{Content, Name, read_again};
use super::super::walk::{self, POOL_FILE, Role};
use super::{File, Place, Verdict, source_of};

/// Ids of one kind, which must be unique in the tree.
pub(super) struct Clash {
    code: Code,
    what: &'static str,
    help: &'static str,
    pub(super) name: fn(&Content) -> Option<&Name>,
}

impl Clash {
    pub(super) const EXERCISES: Self = Self {
        code: Code::I202,
        what: "exercise has the id",
        help: "give one of the two another id",
        name: |content| match content {
            Content::Exercise { id, .. } => id.as_ref(),
            Content::Pool { .. } => None,
        },
    };
    pub(super) const POOLS: Self = Self {
        code: Code::I203,
        what: "pool has the slug",
        help: "give one of the two another slug",
        name: |content| match content {
            Content::Pool { slug, .. } => slug.as_ref(),
            Content::Exercise { .. } => None,
        },
    };
}

/// I202 and I203. Every one but the first is reported; the first that can be loaded is kept, so that
/// a broken file takes no sound one with it.
pub(super) fn clashes(files: &[File], places: &[Place], verdicts: &mut [Verdict], clash: &Clash) {
    let mut named: HashMap<&str, Vec<usize>> = HashMap::with_capacity(files.len());
    for (index, (_, judged)) in files.iter().enumerate() {
        if let Some((name, _)) = (clash.name)(&judged.content) {
            named.entry(name).or_default().push(index);
        }
    }
    let mut clashing: Vec<_> = named.into_iter().filter(|(_, all)| all.len() > 1).collect();
    clashing.sort_unstable();
    for (name, all) in clashing {
        let kept = all
            .iter()
            .copied()
            .find(|&index| loadable(files, places, verdicts, index));
        let first = all[0];
        let other = source_of(&files[first]);
        let place = |index: usize| {
            (clash.name)(&files[index].1.content).map_or(0..0, |(_, range)| range.clone())
        };
        for &index in &all {
            verdicts[index].rejected |= Some(index) != kept;
            if index == first {
                continue;
            }
            let source = source_of(&files[index]);
            let message = format!("another {} `{name}`", clash.what);
            let problem = Findings::new(&source).at(clash.code, place(index), message);
            let earlier = other.span(place(first));
            let problem = problem.label(Arc::clone(other.path()), earlier, "first used here");
            verdicts[index].diagnostics.push(problem.help(clash.help));
        }
    }
}

/// Whether nothing is said against a file so far, nor against the pool of an exercise.
fn loadable(files: &[File], places: &[Place], verdicts: &[Verdict], index: usize) -> bool {
    let sound = files[index].1.sound;
    let own_pool = match (files[index].0.role, places[index]) {
        (Role::Exercise, Place::Below { pool, .. }) => loadable(files, places, verdicts, pool),
        _ => true,
    };
    sound && own_pool && !verdicts[index].rejected
}

/// Whether two ids differ by nothing but case, `-` and `_`.
pub fn are_confusable(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// I204: ids that differ by nothing but case, `-` and `_`.
pub(super) fn confusable(files: &[File], verdicts: &mut [Verdict], clash: &Clash) {
    // The files that are the first to have a name, by what is left of it.
    let mut known: HashMap<String, Vec<(usize, &Name)>> = HashMap::with_capacity(files.len());
    for (index, (_, judged)) in files.iter().enumerate() {
        let Some(name) = (clash.name)(&judged.content) else {
            continue;
        };
        let alike = known.entry(folded(&name.0)).or_default();
        if alike.iter().any(|(_, other)| other.0 == name.0) {
            continue;
        }
        if let Some((first, (other, place))) = alike.first().copied() {
            let (source, earlier) = (source_of(&files[index]), source_of(&files[first]));
            let message = format!("`{}` is easily taken for `{other}`", name.0);
            let problem = Findings::new(&source).at(Code::I204, name.1.clone(), message);
            let label = earlier.span(place.clone());
            let problem = problem.label(Arc::clone(earlier.path()), label, "the other one");
            verdicts[index].diagnostics.push(problem.help(clash.help));
        }
        alike.push((index, name));
    }
}

/// What I205 asks of a pool.
#[derive(Debug, Clone)]
struct Around {
    slug: String,
    /// Whether it lists its exercises: another id would have to be written there too.
    lists: bool,
}

/// I205: an id that is not what the exercise's directory is called.
pub(super) fn directories(files: &[File], places: &[Place], verdicts: &mut [Verdict]) {
    let mut outer: HashMap<&Path, Option<Around>> = HashMap::new();
    for (index, (file, judged)) in files.iter().enumerate() {
        let (
            Role::Exercise,
            Content::Exercise {
                id: Some((id, place)),
                ..
            },
        ) = (file.role, &judged.content)
        else {
            continue;
        };
        let Some(directory) = directory_name(&file.path).filter(|name| name != id) else {
            continue;
        };
        let around = match places[index] {
            Place::Below { pool, depth: 1 } => pool_around(&files[pool].1.content),
            Place::BelowOuter { depth: 1 } => {
                let around = outer.entry(&*file.root);
                around.or_insert_with(|| outer_pool(&file.root)).clone()
            }
            Place::Below { .. } | Place::BelowOuter { .. } | Place::Nowhere | Place::Any => None,
        };
        // A pool without a slug is reported as such.
        let Some(Around { slug, lists }) = around else {
            continue;
        };
        let whole = [format!("{slug}-{directory}"), format!("{slug}_{directory}")];
        if whole.contains(id) || check_content_id(id).is_err() {
            continue;
        }
        let source = source_of(&files[index]);
        let [meant, _] = whole;
        let message = format!("the id `{id}` is not what its directory is called");
        let findings = Findings::new(&source);
        let problem = findings.at(Code::I205, place.clone(), message);
        let help = format!("call it `{directory}` or `{meant}`, or rename the directory");
        let fits = !lists && check_content_id(&meant).is_ok();
        let edit = fits.then(|| (place.clone(), format!("\"{meant}\"")));
        let fix = format!("call it `{meant}`");
        let problem = findings.fixed(problem.help(help), Applicability::Unsafe, &fix, edit);
        verdicts[index].diagnostics.push(problem);
    }
}

fn pool_around(content: &Content) -> Option<Around> {
    match content {
        Content::Pool {
            slug: Some((slug, _)),
            listed,
            ..
        } => Some(Around {
            slug: slug.clone(),
            lists: listed.is_some(),
        }),
        Content::Pool { .. } | Content::Exercise { .. } => None,
    }
}

/// What the directory of a file is called, however the path is spelled.
fn directory_name(path: &Path) -> Option<String> {
    let directory = path.parent()?;
    let name = match directory.file_name() {
        Some(name) => name.to_owned(),
        None => walk::absolute(directory).file_name()?.to_owned(),
    };
    name.into_string().ok()
}

/// The nearest pool above a directory.
fn outer_pool(root: &Path) -> Option<Around> {
    let absolute = walk::absolute(root);
    let mut above = absolute
        .ancestors()
        .skip(1)
        .map(|above| above.join(POOL_FILE));
    let path = above.find(|path| path.is_file())?;
    let source = read_again(&path, &Arc::from(""))?;
    let mut findings = Findings::new(&source);
    let tree = yaml::parse(&source, &Limits::default(), &mut findings)?;
    Some(Around {
        slug: tree.text(tree.entry("slug")?.value)?.to_owned(),
        lists: tree.entry("exercises").is_some(),
    })
}
