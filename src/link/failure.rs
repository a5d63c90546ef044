//! Why a link failed: the cause by name, what to do about it, and never a secret.
//!
//! What a server says is repeated only where no argument of ours can be in it.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError};

/// A failure, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Redis at {place} {failure}")]
pub struct LinkError {
    /// Where the link leads, without user and password.
    pub place: Arc<str>,
    /// What failed.
    pub failure: LinkFailure,
    /// Whether the command was on its way, so that it may have been done, or still be.
    pub is_open: bool,
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkFailure {
    /// Nobody listens there, or there is no such place.
    #[error("can't be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("did not answer within {0:?}")]
    Timeout(Duration),
    /// The connection ended.
    #[error("closed the connection")]
    Closed,
    /// What came is not the protocol.
    #[error("does not speak Redis' protocol there; if it wants TLS, write rediss://")]
    Garbled,
    /// There is no secure connection to it.
    #[error("can't be spoken to over TLS: {0}")]
    Tls(String),
    /// It said nothing to a secure greeting.
    #[error("did not answer over TLS within {0:?}; if it speaks without, write redis://")]
    SilentTls(Duration),
    /// User or password are wrong.
    #[error(
        "refuses the user or the password: check redis.password (REDIS_PASSWORD) and redis.url"
    )]
    WrongPassword,
    /// It asks for a password.
    #[error("wants a password: set redis.password (REDIS_PASSWORD or --redis-password-file)")]
    NoPassword,
    /// The user may not do this.
    #[error("does not allow this user to {0}: grant it in the ACL")]
    Forbidden(String),
    /// There is no room.
    #[error("is out of memory: raise maxmemory, or let it evict keys that expire (volatile-ttl)")]
    OutOfMemory,
    /// It is a replica.
    #[error("is a replica and takes no writes: name the primary, or use redis+sentinel://")]
    ReadOnly,
    /// It is a node of a cluster.
    #[error("is a node of a cluster: use redis+cluster://")]
    Moved,
    /// The cluster does not serve.
    #[error("is of a cluster that is down")]
    ClusterDown,
    /// It has just started.
    #[error("is still loading its data")]
    Loading,
    /// A replica that has lost its primary.
    #[error("is a replica that has lost its primary")]
    PrimaryDown,
    /// It can't save, and so takes no writes.
    #[error("takes no writes because it can't save: see its log (MISCONF)")]
    CannotSave,
    /// Sentinels know no primary by that name.
    #[error("knows no primary named {0}")]
    UnknownPrimary(String),
    /// The database does not exist.
    #[error("has no such database: check redis.db and redis.url")]
    Database,
    /// It lacks what is needed.
    #[error("is too old: version 6.2 or later is needed")]
    TooOld,
    /// A script has to be sent in full.
    #[error("does not know the script")]
    UnknownScript,
    /// A key holds something else.
    #[error("holds another kind of value at that key")]
    WrongType,
    /// It refuses for another reason.
    #[error("refuses: {0}")]
    Refused(String),
}

impl LinkFailure {
    /// Whether there was no answer at all.
    pub fn is_of_connection(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Timeout(_)
            | Self::Closed
            | Self::Garbled
            | Self::Tls(_)
            | Self::SilentTls(_) => true,
            Self::WrongPassword
            | Self::NoPassword
            | Self::Forbidden(_)
            | Self::OutOfMemory
            | Self::ReadOnly
            | Self::Moved
            | Self::ClusterDown
            | Self::Loading
            | Self::PrimaryDown
            | Self::CannotSave
            | Self::UnknownPrimary(_)
            | Self::Database
            | Self::TooOld
            | Self::UnknownScript
            | Self::WrongType
            | Self::Refused(_) => false,
        }
    }

    /// Whether another connection may fare better: to another server, or with another password.
    pub(super) fn ends_connection(&self) -> bool {
        self.is_of_connection()
            || matches!(
                self,
                Self::ReadOnly | Self::PrimaryDown | Self::NoPassword | Self::WrongPassword
            )
    }
}

