//! What waits is written in one go, and a peer that does not take it is not waited for.

use axum::extract::ws::Message;
use futures_util::Sink;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::Terms;
use crate::gateway::outbox::{Next, Outbox};
use crate::gateway::socket::{WriteError, Writer};
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
    pub(super) ping: &'a Notify,
}

impl Writing<'_> {
    /// Writes everything that waits, then flushes once; until the outbox ends or the peer does not
    /// take what is written.
    pub(super) async fn write<W>(self, writer: &mut Writer<W>) -> Written
    where
        W: Sink<Message, Error = axum::Error> + Unpin,
    {
        let Self { outbox, terms, .. } = self;
        let mut too_late = false;
        loop {
            let step = match outbox.next() {
                Next::Send(frame) => {
                    self.activity.touch(Instant::now());
                    self.metrics.sent(frame.len());
                    timeout(terms.write, writer.feed(frame)).await
                }
                Next::Flush => match timeout(terms.write, writer.flush()).await {
                    Ok(Ok(())) => tokio::select! {
                        () = outbox.filled() => continue,
                        () = self.ping.notified() => timeout(terms.write, writer.ping()).await,
                    },
                    failed => failed,
                },
                Next::Close(close) => {
                    self.metrics.closed(close.code.as_str());
                    // Events fill the queue too, so that is counted here for all who do.
                    if close.code == CloseCode::SlowConsumer && !too_late {
                        self.metrics.not_sent(SendFailure::SlowConsumer);
                    }
                    return goodbye(writer, close, terms).await;
                }
                Next::End => return Written::Lost,
            };
            match step {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    self.metrics.not_sent(SendFailure::Broken);
                    return lost(&error);
                }
                Err(_elapsed) => {
                    too_late = true;
                    self.metrics.not_sent(SendFailure::WriteTimeout);
                    outbox.abandon(CloseCode::SlowConsumer);
                }
            }
        }
    }
}

pub(super) async fn goodbye<W>(writer: &mut Writer<W>, close: Close, terms: Terms) -> Written
where
    W: Sink<Message, Error = axum::Error> + Unpin,
{
    tracing::debug!(code = close.code.as_str(), "closing");
    match timeout(terms.close, writer.close(close)).await {
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
