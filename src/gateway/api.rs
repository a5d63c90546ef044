//! The API answers over HTTP what sockets are answered, by the same dispatch and under the same
//! policy.
//!
//! The order of the checks is part of the contract: the origin, then who asks, then how often, and
//! only then what is asked. Content has an entity tag; what is asked of a moment is not to be stored.

mod asker;
mod body;
mod conditional;
mod error;
mod publish;
mod topics;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::HeaderMap;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::ids::{ExerciseId, PoolId, UserId};
use crate::protocol::{CloseCode, EncodeError};

use super::call::{self, Action, Call};
use super::policy::{self, Intent};
use super::{Gateway, Route};
use asker::Asker;
use body::Object;
use error::ApiError;

/// The routes of the API; they belong behind the base path.
pub(super) fn routes() -> Vec<Route<Gateway>> {
    vec![
        Route::get("/api/v1/pools", pools),
        Route::get("/api/v1/pools/{id}", pool),
        Route::get("/api/v1/pools/{id}/exercises", exercises),
        Route::get("/api/v1/exercises/{id}", exercise),
        Route::post("/api/v1/exercises/{id}/launch", launch),
        Route::get("/api/v1/history/{topic}", topics::history),
        Route::get("/api/v1/presence/{topic}", topics::presence),
        Route::post("/api/v1/publish", publish::publish),
        Route::post("/api/v1/disconnect", disconnect),
    ]
}

/// The variable part of a path, without its escapes.
struct Named(String);

impl FromRequestParts<Gateway> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let path: Result<_, PathRejection> = Path::from_request_parts(parts, gateway).await;
        path.map(|Path(text)| Self(text)).map_err(ApiError::Path)
    }
}

#[derive(Deserialize)]
struct LaunchBody {
    user_id: Option<String>,
}

#[derive(Deserialize)]
struct DisconnectBody {
    user_id: String,
}

#[derive(Serialize)]
struct Disconnected {
    closed: usize,
}

async fn pools(
    State(gateway): State<Gateway>,
    asker: Asker,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    content(&gateway, &asker, Action::ListPools, &headers).await
}

async fn pool(
    State(gateway): State<Gateway>,
    asker: Asker,
    Named(id): Named,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = call::id("pool_id", Some(&id), PoolId::parse)?;
    content(&gateway, &asker, Action::GetPool(id), &headers).await
}

async fn exercises(
    State(gateway): State<Gateway>,
    asker: Asker,
    Named(id): Named,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = call::id("pool_id", Some(&id), PoolId::parse)?;
    content(&gateway, &asker, Action::ListExercises(id), &headers).await
}

async fn exercise(
    State(gateway): State<Gateway>,
    asker: Asker,
    Named(id): Named,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = call::id("exercise_id", Some(&id), ExerciseId::parse)?;
    content(&gateway, &asker, Action::GetExercise(id), &headers).await
}

async fn content(
    gateway: &Gateway,
    Asker(principal): &Asker,
    action: Action,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let services = &gateway.shared.services;
    let call = Call { user: None, action };
    let answer = services
        .dispatch
        .call(principal, services.rules, call)
        .await?;
    Ok(conditional::answer(headers, answer.data))
}

async fn launch(
    State(gateway): State<Gateway>,
    Asker(principal): Asker,
    Named(id): Named,
    Object(body): Object<LaunchBody>,
) -> Result<Response, ApiError> {
    let services = &gateway.shared.services;
    let id = call::id("exercise_id", Some(&id), ExerciseId::parse)?;
    let call = Call {
        user: body.user_id,
        action: Action::Launch(id),
    };
    let answer = services
        .dispatch
        .call(&principal, services.rules, call)
        .await?;
    if let Some(launch) = &answer.launched {
        services.announce_launch(launch).await?;
    }
    Ok(of_this_moment(answer.data))
}

/// Ends what is open, and bans nobody: whoever has a token that is still good may come back.
async fn disconnect(
    State(gateway): State<Gateway>,
    Asker(principal): Asker,
    Object(body): Object<DisconnectBody>,
) -> Result<Response, ApiError> {
    let rules = gateway.shared.services.rules;
    policy::authorize(&principal, rules, Intent::Disconnect)?;
    let user = call::id("user_id", Some(&body.user_id), UserId::parse)?;
    // A client takes it for a token that is not accepted any more: it asks for another one, and
    // whoever gives it decides whether the user comes back.
    let close = CloseCode::AuthFailed.into();
    let closed = gateway.admission().close(&user, close);
    tracing::info!(by = %principal.user, %user, closed, "disconnected");
    let answer = serde_json::to_string(&Disconnected { closed });
    Ok(of_this_moment(answer.map_err(EncodeError::from)?))
}

fn of_this_moment(data: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, data).into_response()
}
