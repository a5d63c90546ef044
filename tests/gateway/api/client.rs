//! One request over a connection of its own, which is read to its end: not a byte of an answer is
//! overlooked.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::{Fixture, soon, token};

/// A request, of user 42 unless it says otherwise.
pub(super) struct Ask {
    method: String,
    path: String,
    token: Option<String>,
    headers: String,
    body: String,
}

/// All that came.
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Ask {
    pub(super) fn of(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            token: Some(token("42")),
            headers: String::new(),
            body: String::new(),
        }
    }

    pub(super) fn get(path: &str) -> Self {
        Self::of("GET", path)
    }

    pub(super) fn post(path: &str) -> Self {
        Self::of("POST", path)
    }

    pub(super) fn method(&self) -> &str {
        &self.method
    }

    pub(super) fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub(super) fn user(self, user: &str) -> Self {
        self.token(&token(user))
    }

    pub(super) fn no_token(mut self) -> Self {
        self.token = None;
        self
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        for part in [name, ": ", value, "\r\n"] {
            self.headers.push_str(part);
        }
        self
    }

    pub(super) fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        let length = body.len().to_string();
        self.header("content-length", &length)
    }

    pub(super) fn json(self, body: &Value) -> Self {
        let text = body.to_string();
        self.header("content-type", "application/json").body(&text)
    }

    /// The body in pieces, without a word on how long it is.
    pub(super) fn chunked(mut self, body: &str) -> Self {
        let pieces = body.as_bytes().chunks(100).map(|piece| {
            let text = std::str::from_utf8(piece).unwrap();
            format!("{:x}\r\n{text}\r\n", piece.len())
        });
        self.body = pieces.collect();
        self.body += "0\r\n\r\n";
        self.header("transfer-encoding", "chunked")
    }

    pub(super) async fn send(self, fixture: &Fixture) -> Answer {
        let Self {
            method,
            path,
            token,
            headers,
            body,
        } = self;
        let token = token.map_or(String::new(), |token| {
            format!("authorization: Bearer {token}\r\n")
        });
        let close = if headers.contains("upgrade:") {
            ""
        } else {
            "connection: close\r\n"
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{close}{token}{headers}\r\n{body}"
        );
        let mut stream = TcpStream::connect(fixture.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        soon(stream.read_to_end(&mut answer)).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head[9..12].parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    pub(super) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.body).unwrap()
    }

    /// The code of an error.
    pub(super) fn code(&self) -> String {
        let body = self.json();
        assert!(
            body["error"]
                .as_str()
                .is_some_and(|error| !error.is_empty())
        );
        body["code"].as_str().unwrap().to_owned()
    }
}
