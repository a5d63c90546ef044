//! The catalog: every pool and exercise that was found sound, at one moment.
//!
//! A [`Catalog`] never changes once it is built. A reader takes a snapshot from the
//! [`CatalogStore`] and answers a whole request from it; a reload builds another catalog beside it
//! and swaps it in last. The JSON of each pool and exercise is encoded once, here.

pub mod answer;
mod diff;
mod digest;
mod draft;
mod exercises;
mod load;
mod loader;
mod store;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::exercise::Exercise;
use crate::ids::{ExerciseId, PoolId};
use crate::pool::Pool;

pub use diff::{CatalogDiff, Change, ExerciseChange, PoolChange};
pub use digest::Digest;
pub use exercises::{ExerciseService, Launch};
pub use load::{LoadError, Loaded, load};
pub use loader::{Loader, Outcome, Rejection, Reload};
pub use store::{CatalogStore, Standing};

/// A pool with its exercises, in teaching order: what a catalog is built from.
#[derive(Debug, Clone)]
pub struct PoolContent {
    /// The pool; its `exercises` are set from the field below.
    pub pool: Pool,
    /// Its exercises in the order in which they are taught.
    pub exercises: Vec<Exercise>,
}

/// A pool of a catalog, with the JSON that is served.
#[derive(Debug)]
pub struct PoolEntry {
    /// The pool.
    pub pool: Pool,
    /// Its JSON.
    pub json: Box<str>,
    /// The digest of the JSON: the pool's revision.
    pub digest: Digest,
}

/// An exercise of a catalog, with the JSON that is served.
#[derive(Debug)]
pub struct ExerciseEntry {
    /// The exercise.
    pub exercise: Arc<Exercise>,
    /// Its JSON, without the answer.
    pub json: Box<str>,
    /// The digest of the JSON: the exercise's revision.
    pub digest: Digest,
}

/// Why a catalog could not be built.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Two pools have one slug.
    #[error("two pools have the slug {0}")]
    DuplicatePool(PoolId),
    /// Two exercises have one id.
    #[error("two exercises have the id {0}")]
    DuplicateExercise(ExerciseId),
    /// A value has no JSON form.
    #[error("failed to encode {id} as JSON")]
    Encode {
        /// The pool's or exercise's id.
        id: String,
        /// What the encoder says.
        #[source]
        source: serde_json::Error,
    },
}

/// Every pool and exercise at one moment.
#[derive(Debug, Default)]
pub struct Catalog {
    pools: BTreeMap<PoolId, Arc<PoolEntry>>,
    exercises: HashMap<ExerciseId, Arc<ExerciseEntry>>,
    stale: Vec<String>,
    digest: Digest,
}

impl ExerciseEntry {
    /// Encodes an exercise.
    fn of(exercise: Arc<Exercise>) -> Result<Arc<Self>, CatalogError> {
        let json = encode(exercise.id.as_str(), &*exercise)?;
        let digest = Digest::of(json.as_bytes());
        Ok(Arc::new(Self {
            exercise,
            json,
            digest,
        }))
    }
}

impl PoolEntry {
    /// Encodes a pool.
    fn of(pool: Pool) -> Result<Arc<Self>, CatalogError> {
        let json = encode(pool.id.as_str(), &pool)?;
        let digest = Digest::of(json.as_bytes());
        Ok(Arc::new(Self { pool, json, digest }))
    }
}

impl Catalog {
    /// Builds a catalog of sound pools. Ids must be unique: whoever calls has judged the content.
    pub fn build(contents: Vec<PoolContent>) -> Result<Self, CatalogError> {
        let mut catalog = Self::default();
        for PoolContent {
            mut pool,
            exercises,
        } in contents
        {
            pool.exercises = exercises.iter().map(|e| e.id.clone()).collect();
            for exercise in exercises {
                catalog.add_exercise(ExerciseEntry::of(Arc::new(exercise))?)?;
            }
            catalog.add_pool(PoolEntry::of(pool)?)?;
        }
        catalog.digest = catalog.whole_digest();
        Ok(catalog)
    }

    /// This catalog with these exercises in the place of those of the same ids, in the same pools; and
    /// what differs.
    fn edited(&self, entries: Vec<Arc<ExerciseEntry>>) -> (Self, CatalogDiff) {
        let mut catalog = Self {
            pools: self.pools.clone(),
            exercises: self.exercises.clone(),
            stale: self.stale.clone(),
            digest: self.digest,
        };
        let diff = CatalogDiff::of_edits(self, &entries);
        for entry in entries {
            catalog.exercises.insert(entry.exercise.id.clone(), entry);
        }
        if !diff.is_empty() {
            catalog.digest = catalog.whole_digest();
        }
        (catalog, diff)
    }

    /// A catalog of what has been encoded elsewhere. Ids must be unique.
    pub fn of_entries(entries: Vec<(PoolEntry, Vec<ExerciseEntry>)>) -> Result<Self, CatalogError> {
        let mut catalog = Self::default();
        for (pool, exercises) in entries {
            for exercise in exercises {
                catalog.add_exercise(Arc::new(exercise))?;
            }
            catalog.add_pool(Arc::new(pool))?;
        }
        catalog.digest = catalog.whole_digest();
        Ok(catalog)
    }

    fn add_exercise(&mut self, entry: Arc<ExerciseEntry>) -> Result<(), CatalogError> {
        let id = entry.exercise.id.clone();
        match self.exercises.insert(id.clone(), entry) {
            Some(_) => Err(CatalogError::DuplicateExercise(id)),
            None => Ok(()),
        }
    }

    fn add_pool(&mut self, entry: Arc<PoolEntry>) -> Result<(), CatalogError> {
        let id = entry.pool.id.clone();
        match self.pools.insert(id.clone(), entry) {
            Some(_) => Err(CatalogError::DuplicatePool(id)),
            None => Ok(()),
        }
    }

    /// The pool of that id.
    pub fn pool(&self, id: &str) -> Option<&Arc<PoolEntry>> {
        self.pools.get(id)
    }

    /// The exercise of that id.
    pub fn exercise(&self, id: &str) -> Option<&Arc<ExerciseEntry>> {
        self.exercises.get(id)
    }

    /// All pools, sorted by id.
    pub fn pools(&self) -> impl ExactSizeIterator<Item = &Arc<PoolEntry>> {
        self.pools.values()
    }

    /// A pool's exercises in teaching order; nothing where there is no such pool.
    pub fn exercises_of(&self, pool: &PoolEntry) -> impl Iterator<Item = &Arc<ExerciseEntry>> {
        pool.pool
            .exercises
            .iter()
            .filter_map(|id| self.exercises.get(id))
    }

    /// How many exercises there are.
    pub fn exercise_count(&self) -> usize {
        self.exercises.len()
    }

    /// The files whose last good version is served because they are broken now, below the root.
    pub fn stale(&self) -> &[String] {
        &self.stale
    }

    /// The digest of all content: equal content has an equal digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    fn whole_digest(&self) -> Digest {
        let mut hasher = digest::Hasher::default();
        for pool in self.pools.values() {
            hasher.update(pool.digest.as_bytes());
            for exercise in self.exercises_of(pool) {
                hasher.update(exercise.digest.as_bytes());
            }
        }
        hasher.finish()
    }
}

fn encode(id: &str, value: &impl serde::Serialize) -> Result<Box<str>, CatalogError> {
    serde_json::to_string(value)
        .map(String::into_boxed_str)
        .map_err(|source| CatalogError::Encode {
            id: id.to_owned(),
            source,
        })
}
