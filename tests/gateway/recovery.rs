//! Whoever is cut off and comes back is sent what was missed, each message once and in order, while
//! the publisher goes on; or is told that something is gone.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use mithril::broker::memory::{MemoryBroker, MemoryConnection};
use mithril::broker::{Broker, ConnectionChange, Delivery, Inbox, Subscription};
use mithril::clock::Clock;
use mithril::history::Bounds;
use mithril::history::memory::MemoryHistory;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::{Client, Fixture, NOW, broker_of, record, soon, take_position};

const TOPIC: &str = "room:a";

/// Chance that can be had again.
struct Chance(u64);

impl Chance {
    // SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// A daemon whose broker can be lost while its history goes on, as it is with a store elsewhere.
struct Site {
    fixture: Fixture,
    history: Arc<MemoryHistory>,
    bridge: Arc<Bridge>,
    _far: MemoryConnection,
}

/// Takes what the history delivers to the daemon's broker, if that is there, or when it may.
#[derive(Debug)]
struct Bridge {
    near: MemoryConnection,
    late: Mutex<Option<Vec<Delivery>>>,
}

impl Bridge {
    /// From now on what is delivered is on its way, until it arrives.
    fn delay(&self) {
        *self.late.lock().unwrap() = Some(Vec::new());
    }

    fn arrive(&self) {
        let late = self.late.lock().unwrap().take();
        late.into_iter().flatten().for_each(|one| self.deliver(one));
    }
}

impl Inbox for Bridge {
    fn deliver(&self, delivery: Delivery) {
        match &mut *self.late.lock().unwrap() {
            Some(late) => late.push(delivery),
            // Where the broker is lost, this is.
            None => drop(self.near.deliver(delivery.channel, delivery.payload)),
        }
    }

    fn changed(&self, _: ConnectionChange) {}
}

#[derive(Debug)]
struct Deaf;

impl Inbox for Deaf {
    fn deliver(&self, _: Delivery) {}

    fn changed(&self, _: ConnectionChange) {}
}

impl Site {
    async fn new(plan: &Plan) -> Self {
        let (near, far) = (MemoryBroker::new(), MemoryBroker::new());
        let bounds = Bounds {
            entries: usize::try_from(plan.kept).unwrap(),
            ..Bounds::default()
        };
        let history = Arc::new(MemoryHistory::new(bounds, Clock::system(), &far));
        let bridge = Arc::new(Bridge {
            near: near.connect(Arc::new(Deaf)),
            late: Mutex::default(),
        });
        let connection = far.connect(bridge.clone());
        let live = Subscription::to(format!("mithril:live:{TOPIC}"));
        connection.subscribe(live).await.unwrap();
        let queue = plan.queue;
        let shared = history.clone();
        let fixture = Fixture::with(|config| {
            config.broker = near.into();
            config.history = shared;
            config.limits.connections_per_user = 10_000;
            config.limits.queue_frames = queue;
            config.drain = Duration::from_secs(1);
        });
        Self {
            fixture: fixture.await,
            history,
            bridge,
            _far: connection,
        }
    }
}

/// How a stream goes.
#[derive(Debug, Clone)]
struct Plan {
    messages: u64,
    /// How many messages the history keeps.
    kept: u64,
    /// How many frames may wait for a connection.
    queue: usize,
    /// How many messages a reader reads, at most, before it is cut off.
    cut_within: u64,
    /// How often the daemon loses its broker for a while: once in so many messages.
    outages: Option<u64>,
    /// How often a reader lets others go first for each message.
    pause: u64,
    /// How often the publisher does.
    pace: u64,
}

/// What happened to a reader.
#[derive(Debug, Default)]
struct Read {
    received: u64,
    /// Cuts while the publisher went on.
    cuts: u64,
    recovered: u64,
    refused: u64,
    closed: u64,
}

struct Reader<'a> {
    site: &'a Site,
    plan: &'a Plan,
    chance: Chance,
    published: &'a AtomicU64,
    epoch: String,
    last: u64,
    read: Read,
}

