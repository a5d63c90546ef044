//! A daemon with a small catalog, and clients for it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mithril::broker::memory::MemoryBroker;
use mithril::broker::{Broker, Carrier, ConnectionChange, Delivery, Inbox};
use mithril::catalog::{Catalog, CatalogStore, PoolContent};
use mithril::clock::Clock;
use mithril::config::RedisUrl;
use mithril::daemon::{Daemon, DaemonConfig, Running};
use mithril::exercise::{Answer, Exercise, ExerciseKind};
use mithril::gateway::AuthConfig;
use mithril::history::redis::RedisHistory;
use mithril::history::{Bounds, History, HistoryError, Idempotency};
use mithril::ids::{ExerciseId, PoolId};
use mithril::link::{Link, LinkLimits};
use mithril::pool::Pool;
use mithril::protocol::{Address, Content, Envelope, Position, Stamp, Topic};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::messages;

pub(crate) const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
/// How many of a client's frames are held against the schema: those of a flood are all alike.
const CHECKS: u32 = 20;
const LARGEST_CHECKED: usize = 8 * 1024;
/// What time it is for the daemon.
pub(crate) const NOW: i64 = 1_800_000_000;

/// Waits for what must come soon.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("it should have come by now")
}

/// A daemon that serves.
pub(crate) struct Fixture {
    pub(crate) daemon: Running,
    pub(crate) address: SocketAddr,
    /// The daemon's broker, where it is in this process.
    pub(crate) broker: MemoryBroker,
    /// The daemon's history.
    pub(crate) history: Arc<dyn History>,
}

/// The broker of this process that a daemon uses, or another where it uses none.
pub(crate) fn broker_of(config: &DaemonConfig) -> MemoryBroker {
    match &config.broker {
        Carrier::Memory(broker) => broker.clone(),
        Carrier::Redis(_) => MemoryBroker::new(),
    }
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut DaemonConfig)) -> Self {
        let mut config = config();
        change(&mut config);
        let broker = broker_of(&config);
        let history = config.history.clone();
        let daemon = Daemon::bind(config).await.unwrap().spawn();
        let address = daemon.address();
        Self {
            daemon,
            address,
            broker,
            history,
        }
    }

    /// A socket of user 42.
    pub(crate) async fn connect(&self) -> Client {
        self.connect_with("/ws", &[("authorization", &token("42"))])
            .await
    }

    /// A socket of this user on this path, in the classic dialect.
    pub(crate) async fn connect_as(&self, user: &str, path: &str) -> Client {
        self.connect_with(path, &[("authorization", &token(user))])
            .await
    }

    /// A socket with these claims that speaks `mithril.v1`.
    pub(crate) async fn connect_v1(&self, claims: &Value, path: &str) -> Client {
        let headers = [
            ("authorization", signed(claims)),
            ("sec-websocket-protocol", "mithril.v1".to_owned()),
        ];
        let headers: Vec<_> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
        self.connect_with(path, &headers).await
    }

    /// What a service publishes. When this returns the daemon has it in its outboxes.
    pub(crate) async fn publish(&self, channel: &str, payload: impl Into<Bytes>) {
        let service = self.broker.connect(Arc::new(Service));
        service
            .publish(channel.into(), payload.into())
            .await
            .unwrap();
    }

    /// What a service publishes so that it is kept; returns where.
    pub(crate) async fn record(&self, topic: &str, text: &str) -> Position {
        record(&*self.history, topic, text).await.unwrap()
    }

    pub(crate) async fn connect_with(&self, path: &str, headers: &[(&str, &str)]) -> Client {
        let mut request = format!("ws://{}{path}", self.address)
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let (socket, response) = soon(connect_async(request)).await.unwrap();
        let protocol = response.headers().get("sec-websocket-protocol");
        let protocol = protocol.map(|name| name.to_str().unwrap().to_owned());
        Client::new(socket, protocol)
    }

    /// A connection that only looks like a WebSocket client until the upgrade is done.
    pub(crate) async fn connect_raw(&self) -> TcpStream {
        let mut stream = self.raw().await;
        let request = upgrade("/ws", &format!("Authorization: {}\r\n", token("42")));
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = soon(read_head(&mut stream)).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        stream
    }

    pub(crate) async fn raw(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// One request over plain HTTP.
    pub(crate) async fn http(&self, request: &str) -> HttpAnswer {
        http(self.address, request).await
    }
}

