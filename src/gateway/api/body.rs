//! A body is a JSON object of bounded size that comes in bounded time; none at all is an empty one.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::error::ApiError;
use crate::gateway::Gateway;
use crate::protocol;

/// What a body may have beside a message of the largest size, in bytes.
const AROUND: usize = 4 * 1024;
/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a body says. Fields that are not known are skipped, as those of requests on sockets are.
pub(super) struct Object<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Gateway> for Object<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let most = gateway.limits().payload.saturating_add(AROUND);
        let text = read(body, most).await?;
        if text.is_empty() {
            return object(b"{}");
        }
        if !is_json(&parts.headers) {
            return Err(ApiError::MediaType);
        }
        object(&text)
    }
}

fn object<T: DeserializeOwned>(text: &[u8]) -> Result<Object<T>, ApiError> {
    let text = str::from_utf8(text).map_err(ApiError::Utf8)?;
    // serde would read a struct from an array too.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(ApiError::NotAnObject);
    }
    let fields = serde_json::from_str(text).map_err(ApiError::Fields)?;
    // What is skipped or handed on is read without recursion, however deep it is.
    if protocol::is_json(text) {
        Ok(Object(fields))
    } else {
        Err(ApiError::TooDeep)
    }
}

async fn read(body: Body, most: usize) -> Result<Vec<u8>, ApiError> {
    let text = timeout(PATIENCE, collect(body, most)).await;
    text.map_err(|_elapsed| ApiError::SlowBody)?
}

async fn collect(body: Body, most: usize) -> Result<Vec<u8>, ApiError> {
    // What says that it is too large is not waited for.
    if body.size_hint().lower() > most as u64 {
        return Err(ApiError::TooLarge(most));
    }
    let mut text = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(ApiError::Body)?;
        if text.len() + chunk.len() > most {
            return Err(ApiError::TooLarge(most));
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

/// Whether the body is said to be JSON, or nothing is said of it.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let value = value.to_str().unwrap_or_default();
    let (kind, _parameters) = value.split_once(';').unwrap_or((value, ""));
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures_util::stream;

    use super::*;

    const HALVES: [io::Result<&str>; 2] = [Ok("{\"a\":"), Ok("1}")];

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let body = Body::from_stream(stream::iter(HALVES).chain(stream::pending()));
        assert!(matches!(read(body, 1000).await, Err(ApiError::SlowBody)));
    }

    #[tokio::test]
    async fn a_body_is_joined_up_to_the_most_that_it_may_have() {
        let body = || Body::from_stream(stream::iter(HALVES));
        assert_eq!(read(body(), 7).await.unwrap(), b"{\"a\":1}");
        assert!(matches!(read(body(), 6).await, Err(ApiError::TooLarge(6))));
        let broken = [
            Ok("{"),
            Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        ];
        let broken = read(Body::from_stream(stream::iter(broken)), 1000).await;
        assert!(matches!(broken, Err(ApiError::Body(_))));
    }
}
