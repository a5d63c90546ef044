//! A feed publishes a topic's recorded messages here in the order of their offsets, each once, or
//! says that it can't.
//!
//! It is pure state. Messages arrive live, may be missing, and may have been read from the store
//! already; the feed holds back what comes too early and asks for what is missing. All who hear a
//! topic share its feed, so a message that is the next one costs one comparison, however many hear it.
//! What is held is bounded: what does not fit is read from the store instead.

use std::collections::VecDeque;
use std::sync::Arc;

use super::outbox::Bounds;
use crate::protocol::Position;

/// How much of one topic has been published here.
#[derive(Debug)]
pub(super) struct Feed<T> {
    bounds: Bounds,
    /// Nothing where it is not known yet; what arrives is held until it is.
    at: Option<At>,
    held: VecDeque<Held<T>>,
    bytes: usize,
    reading: Reading,
    round: u64,
}

#[derive(Debug)]
struct At {
    epoch: Arc<str>,
    /// The offset of the last message published, or read before the first.
    last: u64,
    /// Up to where messages that were read may still arrive live.
    covered: u64,
}

#[derive(Debug)]
struct Held<T> {
    position: Arc<Position>,
    size: usize,
    item: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Nothing is missing.
    Idle,
    /// Something is to be read.
    Wanted,
    /// It is being read.
    Asked {
        /// The store has a message with this offset, or is not what it was.
        expects: u64,
        /// What happened since is not in what was asked for.
        again: bool,
    },
}

/// What a feed wants to know of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    /// Tells the answer from those to earlier questions.
    pub(super) round: u64,
    /// The offset behind which messages are wanted; the position where there is none.
    pub(super) after: Option<u64>,
}

/// What the store answers.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) epoch: String,
    /// The offset up to which nothing is kept.
    pub(super) trimmed: u64,
    pub(super) last: u64,
    /// The messages behind the offset in question, those that can be read.
    pub(super) entries: Vec<(u64, Option<T>)>,
}

/// What becomes of a message that arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival<T> {
    /// It is the next one: it is to be published.
    Next(T),
    /// It waits, or it has been published already.
    Kept,
    /// Messages may be missing for good.
    Broken,
}

