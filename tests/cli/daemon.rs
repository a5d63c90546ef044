//! A gateway in a process of its own, and clients for it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::fixture::{Outcome, mithril, project, signal};

/// The key that the gateways of these tests go by.
pub(crate) const SECRET: &str = "a secret of at least thirty-two bytes";

/// Waits for what must come soon.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what)
        .await
        .expect("it should have come by now")
}

/// A token of this user, signed with this key.
pub(crate) fn token(secret: &str, user: &str, scope: &[&str]) -> String {
    let mut command = mithril(&project(""));
    command
        .env("JWT_SECRET_KEY", secret)
        .args(["token", "mint", user]);
    for scope in scope {
        command.args(["--scope", scope]);
    }
    let outcome: Outcome = command.output().unwrap().into();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout.trim().to_owned()
}

/// A gateway. Dropping it kills it.
pub(crate) struct Gateway {
    child: Child,
    /// Read on, so that it is never held up by its log.
    _log: Lines<BufReader<ChildStderr>>,
    pub(crate) address: SocketAddr,
}

impl Gateway {
    /// A gateway on a free port.
    pub(crate) async fn start() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::with(free, SECRET, &[]).await
    }

    /// A gateway here, with this key and these variables.
    pub(crate) async fn with(
        address: SocketAddr,
        secret: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::from(mithril(&project("")));
        command
            .args(["serve", "--listen", &address.to_string()])
            .env("JWT_SECRET_KEY", secret)
            .env("LOG_FORMAT", "json")
            // Clients of these tests speak as fast as they can.
            .env("MITHRIL_LIMITS_FRAMES_PER_SECOND", "1000000")
            .env("MITHRIL_LIMITS_FRAMES_BURST", "1000000")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = soon(log.next_line()).await.unwrap();
            let event: Value = serde_json::from_str(&line.expect("it begins to serve")).unwrap();
            if event["message"] == "serving" {
                break event["address"].as_str().unwrap().parse().unwrap();
            }
        };
        Self {
            child,
            _log: log,
            address,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Ends it as if the power had gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, and waits.
    pub(crate) async fn stop(mut self) {
        signal(self.child.id().unwrap(), "-TERM");
        soon(self.child.wait()).await.unwrap();
    }

    /// A client of this user.
    pub(crate) async fn connect(&self, user: &str) -> Client {
        let url = format!("{}/ws?token={}", self.url(), token(SECRET, user, &[]));
        Client(soon(connect_async(url)).await.unwrap().0)
    }
}

/// A client that we did not write.
pub(crate) struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    /// Sends a frame and waits for the answer to it.
    pub(crate) async fn ask(&mut self, mut frame: Value) -> Value {
        frame["request_id"] = json!("asked");
        let text = Message::text(frame.to_string());
        soon(self.0.send(text)).await.unwrap();
        loop {
            let message = soon(self.0.next()).await.unwrap().unwrap();
            let answer: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            if answer["request_id"] == "asked" {
                assert_eq!(answer["type"], "response", "{answer}");
                return answer;
            }
        }
    }

    /// Says something in a room.
    pub(crate) async fn say(&mut self, room: &str, data: Value) {
        let topic = format!("room:{room}");
        self.ask(json!({"type": "subscribe", "topics": [&topic]}))
            .await;
        self.ask(json!({"type": "publish", "topic": &topic, "data": data}))
            .await;
    }
}

/// What stands between a client and a gateway, and can be cut.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    state: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl Wire {
    pub(crate) async fn to(gateway: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, is_whole) = watch::channel(true);
        let accept = async move {
            let mut carried = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                carried.spawn(carry(client, gateway, is_whole.clone()));
            }
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(accept);
        Self {
            address,
            state,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// All connections break, and new ones do.
    pub(crate) fn cut(&self) {
        self.state.send(false).unwrap();
    }

    pub(crate) fn mend(&self) {
        self.state.send(true).unwrap();
    }
}

async fn carry(mut client: TcpStream, gateway: SocketAddr, mut is_whole: watch::Receiver<bool>) {
    if !*is_whole.borrow_and_update() {
        return;
    }
    let mut server = TcpStream::connect(gateway).await.unwrap();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = is_whole.changed() => {}
    }
}
