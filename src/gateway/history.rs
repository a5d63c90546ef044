//! What sockets and the API do with histories: one way to publish what is kept, and one to read it.

use serde::Serialize;
use serde_json::value::RawValue;

use super::services::Services;
use crate::history::{Appended, HistoryError, Idempotency, Page, Portion};
use crate::ids::UserId;
use crate::metrics::Append;
use crate::protocol::{Address, EncodeError, Envelope, Position, Stamp, Topic};

/// How many messages are read where nobody says how many.
pub(super) const DEFAULT_LIMIT: u64 = 100;
/// How many messages are read at most.
pub(super) const MAX_LIMIT: u64 = 1_000;
/// How many bytes of messages are read for one answer, which has about as many.
const MAX_BYTES: usize = 512 * 1024;
/// What a message on a live channel has beside its data, in bytes: at most.
pub(super) const AROUND: usize = 1_024;

/// Why a message was not published.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unpublished {
    /// The history can't be reached: whoever asked may try again.
    #[error("the history is not available")]
    Unavailable,
    /// The history was asked and has not answered.
    #[error(
        "the history has not answered: whether the message is recorded is not known; with an \
         idempotency_key it can be published again and is recorded once"
    )]
    Unanswered,
    /// It is larger than a message may be.
    #[error("the message is larger than allowed")]
    TooLarge,
    /// No history keeps what is said there.
    #[error("no history keeps messages of that topic")]
    NotKept,
    /// It has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Why a history was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// The history can't be reached.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// What is kept has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

#[derive(Serialize)]
struct HistoryAnswer<'a> {
    topic: &'a Topic,
    epoch: String,
    /// Of the last message that was published, whether or not it is among these.
    offset: u64,
    messages: Vec<Message>,
    /// Whether messages that should stand before the first of these are gone.
    truncated: bool,
}

#[derive(Serialize)]
struct Message {
    offset: u64,
    data: Box<RawValue>,
}

impl Services {
    /// Publishes a message to all replicas once its topic's history has it.
    pub(super) async fn publish_durable(
        &self,
        envelope: &Envelope,
        known_by: Idempotency<'_>,
    ) -> Result<Appended, Unpublished> {
        let outcome = self.append(envelope, known_by).await;
        match &outcome {
            Ok(appended) if appended.is_new => self.metrics.append(Append::New),
            Ok(_) => self.metrics.append(Append::Known),
            Err(Unpublished::Unavailable) => self.metrics.append(Append::Unavailable),
            Err(Unpublished::Unanswered) => self.metrics.append(Append::Unanswered),
            Err(Unpublished::TooLarge) => self.metrics.append(Append::TooLarge),
            Err(Unpublished::NotKept | Unpublished::Encode(_)) => {}
        }
        outcome
    }

    async fn append(
        &self,
        envelope: &Envelope,
        known_by: Idempotency<'_>,
    ) -> Result<Appended, Unpublished> {
        let stamp = Stamp::new(self.clock.now());
        let (topic, record) = match (&envelope.address, envelope.record(&stamp)?) {
            (Address::Topic(topic), Some(record)) if topic.has_history() => (topic, record),
            (Address::Topic(_) | Address::Everyone, _) => return Err(Unpublished::NotKept),
        };
        let is_large =
            envelope.content.size() > self.payload || record.payload.len() > self.payload + AROUND;
        if is_large {
            return Err(Unpublished::TooLarge);
        }
        let appended = self.history.append(topic, &record, known_by).await;
        appended.map_err(|error| match error {
            HistoryError::Unavailable => Unpublished::Unavailable,
            HistoryError::Unanswered => Unpublished::Unanswered,
            HistoryError::TooLarge => Unpublished::TooLarge,
        })
    }

    /// What was published on a topic, as whoever asks is answered: from behind `since` on, or from
    /// the oldest message on where there is no such position any more.
    pub(super) async fn read_history(
        &self,
        topic: &Topic,
        since: Option<&Position>,
        limit: u64,
    ) -> Result<String, Unread> {
        let most = Portion {
            entries: usize::try_from(limit.min(MAX_LIMIT)).unwrap_or(usize::MAX),
            bytes: MAX_BYTES,
        };
        let after = since.map_or(0, |since| since.offset);
        let mut page = self.history.read(topic, after, most).await?;
        let is_there = since.is_none_or(|since| leads_to(&page, since));
        if !is_there {
            page = self.history.read(topic, 0, most).await?;
        }
        let truncated = !is_there || page.trimmed > after;
        let messages = messages(topic, &page)?;
        let answer = HistoryAnswer {
            topic,
            epoch: page.epoch,
            offset: page.last,
            messages,
            truncated,
        };
        Ok(serde_json::to_string(&answer).map_err(EncodeError::from)?)
    }

    /// The user has read a topic up to this offset; returns how far that is now.
    pub(super) async fn acknowledge(
        &self,
        topic: &Topic,
        user: &UserId,
        offset: u64,
    ) -> Result<u64, HistoryError> {
        self.history.move_cursor(topic, user, None, offset).await
    }
}

/// Whether the position is one of the page's history, which may have lost what comes next.
fn leads_to(page: &Page, position: &Position) -> bool {
    page.epoch == position.epoch && position.offset <= page.last
}

/// Whether everything behind this position is in the page's history.
pub(super) fn keeps(page: &Page, position: &Position) -> bool {
    leads_to(page, position) && page.trimmed <= position.offset
}

fn messages(topic: &Topic, page: &Page) -> Result<Vec<Message>, EncodeError> {
    let mut messages = Vec::with_capacity(page.entries.len());
    for entry in &page.entries {
        let position = Position {
            epoch: page.epoch.clone(),
            offset: entry.offset,
        };
        let envelope = match Envelope::recorded(topic.clone(), position, &entry.payload) {
            Ok(envelope) => envelope,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%topic, error, "skipped a recorded message");
                continue;
            }
        };
        let data = envelope.data()?.into_owned();
        messages.push(Message {
            offset: entry.offset,
            data: RawValue::from_string(data)?,
        });
    }
    Ok(messages)
}
