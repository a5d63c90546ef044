//! What travels on a socket: a message that exists is one that PROTOCOL.md allows.
//!
//! Decoding is strict about types and never panics; encoding writes keys in one fixed order. Three
//! vocabularies are kept apart: [`ErrorCode`] answers a message, [`CloseCode`] ends a connection,
//! and causes inside the server have no place here.

mod client;
mod close;
mod depth;
mod envelope;
mod error;
pub mod schema;
mod server;
mod topic;

pub use client::{
    ClientBody, ClientMessage, DecodeError, Json, KindError, MAX_DEPTH, MessageKind, OtherTypes,
    Position, Recover, RequestId, SentToken, Undecodable,
};
pub use close::{Close, CloseCode};
pub use envelope::{
    Address, Content, Envelope, Movement, Record, Recorded, WireError, event_name, is_json,
};
pub use error::ErrorCode;
pub use server::{EncodeError, ServerMessage, Stamp};
pub use topic::{Part, Topic, TopicPattern};

/// The shape of what a connection is sent, fixed when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// What clients written before mithril expect.
    #[default]
    Classic,
    /// The subprotocol `mithril.v1`.
    V1,
}

impl Dialect {
    /// The dialect that a subprotocol's name asks for.
    pub fn of_subprotocol(name: &str) -> Option<Self> {
        Some(match name {
            "mithril.classic" => Self::Classic,
            "mithril.v1" => Self::V1,
            _ => return None,
        })
    }

    /// The subprotocol's name.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Self::Classic => "mithril.classic",
            Self::V1 => "mithril.v1",
        }
    }
}
