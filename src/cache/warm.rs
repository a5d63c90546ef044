//! Writing a catalog: pool by pool, the list of pools last.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};

use crate::catalog::{Catalog, PoolEntry};
use crate::ids::{ExerciseId, PoolId};
use crate::link::{Command, LinkError, Reply};

use super::held::{Held, HeldPool};
use super::keys::Key;
use super::step::{self, News};
use super::{Cache, Expiry, Progress};

/// How many pools are under way at once.
const AT_ONCE: usize = 4;

/// What is written of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    All,
    /// These pools.
    Pools(BTreeSet<PoolId>),
}

/// What became of a catalog, or what would.
#[derive(Debug, Default)]
pub struct Warmed {
    /// The pools that are written, sorted by id.
    pub pools: Vec<PoolWarmed>,
    /// Why the rest is not, unless it was cancelled.
    pub failed: Option<WarmError>,
}

/// Why not all of a catalog is written.
#[derive(Debug, thiserror::Error)]
pub enum WarmError {
    /// Nothing is written.
    #[error("failed to begin")]
    Begin(#[source] LinkError),
    /// A pool is not.
    #[error("failed at the pool {pool}")]
    Pool {
        /// The first that is not.
        pool: PoolId,
        /// Why.
        #[source]
        source: LinkError,
    },
    /// All pools are, but for the list of them.
    #[error("failed at the list of pools")]
    List(#[source] LinkError),
}

/// What became of a pool, or what would.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PoolWarmed {
    /// The pool's id.
    pub pool: PoolId,
    /// How many exercises it has.
    pub exercises: usize,
    /// The exercises that Redis had not.
    pub added: Vec<ExerciseId>,
    /// The exercises of which it had something else.
    pub changed: Vec<ExerciseId>,
    /// Whether the pool itself or its list is new or another.
    pub pool_changed: bool,
}

/// The link's part of it.
impl From<WarmError> for LinkError {
    fn from(error: WarmError) -> Self {
        match error {
            WarmError::Begin(error) | WarmError::List(error) => error,
            WarmError::Pool { source, .. } => source,
        }
    }
}

/// What all pools of a run share.
struct Run<'a> {
    catalog: &'a Catalog,
    progress: &'a Progress,
    expiry: Option<Expiry>,
    failed: AtomicBool,
}

impl Scope {
    fn has(&self, pool: &PoolEntry) -> bool {
        match self {
            Self::All => true,
            Self::Pools(ids) => ids.contains(&pool.pool.id),
        }
    }
}

impl Cache {
    /// Writes a catalog, or a part of it. What is written stays written also where this fails or is
    /// cancelled; the rest is as it was.
    pub async fn warm(&self, catalog: &Catalog, scope: &Scope, progress: &Progress) -> Warmed {
        let expiry = match self.expiry().await {
            Ok(expiry) => expiry,
            Err(error) => {
                return Warmed {
                    failed: Some(WarmError::Begin(error)),
                    ..Warmed::default()
                };
            }
        };
        let mut warmed = self.go_over(catalog, scope, progress, Some(expiry)).await;
        if warmed.failed.is_none() && !progress.is_cancelled() {
            let listed = self.list_scope(catalog, scope, expiry).await;
            warmed.failed = listed.err().map(WarmError::List);
        }
        warmed
    }

    /// What [`Cache::warm`] would do.
    pub async fn plan(&self, catalog: &Catalog, scope: &Scope, progress: &Progress) -> Warmed {
        self.go_over(catalog, scope, progress, None).await
    }

    async fn go_over(
        &self,
        catalog: &Catalog,
        scope: &Scope,
        progress: &Progress,
        expiry: Option<Expiry>,
    ) -> Warmed {
        let pools: Vec<_> = catalog.pools().filter(|pool| scope.has(pool)).collect();
        progress.begin(pools.iter().map(|pool| pool.pool.exercises.len()).sum());
        let run = Run {
            catalog,
            progress,
            expiry,
            failed: AtomicBool::new(false),
        };
        let begun: Vec<_> = pools.iter().map(|pool| self.begin(pool, &run)).collect();
        let mut passed = stream::iter(begun).buffered(AT_ONCE);
        let mut warmed = Warmed::default();
        // What is under way when something fails is waited for: it may have been done.
        while let Some(outcome) = passed.next().await {
            match outcome {
                Some(Ok(pool)) => warmed.pools.push(pool),
                Some(Err(error)) => drop(warmed.failed.get_or_insert(error)),
                None => {}
            }
        }
        warmed
    }

