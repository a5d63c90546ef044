//! A presence in Redis, which all replicas share: what one tells of a place is one script.
//!
//! A place is one sorted set, so that it is lost as a whole or not at all, and lies on one server of a
//! cluster. It holds, each told from the others by its first character or its score:
//!
//! - `USER REPLICA.NUMBER` for each member, whose score is the time at which it runs out;
//! - `USER` for each user, whose score is the number of these members, negative;
//! - `*GENERATION`, whose score is the time of the last sign of any replica, negative;
//! - `!`, where nobody is taken for gone until some time, whose score is that time, negative.
//!
//! The clock is Redis' own. Members that were not confirmed have left. But where no replica has given
//! a sign for long, Redis was away and not they: then all have the time to confirm their members first.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::{Member, Outcome, Place, Presence, PresenceFuture, Present, PresentUser, Unshared};
use crate::ids::UserId;
use crate::link::{Command, Link, LinkError, LinkFailure, Reply, Script};
use crate::protocol::Topic;

/// How many members one run of a script is told of, so that others are answered in between.
const AT_ONCE: usize = 500;
/// How often a script is run to find all who have left; the rest is found the next time.
const ROUNDS: usize = 64;

/// How long members last, and how often they are confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresenceTiming {
    /// After this time without being confirmed a member has left.
    pub lease: Duration,
    /// How often members are confirmed, and those of others looked at.
    pub renewal: Duration,
}

impl Default for PresenceTiming {
    fn default() -> Self {
        Self {
            lease: Duration::from_mins(1),
            renewal: Duration::from_secs(20),
        }
    }
}

/// Who is where, in a Redis. A clone shares its connection.
#[derive(Debug, Clone)]
pub struct RedisPresence {
    link: Link,
    timing: PresenceTiming,
    tell: Script,
    list: Script,
}

impl RedisPresence {
    /// What is known there.
    pub fn new(link: Link, timing: PresenceTiming) -> Self {
        Self {
            link,
            timing,
            tell: Script::new(concat!(
                include_str!("redis/state.lua"),
                include_str!("redis/tell.lua")
            )),
            list: Script::new(concat!(
                include_str!("redis/state.lua"),
                include_str!("redis/list.lua")
            )),
        }
    }

    async fn tell(
        &self,
        place: &Place,
        here: &[Member],
        gone: &[Member],
    ) -> Result<Outcome, LinkError> {
        let mut told = self.tell_some(place, here, gone).await?;
        let mut outcome = told.outcome;
        for _ in 0..ROUNDS {
            if !told.is_more {
                break;
            }
            told = self.tell_once(place, &[], &[], true).await?;
            outcome.left.append(&mut told.outcome.left);
        }
        Ok(outcome)
    }

    /// Tells of members some at a time. Those of others are looked at once all of one's own are
    /// confirmed.
    async fn tell_some(
        &self,
        place: &Place,
        mut here: &[Member],
        mut gone: &[Member],
    ) -> Result<Told, LinkError> {
        let (mut joined, mut left) = (Vec::new(), Vec::new());
        loop {
            let (some, rest) = here.split_at(here.len().min(AT_ONCE));
            here = rest;
            let room = if here.is_empty() {
                AT_ONCE - some.len()
            } else {
                0
            };
            let (some_gone, rest) = gone.split_at(gone.len().min(room));
            gone = rest;
            let is_last = here.is_empty() && gone.is_empty();
            let mut told = self.tell_once(place, some, some_gone, is_last).await?;
            joined.append(&mut told.outcome.joined);
            left.append(&mut told.outcome.left);
            if is_last {
                told.outcome.joined = joined;
                told.outcome.left = left;
                return Ok(told);
            }
        }
    }

    async fn tell_once(
        &self,
        place: &Place,
        here: &[Member],
        gone: &[Member],
        looks: bool,
    ) -> Result<Told, LinkError> {
        let mut run = self
            .tell
            .on([key(place)])
            .arg(millis(self.timing.lease))
            .arg(millis(self.timing.renewal))
            .arg(Uuid::new_v4().simple().to_string())
            .arg(if looks { "1" } else { "0" })
            .arg(here.len().to_string());
        for member in here.iter().chain(gone) {
            run = run.arg(name(member));
        }
        let reply = self.link.run(run).await?;
        told(reply).ok_or_else(|| self.link.error(LinkFailure::Garbled))
    }

