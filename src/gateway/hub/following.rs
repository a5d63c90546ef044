//! A topic with a history has a feed here from the moment somebody watches it; who joins is told
//! where the feed stands, and misses nothing behind that.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};

use tokio::sync::Notify;

use super::frames::{Frames, Outgoing};
use super::place::{Course, Gated, Place};
use super::{Hub, Membership, Recipient, change, lock};
use crate::gateway::feed::{Answer, Feed, Question};
use crate::gateway::gate::{Gate, Next};
use crate::protocol::{Address, Content, Envelope, Position, Topic};

/// A reason to keep a topic's feed; it ends when it is dropped.
#[derive(Debug)]
#[must_use = "the feed is not kept for it when it is dropped"]
pub(in crate::gateway) struct Watch {
    hub: Arc<Hub>,
    topic: Topic,
}

/// A connection that has joined.
#[derive(Debug)]
pub(in crate::gateway) struct Joined {
    /// Its subscription.
    pub(in crate::gateway) membership: Membership,
    /// Where the feed stood: what comes behind waits until [`Hub::open`]. Nothing where that is not
    /// known, and nothing waits.
    pub(in crate::gateway) at: Option<Position>,
}

/// What is next for a connection that is behind.
#[derive(Debug)]
pub(in crate::gateway) enum Step {
    /// More: something has just been sent.
    Sent,
    /// The same again, once there is room for so many bytes.
    Full(usize),
    /// So many messages are to be read behind this position, and sent.
    Read { after: Position, most: u64 },
    /// Nothing, until it is woken.
    Wait,
    /// Nothing any more: it has caught up, or is gone.
    Done,
}

/// What became of a message that was read for a connection that is behind.
#[derive(Debug)]
pub(in crate::gateway) enum Owed {
    /// It is in the outbox.
    Sent,
    /// There is no room for it in the outbox.
    NoRoom(Outgoing),
    /// The connection does not wait for it any more.
    Gone,
}

/// A connection that is behind on a topic. One that has left and joined again is another one.
#[derive(Debug)]
pub(in crate::gateway) struct Latecomer {
    pub(in crate::gateway) topic: Topic,
    pub(in crate::gateway) recipient: Arc<Recipient>,
    wake: Arc<Notify>,
}

impl Latecomer {
    /// Waits until there may be something to do for it.
    pub(in crate::gateway) async fn woken(&self) {
        self.wake.notified().await;
    }

    fn is(&self, gated: &Gated) -> bool {
        Arc::ptr_eq(&self.wake, &gated.wake)
    }
}

impl Hub {
    /// Keeps the topic's feed. Where it is new it asks where the history stands.
    pub(in crate::gateway) fn watch(self: &Arc<Self>, topic: &Topic) -> Watch {
        let mut shard = self.shard(topic);
        let place = shard.entry(topic.clone()).or_default();
        let course = place.course.get_or_insert_with(|| {
            let number = self.feeds.fetch_add(1, Ordering::Relaxed);
            Box::new(Course {
                feed: Feed::new(number, self.waiting),
                gated: std::collections::HashMap::new(),
                watchers: 0,
                begun: None,
                is_queued: false,
                failures: 0,
                asked: Arc::new(Notify::new()),
            })
        });
        course.watchers += 1;
        self.queue_question(topic, place);
        Watch {
            hub: Arc::clone(self),
            topic: topic.clone(),
        }
    }

    /// A connection joins the topic that is watched. Where the feed is known, what is published from
    /// now on waits until [`Hub::open`].
    pub(in crate::gateway) fn join(&self, watch: &Watch, recipient: &Arc<Recipient>) -> Joined {
        let number = recipient.number;
        let mut shard = self.shard(&watch.topic);
        let place = shard.entry(watch.topic.clone()).or_default();
        let at = place.course.as_ref().and_then(|course| position(course));
        match (&at, &mut place.course) {
            (Some(at), Some(course)) => {
                course.hold_back(Arc::clone(recipient), at.offset, self.waiting);
            }
            (None, _) | (Some(_), None) => {
                place.live.insert(number, Arc::clone(recipient));
            }
        }
        let membership = watch
            .hub
            .membership(number, Some(watch.topic.clone().into()));
        Joined { membership, at }
    }

    /// From now on the topic's messages wait for this connection, which has heard them until now.
    /// Returns where the feed stands, and where it began; nothing where it is not known, or where the
    /// connection is behind already.
    pub(in crate::gateway) fn pause(&self, topic: &Topic, number: u64) -> Option<(Position, u64)> {
        let mut shard = self.shard(topic);
        let place = shard.get_mut(topic)?;
        let course = place.course.as_mut()?;
        let (at, begun) = (position(course)?, course.begun?);
        let recipient = place.live.remove(&number)?;
        course.hold_back(recipient, at.offset, self.waiting);
        Some((at, begun))
    }

