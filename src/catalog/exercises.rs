//! Answers about pools and exercises, each from one snapshot of the catalog.
//!
//! What was encoded when the catalog was built is joined, never encoded again.

use std::sync::Arc;

use uuid::Uuid;

use crate::ids::{ExerciseId, UserId};

use super::{Catalog, CatalogStore, Standing, answer};

/// A started session of work on an exercise.
#[derive(Debug)]
pub struct Launch {
    /// The session's id, new at each launch.
    pub session_id: Uuid,
    /// Whose session it is.
    pub user_id: UserId,
    /// The exercise that was launched.
    pub exercise_id: ExerciseId,
    /// `{"session_id","exercise"}`.
    pub answer: String,
}

/// Answers requests about the content of a [`CatalogStore`].
#[derive(Debug, Clone)]
pub struct ExerciseService {
    store: Arc<CatalogStore>,
}

impl ExerciseService {
    /// A service over this store.
    pub fn new(store: Arc<CatalogStore>) -> Self {
        Self { store }
    }

    /// The catalog of this moment, for whoever needs several answers from one.
    pub fn snapshot(&self) -> Arc<Catalog> {
        self.store.snapshot()
    }

    /// The number of the catalog of this moment.
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// How the content stands to what it was loaded from.
    pub fn standing(&self) -> Standing {
        self.store.standing()
    }

    /// `{"pools":[Pool]}`, sorted by id.
    pub fn pools(&self) -> String {
        let catalog = self.snapshot();
        answer::pools(catalog.pools().map(|p| &*p.json))
    }

    /// `{"pool":Pool}`.
    pub fn pool(&self, id: &str) -> Option<String> {
        let catalog = self.snapshot();
        catalog.pool(id).map(|p| answer::pool(&p.json))
    }

    /// `{"exercises":[Exercise]}` of a pool, in teaching order.
    pub fn exercises(&self, pool_id: &str) -> Option<String> {
        let catalog = self.snapshot();
        let pool = catalog.pool(pool_id)?;
        let exercises = catalog.exercises_of(pool).map(|e| &*e.json);
        Some(answer::exercises(exercises))
    }

    /// `{"exercise":Exercise}`.
    pub fn exercise(&self, id: &str) -> Option<String> {
        let catalog = self.snapshot();
        catalog.exercise(id).map(|e| answer::exercise(&e.json))
    }

    /// Starts a session of a user on an exercise.
    pub fn launch(&self, user: &UserId, id: &str) -> Option<Launch> {
        let catalog = self.snapshot();
        let entry = catalog.exercise(id)?;
        let session_id = Uuid::new_v4();
        let json = &entry.json;
        Some(Launch {
            session_id,
            user_id: user.clone(),
            exercise_id: entry.exercise.id.clone(),
            answer: format!("{{\"session_id\":\"{session_id}\",\"exercise\":{json}}}"),
        })
    }
}
