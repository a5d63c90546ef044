//! A history keeps what was published on a topic, in one order, for those who were away.
//!
//! A message is recorded and delivered on the topic's live channel in one step: whoever follows the
//! channel and then reads the position misses nothing. The trait names no product. Every
//! implementation passes the one suite in `tests/history`:
//!
//! - offsets count up by one from 1, and arrive on the live channel in their order;
//! - an epoch never names two histories: where entries may have been lost for any other reason than
//!   age or number, a new one begins;
//! - entries older than the bound are not read, whether or not they are still there;
//! - what was appended under an id of late is not appended again.

pub mod memory;
pub mod redis;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::config;
use crate::ids::UserId;
use crate::protocol::{Position, Record, Topic};

/// How long an id is remembered.
pub const IDS_LAST: Duration = Duration::from_mins(5);
/// The longest id, in bytes.
pub const MAX_ID: usize = 128;
/// How long a cursor is kept after it was last moved.
pub const CURSORS_LAST: Duration = Duration::from_hours(30 * 24);

/// What a history will have done.
pub type HistoryFuture<'a, T> = BoxFuture<'a, Result<T, HistoryError>>;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries of one topic.
    pub entries: usize,
    /// How old an entry gets.
    pub age: Duration,
    /// Bytes of all topics together, where they are this process's.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            entries: 1_000,
            age: Duration::from_hours(24),
            bytes: 64 * 1024 * 1024,
        }
    }
}

impl From<&config::History> for Bounds {
    fn from(history: &config::History) -> Self {
        Self {
            entries: history.size as usize,
            age: history.ttl,
            ..Self::default()
        }
    }
}

/// By what a message is known to have been appended before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency<'a> {
    /// Nothing: it is new.
    None,
    /// Its own id, which its publisher chose.
    MessageId,
    /// A key that its publisher sent along.
    Key(&'a str),
}

/// Where a message was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Its position.
    pub position: Position,
    /// Its id: of a message that was appended before, the id that it got then.
    pub message_id: String,
    /// Whether it was recorded just now.
    pub is_new: bool,
}

/// Some entries of a topic, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Whose offsets these are.
    pub epoch: String,
    /// The offset up to which nothing is kept any more; 0 where all is.
    pub trimmed: u64,
    /// The offset of the last message; 0 where there was none.
    pub last: u64,
    /// The entries in their order, without a hole.
    pub entries: Vec<Entry>,
}

/// A recorded message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub offset: u64,
    /// What [`Record`] calls its payload.
    pub payload: Arc<str>,
}

/// How much is read at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    /// Entries.
    pub entries: usize,
    /// Bytes of their payloads. The first entry is read however large it is.
    pub bytes: usize,
}

impl Portion {
    /// So many entries, whatever their size.
    pub fn of(entries: usize) -> Self {
        Self {
            entries,
            bytes: usize::MAX,
        }
    }
}

/// A store of histories, and of how far users have read them.
pub trait History: fmt::Debug + Send + Sync {
    /// Records a message and delivers it on the topic's live channel, as one step. A message that is
    /// known already is neither recorded nor delivered.
    fn append<'a>(
        &'a self,
        topic: &'a Topic,
        record: &'a Record,
        known_by: Idempotency<'a>,
    ) -> HistoryFuture<'a, Appended>;

    /// The position of the last message. It belongs to the epoch that the next one will have.
    fn position<'a>(&'a self, topic: &'a Topic) -> HistoryFuture<'a, Position>;

    /// The oldest entries behind an offset, at most so much of them.
    fn read<'a>(&'a self, topic: &'a Topic, after: u64, most: Portion) -> HistoryFuture<'a, Page>;

    /// How far the user has read; nothing where that is not known, or was in another epoch.
    fn cursor<'a>(
        &'a self,
        topic: &'a Topic,
        user: &'a UserId,
    ) -> HistoryFuture<'a, Option<Position>>;

    /// The user has read up to here: returns how far that is now, 0 for nothing. A cursor never moves
    /// back, nor behind the last message; an offset of another epoch than the current moves nothing.
    fn move_cursor<'a>(
        &'a self,
        topic: &'a Topic,
        user: &'a UserId,
        epoch: Option<&'a str>,
        offset: u64,
    ) -> HistoryFuture<'a, u64>;
}

/// Why a history did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// It can't be reached, or does not answer.
    #[error("the history is not available")]
    Unavailable,
    /// It was asked to record a message and has not answered: it may have done so, or still do.
    #[error("the history has not answered")]
    Unanswered,
    /// The message or its id is larger than what is kept.
    #[error("the message is larger than a history takes")]
    TooLarge,
}
