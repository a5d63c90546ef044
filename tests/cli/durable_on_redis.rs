//! `mithril publish` on a real Redis as everybody uses it, and `mithril tail` of what was published
//! before.

use std::path::Path;

use serde_json::{Value, json};

use crate::daemon::{Gateway, SECRET};
use crate::fixture::{Outcome, mithril};
use crate::support::RedisServer;
use crate::tail::Tail;

const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

fn publish(redis: &RedisServer, arguments: &[&str]) -> Outcome {
    let mut command = mithril(Path::new("/"));
    let command = command.env("REDIS_URL", redis.url()).arg("publish");
    let command = command.args(arguments).args(["--format", "json"]);
    command.output().unwrap().into()
}

/// What it says of a message that was published.
fn published(redis: &RedisServer, arguments: &[&str]) -> Value {
    let outcome = publish(redis, arguments);
    assert_eq!((outcome.code, &*outcome.stderr), (0, ""), "{arguments:?}");
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn names(value: &Value) -> Vec<&str> {
    let fields = value.as_object().unwrap();
    fields.keys().map(String::as_str).collect()
}

/// A gateway on this Redis.
async fn gateway(redis: &RedisServer, environment: &[(&str, &str)]) -> Gateway {
    let url = redis.url();
    let environment = [&[("REDIS_URL", &*url)], environment].concat();
    Gateway::with(([127, 0, 0, 1], 0).into(), SECRET, &environment).await
}

#[tokio::test]
async fn what_is_published_is_recorded_and_reaches_whoever_follows() {
    let redis = RedisServer::start();
    let environment = [("REDIS_URL", &*redis.url())];
    let mut tail = Tail::following(&["ws:42", "room:a", "project:p"], &environment).await;
    for (topic, event, columns) in [
        (
            "ws:42",
            "done",
            &["correlation_id", "epoch", "message_id", "offset", "topic"][..],
        ),
        (
            "room:a",
            "news",
            &["epoch", "message_id", "offset", "topic"],
        ),
        (
            "project:p",
            "built",
            &["epoch", "message_id", "offset", "topic"],
        ),
    ] {
        for offset in 1..=2 {
            let data = json!({"n": offset}).to_string();
            let outcome = published(&redis, &[topic, "--event", event, "--data", &data]);
            let mut found = names(&outcome);
            found.sort_unstable();
            assert_eq!(found, columns);
            assert_eq!(
                (&outcome["topic"], &outcome["offset"]),
                (&json!(topic), &json!(offset))
            );
            let line = tail.json().await;
            assert_eq!(
                (&line["channel"], &line["event"], &line["durable"]),
                (&json!(topic), &json!(event), &json!(true))
            );
            assert_eq!(line["data"]["data"]["n"], offset, "{line}");
        }
        let stream = format!("mithril:stream:{{{topic}}}");
        assert_eq!(redis.cli(&["XLEN", &stream]), "2");
    }
}

#[test]
fn what_has_a_key_is_published_once() {
    let redis = RedisServer::start();
    let arguments = ["room:a", "--data", "1", "--idempotency-key", "k"];
    let first = published(&redis, &arguments);
    assert_eq!(published(&redis, &arguments), first);
    assert_eq!(redis.cli(&["XLEN", "mithril:stream:{room:a}"]), "1");
    let other = published(&redis, &["room:a", "--data", "1", "--idempotency-key", "l"]);
    assert_eq!(other["offset"], 2);
}

#[test]
fn what_can_not_be_recorded_says_why() {
    let mut redis = RedisServer::start();
    let long = "k".repeat(129);
    for (arguments, why) in [
        (
            &["exercise.42.progress"][..],
            "publish it to who listens now with --ephemeral",
        ),
        (&["room:a", "--idempotency-key", ""], "has 1 to 128 bytes"),
        (
            &["room:a", "--idempotency-key", &long],
            "has 1 to 128 bytes",
        ),
    ] {
        let outcome = publish(&redis, arguments);
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{arguments:?}");
        assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    }
    redis.cli(&["SET", "mithril:stream:{room:a}", "foreign"]);
    redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    let outcome = publish(&redis, &["room:a"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("is out of memory"),
        "{}",
        outcome.stderr
    );
    redis.kill();
    let outcome = publish(&redis, &["room:a"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("can't be reached"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("not known"), "{}", outcome.stderr);
}

#[tokio::test]
async fn a_publisher_that_trusts_less_does_not_end_what_a_daemon_goes_on_with() {
    let mut redis = RedisServer::with(&DURABLE);
    let trust = [("MITHRIL_HISTORY_TRUST_RESTART", "true")];
    let gateway = gateway(&redis, &trust).await;
    let mut client = gateway.connect("7").await;
    client.say("a", json!(1)).await;
    let second = published(&redis, &["room:a", "--data", "2"]);
    assert_eq!(second["offset"], 2);
    redis.restart();
    // The daemon finds it again by itself.
    let subscribe = json!({"type": "subscribe", "topics": ["room:b"]});
    while client.ask(subscribe.clone()).await["data"]["rejected"] != json!([]) {
        tokio::task::yield_now().await;
    }
    while client
        .ask(json!({"type": "history", "topic": "room:a"}))
        .await["data"]["offset"]
        != 2
    {}
    client.say("a", json!(3)).await;
    let fourth = published(&redis, &["room:a", "--data", "4"]);
    assert_eq!(
        (&fourth["epoch"], &fourth["offset"]),
        (&second["epoch"], &json!(4))
    );
}

/// Follows, and prints the channel and the number of each message.
fn start(redis: &RedisServer, arguments: &[&str]) -> Tail {
    let template = ["--template", "{channel} {data.data}"];
    let url = redis.url();
    Tail::start(&[arguments, &template].concat(), &[("REDIS_URL", &url)])
}

#[tokio::test]
async fn a_tail_begins_with_the_last_messages() {
    let redis = RedisServer::start();
    for number in 1..=4 {
        let number = number.to_string();
        published(&redis, &["room:a", "--data", &number]);
    }
    published(&redis, &["project:p", "--data", "5"]);
    published(&redis, &["ws:42", "--event", "e", "--data", "6"]);
    let mut tail = start(&redis, &["room:a", "room:none", "project:*", "--last", "2"]);
    for line in ["project:p 5", "room:a 3", "room:a 4"] {
        assert_eq!(tail.line().await, line);
    }
    tail.told("following").await;
    published(&redis, &["room:a", "--data", "7"]);
    redis.cli(&["PUBLISH", "room:a", r#"{"data":8}"#]);
    published(&redis, &["room:none", "--data", "9"]);
    published(&redis, &["project:q", "--data", "10"]);
    for line in ["room:a 7", "room:a 8", "room:none 9", "project:q 10"] {
        assert_eq!(tail.line().await, line);
    }
    let end = start(&redis, &["*", "--last", "1", "-n", "5"]).end().await;
    let lines = [
        "project:p 5",
        "project:q 10",
        "room:a 7",
        "room:none 9",
        "ws:42 6",
    ];
    assert_eq!(
        (end.code, end.out),
        (Some(0), lines.map(str::to_owned).to_vec())
    );
    let end = start(
        &redis,
        &["room:a", "--last", "9", "--event", "none", "--for", "0.1"],
    );
    assert_eq!(end.end().await.out, [""; 0]);
}

#[tokio::test]
async fn a_tail_begins_with_what_is_not_older() {
    let redis = RedisServer::start();
    let keep = |offset: &str, time: &str| {
        let payload =
            format!(r#"{{"type":"chat","message_id":"m","timestamp":"{time}","data":{offset}}}"#);
        let id = format!("{offset}-0");
        let now = redis.cli(&["TIME"]);
        let now = format!("{}000", now.lines().next().unwrap());
        redis.cli(&[
            "XADD",
            "mithril:stream:{room:a}",
            &id,
            "at",
            &now,
            "payload",
            &payload,
        ]);
        redis.cli(&[
            "HSET",
            "mithril:stream-meta:{room:a}",
            "last",
            offset,
            "at",
            &now,
        ]);
    };
    published(&redis, &["room:a", "--data", "1"]);
    keep("2", "2026-01-01T00:00:00Z");
    published(&redis, &["room:a", "--data", "3"]);
    let end = start(&redis, &["room:a", "--since", "1h", "-n", "2"])
        .end()
        .await;
    assert_eq!(end.out, ["room:a 1", "room:a 3"]);
    let end = start(
        &redis,
        &["room:a", "--since", "1h", "--last", "2", "-n", "1"],
    )
    .end()
    .await;
    assert_eq!(end.out, ["room:a 3"]);
}

#[tokio::test]
async fn between_what_was_and_what_is_there_is_no_hole_and_nothing_twice() {
    let redis = RedisServer::start();
    let gateway = gateway(&redis, &[]).await;
    let mut client = gateway.connect("7").await;
    let mut sent = 0;
    for _ in 0..250 {
        sent += 1;
        client.say("a", json!(sent)).await;
    }
    let mut tails: Vec<Tail> = Vec::new();
    for _ in 0..3 {
        tails.push(start(
            &redis,
            &["room:a", "--last", "1000", "--event", "chat"],
        ));
        // It is read while more is said.
        for _ in 0..100 {
            sent += 1;
            client.say("a", json!(sent)).await;
        }
    }
    for tail in &mut tails {
        for number in 1..=sent {
            assert_eq!(tail.line().await, format!("room:a {number}"));
        }
    }
}

#[tokio::test]
async fn what_has_no_history_has_no_past() {
    let redis = RedisServer::start();
    for channel in [
        "websocket:broadcast",
        "exercise.7.progress",
        "exercise.*",
        "any",
    ] {
        let end = start(&redis, &[channel, "--last", "1"]).end().await;
        let told = end.err.join("\n");
        assert_eq!(end.code, Some(2), "{told}");
        assert!(
            told.contains(&format!("there is no history of {channel}")),
            "{told}"
        );
    }
}
