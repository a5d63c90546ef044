//! A gate lets a connection have what it missed before what happens meanwhile, each message once.
//!
//! It is pure state, one for each subscription that is behind its topic's feed. Everything between
//! what the connection has been sent and what waits at the gate is owed from the store. What waits is
//! bounded: when it is too much it is let go, and owed from the store too.

use std::collections::VecDeque;

use super::outbox::Bounds;

/// How far a connection that is behind has come, and what waits for it.
#[derive(Debug)]
pub(super) struct Gate<F> {
    bounds: Bounds,
    /// Everything up to here has been sent, or need not be.
    sent: u64,
    /// What lies behind the first offset, up to the second, was sent before.
    skip: (u64, u64),
    waiting: VecDeque<Waiting<F>>,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting<F> {
    /// Nothing where no history keeps it.
    offset: Option<u64>,
    size: usize,
    frame: F,
}

/// What is next for the connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More: a frame has been sent.
    Sent,
    /// A frame of so many bytes, once there is room for it.
    Full(usize),
    /// So many messages from the store, behind this offset.
    Read {
        /// The offset.
        after: u64,
        /// How many.
        most: u64,
    },
    /// Nothing, until something arrives.
    Wait,
    /// It has caught up: from now on the feed's place is its own.
    Through,
}

impl<F> Gate<F> {
    /// The gate of a connection that has what its feed has published, up to this offset.
    pub(super) fn at(last: u64, bounds: Bounds) -> Self {
        Self {
            bounds,
            sent: last,
            skip: (last, last),
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }

    /// The connection wants what comes after this offset, but for what was sent to it since another.
    pub(super) fn rewind(&mut self, from: u64, since: u64) {
        self.skip.0 = since.min(self.skip.1);
        self.sent = from;
    }

    /// A message is published on the topic. What is returned is to be sent at once: no history keeps
    /// it, and there is no room for it to wait.
    pub(super) fn arrive(&mut self, offset: Option<u64>, size: usize, frame: F) -> Vec<F> {
        self.bytes += size;
        self.waiting.push_back(Waiting {
            offset,
            size,
            frame,
        });
        if self.waiting.len() <= self.bounds.frames && self.bytes <= self.bounds.bytes {
            return Vec::new();
        }
        self.bytes = 0;
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let fleeting = waiting.filter(|one| one.offset.is_none());
        fleeting.map(|one| one.frame).collect()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Everything up to this offset has been sent from the store.
    pub(super) fn advance(&mut self, to: u64) {
        self.sent = self.sent.max(to);
    }

    /// What is next, where the feed has published everything up to `last`. A frame that is next is
    /// sent by `send`, which hands back one for which there is no room.
    pub(super) fn next(&mut self, last: u64, send: impl FnOnce(F) -> Result<(), F>) -> Next {
        let (since, until) = self.skip;
        if self.sent >= since {
            self.sent = self.sent.max(until);
        }
        // The client may have seen more than was published here when it joined.
        self.drop_sent();
        let first = self.waiting.iter().find_map(|one| one.offset);
        let end = if self.sent < since {
            since
        } else {
            first.map_or(last, |first| first - 1)
        };
        if self.sent < end {
            return Next::Read {
                after: self.sent,
                most: end - self.sent,
            };
        }
        if let Some(Waiting {
            offset,
            size,
            frame,
        }) = self.waiting.pop_front()
        {
            return match send(frame) {
                Ok(()) => {
                    self.bytes -= size;
                    self.sent = offset.unwrap_or(self.sent);
                    Next::Sent
                }
                Err(frame) => {
                    self.waiting.push_front(Waiting {
                        offset,
                        size,
                        frame,
                    });
                    Next::Full(size)
                }
            };
        }
        self.waiting = VecDeque::new();
        if self.sent == last {
            Next::Through
        } else {
            // Another replica was ahead of this one.
            Next::Wait
        }
    }

    fn drop_sent(&mut self) {
        let sent = self.sent;
        if self.waiting.iter().find_map(|one| one.offset) > Some(sent) {
            return;
        }
        let bytes = &mut self.bytes;
        self.waiting.retain(|one| {
            let stays = one.offset.is_none_or(|offset| offset > sent);
            if !stays {
                *bytes -= one.size;
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests;
