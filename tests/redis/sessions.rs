//! A launch is in Redis for a day where Redis takes it, and is answered whether it does or not.

use serde_json::{Value, json};

use crate::degraded::daemon;
use crate::fixture::{Client, Fixture, soon, token};
use crate::server::RedisServer;

/// Launches over the socket; the session's id.
async fn launch(client: &mut Client) -> String {
    let frame =
        json!({"type": "request", "subject": "exercise.launch", "data": {"exercise_id": "hello"}});
    let answer = client.ask_past_events(frame).await;
    let id = answer["data"]["session_id"].as_str();
    id.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Launches over HTTP; the session's id.
async fn post(daemon: &Fixture, user: &str) -> String {
    let token = token(user);
    let request = format!(
        "POST /api/v1/exercises/hello/launch HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    let answer = daemon.http(&request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["session_id"].as_str().unwrap().to_owned()
}

/// What Redis has of a session, at once.
fn found(server: &RedisServer, session: &str) -> Option<Value> {
    let text = server.cli(&["GET", &format!("mithril:session:{session}")]);
    (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap())
}

/// What Redis has of a session, as soon as it has it.
async fn kept(server: &RedisServer, session: &str) -> Value {
    soon(async {
        loop {
            if let Some(kept) = found(server, session) {
                return kept;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Launches until one is kept.
async fn well_again(server: &RedisServer, client: &mut Client) {
    soon(async {
        loop {
            let session = launch(client).await;
            // It is written within this time, or not at all.
            for _ in 0..5 {
                if found(server, &session).is_some() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_launch_is_kept_for_a_day() {
    let server = RedisServer::start();
    let (daemon, _) = daemon(&server.url()).await;
    let mut client = daemon.connect_as("42", "/ws").await;
    client.subscribe(&["exercise.42.status"]).await;
    let session = launch(&mut client).await;
    let mut told = client.receive().await;
    while told["data"]["status"] != "started" {
        told = client.receive().await;
    }
    // The same as subscribers are told.
    let launched = kept(&server, &session).await;
    assert_eq!(launched, told["data"]);
    assert_eq!(launched["session_id"], *session);
    let posted = post(&daemon, "7").await;
    let launched = kept(&server, &posted).await;
    assert_eq!(launched["user_id"], "7");
    assert_eq!(launched["exercise_id"], "hello");
    assert_eq!(launched["session_id"], *posted);
    for session in [session, posted] {
        let left = server.cli(&["TTL", &format!("mithril:session:{session}")]);
        let left: u32 = left.parse().unwrap();
        assert!((86_001..=86_400).contains(&left), "{left}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_launch_is_answered_whatever_becomes_of_redis() {
    let mut server = RedisServer::start();
    let (daemon, _) = daemon(&server.url()).await;
    let mut client = daemon.connect_as("42", "/ws").await;
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    let refused = launch(&mut client).await;
    post(&daemon, "7").await;
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    well_again(&server, &mut client).await;
    assert_eq!(
        found(&server, &refused),
        None,
        "what failed is not done later"
    );
    server.freeze();
    launch(&mut client).await;
    post(&daemon, "7").await;
    server.thaw();
    well_again(&server, &mut client).await;
    server.kill();
    launch(&mut client).await;
    post(&daemon, "7").await;
    server.restart();
    well_again(&server, &mut client).await;
}
