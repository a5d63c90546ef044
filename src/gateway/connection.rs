//! A connection is one socket and one task; no frame from the peer, and no peer that stops reading,
//! keeps the task longer than its limits.
//!
//! Reading and writing are two halves of the task that meet in the outbox. Reading pauses while the
//! outbox is half full, so memory is bounded whatever the peer asks for. After a close was sent the
//! peer has a moment to answer it.

mod dormant;
mod read;
mod watch;
mod write;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};
use tracing::{Instrument, Span};

use crate::metrics::Metrics;
use crate::protocol::Close;

use super::Limits;
use super::admission::Seat;
use super::departure::Departure;
use super::gatekeeper::Gatekeeper;
use super::outbox::Outbox;
use super::rate::{Meter, Rate};
use super::session::Session;
use super::socket::{Incoming, Reader, Writer};
use super::vigil::{Activity, Vigil};
use dormant::Dormant;
use read::Reading;
use write::{Writing, Written, goodbye};

pub(super) use write::in_time;

/// On what terms a connection is served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How long the peer may take to take what is written.
    pub(super) write: Duration,
    /// How long it may take to answer a close.
    pub(super) close: Duration,
    /// How long it may take to say who it is.
    pub(super) auth: Duration,
    /// How often it may send a frame.
    pub(super) frames: Rate,
}

impl Terms {
    pub(super) fn of(limits: &Limits) -> Self {
        Self {
            write: limits.write_timeout,
            close: limits.close_timeout,
            auth: limits.auth_timeout,
            frames: Rate::new(limits.frames_per_second, limits.frames_burst),
        }
    }
}

/// Who looks after a connection while it lives.
#[derive(Debug)]
pub(super) struct Care {
    /// What it is served on.
    pub(super) terms: Terms,
    /// Its timer.
    pub(super) vigil: Vigil,
    /// When something was last said on it.
    pub(super) activity: Activity,
    /// Who checks the tokens that it sends.
    pub(super) gatekeeper: Gatekeeper,
    /// When it leaves, once the daemon stops.
    pub(super) departure: Arc<Departure>,
    /// Where it is counted what happens on it.
    pub(super) metrics: Metrics,
    /// What counts it among its user's; nothing in tests without a gateway.
    pub(super) _seat: Option<Seat>,
}

/// Serves one socket until it is closed.
//
// Not an async function: that would keep its arguments beside what is bound to them, for as long as
// the connection lives: 800 bytes of each idle one.
pub(super) fn run<R, W>(
    (mut reader, mut writer): (Reader<R>, Writer<W>),
    mut session: Session,
    outbox: Arc<Outbox>,
    mut care: Care,
) -> impl Future<Output = ()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    // What is written often is written outside of it: to enter a span costs as much as to write.
    let span = Span::current();
    async move {
        let span = &span;
        span.in_scope(|| tracing::debug!(dialect = ?session.dialect(), "opened"));
        let Care {
            terms,
            vigil,
            activity,
            gatekeeper,
            departure,
            metrics,
            _seat: _,
        } = &mut care;
        let terms = *terms;
        let (activity, metrics) = (&*activity, &*metrics);
        let _open = metrics.open();
        let _ended = Ended(&outbox);
        let meter = Meter::new(terms.frames, Instant::now());
        let reading = Reading {
            session: &mut session,
            outbox: &outbox,
            vigil,
            activity,
            gatekeeper,
            departure,
            meter,
            metrics,
        };
        let read = pin!(reading.read(&mut reader).instrument(span.clone()));
        let mut read = Dormant::new(read);
        let writing = Writing {
            outbox: &outbox,
            terms,
            activity,
            metrics,
            span,
        };
        let mut write = pin!(writing.write(&mut writer));
        // Neither goes first each time: a peer that never pauses would use up what the task may do in
        // one go, and nothing would be written to it.
        tokio::select! {
            // What reading leaves in the outbox ends the writing.
            () = &mut read => {
                write.await;
            }
            written = &mut write => if written == Written::Closed {
                // Whether the peer answers or not, the connection is over.
                timeout(terms.close, read).await.ok();
            },
        }
        span.in_scope(|| tracing::debug!("ended"));
    }
}

/// However a connection ends, whoever waits to put something into its outbox learns of it.
struct Ended<'a>(&'a Outbox);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.peer_is_gone();
    }
}

/// Closes a socket on which nothing waits to be sent.
pub(super) async fn farewell<R, W>(
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
    close: Close,
    terms: &Terms,
) where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    if goodbye(writer, close, *terms).await == Written::Closed {
        let gone = async { while !matches!(reader.next().await, Incoming::Gone) {} };
        timeout(terms.close, gone).await.ok();
    }
}

#[cfg(test)]
mod tests;
