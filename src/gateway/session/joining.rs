//! A subscription to a topic with a history begins at the position that its answer names: every
//! message behind it follows as an event, once and in order, or the connection ends.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Session;
use super::subscriptions::Leases;
use crate::gateway::history::keeps;
use crate::gateway::hub::{Recipient, Watch};
use crate::gateway::relay::Unconfirmed;
use crate::gateway::replay::Replay;
use crate::gateway::services::Services;
use crate::history::{HistoryError, Portion};
use crate::ids::UserId;
use crate::metrics::Recovery;
use crate::protocol::{Position, Recover, Topic, TopicPattern};

/// From where on a client wants a topic's messages.
#[derive(Debug)]
pub(super) enum Start {
    /// From now on.
    Now,
    /// From behind this position on, where everything behind it is kept.
    Behind(Position),
    /// From a position on behind which something is gone: from now on, as the client will be told.
    Gone,
}

/// How a subscription is answered.
#[derive(Debug, Serialize)]
pub(super) struct Subscribed {
    pub(super) topic: TopicPattern,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered: Option<bool>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
}

/// A subscription that begins.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) subscribed: Subscribed,
    /// Behind this offset everything is sent; nothing where that is not known.
    pub(super) since: Option<u64>,
    /// The gate that what is published now waits at.
    pub(super) opening: Option<Opening>,
}

/// What came while the user had no connection is to be sent.
#[derive(Debug)]
pub(super) struct Unread {
    /// Whether the user had none on any replica; nothing where there are no others.
    pub(super) first: Option<oneshot::Receiver<bool>>,
}

/// A gate that is to be opened.
#[derive(Debug)]
pub(super) struct Opening {
    topic: Topic,
    at: Position,
    from: u64,
    since: u64,
}

impl Session {
    /// From where on the client wants the topic's messages.
    pub(super) async fn start(
        &self,
        pattern: &TopicPattern,
        recover: Option<&Recover>,
    ) -> Result<Start, HistoryError> {
        let topic = pattern.concrete().filter(Topic::has_history);
        match (recover, topic) {
            (None, _) => Ok(Start::Now),
            (Some(recover), Some(topic)) => {
                let user = &self.principal.user;
                self.services.start(&topic, user, recover).await
            }
            (Some(_), None) => Ok(Start::Gone),
        }
    }

    /// Begins where the client wants, if the feed is there; it stands at this offset and position,
    /// and the connection was sent everything behind the former.
    pub(super) fn begin(
        &self,
        pattern: TopicPattern,
        at: Option<(u64, Position)>,
        start: Start,
    ) -> Begun {
        let is_recovery = !matches!(start, Start::Now);
        let topic = pattern.concrete();
        let mut subscribed = Subscribed {
            topic: pattern,
            recovered: is_recovery.then_some(false),
            position: None,
        };
        let mut begun = None;
        if let (Some((since, at)), Some(topic)) = (at, topic) {
            let position = match start {
                Start::Behind(position) if position.epoch == at.epoch => {
                    subscribed.recovered = Some(true);
                    position
                }
                Start::Behind(_) | Start::Gone | Start::Now => at.clone(),
            };
            begun = Some(Opening {
                topic,
                at,
                from: position.offset,
                since,
            });
            subscribed.position = Some(position);
        }
        if is_recovery {
            let recovered = subscribed.recovered == Some(true);
            self.services.metrics.recovery(if recovered {
                Recovery::Recovered
            } else {
                Recovery::Refused
            });
        }
        Begun {
            subscribed,
            since: begun.as_ref().map(Opening::sent_since),
            opening: begun,
        }
    }

    /// The same for what is subscribed to already: what is published now waits too.
    pub(super) fn resume(&mut self, pattern: TopicPattern, start: Start) -> Begun {
        let number = self.recipient.number;
        let topic = pattern.concrete();
        let paused = topic.and_then(|topic| self.services.hub.pause(&topic, number));
        let since = self.subscriptions.since(&pattern);
        let at = paused.map(|(at, begun)| (since.unwrap_or(begun), at));
        let begun = self.begin(pattern, at, start);
        if begun.since.is_some() {
            let pattern = &begun.subscribed.topic;
            self.subscriptions.sent_since(pattern, begun.since);
        }
        begun
    }

    /// Lets through what waits, behind what the client is sent first.
    pub(super) fn open_gate(&self, opening: Option<Opening>) {
        let Some(Opening {
            topic, from, since, ..
        }) = opening
        else {
            return;
        };
        let (services, recipient) = (&self.services, &self.recipient);
        let replay = services.open_gate(&topic, recipient, from, since);
        if let Some(replay) = replay {
            services.tasks.spawn("replay", replay.run());
        }
    }

    /// The same, behind what came while the user had no connection.
    pub(super) fn send_unread(&self, topic: Topic, opening: Option<Opening>, unread: Unread) {
        let at = opening.map(|opening| opening.at);
        let services = Arc::clone(&self.services);
        let who = (self.principal.user.clone(), Arc::clone(&self.recipient));
        let tasks = services.tasks.clone();
        tasks.spawn("unread", services.send_unread(topic, who, at, unread));
    }
}