/// Publishes text so that it is kept.
pub(crate) async fn record(
    history: &dyn History,
    topic: &str,
    text: &str,
) -> Result<Position, HistoryError> {
    let topic = Topic::parse(topic).unwrap();
    let content = Content::Text(text.to_owned());
    let envelope = Envelope::new(Address::Topic(topic.clone()), content);
    let stamp = Stamp::new(jiff::Timestamp::from_second(NOW).unwrap());
    let record = envelope.record(&stamp).unwrap().unwrap();
    let appended = history.append(&topic, &record, Idempotency::None).await?;
    Ok(appended.position)
}

/// A service that only publishes.
#[derive(Debug)]
struct Service;

impl Inbox for Service {
    fn deliver(&self, delivery: Delivery) {
        panic!("nothing is subscribed to: {delivery:?}");
    }

    fn changed(&self, _: ConnectionChange) {}
}

/// A history in a Redis that is not there.
pub(crate) fn unreachable_history() -> Arc<dyn History> {
    // No socket has a path below a device.
    let url: RedisUrl = "unix:///dev/null/redis.sock".parse().unwrap();
    let link = Link::new(url, LinkLimits::default());
    Arc::new(RedisHistory::new(link, Bounds::default(), false))
}

/// The defaults on a free port, for these tests' key, content and time.
pub(crate) fn config() -> DaemonConfig {
    let catalog = Catalog::build(content()).unwrap();
    let store = Arc::new(CatalogStore::new(catalog));
    let mut config = DaemonConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)), store);
    config.auth = Some(AuthConfig::hs256(SECRET));
    // These are tested where they are set.
    config.limits.frames_per_second = 0;
    config.limits.failures_per_address = 0;
    config.clock = Clock::new(|| jiff::Timestamp::from_second(NOW).unwrap());
    config
}

/// One request over plain HTTP.
pub(crate) async fn http(address: SocketAddr, request: &str) -> HttpAnswer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = soon(read_head(&mut stream)).await;
    let length = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    soon(stream.read_exact(&mut body)).await.unwrap();
    HttpAnswer {
        status: head[9..12].parse().unwrap(),
        body: String::from_utf8(body).unwrap(),
        head,
    }
}

/// An answer over plain HTTP.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl HttpAnswer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// An upgrade request; the further header lines end in CRLF.
pub(crate) fn upgrade(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// A foreign client.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) protocol: Option<String>,
    checks: u32,
}

