//! Nobody takes more than a share.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use mithril::catalog::{Catalog, CatalogStore};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::{Fixture, content, soon, token, upgrade};

const PING: &str = r#"{"type":"ping"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn whose_sockets_are_open_is_not_the_one_too_many() {
    let fixture = Fixture::with(|config| config.limits.connections_per_user = 5).await;
    join_all((0..100).map(async |number| {
        let user = format!("user-{number}");
        let open = || fixture.connect_as(&user, "/ws");
        // All have been answered when the sixth asks.
        let mut seated = join_all((0..5).map(|_| open())).await;
        assert_eq!(open().await.closed().await.0, 4000, "{user}");
        for client in &mut seated {
            assert_eq!(client.ask(PING).await["type"], "pong", "{user}");
        }
    }))
    .await;
}

#[tokio::test]
async fn a_user_has_so_many_sockets_and_the_next_is_told() {
    let fixture = Fixture::with(|config| config.limits.connections_per_user = 2).await;
    let first = fixture.connect().await;
    let mut second = fixture.connect().await;
    let mut third = fixture.connect().await;
    assert_eq!(
        third.closed().await,
        (4000, json!({"code": "connection_limit"}))
    );
    let other = [("authorization", token("43"))];
    let other = other
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let mut other = fixture.connect_with("/ws", &other).await;
    assert_eq!(other.ask(PING).await["type"], "pong");
    assert_eq!(second.ask(PING).await["type"], "pong");

    // The seat is free once the daemon has seen the first socket go.
    drop(first);
    let seated = async {
        loop {
            let mut next = fixture.connect().await;
            next.send(PING).await;
            let heard = next.socket.next().await;
            if matches!(heard, Some(Ok(Message::Text(_)))) {
                break;
            }
        }
    };
    soon(Box::pin(seated)).await;
}

#[tokio::test]
async fn a_daemon_takes_so_many_sockets() {
    let fixture = Fixture::with(|config| config.limits.connections = 1).await;
    let _first = fixture.connect().await;
    let headers = format!("Authorization: {}\r\n", token("42"));
    let answer = fixture.http(&upgrade("/ws", &headers)).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (503, &json!("at_capacity"))
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    let health = fixture
        .http("GET /healthz/websocket HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    assert_eq!(
        health.json(),
        json!({"status": "ok", "connections": 1, "users": 1, "limit": 1})
    );
}

#[tokio::test]
async fn frames_beyond_the_rate_are_refused_and_a_flood_ends() {
    let fixture = Fixture::with(|config| config.limits.frames_per_second = 1).await;
    let mut client = fixture.connect().await;
    let frame = r#"{"type":"ping","request_id":"p"}"#;
    for _ in 0..40 {
        client.socket.feed(Message::text(frame)).await.unwrap();
    }
    soon(client.socket.flush()).await.unwrap();
    for _ in 0..20 {
        assert_eq!(client.receive().await["type"], "response");
    }
    let refused = client.receive().await;
    assert_eq!(
        (&refused["type"], &refused["code"]),
        (&json!("error"), &json!("rate_limited"))
    );
    assert_eq!(refused["request_id"], "p");
    assert_eq!(
        client.closed().await,
        (4009, json!({"code": "rate_limited"}))
    );
}

#[tokio::test]
async fn a_flood_of_pings_ends_too() {
    let fixture = Fixture::with(|config| config.limits.frames_per_second = 1).await;
    let mut stream = fixture.connect_raw().await;
    let ping = [0x89, 0x80, 0, 0, 0, 0];
    soon(stream.write_all(&ping.repeat(1_000))).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.ends_with(r#"{"code":"rate_limited"}"#), "{text:?}");
}

#[tokio::test]
async fn whoever_does_not_answer_a_ping_is_closed() {
    let fixture = Fixture::with(|config| {
        config.limits.ping_interval = Duration::from_millis(20);
        config.limits.pong_timeout = Duration::from_millis(20);
        config.limits.close_timeout = Duration::from_millis(20);
    })
    .await;
    let mut mute = fixture.connect_raw().await;
    let mut answer = Vec::new();
    soon(mute.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(&[0x89, 0x00]), "a ping: {answer:?}");
    let text = String::from_utf8_lossy(&answer);
    assert!(text.ends_with(r#"{"code":"ping_timeout"}"#), "{text:?}");
}

#[tokio::test]
async fn a_client_that_answers_pings_is_idle_only_when_nothing_is_said() {
    let fixture = Fixture::with(|config| {
        config.limits.ping_interval = Duration::from_millis(10);
        config.limits.idle = Duration::from_millis(200);
    })
    .await;
    let mut client = fixture.connect().await;
    assert_eq!(
        client.closed().await,
        (4010, json!({"code": "idle_timeout"}))
    );
}

#[tokio::test]
async fn a_head_that_is_never_finished_is_not_waited_for() {
    let fixture = Fixture::with(|config| config.header_timeout = Duration::from_millis(50)).await;
    let mut silent = fixture.raw().await;
    let mut half = fixture.raw().await;
    half.write_all(b"GET /ws HTTP/1.1\r\nHost: a\r\nX: ")
        .await
        .unwrap();
    for stream in [&mut silent, &mut half] {
        let mut rest = Vec::new();
        soon(stream.read_to_end(&mut rest)).await.unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 101"));
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let fixture = Fixture::start().await;
    let mut stream = fixture.raw().await;
    let mut head = b"GET /ws HTTP/1.1\r\nHost: a\r\nX: ".to_vec();
    head.extend(vec![b'x'; 256 * 1024]);
    // The daemon may hang up before it has been sent all.
    soon(stream.write_all(&head)).await.ok();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.ok();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
}

#[tokio::test]
async fn an_idle_http_connection_does_not_stay() {
    let fixture = Fixture::with(|config| config.header_timeout = Duration::from_millis(50)).await;
    let mut stream = fixture.raw().await;
    let request = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "answered, then closed"
    );
    // A socket is no idle HTTP connection, however quiet it is.
    let mut client = fixture.connect().await;
    let mut late = fixture.raw().await;
    soon(late.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(client.ask(PING).await["type"], "pong");
}

#[tokio::test]
async fn whoever_does_not_read_an_answer_does_not_stay() {
    let mut pools = content();
    // More than the kernel takes off the daemon's hands.
    pools[0].exercises[0].description = Some("x".repeat(16 * 1024 * 1024));
    let catalog = Catalog::build(pools).unwrap();
    let fixture = Fixture::with(|config| {
        config.catalog = Arc::new(CatalogStore::new(catalog));
        config.limits.write_timeout = Duration::from_millis(50);
        config.limits.close_timeout = Duration::from_millis(50);
        config.drain = Duration::from_hours(1);
    })
    .await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(fixture.address).await.unwrap();
    let request = format!(
        "GET /api/v1/exercises/hello HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\n\r\n",
        token("42")
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // The answer has begun, and nobody reads on.
    assert_eq!(soon(stream.read_u8()).await.unwrap(), b'H');
    assert_eq!(soon(fixture.daemon.drain()).await, []);
    drop(stream);
}
