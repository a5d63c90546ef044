//! Why a connection is lost, and whether it may be come back to: PROTOCOL.md, section 5.

use std::time::Duration;

use serde::Deserialize;
use tokio_tungstenite::tungstenite;

use crate::protocol::{CloseCode, ErrorCode};
use crate::remote::RemoteError;

/// How long a user who has too many connections waits for one of them to end.
const FOR_A_PLACE: Duration = Duration::from_secs(30);

/// Why there is no connection any more, or none yet.
#[derive(Debug, thiserror::Error)]
pub enum Loss {
    /// Nobody was reached.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The gateway refused before there was a socket.
    #[error("{url} refused the connection: {said}")]
    Refused {
        /// Where.
        url: String,
        /// The status of the answer.
        status: u16,
        /// What it said.
        said: String,
        /// When to ask again.
        retry_after: Option<Duration>,
    },
    /// What is there is no gateway.
    #[error("{url} is no gateway of mithril: {cause}")]
    Foreign {
        /// Where.
        url: String,
        /// Why not. It tells of its own causes.
        cause: Box<tungstenite::Error>,
    },
    /// The gateway did not subscribe.
    #[error("the gateway does not let {}", list(.0))]
    Rejected(Vec<Rejection>),
    /// The gateway did not do what it was asked.
    #[error("the gateway does not {what}: {said} ({code})")]
    Denied {
        /// What it was asked.
        what: &'static str,
        /// Why not, for programs.
        code: String,
        /// Why not, for people.
        said: String,
    },
    /// What the gateway answers is no answer.
    #[error("the gateway answers what is no answer, when asked to {0}")]
    Unreadable(&'static str),
    /// No history keeps what is published there.
    #[error("there is no history of {0}")]
    NoHistory(String),
    /// Too much came before the gateway had answered.
    #[error("more came than could be kept until the gateway had answered")]
    Flooded,
    /// The gateway closed the connection.
    #[error("the gateway closed the connection: {said}")]
    Closed {
        /// Why, where it is one of the gateway's reasons.
        code: Option<CloseCode>,
        /// Why, as it was said.
        said: String,
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(Box<tungstenite::Error>),
    /// The connection ended.
    #[error("the connection ended without a word")]
    Ended,
    /// The gateway does not answer any more.
    #[error("the gateway has not answered for {} s", .0.as_secs())]
    Silent(Duration),
}

/// A topic that a gateway does not let be followed.
#[derive(Debug, Deserialize)]
pub struct Rejection {
    /// The topic.
    pub topic: String,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub error: String,
}

/// Whether to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// It would be the same again.
    Never,
    /// Only with another token.
    WithNewToken,
    /// After so long.
    After(Duration),
    /// With growing delays.
    Soon,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    retry_after_ms: Option<u64>,
}

impl Loss {
    /// What a close frame says.
    pub(super) fn closed(number: u16, reason: &str) -> Self {
        let told: Option<Reason> = serde_json::from_str(reason).ok();
        let name = told.as_ref().map(|reason| reason.code.as_str());
        let numbered = || {
            CloseCode::ALL
                .into_iter()
                .filter(|code| code.number() == number)
        };
        let named = numbered().find(|code| Some(code.as_str()) == name);
        let said = match (name, reason) {
            (Some(name), _) => format!("{name} ({number})"),
            (None, "") => number.to_string(),
            (None, reason) => format!("{reason:?} ({number})"),
        };
        Self::Closed {
            code: named.or_else(|| numbered().next()),
            said,
            retry_after: told.and_then(|told| told.retry_after_ms.map(Duration::from_millis)),
        }
    }

