//! A user is in a place while a connection of the user is, and others hear of the first and the last.
//!
//! Who is where in this process changes at once, under one short lock. One task tells the presence that
//! replicas share, in order: it tells what is, so that a user who comes and goes in one moment is not
//! announced, and what waits is never more than who is there or was. Where the presence can't be asked,
//! the first and the last in this process are announced in this process.

mod herald;
mod place;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::ids::UserId;
use crate::presence::{Member, Outcome, Place, Present};
use crate::protocol::{Movement, Topic};
use place::Here;

/// Who is where in this process.
#[derive(Debug)]
pub(super) struct Roster {
    /// This process among those that share a presence.
    replica: u64,
    state: Mutex<State>,
    changed: Notify,
    told: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether what others know may have been lost.
    is_doubted: bool,
    /// How many seats were taken.
    taken: u64,
    places: HashMap<Place, Here>,
    changed: VecDeque<Place>,
}

/// A connection's place; it is left when it is dropped.
#[derive(Debug)]
#[must_use = "the place is left when it is dropped"]
pub(super) struct Seat {
    roster: Arc<Roster>,
    place: Place,
    user: UserId,
    number: u64,
}

/// What is to be told of a place.
#[derive(Debug)]
struct Round {
    place: Place,
    here: Vec<Member>,
    gone: Vec<Member>,
    /// Of whom there is news.
    news: Vec<UserId>,
    /// How many changes of the place this makes known.
    changes: u64,
}

/// Something to announce.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    user: UserId,
    movement: Movement,
    audience: Audience,
}

/// Who has not heard of it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    All,
    /// Other replicas: in this process it was announced when they could not be reached.
    Elsewhere,
    /// This process: others can't be reached.
    Here,
}

impl Roster {
    pub(super) fn new() -> Arc<Self> {
        let mut replica = [0; 8];
        // Without random bytes this one may be taken for another, which is still better than nobody.
        aws_lc_rs::rand::fill(&mut replica).ok();
        Arc::new(Self {
            replica: u64::from_le_bytes(replica),
            state: Mutex::default(),
            changed: Notify::new(),
            told: Notify::new(),
        })
    }

    /// A connection of this user comes.
    pub(super) fn join(self: &Arc<Self>, place: Place, user: &UserId) -> Seat {
        self.enter(place, user, None)
    }

    /// The same; who asks is told whether the user was nowhere in the place, on no replica.
    pub(super) fn enter(
        self: &Arc<Self>,
        place: Place,
        user: &UserId,
        asks: Option<oneshot::Sender<bool>>,
    ) -> Seat {
        let mut state = self.state();
        state.taken += 1;
        let number = state.taken;
        state.change(&place, |here| here.come(user, number, asks));
        drop(state);
        self.changed.notify_one();
        Seat {
            roster: Arc::clone(self),
            place,
            user: user.clone(),
            number,
        }
    }

    /// Who is there in this process.
    fn present(&self, topic: &Topic, most: usize) -> Present {
        let state = self.state();
        let here = state.places.get(&Place::Topic(topic.clone()));
        here.map_or_else(Present::default, |here| here.present(most))
    }

    /// Waits until what has changed in a place up to now was told, or could not be.
    async fn settled(&self, topic: &Topic) {
        let place = Place::Topic(topic.clone());
        let changes = |state: &State| Some(state.places.get(&place)?.changes);
        let Some(until) = changes(&self.state()) else {
            return;
        };
        loop {
            let mut told = std::pin::pin!(self.told.notified());
            told.as_mut().enable();
            let is_told = match self.state().places.get(&place) {
                Some(here) => here.told >= until,
                None => true,
            };
            if is_told {
                return;
            }
            told.await;
        }
    }

    /// What others know may have been lost: all is told of again, at once.
    pub(super) fn doubt(&self) {
        self.state().is_doubted = true;
        self.changed.notify_one();
    }

    /// What is to be told: what has changed, or everything where that is wanted or in doubt. Says
    /// whether it is everything.
    fn rounds(&self, is_due: bool) -> (bool, Vec<Round>) {
        let mut state = self.state();
        let is_whole = std::mem::take(&mut state.is_doubted) || is_due;
        // What the busiest moment needed is given back.
        let changed = std::mem::take(&mut state.changed);
        let places = if is_whole {
            state.places.keys().cloned().collect()
        } else {
            Vec::from(changed)
        };
        let rounds = places
            .into_iter()
            .filter_map(|place| self.round(&mut state, place, is_whole));
        (is_whole, rounds.collect())
    }

    fn round(&self, state: &mut State, place: Place, is_whole: bool) -> Option<Round> {
        let here = state.places.get_mut(&place)?;
        let round = here.round(self.replica, place, is_whole);
        let is_something = !round.here.is_empty() || !round.gone.is_empty();
        if !is_something {
            here.told = round.changes;
            self.told.notify_waiters();
        }
        if here.is_empty() {
            // Whoever was there had not been told of.
            state.places.remove(&round.place);
        }
        is_something.then_some(round)
    }

    /// Other replicas know it; what is to be announced.
    fn shared(&self, round: &Round, outcome: Outcome) -> Vec<Change> {
        self.conclude(round, |here| here.shared(round, outcome))
    }

    /// Other replicas can't be asked; what is to be announced.
    fn alone(&self, round: &Round) -> Vec<Change> {
        self.conclude(round, |here| here.alone(round))
    }

    fn conclude(
        &self,
        round: &Round,
        conclude: impl FnOnce(&mut Here) -> Vec<Change>,
    ) -> Vec<Change> {
        let mut state = self.state();
        let Some(here) = state.places.get_mut(&round.place) else {
            return Vec::new();
        };
        let changes = conclude(here);
        here.told = here.told.max(round.changes);
        if here.is_empty() {
            state.places.remove(&round.place);
        }
        self.told.notify_waiters();
        changes
    }

    // Each change leaves the state consistent, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn change(&mut self, place: &Place, change: impl FnOnce(&mut Here)) {
        let here = self.places.entry(place.clone()).or_default();
        change(here);
        if !std::mem::replace(&mut here.is_queued, true) {
            self.changed.push_back(place.clone());
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.roster.state();
        state.change(&self.place, |here| here.go(&self.user, self.number));
        drop(state);
        self.roster.changed.notify_one();
    }
}
