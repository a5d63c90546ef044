//! Subscribing: nothing counts before the broker has confirmed it, and the answer comes before the
//! first event.
//!
//! The answer is put into the outbox and the hub learns of the subscription afterwards, without
//! waiting in between.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::timeout;

use super::subscriptions::{Held, Leases};
use super::{Session, SessionError};
use crate::gateway::auth::Principal;
use crate::gateway::policy::{self, Forbidden, Intent};
use crate::gateway::relay::Unconfirmed;
use crate::protocol::{EncodeError, Envelope, ErrorCode, Recover, RequestId, Topic, TopicPattern};

#[derive(Serialize)]
struct SubscribeAnswer<'a> {
    subscribed: Vec<Subscribed>,
    rejected: &'a [Rejected<'a>],
}

#[derive(Serialize)]
struct Subscribed {
    topic: TopicPattern,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered: Option<bool>,
}

#[derive(Serialize)]
struct Rejected<'a> {
    topic: &'a str,
    code: ErrorCode,
    error: String,
}

#[derive(Serialize)]
struct UnsubscribeAnswer {
    unsubscribed: Vec<TopicPattern>,
}

/// A subscription that waits for the broker.
struct Pending<'a> {
    name: &'a str,
    pattern: TopicPattern,
    leases: Leases,
}

impl Session {
    /// Subscribes to what may be subscribed to, and says what may not.
    pub(super) async fn subscribe(
        &mut self,
        names: &[String],
        recover: &BTreeMap<String, Recover>,
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let most = self.services.topics;
        if names.len() > most {
            let sentence = format!("a connection has at most {most} topics");
            return self.refuse(ErrorCode::TooManyTopics, &sentence, request_id);
        }
        let mut accepted = Vec::new();
        let mut rejected = Vec::new();
        let mut pending: Vec<Pending<'_>> = Vec::new();
        for name in names {
            match self.admit(name, &pending) {
                Ok((pattern, is_new)) => {
                    if is_new {
                        pending.push(self.prepare(name, pattern));
                    } else {
                        accepted.push((name, pattern));
                    }
                }
                Err((code, error)) => rejected.push(Rejected {
                    topic: name,
                    code,
                    error,
                }),
            }
        }
        let mut confirmed = Vec::new();
        for (pending, outcome) in self.confirm(pending).await {
            match outcome {
                Ok(()) => confirmed.push(pending),
                Err(error) => rejected.push(Rejected {
                    topic: pending.name,
                    code: ErrorCode::Unavailable,
                    error: error.to_string(),
                }),
            }
        }
        let news = confirmed.iter().map(|one| (one.name, one.pattern.clone()));
        let subscribed = accepted
            .into_iter()
            .map(|(name, pattern)| (name.as_str(), pattern))
            .chain(news)
            .map(|(name, topic)| Subscribed {
                topic,
                // There is no history yet: whoever asks for it is told to fetch everything again.
                recovered: recover.contains_key(name).then_some(false),
            })
            .collect();
        let answer = SubscribeAnswer {
            subscribed,
            rejected: &rejected,
        };
        if request_id.is_some() {
            self.answer(request_id, &json(&answer)?)?;
        }
        for Pending {
            pattern, leases, ..
        } in confirmed
        {
            self.hold(pattern, leases);
        }
        if request_id.is_none() {
            self.refuse_each(&rejected).await?;
        }
        Ok(())
    }

    /// Ends subscriptions. Those that there are not are not answered.
    pub(super) fn unsubscribe(
        &mut self,
        names: &[String],
        request_id: Option<&RequestId>,
    ) -> Result<(), SessionError> {
        let user = &self.principal.user;
        let unsubscribed = names
            .iter()
            .filter_map(|name| TopicPattern::parse(name, Some(user)))
            .filter(|pattern| self.subscriptions.remove(pattern))
            .collect();
        self.answer(request_id, &json(&UnsubscribeAnswer { unsubscribed })?)
    }

    /// Subscribes without being asked. Where the broker cannot confirm it, what is published in this
    /// process arrives, and the rest as soon as the broker is there.
    pub(super) async fn follow(&mut self, topic: Topic) {
        let pattern = TopicPattern::from(topic);
        let Pending {
            pattern, leases, ..
        } = self.prepare("", pattern);
        if confirmed(&leases, self.services.patience).await.is_err() {
            tracing::warn!(%pattern, "the broker has not confirmed the subscription");
        }
        self.hold(pattern, leases);
    }

