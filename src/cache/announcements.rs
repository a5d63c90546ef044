//! Nodes without content hear from whoever keeps the cache what changed, once: what was announced
//! stands in Redis, and who changes it there publishes, in one step.
//!
//! What stands there a keeper has written. All else others have, and it is not a keeper's to remove.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::catalog::{Catalog, CatalogDiff, Change, Digest, ExerciseChange, PoolChange};
use crate::ids::{ExerciseId, PoolId};
use crate::link::{Command, LinkError, LinkFailure, Reply};
use crate::protocol::{Address, Content, Envelope, Topic};

use super::Cache;
use super::held::get;
use super::keys::Key;
use super::status::owner;

/// What the keys begin with.
const ANNOUNCED: &str = "mithril:announced:";
/// What comes next for a pool; no exercise's id has a colon.
const POOL: &str = "pool:";
/// How many commands are sent at a time.
const PAGE: usize = 500;

/// Publishes that something has another revision now, or none, unless that was announced.
const ANNOUNCE: &str = "
local before = redis.call('GET', KEYS[1])
if before == ARGV[1] or (not before and ARGV[1] == '') then return 0 end
if ARGV[1] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1";

/// Something that can be announced.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Exercise(ExerciseId),
    Pool(PoolId),
}

impl Cache {
    /// Announces what differs between two catalogs, the newer of which is written.
    pub(super) async fn announce(&self, diff: &CatalogDiff) -> Result<(), LinkError> {
        let mut commands = Vec::with_capacity(diff.exercises.len() + diff.pools.len());
        for change in &diff.exercises {
            commands.push(self.exercise_changed(change)?);
        }
        for change in &diff.pools {
            commands.push(self.pool_changed(change)?);
        }
        self.all_in_pages(commands).await.map(drop)
    }

    /// Announces what has another revision than was announced; what was never announced is not told
    /// of, and noted.
    pub(super) async fn settle(&self, catalog: &Catalog) -> Result<(), LinkError> {
        let mut current: Vec<(Subject, Digest)> = Vec::new();
        for pool in catalog.pools() {
            let exercises = catalog.exercises_of(pool);
            let exercises = exercises.map(|e| (Subject::Exercise(e.exercise.id.clone()), e.digest));
            current.extend(exercises);
        }
        let pools = catalog.pools();
        current.extend(pools.map(|p| (Subject::Pool(p.pool.id.clone()), p.digest)));
        let renewals = current.iter().map(|(subject, _)| self.renewal(subject));
        let replies = self.all_in_pages(renewals.collect()).await?;
        let mut commands = Vec::new();
        for ((subject, digest), before) in current.into_iter().zip(replies) {
            match before.text() {
                Some(before) if before == digest.to_string() => {}
                Some(_) => commands.extend(self.changed(catalog, &subject, digest)?),
                None => {
                    let set = Command::new("SET")
                        .arg(subject.key())
                        .arg(digest.to_string());
                    let set = set.arg("PX").arg(self.announced_for());
                    commands.push(set.arg("NX"));
                }
            }
        }
        self.all_in_pages(commands).await.map(drop)
    }

    /// Removes what a keeper has written and the catalog has nothing for, where nobody has written
    /// something else since, and announces it; returns how many keys.
    pub(super) async fn prune_own(&self, catalog: &Catalog) -> Result<usize, LinkError> {
        let names = self.link.keys(&format!("{ANNOUNCED}*")).await?;
        let left = |subject: &Subject| match subject {
            Subject::Exercise(id) => catalog.exercise(id.as_str()).is_none(),
            Subject::Pool(id) => catalog.pool(id.as_str()).is_none(),
        };
        let subjects = names.iter().filter_map(|name| Subject::parse(name));
        let subjects: Vec<_> = subjects.filter(left).collect();
        let (mut keys, mut pools, mut told) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for subject in &subjects {
            let asked = vec![
                Command::new("GET").arg(subject.key()),
                get(&subject.content()),
            ];
            let mut replies = self.link.pipeline(asked).await?.into_iter().flatten();
            let announced = replies.next().and_then(Reply::text).unwrap_or_default();
            let held = replies.next().and_then(Reply::bytes);
            let Some(held) = held.filter(|held| Digest::of(held).to_string() == announced) else {
                told.push(Command::new("DEL").arg(subject.key()));
                continue;
            };
            keys.insert(subject.content());
            let digest = Digest::of(&held);
            match subject {
                Subject::Exercise(id) => {
                    if let Some(pool_id) = owner(&held) {
                        let (id, change) = (id.clone(), Change::Removed);
                        told.push(self.exercise_changed(&ExerciseChange {
                            id,
                            pool_id,
                            change,
                            digest,
                        })?);
                    }
                }
                Subject::Pool(id) => {
                    keys.insert(Key::List(id.clone()));
                    pools.insert(id.clone());
                    let (id, change) = (id.clone(), Change::Removed);
                    told.push(self.pool_changed(&PoolChange { id, change, digest })?);
                }
            }
        }
        let removed = self.remove(keys, &pools).await?;
        self.all_in_pages(told).await?;
        Ok(removed.len())
    }

