//! What one place has in this process, what others know of it, and what was announced: pure state.
//!
//! A seat that was told of is told of again when it is left, also where nobody knows whether the first
//! was heard. What was announced in this process alone is remembered, so that no socket hears it twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Audience, Change, Round};
use crate::ids::UserId;
use crate::presence::{Member, Outcome, Place, Present, PresentUser};
use crate::protocol::Movement;

/// Who is in a place.
#[derive(Debug, Default)]
pub(super) struct Here {
    users: BTreeMap<UserId, Attendance>,
    /// Of whom there is news.
    news: Vec<UserId>,
    pub(super) is_queued: bool,
    /// How many changes there were, and how many of them were told.
    pub(super) changes: u64,
    pub(super) told: u64,
    /// Since when others know what they know.
    generation: Option<Arc<str>>,
}

/// A user's connections.
#[derive(Debug, Default)]
struct Attendance {
    seats: Vec<Taken>,
    is_news: bool,
    announced: Announced,
}

#[derive(Debug)]
struct Taken {
    number: u64,
    is_left: bool,
    /// Whether others may know of it.
    is_told: bool,
    asks: Option<oneshot::Sender<bool>>,
}

/// What was announced last.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Announced {
    /// That the user is not there, or nothing.
    #[default]
    Nothing,
    /// To all that the user is there.
    Joined,
    /// To this process alone that the user is there.
    JoinedHere,
    /// To all that the user is there, and to this process alone that the user is not any more.
    LeftHere,
    /// The same; and that the user was there is lost, so that others would never hear of it. Once all
    /// have told of their members again, the user is told of as if still there, and then as gone.
    LeftLost,
}

impl Attendance {
    fn connections(&self) -> usize {
        self.seats.iter().filter(|seat| !seat.is_left).count()
    }
}

impl Here {
    pub(super) fn come(&mut self, user: &UserId, number: u64, asks: Option<oneshot::Sender<bool>>) {
        let attendance = self.users.entry(user.clone()).or_default();
        // Most users have one connection, and a vector would begin with room for four.
        if attendance.seats.len() < 4 {
            attendance.seats.reserve_exact(1);
        }
        attendance.seats.push(Taken {
            number,
            is_left: false,
            is_told: false,
            asks,
        });
        self.note(user);
    }

    pub(super) fn go(&mut self, user: &UserId, number: u64) {
        let attendance = self.users.get_mut(user);
        let seats = attendance.into_iter().flat_map(|one| &mut one.seats);
        for seat in seats.filter(|seat| seat.number == number) {
            seat.is_left = true;
            seat.asks = None;
        }
        self.note(user);
    }