/// What failed on a connection that stood.
pub(super) fn of(error: &RedisError) -> LinkFailure {
    match error.kind() {
        ErrorKind::AuthenticationFailed => return LinkFailure::WrongPassword,
        ErrorKind::RESP3NotSupported => return LinkFailure::TooOld,
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => return LinkFailure::Garbled,
        ErrorKind::Io => return of_io(error, |_| LinkFailure::Closed),
        ErrorKind::ClusterConnectionNotFound => return LinkFailure::ClusterDown,
        _ => {}
    }
    // Of a transaction that was given up, what gave rise to it.
    if let Some(errors) = error.clone().into_server_errors()
        && let Some((_, first)) = errors.first()
    {
        return of_server(first.code(), first.details().unwrap_or_default());
    }
    match error.code() {
        Some(code) => of_server(code, error.detail().unwrap_or_default()),
        None => tls(error).unwrap_or_else(|| LinkFailure::Unreachable(error.category().into())),
    }
}

/// What failed while there was no connection yet.
pub(super) fn of_dial(error: &RedisError) -> LinkFailure {
    match error.kind() {
        ErrorKind::Io => of_io(error, |error| match error.kind() {
            // It listens, and hangs up on a greeting.
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof => LinkFailure::Garbled,
            _ => LinkFailure::Unreachable(error.to_string()),
        }),
        _ => of(error),
    }
}

fn of_io(error: &RedisError, other: impl FnOnce(&io::Error) -> LinkFailure) -> LinkFailure {
    let io = cause(error).and_then(<dyn Error + Send + Sync>::downcast_ref);
    tls(error).unwrap_or_else(|| io.map_or(LinkFailure::Closed, other))
}

fn tls(error: &RedisError) -> Option<LinkFailure> {
    let cause = cause(error)?;
    let inner = cause.downcast_ref().and_then(io::Error::get_ref);
    let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let found = inner.or_else(|| cause.downcast_ref());
    found.map(|error| LinkFailure::Tls(error.to_string()))
}

/// What the crate wraps. The source that it names is its own pointer to that.
fn cause(error: &RedisError) -> Option<&(dyn Error + Send + Sync + 'static)> {
    let pointer = error
        .source()?
        .downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    Some(&**pointer)
}

fn of_server(code: &str, detail: &str) -> LinkFailure {
    match code {
        "WRONGPASS" => LinkFailure::WrongPassword,
        "NOAUTH" => LinkFailure::NoPassword,
        "NOPERM" => LinkFailure::Forbidden(forbidden(detail)),
        "OOM" => LinkFailure::OutOfMemory,
        "READONLY" => LinkFailure::ReadOnly,
        "MOVED" | "ASK" => LinkFailure::Moved,
        "CLUSTERDOWN" => LinkFailure::ClusterDown,
        "LOADING" => LinkFailure::Loading,
        "MASTERDOWN" => LinkFailure::PrimaryDown,
        "MISCONF" => LinkFailure::CannotSave,
        "NOSCRIPT" => LinkFailure::UnknownScript,
        "WRONGTYPE" => LinkFailure::WrongType,
        "NOPROTO" => LinkFailure::TooOld,
        _ if detail.contains("DB index is out of range") => LinkFailure::Database,
        // This one goes on with the arguments, and AUTH may have been renamed.
        _ if detail.starts_with("unknown command") => LinkFailure::TooOld,
        code => LinkFailure::Refused(format!("{code} {detail}").trim_end().to_owned()),
    }
}

/// What is not allowed, from `… has no permissions to run the 'publish' command` and its kin.
fn forbidden(detail: &str) -> String {
    let quoted = detail.split('\'').nth(1);
    match quoted {
        Some(command) if detail.contains("to run the") => format!("use {command}"),
        _ if detail.contains("channel") => "use that channel".to_owned(),
        _ if detail.contains("key") => "use that key".to_owned(),
        _ => "do that".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_have_names() {
        let detail = "this user has no permissions to run the 'publish' command";
        for (code, detail, failure) in [
            (
                "WRONGPASS",
                "invalid username-password pair",
                LinkFailure::WrongPassword,
            ),
            (
                "NOPERM",
                detail,
                LinkFailure::Forbidden("use publish".into()),
            ),
            (
                "NOPERM",
                "this user has no permissions to access one of the channels used as arguments",
                LinkFailure::Forbidden("use that channel".into()),
            ),
            ("ERR", "DB index is out of range", LinkFailure::Database),
            (
                "ERR",
                "syntax error",
                LinkFailure::Refused("ERR syntax error".into()),
            ),
        ] {
            assert_eq!(of_server(code, detail), failure);
        }
    }

    #[test]
    fn arguments_are_not_repeated() {
        let detail = "unknown command 'AUTH', with args beginning with: 'hunter2'";
        assert_eq!(of_server("ERR", detail), LinkFailure::TooOld);
    }
}
