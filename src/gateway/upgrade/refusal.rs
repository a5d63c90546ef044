//! A refusal is plain HTTP, with a code for programs and a sentence for people; its cause is logged.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::gateway::auth::AuthError;
use crate::gateway::socket::{self, NotAnUpgrade};

/// Seconds after which a client that was refused for want of room may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a socket is not opened.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum Refusal {
    /// The request does not ask for a WebSocket of version 13.
    #[error("this is not a WebSocket upgrade")]
    NotAnUpgrade(#[source] NotAnUpgrade),
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
    #[error("{}", .0.sentence())]
    Token(#[source] AuthError),
    /// The page that asks is of another site.
    #[error("this origin may not open a socket")]
    OriginNotAllowed,
    /// The address opens too many sockets, or sends too many tokens that prove nothing.
    #[error("this address connects too often")]
    TooManyConnects,
    /// There are as many sockets as there may be.
    #[error("the server has as many connections as it takes")]
    AtCapacity,
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
            Self::Token(error) => error.code(),
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::TooManyConnects => "too_many_connects",
            Self::AtCapacity => "at_capacity",
            Self::Draining => "draining",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotAnUpgrade(NotAnUpgrade::Version) => StatusCode::UPGRADE_REQUIRED,
            Self::NotAnUpgrade(_) | Self::InvalidRoom | Self::SubprotocolMissing => {
                StatusCode::BAD_REQUEST
            }
            Self::MissingToken | Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::OriginNotAllowed | Self::RoomForbidden => StatusCode::FORBIDDEN,
            Self::TooManyConnects => StatusCode::TOO_MANY_REQUESTS,
            Self::AtCapacity | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn header(&self) -> Option<(header::HeaderName, HeaderValue)> {
        match self.status() {
            StatusCode::BAD_REQUEST | StatusCode::UPGRADE_REQUIRED => {
                Some((header::SEC_WEBSOCKET_VERSION, socket::VERSION))
            }
            StatusCode::UNAUTHORIZED => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Some((header::RETRY_AFTER, RETRY_AFTER))
            }
            _ => None,
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
        if self.status() == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        // Who wanted a socket has no use for the connection beneath.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}
