//! What of a catalog is in Redis, what is not, and what is there besides.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, PoolEntry};
use crate::ids::{ExerciseId, PoolId};
use crate::link::LinkError;

use super::Cache;
use super::held::{Held, get};
use super::keys::{GLOBS, Key};

pub use super::held::Lifetime;

/// How many pools are looked at at once.
const AT_ONCE: usize = 4;

/// The state of the cache.
#[derive(Debug)]
pub struct CacheStatus {
    /// The list of pools, as if it were a pool without exercises.
    pub list: PoolStatus,
    /// The pools of the catalog, sorted by id, and then those that only Redis has.
    pub pools: Vec<PoolStatus>,
}

/// The state of a pool's keys.
#[derive(Debug, Default)]
pub struct PoolStatus {
    /// The pool's id; nothing for the list of pools, and for exercises whose pool can't be told.
    pub pool: Option<PoolId>,
    /// How many exercises the catalog has of it.
    pub exercises: usize,
    /// How many keys are there as they should be.
    pub cached: usize,
    /// Keys that are not there.
    pub missing: Vec<String>,
    /// Keys that hold something else than the catalog.
    pub stale: Vec<String>,
    /// Keys that the catalog has nothing for.
    pub orphaned: Vec<String>,
    /// How long the first of its keys stays; nothing where there is none.
    pub lifetime: Option<Lifetime>,
}

/// What an exercise's JSON says of its pool.
#[derive(Deserialize)]
struct OfPool<'a> {
    pool_id: &'a str,
}

impl CacheStatus {
    /// Whether all is there as it should be, and nothing else.
    pub fn is_clean(&self) -> bool {
        let mut all = self.pools.iter().chain([&self.list]);
        all.all(|pool| pool.missing.is_empty() && pool.stale.is_empty() && pool.orphaned.is_empty())
    }
}

impl PoolStatus {
    fn see(&mut self, key: &Key, held: Held) {
        match held {
            Held::Same => self.cached += 1,
            Held::Missing => self.missing.push(key.to_string()),
            Held::Other => self.stale.push(key.to_string()),
        }
    }
}

impl Cache {
    /// Compares Redis with a catalog.
    pub async fn status(&self, catalog: &Catalog) -> Result<CacheStatus, LinkError> {
        let list = self.status_of_list(catalog).await?;
        let looks = catalog
            .pools()
            .map(|pool| self.status_of(catalog, pool).boxed());
        let looks: Vec<BoxFuture<'_, _>> = looks.collect();
        let mut looks = stream::iter(looks).buffered(AT_ONCE);
        let mut pools = Vec::new();
        while let Some(status) = looks.next().await {
            pools.push(status?);
        }
        for (pool, orphans) in self.orphans_by_pool(catalog).await? {
            let keys: Vec<_> = orphans.iter().map(Key::to_string).collect();
            let own = pool.as_ref().and_then(|id| {
                let own = |status: &&mut PoolStatus| status.pool.as_ref() == Some(id);
                pools.iter_mut().find(own)
            });
            if let Some(own) = own {
                own.orphaned = keys;
                continue;
            }
            let lifetimes = self.lifetimes(&orphans).await?;
            pools.push(PoolStatus {
                pool,
                orphaned: keys,
                lifetime: lifetimes.into_iter().flatten().min(),
                ..PoolStatus::default()
            });
        }
        Ok(CacheStatus { list, pools })
    }

    /// Our keys that the catalog has nothing for.
    pub(super) async fn orphans(&self, catalog: &Catalog) -> Result<BTreeSet<Key>, LinkError> {
        let mut orphans = BTreeSet::new();
        for glob in GLOBS {
            let names = self.link.keys(glob).await?;
            let keys = names.iter().filter_map(|name| Key::parse(name));
            orphans.extend(keys.filter(|key| {
                match key {
                    Key::Pools => false,
                    Key::Pool(id) => catalog.pool(id.as_str()).is_none(),
                    Key::List(id) => catalog
                        .pool(id.as_str())
                        .is_none_or(|pool| pool.pool.exercises.is_empty()),
                    Key::Exercise(id) => catalog.exercise(id.as_str()).is_none(),
                }
            }));
        }
        Ok(orphans)
    }