    /// What waits for the connection may go, behind all messages after `from` that it was not sent
    /// since `since`. Nothing is returned where it has everything already.
    pub(in crate::gateway) fn open(
        &self,
        topic: &Topic,
        recipient: &Arc<Recipient>,
        from: u64,
        since: u64,
    ) -> Option<Latecomer> {
        let number = recipient.number;
        let mut shard = self.shard(topic);
        let place = shard.get_mut(topic)?;
        let course = place.course.as_mut()?;
        let (_, last) = course.feed.last()?;
        let gated = course.gated.get_mut(&number)?;
        gated.gate.rewind(from, since);
        if gated.gate.is_empty() && from == last {
            place.let_through(number);
            return None;
        }
        Some(Latecomer {
            topic: topic.clone(),
            recipient: Arc::clone(recipient),
            wake: Arc::clone(&gated.wake),
        })
    }

    /// Does what is next for a connection that is behind. What is sent is sent under the topic's
    /// lock, so that nothing is sent to one that has left.
    pub(in crate::gateway) fn step(&self, who: &Latecomer) -> Step {
        let number = who.recipient.number;
        let mut shard = self.shard(&who.topic);
        let Some(place) = shard.get_mut(&who.topic) else {
            return Step::Done;
        };
        let Some((epoch, last, gated)) = place.find(who) else {
            return Step::Done;
        };
        let recipient = &gated.recipient;
        let next = gated
            .gate
            .next(last, |outgoing: Outgoing| outgoing.offer_to(recipient));
        match next {
            Next::Sent => Step::Sent,
            Next::Full(size) => Step::Full(size),
            Next::Read { after, most } => Step::Read {
                after: Position {
                    epoch: epoch.to_owned(),
                    offset: after,
                },
                most,
            },
            Next::Wait => Step::Wait,
            Next::Through => {
                place.let_through(number);
                Step::Done
            }
        }
    }

    /// Sends what was read for a connection that is behind, up to this offset.
    pub(in crate::gateway) fn send_owed(
        &self,
        who: &Latecomer,
        offset: u64,
        outgoing: Option<Outgoing>,
    ) -> Owed {
        let mut shard = self.shard(&who.topic);
        let place = shard.get_mut(&who.topic);
        let Some((_, _, gated)) = place.and_then(|place| place.find(who)) else {
            return Owed::Gone;
        };
        if let Some(outgoing) = outgoing
            && let Err(outgoing) = outgoing.offer_to(&gated.recipient)
        {
            return Owed::NoRoom(outgoing);
        }
        gated.gate.advance(offset);
        Owed::Sent
    }

    /// A recorded message arrived; returns how many took it.
    pub(in crate::gateway) fn arrive(&self, envelope: Envelope) -> usize {
        let envelope = Arc::new(envelope);
        let (Address::Topic(topic), Some(recorded)) = (&envelope.address, &envelope.recorded)
        else {
            return self.publish(&envelope);
        };
        let mut frames = Frames::of(&envelope);
        let mut shard = self.shard(topic);
        // What a member said is published by the one replica that heard it: what is known of it here
        // is known because no history answered then.
        let is_known = match &envelope.content {
            Content::Said { .. } => self.has_shown(topic, &envelope),
            Content::Text(_) | Content::Notice { .. } | Content::Moved { .. } => {
                !lock(&self.repeats).record(topic, &recorded.message_id)
            }
        };
        let mut place = shard.get_mut(topic);
        let mut taken = 0;
        if !is_known {
            taken += self.publish_wider(&mut frames, topic, place.as_deref());
        }
        if let Some(place) = &mut place {
            taken += place.arrive(&envelope, recorded, is_known, &mut frames);
            self.queue_question(topic, place);
        }
        taken
    }

    /// The broker is back: every feed looks whether it has missed something.
    pub(in crate::gateway) fn look_for_gaps(&self) {
        for shard in &self.topics {
            for (topic, place) in lock(shard).iter_mut() {
                if let Some(course) = &mut place.course {
                    course.feed.restored();
                    self.queue_question(topic, place);
                }
            }
        }
    }

    /// The same for the topic whose live channel this is.
    pub(in crate::gateway) fn look_for_gap(&self, channel: &str) {
        let Some(topic) = Envelope::topic_of_live_channel(channel) else {
            return;
        };
        if let Some(place) = self.shard(&topic).get_mut(&topic)
            && let Some(course) = &mut place.course
        {
            course.feed.restored();
            self.queue_question(&topic, place);
        }
    }

    /// Waits for topics whose feeds want to know something.
    pub(in crate::gateway) async fn unsure(&self) -> Topic {
        loop {
            let topic = lock(&self.unsure).pop_front();
            match topic {
                Some(topic) => return topic,
                None => self.asked.notified().await,
            }
        }
    }

