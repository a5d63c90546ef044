//! A subscription is several things that end together: a place in the hub, a seat where there are
//! members, and leases upstream. They end in this order, so that nothing is followed for nobody.

use crate::gateway::hub::Membership;
use crate::gateway::presence::Seat;
use crate::gateway::relay::Lease;
use crate::protocol::{Topic, TopicPattern};

/// What one connection is subscribed to. Few enough to look through.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    held: Vec<Held>,
}

/// One subscription.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) pattern: TopicPattern,
    /// The offset behind which the connection has been sent everything, or will be; nothing where no
    /// history keeps it, or where that was not known when it began.
    pub(super) since: Option<u64>,
    pub(super) _membership: Membership,
    /// There where the connection is a member and not only listens.
    pub(super) seat: Option<Seat>,
    pub(super) _leases: Leases,
}

/// The channels of one subscription.
#[derive(Debug)]
pub(super) struct Leases(pub(super) Lease, pub(super) Option<Lease>);

impl Subscriptions {
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) fn contains(&self, pattern: &TopicPattern) -> bool {
        self.held.iter().any(|held| held.pattern == *pattern)
    }

    /// Whether the connection is a member of this room or project.
    pub(super) fn is_member(&self, topic: &Topic) -> bool {
        let pattern = TopicPattern::from(topic.clone());
        self.held
            .iter()
            .any(|held| held.pattern == pattern && held.seat.is_some())
    }

    /// The offset behind which the connection has been sent everything.
    pub(super) fn since(&self, pattern: &TopicPattern) -> Option<u64> {
        self.held
            .iter()
            .find(|held| held.pattern == *pattern)?
            .since
    }

    /// From now on that is this offset.
    pub(super) fn sent_since(&mut self, pattern: &TopicPattern, since: Option<u64>) {
        let held = self.held.iter_mut().find(|held| held.pattern == *pattern);
        if let Some(held) = held {
            held.since = since;
        }
    }

    pub(super) fn add(&mut self, held: Held) {
        // Most connections have one or two, and a vector would begin with room for four.
        if self.held.len() < 4 {
            self.held.reserve_exact(1);
        }
        self.held.push(held);
    }

    /// Ends a subscription; says whether there was one.
    pub(super) fn remove(&mut self, pattern: &TopicPattern) -> bool {
        let before = self.held.len();
        self.held.retain(|held| held.pattern != *pattern);
        self.held.len() < before
    }

    /// Ends the subscriptions that are not allowed any more, and the seats; returns the former.
    pub(super) fn restrict(
        &mut self,
        may_hear: impl Fn(&TopicPattern) -> bool,
        may_join: impl Fn(&Topic) -> bool,
    ) -> Vec<TopicPattern> {
        let mut lost = Vec::new();
        self.held.retain_mut(|held| {
            if !may_hear(&held.pattern) {
                lost.push(held.pattern.clone());
                return false;
            }
            let keeps = held.pattern.concrete().is_some_and(|t| may_join(&t));
            held.seat.take_if(|_| !keeps);
            true
        });
        lost
    }
}
