//! Rosters of several replicas over one presence, without a task: what is told and announced, and when.

use futures_util::FutureExt;

use super::*;
use crate::presence::Presence;
use crate::presence::memory::MemoryPresence;

/// What is announced: `+` or `-`, the user, and where unless everywhere.
type Announcements = Vec<String>;

fn room() -> Place {
    Place::Topic(Topic::parse("room:a").unwrap())
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn said(changes: impl IntoIterator<Item = Change>) -> Announcements {
    let say = |change: Change| {
        let sign = match change.movement {
            Movement::Joined => "+",
            Movement::Left => "-",
        };
        let to = match change.audience {
            Audience::All => "",
            Audience::Elsewhere => " elsewhere",
            Audience::Here => " here",
        };
        format!("{sign}{}{to}", change.user)
    };
    changes.into_iter().map(say).collect()
}

/// What comes of telling it of the room.
fn outcome(presence: &MemoryPresence, here: &[Member], gone: &[Member]) -> Outcome {
    let room = room();
    let told = Presence::tell(presence, &room, here, gone);
    told.now_or_never().unwrap().unwrap()
}

/// Tells what has changed, or everything.
fn tell(roster: &Roster, presence: &MemoryPresence, is_due: bool) -> Announcements {
    let (_, rounds) = roster.rounds(is_due);
    let changes = rounds.into_iter().flat_map(|round| {
        let told = Presence::tell(presence, &round.place, &round.here, &round.gone);
        let outcome = told.now_or_never().unwrap().unwrap();
        roster.shared(&round, outcome)
    });
    said(changes)
}

/// The same while the presence can't be asked.
fn in_vain(roster: &Roster, is_due: bool) -> Announcements {
    let (_, rounds) = roster.rounds(is_due);
    let changes = rounds.into_iter().flat_map(|round| roster.alone(&round));
    said(changes)
}

fn nothing() -> Announcements {
    Vec::new()
}

#[test]
fn users_come_and_go_not_connections() {
    let (roster, presence) = (Roster::new(), MemoryPresence::new());
    let first = roster.join(room(), &user("42"));
    assert_eq!(tell(&roster, &presence, false), ["+42"]);
    let second = roster.join(room(), &user("42"));
    let other = roster.join(room(), &user("4"));
    assert_eq!(tell(&roster, &presence, false), ["+4"]);
    let topic = Topic::parse("room:a").unwrap();
    let counts = || -> Vec<_> {
        let present = roster.present(&topic, 9);
        assert_eq!(present.total, present.users.len());
        present.users.iter().map(|user| user.connections).collect()
    };
    assert_eq!(counts(), [1, 2]);
    assert_eq!(roster.present(&topic, 1).users.len(), 1);
    drop(first);
    assert_eq!(tell(&roster, &presence, false), nothing());
    assert_eq!(counts(), [1, 1]);
    drop(second);
    assert_eq!(tell(&roster, &presence, false), ["-42"]);
    drop(other);
    assert_eq!(tell(&roster, &presence, false), ["-4"]);
    assert!(roster.state().places.is_empty());
}

#[test]
fn a_moment_is_not_announced_and_leaves_nothing() {
    let (roster, presence) = (Roster::new(), MemoryPresence::new());
    drop(roster.join(room(), &user("42")));
    assert_eq!(tell(&roster, &presence, false), nothing());
    assert!(roster.state().places.is_empty());
    let seat = roster.join(room(), &user("42"));
    assert_eq!(tell(&roster, &presence, false), ["+42"]);
    drop(seat);
    let again = roster.join(room(), &user("42"));
    let announced = tell(&roster, &presence, false);
    assert_eq!(announced, nothing(), "nobody saw the user leave");
    drop(again);
    assert_eq!(tell(&roster, &presence, false), ["-42"]);
    assert!(roster.state().places.is_empty());
}

#[test]
fn what_waits_is_bounded_by_who_is_there() {
    let roster = Roster::new();
    let _one = roster.join(room(), &user("1"));
    for _ in 0..1_000 {
        drop(roster.join(room(), &user("42")));
        assert!(roster.rounds(false).1.len() <= 1);
    }
    assert_eq!(roster.state().changed.len(), 0);
}

#[tokio::test]
async fn whoever_asks_after_a_change_waits_until_it_is_told() {
    let (roster, presence) = (Roster::new(), MemoryPresence::new());
    let topic = Topic::parse("room:a").unwrap();
    roster.settled(&topic).await;
    let _seat = roster.join(room(), &user("42"));
    assert!(roster.settled(&topic).now_or_never().is_none());
    tell(&roster, &presence, false);
    roster.settled(&topic).await;
    // What is told of nobody is told too.
    drop(roster.join(room(), &user("43")));
    assert!(roster.settled(&topic).now_or_never().is_none());
    tell(&roster, &presence, false);
    roster.settled(&topic).await;
}

#[test]
fn two_replicas_announce_a_user_once() {
    let (one, two, presence) = (Roster::new(), Roster::new(), MemoryPresence::new());
    let here = one.join(room(), &user("42"));
    assert_eq!(tell(&one, &presence, false), ["+42"]);
    let there = two.join(room(), &user("42"));
    assert_eq!(tell(&two, &presence, false), nothing());
    drop(here);
    assert_eq!(tell(&one, &presence, false), nothing());
    assert!(one.state().places.is_empty());
    drop(there);
    assert_eq!(tell(&two, &presence, false), ["-42"]);
}

#[test]
fn what_was_lost_is_told_again_and_not_announced_again() {
    let (one, two, presence) = (Roster::new(), Roster::new(), MemoryPresence::new());
    let seats = [("1", &one), ("2", &one), ("2", &two), ("3", &two)]
        .map(|(id, roster)| roster.join(room(), &user(id)));
    assert_eq!(tell(&one, &presence, false), ["+1", "+2"]);
    assert_eq!(tell(&two, &presence, false), ["+3"]);
    presence.forget();
    assert_eq!(tell(&two, &presence, true), nothing());
    assert_eq!(tell(&one, &presence, true), nothing());
    let _new = one.join(room(), &user("4"));
    assert_eq!(tell(&one, &presence, true), ["+4"]);
    drop(seats);
    assert_eq!(tell(&one, &presence, true), ["-1"]);
    assert_eq!(tell(&two, &presence, true), ["-2", "-3"]);
}

#[test]
fn who_was_taken_for_gone_and_is_back_is_announced_again() {
    let (one, presence) = (Roster::new(), MemoryPresence::new());
    let _seats = ["1", "2"].map(|id| one.join(room(), &user(id)));
    tell(&one, &presence, false);
    // Another replica has announced that one of them left.
    let gone = [Member {
        user: user("1"),
        replica: one.replica,
        number: 1,
    }];
    assert_eq!(outcome(&presence, &[], &gone).left, [user("1")]);
    assert_eq!(tell(&one, &presence, true), ["+1"]);
    assert_eq!(tell(&one, &presence, true), nothing());
}

#[test]
fn alone_a_replica_announces_its_own_and_nobody_hears_anything_twice() {
    let (one, presence) = (Roster::new(), MemoryPresence::new());
    let [stays, leaves, comes_back] =
        ["stays", "leaves", "comes back"].map(|id| one.join(room(), &user(&id.replace(' ', "-"))));
    assert_eq!(tell(&one, &presence, false).len(), 3);
    let moment = one.join(room(), &user("moment"));
    let comes = one.join(room(), &user("comes"));
    drop((leaves, comes_back));
    let mut announced = in_vain(&one, false);
    announced.sort_unstable();
    let expected = [
        "+comes here",
        "+moment here",
        "-comes-back here",
        "-leaves here",
    ];
    assert_eq!(announced, expected);
    drop(moment);
    let back = one.join(room(), &user("comes-back"));
    let mut announced = in_vain(&one, true);
    announced.sort_unstable();
    assert_eq!(announced, ["+comes-back here", "-moment here"]);
    assert_eq!(in_vain(&one, true), nothing(), "nothing is new");
    let mut announced = tell(&one, &presence, true);
    announced.sort_unstable();
    assert_eq!(announced, ["+comes elsewhere", "-leaves elsewhere"]);
    assert_eq!(tell(&one, &presence, true), nothing());
    drop((stays, comes, back));
    let mut announced = tell(&one, &presence, false);
    announced.sort_unstable();
    assert_eq!(announced, ["-comes", "-comes-back", "-stays"]);
    assert!(one.state().places.is_empty());
}

#[test]
fn who_left_alone_and_came_back_with_the_others_has_come_back_here() {
    let (one, presence) = (Roster::new(), MemoryPresence::new());
    for loses in [false, true] {
        let seat = one.join(room(), &user("42"));
        assert_eq!(tell(&one, &presence, false), ["+42"]);
        drop(seat);
        assert_eq!(in_vain(&one, false), ["-42 here"]);
        if loses {
            presence.forget();
        }
        let seat = one.join(room(), &user("42"));
        assert_eq!(tell(&one, &presence, true), ["+42 here"]);
        drop(seat);
        assert_eq!(tell(&one, &presence, false), ["-42"]);
    }
}

#[test]
fn who_left_alone_while_all_was_lost_has_left_once_all_have_told_of_theirs() {
    let (one, two, presence) = (Roster::new(), Roster::new(), MemoryPresence::new());
    let seats = ["leaves", "stays", "back"].map(|id| one.join(room(), &user(id)));
    assert_eq!(tell(&one, &presence, false).len(), 3);
    let _there = two.join(room(), &user("stays"));
    assert_eq!(tell(&two, &presence, false), nothing());
    drop(seats);
    assert_eq!(
        in_vain(&one, false),
        ["-leaves here", "-stays here", "-back here"]
    );
    presence.forget();
    assert_eq!(tell(&one, &presence, true), nothing());
    let back = one.join(room(), &user("back"));
    assert_eq!(tell(&one, &presence, false), ["+back here"]);
    assert_eq!(tell(&one, &presence, true), nothing());
    assert_eq!(tell(&two, &presence, true), nothing());
    assert_eq!(tell(&one, &presence, true), ["-leaves elsewhere"]);
    assert_eq!(tell(&one, &presence, true), nothing());
    drop(back);
    assert_eq!(tell(&one, &presence, true), ["-back"]);
    assert!(one.state().places.is_empty());
}

#[test]
fn who_may_have_been_told_of_is_told_of_when_gone() {
    let (one, presence) = (Roster::new(), MemoryPresence::new());
    let seat = one.join(room(), &user("42"));
    let (_, rounds) = one.rounds(false);
    // It was done, and the answer did not come.
    outcome(&presence, &rounds[0].here, &[]);
    assert_eq!(said(one.alone(&rounds[0])), ["+42 here"]);
    drop(seat);
    assert_eq!(in_vain(&one, true), ["-42 here"]);
    assert_eq!(tell(&one, &presence, true), nothing(), "nobody else knew");
    let room = room();
    let present = Presence::present(&presence, &room, 9);
    assert_eq!(present.now_or_never().unwrap().unwrap().total, 0);
    assert!(one.state().places.is_empty());
}

#[test]
fn whoever_asks_is_told_whether_the_user_was_nowhere() {
    let (one, two, presence) = (Roster::new(), Roster::new(), MemoryPresence::new());
    let enter = |roster: &Arc<Roster>, id: &str| {
        let (asks, answer) = oneshot::channel();
        (roster.enter(Place::Everyone, &user(id), Some(asks)), answer)
    };
    let (_one, mut first) = enter(&one, "42");
    tell(&one, &presence, false);
    assert_eq!(first.try_recv(), Ok(true));
    let (_two, mut second) = enter(&two, "42");
    let (_other, mut other) = enter(&two, "43");
    tell(&two, &presence, false);
    assert_eq!((second.try_recv(), other.try_recv()), (Ok(false), Ok(true)));
    let (_three, mut third) = enter(&two, "44");
    in_vain(&two, false);
    assert_eq!(third.try_recv(), Ok(true), "this process decides");
    let (seat, mut gone) = enter(&two, "45");
    drop(seat);
    assert!(gone.try_recv().is_err());
}
