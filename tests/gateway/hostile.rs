//! Whatever a client sends, it gets the documented answer, and the daemon goes on.

use futures_util::SinkExt;
use serde_json::json;
use std::io::{ErrorKind, Write};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::fixture::{Fixture, soon, token, upgrade};

/// A masked frame of a client; the mask is zero, so the payload goes as it is.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..0x1_0000 => {
            bytes.push(0x80 | 0x7e);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 0x7f);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Sends these bytes on a fresh connection; returns the code and reason of the close that follows.
async fn closed_after(fixture: &Fixture, bytes: &[u8]) -> (u16, String) {
    let mut stream = fixture.connect_raw().await;
    soon(stream.write_all(bytes)).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    let [0x88, length, high, low, reason @ ..] = answer.as_slice() else {
        panic!("not a close frame: {answer:?}");
    };
    assert_eq!(usize::from(*length), reason.len() + 2);
    let reason = String::from_utf8(reason.to_vec()).unwrap();
    (u16::from_be_bytes([*high, *low]), reason)
}

fn close(code: u16, name: &str) -> (u16, String) {
    (code, format!(r#"{{"code":"{name}"}}"#))
}

async fn still_serves(fixture: &Fixture) {
    let mut client = fixture.connect().await;
    assert_eq!(client.ask(r#"{"type":"ping"}"#).await["type"], "pong");
}

#[tokio::test]
async fn a_frame_of_one_mebibyte_is_too_large() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    client.send(" ".repeat(1024 * 1024)).await;
    assert_eq!(client.closed().await, (1009, json!({"code": "too_large"})));
    still_serves(&fixture).await;
}

#[tokio::test]
async fn the_limit_is_exact() {
    const LIMIT: usize = 64 * 1024;
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    let ping = r#"{"type":"ping"}"#;
    let padded = |size: usize| format!("{ping}{}", " ".repeat(size - ping.len()));
    assert_eq!(client.ask(padded(LIMIT)).await["type"], "pong");
    client.send(padded(LIMIT + 1)).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn fragments_count_together() {
    let fixture = Fixture::start().await;
    let mut bytes = frame(0x01, b"[");
    for _ in 0..2_000 {
        bytes.extend(frame(0x00, &[b' '; 100]));
    }
    assert_eq!(
        closed_after(&fixture, &bytes).await,
        close(1009, "too_large")
    );
    still_serves(&fixture).await;
}

#[tokio::test]
async fn a_frame_that_only_claims_to_be_huge_is_refused_at_once() {
    let fixture = Fixture::start().await;
    let mut bytes = vec![0x81, 0xff];
    bytes.extend((1_u64 << 62).to_be_bytes());
    bytes.extend([0; 4]);
    assert_eq!(
        closed_after(&fixture, &bytes).await,
        close(1009, "too_large")
    );
}

#[tokio::test]
async fn binary_is_not_spoken() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    let message = Message::Binary(Bytes::from_static(b"{}"));
    soon(client.socket.send(message)).await.unwrap();
    assert_eq!(
        client.closed().await,
        (1003, json!({"code": "binary_frame"}))
    );
}

#[tokio::test]
async fn text_is_utf_8() {
    let fixture = Fixture::start().await;
    let bytes = frame(0x81, b"{\"type\":\"\xff\"}");
    let answer = closed_after(&fixture, &bytes).await;
    assert_eq!(answer, close(1007, "invalid_utf8"));
    still_serves(&fixture).await;
}

#[tokio::test]
async fn broken_framing_is_a_protocol_error() {
    let fixture = Fixture::start().await;
    let compressed = frame(0xc1, b"{}");
    let unmasked = b"\x81\x02{}".to_vec();
    let lone_continuation = frame(0x80, b"{}");
    let unknown = frame(0x83, b"{}");
    let half_a_ping = frame(0x09, b"");
    let long_ping = frame(0x89, &[b'x'; 126]);
    let long_length = b"\x81\xfe\x00\x02\0\0\0\0{}".to_vec();
    let text_in_text = [frame(0x01, b"{"), frame(0x81, b"{}")].concat();
    let code_of_nobody = frame(0x88, &1005_u16.to_be_bytes());
    let half_a_code = frame(0x88, b"x");
    for bytes in [
        compressed,
        unmasked,
        lone_continuation,
        unknown,
        half_a_ping,
        long_ping,
        long_length,
        text_in_text,
        code_of_nobody,
        half_a_code,
    ] {
        let answer = closed_after(&fixture, &bytes).await;
        assert_eq!(answer, close(1002, "protocol_error"), "{bytes:?}");
    }
    still_serves(&fixture).await;
}

#[tokio::test]
async fn what_was_asked_before_the_fault_is_answered() {
    let fixture = Fixture::start().await;
    let mut stream = fixture.connect_raw().await;
    let bytes = [frame(0x81, br#"{"type":"ping"}"#), frame(0x82, b"{}")].concat();
    soon(stream.write_all(&bytes)).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains(r#""type":"pong""#), "{text:?}");
    assert!(text.ends_with(r#"{"code":"binary_frame"}"#), "{text:?}");
}

#[tokio::test]
async fn a_ping_is_answered_with_what_is_in_it() {
    let fixture = Fixture::start().await;
    let mut stream = fixture.connect_raw().await;
    for payload in [&b""[..], b"x", &[b'y'; 125]] {
        soon(stream.write_all(&frame(0x89, payload))).await.unwrap();
        let mut answer = vec![0; 2 + payload.len()];
        soon(stream.read_exact(&mut answer)).await.unwrap();
        let head = [0x8a, u8::try_from(payload.len()).unwrap()];
        assert_eq!(answer, [&head, payload].concat());
    }
}

#[tokio::test]
async fn a_close_is_answered_and_ends_the_connection() {
    let fixture = Fixture::start().await;
    for (payload, answered) in [
        (&b""[..], &b"\x88\x00"[..]),
        (b"\x03\xe9going away", b"\x88\x02\x03\xe9"),
    ] {
        let mut stream = fixture.connect_raw().await;
        // What comes behind a close is not heard.
        let ping = frame(0x81, br#"{"type":"ping"}"#);
        let bytes = [frame(0x88, payload), ping].concat();
        soon(stream.write_all(&bytes)).await.unwrap();
        let mut answer = Vec::new();
        soon(stream.read_to_end(&mut answer)).await.unwrap();
        assert_eq!(answer, answered);
    }
}

#[tokio::test]
async fn a_frame_may_come_in_pieces_and_with_the_handshake() {
    let fixture = Fixture::start().await;
    let mut stream = fixture.raw().await;
    let request = upgrade("/ws", &format!("Authorization: {}\r\n", token("42")));
    let ping = frame(0x81, br#"{"type":"ping","request_id":"1"}"#);
    let begun = [request.as_bytes(), &ping, &ping[..9]].concat();
    soon(stream.write_all(&begun)).await.unwrap();
    let mut heard = String::new();
    while heard.matches(r#""request_id":"1""#).count() < 1 {
        heard.push(char::from(soon(stream.read_u8()).await.unwrap()));
    }
    assert!(heard.starts_with("HTTP/1.1 101 "), "{heard}");
    for byte in &ping[9..] {
        soon(stream.write_all(&[*byte])).await.unwrap();
    }
    while heard.matches(r#""request_id":"1""#).count() < 2 {
        heard.push(char::from(soon(stream.read_u8()).await.unwrap()));
    }
}

#[tokio::test]
async fn a_flood_of_pongs_does_not_keep_events_back() {
    let fixture = Fixture::start().await;
    let stream = fixture.connect_raw().await.into_std().unwrap();
    let mut peer = stream.try_clone().unwrap();
    let (full, is_full) = std::sync::mpsc::channel();
    // A thread of its own, so that the daemon never finds the socket empty.
    let flood = std::thread::spawn(move || {
        let pongs = frame(0x8a, b"").repeat(10_000);
        let mut rest = &pongs[..];
        loop {
            match peer.write(rest) {
                Ok(count) if count == rest.len() => rest = &pongs,
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    full.send(()).ok();
                    std::thread::yield_now();
                }
                Err(_) => return,
            }
        }
    });
    // The daemon, which is on this thread, has read none of it by then.
    is_full.recv_timeout(Duration::from_secs(20)).unwrap();
    let mut reading = TcpStream::from_std(stream.try_clone().unwrap()).unwrap();
    let mut heard = Vec::new();
    for number in 0..20 {
        let expected = format!(r#""n":{number}}}"#);
        fixture.publish("ws:42", format!("{{{expected}")).await;
        while !String::from_utf8_lossy(&heard).contains(&expected) {
            let read = soon(reading.read_buf(&mut heard)).await.unwrap();
            assert!(read > 0, "the daemon hung up");
        }
    }
    stream.shutdown(std::net::Shutdown::Both).unwrap();
    flood.join().unwrap();
}

#[tokio::test]
async fn deep_nesting_is_a_bad_request() {
    let fixture = Fixture::start().await;
    let mut client = fixture.connect().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for frame in [
        deep.clone(),
        "[".repeat(60_000),
        format!(r#"{{"type":"ping","x":{deep}}}"#),
        format!(r#"{{"type":"request","subject":"exercise.get","request_id":"r","data":{deep}}}"#),
    ] {
        let answer = client.ask(frame).await;
        assert_eq!(answer["code"], "bad_request");
    }
    assert_eq!(client.ask(r#"{"type":"ping"}"#).await["type"], "pong");
}

#[tokio::test]
async fn a_client_that_asks_without_reading_is_slowed_down_then_cut_off() {
    let fixture = Fixture::with(|config| {
        config.limits.write_timeout = Duration::from_millis(100);
        config.limits.close_timeout = Duration::from_millis(100);
    })
    .await;
    let mut stream = fixture.connect_raw().await;
    let request = r#"{"type":"request","subject":"exercise.pool.list","request_id":"r"}"#;
    let request = frame(0x81, request.as_bytes());
    // Without back pressure the daemon would take and answer all of this, and keep the answers. What
    // comes between the cut and the end is thrown away, which is much where memory is fast.
    let flood = request.repeat(50_000);
    let mut refused = false;
    for _ in 0..1_000 {
        refused |= soon(stream.write_all(&flood)).await.is_err();
        if refused {
            break;
        }
    }
    assert!(refused, "the daemon took 4 GB of requests");
    still_serves(&fixture).await;
}

#[tokio::test]
async fn a_flood_of_any_frame_is_refused_in_the_end() {
    let fixture = Fixture::with(|config| {
        config.limits.frames_per_second = 10;
        config.limits.frames_burst = 20;
        config.limits.close_timeout = Duration::from_millis(100);
    })
    .await;
    let nothing = [frame(0x01, b""), frame(0x00, b"").repeat(1_000_000)].concat();
    for (flood, answer) in [
        (frame(0x8a, b"").repeat(1_000), close(4009, "rate_limited")),
        (nothing, close(1009, "too_large")),
    ] {
        assert_eq!(closed_after(&fixture, &flood).await, answer);
    }
    let mut pings = fixture.connect_raw().await;
    soon(pings.write_all(&frame(0x89, b"").repeat(1_000)))
        .await
        .unwrap();
    let mut answer = Vec::new();
    soon(pings.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.ends_with(br#"{"code":"rate_limited"}"#));
    still_serves(&fixture).await;
}
