//! Subscribing: nothing counts before the broker has confirmed it, and the answer comes before the
//! first event.
//!
//! The answer is put into the outbox and the hub learns of the subscription afterwards, without
//! waiting in between. What a history keeps waits at a gate from the moment that the answer names.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::timeout;

use super::joining::{Begun, Start, Subscribed};
use super::subscriptions::{Held, Leases};
use super::wishes::{Source, Wish, wishes};
use super::{Session, SessionError};
use crate::gateway::auth::Principal;
use crate::gateway::hub::{Joined, Membership, Watch};
use crate::gateway::policy::{self, Forbidden, Intent};
use crate::gateway::relay::Unconfirmed;
use crate::presence::Place;
use crate::protocol::{EncodeError, Envelope, ErrorCode, Recover, RequestId, Topic, TopicPattern};

#[derive(Serialize)]
struct SubscribeAnswer<'a> {
    subscribed: Vec<&'a Subscribed>,
    rejected: &'a [Rejected<'a>],
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

/// What becomes of the names that a client wants to subscribe to.
struct Sorted<'a> {
    /// It is subscribed to these.
    known: Vec<(TopicPattern, Option<&'a Recover>)>,
    /// These wait for the broker.
    pending: Vec<Pending<'a>>,
    rejected: Vec<Rejected<'a>>,
}

/// A subscription that waits for the broker.
struct Pending<'a> {
    name: &'a str,
    pattern: TopicPattern,
    recover: Option<&'a Recover>,
    leases: Leases,
}

/// A subscription that the broker has confirmed.
struct Confirmed {
    pattern: TopicPattern,
    leases: Leases,
    /// Of a topic with a history.
    watch: Option<Watch>,
    start: Start,
}

