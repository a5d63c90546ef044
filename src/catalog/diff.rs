//! What differs between two catalogs, by content and not by file time.

use std::sync::Arc;

use crate::ids::{ExerciseId, PoolId};

use super::{Catalog, Digest, ExerciseEntry, PoolEntry};

/// What happened to a pool or an exercise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is only in the new catalog.
    Added,
    /// It is in both, with other content.
    Changed,
    /// It is only in the old catalog.
    Removed,
}

/// A changed exercise: its id, its pool, and the new digest (the old one of a removed exercise). As
/// JSON it is what subscribers of `exercise.updated` are told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ExerciseChange {
    /// Which exercise.
    #[serde(rename = "exercise_id")]
    pub id: ExerciseId,
    /// The pool it is in, or was in.
    pub pool_id: PoolId,
    /// What happened.
    pub change: Change,
    /// Its revision.
    #[serde(rename = "revision")]
    pub digest: Digest,
}

/// A changed pool: its id and the new digest (the old one of a removed pool). As JSON it is what
/// subscribers of `exercise.pool.updated` are told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PoolChange {
    /// Which pool.
    #[serde(rename = "pool_id")]
    pub id: PoolId,
    /// What happened.
    pub change: Change,
    /// Its revision.
    #[serde(rename = "revision")]
    pub digest: Digest,
}

/// Everything that differs, sorted by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogDiff {
    /// Changed exercises.
    pub exercises: Vec<ExerciseChange>,
    /// Changed pools.
    pub pools: Vec<PoolChange>,
}

impl CatalogDiff {
    /// What differs once these exercises stand in the place of those of the same ids.
    pub(super) fn of_edits(old: &Catalog, entries: &[Arc<ExerciseEntry>]) -> Self {
        let mut exercises: Vec<ExerciseChange> = entries
            .iter()
            .filter_map(|entry| {
                let id = &entry.exercise.id;
                let before = old.exercises.get(id).map(|before| before.digest);
                Some(exercise((id, entry), compare(before, entry.digest)?))
            })
            .collect();
        exercises.sort_by(|a, b| a.id.cmp(&b.id));
        Self {
            exercises,
            pools: Vec::new(),
        }
    }

    /// Compares two catalogs.
    pub fn between(old: &Catalog, new: &Catalog) -> Self {
        let pool = |(id, entry): (&PoolId, &Arc<PoolEntry>), change| PoolChange {
            id: id.clone(),
            change,
            digest: entry.digest,
        };
        let mut exercises = Vec::new();
        for (id, entry) in &new.exercises {
            let before = old.exercises.get(id).map(|before| before.digest);
            exercises.extend(compare(before, entry.digest).map(|c| exercise((id, entry), c)));
        }
        let gone = old
            .exercises
            .iter()
            .filter(|(id, _)| !new.exercises.contains_key(*id));
        exercises.extend(gone.map(|entry| exercise(entry, Change::Removed)));
        let mut pools = Vec::new();
        for (id, entry) in &new.pools {
            let before = old.pools.get(id).map(|before| before.digest);
            pools.extend(compare(before, entry.digest).map(|change| pool((id, entry), change)));
        }
        let gone = old
            .pools
            .iter()
            .filter(|(id, _)| !new.pools.contains_key(*id));
        pools.extend(gone.map(|entry| pool(entry, Change::Removed)));
        exercises.sort_by(|a, b| a.id.cmp(&b.id));
        pools.sort_by(|a, b| a.id.cmp(&b.id));
        Self { exercises, pools }
    }

    /// Whether the two catalogs have the same content.
    pub fn is_empty(&self) -> bool {
        self.exercises.is_empty() && self.pools.is_empty()
    }
}

fn exercise((id, entry): (&ExerciseId, &Arc<ExerciseEntry>), change: Change) -> ExerciseChange {
    ExerciseChange {
        id: id.clone(),
        pool_id: entry.exercise.pool_id.clone(),
        change,
        digest: entry.digest,
    }
}

fn compare(before: Option<Digest>, now: Digest) -> Option<Change> {
    match before {
        None => Some(Change::Added),
        Some(before) if before != now => Some(Change::Changed),
        Some(_) => None,
    }
}
