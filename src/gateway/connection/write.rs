//! What waits is written in one go, and a peer that does not take it is not waited for.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};
use tracing::{Instrument, Span};

use super::Terms;
use crate::gateway::outbox::{Next, Outbox};
use crate::gateway::socket::{Frame, WriteError, Writer};
use crate::gateway::vigil::Activity;
use crate::metrics::{Metrics, SendFailure};
use crate::protocol::{Close, CloseCode};

/// How writing ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// With a close frame: an answer may come.
    Closed,
    /// There is nobody left to read.
    Lost,
}

/// What the writing half of a connection works with.
pub(super) struct Writing<'a> {
    pub(super) outbox: &'a Outbox,
    pub(super) terms: Terms,
    pub(super) activity: &'a Activity,
    pub(super) metrics: &'a Metrics,
    pub(super) span: &'a Span,
}

impl Writing<'_> {
    /// Writes everything that waits, then flushes once; until the outbox ends or the peer does not
    /// take what is written.
    pub(super) async fn write<W>(self, writer: &mut Writer<W>) -> Written
    where
        W: AsyncWrite + Unpin,
    {
        let Self { outbox, terms, .. } = self;
        let mut too_late = false;
        let mut arrivals = Vec::new();
        loop {
            match self.collect(writer, &mut arrivals) {
                Next::Close(close) => {
                    self.metrics.closed(close.code.as_str());
                    // Events fill the queue too, so that is counted here for all who do.
                    if close.code == CloseCode::SlowConsumer && !too_late {
                        self.metrics.not_sent(SendFailure::SlowConsumer);
                    }
                    let goodbye = goodbye(writer, close, terms);
                    let written = goodbye.instrument(self.span.clone()).await;
                    if written == Written::Closed {
                        outbox.flushed();
                    }
                    return written;
                }
                Next::End => {
                    // What may still have to be written is the answer to the peer's close.
                    in_time(terms.close, writer.flush()).await.ok();
                    return Written::Lost;
                }
                Next::Send(_) | Next::Flush => {}
            }
            match in_time(terms.write, writer.flush()).await {
                Ok(Ok(())) => {
                    outbox.flushed();
                    self.measure(&mut arrivals);
                    outbox.filled().await;
                }
                Ok(Err(error)) => {
                    self.metrics.not_sent(SendFailure::Broken);
                    return self.span.in_scope(|| lost(&error));
                }
                Err(_elapsed) => {
                    too_late = true;
                    self.metrics.not_sent(SendFailure::WriteTimeout);
                    outbox.abandon(CloseCode::SlowConsumer);
                    writer.abandon();
                }
            }
        }
    }

    /// Takes along what waits; returns what is to be done then. Notes when it arrived where that is
    /// measured.
    fn collect<W>(&self, writer: &mut Writer<W>, arrivals: &mut Vec<Instant>) -> Next
    where
        W: AsyncWrite + Unpin,
    {
        let mut is_said = false;
        let next = loop {
            if writer.is_full() {
                break Next::Flush;
            }
            match self.outbox.next() {
                Next::Send(frame) => {
                    if !frame.is_control() {
                        is_said = true;
                        self.metrics.sent(frame.len());
                        arrivals.extend(frame.arrival());
                    }
                    writer.feed(frame);
                }
                next => break next,
            }
        };
        if is_said {
            self.activity.touch(Instant::now());
        }
        next
    }

    /// Tells how long it took what has just been written.
    fn measure(&self, arrivals: &mut Vec<Instant>) {
        if !arrivals.is_empty() {
            let now = Instant::now();
            // A new list, because an idle connection keeps no memory of its busiest moment.
            for arrived in std::mem::take(arrivals) {
                self.metrics.delivered(now.duration_since(arrived));
            }
        }
    }
}

/// Says why the connection ends, behind what was taken along.
pub(super) async fn goodbye<W>(writer: &mut Writer<W>, close: Close, terms: Terms) -> Written
where
    W: AsyncWrite + Unpin,
{
    tracing::debug!(code = close.code.as_str(), "closing");
    writer.feed(Frame::close(close));
    match in_time(terms.close, writer.flush()).await {
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

/// A time limit that costs nothing where the work is done at once, as most writes are.
pub(in crate::gateway) async fn in_time<F>(limit: Duration, work: F) -> Result<F::Output, Elapsed>
where
    F: Future,
{
    let mut work = pin!(work);
    match poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await {
        Poll::Ready(done) => Ok(done),
        // Boxed: a connection does not hold room for a timer that is seldom set.
        Poll::Pending => Box::pin(timeout(limit, work)).await,
    }
}
