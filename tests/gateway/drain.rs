//! A daemon that stops says so to everyone and waits for everyone.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::fixture::{Fixture, http, soon, token, upgrade};

#[tokio::test]
async fn live_sockets_are_closed_new_ones_refused_and_all_is_joined() {
    let fixture = Fixture::with(|config| config.drain = Duration::from_secs(4)).await;
    let mut polite = fixture.connect().await;
    let slow = fixture.connect_raw().await;
    let Fixture {
        daemon, address, ..
    } = fixture;
    assert_eq!(daemon.connections(), 2);
    let clients = async {
        let (code, reason) = polite.closed().await;
        assert_eq!(code, 1012);
        assert_eq!(reason["code"], "draining");
        let wait = reason["retry_after_ms"].as_u64().unwrap();
        assert!((100..=1000).contains(&wait), "{wait}");
        assert!(
            soon(polite.socket.next()).await.is_none(),
            "closed for good"
        );

        // The other client has not answered its close, so the daemon is still there.
        let headers = format!("Authorization: {}\r\n", token("42"));
        let late = http(address, &upgrade("/ws", &headers)).await;
        assert_eq!(late.status, 503);
        assert_eq!(late.json()["code"], "draining");
        assert_eq!(late.header("retry-after"), Some("1"));
        let ready = http(address, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(ready.status, 503);
        assert_eq!(ready.json()["status"], "draining");
        let live = http(address, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(live.status, 200);
        drop(slow);
    };
    let (late, ()) = tokio::join!(soon(daemon.drain()), clients);
    assert_eq!(late, []);
    let gone = TcpStream::connect(address).await;
    assert!(gone.is_err(), "the port is free");
}

#[tokio::test]
async fn nobody_to_wait_for_is_no_wait() {
    let fixture = Fixture::with(|config| config.drain = Duration::from_hours(1)).await;
    assert_eq!(soon(fixture.daemon.drain()).await, []);
}

#[tokio::test]
async fn an_idle_http_connection_does_not_delay_the_end() {
    let fixture = Fixture::with(|config| config.drain = Duration::from_hours(1)).await;
    let answer = fixture.http("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(answer.status, 200);
    let _idle = fixture.raw().await;
    assert_eq!(soon(fixture.daemon.drain()).await, []);
}

#[tokio::test]
async fn whoever_is_late_is_named() {
    let fixture = Fixture::with(|config| config.drain = Duration::from_millis(50)).await;
    let _silent = fixture.connect_raw().await;
    let late = soon(fixture.daemon.drain()).await;
    let names: Vec<_> = late.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["connection 1"]);
}

#[tokio::test]
async fn a_half_sent_request_is_named_too() {
    let fixture = Fixture::with(|config| config.drain = Duration::from_millis(50)).await;
    let mut half = fixture.raw().await;
    half.write_all(b"GET /healthz HTTP/1.1\r\nHo")
        .await
        .unwrap();
    // Answered on the same thread after the bytes above were sent: the daemon has both connections.
    let answer = fixture.http("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(answer.status, 200);
    let late = soon(fixture.daemon.drain()).await;
    let names: Vec<_> = late.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["http 2"]);
}

#[tokio::test]
async fn closes_are_spread_over_the_window() {
    const SOCKETS: usize = 20;
    let fixture = Fixture::with(|config| {
        config.drain = Duration::from_secs(2);
        config.limits.close_timeout = Duration::from_millis(200);
        config.limits.connections_per_user = SOCKETS;
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..SOCKETS {
        clients.push(fixture.connect().await);
    }
    let begin = Instant::now();
    let closing = clients.into_iter().map(async |mut client| {
        let (code, reason) = client.closed().await;
        assert_eq!(code, 1012);
        (begin.elapsed(), reason["retry_after_ms"].as_u64().unwrap())
    });
    let (late, closed) = tokio::join!(
        soon(fixture.daemon.drain()),
        futures_util::future::join_all(closing)
    );
    assert_eq!(late, []);
    let (mut times, waits): (Vec<_>, BTreeSet<_>) = closed.into_iter().unzip();
    times.sort();
    // Twenty in 1.8 s: one every 90 ms, so half of them in the first half, give or take a busy
    // machine, which can only be late.
    let by = |time: u64| {
        times
            .iter()
            .filter(|t| **t < Duration::from_millis(time))
            .count()
    };
    assert!(by(900) <= 11, "{times:?}");
    assert!(
        times[SOCKETS - 1] >= Duration::from_millis(1_700),
        "{times:?}"
    );
    assert!(
        times[0] + Duration::from_millis(500) <= times[SOCKETS - 1],
        "{times:?}"
    );
    assert!(waits.len() > SOCKETS / 2, "random: {waits:?}");
}
