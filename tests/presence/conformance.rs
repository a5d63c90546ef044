//! What a presence is. Every function is a test of every presence.

use std::slice::from_ref;
use std::sync::Arc;

use mithril::ids::UserId;
use mithril::presence::{Member, Outcome, Place, Presence};
use mithril::protocol::Topic;

use crate::recorder::soon;

/// A real presence that one test has for itself.
pub(crate) trait Store: Sized {
    async fn start() -> Self;

    /// One replica's side of it.
    async fn connect(&self) -> Arc<dyn Presence>;

    /// Loses all that is known.
    async fn lose(&self);
}

pub(crate) fn room(name: &str) -> Place {
    Place::Topic(Topic::parse(&format!("room:{name}")).unwrap())
}

/// The connection of this number of a user on a replica.
pub(crate) fn member(user: &str, replica: u64, number: u64) -> Member {
    Member {
        user: UserId::parse(user).unwrap(),
        replica,
        number,
    }
}

pub(crate) fn ids(users: &[UserId]) -> Vec<&str> {
    let mut ids: Vec<_> = users.iter().map(UserId::as_str).collect();
    ids.sort_unstable();
    ids
}

/// Tells it, and is answered with those who joined and those who left.
pub(crate) async fn tell(
    presence: &dyn Presence,
    place: &Place,
    here: &[Member],
    gone: &[Member],
) -> Outcome {
    soon(presence.tell(place, here, gone)).await.unwrap()
}

#[track_caller]
pub(crate) fn is(outcome: &Outcome, joined: &[&str], left: &[&str]) {
    let was = (ids(&outcome.joined), ids(&outcome.left));
    assert_eq!(was, (joined.to_vec(), left.to_vec()));
}

/// Who is there, with how many connections; the list is whole.
pub(crate) async fn present(presence: &dyn Presence, place: &Place) -> Vec<(String, u64)> {
    let present = soon(presence.present(place, 100)).await.unwrap();
    assert_eq!(present.total, present.users.len());
    let users = present.users.into_iter();
    users
        .map(|user| (user.user_id.to_string(), user.connections))
        .collect()
}

fn counted(users: &[(&str, u64)]) -> Vec<(String, u64)> {
    let users = users.iter();
    users.map(|(user, n)| ((*user).to_owned(), *n)).collect()
}

pub(crate) async fn the_first_member_joins_and_the_last_leaves<S: Store>() {
    let store = S::start().await;
    let (one, two) = (store.connect().await, store.connect().await);
    let a = room("a");
    let (anna, ben) = (member("anna", 1, 1), member("ben", 1, 2));
    let (tab, there) = (member("anna", 1, 3), member("anna", 2, 1));
    let outcome = tell(&*one, &a, &[anna.clone(), ben.clone()], &[]).await;
    is(&outcome, &["anna", "ben"], &[]);
    is(&tell(&*two, &a, from_ref(&there), &[]).await, &[], &[]);
    is(&tell(&*one, &a, from_ref(&tab), &[]).await, &[], &[]);
    for presence in [&one, &two] {
        let expected = counted(&[("anna", 3), ("ben", 1)]);
        assert_eq!(present(&**presence, &a).await, expected);
    }
    is(&tell(&*one, &a, &[], &[anna, ben]).await, &[], &["ben"]);
    is(&tell(&*one, &a, &[], &[tab]).await, &[], &[]);
    assert_eq!(present(&*one, &a).await, counted(&[("anna", 1)]));
    is(&tell(&*two, &a, &[], &[there]).await, &[], &["anna"]);
    assert_eq!(present(&*one, &a).await, counted(&[]));
}

pub(crate) async fn telling_it_again_changes_nothing<S: Store>() {
    let store = S::start().await;
    let (one, two) = (store.connect().await, store.connect().await);
    let (a, b) = (room("a"), room("b"));
    let anna = [member("anna", 1, 1)];
    // The same number on another replica is another member.
    let there = [member("anna", 2, 1)];
    is(&tell(&*one, &a, &anna, &[]).await, &["anna"], &[]);
    is(&tell(&*one, &a, &anna, &[]).await, &[], &[]);
    is(&tell(&*two, &a, &[], &there).await, &[], &[]);
    assert_eq!(present(&*two, &a).await, counted(&[("anna", 1)]));
    // Places are apart.
    is(&tell(&*one, &b, &anna, &[]).await, &["anna"], &[]);
    is(&tell(&*one, &b, &[], &anna).await, &[], &["anna"]);
    is(&tell(&*one, &b, &[], &anna).await, &[], &[]);
    is(
        &tell(&*one, &Place::Everyone, &anna, &[]).await,
        &["anna"],
        &[],
    );
    assert_eq!(present(&*one, &a).await, counted(&[("anna", 1)]));
    is(&tell(&*one, &a, &[], &anna).await, &[], &["anna"]);
}

