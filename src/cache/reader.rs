//! A node without content answers from Redis, by way of what it has read before.
//!
//! What Redis says is whole: of a pool and its exercises, all at one moment. What it does not have is
//! not known not to exist; where it can't be asked, what was read last counts.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt as _;

use crate::catalog::answer;
use crate::ids::{ExerciseId, PoolId};
use crate::link::{Command, LinkError, LinkFailure, Replies, Reply};
use crate::metrics::{CacheTier, Metrics, TierResult};

use super::Cache;
use super::invalidations::Invalidations;
use super::keys::{EXERCISE, Key, POOL};
use super::shelf::{Answer, Found, Moment, Outcome, Query, Shelf};
use super::together::{Together, until};

/// Answers about content that others keep in Redis. A clone is the same reader.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

struct Shared {
    cache: Cache,
    shelf: Arc<Shelf>,
    metrics: Metrics,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Redis can't be asked, and nothing was read before.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Redis has no such thing, which may exist all the same.
    #[error("Redis has no such thing")]
    Absent,
}

impl Reader {
    /// A reader of this cache.
    pub fn new(cache: Cache, metrics: Metrics) -> Self {
        Self {
            shared: Arc::new(Shared {
                cache,
                shelf: Arc::new(Shelf::new()),
                metrics,
            }),
        }
    }

    /// What has to hear what is new, so that what was read before can be kept.
    pub fn invalidations(&self) -> Invalidations {
        Invalidations::of_shelf(Arc::clone(&self.shared.shelf))
    }

    /// `{"pools":[Pool]}`.
    pub async fn pools(&self) -> Result<Arc<str>, ReadError> {
        self.answer(Query::Pools).await
    }

    /// `{"pool":Pool}`.
    pub async fn pool(&self, id: PoolId) -> Result<Arc<str>, ReadError> {
        self.answer(Query::Pool(id)).await
    }

    /// `{"exercises":[Exercise]}` of a pool, in teaching order.
    pub async fn exercises(&self, pool: PoolId) -> Result<Arc<str>, ReadError> {
        self.answer(Query::Exercises(pool)).await
    }

    /// `{"exercise":Exercise}`.
    pub async fn exercise(&self, id: ExerciseId) -> Result<Arc<str>, ReadError> {
        self.answer(Query::Exercise(id)).await
    }

    async fn answer(&self, query: Query) -> Result<Arc<str>, ReadError> {
        let Shared { shelf, metrics, .. } = &*self.shared;
        let kept = match shelf.find(&query) {
            Found::Sure(text) => {
                metrics.cache_request(CacheTier::Memory, TierResult::Hit);
                return Ok(text);
            }
            Found::Unsure(kept) => kept,
        };
        metrics.cache_request(CacheTier::Memory, TierResult::Miss);
        let reading = shelf.read(&query, |moment| {
            let (shared, query) = (Arc::clone(&self.shared), query.clone());
            async move { shared.read(query, moment).await }.boxed()
        });
        match reading.await {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err(ReadError::Absent),
            Err(error) => kept.ok_or(error).inspect(|_| {
                metrics.cache_request(CacheTier::Memory, TierResult::Stale);
            }),
        }
    }
}

impl Shared {
    /// Asks Redis, and keeps what it says.
    async fn read(&self, query: Query, moment: Moment) -> Outcome {
        let read = match &query {
            Query::Pools => self.pools().await,
            Query::Pool(id) => self.one(&Key::Pool(id.clone()), answer::pool).await,
            Query::Exercises(id) => self.exercises(id).await,
            Query::Exercise(id) => self.one(&Key::Exercise(id.clone()), answer::exercise).await,
        };
        let result = match &read {
            Ok(Some(_)) => TierResult::Hit,
            Ok(None) => TierResult::Miss,
            Err(_) => TierResult::Unavailable,
        };
        self.metrics.cache_request(CacheTier::Redis, result);
        let answer = read.inspect_err(|error| tracing::debug!(cause = %error, "not read"))?;
        let text = answer.as_ref().map(|answer| Arc::clone(&answer.text));
        self.shelf.keep(query, answer, moment);
        Ok(text)
    }

    async fn one(
        &self,
        key: &Key,
        answer: fn(&str) -> String,
    ) -> Result<Option<Answer>, LinkError> {
        let link = &self.cache.link;
        let left = Command::new("PTTL").arg(key.to_string());
        let get = Command::new("GET").arg(key.to_string());
        let replies = link.transaction(vec![left, get]).await?;
        let [left, json] = self.all(replies)?;
        if json == Reply::Nil {
            return Ok(None);
        }
        let json = self.cache.json(json)?;
        Ok(Some(Answer {
            text: answer(&json).into(),
            until: until(&left),
            exercises: Arc::default(),
        }))
    }

    async fn pools(&self) -> Result<Option<Answer>, LinkError> {
        let found = self.cache.together(&Key::Pools, &Key::Pools, POOL).await?;
        Ok(found.map(|Together { until, items }| Answer {
            text: answer::pools(items.iter().map(|(_, json)| &**json)).into(),
            until,
            exercises: Arc::default(),
        }))
    }

    async fn exercises(&self, pool: &PoolId) -> Result<Option<Answer>, LinkError> {
        let (own, list) = (Key::Pool(pool.clone()), Key::List(pool.clone()));
        let found = self.cache.together(&own, &list, EXERCISE).await?;
        Ok(found.map(|Together { until, items }| {
            let ids = items
                .iter()
                .filter_map(|(id, _)| ExerciseId::parse(id).ok());
            Answer {
                text: answer::exercises(items.iter().map(|(_, json)| &**json)).into(),
                until,
                exercises: ids.collect(),
            }
        }))
    }

    fn all<const N: usize>(&self, replies: Replies) -> Result<[Reply; N], LinkError> {
        let replies: Result<Vec<_>, _> = replies.into_iter().collect();
        let replies = replies.map_err(|failure| self.cache.link.error(failure))?;
        let garbled = |_| self.cache.link.error(LinkFailure::Garbled);
        replies.try_into().map_err(garbled)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({})", self.shared.cache.link.place())
    }
}
