//! What needs several files: ids that clash, pools within pools, exercises in the wrong place, and
//! lists that do not fit the disk. Of two that clash the first by path is right.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Findings, Severity, Source, nearest};

use super::check::{self, Content, Judged, Name};
use super::tree::SoundPool;
use super::walk::{self, EXERCISE_FILE, FoundFile, LEVELS_ABOVE, POOL_FILE, Role};

type File = (FoundFile, Judged);

/// How many missing exercises of one list get a suggestion.
const SUGGESTIONS: usize = 100;

/// Where a file stands among the pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Below the pool of that index, that many directories deep.
    Below { pool: usize, depth: usize },
    /// Below a pool above what the user named, that many directories deep.
    BelowOuter { depth: usize },
    /// Below no pool.
    Nowhere,
    /// The user named the file: its place does not matter.
    Any,
}

/// What the other files say about one.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Whether the file's content may not be used.
    pub(super) rejected: bool,
}

impl Verdict {
    fn reject(&mut self, problem: Diagnostic) {
        self.rejected = true;
        self.diagnostics.push(problem);
    }
}

/// Where each file stands.
pub(super) fn places(files: &[File]) -> Vec<Place> {
    let pools: HashMap<&Path, usize> = files
        .iter()
        .enumerate()
        .filter(|(_, (file, _))| file.role == Role::Pool)
        .filter_map(|(index, (file, _))| Some((file.path.parent()?, index)))
        .collect();
    // One look above each root, however many files are below it.
    let mut outer: HashMap<&Path, Option<usize>> = HashMap::new();
    for (file, _) in files {
        outer
            .entry(&file.root)
            .or_insert_with(|| outer_pool(&file.root));
    }
    let place = |file: &FoundFile| {
        // A pool's own directory is not above it.
        let skipped = match file.role {
            Role::Pool => 1,
            Role::Exercise => 0,
            Role::Named => return Place::Any,
        };
        let directory = file.path.parent().unwrap_or(Path::new(""));
        let inside = directory
            .ancestors()
            .take_while(|above| above.starts_with(&file.root));
        let mut steps = 0;
        for (depth, above) in inside.enumerate() {
            steps = depth;
            if let Some(&pool) = pools.get(above).filter(|_| depth >= skipped) {
                return Place::Below { pool, depth };
            }
        }
        match outer.get(&*file.root).copied().flatten() {
            Some(distance) => Place::BelowOuter {
                depth: steps + distance,
            },
            None => Place::Nowhere,
        }
    };
    files.iter().map(|(file, _)| place(file)).collect()
}

/// How many directories above a root a pool is, if there is one near.
fn outer_pool(root: &Path) -> Option<usize> {
    let absolute = walk::absolute(root);
    let mut above = absolute.ancestors().enumerate().skip(1).take(LEVELS_ABOVE);
    above
        .find(|(_, directory)| directory.join(POOL_FILE).is_file())
        .map(|(distance, _)| distance)
}

/// Judges what needs several files.
///
/// `unread` are the paths of exercises and pools that could not be read at all.
pub(super) fn judge(files: &[File], places: &[Place], unread: &[PathBuf]) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = files.iter().map(|_| Verdict::default()).collect();
    exercise_places(files, places, &mut verdicts);
    nested_pools(files, places, &mut verdicts);
    clashes(files, places, &mut verdicts, &Clash::POOLS);
    clashes(files, places, &mut verdicts, &Clash::EXERCISES);
    pool_lists(files, places, unread, &mut verdicts);
    verdicts
}

/// I209.
fn exercise_places(files: &[File], places: &[Place], verdicts: &mut [Verdict]) {
    for (index, (file, _)) in files.iter().enumerate() {
        let message = match (file.role, places[index]) {
            (Role::Pool | Role::Named, _)
            | (
                Role::Exercise,
                Place::Any | Place::Below { depth: 1, .. } | Place::BelowOuter { depth: 1 },
            ) => continue,
            (Role::Exercise, Place::Nowhere) => "the exercise is in no pool",
            (Role::Exercise, Place::Below { .. } | Place::BelowOuter { .. }) => {
                "the exercise is not in a directory of its pool"
            }
        };
        let source = Source::new(Arc::clone(&file.shown), Vec::new());
        let problem = Findings::new(&source).at(Code::I209, 0..0, message);
        let help =
            format!("an exercise is at <pool>/<directory>/{EXERCISE_FILE}, a pool has {POOL_FILE}");
        verdicts[index].reject(problem.help(help));
    }
}

/// Ids of one kind, which must be unique in the tree.
struct Clash {
    code: Code,
    what: &'static str,
    help: &'static str,
    name: fn(&Content) -> Option<&Name>,
}

