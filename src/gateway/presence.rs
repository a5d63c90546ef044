//! A user is in a place while a connection of the user is, and others hear of the first and the last.
//!
//! Who is where changes at once, under one short lock. What is announced follows in order from one
//! task: it compares what was said last with what is, so that a user who comes and goes in one moment
//! is not announced, and what waits is never more than who is there or was.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

use crate::ids::UserId;
use crate::protocol::{Movement, Topic};

/// Who is where, in this process.
#[derive(Debug, Default)]
pub(super) struct Presence {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    places: HashMap<Topic, BTreeMap<UserId, Attendance>>,
    changed: VecDeque<(Topic, UserId)>,
}

#[derive(Debug, Default)]
struct Attendance {
    connections: u32,
    /// What was said last: that the user is there.
    announced: bool,
    queued: bool,
}

/// A connection's place; it is left when it is dropped.
#[derive(Debug)]
#[must_use = "the place is left when it is dropped"]
pub(super) struct Seat {
    presence: Arc<Presence>,
    topic: Topic,
    user: UserId,
}

/// A user who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Present {
    pub(super) user_id: UserId,
    pub(super) connections: u32,
}

/// Something to announce.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) topic: Topic,
    pub(super) user: UserId,
    pub(super) movement: Movement,
}

impl Presence {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A connection of this user comes.
    pub(super) fn join(self: &Arc<Self>, topic: &Topic, user: &UserId) -> Seat {
        self.update(topic, user, |connections| connections.saturating_add(1));
        Seat {
            presence: Arc::clone(self),
            topic: topic.clone(),
            user: user.clone(),
        }
    }

    /// Who is there, by id.
    pub(super) fn users(&self, topic: &Topic) -> Vec<Present> {
        let state = self.state();
        let users = state.places.get(topic).into_iter().flatten();
        users
            .filter(|(_, attendance)| attendance.connections > 0)
            .map(|(user, attendance)| Present {
                user_id: user.clone(),
                connections: attendance.connections,
            })
            .collect()
    }

    /// Waits for what is to be announced next.
    pub(super) async fn next(&self) -> Change {
        loop {
            if let Some(change) = self.take() {
                return change;
            }
            self.changed.notified().await;
        }
    }

    fn take(&self) -> Option<Change> {
        let mut state = self.state();
        let state = &mut *state;
        while let Some((topic, user)) = state.changed.pop_front() {
            let Some(users) = state.places.get_mut(&topic) else {
                continue;
            };
            let Some(attendance) = users.get_mut(&user) else {
                continue;
            };
            let is_here = attendance.connections > 0;
            let was_here = std::mem::replace(&mut attendance.announced, is_here);
            attendance.queued = false;
            if !is_here {
                users.remove(&user);
                if users.is_empty() {
                    state.places.remove(&topic);
                }
            }
            let movement = match (was_here, is_here) {
                (false, true) => Movement::Joined,
                (true, false) => Movement::Left,
                (true, true) | (false, false) => continue,
            };
            return Some(Change {
                topic,
                user,
                movement,
            });
        }
        // Nothing waits: what the busiest moment needed is given back.
        state.changed = VecDeque::new();
        None
    }

    fn update(&self, topic: &Topic, user: &UserId, change: impl FnOnce(u32) -> u32) {
        let mut state = self.state();
        let state = &mut *state;
        let users = state.places.entry(topic.clone()).or_default();
        let attendance = users.entry(user.clone()).or_default();
        attendance.connections = change(attendance.connections);
        let news = (attendance.connections > 0) != attendance.announced;
        // Who leaves before being announced is struck off by the same task.
        if (news || attendance.connections == 0) && !attendance.queued {
            attendance.queued = true;
            state.changed.push_back((topic.clone(), user.clone()));
            self.changed.notify_one();
        }
    }

    // Each change leaves the state consistent, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let leave = |connections: u32| connections.saturating_sub(1);
        self.presence.update(&self.topic, &self.user, leave);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> Topic {
        Topic::parse("room:a").unwrap()
    }

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    fn said(presence: &Presence) -> Vec<(String, Movement)> {
        std::iter::from_fn(|| presence.take())
            .map(|change| (change.user.to_string(), change.movement))
            .collect()
    }

    #[test]
    fn users_come_and_go_not_connections() {
        let presence = Presence::new();
        let first = presence.join(&room(), &user("42"));
        assert_eq!(said(&presence), [("42".to_owned(), Movement::Joined)]);
        let second = presence.join(&room(), &user("42"));
        let other = presence.join(&room(), &user("4"));
        assert_eq!(said(&presence), [("4".to_owned(), Movement::Joined)]);
        let counts: Vec<_> = presence
            .users(&room())
            .into_iter()
            .map(|p| p.connections)
            .collect();
        assert_eq!(counts, [1, 2]);
        drop(first);
        assert_eq!(said(&presence), []);
        drop(second);
        assert_eq!(said(&presence), [("42".to_owned(), Movement::Left)]);
        drop(other);
        assert_eq!(said(&presence), [("4".to_owned(), Movement::Left)]);
        assert!(presence.state().places.is_empty());
    }

    #[test]
    fn a_moment_is_not_announced_and_leaves_nothing() {
        let presence = Presence::new();
        drop(presence.join(&room(), &user("42")));
        assert_eq!(said(&presence), []);
        assert!(presence.state().places.is_empty());
        let seat = presence.join(&room(), &user("42"));
        assert_eq!(said(&presence).len(), 1);
        drop(seat);
        let _again = presence.join(&room(), &user("42"));
        assert_eq!(said(&presence), [], "nobody saw the user leave");
        assert_eq!(presence.users(&room()).len(), 1);
    }

    #[test]
    fn what_waits_is_bounded_by_who_is_there() {
        let presence = Presence::new();
        for _ in 0..1_000 {
            drop(presence.join(&room(), &user("42")));
        }
        assert_eq!(presence.state().changed.len(), 1);
    }

    #[test]
    fn places_are_apart() {
        let presence = Presence::new();
        let _seat = presence.join(&room(), &user("42"));
        let project = Topic::parse("project:a").unwrap();
        assert_eq!(presence.users(&project), []);
    }
}
