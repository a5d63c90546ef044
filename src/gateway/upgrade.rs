//! A socket is opened for an authenticated user or not at all; a refusal is plain HTTP.
//!
//! The order of the checks is part of the contract: what is no upgrade is told so first, then a
//! daemon that stops refuses, then the origin is judged, and the token last, because it costs most.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::Instrument;

use crate::ids::RoomId;

use super::auth::AuthError;
use super::token::{self, Subprotocols};
use super::{Gateway, origin, socket};

/// Seconds after which a client that was refused while draining may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a socket is not opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The request does not ask for a WebSocket of version 13.
    #[error("this is not a WebSocket upgrade")]
    NotAnUpgrade(#[source] WebSocketUpgradeRejection),
    /// A token is offered as a subprotocol, but nothing that can be echoed.
    #[error("a token in the subprotocol needs a dialect beside it")]
    SubprotocolMissing,
    /// What is in the path is not the name of a room.
    #[error("the room's name is not an id")]
    InvalidRoom,
    /// The room is not for this user.
    #[error("this user may not enter the room")]
    RoomForbidden,
    /// There is no token.
    #[error("there is no token")]
    MissingToken,
    /// There is a token that proves nothing.
    #[error("the token is not valid")]
    InvalidToken(#[source] AuthError),
    /// The token proved something once.
    #[error("the token has expired")]
    TokenExpired,
    /// The token names a user whose name is no id.
    #[error("the token's user is not an id")]
    InvalidUserId(#[source] AuthError),
    /// The page that asks is of another site.
    #[error("this origin may not open a socket")]
    OriginNotAllowed,
    /// The daemon is about to stop.
    #[error("the server is about to stop")]
    Draining,
}

#[derive(Serialize)]
struct RefusalBody {
    error: String,
    code: &'static str,
}

impl Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAnUpgrade(_) | Self::InvalidRoom => "bad_request",
            Self::RoomForbidden => "forbidden",
            Self::SubprotocolMissing => "subprotocol_missing",
            Self::MissingToken => "missing_token",
            Self::InvalidToken(_) => "invalid_token",
            Self::TokenExpired => "token_expired",
            Self::InvalidUserId(_) => "invalid_user_id",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::Draining => "draining",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotAnUpgrade(_) | Self::InvalidRoom | Self::SubprotocolMissing => {
                StatusCode::BAD_REQUEST
            }
            Self::MissingToken
            | Self::InvalidToken(_)
            | Self::TokenExpired
            | Self::InvalidUserId(_) => StatusCode::UNAUTHORIZED,
            Self::OriginNotAllowed | Self::RoomForbidden => StatusCode::FORBIDDEN,
            Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn header(&self) -> Option<(header::HeaderName, HeaderValue)> {
        match self.status() {
            StatusCode::BAD_REQUEST => Some((
                header::SEC_WEBSOCKET_VERSION,
                HeaderValue::from_static("13"),
            )),
            StatusCode::UNAUTHORIZED => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, RETRY_AFTER)),
            _ => None,
        }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Expired => Self::TokenExpired,
            AuthError::NoUser | AuthError::User(_) => Self::InvalidUserId(error),
            AuthError::Token(_)
            | AuthError::NoExpiry
            | AuthError::NotYetValid
            | AuthError::Mint(_)
            | AuthError::NoRandomness => Self::InvalidToken(error),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::debug!(
            code = self.code(),
            error = &self as &dyn std::error::Error,
            "refused a socket"
        );
        let body = RefusalBody {
            error: self.to_string(),
            code: self.code(),
        };
        let mut response = (self.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        headers.extend(self.header());
        // Who wanted a socket has no use for the connection beneath.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// `GET /ws` and `/ws/`: in the lobby, where there is one.
pub(super) async fn open(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let lobby = gateway.lobby();
    admit(&gateway, &headers, &uri, upgrade, Ok(lobby))
}

/// `GET /ws/connect`.
pub(super) async fn connect(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    admit(&gateway, &headers, &uri, upgrade, Ok(None))
}

/// `GET /ws/{room}`.
pub(super) async fn open_room(
    State(gateway): State<Gateway>,
    room: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let room = room
        .map_err(|_| Refusal::InvalidRoom)
        .and_then(|Path(name)| RoomId::parse(&name).map_err(|_| Refusal::InvalidRoom))
        .map(Some);
    admit(&gateway, &headers, &uri, upgrade, room)
}

fn admit(
    gateway: &Gateway,
    headers: &HeaderMap,
    uri: &Uri,
    upgrade: Upgrade,
    room: Result<Option<RoomId>, Refusal>,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.map_err(Refusal::NotAnUpgrade)?;
    // Counted in before the question whether the daemon stops: a socket that passes it is waited for.
    let guard = gateway.enter();
    if gateway.is_draining() {
        return Err(Refusal::Draining);
    }
    if !origin::is_allowed(headers) {
        return Err(Refusal::OriginNotAllowed);
    }
    let home = room?;
    let offers = Subprotocols::of(headers);
    if offers.token.is_some() && offers.dialect.is_none() {
        return Err(Refusal::SubprotocolMissing);
    }
    let auth = gateway.auth();
    let token = token::find(headers, &offers, uri, auth.query_token);
    let principal = auth.verify(&token.ok_or(Refusal::MissingToken)?, gateway.clock())?;
    if let Some(room) = &home
        && !gateway.may_enter(&principal, room)
    {
        return Err(Refusal::RoomForbidden);
    }

    let mut upgrade = socket::limited(upgrade, gateway.limits().message_size);
    if let Some(dialect) = offers.dialect {
        upgrade.set_selected_protocol(HeaderValue::from_static(dialect.subprotocol()));
    }
    let number = guard.name().number;
    let span = tracing::info_span!(
        parent: None,
        "connection",
        connection = number,
        user = %principal.user
    );
    let dialect = offers.dialect.unwrap_or_default();
    let gateway = gateway.clone();
    Ok(upgrade.on_upgrade(move |socket| {
        // Boxed: each layer of futures around it would otherwise hold it twice.
        let connection = Box::pin(gateway.serve(socket, principal, dialect, (number, home)));
        guard.run(connection).instrument(span)
    }))
}
