//! A connection that is behind is sent what it missed, page by page as its peer reads, and then what
//! waited meanwhile; if the history has lost any of it, the connection ends.
//!
//! It runs beside the connection, which answers meanwhile, and ends with it: a gate is gone with its
//! subscription, and an outbox that has ended has room.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::hub::{Frames, Hub, Recipient, Step};
use crate::history::{Entry, History, HistoryError, Page};
use crate::metrics::{Metrics, Recovery};
use crate::protocol::{CloseCode, Envelope, Position, Topic};

/// How many messages are read at a time.
pub(super) const PAGE: u64 = 100;
/// After what time a page that could not be read is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// One connection that is behind on one topic.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) hub: Arc<Hub>,
    pub(super) history: Arc<dyn History>,
    pub(super) metrics: Metrics,
    pub(super) topic: Topic,
    pub(super) recipient: Arc<Recipient>,
    /// Notified when there may be something to do.
    pub(super) wake: Arc<Notify>,
    /// How long the history may take to answer.
    pub(super) patience: Duration,
}

/// What the connection is owed can't be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost;

impl Replay {
    /// Sends until the connection has caught up, or is gone.
    pub(super) async fn run(self) {
        let (outbox, number) = (&self.recipient.outbox, self.recipient.number);
        while !outbox.has_ended() {
            match self.hub.step(&self.topic, number) {
                Step::Send(outgoing) => {
                    outgoing.push_to(&self.recipient);
                    outbox.room().await;
                }
                Step::Read { after, most } => {
                    if self.page(after, most).await == Err(Lost) {
                        self.metrics.recovery(Recovery::Lost);
                        outbox.close(CloseCode::InsufficientState);
                    }
                }
                Step::Wait => self.wake.notified().await,
                Step::Done => return,
            }
        }
    }

    async fn page(&self, after: Position, most: u64) -> Result<(), Lost> {
        let outbox = &self.recipient.outbox;
        let most = usize::try_from(most.min(PAGE)).unwrap_or(usize::MAX);
        let page = self.read(after.offset, most).await.map_err(|_| Lost)?;
        let epoch = page.epoch.clone();
        for entry in owed(page, &after)? {
            outbox.room().await;
            let position = Position {
                epoch: epoch.clone(),
                offset: entry.offset,
            };
            match Envelope::recorded(self.topic.clone(), position, &entry.payload) {
                Ok(envelope) => {
                    let outgoing = Frames::of(&envelope).outgoing(self.recipient.dialect);
                    outgoing.map(|outgoing| outgoing.push_to(&self.recipient));
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(topic = %self.topic, error, "skipped a recorded message");
                }
            }
            self.hub
                .advance(&self.topic, self.recipient.number, entry.offset);
        }
        Ok(())
    }

    async fn read(&self, after: u64, most: usize) -> Result<Page, HistoryError> {
        let begin = Instant::now();
        loop {
            match self.history.read(&self.topic, after, most).await {
                Err(HistoryError::Unavailable) if begin.elapsed() < self.patience => {
                    sleep(RETRY).await;
                }
                done => return done,
            }
        }
    }
}

/// The entries of a page that was asked for behind this position, if they are all there.
pub(super) fn owed(page: Page, after: &Position) -> Result<Vec<Entry>, Lost> {
    let offsets = page.entries.iter().map(|entry| entry.offset);
    let is_whole = page.epoch == after.epoch
        && page.trimmed <= after.offset
        && !page.entries.is_empty()
        && offsets.eq((after.offset + 1..).take(page.entries.len()));
    if is_whole {
        Ok(page.entries)
    } else {
        Err(Lost)
    }
}