    fn changed(
        &self,
        catalog: &Catalog,
        subject: &Subject,
        digest: Digest,
    ) -> Result<Option<Command>, LinkError> {
        let change = Change::Changed;
        match subject {
            Subject::Exercise(id) => {
                let Some(entry) = catalog.exercise(id.as_str()) else {
                    return Ok(None);
                };
                let (id, pool_id) = (id.clone(), entry.exercise.pool_id.clone());
                let change = ExerciseChange {
                    id,
                    pool_id,
                    change,
                    digest,
                };
                self.exercise_changed(&change).map(Some)
            }
            Subject::Pool(id) => {
                let id = id.clone();
                let change = PoolChange { id, change, digest };
                self.pool_changed(&change).map(Some)
            }
        }
    }

    fn exercise_changed(&self, change: &ExerciseChange) -> Result<Command, LinkError> {
        let subject = Subject::Exercise(change.id.clone());
        let revision = (change.change, change.digest);
        self.announcement(&subject, revision, Topic::ExerciseUpdated, change)
    }

    fn pool_changed(&self, change: &PoolChange) -> Result<Command, LinkError> {
        let subject = Subject::Pool(change.id.clone());
        let revision = (change.change, change.digest);
        self.announcement(&subject, revision, Topic::PoolUpdated, change)
    }

    fn announcement(
        &self,
        subject: &Subject,
        (change, digest): (Change, Digest),
        topic: Topic,
        event: &impl Serialize,
    ) -> Result<Command, LinkError> {
        let revision = match change {
            Change::Added | Change::Changed => digest.to_string(),
            Change::Removed => String::new(),
        };
        let refused = |error: String| self.link.error(LinkFailure::Refused(error));
        let text = serde_json::to_string(event).map_err(|error| refused(error.to_string()))?;
        let envelope = Envelope::new(Address::Topic(topic), Content::Text(text));
        let (channel, payload) = envelope
            .write()
            .map_err(|error| refused(error.to_string()))?;
        let command = Command::new("EVAL")
            .arg(ANNOUNCE)
            .arg("1")
            .arg(subject.key());
        let command = command.arg(revision).arg(self.announced_for());
        Ok(command.arg(channel).arg(payload))
    }

    /// What was announced of it, which is to stand for as long again.
    fn renewal(&self, subject: &Subject) -> Command {
        let command = Command::new("GETEX").arg(subject.key());
        command.arg("PX").arg(self.announced_for())
    }

    /// As long as what it is about, and once more.
    fn announced_for(&self) -> String {
        let lifetime = 2 * self.lifetimes.content;
        lifetime.as_millis().to_string()
    }

    async fn all_in_pages(&self, commands: Vec<Command>) -> Result<Vec<Reply>, LinkError> {
        let mut replies = Vec::with_capacity(commands.len());
        let mut commands = commands.into_iter().peekable();
        while commands.peek().is_some() {
            let page = commands.by_ref().take(PAGE).collect();
            for reply in self.link.pipeline(page).await? {
                replies.push(reply.map_err(|failure| self.link.error(failure))?);
            }
        }
        Ok(replies)
    }
}

impl Subject {
    fn key(&self) -> String {
        match self {
            Self::Exercise(id) => format!("{ANNOUNCED}{id}"),
            Self::Pool(id) => format!("{ANNOUNCED}{POOL}{id}"),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let name = name.strip_prefix(ANNOUNCED)?;
        match name.strip_prefix(POOL) {
            Some(id) => PoolId::parse(id).ok().map(Self::Pool),
            None => ExerciseId::parse(name).ok().map(Self::Exercise),
        }
    }

    /// Where the content is.
    fn content(&self) -> Key {
        match self {
            Self::Exercise(id) => Key::Exercise(id.clone()),
            Self::Pool(id) => Key::Pool(id.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exercise_and_a_pool_of_one_id_are_two() {
        let pool = Subject::Pool(PoolId::parse("pool").unwrap());
        let exercise = Subject::Exercise(ExerciseId::parse("pool").unwrap());
        assert_eq!(pool.key(), "mithril:announced:pool:pool");
        assert_eq!(exercise.key(), "mithril:announced:pool");
        for subject in [pool, exercise] {
            assert_eq!(Subject::parse(&subject.key()), Some(subject));
        }
    }
}
