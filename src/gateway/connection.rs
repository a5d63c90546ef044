//! A connection is one socket and one task; no frame from the peer, and no peer that stops reading,
//! keeps the task longer than its limits.
//!
//! Reading and writing are two halves of the task that meet in the outbox. Reading pauses while the
//! outbox is half full, so memory is bounded whatever the peer asks for. After a close was sent the
//! peer has a moment to answer it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Message;
use futures_util::{Sink, Stream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::protocol::{Close, CloseCode};

use super::outbox::{Next, Outbox};
use super::session::Session;
use super::socket::{Frame, Incoming, Reader, WriteError, Writer};

/// How long an expired token may still be refreshed before the connection is closed.
const REFRESH_GRACE: Duration = Duration::from_secs(25);

/// How long a connection waits for its peer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the peer to take what is written.
    pub(super) write: Duration,
    /// For the peer to answer a close.
    pub(super) close: Duration,
}

/// How writing ended.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    /// With a close frame: an answer may come.
    Closed,
    /// There is nobody left to read.
    Lost,
}

/// Serves one socket until it is closed.
pub(super) async fn run<R, W>(
    (mut reader, writer): (Reader<R>, Writer<W>),
    mut session: Session,
    outbox: Arc<Outbox>,
    patience: Patience,
    draining: (CancellationToken, Close),
) where
    R: Stream<Item = Result<Message, axum::Error>> + Unpin,
    W: Sink<Message, Error = axum::Error> + Unpin,
{
    tracing::debug!(dialect = ?session.dialect(), "opened");
    let mut read = pin!(read(&mut reader, &mut session, &outbox, draining));
    let mut write = pin!(write(writer, &outbox, patience));
    tokio::select! {
        () = &mut read => {
            outbox.peer_is_gone();
            write.await;
        }
        written = &mut write => if written == Written::Closed {
            // Whether the peer answers or not, the connection is over.
            timeout(patience.close, read).await.ok();
        },
    }
    tracing::debug!("ended");
}

/// Reads until the peer is gone. What comes after the connection was closed is thrown away.
async fn read<R>(
    reader: &mut Reader<R>,
    session: &mut Session,
    outbox: &Outbox,
    (draining, goodbye): (CancellationToken, Close),
) where
    R: Stream<Item = Result<Message, axum::Error>> + Unpin,
{
    // This and the answers are boxed: an idle connection does not hold room for what may wait.
    Box::pin(session.open()).await;
    let now = session.services.clock.now();
    let expiry = session.principal.expires.duration_since(now);
    let expiry = Duration::try_from(expiry).unwrap_or(Duration::ZERO);
    let mut expired = pin!(sleep(expiry.saturating_add(REFRESH_GRACE)));
    let mut drained = pin!(draining.cancelled());
    let why = loop {
        let next = async {
            outbox.room().await;
            reader.next().await
        };
        let incoming = tokio::select! {
            // A peer that never pauses must not put these off.
            biased;
            () = &mut drained => break goodbye,
            () = &mut expired => break CloseCode::TokenExpired.into(),
            incoming = next => incoming,
        };
        match incoming {
            Incoming::Text(frame) => {
                if let Err(code) = Box::pin(answer(session, &frame)).await {
                    break code.into();
                }
            }
            Incoming::Control => {}
            Incoming::Refused(code) => break code.into(),
            Incoming::Gone => return,
        }
    };
    outbox.close(why);
    while !matches!(reader.next().await, Incoming::Gone) {}
}

async fn answer(session: &mut Session, frame: &Frame) -> Result<(), CloseCode> {
    session.receive(frame.as_str()).await.map_err(|error| {
        tracing::debug!(error = &error as &dyn std::error::Error, "no answer");
        error.code()
    })
}

/// Writes everything that waits, then flushes once; until the outbox ends or the peer does not take
/// what is written.
async fn write<W>(mut writer: Writer<W>, outbox: &Outbox, patience: Patience) -> Written
where
    W: Sink<Message, Error = axum::Error> + Unpin,
{
    loop {
        let step = match outbox.next() {
            Next::Send(frame) => timeout(patience.write, writer.feed(frame)).await,
            Next::Flush => {
                let flushed = timeout(patience.write, writer.flush()).await;
                if matches!(flushed, Ok(Ok(()))) {
                    outbox.filled().await;
                }
                flushed
            }
            Next::Close(close) => return goodbye(writer, close, patience).await,
            Next::End => return Written::Lost,
        };
        match step {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return lost(&error),
            Err(_elapsed) => outbox.abandon(CloseCode::SlowConsumer),
        }
    }
}

async fn goodbye<W>(mut writer: Writer<W>, close: Close, patience: Patience) -> Written
where
    W: Sink<Message, Error = axum::Error> + Unpin,
{
    tracing::debug!(code = close.code.as_str(), "closing");
    match timeout(patience.close, writer.close(close)).await {
        Ok(Ok(())) => Written::Closed,
        Ok(Err(error)) => lost(&error),
        Err(_elapsed) => {
            tracing::debug!("the peer did not take the close");
            Written::Lost
        }
    }
}

fn lost(error: &WriteError) -> Written {
    tracing::debug!(error = error as &dyn std::error::Error, "the peer is gone");
    Written::Lost
}

#[cfg(test)]
mod tests;
