use super::*;
use crate::gateway::feed::Answer;
use crate::gateway::outbox::{Bounds, Next};
use crate::protocol::{Position, Recorded};

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

/// What a member of the room says, with its offset where it is recorded.
fn said(id: &str, offset: Option<u64>) -> Envelope {
    message(id, r#""user_id":"7","#, offset)
}

/// The same of what a service says.
fn told(id: &str, offset: Option<u64>) -> Envelope {
    message(id, "", offset)
}

fn message(id: &str, who: &str, offset: Option<u64>) -> Envelope {
    let text = format!(r#"{{"type":"chat",{who}"message_id":"{id}","timestamp":"t","data":{{}}}}"#);
    let envelope = Envelope::read("mithril:live:room:a", text.as_bytes()).unwrap();
    let recorded = offset.map(|offset| Recorded {
        position: Arc::new(position(offset)),
        message_id: id.to_owned(),
    });
    Envelope {
        recorded,
        ..envelope
    }
}

fn position(offset: u64) -> Position {
    Position {
        epoch: "e".to_owned(),
        offset,
    }
}

/// Answers what the feed wants to know: this is all that it has missed.
fn answer(hub: &Hub, topic: &Topic, last: u64, missed: Option<Envelope>) {
    let round = hub.question(topic).unwrap().round;
    let answer = Answer {
        epoch: "e".to_owned(),
        last,
        entries: missed
            .map(|missed| (last, Some(Arc::new(missed))))
            .into_iter()
            .collect(),
    };
    hub.answer(topic, round, Some(answer));
}

#[test]
fn what_was_said_is_shown_once_whichever_way_it_comes_first() {
    let hub = Hub::new();
    let topic = Topic::parse("room:a").unwrap();
    let watch = hub.watch(&topic);
    answer(&hub, &topic, 0, None);
    let (here, wider) = (recipient(1, Dialect::V1), recipient(2, Dialect::V1));
    let joined = hub.join(&watch, &here);
    assert_eq!(joined.at, Some(position(0)));
    assert!(hub.open(&topic, &here, 0, 0).is_none());
    let _wider = hub.subscribe(&pattern("room:*"), &wider);
    let shown = |id: &str, by: &[&Arc<Recipient>]| {
        for one in [&here, &wider] {
            let count = usize::from(by.iter().any(|other| Arc::ptr_eq(one, other)));
            let frames = waiting(one);
            let ours = frames.iter().filter(|frame| frame.contains(id)).count();
            assert_eq!((frames.len(), ours), (count, count), "{id}: {frames:?}");
        }
    };
    let all = [&here, &wider];

    // Given up, then recorded: it arrives, or is found to have been missed.
    let expected = hub.expect(&topic, "m1");
    assert_eq!(hub.publish_once(&said("m1", None)), 2);
    drop(expected);
    shown("m1", &all);
    hub.arrive(said("m1", Some(1)));
    shown("m1", &[]);
    let expected = hub.expect(&topic, "m2");
    assert_eq!(hub.publish_once(&said("m2", None)), 2);
    drop(expected);
    shown("m2", &all);
    hub.look_for_gaps();
    answer(&hub, &topic, 2, Some(said("m2", Some(2))));
    shown("m2", &[]);

    // Recorded, then given up.
    let expected = hub.expect(&topic, "m3");
    hub.arrive(said("m3", Some(3)));
    shown("m3", &all);
    assert_eq!(hub.publish_once(&said("m3", None)), 0);
    drop(expected);
    shown("m3", &[]);
    let expected = hub.expect(&topic, "m4");
    hub.look_for_gaps();
    answer(&hub, &topic, 4, Some(said("m4", Some(4))));
    // Whoever hears it by a pattern alone is told of a gap instead.
    shown("m4", &[&here]);
    assert_eq!(hub.publish_once(&said("m4", None)), 0);
    drop(expected);
    hub.look_for_gaps();
    answer(&hub, &topic, 5, Some(told("m5", Some(5))));
    shown("m5", &[&here]);
    assert_eq!(hub.publish_once(&told("m5", None)), 0);

    // Neither recorded nor arrived.
    let expected = hub.expect(&topic, "m6");
    drop(expected);
    assert_eq!(hub.publish_once(&said("m6", None)), 2);
    shown("m6", &all);
}
