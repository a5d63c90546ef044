//! What Redis holds, as a catalog: as readers find it, but that answers are not in it.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::{Catalog, CatalogError, Digest, ExerciseEntry, PoolEntry};
use crate::exercise::{Build, Difficulty, Exercise, ExerciseKind, Scoring, Test, Validation};
use crate::ids::{ExerciseId, PoolId};
use crate::link::LinkError;
use crate::pool::Pool;

use super::Cache;
use super::keys::{EXERCISE, Key, POOL};

/// What Redis holds.
#[derive(Debug)]
pub struct CachedContent {
    /// The pools that are listed, with their exercises.
    pub catalog: Catalog,
    /// Keys that hold no pool or exercise, or one that is listed twice.
    pub unreadable: Vec<String>,
}

/// Why what Redis holds can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum CachedError {
    /// There is no list of pools.
    #[error("no pool is cached there: `mithril cache warm` writes them")]
    Empty,
    /// Redis can't be asked.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// What is there does not make a catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// A pool's JSON.
#[derive(Deserialize)]
struct PoolJson {
    id: String,
    name: String,
    theme: String,
    description: String,
    difficulty: String,
    tags: Vec<String>,
    maintainer: String,
    exercises: Vec<String>,
}

/// An exercise's JSON.
#[derive(Deserialize)]
struct ExerciseJson {
    id: String,
    pool_id: String,
    title: String,
    #[serde(rename = "type")]
    kind: ExerciseKind,
    language: String,
    build: Option<Build>,
    tests: Vec<Test>,
    validation: Option<Validation>,
    scoring: Option<Scoring>,
    description: Option<String>,
    difficulty: Option<Difficulty>,
    tags: Option<Vec<String>>,
    choices: Option<Vec<String>>,
}

impl Cache {
    /// What Redis holds.
    pub async fn content(&self) -> Result<CachedContent, CachedError> {
        let listed = self.together(&Key::Pools, &Key::Pools, POOL).await?;
        let listed = listed.ok_or(CachedError::Empty)?;
        let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for (id, json) in listed.items {
            let pool = pool(&json).filter(|pool| pool.id.as_str() == id);
            let Some(pool) = pool.filter(|pool| seen.insert(pool.id.to_string())) else {
                unreadable.push(format!("{POOL}{id}"));
                continue;
            };
            let (own, list) = (Key::Pool(pool.id.clone()), Key::List(pool.id.clone()));
            let found = self.together(&own, &list, EXERCISE).await?;
            let mut exercises = Vec::new();
            for (id, json) in found.into_iter().flat_map(|found| found.items) {
                let name = format!("{EXERCISE}{id}");
                let exercise = exercise(&json).filter(|exercise| exercise.id.as_str() == id);
                match exercise.filter(|_| seen.insert(name.clone())) {
                    Some(exercise) => exercises.push(ExerciseEntry {
                        exercise: Arc::new(exercise),
                        digest: Digest::of(json.as_bytes()),
                        json: json.into(),
                    }),
                    None => unreadable.push(name),
                }
            }
            let digest = Digest::of(json.as_bytes());
            let json = json.into();
            entries.push((PoolEntry { pool, json, digest }, exercises));
        }
        let catalog = Catalog::of_entries(entries)?;
        Ok(CachedContent {
            catalog,
            unreadable,
        })
    }
}

fn pool(json: &str) -> Option<Pool> {
    let read: PoolJson = serde_json::from_str(json).ok()?;
    let ids = read.exercises.iter().map(|id| ExerciseId::parse(id).ok());
    Some(Pool {
        id: PoolId::parse(&read.id).ok()?,
        name: read.name,
        theme: read.theme,
        description: read.description,
        difficulty: Difficulty::parse(&read.difficulty),
        tags: read.tags,
        maintainer: read.maintainer,
        exercises: ids.collect::<Option<_>>()?,
    })
}

fn exercise(json: &str) -> Option<Exercise> {
    let read: ExerciseJson = serde_json::from_str(json).ok()?;
    Some(Exercise {
        id: ExerciseId::parse(&read.id).ok()?,
        pool_id: PoolId::parse(&read.pool_id).ok()?,
        title: read.title,
        kind: read.kind,
        language: read.language,
        build: read.build,
        tests: read.tests,
        validation: read.validation,
        scoring: read.scoring,
        description: read.description,
        difficulty: read.difficulty,
        tags: read.tags,
        choices: read.choices,
        answer: None,
    })
}
