//! A daemon in a process of its own: what it remembers, what it writes down, and how it ends.

use std::net::SocketAddr;
use std::process::Stdio;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio_tungstenite::connect_async;

use crate::fixture::{Client, SECRET, http, soon, upgrade};

struct Process {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    written: String,
    address: SocketAddr,
}

impl Process {
    async fn start(environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mithril"));
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .env_clear()
            .env("JWT_SECRET_KEY", std::str::from_utf8(SECRET).unwrap())
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut written = String::new();
        let address = loop {
            let line = soon(log.next_line())
                .await
                .unwrap()
                .expect("it begins to serve");
            written.push_str(&line);
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["message"] == "serving" {
                break event["address"].as_str().unwrap().parse().unwrap();
            }
        };
        Self {
            child,
            log,
            written,
            address,
        }
    }

    fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.child.id().unwrap());
        let pages = std::fs::read_to_string(path).unwrap();
        let resident = pages.split(' ').nth(1).unwrap();
        resident.parse::<u64>().unwrap() * 4096
    }

    async fn connect(&self, path: &str) -> Client {
        let (socket, _) = soon(connect_async(format!("ws://{}{path}", self.address)))
            .await
            .unwrap();
        Client::new(socket, None)
    }

    /// Asks it to stop; returns the exit code and everything that it wrote.
    async fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().unwrap().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status();
        assert!(sent.unwrap().success());
        while let Some(line) = soon(self.log.next_line()).await.unwrap() {
            self.written.push_str(&line);
        }
        (soon(self.child.wait()).await.unwrap().code(), self.written)
    }
}

/// A token that is good today.
fn token(user: &str) -> String {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let key = EncodingKey::from_secret(SECRET);
    let claims = json!({"sub": user, "exp": now + 600});
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

#[tokio::test]
async fn a_thousand_half_open_handshakes_cost_little() {
    const HALF: &[u8] = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websoc";
    let process = Process::start(&[]).await;
    let health = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    for _ in 0..20 {
        assert_eq!(http(process.address, health).await.status, 200);
    }
    let before = process.resident_bytes();
    let mut half_open = Vec::new();
    for _ in 0..1_000 {
        let mut stream = soon(TcpStream::connect(process.address)).await.unwrap();
        stream.write_all(HALF).await.unwrap();
        half_open.push(stream);
    }
    // Connections are accepted in order, so these come after all of them.
    for _ in 0..20 {
        assert_eq!(http(process.address, health).await.status, 200);
    }
    let mut client = process.connect(&format!("/ws?token={}", token("42"))).await;
    assert_eq!(client.ask(r#"{"type":"ping"}"#).await["type"], "pong");
    let each = process.resident_bytes().saturating_sub(before) / 1_000;
    assert!(each < 24 * 1024, "{each} bytes for each of a thousand");
    drop((half_open, client));
    assert_eq!(process.stop().await.0, Some(0));
}

#[tokio::test]
async fn no_token_is_ever_written_down() {
    const MARK: &str = "thistokenshouldnotbeinthelog";
    let process = Process::start(&[("LOG_LEVEL", "trace")]).await;
    let good = token("42");
    let marked = format!("{good}{MARK}");
    let frame = |token: &str| json!({"type": "auth", "token": token}).to_string();

    let mut client = process.connect(&format!("/ws?token={good}")).await;
    assert_eq!(client.ask(frame(&good)).await["type"], "auth_success");
    assert_eq!(client.ask(frame(&marked)).await["type"], "auth_failed");
    let mut stranger = process.connect("/ws/connect").await;
    assert_eq!(stranger.receive().await["type"], "auth_required");
    let odd = json!({"type": "chat", "data": {"token": marked}, "request_id": "r"}).to_string();
    assert_eq!(stranger.ask(odd).await["type"], "error");
    assert_eq!(stranger.ask(frame(&marked)).await["type"], "auth_failed");
    for headers in [
        format!("Authorization: Bearer {marked}\r\n"),
        format!("Authorization: {MARK}\r\n"),
        format!("Sec-WebSocket-Protocol: mithril.v1, mithril.bearer.{marked}\r\n"),
        format!("Sec-WebSocket-Protocol: mithril.bearer.{marked}\r\n"),
        format!("Cookie: token={MARK}\r\n"),
    ] {
        let path = format!("/ws?token={marked}");
        let answer = http(process.address, &upgrade(&path, &headers)).await;
        assert!([400, 401].contains(&answer.status), "{headers}");
        assert!(!answer.body.contains(MARK), "{}", answer.body);
    }
    let lost = format!("GET /nothing?token={marked} HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(http(process.address, &lost).await.status, 404);
    drop((client, stranger));

    let (code, log) = process.stop().await;
    assert_eq!(code, Some(0));
    for expected in [
        "opened",
        "refused a socket",
        "no proof",
        "/nothing",
        "DEBUG",
    ] {
        assert!(
            log.contains(expected),
            "the log is not of all levels: {expected}"
        );
    }
    let signature = good.rsplit('.').next().unwrap();
    for secret in [MARK, signature, std::str::from_utf8(SECRET).unwrap()] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