    async fn orphans_by_pool(
        &self,
        catalog: &Catalog,
    ) -> Result<BTreeMap<Option<PoolId>, Vec<Key>>, LinkError> {
        let orphans = self.orphans(catalog).await?;
        let exercises: Vec<ExerciseId> = orphans
            .iter()
            .filter_map(|key| match key {
                Key::Exercise(id) => Some(id.clone()),
                Key::Pools | Key::Pool(_) | Key::List(_) => None,
            })
            .collect();
        let mut owners = self.pools_of(&exercises).await?.into_iter();
        let mut by_pool: BTreeMap<_, Vec<Key>> = BTreeMap::new();
        for key in orphans {
            let pool = match &key {
                Key::Pool(id) | Key::List(id) => Some(id.clone()),
                Key::Exercise(_) => owners.next().flatten(),
                Key::Pools => None,
            };
            by_pool.entry(pool).or_default().push(key);
        }
        Ok(by_pool)
    }

    /// The pools that these exercises say they belong to, where they say it.
    pub(super) async fn pools_of(
        &self,
        exercises: &[ExerciseId],
    ) -> Result<Vec<Option<PoolId>>, LinkError> {
        let commands = exercises.iter().map(|id| get(&Key::Exercise(id.clone())));
        let replies = self.link.pipeline(commands.collect()).await?;
        let replies = replies
            .into_iter()
            .map(|reply| reply.ok()?.bytes().and_then(|json| owner(&json)));
        Ok(replies.collect())
    }

    async fn status_of_list(&self, catalog: &Catalog) -> Result<PoolStatus, LinkError> {
        let listed = self.listed(&Key::Pools).await?;
        let wanted = catalog.pools().map(|entry| entry.pool.id.as_str());
        let lifetimes = self.lifetimes(&[Key::Pools]).await?;
        let lifetime = lifetimes.into_iter().flatten().min();
        let held = match listed {
            Some(ids) if ids.iter().map(String::as_str).eq(wanted) => Held::Same,
            None if lifetime.is_none() => Held::Missing,
            Some(_) | None => Held::Other,
        };
        let mut status = PoolStatus {
            lifetime,
            ..PoolStatus::default()
        };
        status.see(&Key::Pools, held);
        Ok(status)
    }

    async fn status_of(
        &self,
        catalog: &Catalog,
        entry: &PoolEntry,
    ) -> Result<PoolStatus, LinkError> {
        let pool = &entry.pool;
        let held = self.held(catalog, entry).await?;
        let mut status = PoolStatus {
            pool: Some(pool.id.clone()),
            exercises: pool.exercises.len(),
            ..PoolStatus::default()
        };
        let mut keys = vec![(Key::Pool(pool.id.clone()), held.pool)];
        // There is no key for an empty list.
        if !pool.exercises.is_empty() {
            keys.push((Key::List(pool.id.clone()), held.list));
        }
        let exercises = pool.exercises.iter().cloned().map(Key::Exercise);
        keys.extend(exercises.zip(held.exercises));
        for (key, held) in &keys {
            status.see(key, *held);
        }
        let keys: Vec<Key> = keys.into_iter().map(|(key, _)| key).collect();
        let lifetimes = self.lifetimes(&keys).await?;
        status.lifetime = lifetimes.into_iter().flatten().min();
        Ok(status)
    }
}

/// The pool that an exercise says it belongs to.
pub(super) fn owner(json: &[u8]) -> Option<PoolId> {
    let of: OfPool<'_> = serde_json::from_slice(json).ok()?;
    PoolId::parse(of.pool_id).ok()
}

/// Seconds as JSON; `null` for ever.
impl Serialize for Lifetime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Milliseconds(left) => serializer.serialize_u64(left / 1000),
            Self::Endless => serializer.serialize_none(),
        }
    }
}
