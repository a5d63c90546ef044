//! `mithril new`: scaffolds for authors. What stands is never written over, and a scaffold that is
//! seen is whole: it is written beside its place and renamed last.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::Builder;

use crate::catalog;
use crate::cli::{New, NewExercise, NewPool, SchemaOf};
use crate::config::{Config, Layers};
use crate::diagnostics::{Report, nearest};
use crate::exercise::ExerciseKind;
use crate::ids::{ExerciseId, PoolId};
use crate::lint::walk::{EXERCISE_FILE, POOL_FILE};
use crate::lint::{self, Settings};
use crate::output::{ExitStatus, Printer};
use crate::rewrite;
use crate::scaffold::{self, ExerciseDraft, File};

use super::schema;

/// Where the schemas are kept for editors, below the content directory. No walk enters it.
const SCHEMAS: &str = ".mithril";

pub(super) fn run(
    what: New,
    layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let made = match what {
        New::Pool(args) => pool(&args, layers),
        New::Exercise(args) => exercise(&args, layers, printer),
    }?;
    let lines: Vec<String> = made.iter().map(|path| path.display().to_string()).collect();
    printer.text(&(lines.join("\n") + "\n"))?;
    Ok(ExitStatus::Success)
}

fn pool(args: &NewPool, layers: Layers) -> Result<Vec<PathBuf>, anyhow::Error> {
    let config = config(layers, args.content_dir.as_ref())?;
    let slug = PoolId::parse(&args.slug).context("that is no slug")?;
    let root = &config.content.dir;
    if let Some(other) = pool_directory(root, &slug)? {
        anyhow::bail!("there is a pool {slug} already: {}", other.display());
    }
    let alike = |(other, _): &(String, _)| lint::are_confusable(other, slug.as_str());
    if let Some((other, _)) = slugs(root)?.into_iter().find(alike) {
        anyhow::bail!("{slug} is easily taken for the pool {other}: give it another slug");
    }
    let schema = schema(root, SchemaOf::Pool, 1)?;
    let file = scaffold::pool(&slug, args.name.as_deref(), &schema);
    sound(POOL_FILE, &file.1, &Settings::errors(&config.lint)?)?;
    put(&root.join(slug.as_str()), &[file])
}

fn exercise(
    args: &NewExercise,
    layers: Layers,
    printer: &Printer,
) -> Result<Vec<PathBuf>, anyhow::Error> {
    let config = config(layers, args.content_dir.as_ref())?;
    let root = &config.content.dir;
    let settings = Settings::errors(&config.lint)?;
    let slug = PoolId::parse(&args.pool).context("that is no pool's slug")?;
    let Some(directory) = pool_directory(root, &slug)? else {
        let known = slugs(root)?;
        let near = nearest(slug.as_str(), known.iter().map(|(slug, _)| slug.as_str()));
        let hint = near.map_or(String::new(), |near| format!(", did you mean {near}?"));
        anyhow::bail!(
            "there is no pool {slug} in {}{hint}; `mithril new pool {slug}` makes it",
            root.display()
        );
    };
    let id = ExerciseId::parse(&args.id).context("that is no exercise's id")?;
    let loaded = catalog::load(root, &settings)?;
    if let Some(other) = loaded.catalog.exercise(id.as_str()) {
        let pool = &other.exercise.pool_id;
        anyhow::bail!(
            "there is an exercise {id} already, in the pool {pool}: ids are unique in the whole tree"
        );
    }
    let ids = loaded.catalog.pools();
    let mut ids = ids.flat_map(|entry| entry.pool.exercises.iter().map(ExerciseId::as_str));
    if let Some(other) = ids.find(|other| lint::are_confusable(other, id.as_str())) {
        anyhow::bail!("{id} is easily taken for the exercise {other}: give it another id");
    }
    let kind = ExerciseKind::parse(&args.kind).context("that is no type of exercise")?;
    let schema = schema(root, SchemaOf::Exercise, 2)?;
    let draft = ExerciseDraft {
        id: &id,
        title: args.title.as_deref(),
        kind,
        language: args.language.as_deref(),
        schema: &schema,
    };
    let files = draft.files()?;
    if let Some((_, text)) = files.first() {
        sound(EXERCISE_FILE, text, &settings)?;
    }
    let mut made = put(&directory.join(id.as_str()), &files)?;
    let list = directory.join(POOL_FILE);
    match add_to(&list, &id) {
        Ok(true) => made.push(list),
        Ok(false) => {}
        Err(error) => printer.warn(&format!("{}: {error:#}", list.display())),
    }
    Ok(made)
}

