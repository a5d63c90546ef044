use super::*;
use crate::gateway::outbox::{Bounds, Next};

fn recipient(number: u64, dialect: Dialect) -> Arc<Recipient> {
    let bounds = Bounds {
        frames: 4,
        bytes: 1024,
    };
    Arc::new(Recipient {
        number,
        dialect,
        outbox: Arc::new(Outbox::new(bounds)),
    })
}

fn pattern(name: &str) -> TopicPattern {
    TopicPattern::parse(name, None).unwrap()
}

fn text(topic: &str) -> Envelope {
    Envelope::read(topic, b"{}").unwrap()
}

fn waiting(recipient: &Recipient) -> Vec<String> {
    std::iter::from_fn(|| match recipient.outbox.next() {
        Next::Send(frame) => Some(frame.as_str().to_owned()),
        Next::Flush | Next::Close(_) | Next::End => None,
    })
    .collect()
}

#[test]
fn one_frame_however_many_subscriptions_match() {
    let hub = Hub::new();
    let tutor = recipient(1, Dialect::V1);
    let _held = [
        "grading.42.ex01.result",
        "grading.42.*.result",
        "grading.*.ex01.result",
        "grading.*.*.result",
        "grading.7.*.result",
    ]
    .map(|name| hub.subscribe(&pattern(name), &tutor));
    assert_eq!(hub.publish(&text("grading.42.ex01.result")), 1);
    assert_eq!(waiting(&tutor).len(), 1);
    assert_eq!(hub.publish(&text("grading.7.ex02.result")), 1);
    assert_eq!(waiting(&tutor).len(), 1);
    assert_eq!(hub.publish(&text("exercise.42.progress")), 0);
}

#[test]
fn each_dialect_is_encoded_once_and_shared() {
    let hub = Hub::new();
    let all: Vec<_> = (0..4)
        .map(|number| {
            let dialect = if number % 2 == 0 {
                Dialect::Classic
            } else {
                Dialect::V1
            };
            recipient(number, dialect)
        })
        .collect();
    let _held: Vec<_> = all
        .iter()
        .map(|one| hub.subscribe(&pattern("ws:42"), one))
        .collect();
    assert_eq!(hub.publish(&text("ws:42")), 4);
    let frames: Vec<_> = all
        .iter()
        .map(|one| match one.outbox.next() {
            Next::Send(frame) => frame,
            other => panic!("{other:?}"),
        })
        .collect();
    let place = |index: usize| frames[index].as_str().as_ptr();
    assert_eq!(place(0), place(2), "one encoding, not a copy");
    assert_eq!(place(1), place(3));
    assert_eq!(frames[0].as_str(), "{}");
    assert_eq!(
        frames[1].as_str(),
        r#"{"type":"event","subject":"ws:42","data":{}}"#
    );
}

#[test]
fn who_does_not_read_is_closed_and_nobody_else() {
    let hub = Hub::new();
    let (slow, quick) = (recipient(1, Dialect::V1), recipient(2, Dialect::V1));
    let _held = [&slow, &quick].map(|one| hub.subscribe(&pattern("room:a"), one));
    for _ in 0..4 {
        assert_eq!(hub.publish(&text("room:a")), 2);
        assert_eq!(waiting(&quick).len(), 1);
    }
    assert_eq!(hub.publish(&text("room:a")), 1);
    assert!(matches!(slow.outbox.next(), Next::Close(close) if close.code.number() == 4008));
    assert_eq!(waiting(&quick).len(), 1);
}

#[test]
fn who_has_left_leaves_nothing_behind() {
    let hub = Hub::new();
    let held: Vec<_> = (0..1_000)
        .flat_map(|number| {
            let one = recipient(number, Dialect::V1);
            [
                hub.enter(&one),
                hub.subscribe(&pattern("room:a"), &one),
                hub.subscribe(&pattern("room:*"), &one),
                hub.subscribe(&pattern(&format!("ws:{number}")), &one),
            ]
        })
        .collect();
    assert_eq!(hub.publish(&text("room:a")), 1_000);
    drop(held);
    assert_eq!(hub.publish(&text("room:a")), 0);
    for shard in &hub.topics {
        assert!(lock(shard).capacity() < 16, "memory is given back");
    }
    for shard in &hub.everyone {
        assert!(lock(shard).capacity() < 16);
    }
    assert!(hub.patterns.read().unwrap().is_empty());
}

#[test]
fn everyone_is_everyone_and_a_gap_names_topics() {
    let hub = Hub::new();
    let (classic, v1) = (recipient(1, Dialect::Classic), recipient(2, Dialect::V1));
    let _here = [&classic, &v1].map(|one| hub.enter(one));
    let broadcast = br#"{"type":"news","data":{}}"#;
    let news = Envelope::read("websocket:broadcast", broadcast).unwrap();
    assert_eq!(hub.publish(&news), 2);
    assert_eq!(waiting(&classic).len(), 1);
    assert_eq!(waiting(&v1).len(), 1);
    let _held = ["ws:42", "room:*", "room:a"].map(|name| hub.subscribe(&pattern(name), &v1));
    let _other = hub.subscribe(&pattern("ws:42"), &classic);
    hub.tell_of_gap();
    assert_eq!(
        waiting(&v1),
        [r#"{"type":"gap","topics":["room:*","room:a","ws:42"]}"#]
    );
    assert_eq!(waiting(&classic), [""; 0]);
}
