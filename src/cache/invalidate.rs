//! Removing: what is listed is unlisted first, and only keys that are ours are looked at.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::catalog::Catalog;
use crate::ids::{ExerciseId, PoolId};
use crate::link::{Command, LinkError, Reply};

use super::Cache;
use super::held::get;
use super::keys::{GLOBS, Key};
use super::step::{self, Step};

/// What is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of the cache.
    All,
    /// Pools with their exercises, and single exercises.
    Some {
        /// The pools.
        pools: BTreeSet<PoolId>,
        /// The exercises.
        exercises: BTreeSet<ExerciseId>,
    },
}

/// The exercises that a pool's JSON names.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    exercises: Vec<String>,
}

impl Cache {
    /// The keys that are there of a selection.
    pub async fn selected(&self, selection: &Selection) -> Result<Vec<String>, LinkError> {
        let keys = self.keys_of(selection).await?;
        Ok(keys.iter().map(Key::to_string).collect())
    }

    /// Removes what is selected; returns the keys that were there.
    pub async fn invalidate(&self, selection: &Selection) -> Result<Vec<String>, LinkError> {
        let keys = self.keys_of(selection).await?;
        match selection {
            Selection::All => self.remove(keys, &BTreeSet::new()).await,
            Selection::Some { pools, .. } => self.remove(keys, pools).await,
        }
    }

    /// The keys that the catalog has nothing for.
    pub async fn orphaned(&self, catalog: &Catalog) -> Result<Vec<String>, LinkError> {
        let orphans = self.orphans(catalog).await?;
        Ok(orphans.iter().map(Key::to_string).collect())
    }

    /// Removes what the catalog has nothing for; returns the keys.
    pub async fn prune(&self, catalog: &Catalog) -> Result<Vec<String>, LinkError> {
        let orphans = self.orphans(catalog).await?;
        let pools = orphans.iter().filter_map(|key| match key {
            Key::Pool(id) => Some(id.clone()),
            Key::Pools | Key::List(_) | Key::Exercise(_) => None,
        });
        let pools = pools.collect();
        self.remove(orphans, &pools).await
    }

    /// Removes keys, and takes pools off the list before any of theirs.
    pub(super) async fn remove(
        &self,
        keys: BTreeSet<Key>,
        unlisted: &BTreeSet<PoolId>,
    ) -> Result<Vec<String>, LinkError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut steps: Vec<Step> = unlisted.iter().map(step::unlist).collect();
        let (mut lists, mut pools, mut exercises) = (Vec::new(), Vec::new(), Vec::new());
        for key in &keys {
            let delete = || Step::Together(vec![step::delete(key)]);
            match key {
                Key::Pools => steps.push(delete()),
                Key::List(_) => lists.push(delete()),
                Key::Pool(_) => pools.push(delete()),
                Key::Exercise(id) => exercises.push(id.clone()),
            }
        }
        steps.extend(lists);
        steps.extend(pools);
        steps.extend(step::remove(None, &exercises));
        let told = keys.iter().filter_map(|key| match key {
            Key::Pool(id) | Key::List(id) => Some(id),
            Key::Pools | Key::Exercise(_) => None,
        });
        let mut told: BTreeSet<_> = told.cloned().collect();
        if keys.contains(&Key::Pools) {
            // Whoever has asked for all pools has got what is listed.
            let listed = self.listed(&Key::Pools).await?.unwrap_or_default();
            told.extend(listed.iter().filter_map(|id| PoolId::parse(id).ok()));
        }
        let mut news: Vec<_> = told.iter().map(|id| (Some(id), &[][..])).collect();
        news.push((None, &exercises));
        self.carry_out(steps, &news).await?;
        Ok(keys.iter().map(Key::to_string).collect())
    }

    async fn keys_of(&self, selection: &Selection) -> Result<BTreeSet<Key>, LinkError> {
        let keys = match selection {
            Selection::All => {
                let mut keys = BTreeSet::from([Key::Pools]);
                for glob in GLOBS {
                    let names = self.link.keys(glob).await?;
                    keys.extend(names.iter().filter_map(|name| Key::parse(name)));
                }
                keys
            }
            Selection::Some { pools, exercises } => {
                let exercises = exercises.iter().cloned().map(Key::Exercise);
                let mut keys: BTreeSet<Key> = exercises.collect();
                for pool in pools {
                    keys.extend(self.keys_of_pool(pool).await?);
                }
                keys
            }
        };
        self.existing(keys).await
    }

    /// A pool's keys, with the exercises that its list or its JSON names and that are not another's.
    async fn keys_of_pool(&self, pool: &PoolId) -> Result<Vec<Key>, LinkError> {
        let (own, list) = (Key::Pool(pool.clone()), Key::List(pool.clone()));
        let mut named = self.listed(&list).await?.unwrap_or_default();
        let json = self
            .link
            .pipeline(vec![get(&own)])
            .await?
            .into_iter()
            .next();
        if let Some(Ok(Reply::Bytes(json))) = json
            && let Ok(pool) = serde_json::from_slice::<Named>(&json)
        {
            named.extend(pool.exercises);
        }
        let named = named.iter().filter_map(|id| ExerciseId::parse(id).ok());
        let named: Vec<_> = named.collect::<BTreeSet<_>>().into_iter().collect();
        let owners = self.pools_of(&named).await?;
        let is_ours = |owner: &Option<PoolId>| owner.as_ref().is_none_or(|owner| owner == pool);
        let ours = named
            .into_iter()
            .zip(owners)
            .filter(|(_, owner)| is_ours(owner));
        let mut keys = vec![own, list];
        keys.extend(ours.map(|(id, _)| Key::Exercise(id)));
        Ok(keys)
    }

    async fn existing(&self, keys: BTreeSet<Key>) -> Result<BTreeSet<Key>, LinkError> {
        let ask = |key: &Key| Command::new("EXISTS").arg(key.to_string());
        let replies = self.link.pipeline(keys.iter().map(ask).collect()).await?;
        let found = keys.into_iter().zip(replies);
        let found = found.filter(|(_, reply)| matches!(reply, Ok(Reply::Integer(1))));
        Ok(found.map(|(key, _)| key).collect())
    }
}
