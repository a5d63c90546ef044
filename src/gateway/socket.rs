//! The seam to the codec: no other file knows how WebSocket frames look (RFC 6455).
//!
//! What a peer does wrong arrives as the [`CloseCode`] to answer with. A socket on which nothing
//! happens holds no buffer.

mod assembly;
mod frame;
mod handshake;
mod head;
mod meaning;
mod reader;
mod writer;

use bytes::Bytes;
use tokio::io::{ReadHalf, WriteHalf};

use crate::lingering::Connection;
use crate::protocol::CloseCode;

pub(super) use frame::Frame;
pub(super) use handshake::{Asked, Handshake, NotAnUpgrade, NotOpened, VERSION};
pub use meaning::{Meaning, meaning};
pub(super) use reader::Reader;
pub(super) use writer::{WriteError, Writer};

/// The largest answer. It bounds one frame; the outbox bounds what waits.
pub(super) const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// What a peer did.
#[derive(Debug)]
pub(super) enum Incoming {
    /// It sent a message.
    Text(String),
    /// It asks whether we are there; this is the answer.
    Ping(Frame),
    /// It answered a ping.
    Pong,
    /// It closes; this is the answer, and nothing follows it.
    Closing(Frame),
    /// It did what ends a connection.
    Refused(CloseCode),
    /// It is gone: closed, or the network broke.
    Gone,
}

/// Both halves of a socket.
pub(super) type Halves = (Reader<ReadHalf<Connection>>, Writer<WriteHalf<Connection>>);

/// Both halves of a socket whose messages have at most so many bytes. Of what its peer sends this has
/// been read.
fn split(connection: Connection, message_size: usize, read: &Bytes) -> Halves {
    let (reading, writing) = tokio::io::split(connection);
    let reader = Reader::new(reading, message_size).behind(read);
    (reader, Writer::new(writing))
}

#[cfg(test)]
mod tests;
