//! The client's end of a socket: it is opened within a time limit, and a gateway that is not there
//! any more is noticed.
//!
//! Frames of the protocol are said, not only control frames, because a connection on which nothing is
//! said is closed by the gateway.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::loss::Loss;
use crate::config::Secret;
use crate::protocol::Dialect;
use crate::remote::{self, Connection, Endpoint, RemoteError};

/// How long opening a socket may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing may be heard before the gateway is asked whether it is there.
const QUIET: Duration = Duration::from_secs(20);
/// The header that names the dialect.
const SUBPROTOCOL: &str = "sec-websocket-protocol";

/// An open socket.
pub(super) struct Socket {
    stream: WebSocketStream<Connection>,
    /// When the gateway last said something.
    heard: Instant,
    /// Whether it has been asked since.
    is_asked: bool,
}

impl Socket {
    /// Opens a socket that speaks `mithril.v1`.
    pub(super) async fn open(
        endpoint: &Endpoint,
        token: Option<&Secret<String>>,
    ) -> Result<Self, Loss> {
        let stream = remote::connect(endpoint, PATIENCE).await?;
        let request = request(endpoint, token)?;
        let opened = timeout(PATIENCE, client_async(request, stream)).await;
        let opened = opened.map_err(|_| RemoteError::Timeout {
            to: endpoint.authority(),
            limit: PATIENCE,
        })?;
        let (stream, _) = opened.map_err(|error| match error {
            tungstenite::Error::Http(answer) => refused(endpoint, &answer),
            cause => Loss::Foreign {
                url: endpoint.to_string(),
                cause: Box::new(cause),
            },
        })?;
        Ok(Self {
            stream,
            heard: Instant::now(),
            is_asked: false,
        })
    }

    /// Says something.
    pub(super) async fn send(&mut self, text: String) -> Result<(), Loss> {
        let sent = timeout(PATIENCE, self.stream.send(Message::text(text))).await;
        match sent {
            Ok(sent) => sent.map_err(|error| Loss::Broken(Box::new(error))),
            Err(_) => Err(Loss::Silent(PATIENCE)),
        }
    }

    /// Waits for a frame.
    pub(super) async fn next(&mut self) -> Result<Utf8Bytes, Loss> {
        loop {
            let limit = if self.is_asked {
                QUIET + PATIENCE
            } else {
                QUIET
            };
            match timeout_at(self.heard + limit, self.stream.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    self.heard = Instant::now();
                    self.is_asked = false;
                    return Ok(text);
                }
                Ok(Some(Ok(Message::Close(Some(frame))))) => {
                    return Err(Loss::closed(frame.code.into(), &frame.reason));
                }
                Ok(Some(Ok(Message::Close(None))) | None) => return Err(Loss::Ended),
                Ok(Some(Ok(
                    Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_),
                ))) => {}
                Ok(Some(Err(error))) => return Err(Loss::Broken(Box::new(error))),
                Err(_) if self.is_asked => return Err(Loss::Silent(limit)),
                Err(_) => {
                    self.is_asked = true;
                    self.send(r#"{"type":"ping"}"#.to_owned()).await?;
                }
            }
        }
    }
}

fn request(endpoint: &Endpoint, token: Option<&Secret<String>>) -> Result<Request, Loss> {
    let scheme = if endpoint.is_encrypted() { "wss" } else { "ws" };
    let url = format!("{scheme}://{}{}", endpoint.authority(), endpoint.target());
    let mut request = url
        .into_client_request()
        .map_err(|_| RemoteError::Malformed("URL"))?;
    let dialect = HeaderValue::from_static(Dialect::V1.subprotocol());
    request.headers_mut().insert(SUBPROTOCOL, dialect);
    if let Some(token) = token {
        let bearer = remote::secret_header("token", "Bearer ", token)?;
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    Ok(request)
}

fn refused(endpoint: &Endpoint, answer: &Response<Option<Vec<u8>>>) -> Loss {
    let status = answer.status();
    let body = answer.body().as_deref().unwrap_or_default();
    let mut said = remote::told(body).unwrap_or_else(|| status.to_string());
    if status == 401 {
        said.push_str("; give a token by the variable MITHRIL_TOKEN or --token-file");
    }
    Loss::Refused {
        url: endpoint.to_string(),
        status: status.as_u16(),
        said,
        retry_after: retry_after(answer.headers()),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
