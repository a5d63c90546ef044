//! Each error of the API has one status and one code; its cause is logged, never sent.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::gateway::auth::AuthError;
use crate::gateway::call::CallError;
use crate::gateway::dispatch::RequestError;
use crate::gateway::gatekeeper::Unproven;
use crate::gateway::policy::Forbidden;
use crate::protocol::{EncodeError, ErrorCode};

/// Seconds after which whoever asked too often may ask again. Rates count by the second, so there is
/// room for one more by then.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a request is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// The page that asks is of another site.
    #[error("this origin may not ask")]
    OriginNotAllowed,
    /// There is no token in a header.
    #[error("there is no token in the header Authorization")]
    MissingToken,
    /// There is a token that proves nothing, or there were too many of them.
    #[error("{}", .0.sentence())]
    Unproven(#[source] Unproven),
    /// The user asks too often.
    #[error("these are too many requests")]
    TooManyRequests,
    /// The path has an escape that is no text.
    #[error("the path is not UTF-8")]
    Path(#[source] PathRejection),
    /// The body is not what is asked for.
    #[error("the body does not fit: {0}")]
    Fields(#[source] serde_json::Error),
    /// The body is JSON, but no object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// The body is of another type.
    #[error("the body must be of the type application/json")]
    MediaType,
    /// The body is larger than this.
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    /// The body broke off.
    #[error("the body could not be read")]
    Body(#[source] axum::Error),
    /// The body did not come.
    #[error("the body did not come in time")]
    SlowBody,
    /// The user may not do this.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// What is asked has no answer.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// An answer has no JSON form.
    #[error("the server is at fault")]
    Encode(#[from] EncodeError),
    /// There are no names for strangers.
    #[error("the server is at fault")]
    Stranger(#[source] AuthError),
    /// Whoever accepted the connection did not say where it comes from.
    #[error("the server is at fault")]
    NoAddress,
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        Self::Request(error.into())
    }
}

#[derive(Serialize)]
struct ErrorBody {
    error: String,
    code: &'static str,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::OriginNotAllowed | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::MissingToken => StatusCode::UNAUTHORIZED,
            Self::Unproven(unproven) => match unproven {
                Unproven::Token(_) | Unproven::AnotherUser => StatusCode::UNAUTHORIZED,
                Unproven::TooManyFailures => StatusCode::TOO_MANY_REQUESTS,
            },
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Path(_) | Self::Fields(_) | Self::NotAnObject | Self::Body(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::Request(error) => status_of(error.code()),
            Self::Encode(_) | Self::Stranger(_) | Self::NoAddress => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::MissingToken => "missing_token",
            Self::Unproven(unproven) => unproven.code(),
            Self::MediaType => "unsupported_media_type",
            Self::TooManyRequests => ErrorCode::RateLimited.as_str(),
            Self::Path(_) | Self::Fields(_) | Self::NotAnObject | Self::Body(_) => {
                ErrorCode::BadRequest.as_str()
            }
            Self::TooLarge(_) => ErrorCode::TooLarge.as_str(),
            Self::SlowBody => ErrorCode::Timeout.as_str(),
            Self::Forbidden(_) => ErrorCode::Forbidden.as_str(),
            Self::Request(error) => error.code().as_str(),
            Self::Encode(_) | Self::Stranger(_) | Self::NoAddress => ErrorCode::Internal.as_str(),
        }
    }

    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self.status() {
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

/// What the code of an answer on a socket is over HTTP.
fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadRequest | ErrorCode::UnknownType | ErrorCode::UnknownSubject => {
            StatusCode::BAD_REQUEST
        }
        ErrorCode::AuthFailed => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::RateLimited | ErrorCode::TooManyTopics => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Timeout | ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = (self.status(), self.code());
        let error = &self as &dyn std::error::Error;
        if status.is_server_error() {
            tracing::error!(code, error, "refused a request");
        } else {
            tracing::debug!(code, error, "refused a request");
        }
        let body = ErrorBody {
            error: self.to_string(),
            code,
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.header());
        (status, headers, Json(body)).into_response()
    }
}
