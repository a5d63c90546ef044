//! `mithril diff`: what differs between two trees, by what the exercises say.
//!
//! What is cached in Redis has neither answers nor the files of tests: of a tree that it is compared
//! with, these don't count either.

mod git;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use serde::Serialize;

use crate::catalog::{self, Catalog, Change, ExerciseEntry, PoolEntry};
use crate::cli::Diff;
use crate::config::{Config, Layers};
use crate::diagnostics::yaml::{self, Limits};
use crate::diagnostics::{Findings, Source};
use crate::exercise::{self, Exercise, ExerciseChanges, Test};
use crate::lint::Settings;
use crate::lint::walk::EXERCISE_FILE;
use crate::output::{ExitStatus, Printer, Rows};

use super::cache;

/// What stands for what is cached. A directory of that name is `./redis`.
const REDIS: &str = "redis";

pub(super) fn run(
    args: Diff,
    mut layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let config = Config::load(&layers)?;
    let settings = Settings::errors(&config.lint)?;
    let here = args.content_dir.or(args.new).unwrap_or(config.content.dir);
    let revision = args.git.map(|revision| git::tree(&here, &revision));
    // Kept until the end: it is removed when it is dropped.
    let revision = revision.transpose()?;
    let before = match (&revision, &args.old) {
        (Some(tree), _) => tree.path(),
        (None, Some(old)) => old,
        (None, None) => anyhow::bail!("name two trees, or a revision with --git"),
    };
    let mut load = |place: &Path| {
        if place == Path::new(REDIS) {
            let catalog = cache::content(&mut layers, &args.redis, printer)?;
            return Ok(Tree::cached(catalog));
        }
        Tree::load(place, &settings)
    };
    let (old, new) = (load(before)?, load(&here)?);
    for (tree, name) in [(&old, "the older tree"), (&new, "the newer tree")] {
        if tree.skipped > 0 {
            let skipped = tree.skipped;
            printer.warn(&format!(
                "{skipped} files of {name} are left out: `mithril validate` says why"
            ));
        }
    }
    let differences = Differences::between(&old, &new);
    let is_empty = differences.exercises.is_empty() && differences.pools.is_empty();
    printer.rows(&differences.rows()?, args.format)?;
    Ok(if args.exit_code && !is_empty {
        ExitStatus::Findings
    } else {
        ExitStatus::Success
    })
}

/// A tree that is compared.
struct Tree {
    catalog: Catalog,
    skipped: usize,
    /// Whether it is what is cached.
    is_cached: bool,
    /// Where each exercise is, by its id.
    places: HashMap<String, PathBuf>,
}

impl Tree {
    fn load(root: &Path, settings: &Settings) -> Result<Self, anyhow::Error> {
        let loaded = catalog::load(root, settings)?;
        Ok(Self {
            catalog: loaded.catalog,
            skipped: loaded.skipped,
            is_cached: false,
            places: places(root).with_context(|| format!("failed to read {}", root.display()))?,
        })
    }

    fn cached(catalog: Catalog) -> Self {
        Self {
            catalog,
            skipped: 0,
            is_cached: true,
            places: HashMap::new(),
        }
    }

    fn exercises(&self) -> impl Iterator<Item = &Arc<ExerciseEntry>> {
        let pools = self.catalog.pools();
        pools.flat_map(|pool| self.catalog.exercises_of(pool))
    }

    fn file(&self, exercise: &str, path: &str) -> Option<Vec<u8>> {
        if path.is_empty() {
            return None;
        }
        fs::read(self.places.get(exercise)?.join(path)).ok()
    }
}

/// Where exercises are: a sound one is at `<pool>/<directory>/exercise.yaml`.
fn places(root: &Path) -> std::io::Result<HashMap<String, PathBuf>> {
    let mut places = HashMap::new();
    for pool in root.read_dir()? {
        let Ok(directories) = pool?.path().read_dir() else {
            continue;
        };
        for directory in directories {
            let directory = directory?.path();
            if let Some(id) = id(&directory.join(EXERCISE_FILE)) {
                places.insert(id, directory);
            }
        }
    }
    Ok(places)
}

fn id(path: &Path) -> Option<String> {
    let source = Source::new(Arc::from(""), fs::read(path).ok()?);
    let mut findings = Findings::new(&source);
    let tree = yaml::parse(&source, &Limits::default(), &mut findings)?;
    let file = exercise::decode(&tree, tree.root()?, &mut findings)?;
    file.id.sound()
}

/// Everything that differs, sorted by id.
#[derive(Serialize)]
struct Differences {
    exercises: Vec<ExerciseDifference>,
    pools: Vec<PoolDifference>,
}

#[derive(Serialize)]
struct ExerciseDifference {
    id: String,
    pool_id: String,
    change: Change,
    #[serde(flatten)]
    changes: ExerciseChanges,
}

#[derive(Serialize)]
struct PoolDifference {
    id: String,
    change: Change,
    keys: Vec<&'static str>,
}

