//! The presence of a process that shares it with no other: nobody fails alone, so no member runs out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{FutureExt, ready};
use uuid::Uuid;

use super::{Member, Outcome, Place, Presence, PresenceFuture, Present, PresentUser};
use crate::ids::UserId;

/// Who is where in this process. A clone is the same one.
#[derive(Debug, Clone)]
pub struct MemoryPresence {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    generation: Arc<str>,
    places: HashMap<Place, BTreeMap<UserId, BTreeSet<Member>>>,
}

impl State {
    fn new() -> Self {
        Self {
            generation: Uuid::new_v4().simple().to_string().into(),
            places: HashMap::new(),
        }
    }
}

impl MemoryPresence {
    /// A presence without members.
    pub fn new() -> Self {
        Self {
            state: Arc::new(Mutex::new(State::new())),
        }
    }

    /// Loses all that is known.
    pub fn forget(&self) {
        *self.state() = State::new();
    }

    fn tell(&self, place: &Place, here: &[Member], gone: &[Member]) -> Outcome {
        let mut state = self.state();
        let users = state.places.entry(place.clone()).or_default();
        let mut outcome = Outcome {
            generation: Arc::default(),
            joined: Vec::new(),
            left: Vec::new(),
        };
        for member in here {
            let members = users.entry(member.user.clone()).or_default();
            if members.is_empty() {
                outcome.joined.push(member.user.clone());
            }
            members.insert(member.clone());
        }
        for member in gone {
            let members = users.get_mut(&member.user);
            let is_last = members.is_some_and(|members| {
                members.remove(member);
                members.is_empty()
            });
            if is_last {
                users.remove(&member.user);
                outcome.left.push(member.user.clone());
            }
        }
        if users.is_empty() {
            state.places.remove(place);
        }
        outcome.generation = Arc::clone(&state.generation);
        outcome
    }

    fn present(&self, place: &Place, most: usize) -> Present {
        let state = self.state();
        let Some(users) = state.places.get(place) else {
            return Present::default();
        };
        let listed = users.iter().take(most).map(|(user, members)| PresentUser {
            user_id: user.clone(),
            connections: members.len() as u64,
        });
        Present {
            total: users.len(),
            users: listed.collect(),
        }
    }

    // Each change leaves the state consistent, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryPresence {
    fn default() -> Self {
        Self::new()
    }
}

impl Presence for MemoryPresence {
    fn tell<'a>(
        &'a self,
        place: &'a Place,
        here: &'a [Member],
        gone: &'a [Member],
    ) -> PresenceFuture<'a, Outcome> {
        ready(Ok(self.tell(place, here, gone))).boxed()
    }

    fn present<'a>(&'a self, place: &'a Place, most: usize) -> PresenceFuture<'a, Present> {
        ready(Ok(self.present(place, most))).boxed()
    }

    fn is_heard_elsewhere<'a>(&'a self, _: &'a UserId) -> PresenceFuture<'a, bool> {
        ready(Ok(false)).boxed()
    }

    fn renewal(&self) -> Option<Duration> {
        None
    }
}
