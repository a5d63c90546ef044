//! A connection that is behind is sent what it missed, page by page as its peer reads, and then what
//! waited meanwhile; if the history has lost any of it, the connection ends.
//!
//! It runs beside the connection, which answers meanwhile, and ends with it: a gate is gone with its
//! subscription, and an outbox that has ended has room.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::hub::{Frames, Hub, Latecomer, Outgoing, Owed, Step};
use crate::history::{Entry, History, HistoryError, Page, Portion};
use crate::metrics::{Metrics, Recovery};
use crate::protocol::{CloseCode, Envelope, Position};

/// How much is read at a time: this waits in memory for each connection that is behind.
pub(super) const PAGE: Portion = Portion {
    entries: 100,
    bytes: 256 * 1024,
};
/// After what time a page that could not be read is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// One connection that is behind on one topic.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) hub: Arc<Hub>,
    pub(super) history: Arc<dyn History>,
    pub(super) metrics: Metrics,
    pub(super) who: Latecomer,
    /// How long the history may take to answer.
    pub(super) patience: Duration,
}

/// What the connection is owed can't be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost;

impl Replay {
    /// Sends until the connection has caught up, or is gone.
    pub(super) async fn run(self) {
        let outbox = &self.who.recipient.outbox;
        while !outbox.has_ended() {
            match self.hub.step(&self.who) {
                Step::Sent => {}
                Step::Full(size) => outbox.room_for(size).await,
                Step::Read { after, most } => {
                    if self.page(after, most).await == Err(Lost) {
                        self.metrics.recovery(Recovery::Lost);
                        outbox.close(CloseCode::InsufficientState);
                    }
                }
                Step::Wait => self.who.woken().await,
                Step::Done => return,
            }
        }
    }

    async fn page(&self, after: Position, most: u64) -> Result<(), Lost> {
        let Latecomer {
            topic, recipient, ..
        } = &self.who;
        let owed_here = usize::try_from(most).unwrap_or(usize::MAX);
        let most = Portion {
            entries: PAGE.entries.min(owed_here),
            ..PAGE
        };
        let page = self.read(after.offset, most).await.map_err(|_| Lost)?;
        for Entry { offset, payload } in owed(page, &after)? {
            let epoch = after.epoch.clone();
            let position = Position { epoch, offset };
            let outgoing = match Envelope::recorded(topic.clone(), position, &payload) {
                Ok(envelope) => Frames::of(&envelope).outgoing(recipient.dialect),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(%topic, error, "skipped a recorded message");
                    None
                }
            };
            if !self.send(offset, outgoing).await {
                break;
            }
        }
        Ok(())
    }

    /// Sends a message as soon as it fits into the outbox beside what else is sent; whether the
    /// connection is still there.
    async fn send(&self, offset: u64, mut outgoing: Option<Outgoing>) -> bool {
        let outbox = &self.who.recipient.outbox;
        loop {
            let size = outgoing.as_ref().map_or(0, Outgoing::len);
            outbox.room_for(size).await;
            match self.hub.send_owed(&self.who, offset, outgoing) {
                Owed::Sent => return true,
                Owed::Gone => return false,
                // Something else took the room.
                Owed::NoRoom(back) => outgoing = Some(back),
            }
        }
    }

    async fn read(&self, after: u64, most: Portion) -> Result<Page, HistoryError> {
        let begin = Instant::now();
        loop {
            match self.history.read(&self.who.topic, after, most).await {
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
        && !page.entries.is_empty()
        && offsets.eq((after.offset + 1..).take(page.entries.len()));
    if is_whole {
        Ok(page.entries)
    } else {
        Err(Lost)
    }
}