    async fn present(&self, place: &Place, most: usize) -> Result<Present, LinkError> {
        let run = self
            .list
            .on([key(place)])
            .arg(millis(self.timing.lease))
            .arg(millis(self.timing.renewal))
            .arg(most.to_string());
        let reply = self.link.run(run).await?;
        present(reply).ok_or_else(|| self.link.error(LinkFailure::Garbled))
    }

    async fn is_heard_elsewhere(&self, user: &UserId) -> Result<bool, LinkError> {
        // Each server of a cluster knows its own subscribers only.
        if self.link.is_cluster() {
            return Ok(true);
        }
        let channel = Topic::User(user.clone()).to_string();
        let count = Command::new("PUBSUB").arg("NUMSUB").arg(channel);
        let reply = self.link.send(count).await?;
        let count = reply.list().and_then(|pair| pair.last()?.integer());
        let count = count.ok_or_else(|| self.link.error(LinkFailure::Garbled))?;
        Ok(count > 1)
    }
}

impl Presence for RedisPresence {
    fn tell<'a>(
        &'a self,
        place: &'a Place,
        here: &'a [Member],
        gone: &'a [Member],
    ) -> PresenceFuture<'a, Outcome> {
        Box::pin(async move { Ok(self.tell(place, here, gone).await?) })
    }

    fn present<'a>(&'a self, place: &'a Place, most: usize) -> PresenceFuture<'a, Present> {
        Box::pin(async move { Ok(self.present(place, most).await?) })
    }

    fn is_heard_elsewhere<'a>(&'a self, user: &'a UserId) -> PresenceFuture<'a, bool> {
        Box::pin(async move { Ok(self.is_heard_elsewhere(user).await?) })
    }

    fn renewal(&self) -> Option<Duration> {
        Some(self.timing.renewal)
    }
}

/// What one run of a script has answered.
struct Told {
    outcome: Outcome,
    /// Whether there may be more who have left.
    is_more: bool,
}

impl From<LinkError> for Unshared {
    fn from(error: LinkError) -> Self {
        Self(error.to_string().into())
    }
}

fn key(place: &Place) -> String {
    // The braces keep what belongs to a topic on one server of a cluster.
    match place {
        Place::Everyone => "mithril:presence:{ws:*}".to_owned(),
        Place::Topic(topic) => format!("mithril:presence:{{{topic}}}"),
    }
}

fn name(member: &Member) -> String {
    let Member {
        user,
        replica,
        number,
    } = member;
    format!("{user} {replica:016x}.{number}")
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

fn told(reply: Reply) -> Option<Told> {
    let [generation, joined, left, is_more] = reply.list()?.try_into().ok()?;
    Some(Told {
        outcome: Outcome {
            generation: Arc::from(generation.text()?),
            joined: users(joined)?,
            left: users(left)?,
        },
        is_more: is_more.integer()? == 1,
    })
}

fn users(reply: Reply) -> Option<Vec<UserId>> {
    reply.list()?.into_iter().map(user).collect()
}

fn user(reply: Reply) -> Option<UserId> {
    UserId::parse(&reply.text()?).ok()
}

/// How many there are, and then users and their numbers of members in turn.
fn present(reply: Reply) -> Option<Present> {
    let [total, listed] = reply.list()?.try_into().ok()?;
    let mut listed = listed.list()?.into_iter();
    let mut users = Vec::with_capacity(listed.len() / 2);
    while let Some(id) = listed.next() {
        users.push(PresentUser {
            user_id: user(id)?,
            connections: listed.next()?.integer()?.try_into().ok()?,
        });
    }
    users.sort_unstable_by(|one, other| one.user_id.cmp(&other.user_id));
    Some(Present {
        total: total.integer()?.try_into().ok()?,
        users,
    })
}
