//! What is to be done to keys, in an order in which nothing is listed that is not there.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::catalog::{Catalog, PoolEntry};
use crate::ids::{ExerciseId, PoolId};
use crate::link::Command;

use super::keys::{INVALIDATE, Key};

/// How many ids are told of in one message at most.
const TOLD: usize = 1_000;

/// Commands that a cluster can do together, or those that lie apart.
pub(super) enum Step {
    /// Of one key.
    Together(Vec<Command>),
    /// Of several keys, in any order.
    Apart(Vec<Command>),
}

/// What is new of a pool.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Whether the pool itself is.
    pub(super) pool: bool,
    /// The exercises that are.
    pub(super) exercises: Vec<ExerciseId>,
}

#[derive(Serialize)]
struct Announcement<'a> {
    pools: &'a [&'a PoolId],
    exercises: &'a [ExerciseId],
}

impl Step {
    pub(super) fn into_commands(self) -> Vec<Command> {
        match self {
            Self::Together(commands) | Self::Apart(commands) => commands,
        }
    }
}

impl News {
    /// The news, with the pool's id where the pool itself is new.
    pub(super) fn of_pool<'a>(
        &'a self,
        id: &'a PoolId,
    ) -> [(Option<&'a PoolId>, &'a [ExerciseId]); 1] {
        [(self.pool.then_some(id), &self.exercises)]
    }
}

/// Puts a pool with all its exercises, and removes those that are gone.
pub(super) fn put(
    catalog: &Catalog,
    pool: &PoolEntry,
    gone: &[ExerciseId],
    expiry: u64,
) -> Vec<Step> {
    let id = &pool.pool.id;
    let exercises = catalog.exercises_of(pool);
    let exercises = exercises.map(|entry| {
        let key = Key::Exercise(entry.exercise.id.clone());
        set(&key, &entry.json, expiry)
    });
    let mut steps = vec![
        Step::Apart(exercises.collect()),
        Step::Together(vec![set(&Key::Pool(id.clone()), &pool.json, expiry)]),
        list(&Key::List(id.clone()), &pool.pool.exercises, expiry),
    ];
    steps.extend(remove(None, gone));
    steps
}

/// Puts the list of pools.
pub(super) fn list_pools(ids: &BTreeSet<PoolId>, expiry: u64) -> Step {
    list(&Key::Pools, ids, expiry)
}

/// Takes a pool off the list.
pub(super) fn unlist(pool: &PoolId) -> Step {
    let unlist = Command::new("LREM").arg(Key::Pools.to_string());
    Step::Together(vec![unlist.arg("0").arg(pool.as_str())])
}

/// Removes a pool's own keys, where one is named, and exercises.
pub(super) fn remove(pool: Option<&PoolId>, exercises: &[ExerciseId]) -> Vec<Step> {
    let own = pool.into_iter().flat_map(|pool| {
        let keys = [Key::List(pool.clone()), Key::Pool(pool.clone())];
        keys.map(|key| Step::Together(vec![delete(&key)]))
    });
    let mut steps: Vec<Step> = own.collect();
    let exercises = exercises.iter().cloned().map(Key::Exercise);
    let exercises: Vec<_> = exercises.map(|key| delete(&key)).collect();
    if !exercises.is_empty() {
        steps.push(Step::Apart(exercises));
    }
    steps
}

/// Tells nodes without content what is new.
pub(super) fn announce(news: &[(Option<&PoolId>, &[ExerciseId])]) -> Vec<Command> {
    let pools: Vec<&PoolId> = news.iter().filter_map(|(pool, _)| *pool).collect();
    let exercises: Vec<ExerciseId> = news.iter().flat_map(|(_, ids)| *ids).cloned().collect();
    let pages = pools.len().max(exercises.len()).div_ceil(TOLD);
    let message = |page: usize| Announcement {
        pools: page_of(&pools, page),
        exercises: page_of(&exercises, page),
    };
    let message = |page| serde_json::to_string(&message(page)).ok();
    let messages = (0..pages).filter_map(message);
    messages
        .map(|message| Command::new("PUBLISH").arg(INVALIDATE).arg(message))
        .collect()
}

fn page_of<T>(items: &[T], page: usize) -> &[T] {
    items.chunks(TOLD).nth(page).unwrap_or_default()
}

pub(super) fn delete(key: &Key) -> Command {
    Command::new("DEL").arg(key.to_string())
}

fn set(key: &Key, json: &str, expiry: u64) -> Command {
    let set = Command::new("SET").arg(key.to_string()).arg(json);
    set.arg("PXAT").arg(expiry.to_string())
}

/// An empty list is no key at all.
fn list<'a, I: AsId + 'a>(key: &Key, ids: impl IntoIterator<Item = &'a I>, expiry: u64) -> Step {
    let name = key.to_string();
    let mut ids = ids.into_iter().map(AsId::text).peekable();
    let mut commands = vec![delete(key)];
    if ids.peek().is_some() {
        commands.push(Command::new("RPUSH").arg(&name).args(ids));
        let until = Command::new("PEXPIREAT").arg(&name);
        commands.push(until.arg(expiry.to_string()));
    }
    Step::Together(commands)
}

/// What a list may hold.
trait AsId {
    fn text(&self) -> &str;
}

impl AsId for PoolId {
    fn text(&self) -> &str {
        self.as_str()
    }
}

impl AsId for ExerciseId {
    fn text(&self) -> &str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_told_in_pages() {
        let pool = PoolId::parse("p").unwrap();
        let ids: Vec<_> = (0..2_500)
            .map(|number| ExerciseId::parse(&format!("e{number}")).unwrap())
            .collect();
        assert_eq!(announce(&[(Some(&pool), &ids)]).len(), 3);
        assert_eq!(announce(&[(Some(&pool), &[])]).len(), 1);
        assert_eq!(announce(&[]).len(), 0);
        assert_eq!(announce(&[(None, &[])]).len(), 0);
    }
}
