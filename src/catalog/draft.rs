//! A draft becomes a catalog: pools and exercises as they are on the disk, and in the place of what
//! is broken there what was good last. What is sound comes first, so that what is stale never takes
//! its id or its place.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ids::{ExerciseId, PoolId};
use crate::lint::walk::POOL_FILE;
use crate::pool::Pool;

use super::{Catalog, CatalogError, ExerciseEntry, PoolEntry};

/// Pools and exercises for a catalog.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pools: Vec<PoolDraft>,
    places: HashMap<PathBuf, usize>,
    pool_ids: HashSet<PoolId>,
    exercise_ids: HashSet<ExerciseId>,
    stale: Vec<String>,
}

#[derive(Debug)]
struct PoolDraft {
    pool: Arc<Pool>,
    listed: Arc<[String]>,
    exercises: Vec<Arc<ExerciseEntry>>,
}

impl Draft {
    /// Adds a pool that stands in this file, unless there is one of its id.
    pub(super) fn add_pool(&mut self, file: &Path, pool: Arc<Pool>, listed: Arc<[String]>) -> bool {
        let is_new = self.pool_ids.insert(pool.id.clone());
        if is_new {
            self.places.insert(file.to_owned(), self.pools.len());
            self.pools.push(PoolDraft {
                pool,
                listed,
                exercises: Vec::new(),
            });
        }
        is_new
    }

    /// The pool that stands in this file, as an index and its id.
    pub(super) fn pool(&self, file: &Path) -> Option<(usize, PoolId)> {
        let index = *self.places.get(file)?;
        Some((index, self.pools.get(index)?.pool.id.clone()))
    }

    /// The pool of an exercise in this file: it stands in the directory above.
    pub(super) fn pool_of(&self, file: &Path) -> Option<(usize, PoolId)> {
        self.pool(&file.parent()?.parent()?.join(POOL_FILE))
    }

    /// Adds an exercise to a pool, unless there is one of its id.
    pub(super) fn add_exercise(&mut self, pool: usize, entry: Arc<ExerciseEntry>) -> bool {
        let is_new = self.exercise_ids.insert(entry.exercise.id.clone());
        if let Some(pool) = self.pools.get_mut(pool).filter(|_| is_new) {
            pool.exercises.push(entry);
        }
        is_new
    }

    /// Notes that the last good version of a file is used. Its path begins at the root.
    pub(super) fn add_stale(&mut self, file: &Path) {
        self.stale.push(file.display().to_string());
    }

    /// Whether there is no pool.
    pub(super) fn is_empty(&self) -> bool {
        self.pools.is_empty()
    }

    /// The catalog. What is as it is in the former one is shared with it.
    pub(super) fn catalog(mut self, former: &Catalog) -> Result<Catalog, CatalogError> {
        self.stale.sort();
        let mut catalog = Catalog {
            exercises: HashMap::with_capacity(self.exercise_ids.len()),
            stale: self.stale,
            ..Catalog::default()
        };
        for draft in self.pools {
            let exercises = draft.in_teaching_order();
            let pool = Pool {
                exercises: exercises.iter().map(|e| e.exercise.id.clone()).collect(),
                ..Pool::clone(&draft.pool)
            };
            for entry in exercises {
                catalog.add_exercise(entry)?;
            }
            let same = former
                .pool(pool.id.as_str())
                .filter(|entry| entry.pool == pool);
            catalog.add_pool(match same {
                Some(same) => Arc::clone(same),
                None => PoolEntry::of(pool)?,
            })?;
        }
        catalog.digest = catalog.whole_digest();
        Ok(catalog)
    }
}

impl PoolDraft {
    /// By the pool's list, then by id.
    fn in_teaching_order(&self) -> Vec<Arc<ExerciseEntry>> {
        let mut ranks: HashMap<&str, usize> = HashMap::with_capacity(self.listed.len());
        for (rank, id) in self.listed.iter().enumerate() {
            ranks.entry(id).or_insert(rank);
        }
        let mut exercises = self.exercises.clone();
        exercises.sort_by_cached_key(|entry| {
            let id = &entry.exercise.id;
            let rank = ranks.get(id.as_str()).copied().unwrap_or(usize::MAX);
            (rank, id.clone())
        });
        exercises
    }
}