pub(crate) async fn whose_connection_is_replaced_has_not_left<S: Store>() {
    let store = S::start().await;
    let one = store.connect().await;
    let a = room("a");
    let mut before = member("anna", 1, 0);
    is(
        &tell(&*one, &a, &[before.clone()], &[]).await,
        &["anna"],
        &[],
    );
    for number in 1..10 {
        let next = member("anna", 1, number);
        let outcome = tell(&*one, &a, from_ref(&next), &[before]).await;
        is(&outcome, &[], &[]);
        before = next;
    }
    assert_eq!(present(&*one, &a).await, counted(&[("anna", 1)]));
}

pub(crate) async fn of_too_many_users_some_are_listed_and_all_counted<S: Store>() {
    let store = S::start().await;
    let one = store.connect().await;
    let a = room("a");
    let class: Vec<_> = (0..250)
        .map(|number| member(&format!("pupil-{number:03}"), 1, number))
        .collect();
    tell(&*one, &a, &class, &[]).await;
    for (most, listed) in [(0, 0), (1, 1), (100, 100), (250, 250), (1_000, 250)] {
        let present = soon(one.present(&a, most)).await.unwrap();
        assert_eq!((present.total, present.users.len()), (250, listed));
        assert!(present.users.is_sorted_by(|a, b| a.user_id < b.user_id));
    }
}

pub(crate) async fn what_is_lost_begins_another_generation<S: Store>() {
    let store = S::start().await;
    let (one, two) = (store.connect().await, store.connect().await);
    let a = room("a");
    let (anna, ben) = ([member("anna", 1, 1)], [member("ben", 2, 1)]);
    let first = tell(&*one, &a, &anna, &[]).await.generation;
    assert_eq!(tell(&*two, &a, &ben, &[]).await.generation, first);
    tell(&*one, &a, &[], &anna).await;
    tell(&*two, &a, &[], &ben).await;
    let outcome = tell(&*one, &a, &anna, &[]).await;
    assert_eq!(outcome.generation, first, "that all left is known");
    tell(&*two, &a, &ben, &[]).await;
    store.lose().await;
    let outcome = tell(&*two, &a, &ben, &[]).await;
    is(&outcome, &["ben"], &[]);
    assert_ne!(outcome.generation, first);
    let second = outcome.generation;
    // What is not known any more can't go.
    let outcome = tell(&*one, &a, &[], &anna).await;
    is(&outcome, &[], &[]);
    assert_eq!(outcome.generation, second);
}

pub(crate) async fn of_many_replicas_one_is_told<S: Store>() {
    const REPLICAS: u64 = 4;
    const USERS: u64 = 100;
    let store = S::start().await;
    for round in 0..2 {
        let mut replicas = tokio::task::JoinSet::new();
        for replica in 0..REPLICAS {
            let presence = store.connect().await;
            replicas.spawn(async move {
                let (mut joined, mut left) = (0, 0);
                for number in 0..USERS {
                    let member = [member(&format!("user-{number}"), replica, round)];
                    let outcome = tell(&*presence, &room("a"), &member, &[]).await;
                    joined += outcome.joined.len();
                    let outcome = tell(&*presence, &room("a"), &[], &member).await;
                    left += outcome.left.len();
                }
                (joined, left)
            });
        }
        let (mut joined, mut left) = (0, 0);
        while let Some(ended) = replicas.join_next().await {
            let (more_joined, more_left) = ended.unwrap();
            joined += more_joined;
            left += more_left;
        }
        assert_eq!(joined, left, "whoever came has gone");
        let present = present(&*store.connect().await, &room("a")).await;
        assert_eq!(present, counted(&[]));
        let joined = joined as u64;
        assert!((USERS..=REPLICAS * USERS).contains(&joined), "{joined}");
    }
}

pub(crate) async fn a_crowd_comes_and_goes_at_once<S: Store>() {
    const CROWD: usize = 10_000;
    let store = S::start().await;
    let one = store.connect().await;
    let crowd: Vec<_> = (0..CROWD)
        .map(|number| member(&format!("user-{number}"), 1, number as u64))
        .collect();
    for place in [room("a"), Place::Everyone] {
        let outcome = tell(&*one, &place, &crowd, &[]).await;
        assert_eq!((outcome.joined.len(), outcome.left.len()), (CROWD, 0));
        is(&tell(&*one, &place, &crowd, &[]).await, &[], &[]);
        assert_eq!(soon(one.present(&place, 10)).await.unwrap().total, CROWD);
        let (some, rest) = crowd.split_at(1);
        let outcome = tell(&*one, &place, some, rest).await;
        assert_eq!((outcome.joined.len(), outcome.left.len()), (0, CROWD - 1));
    }
}

/// The tests that every presence passes.
macro_rules! suite {
    ($store:ty) => {
        $crate::conformance::suite!($store:
            the_first_member_joins_and_the_last_leaves,
            telling_it_again_changes_nothing,
            whose_connection_is_replaced_has_not_left,
            of_too_many_users_some_are_listed_and_all_counted,
            what_is_lost_begins_another_generation,
            of_many_replicas_one_is_told,
            a_crowd_comes_and_goes_at_once,
        );
    };
    ($store:ty: $($test:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::conformance::$test::<$store>().await;
            }
        )*
    };
}

pub(crate) use suite;
