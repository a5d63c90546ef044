//! `mithril serve --dev` as a newcomer runs it, with a client we did not write.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::content;
use crate::fixture::{mithril, project, run};

struct Serving {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    socket: String,
    token: String,
}

impl Serving {
    async fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::from(mithril(directory));
        command
            .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut socket, mut token) = (None, None);
        while token.is_none() {
            let line = stdout
                .next_line()
                .await
                .unwrap()
                .expect("the daemon announces itself");
            let value = |prefix: &str| line.strip_prefix(prefix).map(|v| v.trim().to_owned());
            socket = value("socket:").or(socket);
            token = value("token:");
        }
        Self {
            child,
            stdout,
            socket: socket.unwrap(),
            token: token.unwrap(),
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let status = std::process::Command::new("kill")
            .args([name, &id])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the end; returns the exit code and what was logged.
    async fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .await
            .unwrap();
        while self.stdout.next_line().await.unwrap().is_some() {}
        (self.child.wait().await.unwrap().code(), log)
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what)
        .await
        .expect("it should have come by now")
}

#[tokio::test]
async fn a_newcomer_gets_pools_and_exercises() {
    let serving = soon(Serving::start(&project(""), &[])).await;
    let url = format!("{}?token={}", serving.socket, serving.token);
    let (mut client, _) = soon(connect_async(&url)).await.unwrap();
    let requests = [
        json!({"type": "request", "subject": "exercise.pool.list", "data": {}, "request_id": "1"}),
        json!({"type": "request", "subject": "exercise.get", "request_id": "2",
               "data": {"exercise_id": "c-fizzbuzz"}}),
    ];
    let mut answers = Vec::new();
    for request in requests {
        client
            .send(Message::text(request.to_string()))
            .await
            .unwrap();
        let Message::Text(text) = soon(client.next()).await.unwrap().unwrap() else {
            panic!("not a text");
        };
        answers.push(serde_json::from_str::<Value>(&text).unwrap());
    }
    assert_eq!(answers[0]["data"]["pools"].as_array().unwrap().len(), 3);
    assert_eq!(answers[1]["data"]["exercise"]["title"], "FizzBuzz");

    serving.signal("-TERM");
    let Message::Close(Some(close)) = soon(client.next()).await.unwrap().unwrap() else {
        panic!("not a close");
    };
    assert_eq!(close.code, CloseCode::Restart);
    assert!(close.reason.contains("draining"), "{}", close.reason);
    drop(client);
    let token = serving.token.clone();
    let (code, log) = soon(serving.end()).await;
    assert_eq!(code, Some(0));
    let signature = token.rsplit('.').next().unwrap();
    assert!(!log.contains(signature), "the token is in the log");
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let serving = soon(Serving::start(&project(""), &["--server-drain", "1h"])).await;
    let url = format!("{}?token={}", serving.socket, serving.token);
    // A client that never answers the close holds the drain.
    let (_silent, _) = soon(connect_async(&url)).await.unwrap();
    serving.signal("-TERM");
    let refused = async {
        // Once the first signal is being acted on, new sockets are refused.
        while connect_async(&url).await.is_ok() {}
    };
    soon(refused).await;
    serving.signal("-TERM");
    let (code, _) = soon(serving.end()).await;
    assert_eq!(code, Some(143));
}

#[tokio::test]
async fn nobody_waits_for_a_prompt_unless_somebody_says_so() {
    for (arguments, window) in [
        (&[][..], "\"milliseconds\":500"),
        (&["--server-drain", "700ms"], "\"milliseconds\":700"),
    ] {
        let serving = soon(Serving::start(&project(""), arguments)).await;
        let url = format!("{}?token={}", serving.socket, serving.token);
        // Clients that never answer the close.
        let (_one, _) = soon(connect_async(&url)).await.unwrap();
        let (_two, _) = soon(connect_async(&url)).await.unwrap();
        serving.signal("-INT");
        let (code, log) = soon(serving.end()).await;
        assert_eq!(code, Some(0));
        let line = log.lines().find(|line| line.contains("\"draining\""));
        let line = line.expect("it says how long it takes");
        assert!(line.contains(window), "{line}");
    }
}

#[tokio::test]
async fn what_is_broken_is_logged_and_the_rest_is_served() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(&directory.path().join("exercises"), 3);
    let broken = directory
        .path()
        .join("exercises/pool-0000/ex000001/exercise.yaml");
    std::fs::write(broken, "id: [\n").unwrap();
    let serving = soon(Serving::start(directory.path(), &[])).await;
    serving.signal("-INT");
    let (code, log) = soon(serving.end()).await;
    assert_eq!(code, Some(0));
    assert!(
        log.contains("Y001") && log.contains("ex000001/exercise.yaml"),
        "{log}"
    );
}

#[test]
fn a_daemon_that_cannot_serve_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let root = project("");
    let fails = |directory: &Path, arguments: &[&str], why: &str| {
        let outcome = run(directory, arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains(why),
            "{arguments:?}: {}",
            outcome.stderr
        );
    };
    fails(
        &root,
        &["serve", "--listen", "127.0.0.1:0"],
        "no key is configured",
    );
    fails(
        &root,
        &["serve", "--dev", "--listen", "0.0.0.0:0"],
        "loopback",
    );
    fails(
        directory.path(),
        &["serve", "--dev", "--listen", "0"],
        "failed to read exercises",
    );
    std::fs::create_dir(directory.path().join("exercises")).unwrap();
    fails(
        directory.path(),
        &["serve", "--dev", "--listen", "0"],
        "no pool to serve",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(
        &root,
        &["serve", "--dev", "--listen", &address],
        "failed to listen",
    );
    fails(
        &root,
        &["serve", "--dev", "--listen", "here"],
        "server.listen",
    );
}
