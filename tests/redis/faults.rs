//! Servers that are not there yet, are killed, or stop without ending.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use mithril::broker::redis::{RedisBroker, RedisConfig};
use mithril::broker::{Broker, BrokerError, ConnectionChange, Delivery, Inbox, Subscription};
use mithril::metrics::Metrics;
use mithril::shutdown::Tasks;

use crate::recorder::{Recorder, soon};
use crate::server::RedisServer;
use crate::subscriber::{Subscriber, impatient};

#[tokio::test]
async fn a_server_that_comes_later_is_found() {
    let mut server = RedisServer::start();
    server.kill();
    let subscriber = Subscriber::patient(&server.url());
    subscriber.inbox.changed(ConnectionChange::Lost).await;
    assert!(!subscriber.broker.is_connected());
    let failed = Err(BrokerError::Disconnected);
    assert_eq!(subscriber.publish("a", "1").await, failed);
    server.restart();
    subscriber.inbox.changed(ConnectionChange::Restored).await;
    subscriber.subscribe("a").await.unwrap();
    assert_eq!(server.cli(&["PUBLISH", "a", "hello"]), "1");
    assert_eq!(subscriber.next().await, ("a".into(), "hello".into()));
    let page = subscriber.metrics.encode().unwrap();
    for line in [
        "mithril_broker_up{broker=\"redis\"} 1",
        "mithril_broker_reconnects_total{broker=\"redis\"} 1",
        "mithril_redis_publish_total{result=\"disconnected\"} 1",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
}

#[tokio::test]
async fn a_frozen_server_is_noticed_and_what_was_given_up_is_not_done_later() {
    let server = RedisServer::start();
    let (here, there) = (
        Subscriber::impatient(&server.url()),
        Subscriber::impatient(&server.url()),
    );
    here.subscribe("a").await.unwrap();
    there.publish("a", "before").await.unwrap();
    assert_eq!(here.next().await.1, "before");
    server.freeze();
    there.inbox.changed(ConnectionChange::Lost).await;
    here.inbox.changed(ConnectionChange::Lost).await;
    // The ports still answer: only the server does not.
    assert_eq!(
        there.publish("a", "lost").await,
        Err(BrokerError::Disconnected)
    );
    assert!(here.subscribe("b").await.is_err());
    server.thaw();
    here.inbox.changed(ConnectionChange::Restored).await;
    there.inbox.changed(ConnectionChange::Restored).await;
    there.publish("a", "after").await.unwrap();
    assert_eq!(here.next().await.1, "after");
}

#[tokio::test]
async fn a_publish_that_is_not_answered_makes_the_subscriber_look() {
    let server = RedisServer::start();
    // Nothing is idle for five seconds here, so only the doubt can be the reason.
    let subscriber = Subscriber::patient(&server.url());
    subscriber.subscribe("a").await.unwrap();
    server.freeze();
    let outcome = subscriber.publish("a", "?").await;
    assert!(
        matches!(outcome, Err(BrokerError::Timeout(_))),
        "{outcome:?}"
    );
    subscriber.inbox.changed(ConnectionChange::Lost).await;
    server.thaw();
    subscriber.inbox.changed(ConnectionChange::Restored).await;
}

#[tokio::test]
async fn whatever_happens_nothing_comes_twice_or_out_of_order() {
    const ROUNDS: usize = 6;
    let mut server = RedisServer::start();
    let subscriber = Subscriber::impatient(&server.url());
    for channel in ["ws:1", "room:*", "room:a"] {
        subscriber.subscribe(channel).await.unwrap();
    }
    let mut sent = 0;
    for round in 0..ROUNDS {
        // One connection publishes some hundred messages, and is cut off in the middle of the last.
        let mut commands = String::new();
        for _ in 0..200 {
            sent += 1;
            writeln!(commands, "PUBLISH ws:1 {sent}\nPUBLISH room:a {sent}").unwrap();
        }
        server.cli_with(&[], commands.as_bytes());
        if round % 2 == 0 {
            server.restart();
        } else {
            server.freeze();
            subscriber.inbox.changed(ConnectionChange::Lost).await;
            server.thaw();
        }
        subscriber.inbox.changed(ConnectionChange::Restored).await;
    }
    server.cli(&["PUBLISH", "room:end", ""]);
    let mut last: HashMap<String, usize> = HashMap::new();
    let mut heard = 0;
    for delivery in subscriber.inbox.until("room:end").await {
        let number: usize = String::from_utf8(delivery.payload.to_vec())
            .unwrap()
            .parse()
            .unwrap();
        let before = last.insert(delivery.channel.to_string(), number);
        assert!(
            before.is_none_or(|before| before < number),
            "{before:?} {number}"
        );
        heard += 1;
    }
    assert!(heard > ROUNDS * 200, "only {heard} were heard at all");
}

#[tokio::test]
async fn many_subscriptions_are_made_anew_before_the_broker_is_back() {
    const USERS: usize = 5_000;
    let mut server = RedisServer::start();
    let subscriber = Subscriber::patient(&server.url());
    let users = (0..USERS).map(|user| {
        let channel = format!("ws:{user}");
        subscriber.broker.subscribe(Subscription::to(channel))
    });
    for confirmed in soon(futures_util::future::join_all(users)).await {
        confirmed.unwrap();
    }
    let numbers = |server: &RedisServer| server.cli(&["PUBSUB", "NUMSUB", "ws:0", "ws:4999"]);
    assert_eq!(numbers(&server), "ws:0\n1\nws:4999\n1");
    server.restart();
    subscriber.inbox.changed(ConnectionChange::Restored).await;
    let channels = server.cli(&["PUBSUB", "CHANNELS"]);
    assert_eq!(channels.lines().count(), USERS);
    // Those that are left are left on the server too, and only those.
    subscriber
        .broker
        .unsubscribe(Subscription::to("ws:0"))
        .await
        .unwrap();
    assert_eq!(numbers(&server), "ws:0\n0\nws:4999\n1");
}

/// An inbox that can't bear everything.
#[derive(Debug, Default)]
struct Delicate {
    recorder: Arc<Recorder>,
}

impl Inbox for Delicate {
    fn deliver(&self, delivery: Delivery) {
        assert!(delivery.payload != "poison", "on purpose");
        Inbox::deliver(&*self.recorder, delivery);
    }

    fn changed(&self, change: ConnectionChange) {
        Inbox::changed(&*self.recorder, change);
    }
}

#[tokio::test]
async fn a_message_that_its_receiver_cannot_bear_ends_nothing_else() {
    let server = RedisServer::start();
    let (inbox, tasks) = (Arc::new(Delicate::default()), Tasks::new());
    let config = RedisConfig {
        url: server.url().parse().unwrap(),
        timing: impatient(),
    };
    let broker = RedisBroker::connect(config, inbox.clone(), Metrics::new(), &tasks);
    soon(broker.subscribe(Subscription::to("a"))).await.unwrap();
    server.cli(&["PUBLISH", "a", "poison"]);
    inbox.recorder.changed(ConnectionChange::Restored).await;
    server.cli(&["PUBLISH", "a", "food"]);
    assert_eq!(inbox.recorder.next().await.payload, "food");
}

#[tokio::test]
async fn last_words_are_published_when_the_process_stops() {
    let server = RedisServer::start();
    let heard = Subscriber::patient(&server.url());
    heard.subscribe("a").await.unwrap();
    let tasks = Tasks::new();
    let config = RedisConfig::new(server.url().parse().unwrap());
    let broker = RedisBroker::connect(config, Recorder::new(), Metrics::new(), &tasks);
    soon(broker.subscribe(Subscription::to("b"))).await.unwrap();
    tasks.stop();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    assert_eq!(tasks.join(deadline).await, []);
    soon(broker.publish("a".into(), "farewell".into()))
        .await
        .unwrap();
    assert_eq!(heard.next().await.1, "farewell");
    let late = soon(broker.subscribe(Subscription::to("c"))).await;
    assert_eq!(late, Err(BrokerError::Disconnected));
}

#[tokio::test]
async fn who_is_dropped_is_gone() {
    let server = RedisServer::start();
    let subscriber = Subscriber::patient(&server.url());
    subscriber.subscribe("a").await.unwrap();
    assert_eq!(server.cli(&["PUBLISH", "a", "x"]), "1");
    drop(subscriber);
    let gone = async {
        while server.cli(&["PUBLISH", "a", "x"]) != "0" {
            tokio::task::yield_now().await;
        }
    };
    soon(gone).await;
}
