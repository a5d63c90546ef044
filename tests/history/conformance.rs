//! What a history is. Every function is a test of every history.

use std::sync::Arc;
use std::time::Duration;

use mithril::broker::{Broker, ConnectionChange, Inbox, Subscription};
use mithril::history::{
    Appended, Bounds, CURSORS_LAST, History, HistoryError, IDS_LAST, Idempotency, MAX_ID, Page,
    Portion,
};
use mithril::ids::UserId;
use mithril::protocol::{Envelope, Record, Topic};
use serde_json::{Value, json};

use crate::recorder::{Recorder, soon};

/// What every recorder follows, to know what has arrived by now.
const END: &str = "test:end";
const SECOND: Duration = Duration::from_secs(1);

/// A real store that one test has for itself.
pub(crate) trait Store: Sized {
    async fn start(bounds: Bounds) -> Self;

    /// One replica's history.
    async fn connect(&self) -> Arc<dyn History>;

    /// A connection to what it delivers.
    async fn follow(&self, inbox: Arc<dyn Inbox>) -> Arc<dyn Broker>;

    /// Makes so much time pass.
    async fn pass(&self, time: Duration);

    /// Loses all that is stored.
    async fn lose(&self);

    /// Makes it unreachable.
    async fn cut(&self);

    /// Makes it reachable again.
    async fn restore(&self);
}

