//! What others may have removed is looked at, once, however often it is named meanwhile.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::catalog::Catalog;
use crate::ids::PoolId;

/// How many names wait at most: where there are more, everything is looked at.
const NAMES: usize = 10_000;

/// What is to be looked at.
#[derive(Debug, Default)]
pub(in crate::cache) struct Doubts {
    waiting: Mutex<Waiting>,
    some: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    all: bool,
    pools: BTreeSet<String>,
    exercises: BTreeSet<String>,
}

/// A look at Redis.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// At these pools with their exercises.
    At(BTreeSet<PoolId>),
    /// At everything.
    Everywhere,
}

impl Doubts {
    /// These are to be looked at.
    pub(in crate::cache) fn doubt(&self, pools: &[String], exercises: &[String]) {
        let mut waiting = self.waiting();
        waiting.pools.extend(pools.iter().cloned());
        waiting.exercises.extend(exercises.iter().cloned());
        if waiting.pools.len() + waiting.exercises.len() > NAMES {
            *waiting = Waiting {
                all: true,
                ..Waiting::default()
            };
        }
        drop(waiting);
        self.some.notify_one();
    }

    /// Everything is to be looked at.
    pub(in crate::cache) fn doubt_all(&self) {
        self.waiting().all = true;
        self.some.notify_one();
    }

    /// Waits until there is something to be looked at.
    pub(super) async fn some(&self) {
        self.some.notified().await;
    }

    /// What is to be looked at of this catalog; it does not wait any more.
    pub(super) fn take(&self, catalog: &Catalog) -> Look {
        let waiting = std::mem::take(&mut *self.waiting());
        if waiting.all {
            return Look::Everywhere;
        }
        let named = waiting.pools.iter().filter_map(|id| catalog.pool(id));
        let named = named.map(|entry| entry.pool.id.clone());
        let of_exercises = waiting
            .exercises
            .iter()
            .filter_map(|id| catalog.exercise(id));
        let of_exercises = of_exercises.map(|entry| entry.exercise.pool_id.clone());
        Look::At(named.chain(of_exercises).collect())
    }

    // Each change leaves it consistent, so a panic elsewhere does not spoil it.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_can_wait_is_everything() {
        let (doubts, catalog) = (Doubts::default(), Catalog::default());
        let names: Vec<_> = (0..NAMES).map(|number| number.to_string()).collect();
        doubts.doubt(&[], &names);
        assert_eq!(doubts.take(&catalog), Look::At(BTreeSet::new()));
        doubts.doubt(&["p".to_owned()], &names);
        assert_eq!(doubts.take(&catalog), Look::Everywhere);
        assert_eq!(doubts.take(&catalog), Look::At(BTreeSet::new()));
    }
}
