//! A topic's entries are those with the highest offsets, without a hole.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::history::{Entry, Page, Portion};
use crate::ids::UserId;
use crate::protocol::Position;

/// What an entry costs beside its payload, about.
const ENTRY: usize = 64;
/// What a ring costs without entries, about: its topic, and its place among the others.
const RING: usize = 384;
/// What a cursor costs, about.
const CURSOR: usize = 96;

/// The history of one topic.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) epoch: Arc<str>,
    /// Tells it from a ring of the same topic before or after it.
    pub(super) number: u64,
    /// When something was last done with it.
    pub(super) touched: Timestamp,
    last: u64,
    entries: VecDeque<Kept>,
    cursors: HashMap<UserId, u64>,
}

#[derive(Debug)]
struct Kept {
    at: Timestamp,
    payload: Arc<str>,
}

impl Ring {
    pub(super) fn new(epoch: Arc<str>, number: u64, now: Timestamp) -> Self {
        Self {
            epoch,
            number,
            touched: now,
            last: 0,
            entries: VecDeque::new(),
            cursors: HashMap::new(),
        }
    }

    /// What an entry with this payload costs.
    pub(super) fn cost_of(payload: &str) -> usize {
        payload.len() + ENTRY
    }

    /// What the ring costs beside its entries.
    pub(super) fn own_cost(&self) -> usize {
        RING + self.cursors.len() * CURSOR
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The offset up to which nothing is kept.
    pub(super) fn trimmed(&self) -> u64 {
        self.last - self.entries.len() as u64
    }

    pub(super) fn position(&self) -> Position {
        Position {
            epoch: self.epoch.to_string(),
            offset: self.last,
        }
    }

    /// Adds an entry and returns its offset.
    pub(super) fn push(&mut self, payload: Arc<str>, now: Timestamp) -> u64 {
        self.last += 1;
        self.touched = now;
        self.entries.push_back(Kept { at: now, payload });
        self.last
    }

    /// Drops the oldest entry; returns what it cost.
    pub(super) fn pop(&mut self) -> Option<usize> {
        let kept = self.entries.pop_front()?;
        if self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.len() * 2);
        }
        Some(Self::cost_of(&kept.payload))
    }

    /// Whether the oldest entry is from before that.
    pub(super) fn is_older(&self, than: Timestamp) -> bool {
        self.entries.front().is_some_and(|kept| kept.at < than)
    }

    pub(super) fn read(&self, after: u64, most: Portion) -> Page {
        let trimmed = self.trimmed();
        let skipped = usize::try_from(after.saturating_sub(trimmed)).unwrap_or(usize::MAX);
        let entries = self.entries.iter().zip(trimmed + 1..);
        let mut bytes = 0;
        let entries = entries
            .skip(skipped)
            .take(most.entries)
            .take_while(|(kept, _)| {
                let is_first = bytes == 0;
                bytes += kept.payload.len();
                is_first || bytes <= most.bytes
            })
            .map(|(kept, offset)| Entry {
                offset,
                payload: Arc::clone(&kept.payload),
            });
        Page {
            epoch: self.epoch.to_string(),
            trimmed,
            last: self.last,
            entries: entries.collect(),
        }
    }

    pub(super) fn cursor(&self, user: &UserId) -> Option<u64> {
        self.cursors.get(user).copied()
    }

    /// Moves a cursor forward, at most to the last message.
    pub(super) fn move_cursor(&mut self, user: &UserId, offset: u64, now: Timestamp) -> u64 {
        let offset = offset.min(self.last);
        if offset == 0 {
            return self.cursor(user).unwrap_or(0);
        }
        self.touched = now;
        let cursor = self.cursors.entry(user.clone()).or_insert(offset);
        *cursor = offset.max(*cursor);
        *cursor
    }
}