impl Reader<'_> {
    /// Reads until the last message.
    async fn run(mut self) -> Read {
        while self.last < self.plan.messages {
            let claims = json!({"sub": "42", "exp": NOW + 60});
            let mut client = self.site.fixture.connect_v1(&claims, "/ws").await;
            if self.subscribe(&mut client).await {
                let most = self.chance.below(self.plan.cut_within);
                self.follow(&mut client, most).await;
            }
            // It is gone without a word.
            drop(client);
            if self.published.load(Ordering::SeqCst) < self.plan.messages {
                self.read.cuts += 1;
            }
        }
        self.read
    }

    /// Whether that was confirmed: the broker is not always there.
    async fn subscribe(&mut self, client: &mut Client) -> bool {
        let recover = json!({TOPIC: {"epoch": self.epoch, "offset": self.last}});
        let frame = json!({"type": "subscribe", "topics": [TOPIC], "recover": recover,
            "request_id": "r"});
        client.send(frame.to_string()).await;
        // Nothing of the topic comes before the answer, only that the broker was lost.
        let answer = loop {
            match self.next(client).await {
                Some(frame) if frame["type"] == "gap" => {}
                Some(frame) => break frame,
                None => return false,
            }
        };
        assert_eq!(answer["request_id"], "r", "{answer}");
        let Some(subscribed) = answer["data"]["subscribed"].get(0) else {
            assert_eq!(answer["data"]["rejected"][0]["code"], "unavailable");
            return false;
        };
        let offset = subscribed["offset"].as_u64().unwrap();
        if subscribed["recovered"] == true {
            assert_eq!(offset, self.last);
            assert_eq!(subscribed["epoch"], self.epoch);
            self.read.recovered += 1;
        } else {
            // What was published by now shows whether there was a reason.
            let published = self.published.load(Ordering::SeqCst);
            assert!(self.last + self.plan.kept < published, "refused: {answer}");
            self.last = offset;
            self.read.refused += 1;
        }
        true
    }

    /// The next frame; nothing where the daemon has closed the connection and told why.
    async fn next(&mut self, client: &mut Client) -> Option<Value> {
        match soon(client.socket.next()).await {
            Some(Ok(Message::Text(text))) => Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(Some(frame)))) => {
                let code: u16 = frame.code.into();
                assert!([4008, 4013].contains(&code), "{frame:?}");
                self.read.closed += 1;
                None
            }
            other => panic!("{other:?}"),
        }
    }

    async fn follow(&mut self, client: &mut Client, most: u64) {
        let mut count = 0;
        while count < most && self.last < self.plan.messages {
            for _ in 0..self.plan.pause {
                tokio::task::yield_now().await;
            }
            let Some(event) = self.next(client).await else {
                return;
            };
            match event["type"].as_str().unwrap() {
                "user_joined" | "user_left" | "gap" => continue,
                kind => assert_eq!(kind, "event", "{event}"),
            }
            let expected = json!({"type": "event", "subject": TOPIC, "epoch": self.epoch,
                "offset": self.last + 1, "data": self.last + 1});
            assert_eq!(event, expected);
            self.last += 1;
            self.read.received += 1;
            count += 1;
        }
    }
}

/// Publishes on and on, whoever reads.
async fn publish(site: &Site, plan: &Plan, mut chance: Chance, published: &AtomicU64) {
    let broker = &site.fixture.broker;
    let mut left_out = 0;
    for number in 1..=plan.messages {
        published.store(number, Ordering::SeqCst);
        let position = record(&*site.history, TOPIC, &number.to_string()).await;
        assert_eq!(position.unwrap().offset, number);
        if left_out > 0 {
            left_out -= 1;
            if left_out == 0 {
                broker.restore();
            }
        } else if plan.outages.is_some_and(|often| chance.one_in(often)) {
            left_out = 1 + chance.below(20);
            broker.cut();
        }
        for _ in 0..chance.below(plan.pace + 1) {
            tokio::task::yield_now().await;
        }
    }
    broker.restore();
}