    /// What the topic's feed wants to know.
    pub(in crate::gateway) fn question(&self, topic: &Topic) -> Option<Question> {
        let mut shard = self.shard(topic);
        let course = shard.get_mut(topic)?.course.as_mut()?;
        course.is_queued = false;
        course.feed.ask()
    }

    /// The store does not answer for now: whoever waits for it goes on without.
    pub(in crate::gateway) fn unanswered(&self, topic: &Topic) {
        let mut shard = self.shard(topic);
        let course = shard.get_mut(topic).and_then(|place| place.course.as_mut());
        if let Some(course) = course {
            course.failures += 1;
            course.asked.notify_waiters();
        }
    }

    /// The store has answered; nothing where it is to be asked again.
    pub(in crate::gateway) fn answer(
        &self,
        topic: &Topic,
        round: u64,
        answer: Option<Answer<Arc<Envelope>>>,
    ) {
        let mut shard = self.shard(topic);
        let Some(place) = shard.get_mut(topic) else {
            return;
        };
        let Some(course) = &mut place.course else {
            return;
        };
        match answer {
            Some(answer) => {
                let outcome = course.feed.answered(round, answer);
                place.follow_up(outcome, |envelope| self.has_shown(topic, envelope));
            }
            None => course.feed.failed(round),
        }
        self.queue_question(topic, place);
    }

    /// Whether it was shown here because no history answered then. If it was not, it is shown now,
    /// and not again when the history's answer is given up.
    fn has_shown(&self, topic: &Topic, envelope: &Envelope) -> bool {
        let Some(recorded) = &envelope.recorded else {
            return false;
        };
        let id = &recorded.message_id;
        let mut repeats = lock(&self.repeats);
        let has_shown = repeats.showed(topic, id);
        match &envelope.content {
            Content::Said { .. } => repeats.arrive(topic, id),
            Content::Text(_) | Content::Notice { .. } | Content::Moved { .. } => {
                repeats.record(topic, id);
            }
        }
        has_shown
    }

    fn queue_question(&self, topic: &Topic, place: &mut Place) {
        if let Some(course) = &mut place.course
            && course.feed.wants()
            && !std::mem::replace(&mut course.is_queued, true)
        {
            lock(&self.unsure).push_back(topic.clone());
            self.asked.notify_one();
        }
    }
}

impl Watch {
    /// Waits until it is known where the history stands.
    pub(in crate::gateway) async fn known(&self) {
        self.wait(|course| course.begun.is_some()).await;
    }

    /// The same, or until the history was asked in vain.
    pub(in crate::gateway) async fn asked(&self) {
        let before = self.course(|course| course.failures);
        self.wait(|course| course.begun.is_some() || Some(course.failures) != before)
            .await;
    }

    async fn wait(&self, is_over: impl Fn(&Course) -> bool) {
        loop {
            let Some(asked) = self.course(|course| Arc::clone(&course.asked)) else {
                return;
            };
            let mut asked = std::pin::pin!(asked.notified());
            asked.as_mut().enable();
            if self.course(&is_over).unwrap_or(true) {
                return;
            }
            asked.await;
        }
    }

    fn course<T>(&self, look: impl FnOnce(&Course) -> T) -> Option<T> {
        let shard: MutexGuard<'_, _> = self.hub.shard(&self.topic);
        shard.get(&self.topic)?.course.as_deref().map(look)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        change(&mut self.hub.shard(&self.topic), &self.topic, |place| {
            if let Some(course) = &mut place.course {
                course.watchers -= 1;
            }
            place.is_empty()
        });
    }
}

impl Course {
    fn hold_back(
        &mut self,
        recipient: Arc<Recipient>,
        last: u64,
        waiting: crate::gateway::outbox::Bounds,
    ) {
        let gated = Gated {
            gate: Gate::at(last, waiting),
            wake: Arc::new(Notify::new()),
            recipient,
        };
        self.gated.insert(gated.recipient.number, gated);
    }
}

impl Place {
    /// The gate of a connection that is behind, and where the feed stands.
    fn find(&mut self, who: &Latecomer) -> Option<(&str, u64, &mut Gated)> {
        let Course { feed, gated, .. } = &mut **self.course.as_mut()?;
        let (epoch, last) = feed.last()?;
        let gated = gated.get_mut(&who.recipient.number)?;
        who.is(gated).then_some((epoch, last, gated))
    }

    fn let_through(&mut self, number: u64) {
        let gated = self.course.as_mut();
        if let Some(gated) = gated.and_then(|course| course.gated.remove(&number)) {
            self.live.insert(number, gated.recipient);
        }
    }
}

fn position(course: &Course) -> Option<Position> {
    let (epoch, offset) = course.feed.last()?;
    Some(Position {
        epoch: epoch.to_owned(),
        offset,
    })
}

#[cfg(test)]
mod tests;
