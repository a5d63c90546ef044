//! A broker carries messages between replicas and services; what it has confirmed, it keeps.
//!
//! The trait names no product. Every implementation passes the one suite in `tests/broker`:
//!
//! - a subscription counts once `subscribe` has returned, and no message published later is missed
//!   while the connection stands;
//! - an inbox gets a message once, however many of its subscriptions match;
//! - messages of one publisher on one channel arrive in their order;
//! - of a queue group, one member gets a message;
//! - after a connection was lost and came back, all subscriptions count again, and the inbox is told
//!   that messages may be missing.
//!
//! A broker that has no queue groups or no requests says so, and never does half of it.

mod carrier;
mod glob;
pub mod memory;
mod probe;
pub mod redis;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

pub use carrier::Carrier;
pub use glob::Glob;
pub use probe::Probe;

/// What a broker will have done.
pub type BrokerFuture<'a, T> = BoxFuture<'a, Result<T, BrokerError>>;

/// A message that arrived.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The channel that it was published on, also where a pattern matched.
    pub channel: Arc<str>,
    /// What was published.
    pub payload: Bytes,
    /// The channel to publish an answer on, where one is waited for.
    pub reply: Option<Arc<str>>,
}

/// What happened to the connection to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionChange {
    /// It was lost: nothing arrives.
    Lost,
    /// It is back and all subscriptions count; what was published in between may be missing.
    Restored,
}

/// Where messages arrive. The broker calls it in order, one call at a time for each channel.
pub trait Inbox: fmt::Debug + Send + Sync {
    /// Takes a message, without waiting.
    fn deliver(&self, delivery: Delivery);

    /// Learns that the connection changed.
    fn changed(&self, change: ConnectionChange);
}

/// What is subscribed to: a channel, a pattern in which `*` stands for one part of a name, or a glob.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subscription {
    /// The channel, pattern or glob.
    pub channel: Arc<str>,
    /// The queue group: of its members, one gets each message.
    pub group: Option<&'static str>,
    /// Whether it is a [`Glob`].
    pub is_glob: bool,
}

impl Subscription {
    /// A subscription that gets every message.
    pub fn to(channel: impl Into<Arc<str>>) -> Self {
        Self {
            channel: channel.into(),
            group: None,
            is_glob: false,
        }
    }

    /// A subscription to what a [`Glob`] stands for, however many parts a `*` takes. On one
    /// connection, it and a pattern must not be written alike.
    pub fn glob(glob: impl Into<Arc<str>>) -> Self {
        Self {
            channel: glob.into(),
            group: None,
            is_glob: true,
        }
    }

    /// A subscription that shares messages with the others of its group.
    pub fn shared(channel: impl Into<Arc<str>>, group: &'static str) -> Self {
        Self {
            channel: channel.into(),
            group: Some(group),
            is_glob: false,
        }
    }

    /// Whether it is for more than one channel.
    pub fn is_pattern(&self) -> bool {
        self.is_glob || parts(&self.channel).any(|part| part == "*")
    }

    /// Whether it is for this channel.
    pub fn matches(&self, channel: &str) -> bool {
        if self.is_glob {
            return Glob::new(&self.channel).matches(channel);
        }
        let mut wanted = parts(&self.channel);
        let mut given = parts(channel);
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if wanted == given => {}
                (Some("*"), Some(given)) if !given.is_empty() => {}
                (_, _) => return false,
            }
        }
    }
}

// Subjects are parted by dots, channels by colons; no id has either.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(['.', ':'])
}

/// A connection to a broker. Dropping it ends its subscriptions.
pub trait Broker: fmt::Debug + Send + Sync {
    /// Publishes a message; whether anyone hears it is not known.
    fn publish(&self, channel: Arc<str>, payload: Bytes) -> BrokerFuture<'_, ()>;

    /// Subscribes; returns once the broker has confirmed it. A repeated subscription is none.
    fn subscribe(&self, subscription: Subscription) -> BrokerFuture<'_, ()>;

    /// Ends a subscription; what is on its way may still arrive. An unknown subscription is none.
    /// Without a connection it ends too: it is not restored.
    fn unsubscribe(&self, subscription: Subscription) -> BrokerFuture<'_, ()>;

    /// Publishes a message and waits for the first answer, at most so long.
    fn request(
        &self,
        subject: Arc<str>,
        payload: Bytes,
        deadline: Duration,
    ) -> BrokerFuture<'_, Bytes>;

    /// Whether the connection stands.
    fn is_connected(&self) -> bool;
}

/// Why a broker did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// There is no connection to it.
    #[error("the broker is not connected")]
    Disconnected,
    /// Nobody is there to answer the request.
    #[error("nobody answers that subject")]
    NoResponders,
    /// Nobody answered in time. Whether a message was published is not known.
    #[error("no answer came within {0:?}")]
    Timeout(Duration),
    /// It is connected and refuses; why, for logs.
    #[error("the broker refuses: {0}")]
    Refused(Arc<str>),
    /// This broker has no such thing.
    #[error("this broker has no {0}")]
    Unsupported(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_part() {
        for (pattern, channel, matches) in [
            ("a.b", "a.b", true),
            ("a.b", "a.c", false),
            ("a.*.c", "a.b.c", true),
            ("a.*.c", "a.b.b.c", false),
            ("a.*.c", "a..c", false),
            ("a.*", "a", false),
            ("room:*", "room:a", true),
            ("room:*", "room:", false),
            ("mithril:live:room:*", "mithril:live:room:a", true),
            ("mithril:live:room:*", "room:a", false),
            ("*", "a.b", false),
        ] {
            let subscription = Subscription::to(pattern);
            assert_eq!(
                subscription.matches(channel),
                matches,
                "{pattern} {channel}"
            );
        }
    }
}
