//! The catalog's projection into Redis: what a reader finds of a pool belongs together.
//!
//! A pool, its list and its exercises are written at one moment and expire at another, so a reader
//! finds all of it or nothing. On a cluster, where keys lie apart, they are written such that nothing
//! is listed before it is there, and removed the other way round; readers skip ids that don't resolve.
//!
//! Values are the JSON that sockets are served, byte for byte: answers are not in it.

mod announcements;
mod content;
mod held;
mod invalidate;
mod invalidations;
mod keeper;
mod keys;
mod reader;
mod sessions;
mod shelf;
mod status;
mod step;
mod together;
mod warm;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::catalog::{Catalog, CatalogDiff, Change};
use crate::config;
use crate::ids::{ExerciseId, PoolId};
use crate::link::{Command, Link, LinkError, LinkFailure, Replies, Reply};

use step::{News, Step};

pub use content::{CachedContent, CachedError};
pub use invalidate::Selection;
pub use invalidations::Invalidations;
pub use keeper::{Keeper, LeaseTiming};
pub use reader::{ReadError, Reader};
pub use sessions::Sessions;
pub use status::{CacheStatus, Lifetime, PoolStatus};
pub use warm::{PoolWarmed, Scope, WarmError, Warmed};

/// The cache of a Redis.
#[derive(Debug, Clone)]
pub struct Cache {
    link: Link,
    lifetimes: Lifetimes,
}

/// How long keys stay.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Pools and exercises.
    pub content: Duration,
    /// The list of pools.
    pub pools: Duration,
}

/// How far a run has come, in exercises.
#[derive(Debug, Default)]
pub struct Progress {
    total: AtomicUsize,
    done: AtomicUsize,
    cancelled: AtomicBool,
}

/// When keys expire, by the clock of Redis: in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Expiry {
    content: u64,
    pools: u64,
}

impl From<config::Cache> for Lifetimes {
    fn from(config: config::Cache) -> Self {
        Self {
            content: config.ttl,
            pools: config.pools_ttl,
        }
    }
}

impl Progress {
    /// How many there are.
    pub fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// How many are done.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Begins nothing more; what is under way comes to its end.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether nothing more is to begin.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn begin(&self, total: usize) {
        self.total.store(total, Ordering::Relaxed);
    }

    fn add(&self, count: usize) {
        self.done.fetch_add(count, Ordering::Relaxed);
    }
}

impl Cache {
    /// The cache behind this link.
    pub fn new(link: Link, lifetimes: Lifetimes) -> Self {
        Self { link, lifetimes }
    }

    /// Writes what differs between two catalogs; the newer one is given in full, because what belongs
    /// to a pool is written together.
    pub async fn apply(&self, catalog: &Catalog, diff: &CatalogDiff) -> Result<(), LinkError> {
        let expiry = self.expiry().await?;
        let mut touched: BTreeMap<&PoolId, News> = BTreeMap::new();
        for change in &diff.exercises {
            let news = touched.entry(&change.pool_id).or_default();
            news.exercises.push(change.id.clone());
        }
        for change in &diff.pools {
            touched.entry(&change.id).or_default().pool = true;
        }
        let mut removed = Vec::new();
        for (id, news) in touched {
            // An exercise that has moved is written with its new pool.
            let gone = |id: &&ExerciseId| catalog.exercise(id.as_str()).is_none();
            let gone: Vec<_> = news.exercises.iter().filter(gone).cloned().collect();
            match catalog.pool(id.as_str()) {
                Some(pool) => {
                    let steps = step::put(catalog, pool, &gone, expiry.content);
                    self.carry_out(steps, &news.of_pool(id)).await?;
                }
                None => removed.push((id, gone, news)),
            }
        }
        let is_listing = |change: Change| matches!(change, Change::Added | Change::Removed);
        let listing = diff.pools.iter().filter(|pool| is_listing(pool.change));
        let listing: Vec<_> = listing.map(|pool| pool.id.clone()).collect();
        if !listing.is_empty() {
            let ids = catalog.pools().map(|entry| entry.pool.id.clone());
            self.list(&ids.collect(), &listing, expiry).await?;
        }
        for (id, gone, news) in removed {
            let steps = step::remove(Some(id), &gone);
            self.carry_out(steps, &news.of_pool(id)).await?;
        }
        Ok(())
    }

    /// Lists these pools. Those that are listed from now on, or no more, are told of once more: who
    /// has asked for all pools in between has got the former list.
    async fn list(
        &self,
        ids: &BTreeSet<PoolId>,
        changed: &[PoolId],
        expiry: Expiry,
    ) -> Result<(), LinkError> {
        let news: Vec<_> = changed.iter().map(|id| (Some(id), &[][..])).collect();
        let list = step::list_pools(ids, expiry.pools);
        self.carry_out(vec![list], &news).await
    }

    /// Does the steps: all at one moment, or on a cluster one after the other. Nodes without content
    /// are told what is new, so that they ask again.
    async fn carry_out(
        &self,
        steps: Vec<Step>,
        news: &[(Option<&PoolId>, &[ExerciseId])],
    ) -> Result<(), LinkError> {
        let told = step::announce(news);
        if !self.link.is_cluster() {
            let commands = steps.into_iter().flat_map(Step::into_commands);
            let commands: Vec<Command> = commands.chain(told).collect();
            let replies = self.link.transaction(commands).await?;
            return self.all_done(replies);
        }
        for step in steps {
            let replies = match step {
                Step::Together(commands) => self.link.transaction(commands).await?,
                Step::Apart(commands) => self.link.pipeline(commands).await?,
            };
            self.all_done(replies)?;
        }
        self.all_done(self.link.pipeline(told).await?)
    }

    /// The first refusal.
    fn all_done(&self, replies: Replies) -> Result<(), LinkError> {
        let refused = replies.into_iter().find_map(Result::err);
        refused.map_or(Ok(()), |failure| Err(self.link.error(failure)))
    }

    /// When what is written now expires. It is the clock of Redis that counts, and one moment for
    /// all keys, so that no part of a pool outlives another.
    async fn expiry(&self) -> Result<Expiry, LinkError> {
        let garbled = || self.link.error(LinkFailure::Garbled);
        let time = self.link.send(Command::new("TIME")).await?;
        let time = time.list().ok_or_else(garbled)?;
        let mut parts = time.iter().map(Reply::integer);
        let seconds = parts.next().flatten().ok_or_else(garbled)?;
        let now = Duration::from_secs(u64::try_from(seconds).map_err(|_| garbled())?);
        let at = |lifetime: Duration| {
            let at = now.saturating_add(lifetime).as_millis();
            u64::try_from(at).unwrap_or(u64::MAX)
        };
        let Lifetimes { content, pools } = self.lifetimes;
        Ok(Expiry {
            content: at(content),
            // A pool that is listed is there.
            pools: at(pools.min(content)),
        })
    }
}