fn config(mut layers: Layers, directory: Option<&String>) -> Result<Config, anyhow::Error> {
    if let Some(directory) = directory {
        layers.flags.insert("content.dir", directory.clone());
    }
    Ok(Config::load(&layers)?)
}

/// The directory of the pool with that slug.
fn pool_directory(root: &Path, slug: &PoolId) -> Result<Option<PathBuf>, anyhow::Error> {
    let found = slugs(root)?
        .into_iter()
        .find(|(known, _)| known == slug.as_str());
    Ok(found.map(|(_, directory)| directory))
}

/// The slugs of all pools, also of those that have errors elsewhere, and their directories.
fn slugs(root: &Path) -> Result<Vec<(String, PathBuf)>, anyhow::Error> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", root.display()));
        }
    };
    let mut slugs = Vec::new();
    for entry in entries {
        let directory = entry?.path();
        if let Ok(text) = fs::read_to_string(directory.join(POOL_FILE)) {
            slugs.extend(scaffold::slug(&text).map(|slug| (slug, directory)));
        }
    }
    Ok(slugs)
}

/// What the engine would refuse is not written.
fn sound(name: &str, text: &str, settings: &Settings) -> Result<(), anyhow::Error> {
    let Report { diagnostics, .. } = lint::check_text(name, text, settings);
    match diagnostics
        .iter()
        .find(|found| found.code.as_str().starts_with(['I', 'S']))
    {
        Some(found) => {
            let help = found
                .help
                .as_ref()
                .map_or(String::new(), |help| format!(": {help}"));
            anyhow::bail!("{}{help}", found.message)
        }
        None => Ok(()),
    }
}

/// Writes the schema that editors complete by; returns its path as seen from so many directories
/// below the root.
fn schema(root: &Path, of: SchemaOf, depth: usize) -> Result<String, anyhow::Error> {
    let name = schema::file_name(of);
    let directory = root.join(SCHEMAS);
    let path = directory.join(name);
    let text = schema::text(of)?;
    match fs::read(&path) {
        Ok(before) if before == text.as_bytes() => {}
        Ok(before) => rewrite::replace(&path, &before, text.as_bytes())?,
        // A part of a schema would be replaced the next time.
        Err(_) => fs::create_dir_all(&directory)
            .and_then(|()| fs::write(&path, &text))
            .with_context(|| format!("failed to write {}", path.display()))?,
    }
    Ok(format!("{}{SCHEMAS}/{name}", "../".repeat(depth)))
}

/// Puts files where nothing is yet, all of them or none.
fn put(place: &Path, files: &[File]) -> Result<Vec<PathBuf>, anyhow::Error> {
    let failed = || format!("failed to make {}", place.display());
    let parent = place.parent().unwrap_or(Path::new("."));
    let stage = Builder::new()
        .prefix(".mithril-")
        .tempdir_in(parent)
        .with_context(failed)?;
    for (path, text) in files {
        let path = stage.path().join(path);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).with_context(failed)?;
        }
        fs::write(path, text).with_context(failed)?;
    }
    readable(stage.path()).with_context(failed)?;
    // A rename replaces an empty directory in silence, so this is asked first.
    if place.symlink_metadata().is_ok() {
        anyhow::bail!(
            "{} is there already: nothing is written over",
            place.display()
        );
    }
    fs::rename(stage.path(), place).with_context(failed)?;
    Ok(files.iter().map(|(path, _)| place.join(path)).collect())
}

/// A temporary directory is its owner's alone; a scaffold is read by whoever reads its neighbours.
fn readable(stage: &Path) -> io::Result<()> {
    let model = stage.with_extension("model");
    fs::create_dir(&model)?;
    let permissions = fs::metadata(&model)?.permissions();
    fs::remove_dir(&model)?;
    fs::set_permissions(stage, permissions)
}

/// Adds an exercise to its pool's list, if there is one; says whether the file was changed.
fn add_to(list: &Path, id: &ExerciseId) -> Result<bool, anyhow::Error> {
    let text = fs::read_to_string(list)?;
    let Some(longer) = scaffold::listed(&text, id)? else {
        return Ok(false);
    };
    rewrite::replace(list, text.as_bytes(), longer.as_bytes())?;
    Ok(true)
}
