//! Three replicas as processes, one Redis, one tree: whichever replica a socket is on, it gets what
//! it is to get, once.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::binary::mithril;
use crate::content::{exercise_yaml, write_tree};
use crate::fixture::{Client, soon};
use crate::replica::{Replica, connect};
use crate::server::RedisServer;

struct School {
    redis: RedisServer,
    content: tempfile::TempDir,
    replicas: Vec<Replica>,
}

impl School {
    async fn start() -> Self {
        let (redis, content) = (RedisServer::start(), tempfile::tempdir().unwrap());
        write_tree(content.path(), 10);
        let mut replicas = Vec::new();
        for _ in 0..3 {
            replicas.push(Replica::start(&redis, content.path(), &[]).await);
        }
        Self {
            redis,
            content,
            replicas,
        }
    }

    /// Two sockets of this user on each replica, which have these topics.
    async fn sockets(&self, user: &str, topics: &[&str]) -> Vec<Client> {
        let mut sockets = Vec::new();
        for replica in &self.replicas {
            for dialect in [None, Some("mithril.v1")] {
                let connected = connect(replica.address, user, dialect);
                let mut socket = soon(connected).await.unwrap();
                subscribe(&mut socket, topics).await;
                sockets.push(socket);
            }
        }
        sockets
    }

    /// `mithril tail` that follows already.
    async fn tail(&self, channel: &str, count: &str) -> Child {
        let mut command = Command::from(mithril(Path::new("/")));
        command
            .env("REDIS_URL", self.redis.url())
            .args(["tail", channel, "-n", count])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut tail = command.spawn().unwrap();
        let mut told = BufReader::new(tail.stderr.as_mut().unwrap()).lines();
        let line = soon(told.next_line()).await.unwrap().unwrap();
        assert!(line.contains("following"), "{line}");
        tail
    }

    fn publish(&self, arguments: &[&str]) {
        let mut command = mithril(Path::new("/"));
        command.env("REDIS_URL", self.redis.url()).arg("publish");
        let status = command.args(arguments).stdout(Stdio::null()).status();
        assert!(status.unwrap().success(), "{arguments:?}");
    }
}

async fn subscribe(socket: &mut Client, topics: &[&str]) {
    let frame = json!({"type": "subscribe", "topics": topics});
    let answer = socket.ask_past_events(frame).await;
    assert_eq!(answer["data"]["rejected"], json!([]), "{answer}");
}

/// The next frame that is not about who comes and goes.
async fn next(socket: &mut Client) -> Value {
    loop {
        let frame = socket.receive().await;
        if !["user_joined", "user_left"].contains(&frame["type"].as_str().unwrap_or_default()) {
            return frame;
        }
    }
}

async fn silence(socket: &mut Client) {
    socket.send(r#"{"type":"ping"}"#).await;
    assert_eq!(next(socket).await["type"], "pong");
}

/// What a tail has printed when it ends: a JSON object a line.
async fn printed(tail: Child) -> Vec<Value> {
    let output = soon(tail.wait_with_output()).await.unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn redis_cli_reaches_a_user_everywhere_and_whoever_follows() {
    let school = School::start().await;
    let mut sockets = school.sockets("42", &["ws:42"]).await;
    let mut others = school.sockets("7", &["ws:7"]).await;
    let (one, all) = (
        school.tail("ws:42", "1").await,
        school.tail("ws:*", "2").await,
    );
    assert_eq!(school.redis.cli(&["PUBLISH", "ws:42", "hello"]), "5");
    assert_eq!(
        school.redis.cli(&["PUBLISH", "ws:nobody", "{\"a\":\n1}"]),
        "1"
    );
    for (index, socket) in sockets.iter_mut().enumerate() {
        let text = socket.receive_text().await;
        if index % 2 == 0 {
            assert_eq!(text, "hello");
        } else {
            let event: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                event,
                json!({"type": "event", "subject": "ws:42", "data": "hello"})
            );
        }
    }
    for socket in sockets.iter_mut().chain(&mut others) {
        silence(socket).await;
    }
    let lines = printed(one).await;
    assert_eq!(
        (&lines[0]["channel"], &lines[0]["text"]),
        (&json!("ws:42"), &json!("hello"))
    );
    let lines = printed(all).await;
    assert_eq!(lines[1]["data"], json!({"a": 1}));
}

#[tokio::test]
async fn what_is_recorded_reaches_each_socket_once_however_it_was_published() {
    let school = School::start().await;
    let mut sockets = school.sockets("42", &["room:a", "project:p"]).await;
    school.publish(&["room:a", "--data", "1"]);
    school.publish(&["project:p", "--event", "built", "--data", "2"]);
    school.publish(&["ws:42", "--event", "graded", "--data", "3"]);
    let broadcast = json!({"type": "built", "data": 4, "project_id": "p", "source": "test",
                           "timestamp": "2026-01-01T00:00:00Z", "message_id": "m"});
    for _ in 0..2 {
        school
            .redis
            .cli(&["PUBLISH", "websocket:broadcast", &broadcast.to_string()]);
    }
    school.publish(&["project:p", "--event", "built", "--data", "5"]);
    for (index, socket) in sockets.iter_mut().enumerate() {
        let mut numbers = Vec::new();
        for _ in 0..5 {
            let frame = next(socket).await;
            let is_v1 = index % 2 == 1;
            assert_eq!(frame["offset"].is_u64(), is_v1, "{frame}");
            let said = if is_v1 {
                &frame["data"]["data"]
            } else {
                &frame["data"]
            };
            numbers.push(said.as_u64().unwrap());
        }
        // Topics have an order each, and none among each other.
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        silence(socket).await;
    }
    assert_eq!(
        school.redis.cli(&["XLEN", "mithril:stream:{project:p}"]),
        "3"
    );
}

#[tokio::test]
async fn an_edit_is_told_to_each_socket_once_and_is_there_by_then() {
    let school = School::start().await;
    let mut sockets = school.sockets("42", &["exercise.updated"]).await;
    let file = school
        .content
        .path()
        .join("pool-0000/ex000003/exercise.yaml");
    let changed = exercise_yaml(3).replace("Exercise 3", "Edited");
    let beside = file.with_extension("new");
    std::fs::write(&beside, changed).unwrap();
    std::fs::rename(&beside, &file).unwrap();
    for socket in &mut sockets {
        let event = next(socket).await;
        assert_eq!(event["subject"], "exercise.updated", "{event}");
        assert_eq!(event["data"]["exercise_id"], "ex000003");
        let answer = socket
            .request("exercise.get", json!({"exercise_id": "ex000003"}))
            .await;
        assert_eq!(answer["data"]["exercise"]["title"], "Edited", "{answer}");
    }
    // Every replica has told its own by now, and what it may have told the others has arrived.
    school.redis.cli(&["PUBLISH", "ws:42", "1"]);
    for socket in &mut sockets {
        let frame = socket.receive().await;
        assert!(frame == json!(1) || frame["data"] == json!(1), "{frame}");
        silence(socket).await;
    }
}
