//! Each error of the API has one status and one code; its cause is logged, never sent.

use std::str::Utf8Error;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::gateway::auth::AuthError;
use crate::gateway::call::CallError;
use crate::gateway::dispatch::RequestError;
use crate::gateway::gatekeeper::Unproven;
use crate::gateway::history::{MAX_LIMIT, Unpublished, Unread};
use crate::gateway::policy::Forbidden;
use crate::history::{HistoryError, MAX_ID};
use crate::protocol::{EncodeError, ErrorCode, KindError, MAX_DEPTH};

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
    /// There is a key of a service that is none.
    #[error("the API key is not valid")]
    ApiKey,
    /// There is a token that proves nothing, or there were too many of them.
    #[error("{}", .0.sentence())]
    Unproven(#[source] Unproven),
    /// The user asks too often.
    #[error("these are too many requests")]
    TooManyRequests,
    /// The path has an escape that is no text.
    #[error("the path is not UTF-8")]
    Path(#[source] PathRejection),
    /// The query is not what is asked for.
    #[error("the query does not fit: epoch, offset and limit are read")]
    Query(#[source] QueryRejection),
    /// Half of a position says nothing.
    #[error("an epoch and an offset come together")]
    HalfPosition,
    /// More is asked for than is sent at a time.
    #[error("at most {MAX_LIMIT} messages are read at a time")]
    Limit,
    /// What is to be published to is no topic, or keeps nothing.
    #[error("a message is published to ws:{{user_id}}, room:{{room}} or project:{{project_id}}")]
    NoTopic,
    /// The key is no key.
    #[error("an idempotency key has 1 to {MAX_ID} bytes")]
    IdempotencyKey,
    /// The type is none that may be published.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The body is not what is asked for.
    #[error("the body does not fit: {0}")]
    Fields(#[source] serde_json::Error),
    /// The body is no text.
    #[error("the body is not UTF-8")]
    Utf8(#[source] Utf8Error),
    /// The body would break a parser.
    #[error("the body nests more than {MAX_DEPTH} levels deep")]
    TooDeep,
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
    /// What is to be published is not recorded.
    #[error(transparent)]
    Unpublished(#[from] Unpublished),
    /// What was published can't be read.
    #[error(transparent)]
    History(#[from] HistoryError),
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

impl From<Unread> for ApiError {
    fn from(error: Unread) -> Self {
        match error {
            Unread::History(error) => Self::History(error),
            Unread::Encode(error) => Self::Encode(error),
        }
    }
}

#[derive(Serialize)]
struct ErrorBody {
    error: String,
    code: &'static str,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self.kind() {
            Kind::Of(code) => status_of(code),
            Kind::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Kind::OriginNotAllowed => StatusCode::FORBIDDEN,
            Kind::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::SlowBody => StatusCode::REQUEST_TIMEOUT,
        }
    }

    fn code(&self) -> &'static str {
        match self.kind() {
            Kind::Of(code) => code.as_str(),
            Kind::Unauthorized(code) => code,
            Kind::OriginNotAllowed => "origin_not_allowed",
            Kind::MediaType => "unsupported_media_type",
            Kind::SlowBody => ErrorCode::Timeout.as_str(),
        }
    }

    fn kind(&self) -> Kind {
        Kind::Of(match self {
            Self::OriginNotAllowed => return Kind::OriginNotAllowed,
            Self::MissingToken => return Kind::Unauthorized("missing_token"),
            Self::ApiKey => return Kind::Unauthorized("invalid_api_key"),
            Self::Unproven(unproven) => match unproven {
                Unproven::Token(_) | Unproven::AnotherUser => {
                    return Kind::Unauthorized(unproven.code());
                }
                Unproven::TooManyFailures => ErrorCode::RateLimited,
            },
            Self::MediaType => return Kind::MediaType,
            Self::SlowBody => return Kind::SlowBody,
            Self::TooManyRequests => ErrorCode::RateLimited,
            Self::Path(_)
            | Self::Query(_)
            | Self::HalfPosition
            | Self::Limit
            | Self::NoTopic
            | Self::IdempotencyKey
            | Self::Kind(KindError::Malformed)
            | Self::Fields(_)
            | Self::Utf8(_)
            | Self::TooDeep
            | Self::NotAnObject
            | Self::Body(_)
            | Self::Unpublished(Unpublished::NotKept) => ErrorCode::BadRequest,
            Self::TooLarge(_)
            | Self::Unpublished(Unpublished::TooLarge)
            | Self::History(HistoryError::TooLarge) => ErrorCode::TooLarge,
            Self::Unpublished(Unpublished::Unavailable | Unpublished::Unanswered)
            | Self::History(HistoryError::Unavailable | HistoryError::Unanswered) => {
                ErrorCode::Unavailable
            }
            Self::Forbidden(_) | Self::Kind(KindError::Reserved) => ErrorCode::Forbidden,
            Self::Request(error) => error.code(),
            Self::Unpublished(Unpublished::Encode(_))
            | Self::Encode(_)
            | Self::Stranger(_)
            | Self::NoAddress => ErrorCode::Internal,
        })
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

/// What an error comes down to: most have a code of the protocol.
enum Kind {
    Of(ErrorCode),
    Unauthorized(&'static str),
    OriginNotAllowed,
    MediaType,
    SlowBody,
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
        // What is unavailable is logged where that changes, once.
        if status == StatusCode::INTERNAL_SERVER_ERROR {
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
