//! Whoever is in a topic's place is sent its messages at once, or waits at a gate for what came
//! before them; never both.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;

use super::frames::{Frames, Outgoing};
use super::{Recipient, Recipients, shrink};
use crate::gateway::feed::{Arrival, Broken, Feed};
use crate::gateway::gate::Gate;
use crate::protocol::{CloseCode, Envelope, Recorded};

/// All who hear a topic by its name.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) live: Recipients,
    /// What the topic has where a history keeps it.
    pub(super) course: Option<Box<Course>>,
}

/// How a topic's history arrives here, and who is behind.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) feed: Feed<Arc<Envelope>>,
    pub(super) gated: HashMap<u64, Gated>,
    /// For whom the feed is kept although they do not hear it yet.
    pub(super) watchers: usize,
    /// Where the feed began to publish.
    pub(super) begun: Option<u64>,
    /// Whether it is known that the feed wants to know something.
    pub(super) is_queued: bool,
    /// How often the store has not answered.
    pub(super) failures: u64,
    /// Notified when the feed has begun, or the store has not answered.
    pub(super) asked: Arc<Notify>,
}

/// A connection that is behind.
#[derive(Debug)]
pub(super) struct Gated {
    pub(super) recipient: Arc<Recipient>,
    pub(super) gate: Gate<Outgoing>,
    /// Notified when there may be something to do for it.
    pub(super) wake: Arc<Notify>,
}

impl Place {
    pub(super) fn len(&self) -> usize {
        self.live.len() + self.course.as_ref().map_or(0, |course| course.gated.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
            && self
                .course
                .as_ref()
                .is_none_or(|course| course.watchers == 0)
    }

    /// Whether the connection hears the topic by its name.
    pub(super) fn holds(&self, number: u64) -> bool {
        let is_gated = |course: &Course| course.gated.contains_key(&number);
        self.live.contains_key(&number) || self.course.as_deref().is_some_and(is_gated)
    }

    pub(super) fn each(&self, mut look: impl FnMut(&Arc<Recipient>)) {
        self.live.values().for_each(&mut look);
        let gated = self.course.iter().flat_map(|course| course.gated.values());
        gated.for_each(|gated| look(&gated.recipient));
    }

    /// A connection leaves; whether nobody is left.
    pub(super) fn remove(&mut self, number: u64) -> bool {
        self.live.remove(&number);
        shrink(&mut self.live);
        if let Some(course) = &mut self.course
            && let Some(gated) = course.gated.remove(&number)
        {
            gated.wake.notify_one();
        }
        self.is_empty()
    }

    /// Sends a message that no history keeps, behind what waits.
    pub(super) fn publish(&mut self, frames: &mut Frames<'_>) -> usize {
        let taken = frames.push_to(self.live.values());
        taken + self.queue(frames, None)
    }

    /// A recorded message arrived; returns how many took it, or will.
    pub(super) fn arrive(
        &mut self,
        envelope: &Arc<Envelope>,
        recorded: &Recorded,
        is_known: bool,
        frames: &mut Frames<'_>,
    ) -> usize {
        let heard = self.len();
        let Some(course) = &mut self.course else {
            return self.publish(frames);
        };
        // About what it takes in memory: the message, and what is around it.
        let size = envelope.content.size() + 128;
        match course
            .feed
            .arrive(&recorded.position, size, Arc::clone(envelope))
        {
            Arrival::Next(_) => {
                let offset = recorded.position.offset;
                let taken = if is_known {
                    0
                } else {
                    frames.push_to(self.live.values())
                };
                taken + self.queue(frames, Some(offset))
            }
            Arrival::Kept => heard,
            Arrival::Broken => {
                self.close();
                0
            }
        }
    }

    /// Publishes what the feed had been waiting for.
    pub(super) fn follow_up(
        &mut self,
        outcome: Result<Vec<(u64, Arc<Envelope>)>, Broken>,
        is_known: impl Fn(&Envelope) -> bool,
    ) {
        match outcome {
            Ok(next) => {
                for (offset, envelope) in next {
                    let mut frames = Frames::of(&envelope);
                    if !is_known(&envelope) {
                        frames.push_to(self.live.values());
                    }
                    self.queue(&mut frames, Some(offset));
                }
            }
            Err(Broken) => self.close(),
        }
        let Some(course) = &mut self.course else {
            return;
        };
        // Who was ahead of the feed may have been reached, also by what can't be read.
        for gated in course.gated.values() {
            gated.wake.notify_one();
        }
        if let Some((_, last)) = course.feed.last() {
            course.begun.get_or_insert(last);
            course.asked.notify_waiters();
        }
    }

    /// Lets a message wait for those who are behind; returns how many they are.
    fn queue(&mut self, frames: &mut Frames<'_>, offset: Option<u64>) -> usize {
        let Some(course) = &mut self.course else {
            return 0;
        };
        for gated in course.gated.values_mut() {
            if let Some(outgoing) = frames.outgoing(gated.recipient.dialect) {
                let size = outgoing.frame.len();
                for fleeting in gated.gate.arrive(offset, size, outgoing) {
                    fleeting.push_to(&gated.recipient);
                }
                gated.wake.notify_one();
            }
        }
        course.gated.len()
    }

    /// Whoever hears the topic may have lost messages: they come back and recover.
    fn close(&mut self) {
        self.each(|recipient| recipient.outbox.close(CloseCode::InsufficientState));
        self.live = Recipients::new();
        if let Some(course) = &mut self.course {
            for (_, gated) in course.gated.drain() {
                gated.wake.notify_one();
            }
            course.begun = None;
        }
    }
}