pub(crate) fn topic(name: &str) -> Topic {
    Topic::parse(name).unwrap()
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

/// A record with this text and an id of its own.
pub(crate) fn record(text: &str) -> Record {
    let message_id = uuid::Uuid::now_v7().to_string();
    named(&message_id, text)
}

fn named(message_id: &str, text: &str) -> Record {
    let payload = json!({"message_id": message_id, "timestamp": "t", "text": text});
    Record {
        message_id: message_id.to_owned(),
        payload: payload.to_string(),
    }
}

pub(crate) async fn append(history: &dyn History, topic: &Topic, text: &str) -> Appended {
    let record = record(text);
    let appended = history.append(topic, &record, Idempotency::None);
    let appended = soon(appended).await.unwrap();
    assert_eq!(
        (appended.is_new, &appended.message_id),
        (true, &record.message_id)
    );
    appended
}

async fn read(history: &dyn History, topic: &Topic, after: u64, most: usize) -> Page {
    let most = Portion::of(most);
    soon(history.read(topic, after, most)).await.unwrap()
}

/// The texts on a page, with their offsets.
fn texts(page: &Page) -> Vec<(u64, String)> {
    let text = |payload: &str| {
        let value: Value = serde_json::from_str(payload).unwrap();
        value["text"].as_str().unwrap().to_owned()
    };
    page.entries
        .iter()
        .map(|entry| (entry.offset, text(&entry.payload)))
        .collect()
}

fn numbered(range: std::ops::RangeInclusive<u64>) -> Vec<(u64, String)> {
    range.map(|number| (number, number.to_string())).collect()
}

/// Someone who follows a topic's live channel.
struct Follower {
    broker: Arc<dyn Broker>,
    inbox: Arc<Recorder>,
}

impl Follower {
    async fn of(store: &impl Store, topic: &Topic) -> Self {
        let inbox = Recorder::new();
        let broker = store.follow(inbox.clone()).await;
        for channel in [Envelope::live_channel(topic), END.to_owned()] {
            let subscription = Subscription::to(channel);
            soon(broker.subscribe(subscription)).await.unwrap();
        }
        Self { broker, inbox }
    }

    /// All that arrived up to now.
    async fn heard(&self) -> Vec<Value> {
        let end = self.broker.publish(END.into(), bytes::Bytes::new());
        soon(end).await.unwrap();
        let heard = self.inbox.until(END).await;
        let parse = |payload: &[u8]| serde_json::from_slice(payload).unwrap();
        heard
            .iter()
            .map(|delivery| parse(&delivery.payload))
            .collect()
    }
}

pub(crate) async fn a_message_is_recorded_and_delivered_in_one_step<S: Store>() {
    let store = S::start(Bounds::default()).await;
    let history = store.connect().await;
    let room = topic("room:a");
    let follower = Follower::of(&store, &room).await;
    let empty = soon(history.position(&room)).await.unwrap();
    assert_eq!(empty.offset, 0);
    for number in 1..=3 {
        let text = number.to_string();
        let appended = append(&*history, &room, &text).await;
        assert_eq!(appended.position.offset, number);
        assert_eq!(appended.position.epoch, empty.epoch, "as it was announced");
        let live = json!({"offset": number, "epoch": empty.epoch, "timestamp": "t", "text": text,
            "message_id": appended.message_id});
        assert_eq!(follower.heard().await, [live]);
        let position = soon(history.position(&room)).await.unwrap();
        assert_eq!(position, appended.position);
    }
    let page = read(&*history, &room, 0, 10).await;
    assert_eq!((&page.epoch, page.trimmed, page.last), (&empty.epoch, 0, 3));
    assert_eq!(texts(&page), numbered(1..=3));
    // Another topic is another history.
    append(&*history, &topic("project:a"), "1").await;
    assert_eq!(follower.heard().await, [Value::Null; 0]);
    assert_eq!(read(&*history, &room, 0, 10).await, page);
}

pub(crate) async fn a_payload_comes_back_word_for_word<S: Store>() {
    let store = S::start(Bounds::default()).await;
    let history = store.connect().await;
    let room = topic("room:a");
    let follower = Follower::of(&store, &room).await;
    let payload = r#"{"type":"chat","user_id":"42","message_id":"m","timestamp":"t","data":{ "ü" : [1.50,"\u0000\\"]}}"#;
    let odd = Record {
        message_id: "m".to_owned(),
        payload: payload.to_owned(),
    };
    soon(history.append(&room, &odd, Idempotency::None))
        .await
        .unwrap();
    let page = read(&*history, &room, 0, 1).await;
    assert_eq!(&*page.entries[0].payload, payload);
    let live = follower.inbox.next().await;
    let expected = format!(r#"{{"offset":1,"epoch":"{}",{}"#, page.epoch, &payload[1..]);
    assert_eq!(std::str::from_utf8(&live.payload).unwrap(), expected);
    let large = "x".repeat(256 * 1024);
    append(&*history, &room, &large).await;
    assert_eq!(texts(&read(&*history, &room, 1, 1).await), [(2, large)]);
}

pub(crate) async fn many_writers_share_one_order<S: Store>() {
    const WRITERS: usize = 4;
    const EACH: usize = 100;
    let store = S::start(Bounds::default()).await;
    let room = topic("room:a");
    let follower = Follower::of(&store, &room).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (history, room) = (store.connect().await, room.clone());
        writers.spawn(async move {
            for number in 0..EACH {
                append(&*history, &room, &format!("{writer} {number}")).await;
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    let live = follower.heard().await;
    let live: Vec<_> = live
        .iter()
        .map(|one| {
            let text = one["text"].as_str().unwrap().to_owned();
            (one["offset"].as_u64().unwrap(), text)
        })
        .collect();
    let page = read(&*store.connect().await, &room, 0, WRITERS * EACH).await;
    assert_eq!(texts(&page), live, "what is kept is what was delivered");
    let offsets: Vec<_> = live.iter().map(|(offset, _)| *offset).collect();
    assert_eq!(offsets, (1..=(WRITERS * EACH) as u64).collect::<Vec<_>>());
    for writer in 0..WRITERS {
        let prefix = format!("{writer} ");
        let own = live
            .iter()
            .filter_map(|(_, text)| text.strip_prefix(&prefix));
        let own: Vec<usize> = own.map(|number| number.parse().unwrap()).collect();
        assert_eq!(own, (0..EACH).collect::<Vec<_>>());
    }
}

pub(crate) async fn it_is_read_page_by_page<S: Store>() {
    let store = S::start(Bounds::default()).await;
    let history = store.connect().await;
    let room = topic("room:a");
    assert_eq!(read(&*history, &room, 0, 10).await.entries, []);
    for number in 1..=250 {
        append(&*history, &room, &number.to_string()).await;
    }
    for (after, most, expected) in [
        (0, 100, numbered(1..=100)),
        (100, 100, numbered(101..=200)),
        (200, 100, numbered(201..=250)),
        (249, 1, numbered(250..=250)),
        (7, 0, Vec::new()),
        (250, 100, Vec::new()),
        (1_000, 100, Vec::new()),
        (u64::MAX, 100, Vec::new()),
    ] {
        let page = read(&*history, &room, after, most).await;
        assert_eq!(texts(&page), expected, "{after} {most}");
        assert_eq!((page.trimmed, page.last), (0, 250));
    }
}

pub(crate) async fn a_page_has_no_more_bytes_than_are_asked_for<S: Store>() {
    const LARGE: usize = 64 * 1024;
    let store = S::start(Bounds::default()).await;
    let history = store.connect().await;
    let room = topic("room:a");
    // Small ones among large ones, and more than are looked at together.
    let text = |number: usize| "x".repeat(if number.is_multiple_of(5) { 10 } else { LARGE });
    for number in 1..=100 {
        append(&*history, &room, &text(number)).await;
    }
    let sizes = async |after: u64, entries: usize, bytes: usize| -> Vec<(u64, usize)> {
        let most = Portion { entries, bytes };
        let page = soon(history.read(&room, after, most)).await.unwrap();
        assert_eq!((page.trimmed, page.last), (0, 100));
        let entries = page.entries.iter();
        entries
            .map(|entry| (entry.offset, entry.payload.len()))
            .collect()
    };
    let whole = sizes(0, 1_000, usize::MAX).await;
    assert_eq!(whole.len(), 100);
    for (after, entries, bytes) in [
        (0, 1_000, 4 * LARGE),
        (0, 1_000, 40 * LARGE),
        (3, 1_000, 3 * LARGE),
        (50, 2, 40 * LARGE),
        (95, 1_000, 40 * LARGE),
        (100, 10, LARGE),
    ] {
        let rest = &whole[usize::try_from(after).unwrap()..];
        let mut sum = 0;
        let fitting = rest.iter().take(entries).take_while(|(_, size)| {
            sum += size;
            sum <= bytes
        });
        let expected: Vec<_> = fitting.copied().collect();
        assert_eq!(
            sizes(after, entries, bytes).await,
            expected,
            "{after} {bytes}"
        );
    }
    // The first is there however large it is.
    for bytes in [0, 1, LARGE] {
        assert_eq!(sizes(5, 100, bytes).await, [whole[5]]);
        assert_eq!(sizes(5, 0, bytes).await, []);
    }
}

pub(crate) async fn of_too_many_entries_the_oldest_go<S: Store>() {
    let bounds = Bounds {
        entries: 10,
        ..Bounds::default()
    };
    let store = S::start(bounds).await;
    let history = store.connect().await;
    let room = topic("room:a");
    for number in 1..=25 {
        append(&*history, &room, &number.to_string()).await;
    }
    for after in [0, 7, 15] {
        let page = read(&*history, &room, after, 100).await;
        assert_eq!((page.trimmed, page.last), (15, 25));
        assert_eq!(texts(&page), numbered(16..=25));
    }
    let page = read(&*history, &room, 20, 2).await;
    assert_eq!(texts(&page), numbered(21..=22));
}

pub(crate) async fn what_is_too_old_is_not_read_and_offsets_go_on<S: Store>() {
    let bounds = Bounds {
        age: Duration::from_mins(1),
        ..Bounds::default()
    };
    let store = S::start(bounds).await;
    let history = store.connect().await;
    let room = topic("room:a");
    let first = append(&*history, &room, "1").await.position;
    store.pass(40 * SECOND).await;
    append(&*history, &room, "2").await;
    store.pass(30 * SECOND).await;
    let page = read(&*history, &room, 0, 10).await;
    assert_eq!((page.trimmed, page.last), (1, 2));
    assert_eq!(texts(&page), numbered(2..=2));
    store.pass(40 * SECOND).await;
    let page = read(&*history, &room, 0, 10).await;
    assert_eq!((page.trimmed, page.last, page.entries.len()), (2, 2, 0));
    let third = append(&*history, &room, "3").await.position;
    assert_eq!((third.epoch, third.offset), (first.epoch, 3));
}

pub(crate) async fn what_is_known_is_not_appended_again<S: Store>() {
    let store = S::start(Bounds::default()).await;
    let (history, other) = (store.connect().await, store.connect().await);
    let (room, elsewhere) = (topic("room:a"), topic("room:b"));
    let follower = Follower::of(&store, &room).await;
    let by_id = Idempotency::MessageId;
    let first = soon(history.append(&room, &named("m", "1"), by_id))
        .await
        .unwrap();
    assert!(first.is_new);
    // Every replica appends the same broadcast.
    for history in [&history, &other] {
        let again = soon(history.append(&room, &named("m", "1"), by_id))
            .await
            .unwrap();
        assert_eq!((again.is_new, &again.position), (false, &first.position));
    }
    // A key is no message's id, and the message that it stands for has the id it got first.
    let by_key = Idempotency::Key("m");
    let keyed = soon(history.append(&room, &named("n", "2"), by_key))
        .await
        .unwrap();
    assert_eq!((keyed.is_new, keyed.position.offset), (true, 2));
    let again = soon(other.append(&room, &named("o", "2"), by_key))
        .await
        .unwrap();
    assert_eq!((again.is_new, &*again.message_id), (false, "n"));
    assert_eq!(again.position, keyed.position);
    let there = soon(history.append(&elsewhere, &named("m", "1"), by_id))
        .await
        .unwrap();
    assert!(there.is_new, "another topic");
    assert_eq!(follower.heard().await.len(), 2);
    assert_eq!(read(&*history, &room, 0, 10).await.entries.len(), 2);
    store.pass(IDS_LAST + SECOND).await;
    let later = soon(history.append(&room, &named("m", "3"), by_id))
        .await
        .unwrap();
    assert_eq!((later.is_new, later.position.offset), (true, 3));
    let long = "x".repeat(MAX_ID + 1);
    let fourth = record("4");
    let refused = history.append(&room, &fourth, Idempotency::Key(&long));
    assert_eq!(soon(refused).await, Err(HistoryError::TooLarge));
    assert_eq!(soon(history.position(&room)).await.unwrap().offset, 3);
}

pub(crate) async fn what_was_lost_begins_another_epoch<S: Store>() {
    let store = S::start(Bounds::default()).await;
    let history = store.connect().await;
    let room = topic("room:a");
    let before = append(&*history, &room, "1").await.position;
    store.lose().await;
    let after = soon(history.position(&room)).await.unwrap();
    assert_eq!(after.offset, 0);
    assert_ne!(after.epoch, before.epoch);
    assert_eq!(read(&*history, &room, 0, 10).await.epoch, after.epoch);
    let again = append(&*history, &room, "1").await.position;
    assert_eq!((again.epoch, again.offset), (after.epoch, 1));
}

pub(crate) async fn a_cursor_only_moves_forward<S: Store>() {
    let store = S::start(Bounds::default()).await;
    let (history, other) = (store.connect().await, store.connect().await);
    let room = topic("room:a");
    let (anna, ben) = (user("anna"), user("ben"));
    let to = async |who: &UserId, epoch: Option<&str>, offset: u64| {
        soon(history.move_cursor(&room, who, epoch, offset))
            .await
            .unwrap()
    };
    let at = async |who: &UserId| {
        let cursor = soon(other.cursor(&room, who)).await.unwrap();
        cursor.map(|position| position.offset)
    };
    assert_eq!(to(&anna, None, 7).await, 0, "there is nothing to have read");
    assert_eq!(at(&anna).await, None);
    for number in 1..=5 {
        append(&*history, &room, &number.to_string()).await;
    }
    let epoch = soon(history.position(&room)).await.unwrap().epoch;
    assert_eq!(to(&anna, None, 2).await, 2);
    assert_eq!(to(&anna, Some(&epoch), 4).await, 4);
    assert_eq!(to(&anna, Some(&epoch), 3).await, 4, "never back");
    assert_eq!(to(&anna, Some("other"), 5).await, 4, "of another epoch");
    assert_eq!(at(&anna).await, Some(4));
    assert_eq!(at(&ben).await, None, "each has their own");
    assert_eq!(to(&ben, None, u64::MAX).await, 5, "never behind the last");
    store.pass(CURSORS_LAST / 2).await;
    assert_eq!(at(&anna).await, Some(4), "longer than the messages");
    store.lose().await;
    assert_eq!(at(&anna).await, None);
}

pub(crate) async fn without_the_store_nothing_is_appended<S: Store>() {
    let store = S::start(Bounds::default()).await;
    let history = store.connect().await;
    let room = topic("room:a");
    let follower = Follower::of(&store, &room).await;
    append(&*history, &room, "1").await;
    store.cut().await;
    follower.inbox.changed(ConnectionChange::Lost).await;
    let lost = record("lost");
    let refused = history.append(&room, &lost, Idempotency::None);
    // A store may be lost while it is asked.
    let refused = soon(refused).await;
    assert!(
        matches!(
            refused,
            Err(HistoryError::Unavailable | HistoryError::Unanswered)
        ),
        "{refused:?}"
    );
    store.restore().await;
    follower.inbox.changed(ConnectionChange::Restored).await;
    append(&*history, &room, "2").await;
    let page = read(&*history, &room, 0, 10).await;
    assert_eq!(texts(&page), numbered(1..=2));
}

/// All tests for one history.
macro_rules! suite {
    ($store:ty) => {
        $crate::conformance::suite!($store:
            a_message_is_recorded_and_delivered_in_one_step,
            a_payload_comes_back_word_for_word,
            many_writers_share_one_order,
            it_is_read_page_by_page,
            a_page_has_no_more_bytes_than_are_asked_for,
            of_too_many_entries_the_oldest_go,
            what_is_too_old_is_not_read_and_offsets_go_on,
            what_is_known_is_not_appended_again,
            what_was_lost_begins_another_epoch,
            a_cursor_only_moves_forward,
            without_the_store_nothing_is_appended,
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
