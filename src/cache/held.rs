//! What Redis holds of a pool, compared with what it should.

use crate::catalog::{Catalog, PoolEntry};
use crate::ids::ExerciseId;
use crate::link::{Command, LinkError, LinkFailure, Reply};

use super::Cache;
use super::keys::Key;

/// What Redis holds at a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Nothing.
    Missing,
    /// What it should.
    Same,
    /// Something else.
    Other,
}

/// What Redis holds of a pool.
#[derive(Debug)]
pub(super) struct HeldPool {
    pub(super) pool: Held,
    pub(super) list: Held,
    /// In the order of the catalog.
    pub(super) exercises: Vec<Held>,
}

/// How much longer a key stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifetime {
    /// So many milliseconds.
    Milliseconds(u64),
    /// For ever.
    Endless,
}

impl HeldPool {
    /// Whether something of the pool is not there.
    pub(super) fn lacks_something(&self, pool: &PoolEntry) -> bool {
        // There is no key for an empty list.
        let lacks_list = self.list == Held::Missing && !pool.pool.exercises.is_empty();
        lacks_list || self.pool == Held::Missing || self.exercises.contains(&Held::Missing)
    }
}

impl Cache {
    /// What Redis holds of a pool of the catalog.
    pub(super) async fn held(
        &self,
        catalog: &Catalog,
        pool: &PoolEntry,
    ) -> Result<HeldPool, LinkError> {
        let id = &pool.pool.id;
        let mut commands = vec![get(&Key::Pool(id.clone())), range(&Key::List(id.clone()))];
        let entries = catalog.exercises_of(pool);
        commands.extend(entries.map(|entry| get(&Key::Exercise(entry.exercise.id.clone()))));
        let mut replies = self.link.pipeline(commands).await?.into_iter();
        let mut next = || {
            let garbled = || Err(self.link.error(LinkFailure::Garbled));
            replies.next().map_or_else(garbled, Ok)
        };
        let own = json(next()?, &pool.json);
        let wanted = pool.pool.exercises.iter().map(ExerciseId::as_str);
        let list = list(next()?, wanted);
        let mut exercises = Vec::with_capacity(pool.pool.exercises.len());
        for entry in catalog.exercises_of(pool) {
            exercises.push(json(next()?, &entry.json));
        }
        Ok(HeldPool {
            pool: own,
            list,
            exercises,
        })
    }

    /// The ids in a list.
    pub(super) async fn listed(&self, key: &Key) -> Result<Option<Vec<String>>, LinkError> {
        match self.link.send(range(key)).await {
            Ok(reply) => Ok(ids(reply).filter(|ids| !ids.is_empty())),
            Err(error) if error.failure == LinkFailure::WrongType => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How much longer these keys stay; nothing for those that are not there.
    pub(super) async fn lifetimes(&self, keys: &[Key]) -> Result<Vec<Option<Lifetime>>, LinkError> {
        let commands = keys
            .iter()
            .map(|key| Command::new("PTTL").arg(key.to_string()));
        let replies = self.link.pipeline(commands.collect()).await?;
        let lifetime = |reply: Result<Reply, LinkFailure>| match reply.ok()?.integer()? {
            -1 => Some(Lifetime::Endless),
            left => u64::try_from(left).ok().map(Lifetime::Milliseconds),
        };
        Ok(replies.into_iter().map(lifetime).collect())
    }
}

pub(super) fn get(key: &Key) -> Command {
    Command::new("GET").arg(key.to_string())
}

fn range(key: &Key) -> Command {
    let range = Command::new("LRANGE").arg(key.to_string());
    range.arg("0").arg("-1")
}

/// Another kind of value is something else, too.
fn json(reply: Result<Reply, LinkFailure>, wanted: &str) -> Held {
    match reply {
        Ok(Reply::Nil) => Held::Missing,
        Ok(Reply::Bytes(bytes)) if bytes == wanted.as_bytes() => Held::Same,
        Ok(_) | Err(_) => Held::Other,
    }
}

pub(super) fn list<'a>(
    reply: Result<Reply, LinkFailure>,
    wanted: impl ExactSizeIterator<Item = &'a str>,
) -> Held {
    match reply.ok().and_then(ids) {
        Some(ids) if ids.iter().map(String::as_str).eq(wanted) => Held::Same,
        Some(ids) if ids.is_empty() => Held::Missing,
        Some(_) | None => Held::Other,
    }
}

fn ids(reply: Reply) -> Option<Vec<String>> {
    let items = reply.list()?.into_iter();
    // An id that is no text is none.
    Some(items.map(|item| item.text().unwrap_or_default()).collect())
}