/// One stream with so many readers.
async fn stream(seed: u64, plan: &Plan, readers: u64) -> Vec<Read> {
    let site = Site::new(plan).await;
    let published = AtomicU64::new(0);
    let topic = mithril::protocol::Topic::parse(TOPIC).unwrap();
    let begin = mithril::history::History::position(&*site.history, &topic);
    let epoch = begin.await.unwrap().epoch;
    let reading = (0..readers).map(|number| {
        Reader {
            site: &site,
            plan,
            chance: Chance(seed ^ (number + 1).wrapping_mul(0x5851_f42d_4c95_7f2d)),
            published: &published,
            epoch: epoch.clone(),
            last: 0,
            read: Read::default(),
        }
        .run()
    });
    let reading = futures_util::future::join_all(reading);
    let publishing = publish(&site, plan, Chance(seed), &published);
    let (reads, ()) = tokio::join!(reading, publishing);
    for read in &reads {
        if plan.kept >= plan.messages {
            assert_eq!(
                (read.received, read.refused),
                (plan.messages, 0),
                "{plan:?}"
            );
        }
    }
    // Nothing of it stays for the next one, and nothing is stuck.
    assert_eq!(site.fixture.daemon.drain().await, []);
    reads
}

/// The seeds to try: a few, or those of `MITHRIL_SEEDS`, which is a number of them or `FIRST..END`.
fn seeds(few: u64) -> Range<u64> {
    let Ok(asked) = std::env::var("MITHRIL_SEEDS") else {
        return 0..few;
    };
    let number = |text: &str| -> u64 { text.parse().expect("MITHRIL_SEEDS is N or FIRST..END") };
    match asked.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => 0..number(&asked),
    }
}

impl Read {
    fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.cuts += other.cuts;
        self.recovered += other.recovered;
        self.refused += other.refused;
        self.closed += other.closed;
    }
}

