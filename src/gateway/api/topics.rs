//! What is known of a topic: who is there, and what was published.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::asker::Asker;
use super::error::ApiError;
use super::{Named, of_this_moment};
use crate::gateway::Gateway;
use crate::gateway::auth::Principal;
use crate::gateway::history::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::gateway::policy::{self, Forbidden, Intent};
use crate::protocol::{Position, Topic};

/// Where to read a history from, and how much.
#[derive(Deserialize)]
pub(super) struct Part {
    epoch: Option<String>,
    offset: Option<u64>,
    limit: Option<u64>,
}

pub(super) async fn presence(
    State(gateway): State<Gateway>,
    Asker(principal): Asker,
    Named(topic): Named,
) -> Result<Response, ApiError> {
    let services = &gateway.shared.services;
    let topic = named(&topic, &principal, Forbidden::Members)?;
    policy::authorize(&principal, services.rules, Intent::Presence(&topic))?;
    Ok(of_this_moment(services.presence_of(&topic).await?))
}

pub(super) async fn history(
    State(gateway): State<Gateway>,
    Asker(principal): Asker,
    Named(topic): Named,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Response, ApiError> {
    let services = &gateway.shared.services;
    let topic = named(&topic, &principal, Forbidden::History)?;
    policy::authorize(&principal, services.rules, Intent::History(&topic))?;
    let Query(part) = part.map_err(ApiError::Query)?;
    let since = match (part.epoch, part.offset) {
        (Some(epoch), Some(offset)) => Some(Position { epoch, offset }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(ApiError::HalfPosition),
    };
    let limit = part.limit.unwrap_or(DEFAULT_LIMIT);
    if limit > MAX_LIMIT {
        return Err(ApiError::Limit);
    }
    let answer = services.read_history(&topic, since.as_ref(), limit).await?;
    Ok(of_this_moment(answer))
}

/// What is no topic is nobody's to see, as on a socket.
fn named(name: &str, principal: &Principal, otherwise: Forbidden) -> Result<Topic, Forbidden> {
    Topic::parse_for(name, &principal.user).ok_or(otherwise)
}
