//! A daemon in a process of its own, to be signalled.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::fixture::soon;

/// A running daemon; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts it with this configuration file.
    pub(crate) async fn start(config: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mithril"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .env_clear()
            .env("MITHRIL_CONFIG", config)
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut process = Self {
            child,
            log,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let serving = process.logged("serving").await;
        process.address = serving["address"].as_str().unwrap().parse().unwrap();
        process
    }

    /// The next event in the log with this message.
    pub(crate) async fn logged(&mut self, message: &str) -> Value {
        self.logged_until(message).await.pop().unwrap()
    }

    /// What the log says next, up to the next event with this message.
    pub(crate) async fn logged_until(&mut self, message: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let line = soon(self.log.next_line()).await.unwrap();
            let line = line.unwrap_or_else(|| panic!("the log ended before: {message}"));
            let event: Value = serde_json::from_str(&line).unwrap();
            let is_last = event["message"] == message;
            all.push(event);
            if is_last {
                return all;
            }
        }
    }

    /// Waits for the end; returns what the log says until then.
    pub(crate) async fn end(mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(line) = soon(self.log.next_line()).await.unwrap() {
            all.push(serde_json::from_str(&line).unwrap());
        }
        let status = soon(self.child.wait()).await.unwrap();
        assert!(status.success(), "{status}");
        all
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = std::process::Command::new("kill")
            .args([name, &id])
            .status();
        assert!(sent.unwrap().success());
    }
}
