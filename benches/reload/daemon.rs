//! The release binary with a tree of its own, and a client that listens to its changes.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::measure::Process;

/// A running daemon; it is killed when this is dropped.
pub(crate) struct Daemon {
    child: Child,
    address: SocketAddr,
    token: String,
    log: Receiver<Noted>,
}

/// What the daemon's log says that counts here, and when.
struct Noted {
    watched: bool,
    moment: Timestamp,
}

/// A client that listens to changes of exercises.
pub(crate) struct Listener(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Daemon {
    pub(crate) fn start(root: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mithril"))
            .args([
                "serve",
                "--dev",
                "--listen",
                "127.0.0.1:0",
                "--content-watch",
                "inotify",
            ])
            .args([
                "--log-format",
                "json",
                "--log-level",
                "debug",
                "--content-dir",
            ])
            .arg(root)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, noted) = channel();
        std::thread::spawn(move || {
            for line in log.map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap();
                let watched = event["message"] == "the content is watched";
                let rested = event["message"] == "changes have come to rest";
                if watched || rested {
                    let moment = event["timestamp"].as_str().unwrap().parse().unwrap();
                    // Nobody listens once the bench has ended.
                    let _ = send.send(Noted { watched, moment });
                }
            }
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = |prefix: &str| {
            let line = lines.find_map(|line| Some(line.unwrap().strip_prefix(prefix)?.to_owned()));
            line.expect("the daemon says where it is").trim().to_owned()
        };
        let socket = said("socket: ws://");
        let address = socket.trim_end_matches("/ws").parse().unwrap();
        let token = said("token:");
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address,
            token,
            log: noted,
        }
    }

    pub(crate) async fn listener(&self) -> Listener {
        let url = format!("ws://{}/ws?token={}", self.address, self.token);
        let (mut socket, _) = connect_async(url).await.unwrap();
        let frame = json!({"type": "subscribe", "topics": ["exercise.updated"], "request_id": "s"});
        socket.send(Message::text(frame.to_string())).await.unwrap();
        socket.next().await.unwrap().unwrap();
        Listener(socket)
    }

    /// Waits until the tree is watched and has been looked at.
    pub(crate) fn watched(&self) {
        while !self.log.recv().unwrap().watched {}
        self.rested();
    }

    /// When changes came to rest. It is told once for each time.
    pub(crate) fn rested(&self) -> Timestamp {
        self.log.recv().unwrap().moment
    }

    pub(crate) fn memory(&self) -> usize {
        let id = self.child.id();
        Process { id }.memory()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Listener {
    /// When it was received that this exercise has changed, which comes next.
    pub(crate) async fn changed(&mut self, id: &str) -> Timestamp {
        loop {
            if let Message::Text(text) = self.0.next().await.unwrap().unwrap() {
                let moment = Timestamp::now();
                let event: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(event["data"]["exercise_id"], id, "{event}");
                assert_eq!(event["data"]["change"], "changed", "{event}");
                return moment;
            }
        }
    }
}