/// A stream for each seed, each with so many readers; all that happened to these. Whatever fails says
/// with which seed.
async fn streams(seeds: Range<u64>, readers: u64, plan: impl Fn(&mut Chance) -> Plan) -> Read {
    let mut total = Read::default();
    for seed in seeds {
        let plan = plan(&mut Chance(seed));
        let stream = timeout(Duration::from_mins(2), stream(seed, &plan, readers));
        let reads = AssertUnwindSafe(stream).catch_unwind().await;
        let Ok(Ok(reads)) = reads else {
            panic!("with MITHRIL_SEEDS={seed}..{} and {plan:?}", seed + 1);
        };
        for read in &reads {
            total.add(read);
        }
    }
    total
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_survive_cuts_at_random() {
    let seeds = seeds(2);
    let count = seeds.end - seeds.start;
    let total = streams(seeds, 2, |chance| Plan {
        messages: 10_000,
        kept: 10_000,
        queue: 256,
        cut_within: 100 + chance.below(1_000),
        outages: Some(200 + chance.below(600)),
        pause: 0,
        pace: 1 + chance.below(6),
    });
    let total = total.await;
    assert_eq!(total.received, 2 * 10_000 * count, "{total:?}");
    assert!(total.cuts > 10 * count, "{total:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_slower_than_the_publisher_misses_nothing() {
    let seeds = seeds(2);
    let count = seeds.end - seeds.start;
    let total = streams(seeds, 2, |chance| Plan {
        messages: 3_000,
        kept: 3_000,
        queue: 4 + usize::try_from(chance.below(12)).unwrap(),
        cut_within: 1_000 + chance.below(10_000),
        outages: None,
        pause: 10 + chance.below(20),
        pace: 1,
    });
    let total = total.await;
    assert_eq!(total.received, 2 * 3_000 * count, "{total:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_whose_topic_outgrew_its_history_is_told_so() {
    let seeds = seeds(2);
    let count = seeds.end - seeds.start;
    let total = streams(seeds, 2, |chance| Plan {
        messages: 3_000,
        kept: 50 + chance.below(100),
        queue: 4 + usize::try_from(chance.below(12)).unwrap(),
        cut_within: 20 + chance.below(200),
        outages: None,
        pause: 2 + chance.below(8),
        pace: 1,
    });
    let total = total.await;
    assert!(total.refused >= count, "{total:?}");
    assert!(total.received > 50 * count, "{total:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_streams_with_other_chances_each() {
    let seeds = seeds(40);
    let count = seeds.end - seeds.start;
    let total = streams(seeds, 2, |chance| {
        let messages = 100 + chance.below(200);
        Plan {
            messages,
            kept: [messages, messages, 20, 60][usize::try_from(chance.below(4)).unwrap()],
            queue: [4, 16, 256][usize::try_from(chance.below(3)).unwrap()],
            cut_within: 2 + chance.below(80),
            outages: [None, Some(40)][usize::try_from(chance.below(2)).unwrap()],
            pause: [0, 0, 3][usize::try_from(chance.below(3)).unwrap()],
            pace: [1, 10, 100][usize::try_from(chance.below(3)).unwrap()],
        }
    });
    let total = total.await;
    // Each of these has happened often enough to say something.
    if count >= 40 {
        assert!(
            total.cuts > 2 * count && total.recovered > 5 * count,
            "{total:?}"
        );
        assert!(
            total.refused > count / 10 && total.closed > count / 10,
            "{total:?}"
        );
    }
}

fn claims() -> Value {
    json!({"sub": "42", "exp": NOW + 60})
}

/// The answer to a subscription to one topic that wants what came behind this offset.
async fn recover(client: &mut Client, topic: &str, epoch: &str, offset: u64) -> Value {
    let recover = json!({topic: {"epoch": epoch, "offset": offset}});
    let frame = json!({"type": "subscribe", "topics": [topic], "recover": recover});
    client.ask_with_id(frame).await["data"]["subscribed"][0].clone()
}

async fn offsets(client: &mut Client, expected: impl IntoIterator<Item = u64>) {
    for offset in expected {
        let event = client.receive().await;
        assert_eq!(
            (&event["type"], &event["offset"]),
            (&json!("event"), &json!(offset)),
            "{event}"
        );
    }
}

/// Three messages for a user, and the epoch of these.
async fn with_three_messages(fixture: &Fixture) -> String {
    let mut epoch = String::new();
    for text in ["1", "2", "3"] {
        epoch = fixture.record("ws:42", text).await.epoch;
    }
    epoch
}

#[tokio::test]
async fn a_topic_is_recovered_by_whatever_name_it_has() {
    let fixture = Fixture::start().await;
    let epoch = with_three_messages(&fixture).await;
    let position = json!({"epoch": epoch, "offset": 1});
    let (own, named) = (json!(["ws:{user_id}"]), json!(["ws:42"]));
    for (topics, recover) in [
        (&own, json!({"ws:42": position})),
        (&named, json!({"ws:{user_id}": position})),
        // It is subscribed to from the start.
        (&json!([]), json!({"ws:42": position})),
    ] {
        let mut client = fixture.connect_v1(&claims(), "/ws").await;
        let frame = json!({"type": "subscribe", "topics": topics, "recover": recover});
        let answer = client.ask_with_id(frame).await;
        let subscribed =
            json!([{"topic": "ws:42", "recovered": true, "epoch": epoch, "offset": 1}]);
        let expected = json!({"subscribed": subscribed, "rejected": []});
        assert_eq!(answer["data"], expected, "{topics} {recover}");
        offsets(&mut client, 2..=3).await;
    }
}

#[tokio::test]
async fn a_recovery_that_makes_no_sense_is_rejected() {
    let fixture = Fixture::start().await;
    let epoch = with_three_messages(&fixture).await;
    let mut client = fixture.connect_v1(&claims(), "/ws").await;
    let position = json!({"epoch": epoch, "offset": 2});
    let recover = json!({"room:a": position, "ws:42": position, "ws:{user_id}": position});
    let frame = json!({"type": "subscribe", "topics": ["ws:42"], "recover": recover});
    let data = client.ask_with_id(frame).await["data"].clone();
    let subscribed = json!([{"topic": "ws:42", "recovered": true, "epoch": epoch, "offset": 2}]);
    let rejected = |topic, error| json!({"topic": topic, "code": "bad_request", "error": error});
    let rejected = json!([
        rejected("room:a", "`recover` names a topic that is not in `topics`"),
        rejected("ws:{user_id}", "`recover` names the topic twice"),
    ]);
    assert_eq!(
        data,
        json!({"subscribed": subscribed, "rejected": rejected})
    );
    offsets(&mut client, [3]).await;
}

#[tokio::test]
async fn a_topic_that_is_named_twice_is_answered_once() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    let topics = ["project:p", "project:p", "?", "ws:42", "ws:{user_id}", "?"];
    let frame = json!({"type": "subscribe", "topics": topics,
        "recover": {"project:p": {"epoch": "e", "offset": 1}}});
    let mut data = client.ask_with_id(frame).await["data"].clone();
    for topic in data["subscribed"].as_array_mut().unwrap() {
        take_position(topic);
    }
    let project = json!({"topic": "project:p", "recovered": false});
    // What is subscribed to already comes first.
    assert_eq!(data["subscribed"], json!([{"topic": "ws:42"}, project]));
    assert_eq!(data["rejected"].as_array().unwrap().len(), 1, "{data}");
}

#[tokio::test]
async fn what_the_history_has_outgrown_is_not_recovered() {
    let fixture = Fixture::with(|config| {
        let bounds = Bounds {
            entries: 10,
            ..Bounds::default()
        };
        let history = MemoryHistory::new(bounds, Clock::system(), &broker_of(config));
        config.history = Arc::new(history);
    });
    let fixture = fixture.await;
    let mut epoch = String::new();
    for number in 1..=30 {
        epoch = fixture.record("ws:42", &number.to_string()).await.epoch;
    }
    let mut client = fixture.connect_v1(&claims(), "/ws").await;
    for (epoch, offset) in [(&*epoch, 19), (&*epoch, 31), ("other", 25), ("", 0)] {
        let answer = recover(&mut client, "ws:42", epoch, offset).await;
        assert_eq!(
            (&answer["recovered"], &answer["offset"]),
            (&json!(false), &json!(30))
        );
    }
    let answer = recover(&mut client, "ws:42", &epoch, 20).await;
    let expected = json!({"topic": "ws:42", "recovered": true, "epoch": epoch, "offset": 20});
    assert_eq!(answer, expected);
    offsets(&mut client, 21..=30).await;
    fixture.record("ws:42", "31").await;
    offsets(&mut client, [31]).await;
    let page = fixture
        .http("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    for line in [
        "mithril_history_recoveries_total{result=\"recovered\"} 1\n",
        "mithril_history_recoveries_total{result=\"refused\"} 4\n",
    ] {
        assert!(page.body.contains(line), "{}", page.body);
    }
}

#[tokio::test]
async fn what_this_connection_was_sent_is_not_sent_again() {
    let fixture = Fixture::start().await;
    let mut epoch = String::new();
    for number in 1..=3 {
        epoch = fixture.record("ws:42", &number.to_string()).await.epoch;
    }
    // The own topic is subscribed to without being asked for.
    let mut client = fixture.connect_v1(&claims(), "/ws").await;
    client.expect_silence().await;
    for number in 4..=5 {
        fixture.record("ws:42", &number.to_string()).await;
    }
    offsets(&mut client, 4..=5).await;
    let answer = recover(&mut client, "ws:42", &epoch, 1).await;
    assert_eq!(
        (&answer["recovered"], &answer["offset"]),
        (&json!(true), &json!(1))
    );
    offsets(&mut client, 2..=3).await;
    fixture.record("ws:42", "6").await;
    offsets(&mut client, [6]).await;
    // It has everything behind that now, however it asks.
    let answer = recover(&mut client, "ws:42", &epoch, 1).await;
    assert_eq!(answer["recovered"], true);
    let answer = recover(&mut client, "ws:42", &epoch, 4).await;
    assert_eq!(answer["recovered"], true);
    client.expect_silence().await;
    let frame = json!({"type": "subscribe", "topics": ["ws:42"]});
    let answer = client.ask_with_id(frame).await;
    let expected = json!({"topic": "ws:42", "epoch": epoch, "offset": 6});
    assert_eq!(answer["data"]["subscribed"], json!([expected]));
}

#[tokio::test]
async fn a_history_that_begins_anew_ends_the_connections_that_it_may_have_failed() {
    let broker = MemoryBroker::new();
    let history = MemoryHistory::new(Bounds::default(), Clock::system(), &broker);
    let history = Arc::new(history);
    let (shared, near) = (history.clone(), broker.clone());
    let fixture = Fixture::with(|config| {
        config.history = shared;
        config.broker = near.into();
    });
    let fixture = fixture.await;
    let mut classic = fixture.connect().await;
    let mut v1 = fixture.connect_v1(&claims(), "/ws").await;
    for client in [&mut classic, &mut v1] {
        client.expect_silence().await;
    }
    let before = fixture.record("ws:42", "1").await;
    assert_eq!(classic.receive_text().await, "1");
    offsets(&mut v1, [1]).await;
    history.forget();
    // Nobody knows yet; the next message shows it, or the broker's return.
    let after = fixture.record("ws:42", "2").await;
    assert_ne!(after.epoch, before.epoch);
    for client in [&mut classic, &mut v1] {
        let reason = json!({"code": "insufficient_state"});
        assert_eq!(client.closed().await, (4013, reason));
    }
    let mut v1 = fixture.connect_v1(&claims(), "/ws").await;
    let answer = recover(&mut v1, "ws:42", &before.epoch, 1).await;
    assert_eq!(
        (&answer["recovered"], &answer["epoch"]),
        (&json!(false), &json!(after.epoch))
    );
    history.forget();
    broker.cut();
    broker.restore();
    assert_eq!(v1.closed().await.0, 4013);
}

#[tokio::test]
async fn a_large_history_is_sent_as_fast_as_it_is_read() {
    let fixture = Fixture::with(|config| config.limits.queue_frames = 4).await;
    let filler = "x".repeat(20 * 1024);
    let epoch = fixture.record("ws:42", "first").await.epoch;
    for _ in 0..900 {
        fixture.record("ws:42", &filler).await;
    }
    let mut client = fixture.connect_v1(&claims(), "/ws").await;
    let answer = recover(&mut client, "ws:42", &epoch, 0).await;
    assert_eq!(answer["recovered"], true);
    // It is answered meanwhile.
    client.send(r#"{"type":"ping","request_id":"p"}"#).await;
    let (mut expected, mut pong_after) = (1, None);
    while expected <= 901 {
        let frame = client.receive().await;
        if frame["request_id"] == "p" {
            pong_after = Some(expected);
            continue;
        }
        assert_eq!(frame["offset"], expected);
        expected += 1;
    }
    assert!(
        pong_after.is_some_and(|after| after < 900),
        "{pong_after:?}"
    );
}

#[tokio::test]
async fn whoever_leaves_while_it_is_sent_what_it_missed_is_sent_no_more() {
    let fixture = Fixture::with(|config| config.limits.queue_frames = 4).await;
    let filler = "x".repeat(20 * 1024);
    let epoch = fixture.record("ws:42", "first").await.epoch;
    for _ in 0..900 {
        fixture.record("ws:42", &filler).await;
    }
    let mut client = fixture.connect_v1(&claims(), "/ws").await;
    let answer = recover(&mut client, "ws:42", &epoch, 0).await;
    assert_eq!(answer["recovered"], true);
    let frame = json!({"type": "unsubscribe", "topics": ["ws:42"]});
    client.ask_past_events(frame).await;
    client.expect_silence().await;
    // It may come back at once, for what is left of it.
    let answer = recover(&mut client, "ws:42", &epoch, 899).await;
    assert_eq!(answer["recovered"], true);
    offsets(&mut client, 900..=901).await;
    client.expect_silence().await;
}

#[tokio::test]
async fn a_client_that_has_seen_more_than_its_daemon_is_sent_nothing_twice() {
    let plan = Plan {
        messages: 0,
        kept: 100,
        queue: 256,
        cut_within: 1,
        outages: None,
        pause: 0,
        pace: 0,
    };
    let site = Site::new(&plan).await;
    let mut first = site.fixture.connect_v1(&claims(), "/ws").await;
    first.subscribe(&[TOPIC]).await;
    assert_eq!(first.receive().await["type"], "user_joined");
    site.bridge.delay();
    let mut epoch = String::new();
    for number in 1..=3 {
        let position = record(&*site.history, TOPIC, &number.to_string()).await;
        epoch = position.unwrap().epoch;
    }
    // Another daemon was quicker.
    let mut ahead = site.fixture.connect_v1(&claims(), "/ws").await;
    let answer = recover(&mut ahead, TOPIC, &epoch, 2).await;
    assert_eq!(
        (&answer["recovered"], &answer["offset"]),
        (&json!(true), &json!(2))
    );
    site.bridge.arrive();
    offsets(&mut first, 1..=3).await;
    offsets(&mut ahead, [3]).await;
    record(&*site.history, TOPIC, "4").await.unwrap();
    for client in [&mut first, &mut ahead] {
        offsets(client, [4]).await;
        client.expect_silence().await;
    }
}
