//! Replicas as processes of their own over one Redis, and services that publish through them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::binary::mithril;
use crate::fixture::{Client, SECRET, soon};
use crate::server::RedisServer;

/// What proves that a service may publish.
const KEY: &str = "a-key-of-at-least-thirty-two-bytes";

/// A replica. Dropping it kills it.
pub(crate) struct Replica {
    child: Child,
    pub(crate) address: SocketAddr,
    _log: JoinSet<()>,
}

impl Replica {
    /// One that serves this content, with these variables.
    pub(crate) async fn start(
        redis: &RedisServer,
        content: &Path,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::from(mithril(content));
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("JWT_SECRET_KEY", std::str::from_utf8(SECRET).unwrap())
            .env("MITHRIL_AUTH_API_KEYS", KEY)
            .env("MITHRIL_EXERCISES_DIR", content)
            .env("REDIS_URL", redis.url())
            .env("LOG_FORMAT", "json")
            .env("MITHRIL_DRAIN", "2s")
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
        // Read on, so that it is never held up by its log.
        let mut reading = JoinSet::new();
        reading.spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Self {
            child,
            address,
            _log: reading,
        }
    }

    /// Ends it as if the power had gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, and waits.
    pub(crate) async fn stop(mut self) {
        crate::binary::signal(self.child.id().unwrap(), "-TERM");
        soon(self.child.wait()).await.unwrap();
    }
}

/// A client of this user, if the replica is there.
pub(crate) async fn connect(
    address: SocketAddr,
    user: &str,
    dialect: Option<&str>,
) -> Result<Client, tokio_tungstenite::tungstenite::Error> {
    let mut request = format!("ws://{address}/ws").into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("authorization", token(user).parse().unwrap());
    if let Some(dialect) = dialect {
        headers.insert("sec-websocket-protocol", dialect.parse().unwrap());
    }
    let (socket, _) = connect_async(request).await?;
    Ok(Client::new(socket, dialect.map(str::to_owned)))
}

/// A token that is good today.
fn token(user: &str) -> String {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let key = EncodingKey::from_secret(SECRET);
    let claims = json!({"sub": user, "exp": now + 3_600});
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

/// A service's connection to a replica.
pub(crate) struct Service {
    stream: BufReader<TcpStream>,
}

impl Service {
    pub(crate) async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// The status of the answer, and the answer.
    pub(crate) async fn publish(&mut self, message: &Value) -> std::io::Result<(u16, Value)> {
        let body = message.to_string();
        let length = body.len();
        let request = format!(
            "POST /api/v1/publish HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok((status, serde_json::from_slice(&body).unwrap()))
    }

    /// The same, where it may take no longer than this.
    pub(crate) async fn publish_within(
        &mut self,
        limit: Duration,
        message: &Value,
    ) -> std::io::Result<(u16, Value)> {
        let published = tokio::time::timeout(limit, self.publish(message)).await;
        published.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
    }
}
