//! What is told on `mithril:invalidate` is heeded before anything that is published after it goes on.

use std::sync::Arc;

use serde::Deserialize;

use crate::broker::{ConnectionChange, Delivery, Inbox};
use crate::protocol::Topic;

use super::keeper::Doubts;
use super::keys::INVALIDATE;
use super::shelf::Shelf;

/// Takes what is told to whoever has to know. A clone is the same.
#[derive(Debug, Clone)]
pub struct Invalidations(Hearer);

/// Who has to know.
#[derive(Debug, Clone)]
enum Hearer {
    /// What a node without content has read.
    Shelf(Arc<Shelf>),
    /// Whoever keeps the cache: what has gone is to be there again.
    Doubts(Arc<Doubts>),
}

/// An inbox behind which another is.
#[derive(Debug)]
struct Before {
    hearer: Hearer,
    inbox: Arc<dyn Inbox>,
}

/// What is new.
#[derive(Debug, Deserialize)]
struct Told {
    #[serde(default)]
    pools: Vec<String>,
    #[serde(default)]
    exercises: Vec<String>,
}

/// What subscribers are told of an exercise or a pool.
#[derive(Debug, Deserialize)]
struct Updated {
    exercise_id: Option<String>,
    pool_id: Option<String>,
}

impl Invalidations {
    pub(super) fn of_shelf(kept: Arc<Shelf>) -> Self {
        Self(Hearer::Shelf(kept))
    }

    pub(super) fn of_doubts(doubts: Arc<Doubts>) -> Self {
        Self(Hearer::Doubts(doubts))
    }

    /// The channel to subscribe to.
    pub fn channel(&self) -> &'static str {
        INVALIDATE
    }

    /// The inbox to connect with instead of this one.
    pub fn before(&self, inbox: Arc<dyn Inbox>) -> Arc<dyn Inbox> {
        let hearer = self.0.clone();
        Arc::new(Before { hearer, inbox })
    }

    /// The broker has confirmed the subscription.
    pub fn confirmed(&self) {
        match &self.0 {
            Hearer::Shelf(kept) => kept.hears(),
            Hearer::Doubts(_) => {}
        }
    }
}

impl Hearer {
    fn hear(&self, payload: &[u8]) {
        let told: Result<Told, _> = serde_json::from_slice(payload);
        match (self, told) {
            (Self::Shelf(kept), Ok(told)) => kept.forget(&told.pools, &told.exercises),
            (Self::Doubts(doubts), Ok(told)) => doubts.doubt(&told.pools, &told.exercises),
            (hearer, Err(error)) => {
                tracing::warn!(%error, "can't read what is new: it may be anything");
                match hearer {
                    Self::Shelf(kept) => kept.forget_all(),
                    Self::Doubts(doubts) => doubts.doubt_all(),
                }
            }
        }
    }

    /// Subscribers are about to be told that something is new. What they ask for then must be, also
    /// where messages of several servers overtake one another.
    fn updated(&self, payload: &[u8]) {
        let Self::Shelf(kept) = self else {
            return;
        };
        let updated: Result<Updated, _> = serde_json::from_slice(payload);
        if let Ok(Updated {
            exercise_id,
            pool_id,
        }) = updated
        {
            match (exercise_id, pool_id) {
                (Some(exercise), _) => kept.forget(&[], &[exercise]),
                (None, Some(pool)) => kept.forget(&[pool], &[]),
                (None, None) => {}
            }
        }
    }
}

impl Inbox for Before {
    fn deliver(&self, delivery: Delivery) {
        if &*delivery.channel == INVALIDATE {
            self.hearer.hear(&delivery.payload);
            return;
        }
        let topic = Topic::parse(&delivery.channel);
        if let Some(Topic::ExerciseUpdated | Topic::PoolUpdated) = topic {
            self.hearer.updated(&delivery.payload);
        }
        self.inbox.deliver(delivery);
    }

    fn changed(&self, change: ConnectionChange) {
        match (&self.hearer, change) {
            (Hearer::Shelf(kept), ConnectionChange::Lost) => kept.lost(),
            (Hearer::Shelf(kept), ConnectionChange::Restored) => kept.restored(),
            (Hearer::Doubts(_), ConnectionChange::Lost) => {}
            (Hearer::Doubts(doubts), ConnectionChange::Restored) => doubts.doubt_all(),
        }
        self.inbox.changed(change);
    }
}