impl Client {
    pub(crate) fn new(
        socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
        protocol: Option<String>,
    ) -> Self {
        Self {
            socket,
            protocol,
            checks: CHECKS,
        }
    }

    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.is_checked(&text) {
            messages::expect_one_opinion(&text);
        }
        let message = Message::text(text);
        soon(self.socket.send(message)).await.unwrap();
    }

    fn is_checked(&mut self, text: &str) -> bool {
        let is_checked = self.checks > 0 && text.len() <= LARGEST_CHECKED;
        self.checks = self.checks.saturating_sub(1);
        is_checked
    }

    /// The next frame, which must be text.
    pub(crate) async fn receive_text(&mut self) -> String {
        match soon(self.socket.next()).await.unwrap().unwrap() {
            Message::Text(text) => {
                if self.is_checked(&text) {
                    messages::expect_described(&text, self.protocol.as_deref());
                }
                text.to_string()
            }
            other => panic!("not text: {other:?}"),
        }
    }

    /// The next frame, which must be text and JSON.
    pub(crate) async fn receive(&mut self) -> Value {
        let text = self.receive_text().await;
        serde_json::from_str(&text).unwrap()
    }

    /// The answer to one frame.
    pub(crate) async fn ask(&mut self, text: impl Into<String>) -> Value {
        self.send(text).await;
        self.receive().await
    }

    /// Nothing has been sent to the client that it has not received.
    pub(crate) async fn expect_silence(&mut self) {
        let answer = self.ask(r#"{"type":"ping"}"#).await;
        assert_eq!(answer["type"], "pong", "{answer}");
    }

    /// The answer to a frame that carries an id.
    pub(crate) async fn ask_with_id(&mut self, mut frame: Value) -> Value {
        frame["request_id"] = json!("r");
        let answer = self.ask(frame.to_string()).await;
        assert_eq!(answer["request_id"], "r", "{answer}");
        answer
    }

    /// The answer to a frame that carries an id, whatever comes before it.
    pub(crate) async fn ask_past_events(&mut self, mut frame: Value) -> Value {
        frame["request_id"] = json!("past");
        let mut answer = self.ask(frame.to_string()).await;
        while answer["request_id"] != "past" {
            answer = self.receive().await;
        }
        answer
    }

    /// Subscribes to a topic while there is no broker to confirm it.
    pub(crate) async fn subscribe_in_vain(&mut self, topic: &str) {
        let frame = json!({"type": "subscribe", "topics": [topic]});
        let answer = self.ask_with_id(frame).await;
        assert_eq!(answer["data"]["rejected"][0]["code"], "unavailable");
    }

    /// Subscribes to topics that may all be subscribed to.
    pub(crate) async fn subscribe(&mut self, topics: &[&str]) {
        let frame = json!({"type": "subscribe", "topics": topics});
        let answer = self.ask_with_id(frame).await;
        assert_eq!(answer["data"]["rejected"], json!([]), "{answer}");
    }

    /// The answer to a request.
    pub(crate) async fn request(&mut self, subject: &str, data: Value) -> Value {
        let frame = json!({"type": "request", "subject": subject, "data": data, "request_id": "r"});
        let answer = self.ask(frame.to_string()).await;
        assert_eq!(answer["request_id"], "r", "{answer}");
        answer
    }

    /// The code and the reason of the close, whatever comes before it.
    pub(crate) async fn closed(&mut self) -> (u16, Value) {
        loop {
            let next = soon(self.socket.next()).await.expect("a close frame");
            if let Message::Close(Some(frame)) = next.unwrap() {
                let reason = serde_json::from_str(&frame.reason).unwrap();
                return (CloseCode::into(frame.code), reason);
            }
        }
    }
}

/// Takes the position out of an event or an answer, which has one.
pub(crate) fn take_position(value: &mut Value) -> (String, u64) {
    let fields = value.as_object_mut().unwrap();
    let epoch = fields.remove("epoch").expect("an epoch");
    let offset = fields.remove("offset").expect("an offset");
    (epoch.as_str().unwrap().to_owned(), offset.as_u64().unwrap())
}

/// A token of this user that ends in a minute.
pub(crate) fn token(user: &str) -> String {
    signed(&json!({"sub": user, "exp": NOW + 60}))
}

pub(crate) fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET);
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

/// Two pools: `c-basics` with `hello` and `sum`, and `regex`, which is empty.
pub(crate) fn content() -> Vec<PoolContent> {
    let pool = |id: &str, name: &str| Pool {
        id: PoolId::parse(id).unwrap(),
        name: name.to_owned(),
        theme: String::new(),
        description: String::new(),
        difficulty: None,
        tags: Vec::new(),
        maintainer: String::new(),
        exercises: Vec::new(),
    };
    let basics = pool("c-basics", "The basics of C");
    let exercises = ["hello", "sum"].map(|id| exercise(id, &basics.id));
    vec![
        PoolContent {
            pool: basics,
            exercises: exercises.into(),
        },
        PoolContent {
            pool: pool("regex", "Regular expressions"),
            exercises: Vec::new(),
        },
    ]
}

fn exercise(id: &str, pool: &PoolId) -> Exercise {
    Exercise {
        id: ExerciseId::parse(id).unwrap(),
        pool_id: pool.clone(),
        title: format!("The exercise \"{id}\""),
        kind: ExerciseKind::Input,
        language: "none".to_owned(),
        build: None,
        tests: Vec::new(),
        validation: None,
        scoring: None,
        description: Some("Ünïcode and a 🦀".to_owned()),
        difficulty: None,
        tags: None,
        choices: None,
        answer: Some(Answer::One("a secret answer".to_owned())),
    }
}