    /// Takes a new proof of who the user is: what it does not allow any more ends.
    pub(super) async fn refresh(&mut self, principal: Principal) -> Result<(), SessionError> {
        self.principal = principal;
        let (principal, rules) = (&self.principal, self.services.rules);
        let lost = self.subscriptions.restrict(
            |pattern| policy::authorize(principal, rules, Intent::Subscribe(pattern)).is_ok(),
            |topic| policy::authorize(principal, rules, Intent::Join(topic)).is_ok(),
        );
        let lost: Vec<_> = lost.iter().map(ToString::to_string).collect();
        let rejected: Vec<_> = lost.iter().map(|name| forbidden(name)).collect();
        self.refuse_each(&rejected).await
    }

    /// The pattern that a name stands for, and whether it is new to this connection.
    fn admit(
        &self,
        name: &str,
        pending: &[Pending<'_>],
    ) -> Result<(TopicPattern, bool), (ErrorCode, String)> {
        let denied = |error: Forbidden| (ErrorCode::Forbidden, error.to_string());
        let pattern = TopicPattern::parse(name, Some(&self.principal.user))
            .ok_or_else(|| denied(Forbidden::Topic))?;
        let intent = Intent::Subscribe(&pattern);
        policy::authorize(&self.principal, self.services.rules, intent).map_err(denied)?;
        let is_pending = pending.iter().any(|other| other.pattern == pattern);
        if is_pending || self.subscriptions.contains(&pattern) {
            return Ok((pattern, false));
        }
        let most = self.services.topics;
        if self.subscriptions.len() + pending.len() >= most {
            let sentence = format!("a connection has at most {most} topics");
            return Err((ErrorCode::TooManyTopics, sentence));
        }
        Ok((pattern, true))
    }

    fn prepare<'a>(&self, name: &'a str, pattern: TopicPattern) -> Pending<'a> {
        let relay = &self.services.relay;
        let (first, second) = Envelope::channels(&pattern);
        let second = second.map(|channel| relay.lease(channel));
        Pending {
            name,
            pattern,
            leases: Leases(relay.lease(first), second),
        }
    }

    async fn confirm<'a>(
        &self,
        pending: Vec<Pending<'a>>,
    ) -> Vec<(Pending<'a>, Result<(), Unconfirmed>)> {
        let patience = self.services.patience;
        join_all(pending.into_iter().map(async |pending| {
            let outcome = confirmed(&pending.leases, patience).await;
            (pending, outcome)
        }))
        .await
    }

    /// From now on events arrive.
    fn hold(&mut self, pattern: TopicPattern, leases: Leases) {
        let services = &self.services;
        let membership = services.hub.subscribe(&pattern, &self.recipient);
        let seat = pattern.concrete().and_then(|topic| {
            let intent = Intent::Join(&topic);
            policy::authorize(&self.principal, services.rules, intent).ok()?;
            Some(services.presence.join(&topic, &self.principal.user))
        });
        self.subscriptions.add(Held {
            pattern,
            _membership: membership,
            seat,
            _leases: leases,
        });
    }

    /// Sends an error for each, as fast as they are read: a list is no flood.
    async fn refuse_each(&self, rejected: &[Rejected<'_>]) -> Result<(), SessionError> {
        for Rejected { topic, code, error } in rejected {
            self.recipient.outbox.room().await;
            self.refuse(*code, &format!("{error}: {topic:?}"), None)?;
        }
        Ok(())
    }
}

fn forbidden(name: &str) -> Rejected<'_> {
    Rejected {
        topic: name,
        code: ErrorCode::Forbidden,
        error: Forbidden::Topic.to_string(),
    }
}

async fn confirmed(
    Leases(first, second): &Leases,
    patience: std::time::Duration,
) -> Result<(), Unconfirmed> {
    let both = async {
        first.confirmed().await?;
        match second {
            Some(second) => second.confirmed().await,
            None => Ok(()),
        }
    };
    timeout(patience, both).await.unwrap_or(Err(Unconfirmed))
}

fn json(answer: &impl Serialize) -> Result<String, EncodeError> {
    Ok(serde_json::to_string(answer)?)
}
