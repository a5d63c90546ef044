//! A foreign client that listens.

use std::net::SocketAddr;
use std::time::SystemTime;

use futures_util::{SinkExt, StreamExt};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::fixture::{SECRET, soon};

/// A connection that listens to all changes of the content.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What was told of one exercise or pool: its id and what happened.
pub(crate) type Told = (String, String);

impl Client {
    pub(crate) async fn listener(address: SocketAddr) -> Self {
        let mut client = Self::connect(address, &token("42", SECRET)).await;
        client.listen().await;
        client
    }

    pub(crate) async fn connect(address: SocketAddr, token: &str) -> Self {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("authorization", token.parse().unwrap());
        let (socket, _) = soon(connect_async(request)).await.unwrap();
        Self { socket }
    }

    /// What becomes of a client with this token whose page is of this site: the status.
    pub(crate) async fn attempt(address: SocketAddr, token: &str, origin: Option<&str>) -> u16 {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("authorization", token.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        match soon(connect_async(request)).await {
            Ok((_, response)) => response.status().as_u16(),
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        }
    }

    async fn listen(&mut self) {
        let topics = ["exercise.updated", "exercise.pool.updated"];
        let frame = json!({"type": "subscribe", "topics": topics, "request_id": "s"});
        self.send(&frame).await;
        let answer = self.receive().await;
        assert_eq!(answer["data"]["rejected"], json!([]), "{answer}");
    }

    async fn send(&mut self, frame: &Value) {
        soon(self.socket.send(Message::text(frame.to_string())))
            .await
            .unwrap();
    }

    /// The next frame. A socket that is closed fails the test.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            match soon(self.socket.next()).await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("not text: {other:?}"),
            }
        }
    }

    /// The next change of an exercise.
    pub(crate) async fn changed_exercise(&mut self) -> Value {
        loop {
            let event = self.receive().await;
            if event["subject"] == "exercise.updated" {
                return event["data"].clone();
            }
        }
    }

    /// What is told of exercises until one has changed in this way, without that.
    pub(crate) async fn until(&mut self, id: &str, change: &str) -> Vec<Told> {
        let mut told = Vec::new();
        loop {
            let event = self.changed_exercise().await;
            let text = |key: &str| event[key].as_str().unwrap().to_owned();
            let one = (text("exercise_id"), text("change"));
            if one == (id.to_owned(), change.to_owned()) {
                return told;
            }
            told.push(one);
        }
    }

    /// What is told of exercises and pools until an exercise has been added, without that.
    pub(crate) async fn all_until_added(&mut self, id: &str) -> Vec<Told> {
        let mut told = Vec::new();
        loop {
            let event = self.receive().await;
            let data = &event["data"];
            let subject = event["subject"].as_str().unwrap();
            let change = data["change"].as_str().unwrap().to_owned();
            let name = match subject {
                "exercise.updated" => data["exercise_id"].as_str().unwrap().to_owned(),
                "exercise.pool.updated" => format!("pool {}", data["pool_id"].as_str().unwrap()),
                other => panic!("not of the content: {other}"),
            };
            if name == id && change == "added" {
                return told;
            }
            told.push((name, change));
        }
    }

    /// The answer to a request, whatever is told before it.
    pub(crate) async fn request(&mut self, subject: &str, data: Value) -> Value {
        let frame = json!({"type": "request", "subject": subject, "data": data, "request_id": "r"});
        self.send(&frame).await;
        loop {
            let answer = self.receive().await;
            if answer["request_id"] == "r" {
                return answer;
            }
        }
    }

    /// The title that is served for an exercise, if it is.
    pub(crate) async fn title(&mut self, id: &str) -> Option<String> {
        let answer = self
            .request("exercise.get", json!({"exercise_id": id}))
            .await;
        let title = answer["data"]["exercise"]["title"].as_str();
        title.map(str::to_owned)
    }

    /// The socket is open, and nothing more has been told.
    pub(crate) async fn expect_silence(&mut self) {
        self.send(&json!({"type": "ping"})).await;
        let answer = self.receive().await;
        assert_eq!(answer["type"], "pong", "{answer}");
    }
}

/// What was told, as a test writes it.
pub(crate) fn told(all: &[(&str, &str)]) -> Vec<Told> {
    let own = |(id, change): &(&str, &str)| ((*id).to_owned(), (*change).to_owned());
    all.iter().map(own).collect()
}

/// A token that is good today.
pub(crate) fn token(user: &str, secret: &[u8]) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let key = EncodingKey::from_secret(secret);
    let claims = json!({"sub": user, "exp": now + 600});
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

/// The body of the answer to a plain GET.
pub(crate) async fn http(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    body.to_owned()
}