impl Opening {
    /// Behind this offset the connection has been sent everything once it has caught up.
    fn sent_since(&self) -> u64 {
        if self.from > self.at.offset {
            self.from
        } else {
            self.since.min(self.from)
        }
    }
}

impl Services {
    /// Waits until the subscription counts, and until it is known where the topic's history stands,
    /// if it has one and that answers.
    pub(super) async fn counts(
        &self,
        Leases(first, second): &Leases,
        pattern: &TopicPattern,
    ) -> Result<Option<Watch>, Unconfirmed> {
        first.confirmed().await?;
        if let Some(second) = second {
            second.confirmed().await?;
        }
        let topic = pattern.concrete().filter(Topic::has_history);
        let watch = topic.map(|topic| self.hub.watch(&topic));
        if let Some(watch) = &watch {
            watch.asked().await;
        }
        Ok(watch)
    }

    async fn start(
        &self,
        topic: &Topic,
        user: &UserId,
        recover: &Recover,
    ) -> Result<Start, HistoryError> {
        let wanted = match recover {
            Recover::After(position) => position.clone(),
            Recover::Cursor => {
                self.receipts.settle(user).await;
                match self.history.cursor(topic, user).await? {
                    Some(cursor) => cursor,
                    // Who has read nothing wants all that there is.
                    None => self.oldest(topic).await?,
                }
            }
        };
        let page = self
            .history
            .read(topic, wanted.offset, Portion::of(0))
            .await?;
        Ok(if keeps(&page, &wanted) {
            Start::Behind(wanted)
        } else {
            Start::Gone
        })
    }

    /// The position before the oldest message that is kept.
    async fn oldest(&self, topic: &Topic) -> Result<Position, HistoryError> {
        let page = self.history.read(topic, 0, Portion::of(0)).await?;
        Ok(Position {
            epoch: page.epoch,
            offset: page.trimmed,
        })
    }

    fn open_gate(
        &self,
        topic: &Topic,
        recipient: &Arc<Recipient>,
        from: u64,
        since: u64,
    ) -> Option<Replay> {
        let who = self.hub.open(topic, recipient, from, since)?;
        Some(Replay {
            hub: Arc::clone(&self.hub),
            history: Arc::clone(&self.history),
            metrics: self.metrics.clone(),
            who,
            patience: self.patience,
        })
    }

    /// Sends what came while the user had no connection. The connection waits at its gate, or hears
    /// what is published until it is known where the history stands.
    async fn send_unread(
        self: Arc<Self>,
        topic: Topic,
        (user, recipient): (UserId, Arc<Recipient>),
        at: Option<Position>,
        unread: Unread,
    ) {
        let at = match at {
            Some(at) => Some((at.offset, at)),
            None => self.pause_when_known(&topic, &recipient).await,
        };
        let Some((since, at)) = at else { return };
        let read = async {
            if self.is_nowhere_else(&user, unread).await {
                self.unread(&topic, &user).await.map(Some)
            } else {
                Ok(None)
            }
        };
        let (from, outcome) = match timeout(self.patience, read).await {
            Ok(Ok(Some(from))) if from.epoch == at.epoch => {
                (from.offset, Some(Recovery::Recovered))
            }
            Ok(Ok(Some(_))) => (at.offset, Some(Recovery::Refused)),
            Ok(Ok(None)) => (at.offset, None),
            Ok(Err(_)) | Err(_) => (at.offset, Some(Recovery::Unavailable)),
        };
        if let Some(outcome) = outcome {
            self.metrics.recovery(outcome);
        }
        if let Some(replay) = self.open_gate(&topic, &recipient, from, since) {
            replay.run().await;
        }
    }

    /// Whether no other connection of the user is sent what is published.
    async fn is_nowhere_else(&self, user: &UserId, unread: Unread) -> bool {
        let Some(first) = unread.first else {
            return true;
        };
        // Where others can't be asked, this process decides.
        if first.await.unwrap_or(true) {
            return true;
        }
        // A replica that has crashed is taken to have its connections for a while, but hears nothing.
        let elsewhere = self.presence.is_heard_elsewhere(user).await;
        !elsewhere.unwrap_or(true)
    }

    async fn pause_when_known(
        &self,
        topic: &Topic,
        recipient: &Recipient,
    ) -> Option<(u64, Position)> {
        let watch = self.hub.watch(topic);
        tokio::select! {
            () = watch.known() => {}
            () = recipient.outbox.ended() => return None,
        }
        let (at, begun) = self.hub.pause(topic, recipient.number)?;
        Some((begun, at))
    }

    /// The position behind which the user has been sent nothing, as far as it is kept.
    async fn unread(&self, topic: &Topic, user: &UserId) -> Result<Position, HistoryError> {
        self.receipts.settle(user).await;
        let cursor = self.history.cursor(topic, user).await?;
        let mut from = self.oldest(topic).await?;
        if let Some(cursor) = cursor
            && cursor.epoch == from.epoch
        {
            from.offset = from.offset.max(cursor.offset);
        }
        Ok(from)
    }
}