impl Clash {
    const EXERCISES: Self = Self {
        code: Code::I202,
        what: "exercise has the id",
        help: "give one of the two another id",
        name: |content| match content {
            Content::Exercise { id, .. } => id.as_ref(),
            Content::Pool { .. } => None,
        },
    };
    const POOLS: Self = Self {
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
fn clashes(files: &[File], places: &[Place], verdicts: &mut [Verdict], clash: &Clash) {
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

/// I208.
fn nested_pools(files: &[File], places: &[Place], verdicts: &mut [Verdict]) {
    for (index, (file, judged)) in files.iter().enumerate() {
        if file.role != Role::Pool || matches!(places[index], Place::Nowhere | Place::Any) {
            continue;
        }
        let source = source_of(&files[index]);
        let slug = |content: &Content| (Clash::POOLS.name)(content).map(|(_, range)| range.clone());
        let range = slug(&judged.content).unwrap_or(0..0);
        let message = "the pool stands inside of another pool";
        let mut problem = Findings::new(&source).at(Code::I208, range, message);
        if let Place::Below { pool, .. } = places[index] {
            let other = source_of(&files[pool]);
            let around = other.span(slug(&files[pool].1.content).unwrap_or(0..0));
            problem = problem.label(Arc::clone(other.path()), around, "the pool around it");
        }
        verdicts[index].reject(problem.help("move its directory beside the other pool"));
    }
}

/// I211.
fn pool_lists(files: &[File], places: &[Place], unread: &[PathBuf], verdicts: &mut [Verdict]) {
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, place) in places.iter().enumerate() {
        if let (Role::Exercise, Place::Below { pool, .. }) = (files[index].0.role, place) {
            members.entry(*pool).or_default().push(index);
        }
    }
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
        for path in unread.iter().filter(|path| path.starts_with(directory)) {
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
    for name in listed {
        let (id, range) = name;
        if let Some((_, first)) = seen.insert(id, name) {
            let problem = findings.at(Code::I211, range.clone(), format!("`{id}` is listed twice"));
            let problem = problem
                .severity(Severity::Warning)
                .help("remove one of the two");
            let first = source.span(first.clone());
            problems.push(problem.label(Arc::clone(source.path()), first, "first listed here"));
        } else if !known.contains(id.as_str()) && !broken.contains(id) {
            let message = format!("the pool has no exercise `{id}`");
            let problem = findings.at(Code::I211, range.clone(), message);
            missing += 1;
            let near = (missing <= SUGGESTIONS).then(|| nearest(id, ids.iter().copied()));
            problems.push(match near.flatten() {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("list ids of exercises of this pool"),
            });
        }
    }
    let place = listed.first().map_or(0..0, |(_, range)| range.clone());
    for id in ids.iter().filter(|id| !seen.contains_key(**id)) {
        let message = format!("the exercise `{id}` is not in the list");
        let problem = findings
            .at(Code::I211, place.clone(), message)
            .severity(Severity::Warning);
        problems.push(problem.help("add it where it is taught, or remove the list"));
    }
    problems
}

/// A file's text: what is still in memory, or else read again.
fn source_of((file, judged): &File) -> Arc<Source> {
    judged.source.clone().unwrap_or_else(|| {
        let again = check::read_again(&file.path, &file.shown);
        Arc::new(again.unwrap_or_else(|| Source::new(Arc::clone(&file.shown), Vec::new())))
    })
}

/// The sound content, and how many pools and exercises were left out.
pub(super) fn sound(places: &[Place], contents: Vec<Option<Content>>) -> (Vec<SoundPool>, usize) {
    let mut pools: HashMap<usize, (SoundPool, Vec<String>)> = HashMap::new();
    let mut exercises = Vec::new();
    let mut skipped = 0;
    for (index, content) in contents.into_iter().enumerate() {
        match content {
            Some(Content::Pool {
                file: Some(file),
                listed,
                ..
            }) => match file.into_pool() {
                Some(pool) => {
                    let order = listed
                        .unwrap_or_default()
                        .into_iter()
                        .map(|(id, _)| id)
                        .collect();
                    pools.insert(
                        index,
                        (
                            SoundPool {
                                pool,
                                exercises: Vec::new(),
                            },
                            order,
                        ),
                    );
                }
                None => skipped += 1,
            },
            Some(Content::Exercise {
                file: Some(file), ..
            }) => exercises.push((index, file)),
            _ => skipped += 1,
        }
    }
    for (index, file) in exercises {
        let pool = match places[index] {
            Place::Below { pool, depth: 1 } => pools.get_mut(&pool),
            _ => None,
        };
        let sound = pool.and_then(|(pool, _)| {
            let exercise = file.into_exercise(pool.pool.id.clone())?;
            pool.exercises.push(exercise);
            Some(())
        });
        skipped += usize::from(sound.is_none());
    }
    let mut pools: Vec<_> = pools.into_values().collect();
    for (pool, order) in &mut pools {
        let rank: HashMap<&str, usize> = order
            .iter()
            .enumerate()
            .rev()
            .map(|(rank, id)| (id.as_str(), rank))
            .collect();
        pool.exercises.sort_by_key(|exercise| {
            let rank = rank
                .get(exercise.id.as_str())
                .copied()
                .unwrap_or(usize::MAX);
            (rank, exercise.id.clone())
        });
    }
    let mut pools: Vec<SoundPool> = pools.into_iter().map(|(pool, _)| pool).collect();
    pools.sort_by(|a, b| a.pool.id.cmp(&b.pool.id));
    (pools, skipped)
}
