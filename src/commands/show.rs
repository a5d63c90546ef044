//! `mithril show`: pools and exercises as they are served, without their answers.

use std::sync::Arc;

use crate::catalog::{self, Catalog, ExerciseEntry, Loaded, PoolEntry};
use crate::cli::{Show, ShowFrom, ShowWhat};
use crate::config::{Config, Layers};
use crate::diagnostics::nearest;
use crate::exercise::{Difficulty, Exercise};
use crate::lint::Settings;
use crate::output::{ExitStatus, Printer, Rows};

use super::cache;

pub(super) fn run(
    args: Show,
    mut layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let (catalog, has_answers) = match args.from {
        Some(ShowFrom::Redis) => (cache::content(&mut layers, &args.redis, printer)?, false),
        Some(ShowFrom::Tree) | None => (tree(args.content_dir, layers, printer)?, true),
    };
    let catalog = &catalog;
    let rows = match (args.what, &args.id) {
        (ShowWhat::Pool, None) => pools(catalog),
        (ShowWhat::Exercise, None) => {
            let entries = catalog.pools().flat_map(|p| catalog.exercises_of(p));
            exercises(entries, has_answers)
        }
        (ShowWhat::Pool, Some(id)) => {
            let pool = catalog
                .pool(id)
                .ok_or_else(|| unknown("pool", id, catalog.pools().map(|p| p.pool.id.as_str())))?;
            pool_details(catalog, pool, has_answers)
        }
        (ShowWhat::Exercise, Some(id)) => {
            let ids = || {
                catalog
                    .pools()
                    .flat_map(|p| catalog.exercises_of(p))
                    .map(|e| e.exercise.id.as_str())
            };
            let entry = catalog
                .exercise(id)
                .ok_or_else(|| unknown("exercise", id, ids()))?;
            exercise_details(entry, has_answers)
        }
    };
    printer.rows(&rows, args.format)?;
    Ok(ExitStatus::Success)
}

fn tree(
    directory: Option<String>,
    mut layers: Layers,
    printer: &Printer,
) -> Result<Catalog, anyhow::Error> {
    if let Some(directory) = directory {
        layers.flags.insert("content.dir", directory);
    }
    let config = Config::load(&layers)?;
    let Loaded {
        catalog,
        report,
        skipped,
    } = catalog::load(&config.content.dir, &Settings::errors(&config.lint)?)?;
    if skipped > 0 && report.diagnostics.is_empty() {
        printer.warn(&format!(
            "{skipped} files are left out: their pool is not below the directory"
        ));
    } else if skipped > 0 {
        printer.warn(&format!(
            "{skipped} files are left out: `mithril validate` says why"
        ));
    }
    if catalog.pools().len() == 0 {
        anyhow::bail!(
            "there is nothing to show in {}",
            config.content.dir.display()
        );
    }
    Ok(catalog)
}

fn unknown<'a>(what: &str, id: &str, known: impl Iterator<Item = &'a str>) -> anyhow::Error {
    let hint = nearest(id, known).map_or(String::new(), |near| format!(", did you mean {near}?"));
    anyhow::anyhow!("there is no {what} {id}{hint}")
}

fn pools(catalog: &Catalog) -> Rows {
    let json: Vec<&str> = catalog.pools().map(|pool| &*pool.json).collect();
    Rows {
        columns: vec!["pool", "name", "difficulty", "exercises", "maintainer"],
        rows: catalog
            .pools()
            .map(|entry| {
                let pool = &entry.pool;
                let difficulty = pool.difficulty.map_or("", Difficulty::as_str);
                vec![
                    pool.id.to_string(),
                    pool.name.clone(),
                    difficulty.to_owned(),
                    pool.exercises.len().to_string(),
                    pool.maintainer.clone(),
                ]
            })
            .collect(),
        json: format!("{{\"pools\":[{}]}}", json.join(",")),
    }
}

/// The points of a perfect submission, where they can be told: an answer counts as a test.
fn points(exercise: &Exercise, has_answers: bool) -> Option<u64> {
    let is_known = has_answers || !exercise.tests.is_empty();
    exercise.points().filter(|_| is_known)
}

fn exercises<'a>(entries: impl Iterator<Item = &'a Arc<ExerciseEntry>>, has_answers: bool) -> Rows {
    let entries: Vec<_> = entries.collect();
    let json: Vec<&str> = entries.iter().map(|entry| &*entry.json).collect();
    Rows {
        columns: vec![
            "exercise", "pool", "title", "type", "language", "tests", "points",
        ],
        rows: entries
            .iter()
            .map(|entry| {
                let exercise = &entry.exercise;
                vec![
                    exercise.id.to_string(),
                    exercise.pool_id.to_string(),
                    exercise.title.clone(),
                    exercise.kind.as_str().to_owned(),
                    exercise.language.clone(),
                    exercise.tests.len().to_string(),
                    points(exercise, has_answers)
                        .map_or(String::new(), |points| points.to_string()),
                ]
            })
            .collect(),
        json: format!("{{\"exercises\":[{}]}}", json.join(",")),
    }
}

fn pool_details(catalog: &Catalog, pool: &PoolEntry, has_answers: bool) -> Rows {
    Rows {
        json: pool.json.to_string(),
        ..exercises(catalog.exercises_of(pool), has_answers)
    }
}

fn exercise_details(entry: &ExerciseEntry, has_answers: bool) -> Rows {
    let exercise = &entry.exercise;
    let row = |key: &str, value: String| vec![key.to_owned(), value];
    let mut rows = vec![
        row("id", exercise.id.to_string()),
        row("pool", exercise.pool_id.to_string()),
        row("title", exercise.title.clone()),
        row("type", exercise.kind.as_str().to_owned()),
        row("language", exercise.language.clone()),
    ];
    if let Some(build) = &exercise.build {
        rows.push(row(
            "build",
            format!("{} ({} s)", build.command, build.timeout),
        ));
    }
    for (number, test) in exercise.tests.iter().enumerate() {
        let what = format!("{}: {} ({} s)", test.name, test.run, test.timeout);
        rows.push(row(&format!("test {}", number + 1), what));
    }
    if let Some(points) = points(exercise, has_answers) {
        rows.push(row("points", points.to_string()));
    }
    rows.push(row("revision", entry.digest.to_string()));
    Rows {
        columns: vec!["key", "value"],
        rows,
        json: entry.json.to_string(),
    }
}
