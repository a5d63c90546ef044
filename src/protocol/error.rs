//! Error codes are stable; the sentences beside them are not.

use serde::{Serialize, Serializer};

/// Why a message was not done as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The message is not what the protocol says it should be.
    BadRequest,
    /// There is no message of that type.
    UnknownType,
    /// There is no request of that subject.
    UnknownSubject,
    /// This user may not do that.
    Forbidden,
    /// What is asked for does not exist.
    NotFound,
    /// Too many messages in too little time.
    RateLimited,
    /// More topics than one connection may have.
    TooManyTopics,
    /// The message, or its answer, is larger than allowed.
    TooLarge,
    /// Who should have answered did not in time.
    Timeout,
    /// Who should answer is not there.
    Unavailable,
    /// The token does not prove who the user is, or not any more.
    AuthFailed,
    /// The server is at fault.
    Internal,
}

impl ErrorCode {
    /// All codes.
    pub const ALL: [Self; 12] = [
        Self::BadRequest,
        Self::UnknownType,
        Self::UnknownSubject,
        Self::Forbidden,
        Self::NotFound,
        Self::RateLimited,
        Self::TooManyTopics,
        Self::TooLarge,
        Self::Timeout,
        Self::Unavailable,
        Self::AuthFailed,
        Self::Internal,
    ];

    /// The code as it travels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::UnknownType => "unknown_type",
            Self::UnknownSubject => "unknown_subject",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::TooManyTopics => "too_many_topics",
            Self::TooLarge => "too_large",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::AuthFailed => "auth_failed",
            Self::Internal => "internal",
        }
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
