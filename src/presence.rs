//! A presence knows who is where on all replicas, and says of each user once that they came or left.
//!
//! Replicas tell it which of their members are in a place and which are not any more. Whoever tells it
//! of a user's first member is answered that the user has joined, and whoever tells it of the last one
//! that the user has left: who is answered announces it. The trait names no product. Every
//! implementation passes the one suite in `tests/presence`:
//!
//! - a user is there while a member of the user is, whichever replicas have them;
//! - telling it again changes nothing and is answered with nothing;
//! - a user one of whose members goes as another comes has neither left nor joined;
//! - where what was known is lost, another generation begins, which names no other.
//!
//! Where replicas can fail, members that are not confirmed run out, and any replica learns who left.

pub mod memory;
pub mod redis;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::ids::UserId;
use crate::protocol::Topic;

/// What a presence will have done.
pub type PresenceFuture<'a, T> = BoxFuture<'a, Result<T, Unshared>>;

/// Where users are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// Whoever is connected at all.
    Everyone,
    /// A room or a project.
    Topic(Topic),
}

/// A user's connection in a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// Whose it is.
    pub user: UserId,
    /// Which replica has it.
    pub replica: u64,
    /// Its number there.
    pub number: u64,
}

/// What came of telling who is where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What is known of the place is known since it had this name: where all was lost, it has another.
    pub generation: Arc<str>,
    /// Who had no member there before.
    pub joined: Vec<UserId>,
    /// Who has none any more: also members of other replicas that were not confirmed.
    pub left: Vec<UserId>,
}

/// Who is in a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present {
    /// How many users.
    pub total: usize,
    /// The users in the order of their ids; not all of them where they are too many.
    pub users: Vec<PresentUser>,
}

/// A user who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PresentUser {
    /// Who.
    pub user_id: UserId,
    /// With how many connections.
    pub connections: u64,
}

/// What all replicas know of who is where.
pub trait Presence: fmt::Debug + Send + Sync {
    /// These members are there, be it news or not, and these are not any more. The former come first.
    /// Whoever gives up waiting does not know whether it was done, and tells it again.
    fn tell<'a>(
        &'a self,
        place: &'a Place,
        here: &'a [Member],
        gone: &'a [Member],
    ) -> PresenceFuture<'a, Outcome>;

    /// Who is there. Of more users than that the list is not whole.
    fn present<'a>(&'a self, place: &'a Place, most: usize) -> PresenceFuture<'a, Present>;

    /// Whether another replica hears what is published for this user. Where that can't be told, it
    /// does.
    fn is_heard_elsewhere<'a>(&'a self, user: &'a UserId) -> PresenceFuture<'a, bool>;

    /// How often all members have to be told of again; nothing where no other replica asks.
    fn renewal(&self) -> Option<Duration>;
}

/// What other replicas know is not known for now; why, for logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what other replicas know can't be asked: {0}")]
pub struct Unshared(pub Arc<str>);
