//! What needs several files: ids that clash, pools within pools, exercises in the wrong place, and
//! lists that do not fit the disk. Of two that clash the first by path is right.

mod lists;
pub(super) mod misnamed;
mod names;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Findings, Source};

pub use self::names::are_confusable;

use self::names::Clash;
use super::check::{self, Content, Judged};
use super::settings::{Selection, Settings};
use super::tree::{Outside, SoundPool};
use super::walk::{self, EXERCISE_FILE, FoundFile, LEVELS_ABOVE, POOL_FILE, Role};

type File = (FoundFile, Judged);

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
pub(super) fn judge(
    files: &[File],
    places: &[Place],
    outside: &Outside,
    settings: &Settings,
) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = files.iter().map(|_| Verdict::default()).collect();
    exercise_places(files, places, &mut verdicts);
    nested_pools(files, places, &mut verdicts);
    names::clashes(files, places, &mut verdicts, &Clash::POOLS);
    names::clashes(files, places, &mut verdicts, &Clash::EXERCISES);
    lists::drift(files, places, outside, &mut verdicts);
    if settings.selection != Selection::Errors {
        names::confusable(files, &mut verdicts, &Clash::POOLS);
        names::confusable(files, &mut verdicts, &Clash::EXERCISES);
        names::directories(files, places, &mut verdicts);
        lists::empty(files, places, outside, &mut verdicts);
    }
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
