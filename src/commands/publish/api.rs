//! Publishing through the HTTP API of a gateway.

use std::time::Duration;

use anyhow::Context;
use axum::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde::Deserialize;

use super::Outcome;
use super::message::Outgoing;
use crate::cli::Publish;
use crate::commands::credentials;
use crate::config::Layers;
use crate::remote::{self, Answer, Endpoint, Protocol, RemoteError};

/// The route.
const ROUTE: &str = "/api/v1/publish";
/// The header of an API key.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// How long it may take: longer than a gateway waits for its Redis.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a published message is.
#[derive(Deserialize)]
struct Published {
    message_id: Option<String>,
    epoch: Option<String>,
    offset: Option<u64>,
}

/// Publishes it and says what it is called there.
pub(super) fn publish(
    url: &str,
    args: &Publish,
    outgoing: &Outgoing,
    layers: &Layers,
) -> Result<Outcome, anyhow::Error> {
    let endpoint = Endpoint::parse(url, Protocol::Http)?.with_route(ROUTE);
    let headers = credentials(args, layers)?;
    let request = outgoing.request(args.idempotency_key.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let asked = remote::post_json(&endpoint, &headers, request, PATIENCE);
    let answer = runtime.block_on(asked)?;
    if !answer.status.is_success() {
        anyhow::bail!(refusal(&endpoint, &answer));
    }
    let published: Published = serde_json::from_slice(&answer.body)
        .with_context(|| format!("{endpoint} answers what is no answer of mithril"))?;
    Ok(vec![
        ("message_id", published.message_id.into()),
        ("epoch", published.epoch.into()),
        ("offset", published.offset.into()),
    ])
}

/// An API key where there is one, else a token.
fn credentials(
    args: &Publish,
    layers: &Layers,
) -> Result<Vec<(HeaderName, HeaderValue)>, RemoteError> {
    let typed = args.token.is_some() || args.token_file.is_some();
    let key = credentials::api_key(args.api_key_file.clone(), layers);
    if let Some(key) = key.filter(|_| !typed || args.api_key_file.is_some()) {
        let value = remote::secret_header("API key", "", &key.read()?)?;
        return Ok(vec![(API_KEY, value)]);
    }
    match credentials::token(args.token.clone(), args.token_file.clone(), layers) {
        None => Ok(Vec::new()),
        Some(token) => {
            let value = remote::secret_header("token", "Bearer ", &token.read()?)?;
            Ok(vec![(AUTHORIZATION, value)])
        }
    }
}

fn refusal(endpoint: &Endpoint, answer: &Answer) -> String {
    let said = remote::told(&answer.body).unwrap_or_else(|| answer.status.to_string());
    let help = match answer.status.as_u16() {
        401 => {
            "; give a token by the variable MITHRIL_TOKEN or --token-file, or a key by MITHRIL_API_KEY"
        }
        403 => "; the token needs the scope publish, or publish:PATTERN for the topic",
        404 | 405 => "; is it a gateway of mithril, and is its server.base_path in the URL?",
        _ => "",
    };
    format!("{endpoint} did not publish it: {said}{help}")
}