    pub(super) fn comes_back(&self) -> Return {
        match self {
            Self::Remote(error) => by_error(error),
            Self::Refused {
                status,
                retry_after,
                ..
            } => match (status, retry_after) {
                (401, _) => Return::WithNewToken,
                (408 | 429 | 500.., Some(delay)) => Return::After(*delay),
                (408 | 429 | 500.., None) => Return::Soon,
                (_, _) => Return::Never,
            },
            Self::Rejected(rejected) if rejected.iter().all(|one| may_pass(&one.code)) => {
                Return::Soon
            }
            Self::Denied { code, .. } if may_pass(code) => Return::Soon,
            Self::Rejected(_) | Self::Denied { .. } | Self::NoHistory(_) | Self::Unreadable(_) => {
                Return::Never
            }
            Self::Closed {
                code: Some(code),
                retry_after,
                ..
            } => by_code(*code, *retry_after),
            Self::Closed { code: None, .. }
            | Self::Foreign { .. }
            | Self::Flooded
            | Self::Broken(_)
            | Self::Ended
            | Self::Silent(_) => Return::Soon,
        }
    }
}

fn by_error(error: &RemoteError) -> Return {
    match error {
        RemoteError::Connect { .. }
        | RemoteError::Timeout { .. }
        | RemoteError::Http { .. }
        | RemoteError::Answer { .. } => Return::Soon,
        RemoteError::Url { .. } | RemoteError::Secret { .. } | RemoteError::Malformed(_) => {
            Return::Never
        }
    }
}

fn by_code(code: CloseCode, retry_after: Option<Duration>) -> Return {
    match code {
        CloseCode::ProtocolError
        | CloseCode::BinaryFrame
        | CloseCode::InvalidUtf8
        | CloseCode::TooLarge => Return::Never,
        CloseCode::AuthFailed | CloseCode::TokenExpired | CloseCode::AuthTimeout => {
            Return::WithNewToken
        }
        CloseCode::ConnectionLimit => Return::After(FOR_A_PLACE),
        CloseCode::Internal
        | CloseCode::Draining
        | CloseCode::SlowConsumer
        | CloseCode::RateLimited
        | CloseCode::PingTimeout
        | CloseCode::IdleTimeout
        | CloseCode::InsufficientState => retry_after.map_or(Return::Soon, Return::After),
    }
}

/// Whether what was not done for this reason may be done later.
fn may_pass(code: &str) -> bool {
    let code = ErrorCode::ALL
        .into_iter()
        .find(|known| known.as_str() == code);
    code.is_some_and(|code| match code {
        ErrorCode::RateLimited
        | ErrorCode::Timeout
        | ErrorCode::Unavailable
        | ErrorCode::Internal => true,
        ErrorCode::BadRequest
        | ErrorCode::UnknownType
        | ErrorCode::UnknownSubject
        | ErrorCode::Forbidden
        | ErrorCode::NotFound
        | ErrorCode::TooManyTopics
        | ErrorCode::TooLarge
        | ErrorCode::AuthFailed => false,
    })
}

fn list(rejected: &[Rejection]) -> String {
    let one = |r: &Rejection| format!("{} be followed: {} ({})", r.topic, r.error, r.code);
    rejected.iter().map(one).collect::<Vec<_>>().join("; nor ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_says_whether_to_come_back() {
        let seconds = |seconds| Return::After(Duration::from_secs(seconds));
        for (number, reason, comes_back) in [
            (1003, r#"{"code":"binary_frame"}"#, Return::Never),
            (1008, r#"{"code":"token_expired"}"#, Return::WithNewToken),
            (1011, r#"{"code":"internal"}"#, Return::Soon),
            (
                1012,
                r#"{"code":"draining","retry_after_ms":2000}"#,
                seconds(2),
            ),
            (1012, "", Return::Soon),
            (4000, r#"{"code":"connection_limit"}"#, seconds(30)),
            (4008, r#"{"code":"slow_consumer"}"#, Return::Soon),
            (4010, r#"{"code":"idle_timeout"}"#, Return::Soon),
            (1001, "going away", Return::Soon),
            (1006, "", Return::Soon),
        ] {
            assert_eq!(
                Loss::closed(number, reason).comes_back(),
                comes_back,
                "{number}"
            );
        }
    }

    #[test]
    fn a_close_is_told_as_it_was_said() {
        for (number, reason, told) in [
            (1012, r#"{"code":"draining"}"#, "draining (1012)"),
            (1001, "going\naway", r#""going\naway" (1001)"#),
            (1006, "", "1006"),
        ] {
            let said = Loss::closed(number, reason).to_string();
            assert_eq!(said, format!("the gateway closed the connection: {told}"));
        }
    }

    #[test]
    fn a_refusal_says_whether_to_come_back() {
        let refused = |status, seconds: Option<u64>| {
            let loss = Loss::Refused {
                url: String::new(),
                status,
                said: String::new(),
                retry_after: seconds.map(Duration::from_secs),
            };
            loss.comes_back()
        };
        assert_eq!(refused(401, None), Return::WithNewToken);
        assert_eq!(refused(403, None), Return::Never);
        assert_eq!(refused(404, None), Return::Never);
        assert_eq!(refused(429, None), Return::Soon);
        assert_eq!(refused(503, Some(1)), Return::After(Duration::from_secs(1)));
    }

    #[test]
    fn what_may_pass_is_waited_for() {
        let rejected = |code: &str| Rejection {
            topic: "ws:1".into(),
            code: code.into(),
            error: "no".into(),
        };
        let loss = |codes: &[&str]| Loss::Rejected(codes.iter().map(|c| rejected(c)).collect());
        assert_eq!(loss(&["unavailable"]).comes_back(), Return::Soon);
        assert_eq!(
            loss(&["unavailable", "forbidden"]).comes_back(),
            Return::Never
        );
        assert_eq!(loss(&["new_code"]).comes_back(), Return::Never);
    }
}