/// A subscription that is to be answered.
struct Ready {
    begun: Begun,
    /// Of one that is new.
    news: Option<(Leases, Option<Membership>)>,
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
        if names.len().max(recover.len()) > most {
            let sentence = format!("a connection has at most {most} topics");
            return self.refuse(ErrorCode::TooManyTopics, &sentence, request_id);
        }
        let Sorted {
            known,
            pending,
            mut rejected,
        } = self.sort(wishes(names, recover, &self.principal.user));
        let starts = self.starts(&known).await;
        let confirmed = self.confirm(pending).await;
        // From here to the last opening nothing waits.
        let mut ready = self.resume_all(known, starts);
        for (name, outcome) in confirmed {
            match outcome {
                Ok(confirmed) => ready.push(self.join(confirmed)),
                Err(error) => rejected.push(Rejected {
                    topic: name,
                    code: ErrorCode::Unavailable,
                    error: error.to_string(),
                }),
            }
        }
        if request_id.is_some() {
            let answer = SubscribeAnswer {
                subscribed: ready.iter().map(|one| &one.begun.subscribed).collect(),
                rejected: &rejected,
            };
            self.answer(request_id, &json(&answer)?)?;
        }
        for Ready { begun, news } in ready {
            if let Some((leases, membership)) = news {
                self.hold(begun.subscribed.topic, leases, membership, begun.since);
            }
            self.open_gate(begun.opening);
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
        let services = Arc::clone(&self.services);
        let pending = self.prepare("", topic.clone().into(), None);
        let counts = services.counts(&pending.leases, &pending.pattern);
        let watch = if let Ok(Ok(watch)) = timeout(services.patience, counts).await {
            watch
        } else {
            tracing::warn!(%topic, "the broker has not confirmed the subscription");
            topic.has_history().then(|| services.hub.watch(&topic))
        };
        let is_own = matches!(topic, Topic::User(_));
        let ready = self.join(Confirmed {
            pattern: pending.pattern,
            leases: pending.leases,
            watch,
            start: Start::Now,
        });
        let Ready { begun, news } = ready;
        if let Some((leases, membership)) = news {
            self.hold(begun.subscribed.topic, leases, membership, begun.since);
        }
        match self.unread.take_if(|_| is_own) {
            Some(unread) => self.send_unread(topic, begun.opening, unread),
            None => self.open_gate(begun.opening),
        }
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

    fn sort<'a>(&self, wishes: Vec<Wish<'a>>) -> Sorted<'a> {
        let mut sorted = Sorted {
            known: Vec::new(),
            pending: Vec::new(),
            rejected: Vec::new(),
        };
        for wish in wishes {
            let (name, recover) = (wish.name, wish.recover);
            match self.admit(wish, sorted.pending.len()) {
                Ok((pattern, true)) => sorted.pending.push(self.prepare(name, pattern, recover)),
                Ok((pattern, false)) => sorted.known.push((pattern, recover)),
                Err((code, error)) => sorted.rejected.push(Rejected {
                    topic: name,
                    code,
                    error,
                }),
            }
        }
        sorted
    }

    /// The pattern that a name stands for, and whether it is new to this connection.
    fn admit(
        &self,
        wish: Wish<'_>,
        pending: usize,
    ) -> Result<(TopicPattern, bool), (ErrorCode, String)> {
        let denied = |error: Forbidden| (ErrorCode::Forbidden, error.to_string());
        let pattern = wish.pattern.ok_or_else(|| denied(Forbidden::Topic))?;
        let intent = Intent::Subscribe(&pattern);
        policy::authorize(&self.principal, self.services.rules, intent).map_err(denied)?;
        let is_new = !self.subscriptions.contains(&pattern);
        let wrong = match wish.from {
            Source::Topics => None,
            Source::Recover => is_new.then_some("`recover` names a topic that is not in `topics`"),
            Source::RecoverAgain => Some("`recover` names the topic twice"),
        };
        if let Some(sentence) = wrong {
            return Err((ErrorCode::BadRequest, sentence.to_owned()));
        }
        let most = self.services.topics;
        if is_new && self.subscriptions.len() + pending >= most {
            let sentence = format!("a connection has at most {most} topics");
            return Err((ErrorCode::TooManyTopics, sentence));
        }
        Ok((pattern, is_new))
    }

    fn prepare<'a>(
        &self,
        name: &'a str,
        pattern: TopicPattern,
        recover: Option<&'a Recover>,
    ) -> Pending<'a> {
        let relay = &self.services.relay;
        let (first, second) = Envelope::channels(&pattern);
        let second = second.map(|channel| relay.lease(channel));
        Pending {
            name,
            pattern,
            recover,
            leases: Leases(relay.lease(first), second),
        }
    }

    async fn confirm<'a>(
        &self,
        pending: Vec<Pending<'a>>,
    ) -> Vec<(&'a str, Result<Confirmed, Unconfirmed>)> {
        join_all(pending.into_iter().map(async |pending| {
            let Pending {
                name,
                pattern,
                recover,
                leases,
            } = pending;
            let services = &self.services;
            let counts = async {
                let watch = services.counts(&leases, &pattern).await?;
                let start = self.start(&pattern, recover).await;
                Ok((watch, start.map_err(|_| Unconfirmed)?))
            };
            let outcome = match timeout(services.patience, counts).await {
                Ok(Ok((watch, start))) => Ok(Confirmed {
                    pattern,
                    leases,
                    watch,
                    start,
                }),
                Ok(Err(Unconfirmed)) | Err(_) => Err(Unconfirmed),
            };
            (name, outcome)
        }))
        .await
    }

    /// From where on what is subscribed to already is to be sent again.
    async fn starts(&self, known: &[(TopicPattern, Option<&Recover>)]) -> Vec<Start> {
        join_all(known.iter().map(async |(pattern, recover)| {
            let start = self.start(pattern, *recover);
            match timeout(self.services.patience, start).await {
                Ok(Ok(start)) => start,
                Ok(Err(_)) | Err(_) => Start::Gone,
            }
        }))
        .await
    }

    fn resume_all(
        &mut self,
        known: Vec<(TopicPattern, Option<&Recover>)>,
        starts: Vec<Start>,
    ) -> Vec<Ready> {
        let known = known.into_iter().zip(starts);
        known
            .map(|((pattern, _), start)| Ready {
                begun: self.resume(pattern, start),
                news: None,
            })
            .collect()
    }

    /// Takes a place in the hub where a history keeps what is published, so that nothing is missed
    /// from now on.
    fn join(&self, confirmed: Confirmed) -> Ready {
        let Confirmed {
            pattern,
            leases,
            watch,
            start,
        } = confirmed;
        let joined = watch.map(|watch| self.services.hub.join(&watch, &self.recipient));
        let (membership, at) = match joined {
            Some(Joined { membership, at }) => (Some(membership), at),
            None => (None, None),
        };
        let at = at.map(|at| (at.offset, at));
        Ready {
            begun: self.begin(pattern, at, start),
            news: Some((leases, membership)),
        }
    }

    /// From now on events arrive.
    fn hold(
        &mut self,
        pattern: TopicPattern,
        leases: Leases,
        membership: Option<Membership>,
        since: Option<u64>,
    ) {
        let services = &self.services;
        let membership =
            membership.unwrap_or_else(|| services.hub.subscribe(&pattern, &self.recipient));
        let seat = pattern.concrete().and_then(|topic| {
            let intent = Intent::Join(&topic);
            policy::authorize(&self.principal, services.rules, intent).ok()?;
            let place = Place::Topic(topic);
            Some(services.roster.join(place, &self.principal.user))
        });
        self.subscriptions.add(Held {
            pattern,
            since,
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

fn json(answer: &impl Serialize) -> Result<String, EncodeError> {
    Ok(serde_json::to_string(answer)?)
}
