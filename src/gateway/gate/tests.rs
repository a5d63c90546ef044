//! One thing at a time; `hub/following/tests.rs` has everything at once.

use super::*;

fn gate() -> Gate<&'static str> {
    let bounds = Bounds {
        frames: 3,
        bytes: 300,
    };
    Gate::at(10, bounds)
}

/// What is next where nothing has to be sent.
fn next(gate: &mut Gate<&'static str>, last: u64) -> Next {
    gate.next(last, |frame| panic!("{frame} is sent"))
}

/// What is sent next.
fn sent(gate: &mut Gate<&'static str>, last: u64) -> &'static str {
    let mut sent = "";
    let next = gate.next(last, |frame| {
        sent = frame;
        Ok(())
    });
    assert_eq!(next, Next::Sent);
    sent
}

fn arrive(gate: &mut Gate<&'static str>, offset: u64, name: &'static str) {
    assert_eq!(gate.arrive(Some(offset), 10, name), [""; 0]);
}

#[test]
fn who_is_owed_nothing_is_through_at_once() {
    let mut gate = gate();
    gate.rewind(10, 10);
    assert_eq!(next(&mut gate, 10), Next::Through);
}

#[test]
fn what_is_owed_is_read_before_what_waits() {
    let mut gate = gate();
    arrive(&mut gate, 11, "eleven");
    gate.rewind(4, 10);
    assert_eq!(next(&mut gate, 11), Next::Read { after: 4, most: 6 });
    gate.advance(7);
    assert_eq!(next(&mut gate, 11), Next::Read { after: 7, most: 3 });
    gate.advance(10);
    arrive(&mut gate, 12, "twelve");
    assert_eq!(sent(&mut gate, 12), "eleven");
    assert_eq!(sent(&mut gate, 12), "twelve");
    assert_eq!(next(&mut gate, 12), Next::Through);
}

#[test]
fn what_does_not_fit_is_owed_and_what_is_not_kept_goes_at_once() {
    let mut gate = gate();
    gate.rewind(10, 10);
    arrive(&mut gate, 11, "eleven");
    assert_eq!(gate.arrive(None, 10, "fleeting"), [""; 0]);
    arrive(&mut gate, 12, "twelve");
    assert_eq!(gate.arrive(Some(13), 10, "thirteen"), ["fleeting"]);
    assert_eq!(next(&mut gate, 13), Next::Read { after: 10, most: 3 });
    gate.advance(13);
    assert_eq!(next(&mut gate, 13), Next::Through);
    assert_eq!(gate.arrive(None, 301, "large"), ["large"]);
}

#[test]
fn what_was_sent_before_is_skipped() {
    let mut gate = gate();
    // The connection joined at 6, and has been sent what came since.
    arrive(&mut gate, 11, "eleven");
    gate.rewind(3, 6);
    assert_eq!(next(&mut gate, 11), Next::Read { after: 3, most: 3 });
    gate.advance(6);
    assert_eq!(sent(&mut gate, 11), "eleven");
    assert_eq!(next(&mut gate, 11), Next::Through);
}

#[test]
fn a_client_that_is_ahead_is_sent_what_comes_behind_that() {
    let mut gate = gate();
    gate.rewind(12, 10);
    assert_eq!(next(&mut gate, 10), Next::Wait);
    for (offset, name) in [(11, "eleven"), (12, "twelve"), (13, "thirteen")] {
        arrive(&mut gate, offset, name);
    }
    assert_eq!(sent(&mut gate, 13), "thirteen");
    assert_eq!(next(&mut gate, 13), Next::Through);
}

#[test]
fn what_no_history_keeps_waits_behind_what_is_owed() {
    let mut gate = gate();
    gate.rewind(9, 10);
    assert_eq!(gate.arrive(None, 10, "fleeting"), [""; 0]);
    assert_eq!(next(&mut gate, 10), Next::Read { after: 9, most: 1 });
    gate.advance(10);
    assert_eq!(sent(&mut gate, 10), "fleeting");
    assert_eq!(next(&mut gate, 10), Next::Through);
}

#[test]
fn what_there_is_no_room_for_stays_the_next() {
    let mut gate = gate();
    arrive(&mut gate, 11, "eleven");
    arrive(&mut gate, 12, "twelve");
    for _ in 0..2 {
        assert_eq!(gate.next(12, Err), Next::Full(10));
    }
    assert_eq!(sent(&mut gate, 12), "eleven");
    assert_eq!(gate.next(12, Err), Next::Full(10));
    assert_eq!(sent(&mut gate, 12), "twelve");
    assert_eq!(next(&mut gate, 12), Next::Through);
    arrive(&mut gate, 13, "thirteen");
    assert_eq!(gate.arrive(Some(14), 291, "large"), [""; 0]);
    assert_eq!(next(&mut gate, 14), Next::Read { after: 12, most: 2 });
}