    /// Passes over a pool; nothing if nothing more is to begin.
    fn begin<'a>(
        &'a self,
        entry: &'a PoolEntry,
        run: &'a Run<'a>,
    ) -> BoxFuture<'a, Option<Result<PoolWarmed, WarmError>>> {
        let pass = async move {
            if run.progress.is_cancelled() || run.failed.load(Ordering::Relaxed) {
                return None;
            }
            let outcome = self.pass(run.catalog, entry, run.expiry).await;
            run.failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
            run.progress.add(entry.pool.exercises.len());
            Some(outcome.map_err(|source| WarmError::Pool {
                pool: entry.pool.id.clone(),
                source,
            }))
        };
        pass.boxed()
    }

    /// Writes those of these pools anew of which something has gone; returns how many.
    pub(super) async fn mend(
        &self,
        catalog: &Catalog,
        pools: &BTreeSet<PoolId>,
    ) -> Result<usize, LinkError> {
        let mut expiry = None;
        let mut mended = 0;
        for entry in catalog
            .pools()
            .filter(|entry| pools.contains(&entry.pool.id))
        {
            let held = self.held(catalog, entry).await?;
            if !held.lacks_something(entry) {
                continue;
            }
            let until = match expiry {
                Some(until) => until,
                None => *expiry.insert(self.expiry().await?),
            };
            self.put(catalog, entry, &PoolWarmed::of(entry, &held), until)
                .await?;
            mended += 1;
        }
        let until = match expiry {
            Some(until) => until,
            // Somebody may have removed the list alone.
            None if self.listed(&Key::Pools).await?.is_none() => self.expiry().await?,
            None => return Ok(0),
        };
        self.list_scope(catalog, &Scope::All, until).await?;
        Ok(mended)
    }

    async fn pass(
        &self,
        catalog: &Catalog,
        pool: &PoolEntry,
        expiry: Option<Expiry>,
    ) -> Result<PoolWarmed, LinkError> {
        let held = self.held(catalog, pool).await?;
        let warmed = PoolWarmed::of(pool, &held);
        if let Some(expiry) = expiry {
            self.put(catalog, pool, &warmed, expiry).await?;
        }
        Ok(warmed)
    }

    async fn put(
        &self,
        catalog: &Catalog,
        pool: &PoolEntry,
        warmed: &PoolWarmed,
        expiry: Expiry,
    ) -> Result<(), LinkError> {
        let news = News {
            pool: warmed.pool_changed,
            exercises: [&warmed.added[..], &warmed.changed].concat(),
        };
        let steps = step::put(catalog, pool, &[], expiry.content);
        self.carry_out(steps, &news.of_pool(&pool.pool.id)).await
    }

    /// Lists all pools, or adds some to those that are listed or whole.
    async fn list_scope(
        &self,
        catalog: &Catalog,
        scope: &Scope,
        expiry: Expiry,
    ) -> Result<(), LinkError> {
        let all = catalog.pools().map(|entry| entry.pool.id.clone());
        let listed = self.listed(&Key::Pools).await?.unwrap_or_default();
        let listed = listed.iter().filter_map(|id| PoolId::parse(id).ok());
        let listed: BTreeSet<_> = listed.collect();
        let ids: BTreeSet<_> = match scope {
            Scope::All => all.collect(),
            Scope::Pools(some) => {
                let there = self.there(all.collect()).await?;
                let there = there.into_iter().chain(some.iter().cloned());
                listed.iter().cloned().chain(there).collect()
            }
        };
        let changed: Vec<_> = ids.symmetric_difference(&listed).cloned().collect();
        self.list(&ids, &changed, expiry).await
    }

    /// Those pools that Redis has.
    async fn there(&self, pools: Vec<PoolId>) -> Result<Vec<PoolId>, LinkError> {
        let ask = |id: &PoolId| Command::new("EXISTS").arg(Key::Pool(id.clone()).to_string());
        let replies = self.link.pipeline(pools.iter().map(ask).collect()).await?;
        let found = pools.into_iter().zip(replies);
        let found = found.filter(|(_, reply)| matches!(reply, Ok(Reply::Integer(1))));
        Ok(found.map(|(id, _)| id).collect())
    }
}

impl PoolWarmed {
    fn of(entry: &PoolEntry, held: &HeldPool) -> Self {
        let exercises = &entry.pool.exercises;
        let which = |wanted: Held| {
            let found = exercises.iter().zip(&held.exercises);
            let found = found.filter(|(_, held)| **held == wanted);
            found.map(|(id, _)| id.clone()).collect()
        };
        Self {
            pool: entry.pool.id.clone(),
            exercises: exercises.len(),
            added: which(Held::Missing),
            changed: which(Held::Other),
            pool_changed: held.pool != Held::Same || held.list != Held::Same,
        }
    }

    /// Whether Redis had all of it already.
    pub fn is_unchanged(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && !self.pool_changed
    }
}
