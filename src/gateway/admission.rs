//! Whoever wants a socket costs next to nothing before it is known who it is.
//!
//! What is remembered of addresses is bounded: when the younger half of the memory is full, the
//! older half is forgotten. Whatever is counted in is counted out by a guard.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Limits;
use super::address::household;
use super::rate::{Bucket, Rate};
use crate::ids::UserId;

/// How many addresses are remembered.
const ADDRESSES: usize = 65_536;

/// What is counted before a socket is opened.
#[derive(Debug)]
pub(super) struct Admission {
    connects: Addresses,
    failures: Addresses,
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
        let strangers = limits.strangers.min(Semaphore::MAX_PERMITS);
        Self {
            connects: Addresses::new(connects),
            failures: Addresses::new(failures),
            strangers: Arc::new(Semaphore::new(strangers)),
            users: Users::default(),
        }
    }

    /// Whether one more connect may come from this address. From this machine all may: a proxy on
    /// it stands for everyone.
    pub(super) fn connects(&self, address: IpAddr, now: Instant) -> bool {
        address.is_loopback() || self.connects.take(address, now)
    }

    /// Whether a token from this address is looked at.
    pub(super) fn may_try(&self, address: IpAddr, now: Instant) -> bool {
        self.failures.has_one(address, now)
    }

    /// A token from this address proved nothing.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) {
        self.failures.take(address, now);
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

    /// How many users have a connection.
    pub(super) fn users(&self) -> usize {
        self.users.lock().len()
    }
}

/// What came from which address of late.
#[derive(Debug)]
struct Addresses {
    rate: Rate,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    young: HashMap<IpAddr, Bucket>,
    old: HashMap<IpAddr, Bucket>,
}

impl Memory {
    fn find(&self, address: IpAddr) -> Option<Bucket> {
        let found = self.young.get(&address).or_else(|| self.old.get(&address));
        found.copied()
    }
}

impl Addresses {
    fn new(rate: Rate) -> Self {
        Self {
            rate,
            memory: Mutex::default(),
        }
    }

    fn take(&self, address: IpAddr, now: Instant) -> bool {
        let address = household(address);
        let mut memory = self.lock();
        let mut bucket = memory.find(address).unwrap_or(Bucket::full(now));
        let taken = bucket.take(self.rate, now);
        if memory.young.len() >= ADDRESSES / 2 && !memory.young.contains_key(&address) {
            memory.old = std::mem::take(&mut memory.young);
        }
        memory.young.insert(address, bucket);
        taken
    }

    fn has_one(&self, address: IpAddr, now: Instant) -> bool {
        let bucket = self.lock().find(household(address));
        bucket.is_none_or(|bucket| bucket.has_one(self.rate, now))
    }

    // Each change is a single insertion, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many connections each user has; users without one are not remembered.
#[derive(Debug, Clone, Default)]
struct Users(Arc<Mutex<HashMap<UserId, usize>>>);

impl Users {
    fn seat(&self, user: &UserId, most: usize) -> Option<Seat> {
        let mut users = self.lock();
        let count = users.entry(user.clone()).or_insert(0);
        if *count >= most.max(1) {
            return None;
        }
        *count += 1;
        drop(users);
        Some(Seat {
            users: self.clone(),
            user: user.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A user's connection, counted; dropping it counts it out.
#[derive(Debug)]
pub(super) struct Seat {
    users: Users,
    user: UserId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut users = self.users.lock();
        if let Some(count) = users.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                users.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let addresses = Addresses::new(Rate::new(1, 1));
        let now = Instant::now();
        for number in 0..200_000 {
            assert!(addresses.take(v4(number), now));
            // One address comes all the time, and is never forgotten.
            assert!(!addresses.take(v4(0), now));
        }
        let memory = addresses.lock();
        assert!(memory.young.len() + memory.old.len() <= ADDRESSES);
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
    fn strangers_have_few_places() {
        let admission = admission();
        let place = admission.stranger().unwrap();
        assert!(admission.stranger().is_none());
        drop(place);
        assert!(admission.stranger().is_some());
    }
}
