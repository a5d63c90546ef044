//! A close says why in a code and in a reason, and the reason fits a control frame.
//!
//! A control frame has 125 bytes, two of them are the code. A reason is built from a name and one
//! number alone, so it fits by construction; a test holds every name against it.

use std::time::Duration;

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The peer broke RFC 6455: an unmasked frame, a reserved bit, a fragment out of place.
    ProtocolError,
    /// The peer sent a binary frame.
    BinaryFrame,
    /// The peer sent text that is not UTF-8.
    InvalidUtf8,
    /// The peer's token is not accepted.
    AuthFailed,
    /// The peer's token ended and was not refreshed.
    TokenExpired,
    /// The peer did not authenticate in time.
    AuthTimeout,
    /// The peer sent a message larger than `limits.message_size`.
    TooLarge,
    /// The server is at fault.
    Internal,
    /// The server is about to stop.
    Draining,
    /// The user has as many connections as allowed.
    ConnectionLimit,
    /// The peer reads more slowly than it is sent to.
    SlowConsumer,
    /// The peer sends too much too fast, and goes on.
    RateLimited,
    /// The peer did not answer a ping.
    PingTimeout,
    /// Nothing was said either way for `limits.idle`.
    IdleTimeout,
    /// A topic may have lost messages that the peer should have had.
    InsufficientState,
}

impl CloseCode {
    /// All codes.
    pub const ALL: [Self; 15] = [
        Self::ProtocolError,
        Self::BinaryFrame,
        Self::InvalidUtf8,
        Self::AuthFailed,
        Self::TokenExpired,
        Self::AuthTimeout,
        Self::TooLarge,
        Self::Internal,
        Self::Draining,
        Self::ConnectionLimit,
        Self::SlowConsumer,
        Self::RateLimited,
        Self::PingTimeout,
        Self::IdleTimeout,
        Self::InsufficientState,
    ];

    /// The number in the close frame.
    pub fn number(self) -> u16 {
        match self {
            Self::ProtocolError => 1002,
            Self::BinaryFrame => 1003,
            Self::InvalidUtf8 => 1007,
            Self::AuthFailed | Self::TokenExpired | Self::AuthTimeout => 1008,
            Self::TooLarge => 1009,
            Self::Internal => 1011,
            Self::Draining => 1012,
            Self::ConnectionLimit => 4000,
            Self::SlowConsumer => 4008,
            Self::RateLimited => 4009,
            Self::PingTimeout | Self::IdleTimeout => 4010,
            Self::InsufficientState => 4013,
        }
    }

    /// The name in the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProtocolError => "protocol_error",
            Self::BinaryFrame => "binary_frame",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::AuthFailed => "auth_failed",
            Self::TokenExpired => "token_expired",
            Self::AuthTimeout => "auth_timeout",
            Self::TooLarge => "too_large",
            Self::Internal => "internal",
            Self::Draining => "draining",
            Self::ConnectionLimit => "connection_limit",
            Self::SlowConsumer => "slow_consumer",
            Self::RateLimited => "rate_limited",
            Self::PingTimeout => "ping_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::InsufficientState => "insufficient_state",
        }
    }
}

/// The end of a connection, as the peer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// Why.
    pub code: CloseCode,
    /// How long the peer should wait before it comes back.
    pub retry_after: Option<Duration>,
}

impl Close {
    /// `{"code","retry_after_ms"?}`, at most 123 bytes.
    pub fn reason(&self) -> String {
        let name = self.code.as_str();
        match self.retry_after {
            None => format!("{{\"code\":\"{name}\"}}"),
            Some(wait) => {
                let wait = wait.as_millis();
                format!("{{\"code\":\"{name}\",\"retry_after_ms\":{wait}}}")
            }
        }
    }
}

impl From<CloseCode> for Close {
    fn from(code: CloseCode) -> Self {
        Self {
            code,
            retry_after: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_REASON: usize = 123;

    #[test]
    fn every_reason_is_json_that_fits() {
        for code in CloseCode::ALL {
            let close = Close {
                code,
                retry_after: Some(Duration::MAX),
            };
            let reason = close.reason();
            assert!(reason.len() <= MAX_REASON, "{reason}");
            let value: serde_json::Value = serde_json::from_str(&reason).unwrap();
            assert_eq!(value["code"], code.as_str());
        }
    }

    #[test]
    fn reasons_as_documented() {
        let draining = Close {
            code: CloseCode::Draining,
            retry_after: Some(Duration::from_millis(250)),
        };
        assert_eq!(
            draining.reason(),
            r#"{"code":"draining","retry_after_ms":250}"#
        );
        let slow = Close::from(CloseCode::SlowConsumer);
        assert_eq!(slow.code.number(), 4008);
        assert_eq!(slow.reason(), r#"{"code":"slow_consumer"}"#);
    }
}
