//! Clients that cost little: frames are counted by their headers, and read only where one asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::daemon::Daemon;

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(daemon: &Daemon, path: &str) -> Self {
        let mut stream = TcpStream::connect(daemon.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\
             authorization: Bearer {}\r\n\r\n",
            daemon.address, daemon.token
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut buffer = Vec::new();
        let end = loop {
            assert!(
                stream.read_buf(&mut buffer).await.unwrap() > 0,
                "the daemon hung up"
            );
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        buffer.drain(..end);
        Self { stream, buffer }
    }

    /// Sends a text frame, masked with zeros: RFC 6455 asks for a mask, not for a good one.
    async fn send(&mut self, text: &str) {
        let mut frame = vec![0x81];
        match u16::try_from(text.len()).unwrap() {
            length @ 0..=125 => frame.push(0x80 | length.to_le_bytes()[0]),
            length => {
                frame.push(0x80 | 0x7E);
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).await.unwrap();
    }

    pub(crate) async fn publish(&mut self, topic: &str, bytes: usize) {
        let data = "x".repeat(bytes);
        self.send(&format!(
            "{{\"type\":\"publish\",\"topic\":\"{topic}\",\"data\":\"{data}\"}}"
        ))
        .await;
    }

    pub(crate) async fn subscribe(&mut self, topic: &str) {
        self.send(&format!(
            "{{\"type\":\"subscribe\",\"topics\":[\"{topic}\"],\"request_id\":\"s\"}}"
        ))
        .await;
        self.next_of("response").await;
    }

    /// Launches an exercise: all tabs of the user that follow its status are told.
    pub(crate) async fn launch(&mut self, id: &str) {
        self.send(&format!(
            "{{\"type\":\"request\",\"subject\":\"exercise.launch\",\"data\":{{\"exercise_id\":\"{id}\"}},\"request_id\":\"1\"}}"
        ))
        .await;
    }

    pub(crate) async fn get_exercise(&mut self, id: &str) {
        self.send(&format!(
            "{{\"type\":\"request\",\"subject\":\"exercise.get\",\"data\":{{\"exercise_id\":\"{id}\"}},\"request_id\":\"1\"}}"
        ))
        .await;
        self.next_of("response").await;
    }

    /// Reads frames until one of that type comes.
    pub(crate) async fn next_of(&mut self, kind: &str) {
        let wait = tokio::time::timeout(Duration::from_secs(20), self.read_until(kind));
        wait.await.unwrap_or_else(|_| panic!("no {kind} came"));
    }

    async fn read_until(&mut self, kind: &str) {
        let marker = format!("\"type\":\"{kind}\"");
        loop {
            let frame = loop {
                if let Some(length) = frame_length(&self.buffer) {
                    break self.buffer.drain(..length).collect::<Vec<_>>();
                }
                assert!(
                    self.stream.read_buf(&mut self.buffer).await.unwrap() > 0,
                    "the daemon hung up"
                );
            };
            if String::from_utf8_lossy(&frame).contains(&marker) {
                return;
            }
        }
    }
}

impl Client {
    /// Waits for bytes; returns how many messages of the measurement have come with them.
    pub(crate) async fn messages(&mut self) -> Option<usize> {
        // Only these are as long; joins and answers are shorter.
        self.frames_over(super::PAYLOAD).await
    }

    /// The same for frames that are longer than this.
    async fn frames_over(&mut self, bytes: usize) -> Option<usize> {
        let read = self.stream.read_buf(&mut self.buffer).await;
        if read.unwrap_or(0) == 0 {
            return None;
        }
        let mut found = 0;
        let mut at = 0;
        while let Some(length) = frame_length(&self.buffer[at..]) {
            found += usize::from(length > bytes);
            at += length;
        }
        self.buffer.drain(..at);
        Some(found)
    }

    /// Reads to the end; returns the code of the close that came before it, or zero.
    pub(crate) async fn close_code(&mut self) -> u16 {
        let read = self.stream.read_to_end(&mut self.buffer);
        let end = tokio::time::timeout(Duration::from_secs(20), read).await;
        end.expect("an end").unwrap();
        let mut rest = &self.buffer[..];
        while let Some(length) = frame_length(rest) {
            if let [0x88, _, high, low, ..] = rest {
                return u16::from_be_bytes([*high, *low]);
            }
            rest = &rest[length..];
        }
        0
    }
}

/// Many connections whose frames of messages are counted together.
pub(crate) struct Crowd {
    size: u64,
    messages: Arc<AtomicU64>,
    came: Arc<Notify>,
    tasks: Vec<JoinHandle<()>>,
}

impl Crowd {
    pub(crate) async fn join(daemon: &Daemon, path: &str, size: usize) -> Self {
        Self::of(daemon, path, None, size).await
    }

    /// Connections that follow a topic, on which nobody else comes or goes.
    pub(crate) async fn hear(daemon: &Daemon, topic: &str, size: usize) -> Self {
        Self::of(daemon, "/ws", Some(topic), size).await
    }

    async fn of(daemon: &Daemon, path: &str, topic: Option<&str>, size: usize) -> Self {
        let messages = Arc::new(AtomicU64::new(0));
        let came = Arc::new(Notify::new());
        let mut tasks = Vec::with_capacity(size);
        for _ in 0..size {
            let mut client = Client::connect(daemon, path).await;
            let mut over = super::PAYLOAD;
            if let Some(topic) = topic {
                client.subscribe(topic).await;
                over = 0;
            }
            tasks.push(tokio::spawn(count(
                client,
                over,
                Arc::clone(&messages),
                Arc::clone(&came),
            )));
        }
        Self {
            size: size as u64,
            messages,
            came,
            tasks,
        }
    }

    /// Waits until every connection has had that many messages.
    pub(crate) async fn all_have(&self, messages: u64) {
        while self.messages.load(Ordering::Acquire) < messages * self.size {
            self.came.notified().await;
        }
    }

    /// Cuts every connection.
    pub(crate) fn abort(self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn count(mut client: Client, over: usize, messages: Arc<AtomicU64>, came: Arc<Notify>) {
    while let Some(found) = client.frames_over(over).await {
        if found > 0 {
            messages.fetch_add(found as u64, Ordering::AcqRel);
            came.notify_one();
        }
    }
}

/// The length of the first frame, header included, if it is there whole (RFC 6455, 5.2; unmasked).
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let (header, length) = match *bytes.get(1)? & 0x7F {
        126 => (
            4,
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => (
            10,
            usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?,
        ),
        length => (2, usize::from(length)),
    };
    (bytes.len() >= header + length).then_some(header + length)
}
