//! A running gateway is reached by its URL. What proves who asks travels in a header and nowhere
//! else: it is in no URL, no error and no log.

mod connection;
mod http;
mod secret;
mod url;

use std::io;
use std::time::Duration;

pub use connection::{Connection, connect};
pub use http::{Answer, post_json, told};
pub use secret::{SecretSource, secret_header};
pub use url::{Endpoint, Protocol};

/// Why a gateway can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The URL can't be used.
    #[error("{url:?} is no URL of a gateway: {problem}")]
    Url {
        /// The URL, without what may be secret in it.
        url: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Nobody is there.
    #[error("failed to connect to {to}")]
    Connect {
        /// Host and port.
        to: String,
        /// Why.
        source: io::Error,
    },
    /// It takes too long.
    #[error("{to} did not answer within {} s", limit.as_secs_f32())]
    Timeout {
        /// Host and port.
        to: String,
        /// How long was waited.
        limit: Duration,
    },
    /// What is there does not speak HTTP.
    #[error("{to} does not speak HTTP")]
    Http {
        /// Host and port.
        to: String,
        /// Why.
        source: hyper::Error,
    },
    /// An answer is not read to its end.
    #[error("failed to read the answer of {to}")]
    Answer {
        /// Host and port.
        to: String,
        /// Why.
        source: axum::Error,
    },
    /// A secret can't be read.
    #[error("failed to read {}", path.display())]
    Secret {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A secret can't be sent.
    #[error("the {0} has characters that none has")]
    Malformed(&'static str),
}