impl Differences {
    fn between(old: &Tree, new: &Tree) -> Self {
        let mut exercises = Vec::new();
        let difference = |entry: &ExerciseEntry, change, changes| ExerciseDifference {
            id: entry.exercise.id.to_string(),
            pool_id: entry.exercise.pool_id.to_string(),
            change,
            changes,
        };
        for entry in new.exercises() {
            let id = entry.exercise.id.as_str();
            let Some(before) = old.catalog.exercise(id) else {
                exercises.push(difference(entry, Change::Added, ExerciseChanges::default()));
                continue;
            };
            let is_whole = !old.is_cached && !new.is_cached;
            let same = |path: &str, other: &str| {
                if is_whole {
                    old.file(id, path) == new.file(id, other)
                } else {
                    path == other
                }
            };
            let same_files = |before: &Test, now: &Test| {
                same(&before.input, &now.input)
                    && same(&before.expected_output, &now.expected_output)
            };
            let told = |exercise: &Exercise| Exercise {
                answer: exercise.answer.clone().filter(|_| is_whole),
                ..exercise.clone()
            };
            let (before, now) = (told(&before.exercise), told(&entry.exercise));
            let changes = ExerciseChanges::between(&before, &now, same_files);
            if !changes.is_empty() {
                exercises.push(difference(entry, Change::Changed, changes));
            }
        }
        let gone = old
            .exercises()
            .filter(|entry| new.catalog.exercise(entry.exercise.id.as_str()).is_none());
        exercises.extend(
            gone.map(|entry| difference(entry, Change::Removed, ExerciseChanges::default())),
        );
        exercises.sort_by(|a, b| a.id.cmp(&b.id));
        Self {
            exercises,
            pools: pools(&old.catalog, &new.catalog),
        }
    }

    fn rows(&self) -> Result<Rows, serde_json::Error> {
        let exercises = self.exercises.iter().map(|one| {
            let row = [name(one.change), "exercise", &one.id, &one.pool_id];
            let mut row: Vec<String> = row.map(str::to_owned).into();
            row.push(told(&one.changes));
            row
        });
        let pools = self.pools.iter().map(|one| {
            let row = [name(one.change), "pool", &one.id, &one.id];
            let mut row: Vec<String> = row.map(str::to_owned).into();
            row.push(one.keys.join(", "));
            row
        });
        Ok(Rows {
            columns: vec!["change", "what", "id", "pool", "differs"],
            rows: exercises.chain(pools).collect(),
            json: serde_json::to_string(self)?,
        })
    }
}

fn pools(old: &Catalog, new: &Catalog) -> Vec<PoolDifference> {
    let difference = |entry: &PoolEntry, change, keys| PoolDifference {
        id: entry.pool.id.to_string(),
        change,
        keys,
    };
    let mut pools = Vec::new();
    for entry in new.pools() {
        match old.pool(entry.pool.id.as_str()) {
            None => pools.push(difference(entry, Change::Added, Vec::new())),
            Some(before) => {
                let keys = pool_keys(before, entry);
                if !keys.is_empty() {
                    pools.push(difference(entry, Change::Changed, keys));
                }
            }
        }
    }
    let gone = old
        .pools()
        .filter(|entry| new.pool(entry.pool.id.as_str()).is_none());
    pools.extend(gone.map(|entry| difference(entry, Change::Removed, Vec::new())));
    pools.sort_by(|a, b| a.id.cmp(&b.id));
    pools
}

fn pool_keys(old: &PoolEntry, new: &PoolEntry) -> Vec<&'static str> {
    let (old, new) = (&old.pool, &new.pool);
    let keys = [
        ("name", old.name != new.name),
        ("theme", old.theme != new.theme),
        ("description", old.description != new.description),
        ("difficulty", old.difficulty != new.difficulty),
        ("tags", old.tags != new.tags),
        ("maintainer", old.maintainer != new.maintainer),
        ("exercises", old.exercises != new.exercises),
    ];
    let changed = keys.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(key, _)| key).collect()
}

fn name(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Changed => "changed",
        Change::Removed => "removed",
    }
}

/// `points 100 → 120; tests +a, -b, ~c; title`.
fn told(changes: &ExerciseChanges) -> String {
    let mut parts = Vec::new();
    if let Some(points) = changes.points {
        let shown = |points: Option<u64>| points.map_or("none".to_owned(), |p| p.to_string());
        parts.push(format!(
            "points {} → {}",
            shown(points.old),
            shown(points.new)
        ));
    }
    let tests = &changes.tests;
    let signed = |sign, names: &[String]| -> Vec<String> {
        names.iter().map(|name| format!("{sign}{name}")).collect()
    };
    let mut names = signed('+', &tests.added);
    names.extend(signed('-', &tests.removed));
    names.extend(signed('~', &tests.changed));
    if tests.reordered {
        names.push("another order".to_owned());
    }
    if !names.is_empty() {
        parts.push(format!("tests {}", names.join(", ")));
    }
    if !changes.keys.is_empty() {
        parts.push(changes.keys.join(", "));
    }
    parts.join("; ")
}
