//! A socket is opened as RFC 6455, section 4.2, has it, or its request is no upgrade.

use std::convert::Infallible;

use aws_lc_rs::digest;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::{Halves, split};
use crate::lingering::Connection;

/// The one version of the protocol.
pub(in crate::gateway) const VERSION: HeaderValue = HeaderValue::from_static("13");
/// What is put behind a key before it is hashed (section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The bytes of a key.
const KEY: usize = 16;

/// Why a request does not open a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::gateway) enum NotAnUpgrade {
    /// It is of another kind.
    #[error("the request is not a GET of HTTP/1.1")]
    Request,
    /// It does not ask for an upgrade to a WebSocket.
    #[error("the headers Connection and Upgrade do not ask for a WebSocket")]
    Headers,
    /// It asks for another version of the protocol.
    #[error("the header Sec-WebSocket-Version is not 13")]
    Version,
    /// It has a body, which nobody would tell from the frames behind it.
    #[error("a request for a socket has no body")]
    Body,
    /// It has no key.
    #[error("the header Sec-WebSocket-Key is not 16 bytes in Base64")]
    Key,
    /// What is beneath can't be upgraded.
    #[error("the connection can't be upgraded")]
    Connection,
}

/// Why a socket was not opened after all.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum NotOpened {
    /// The answer could not be sent.
    #[error("failed to answer the upgrade")]
    Unanswered(#[from] hyper::Error),
    /// What is beneath was not accepted by this daemon.
    #[error("the connection is none of the daemon's")]
    Foreign,
}

/// What a request asks for.
#[derive(Debug)]
pub(in crate::gateway) struct Asked(pub(in crate::gateway) Result<Handshake, NotAnUpgrade>);

/// A request for a socket that can be opened.
#[derive(Debug)]
pub(in crate::gateway) struct Handshake {
    accept: HeaderValue,
    upgrade: OnUpgrade,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Handshake::of(parts)))
    }
}

impl Handshake {
    fn of(parts: &mut Parts) -> Result<Self, NotAnUpgrade> {
        let headers = &parts.headers;
        if parts.method != Method::GET || parts.version != Version::HTTP_11 {
            return Err(NotAnUpgrade::Request);
        }
        if !(lists(headers, header::CONNECTION, "upgrade")
            && lists(headers, header::UPGRADE, "websocket"))
        {
            return Err(NotAnUpgrade::Headers);
        }
        let version = headers.get(header::SEC_WEBSOCKET_VERSION);
        if version.is_none_or(|version| version != VERSION) {
            return Err(NotAnUpgrade::Version);
        }
        let length = headers.get(header::CONTENT_LENGTH);
        if headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|it| it != "0") {
            return Err(NotAnUpgrade::Body);
        }
        let accept = accept(headers).ok_or(NotAnUpgrade::Key)?;
        let upgrade = parts.extensions.remove::<OnUpgrade>();
        let upgrade = upgrade.ok_or(NotAnUpgrade::Connection)?;
        Ok(Self { accept, upgrade })
    }

    /// The answer, and the socket that is there once the answer is sent: for messages of at most so
    /// many bytes.
    pub(in crate::gateway) fn accept(
        self,
        protocol: Option<&'static str>,
        message_size: usize,
    ) -> (
        Response<Body>,
        impl Future<Output = Result<Halves, NotOpened>>,
    ) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = protocol {
            let protocol = HeaderValue::from_static(protocol);
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        let upgrade = self.upgrade;
        let opening = async move {
            let stream = upgrade.await?.downcast::<TokioIo<Connection>>();
            let parts = stream.map_err(|_| NotOpened::Foreign)?;
            let connection = parts.io.into_inner();
            Ok(split(connection, message_size, &parts.read_buf))
        };
        (response, opening)
    }
}

/// Whether a header that is a list has this entry.
fn lists(headers: &HeaderMap, name: HeaderName, entry: &str) -> bool {
    let lines = headers.get_all(name);
    let mut entries = lines
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    entries.any(|found| found.trim_ascii().eq_ignore_ascii_case(entry.as_bytes()))
}

/// The proof that the key was read, where there is one key.
fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (key, None) = (keys.next()?.as_bytes(), keys.next()) else {
        return None;
    };
    if STANDARD.decode(key).ok()?.len() != KEY {
        return None;
    }
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key);
    hash.update(GUID);
    HeaderValue::try_from(STANDARD.encode(hash.finish())).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    /// Why a request without a connection beneath is none, with some headers in place of good ones.
    fn refused(method: &Method, changed: &[(&str, &str)]) -> NotAnUpgrade {
        let mut request = Request::builder().method(method);
        let kept = |(name, _): &&(&str, &str)| changed.iter().all(|(other, _)| name != other);
        for (name, value) in GOOD.iter().filter(kept).chain(changed) {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        Handshake::of(&mut parts).unwrap_err()
    }

    #[test]
    fn the_proof_is_that_of_the_rfc() {
        let mut headers = HeaderMap::new();
        headers.insert("sec-websocket-key", HeaderValue::from_static(GOOD[3].1));
        assert_eq!(accept(&headers).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_is_no_upgrade() {
        use NotAnUpgrade::{Body, Connection, Headers, Key, Request, Version};
        assert_eq!(refused(&Method::GET, &[]), Connection, "all else is right");
        assert_eq!(refused(&Method::HEAD, &[]), Request);
        for headers in [("connection", "keep-alive"), ("upgrade", "h2c")] {
            assert_eq!(refused(&Method::GET, &[headers]), Headers);
        }
        for version in ["8", "13, 8", ""] {
            let header = ("sec-websocket-version", version);
            assert_eq!(refused(&Method::GET, &[header]), Version);
        }
        for body in [("content-length", "7"), ("transfer-encoding", "chunked")] {
            assert_eq!(refused(&Method::GET, &[body]), Body);
        }
        assert_eq!(
            refused(&Method::GET, &[("content-length", "0")]),
            Connection
        );
        for key in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZSE=",
            "not in Base64, but long",
        ] {
            let header = ("sec-websocket-key", key);
            assert_eq!(refused(&Method::GET, &[header]), Key, "{key}");
        }
        let twice = [GOOD[3], GOOD[3]];
        assert_eq!(refused(&Method::GET, &twice), Key);
    }
}
