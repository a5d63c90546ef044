//! The seam to the codec: no other file knows which WebSocket implementation is beneath.
//!
//! What a peer does wrong arrives as the [`CloseCode`] to answer with. The buffers are small on
//! purpose: axum's defaults cost 136 KiB a connection, these under 6.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tungstenite::Error as CodecError;

use crate::protocol::{Close, CloseCode};

/// Bytes read from the connection at a time; the buffer exists while the connection does.
const READ_BUFFER: usize = 2 * 1024;
/// Bytes collected before they are written; a flush writes less.
const WRITE_BUFFER: usize = 4 * 1024;
/// The largest frame that can be sent: the largest answer and what is around it.
const MAX_SENT: usize = MAX_ANSWER + 1024 * 1024;
/// The largest answer. It bounds one frame; the outbox bounds what waits.
pub(super) const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Encoded text for a socket. Sockets share the bytes: a clone costs a counter.
#[derive(Debug, Clone)]
pub(super) struct Frame(Utf8Bytes);

impl Frame {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// What a peer did.
#[derive(Debug)]
pub(super) enum Incoming {
    /// It sent a text frame.
    Text(Frame),
    /// It sent a ping, which the codec answers.
    Ping,
    /// It answered a ping.
    Pong,
    /// It closes, which the codec answers.
    Closing,
    /// It did what ends a connection.
    Refused(CloseCode),
    /// It is gone: closed, or the network broke.
    Gone,
}

/// The socket could not be written to.
#[derive(Debug, thiserror::Error)]
#[error("failed to write to the socket")]
pub(super) struct WriteError(#[source] axum::Error);

/// The reading half.
#[derive(Debug)]
pub(super) struct Reader<S = SplitStream<WebSocket>>(S);

/// The writing half.
#[derive(Debug)]
pub(super) struct Writer<S = SplitSink<WebSocket, Message>>(S);

/// Sets the limits that the codec keeps.
pub(super) fn limited(upgrade: WebSocketUpgrade, message_size: usize) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_SENT + WRITE_BUFFER)
        .max_message_size(message_size)
        .max_frame_size(message_size)
}

/// Both halves of a socket.
pub(super) fn split(socket: WebSocket) -> (Reader, Writer) {
    let (sink, stream) = socket.split();
    (Reader(stream), Writer(sink))
}

impl<S> Reader<S>
where
    S: Stream<Item = Result<Message, axum::Error>> + Unpin,
{
    /// Waits for what the peer does next. After `Gone` it is `Gone` for ever.
    pub(super) async fn next(&mut self) -> Incoming {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Incoming::Text(Frame(text)),
            Some(Ok(Message::Binary(_))) => Incoming::Refused(CloseCode::BinaryFrame),
            Some(Ok(Message::Ping(_))) => Incoming::Ping,
            Some(Ok(Message::Pong(_))) => Incoming::Pong,
            // The codec answers a close; reading on is what sends the answer.
            Some(Ok(Message::Close(_))) => Incoming::Closing,
            Some(Err(error)) => refused(error).map_or(Incoming::Gone, Incoming::Refused),
            None => Incoming::Gone,
        }
    }
}

impl<S> Writer<S>
where
    S: Sink<Message, Error = axum::Error> + Unpin,
{
    /// Takes a frame along; it leaves at the next flush, or before.
    pub(super) async fn feed(&mut self, frame: Frame) -> Result<(), WriteError> {
        let message = Message::Text(frame.0);
        self.0.feed(message).await.map_err(WriteError)
    }

    /// Takes a ping along.
    pub(super) async fn ping(&mut self) -> Result<(), WriteError> {
        let message = Message::Ping(Bytes::new());
        self.0.feed(message).await.map_err(WriteError)
    }

    /// Sends everything that was taken along.
    pub(super) async fn flush(&mut self) -> Result<(), WriteError> {
        self.0.flush().await.map_err(WriteError)
    }

    /// Says why the connection ends.
    pub(super) async fn close(&mut self, close: Close) -> Result<(), WriteError> {
        let frame = CloseFrame {
            code: close.code.number(),
            reason: close.reason().into(),
        };
        let message = Message::Close(Some(frame));
        self.0.send(message).await.map_err(WriteError)
    }
}

// What the peer did wrong; nothing where it is only gone.
fn refused(error: axum::Error) -> Option<CloseCode> {
    let error = error.into_inner().downcast::<CodecError>().ok()?;
    match *error {
        CodecError::Capacity(_) => Some(CloseCode::TooLarge),
        CodecError::Utf8(_) => Some(CloseCode::InvalidUtf8),
        CodecError::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            None
        }
        CodecError::Protocol(_) => Some(CloseCode::ProtocolError),
        // The rest is the network's, not the peer's; the enum is another crate's and may grow.
        _ => None,
    }
}

#[cfg(test)]
impl<S> Reader<S> {
    /// A half over any stream, for tests without a network.
    pub(super) fn over(stream: S) -> Self {
        Self(stream)
    }
}

#[cfg(test)]
impl<S> Writer<S> {
    /// A half over any sink, for tests without a network.
    pub(super) fn over(sink: S) -> Self {
        Self(sink)
    }
}
