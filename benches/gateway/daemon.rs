//! The release binary with limits that do not limit.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::measure::Process;

/// A running daemon; it is killed when this is dropped.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    /// The one token of all clients: they are tabs of one user.
    pub(crate) token: String,
}

impl Daemon {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mithril"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
            .env("LOG_LEVEL", "error")
            .env("MITHRIL_LIMITS_CONNECTIONS_PER_USER", "1000000")
            .env("MITHRIL_LIMITS_FRAMES_PER_SECOND", "1000000")
            .env("MITHRIL_LIMITS_FRAMES_BURST", "1000000")
            .env("MITHRIL_LIMITS_TOPICS_PER_CONNECTION", "1000000")
            // These clients do not answer pings.
            .env("MITHRIL_LIMITS_PING_INTERVAL", "1h")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = |prefix: &str| {
            let line = lines.find_map(|line| Some(line.unwrap().strip_prefix(prefix)?.to_owned()));
            line.expect("the daemon says where it is").trim().to_owned()
        };
        let socket = said("socket: ws://");
        let address = socket.trim_end_matches("/ws").parse().unwrap();
        let token = said("token:");
        // The pipe stays open for what else it may say.
        std::thread::spawn(move || lines.for_each(drop));
        let process = Process { id: child.id() };
        Self {
            child,
            process,
            address,
            token,
        }
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
