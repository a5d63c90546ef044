//! The seam to the codec: no other file knows how WebSocket frames look (RFC 6455).
//!
//! What a peer does wrong arrives as the [`CloseCode`] to answer with. A socket on which nothing
//! happens holds no buffer.

mod assembly;
mod frame;
mod handshake;
mod head;
mod reader;
mod writer;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};

use crate::protocol::CloseCode;

pub(super) use frame::Frame;
pub(super) use handshake::{Asked, Handshake, NotAnUpgrade, VERSION};
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

/// What is beneath a socket.
pub(super) type Stream = TokioIo<Upgraded>;
/// Both halves of a socket.
pub(super) type Halves<S = Stream> = (Reader<ReadHalf<S>>, Writer<WriteHalf<S>>);

/// Both halves of a socket over this stream, whose messages have at most so many bytes.
fn split<S: AsyncRead + AsyncWrite>(stream: S, message_size: usize) -> Halves<S> {
    let (read, write) = tokio::io::split(stream);
    (Reader::new(read, message_size), Writer::new(write))
}
