//! The release binary with limits that do not limit, and tokens for it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::measure::Process;

const SECRET: &str = "a secret of a bench, of thirty-two bytes and more";

/// A running daemon; it is killed when this is dropped.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Daemon {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mithril"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
            .env("JWT_SECRET_KEY", SECRET)
            .env("LOG_LEVEL", "error")
            .env("MITHRIL_LIMITS_CONNECTIONS_PER_USER", "1000000")
            .env("MITHRIL_LIMITS_FRAMES_PER_SECOND", "1000000")
            .env("MITHRIL_LIMITS_FRAMES_BURST", "1000000")
            .env("MITHRIL_LIMITS_TOPICS_PER_CONNECTION", "1000000")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| {
                let line = line.unwrap();
                line.strip_prefix("socket: ws://")?
                    .trim_end_matches("/ws")
                    .parse()
                    .ok()
            })
            .expect("the daemon says where it is");
        // The pipe stays open for what else it may say.
        std::thread::spawn(move || lines.for_each(drop));
        let process = Process { id: child.id() };
        Self {
            child,
            process,
            address,
        }
    }

    /// A token of a user.
    pub(crate) fn token(user: usize) -> String {
        let claims = serde_json::json!({"sub": format!("user{user}"), "exp": 4_000_000_000_u64});
        let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
    }

    /// Waits until the daemon has let go of every socket.
    pub(crate) async fn until_empty(&self) {
        loop {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            let request = "GET /healthz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            if answer.contains("\"connections\":0") {
                return;
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
