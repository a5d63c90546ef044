//! `mithril tail` and `mithril publish --ephemeral` on a real Redis.

use serde_json::{Value, json};

use crate::daemon::{Gateway, SECRET, soon, token};
use crate::fixture::{Outcome, mithril};
use crate::support::RedisServer;
use crate::tail::Tail;

async fn following(redis: &RedisServer, arguments: &[&str]) -> Tail {
    Tail::following(arguments, &[("REDIS_URL", &redis.url())]).await
}

/// A line without its time, which is checked to be one.
fn timeless(mut line: Value) -> Value {
    let time = line.as_object_mut().unwrap().remove("time").unwrap();
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    assert!(time > jiff::Timestamp::UNIX_EPOCH);
    line
}

fn publish(redis: &RedisServer, arguments: &[&str], data: &str) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("data"), data).unwrap();
    let mut command = mithril(directory.path());
    command
        .env("REDIS_URL", redis.url())
        .arg("publish")
        .args(arguments)
        .args(["--ephemeral", "--data", "@data", "--format", "json"]);
    command.output().unwrap().into()
}

#[tokio::test]
async fn raw_and_recorded_messages_of_several_channels_are_shown() {
    let redis = RedisServer::start();
    let channels = ["ws:42", "room:a", "websocket:broadcast"];
    let mut tail = following(&redis, &channels).await;
    redis.cli(&["PUBLISH", "ws:42", "hello"]);
    redis.cli(&["PUBLISH", "ws:43", "not asked for"]);
    redis.cli(&["PUBLISH", "room:a", r#"{"event": "done", "points": 1.50}"#]);
    let kept = r#"{"offset":1,"epoch":"e","message_id":"m","timestamp":"2026-01-01T00:00:00Z","data":{"event":"kept"}}"#;
    redis.cli(&["PUBLISH", "mithril:live:ws:42", kept]);
    let broadcast = r#"{"type":"news","data":{},"source":"test"}"#;
    redis.cli(&["PUBLISH", "websocket:broadcast", broadcast]);
    assert_eq!(
        timeless(tail.json().await),
        json!({"type": "message", "channel": "ws:42", "text": "hello", "durable": false})
    );
    let line = tail.line().await;
    assert!(
        line.contains(r#""data":{"event":"done","points":1.50}"#),
        "{line}"
    );
    let recorded = tail.json().await;
    assert_eq!(recorded["time"], "2026-01-01T00:00:00.000Z");
    assert_eq!(
        timeless(recorded),
        json!({"type": "message", "channel": "ws:42", "event": "kept", "data": {"event": "kept"},
               "durable": true})
    );
    let line = tail.json().await;
    assert_eq!(line["channel"], "websocket:broadcast");
    assert_eq!(line["event"], "news");
}

#[tokio::test]
async fn globs_are_those_of_redis() {
    let redis = RedisServer::start();
    let mut tail = following(
        &redis,
        &["ws:4?", "*:[ab]", "--template", "{channel} {text}"],
    )
    .await;
    for channel in [
        "ws:4",
        "ws:42",
        "ws:421",
        "room:b",
        "room:c",
        "mithril:live:room:a",
    ] {
        redis.cli(&["PUBLISH", channel, "hello"]);
    }
    redis.cli(&["PUBLISH", "ws:49", "the end"]);
    assert_eq!(tail.line().await, "ws:42 hello");
    assert_eq!(tail.line().await, "room:b hello");
    // It is no recorded message, and so shown as what it is.
    assert_eq!(tail.line().await, "mithril:live:room:a hello");
    assert_eq!(tail.line().await, "ws:49 the end");
}

#[tokio::test]
async fn a_project_hears_its_broadcasts() {
    let redis = RedisServer::start();
    let mut tail = following(&redis, &["project:p"]).await;
    for project in ["q", "p"] {
        let envelope = json!({"type": "built", "data": {}, "project_id": project});
        redis.cli(&["PUBLISH", "websocket:broadcast", &envelope.to_string()]);
    }
    let line = tail.json().await;
    assert_eq!(line["channel"], "websocket:broadcast");
    assert_eq!(line["data"]["project_id"], "p");
}

#[tokio::test]
async fn it_comes_back_to_redis_and_marks_the_gap() {
    let mut redis = RedisServer::start();
    let mut tail = following(&redis, &["ws:42", "ws:5*", "--format", "human"]).await;
    redis.kill();
    tail.told("is lost; trying again").await;
    redis.restart();
    let gap = tail.line().await;
    assert!(gap.starts_with("--- reconnected after "), "{gap}");
    assert!(gap.ends_with(" s, messages may be missing ---"), "{gap}");
    redis.cli(&["PUBLISH", "ws:42", "\u{1b}[2Jhello"]);
    redis.cli(&["PUBLISH", "ws:51", r#"{"event":"done"}"#]);
    let line = tail.line().await;
    assert!(line.ends_with(r" ws:42 \u{1b}[2Jhello"), "{line}");
    let line = tail.line().await;
    assert!(line.ends_with(r#" ws:51 done {"event":"done"}"#), "{line}");
}

#[tokio::test]
async fn a_lost_redis_can_be_the_end() {
    let mut redis = RedisServer::start();
    let tail = following(&redis, &["ws:42", "--no-reconnect"]).await;
    redis.kill();
    let end = tail.end().await;
    assert_eq!(end.code, Some(1));
    let told = end.err.join("\n");
    assert!(told.contains("error: the connection to Redis at"), "{told}");
}

#[tokio::test]
async fn what_comes_faster_than_it_is_read_is_counted() {
    const COUNT: u64 = 400;
    let redis = RedisServer::start();
    let mut tail = following(&redis, &["ws:42"]).await;
    let command = format!("PUBLISH ws:42 {}\n", "x".repeat(100_000));
    let commands = command.repeat(usize::try_from(COUNT).unwrap());
    assert!(redis.cli_with(&[], commands.as_bytes()).status.success());
    // Redis has nothing left to send, and what is on its way is far less than what was sent.
    while !redis
        .cli(&["CLIENT", "LIST", "TYPE", "pubsub"])
        .contains(" omem=0 ")
    {}
    let (mut shown, mut dropped) = (0, 0);
    while shown + dropped < COUNT {
        let line = tail.json().await;
        match line["type"].as_str().unwrap() {
            "message" => shown += 1,
            "dropped" => dropped += line["count"].as_u64().unwrap(),
            other => panic!("{other}"),
        }
    }
    assert_eq!(shown + dropped, COUNT);
    assert!(
        dropped > 0 && shown > 10,
        "{shown} shown, {dropped} dropped"
    );
    redis.cli(&["PUBLISH", "ws:42", "the end"]);
    assert_eq!(tail.json().await["text"], "the end");
}

#[tokio::test]
async fn a_redis_that_can_not_be_followed_says_why_and_no_secret() {
    let redis = RedisServer::with(&["--requirepass", "right"]);
    let port = redis.port();
    let free = crate::support::free_port();
    for (url, why) in [
        (
            format!("redis://:hunter2@127.0.0.1:{port}"),
            "refuses the user or the password",
        ),
        (format!("redis://127.0.0.1:{port}"), "wants a password"),
        (
            format!("redis://:hunter2@127.0.0.1:{free}"),
            "can't be reached",
        ),
    ] {
        let end = Tail::start(&["ws:42"], &[("REDIS_URL", &url)]).end().await;
        let told = end.err.join("\n");
        assert_eq!(end.code, Some(2), "{told}");
        assert!(told.contains(why), "{told}");
        let mut command = mithril(&std::env::temp_dir());
        command.env("REDIS_URL", &url);
        command.args(["publish", "ws:42", "--event", "a", "--ephemeral"]);
        let published: Outcome = command.output().unwrap().into();
        assert_eq!(published.code, 2, "{}", published.stderr);
        assert!(published.stderr.contains(why), "{}", published.stderr);
        let told = told + &published.stderr;
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_notification_reaches_who_listens() {
    let redis = RedisServer::start();
    let gateway_redis = [("REDIS_URL", redis.url())];
    let environment: Vec<_> = gateway_redis
        .iter()
        .map(|(k, v)| (*k, v.as_str()))
        .collect();
    let free = ([127, 0, 0, 1], 0).into();
    let gateway = Gateway::with(free, SECRET, &environment).await;
    let url = gateway.url();
    let token = token(SECRET, "42", &[]);
    let mut through = Tail::following(
        &["ws:{user_id}", "--url", &url],
        &[("MITHRIL_TOKEN", &token)],
    )
    .await;
    let mut direct = following(&redis, &["ws:*", "--event", "task.*", "-n", "1"]).await;
    let data = r#"{"points": 1.50}"#;
    let published = publish(&redis, &["ws:42", "--event", "task.done"], data);
    assert_eq!(published.code, 0, "{}", published.stderr);
    let outcome: Value = serde_json::from_str(&published.stdout).unwrap();
    assert_eq!(outcome["topic"], "ws:42");
    assert_eq!(outcome["receivers"], 2);
    for line in [through.line().await, direct.line().await] {
        assert!(
            line.contains(&format!(r#""data":{}"#, data.replace(' ', ""))),
            "{line}"
        );
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["channel"], "ws:42");
        assert_eq!(line["event"], "task.done");
        assert_eq!(line["data"]["event"], "task.done");
        assert_eq!(line["data"]["correlation_id"], outcome["correlation_id"]);
        let time = line["data"]["timestamp"].as_str().unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
        assert_eq!(line["durable"], false);
    }
    assert_eq!(soon(direct.end()).await.code, Some(0));
}

#[tokio::test]
async fn rooms_projects_and_subjects_get_what_their_members_expect() {
    let redis = RedisServer::start();
    let mut tail = following(&redis, &["room:a", "project:p", "exercise.*.progress"]).await;
    for (topic, event) in [
        ("room:a", None),
        ("project:p", Some("built")),
        ("exercise.42.progress", None),
    ] {
        let event = event
            .map(|event| vec!["--event", event])
            .unwrap_or_default();
        let published = publish(&redis, &[&[topic], &event[..]].concat(), r#"{"a":1}"#);
        assert_eq!(published.code, 0, "{}", published.stderr);
    }
    let room = tail.json().await;
    assert_eq!(
        (&room["event"], &room["data"]["room"]),
        (&json!("chat"), &json!("a"))
    );
    let project = tail.json().await;
    assert_eq!(project["data"]["project_id"], "p");
    assert_eq!(project["data"]["data"], json!({"a": 1}));
    let subject = tail.json().await;
    assert_eq!(subject["channel"], "exercise.42.progress");
    assert_eq!(subject["data"], json!({"a": 1}));
}
