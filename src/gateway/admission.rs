//! Whoever wants something costs next to nothing before it is known who it is.
//!
//! What is remembered of addresses and of users without a connection is bounded: when the younger
//! half of the memory is full, the older half is forgotten. Whatever is counted in is counted out by
//! a guard.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Limits;
use super::address::household;
use super::outbox::Outbox;
use super::rate::{Bucket, Rate};
use crate::ids::UserId;
use crate::protocol::Close;

/// How many addresses are remembered, and how many users of the API.
const REMEMBERED: usize = 65_536;

/// What is counted before a socket is opened or a request is answered.
#[derive(Debug)]
pub(super) struct Admission {
    connects: Recent<IpAddr>,
    failures: Recent<IpAddr>,
    requests: Recent<UserId>,
    strangers: Arc<Semaphore>,
    users: Users,
}

/// The place of a socket that has not said yet whose it is.
#[derive(Debug)]
pub(super) struct StrangersPlace {
    _permit: OwnedSemaphorePermit,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        let connects = Rate::new(limits.connects_per_address, limits.connects_burst);
        let failures = Rate::new(limits.failures_per_address, limits.failures_per_address);
        let requests = Rate::new(limits.frames_per_second, limits.frames_burst);
        let strangers = limits.strangers.min(Semaphore::MAX_PERMITS);
        Self {
            connects: Recent::new(connects),
            failures: Recent::new(failures),
            requests: Recent::new(requests),
            strangers: Arc::new(Semaphore::new(strangers)),
            users: Users::default(),
        }
    }

    /// Whether one more connect may come from this address. From this machine all may: a proxy on
    /// it stands for everyone.
    pub(super) fn connects(&self, address: IpAddr, now: Instant) -> bool {
        address.is_loopback() || self.connects.take(household(address), now)
    }

    /// Whether a token from this address is looked at.
    pub(super) fn may_try(&self, address: IpAddr, now: Instant) -> bool {
        self.failures.has_one(&household(address), now)
    }

    /// A token from this address proved nothing.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) {
        self.failures.take(household(address), now);
    }

    /// Whether one more request of this user is answered, on whatever connections they come.
    pub(super) fn requests(&self, user: &UserId, now: Instant) -> bool {
        self.requests.take(user.clone(), now)
    }

    /// A place for a socket that has yet to say whose it is, if there is one.
    pub(super) fn stranger(&self) -> Option<StrangersPlace> {
        let permit = Arc::clone(&self.strangers).try_acquire_owned().ok()?;
        Some(StrangersPlace { _permit: permit })
    }

    /// A seat for one more connection of this user, if there are fewer than that.
    pub(super) fn seat(&self, user: &UserId, most: usize) -> Option<Seat> {
        self.users.seat(user, most)
    }

    /// Closes all connections of this user; returns how many those are. Whoever has been told is
    /// not told again.
    pub(super) fn close(&self, user: &UserId, close: Close) -> usize {
        let mut users = self.users.lock();
        let open = users.get_mut(user).map(|seats| &mut seats.open);
        let open = open.map(std::mem::take).unwrap_or_default();
        drop(users);
        for outbox in &open {
            outbox.close(close);
        }
        open.len()
    }

    /// How many users have a connection.
    pub(super) fn users(&self) -> usize {
        self.users.lock().len()
    }
}

/// What came from whom of late.
#[derive(Debug)]
struct Recent<K> {
    rate: Rate,
    memory: Mutex<Memory<K>>,
}

#[derive(Debug)]
struct Memory<K> {
    young: HashMap<K, Bucket>,
    old: HashMap<K, Bucket>,
}

impl<K: Hash + Eq> Memory<K> {
    fn find(&self, key: &K) -> Option<Bucket> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }
}

impl<K: Hash + Eq> Recent<K> {
    fn new(rate: Rate) -> Self {
        let memory = Memory {
            young: HashMap::new(),
            old: HashMap::new(),
        };
        Self {
            rate,
            memory: Mutex::new(memory),
        }
    }

    fn take(&self, key: K, now: Instant) -> bool {
        let mut memory = self.lock();
        let mut bucket = memory.find(&key).unwrap_or(Bucket::full(now));
        let taken = bucket.take(self.rate, now);
        if memory.young.len() >= REMEMBERED / 2 && !memory.young.contains_key(&key) {
            memory.old = std::mem::take(&mut memory.young);
        }
        memory.young.insert(key, bucket);
        taken
    }

    fn has_one(&self, key: &K, now: Instant) -> bool {
        let bucket = self.lock().find(key);
        bucket.is_none_or(|bucket| bucket.has_one(self.rate, now))
    }

