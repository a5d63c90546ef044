//! One request, one answer, one time limit for both.

use std::time::Duration;

use axum::body::{self, Body};
use axum::http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use axum::http::{Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::time::timeout;

use super::{Endpoint, RemoteError, connect};

/// The most bytes of an answer that are read.
const MOST: usize = 1024 * 1024;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Whether it was done.
    pub status: StatusCode,
    /// What was answered.
    pub body: Vec<u8>,
}

/// Sends JSON and waits for the answer, all in all at most so long.
pub async fn post_json(
    endpoint: &Endpoint,
    headers: &[(HeaderName, HeaderValue)],
    json: String,
    limit: Duration,
) -> Result<Answer, RemoteError> {
    let to = endpoint.authority();
    let asked = timeout(limit, post(endpoint, headers, json, limit)).await;
    asked.unwrap_or(Err(RemoteError::Timeout { to, limit }))
}

async fn post(
    endpoint: &Endpoint,
    headers: &[(HeaderName, HeaderValue)],
    json: String,
    limit: Duration,
) -> Result<Answer, RemoteError> {
    let to = endpoint.authority();
    let http = |source| RemoteError::Http {
        to: to.clone(),
        source,
    };
    let stream = TokioIo::new(connect(endpoint, limit).await?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(http)?;
    let mut request = Request::post(endpoint.target())
        .header(HOST, endpoint.authority())
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(json))
        .map_err(|_| RemoteError::Malformed("URL"))?;
    request.headers_mut().extend(headers.iter().cloned());
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(http)?;
        let status = answer.status();
        let body = body::to_bytes(Body::new(answer.into_body()), MOST).await;
        let body = body.map_err(|source| RemoteError::Answer {
            to: to.clone(),
            source,
        })?;
        Ok(Answer {
            status,
            body: body.into(),
        })
    };
    tokio::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        // The connection drives the exchange; where it ends first, the exchange knows why.
        _ = connection => exchange.await,
    }
}

/// What an answer `{"error","code"}` says, on one line.
pub fn told(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        code: String,
    }
    let Refusal { error, code } = serde_json::from_slice(body).ok()?;
    let said = format!("{error} ({code})");
    Some(said.replace(char::is_control, " "))
}