    fn note(&mut self, user: &UserId) {
        self.changes += 1;
        if let Some(attendance) = self.users.get_mut(user)
            && !std::mem::replace(&mut attendance.is_news, true)
        {
            self.news.push(user.clone());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Who is there in this process.
    pub(super) fn present(&self, most: usize) -> Present {
        let there = || {
            let users = self.users.iter();
            users.filter(|(_, attendance)| attendance.connections() > 0)
        };
        let listed = there().take(most).map(|(user, attendance)| PresentUser {
            user_id: user.clone(),
            connections: attendance.connections() as u64,
        });
        Present {
            total: there().count(),
            users: listed.collect(),
        }
    }

    /// What is to be told: what is new, or all.
    pub(super) fn round(&mut self, replica: u64, place: Place, is_whole: bool) -> Round {
        let news = std::mem::take(&mut self.news);
        self.is_queued = false;
        let mut round = Round {
            place,
            here: Vec::new(),
            gone: Vec::new(),
            news: Vec::new(),
            changes: self.changes,
        };
        for user in &news {
            let Some(attendance) = self.users.get_mut(user) else {
                continue;
            };
            attendance.is_news = false;
            // Who left before being told of is nobody's news.
            attendance
                .seats
                .retain(|seat| !seat.is_left || seat.is_told);
            if attendance.seats.is_empty() && attendance.announced == Announced::Nothing {
                self.users.remove(user);
            } else if !is_whole {
                attendance.tell(replica, user, &mut round);
            }
        }
        if is_whole {
            for (user, attendance) in &mut self.users {
                attendance.tell(replica, user, &mut round);
            }
        }
        round.news = news;
        round
    }

    /// Others know it. What is to be announced.
    pub(super) fn shared(&mut self, round: &Round, outcome: Outcome) -> Vec<Change> {
        let Outcome {
            generation,
            joined,
            left,
        } = outcome;
        // Who was known to be there has not left: that it was known is lost.
        let is_lost = self
            .generation
            .as_ref()
            .is_some_and(|before| *before != generation);
        self.generation = Some(generation);
        for member in &round.gone {
            if let Some(attendance) = self.users.get_mut(&member.user) {
                attendance.gone(member.number, is_lost);
            }
        }
        let mut changes = Vec::new();
        for user in joined {
            let Some(attendance) = self.users.get_mut(&user) else {
                continue;
            };
            attendance.answer(true);
            // Others take the user to be there all the time: only this process hears of it, below.
            let is_back = attendance.announced == Announced::LeftHere && is_lost;
            if is_back || attendance.announced == Announced::LeftLost {
                continue;
            }
            let audience = match std::mem::replace(&mut attendance.announced, Announced::Joined) {
                Announced::Joined if is_lost => continue,
                Announced::JoinedHere => Audience::Elsewhere,
                Announced::Nothing
                | Announced::Joined
                | Announced::LeftHere
                | Announced::LeftLost => Audience::All,
            };
            changes.push(Change {
                user,
                movement: Movement::Joined,
                audience,
            });
        }
        // The others are on another replica too, or were known before.
        for member in &round.here {
            let Some(attendance) = self.users.get_mut(&member.user) else {
                continue;
            };
            attendance.answer(false);
            let is_owed = attendance.announced == Announced::LeftLost;
            if is_owed && attendance.connections() == 0 {
                attendance.announced = Announced::LeftHere;
                continue;
            }
            match std::mem::replace(&mut attendance.announced, Announced::Joined) {
                Announced::LeftHere | Announced::LeftLost => changes.push(Change {
                    user: member.user.clone(),
                    movement: Movement::Joined,
                    audience: Audience::Here,
                }),
                Announced::Nothing | Announced::Joined | Announced::JoinedHere => {}
            }
        }
        for user in left {
            let attendance = self.users.get_mut(&user);
            let announced = attendance.map(|one| std::mem::take(&mut one.announced));
            let audience = match announced {
                Some(Announced::LeftHere | Announced::LeftLost) => Audience::Elsewhere,
                // Nobody but this process was told of the user, who has left here already.
                Some(Announced::Nothing) if round.gone.iter().any(|one| one.user == user) => {
                    continue;
                }
                Some(Announced::Nothing | Announced::Joined | Announced::JoinedHere) | None => {
                    Audience::All
                }
            };
            changes.push(Change {
                user,
                movement: Movement::Left,
                audience,
            });
        }
        // Whoever has no seat any more has left, or is elsewhere.
        let told = round.gone.iter().chain(&round.here);
        for user in told.map(|member| &member.user) {
            let is_gone = |one: &Attendance| one.seats.is_empty();
            if self.users.get(user).is_some_and(is_gone) {
                self.users.remove(user);
            }
        }
        changes
    }

    /// Others can't be asked: what counts is who is in this process. What is to be announced here.
    pub(super) fn alone(&mut self, round: &Round) -> Vec<Change> {
        let mut changes = Vec::new();
        for user in &round.news {
            let Some(attendance) = self.users.get_mut(user) else {
                continue;
            };
            attendance.answer(true);
            let is_here = attendance.connections() > 0;
            let (announced, movement) = match (attendance.announced, is_here) {
                (Announced::Nothing, true) => (Announced::JoinedHere, Movement::Joined),
                (Announced::LeftHere | Announced::LeftLost, true) => {
                    (Announced::Joined, Movement::Joined)
                }
                (Announced::Joined, false) => (Announced::LeftHere, Movement::Left),
                (Announced::JoinedHere, false) => (Announced::Nothing, Movement::Left),
                (Announced::Joined | Announced::JoinedHere, true)
                | (Announced::Nothing | Announced::LeftHere | Announced::LeftLost, false) => {
                    continue;
                }
            };
            attendance.announced = announced;
            changes.push(Change {
                user: user.clone(),
                movement,
                audience: Audience::Here,
            });
        }
        changes
    }
}

impl Attendance {
    fn tell(&mut self, replica: u64, user: &UserId, round: &mut Round) {
        let is_owed = self.announced == Announced::LeftLost && self.connections() == 0;
        for seat in &mut self.seats {
            let member = Member {
                user: user.clone(),
                replica,
                number: seat.number,
            };
            if seat.is_left && !is_owed {
                round.gone.push(member);
            } else {
                seat.is_told = true;
                round.here.push(member);
            }
        }
    }

    /// Others know that a seat was left, or have lost that it was taken.
    fn gone(&mut self, number: u64, is_lost: bool) {
        if is_lost && self.announced == Announced::LeftHere && self.connections() == 0 {
            self.announced = Announced::LeftLost;
        } else if self.announced != Announced::LeftLost {
            self.seats.retain(|seat| seat.number != number);
        }
    }

    fn answer(&mut self, is_first: bool) {
        let asks = self.seats.iter_mut().filter_map(|seat| seat.asks.take());
        for asks in asks {
            // Whoever has asked may be gone.
            asks.send(is_first).ok();
        }
    }
}