    // Each change is a single insertion, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Memory<K>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections of each user; users without one are not remembered.
#[derive(Debug, Clone, Default)]
struct Users(Arc<Mutex<HashMap<UserId, Seats>>>);

/// The connections of one user.
#[derive(Debug, Default)]
struct Seats {
    taken: usize,
    /// Where those are told what they are to hear, once there is somebody to tell it.
    open: Vec<Arc<Outbox>>,
}

impl Users {
    fn seat(&self, user: &UserId, most: usize) -> Option<Seat> {
        let mut users = self.lock();
        let seats = users.entry(user.clone()).or_default();
        if seats.taken >= most.max(1) {
            return None;
        }
        seats.taken += 1;
        let is_only = seats.taken == 1;
        drop(users);
        Some(Seat {
            users: self.clone(),
            user: user.clone(),
            is_only,
            outbox: None,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Seats>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A user's connection, counted; dropping it counts it out.
#[derive(Debug)]
pub(super) struct Seat {
    users: Users,
    user: UserId,
    is_only: bool,
    outbox: Option<Arc<Outbox>>,
}

impl Seat {
    /// Whether the user had no other connection when this one came.
    pub(super) fn is_only(&self) -> bool {
        self.is_only
    }

    /// From now on the connection is closed where all of its user's are.
    pub(super) fn open(&mut self, outbox: &Arc<Outbox>) {
        let mut users = self.users.lock();
        if let Some(seats) = users.get_mut(&self.user) {
            // Most users have one connection, and a vector would begin with room for four.
            if seats.open.len() < 4 {
                seats.open.reserve_exact(1);
            }
            seats.open.push(Arc::clone(outbox));
            self.outbox = Some(Arc::clone(outbox));
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut users = self.users.lock();
        if let Some(seats) = users.get_mut(&self.user) {
            if let Some(outbox) = &self.outbox
                && let Some(place) = seats.open.iter().position(|one| Arc::ptr_eq(one, outbox))
            {
                seats.open.swap_remove(place);
            }
            seats.taken -= 1;
            if seats.taken == 0 {
                users.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::gateway::outbox::Bounds;
    use crate::protocol::CloseCode;

    fn admission() -> Admission {
        Admission::new(&Limits {
            connects_burst: 3,
            failures_per_address: 2,
            strangers: 1,
            ..Limits::default()
        })
    }

    fn v4(number: u32) -> IpAddr {
        IpAddr::from((0x0100_0000 + number).to_be_bytes())
    }

    #[test]
    fn each_address_has_its_own_burst_and_this_machine_has_none() {
        let admission = admission();
        let now = Instant::now();
        for address in [v4(1), v4(2)] {
            let admitted = (0..9).filter(|_| admission.connects(address, now)).count();
            assert_eq!(admitted, 3);
        }
        let loopback = [IpAddr::from([127, 0, 0, 1]), "::1".parse().unwrap()];
        for address in loopback {
            assert!((0..9).all(|_| admission.connects(address, now)));
        }
    }

    #[test]
    fn failures_alone_are_counted() {
        let admission = admission();
        let now = Instant::now();
        assert!((0..9).all(|_| admission.may_try(v4(1), now)));
        for _ in 0..2 {
            assert!(admission.may_try(v4(1), now));
            admission.failed(v4(1), now);
        }
        assert!(!admission.may_try(v4(1), now));
        assert!(admission.may_try(v4(2), now));
    }

    #[test]
    fn the_memory_of_addresses_is_bounded_and_keeps_the_latest() {
        let addresses = Recent::new(Rate::new(1, 1));
        let now = Instant::now();
        for number in 0..200_000 {
            assert!(addresses.take(v4(number), now));
            // One address comes all the time, and is never forgotten.
            assert!(!addresses.take(v4(0), now));
        }
        let memory = addresses.lock();
        assert!(memory.young.len() + memory.old.len() <= REMEMBERED);
    }

    #[test]
    fn a_seat_is_free_again_when_it_is_left() {
        let admission = admission();
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let first = admission.seat(&ann, 2).unwrap();
        let _second = admission.seat(&ann, 2).unwrap();
        assert!(admission.seat(&ann, 2).is_none());
        assert!(admission.seat(&bob, 2).is_some());
        assert_eq!(admission.users(), 1, "bob has left again");
        drop(first);
        assert!(admission.seat(&ann, 2).is_some());
    }

    #[test]
    fn a_user_has_one_budget_for_all_requests() {
        let admission = Admission::new(&Limits {
            frames_per_second: 10,
            frames_burst: 3,
            ..Limits::default()
        });
        let now = Instant::now();
        for user in ["ann", "bob"] {
            let user = UserId::parse(user).unwrap();
            let answered = (0..9).filter(|_| admission.requests(&user, now)).count();
            assert_eq!(answered, 3);
            assert!(admission.requests(&user, now + Duration::from_millis(100)));
        }
    }

    #[test]
    fn the_connections_of_one_user_are_closed_and_no_others() {
        let admission = admission();
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let open = |user| {
            let outbox = Arc::new(Outbox::new(Bounds {
                frames: 8,
                bytes: 1024,
            }));
            let mut seat = admission.seat(user, 4).unwrap();
            seat.open(&outbox);
            (seat, outbox)
        };
        let is_open = |outbox: &Outbox| outbox.push("x".to_owned().into()).is_ok();
        let (first, second, other) = (open(&ann), open(&ann), open(&bob));
        let third = open(&ann);
        drop(first);
        let _not_open_yet = admission.seat(&ann, 4).unwrap();
        assert_eq!(admission.close(&ann, CloseCode::AuthFailed.into()), 2);
        assert_eq!(admission.close(&ann, CloseCode::AuthFailed.into()), 0);
        assert!(!is_open(&second.1) && !is_open(&third.1) && is_open(&other.1));
        drop((second, third));
        let fourth = open(&ann);
        assert_eq!(admission.close(&ann, CloseCode::AuthFailed.into()), 1);
        drop(fourth);
    }

    #[test]
    fn strangers_have_few_places() {
        let admission = admission();
        let place = admission.stranger().unwrap();
        assert!(admission.stranger().is_none());
        drop(place);
        assert!(admission.stranger().is_some());
    }
}