/// Whoever heard this topic may have lost messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl<T> Feed<T> {
    /// A feed that knows nothing yet. Its number is no other feed's.
    pub(super) fn new(number: u64, bounds: Bounds) -> Self {
        Self {
            bounds,
            at: None,
            held: VecDeque::new(),
            bytes: 0,
            reading: Reading::Wanted,
            round: number << 32,
        }
    }

    /// The epoch, and the offset of the last message published.
    pub(super) fn last(&self) -> Option<(&str, u64)> {
        self.at.as_ref().map(|at| (&*at.epoch, at.last))
    }

    /// Whether there is a question that nobody has been asked yet.
    pub(super) fn wants(&self) -> bool {
        self.reading == Reading::Wanted
    }

    /// Takes a message that arrived live.
    pub(super) fn arrive(&mut self, position: &Arc<Position>, size: usize, item: T) -> Arrival<T> {
        let offset = position.offset;
        let Some(at) = &mut self.at else {
            // Of what does not fit nobody knows whether the store still has it when it is asked.
            return if self.hold(position, size, item) {
                Arrival::Kept
            } else {
                Arrival::Broken
            };
        };
        if self.reading != Reading::Idle {
            self.hold(position, size, item);
            return Arrival::Kept;
        }
        if position.epoch != *at.epoch {
            return self.reset();
        }
        if offset == at.last + 1 {
            at.last = offset;
            // Nothing older is on its way behind it.
            at.covered = 0;
            Arrival::Next(item)
        } else if offset > at.last {
            self.reading = Reading::Wanted;
            self.hold(position, size, item);
            Arrival::Kept
        } else if offset <= at.covered {
            Arrival::Kept
        } else {
            self.reset()
        }
    }

    /// The broker was lost and is back: messages may be missing.
    pub(super) fn restored(&mut self) {
        match &mut self.reading {
            Reading::Idle => self.reading = Reading::Wanted,
            Reading::Wanted => {}
            Reading::Asked { again, .. } => *again = true,
        }
    }

    /// What the store is to be asked now.
    pub(super) fn ask(&mut self) -> Option<Question> {
        if !self.wants() {
            return None;
        }
        self.round += 1;
        self.reading = Reading::Asked {
            expects: self.held.back().map_or(0, |held| held.position.offset),
            again: false,
        };
        Some(Question {
            round: self.round,
            after: self.at.as_ref().map(|at| at.last),
        })
    }

    /// The store has not answered: the question stays.
    pub(super) fn failed(&mut self, round: u64) {
        if round == self.round && matches!(self.reading, Reading::Asked { .. }) {
            self.reading = Reading::Wanted;
        }
    }

    /// Takes the store's answer; returns what is to be published now, in its order.
    pub(super) fn answered(
        &mut self,
        round: u64,
        answer: Answer<T>,
    ) -> Result<Vec<(u64, T)>, Broken> {
        let Reading::Asked { expects, again } = self.reading else {
            return Ok(Vec::new());
        };
        if round != self.round {
            return Ok(Vec::new());
        }
        let mut next = Vec::new();
        let outcome = if self.at.is_none() {
            self.begin(&answer, again, &mut next)
        } else {
            self.go_on(answer, expects, again, &mut next)
        };
        if outcome.is_err() {
            self.reset();
        }
        outcome.map(|()| next)
    }

    fn begin(
        &mut self,
        answer: &Answer<T>,
        again: bool,
        next: &mut Vec<(u64, T)>,
    ) -> Result<(), Broken> {
        if again {
            self.reading = Reading::Wanted;
            return Ok(());
        }
        let mut last = answer.last;
        if let Some(held) = self.held.front() {
            if held.position.epoch != answer.epoch {
                return Err(Broken);
            }
            // What has arrived since somebody listens is published, also if it was read already.
            last = last.min(held.position.offset.saturating_sub(1));
        }
        self.at = Some(At {
            epoch: Arc::from(&*answer.epoch),
            last,
            covered: answer.last,
        });
        self.settle(next)?;
        // The rest of what was read has arrived, or is on its way, or is missing.
        if self.reading == Reading::Idle && self.at.as_ref().is_some_and(|at| at.last < at.covered)
        {
            self.reading = Reading::Wanted;
        }
        Ok(())
    }

    fn go_on(
        &mut self,
        answer: Answer<T>,
        expects: u64,
        again: bool,
        next: &mut Vec<(u64, T)>,
    ) -> Result<(), Broken> {
        let Some(at) = &mut self.at else {
            return Ok(());
        };
        let is_same = answer.epoch == *at.epoch && answer.last >= at.last.max(expects);
        if !is_same || answer.trimmed > at.last {
            return Err(Broken);
        }
        let is_progress = !answer.entries.is_empty();
        for (offset, item) in answer.entries {
            if offset != at.last + 1 {
                return Err(Broken);
            }
            at.last = offset;
            at.covered = offset;
            next.extend(item.map(|item| (offset, item)));
        }
        if at.last < answer.last {
            self.reading = Reading::Wanted;
            return if is_progress { Ok(()) } else { Err(Broken) };
        }
        if again {
            self.reading = Reading::Wanted;
            return Ok(());
        }
        self.settle(next)
    }

    /// Publishes what was held and is next. If something is missing before the rest, it is wanted.
    fn settle(&mut self, next: &mut Vec<(u64, T)>) -> Result<(), Broken> {
        let Some(at) = &mut self.at else {
            return Ok(());
        };
        while let Some(held) = self.held.front() {
            let offset = held.position.offset;
            if held.position.epoch != *at.epoch {
                return Err(Broken);
            }
            if offset > at.last + 1 {
                self.reading = Reading::Wanted;
                return Ok(());
            }
            let Some(held) = self.held.pop_front() else {
                break;
            };
            self.bytes -= held.size;
            if offset == at.last + 1 {
                at.last = offset;
                next.push((offset, held.item));
            }
        }
        self.held = VecDeque::new();
        self.reading = Reading::Idle;
        Ok(())
    }

    /// Whether it was kept; what does not fit goes with all that was held.
    fn hold(&mut self, position: &Arc<Position>, size: usize, item: T) -> bool {
        let fits = self.held.len() < self.bounds.frames && self.bytes + size <= self.bounds.bytes;
        if fits {
            self.bytes += size;
            self.held.push_back(Held {
                position: Arc::clone(position),
                size,
                item,
            });
        } else {
            self.let_go();
            if let Reading::Asked { again, .. } = &mut self.reading {
                *again = true;
            }
        }
        fits
    }

    fn let_go(&mut self) {
        self.held = VecDeque::new();
        self.bytes = 0;
    }

    fn reset(&mut self) -> Arrival<T> {
        self.let_go();
        self.at = None;
        self.reading = Reading::Wanted;
        Arrival::Broken
    }
}

#[cfg(test)]
mod tests;
