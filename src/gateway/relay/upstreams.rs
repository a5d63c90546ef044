//! What is followed, what should be, and what is to be done about it: pure state.
//!
//! A channel waits for work at most once, so what waits is bounded by what is followed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

/// All channels with a lease, or with one not long ago.
#[derive(Debug, Default)]
pub(super) struct Upstreams {
    channels: HashMap<Arc<str>, Upstream>,
    now: VecDeque<Arc<str>>,
    // In the order of their moments, but for retries, which are looked at with those before them.
    later: VecDeque<(Instant, Arc<str>)>,
}

#[derive(Debug)]
struct Upstream {
    leases: usize,
    link: Link,
    /// Whether it waits in `now`.
    queued: bool,
    /// When to look at it again, while it waits in `later`.
    again: Option<Instant>,
    settled: Arc<Notify>,
}

/// How the broker sees a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Not asked for yet.
    Absent,
    /// Asked for, in vain.
    Failed,
    /// Confirmed.
    Confirmed,
    /// About to be unsubscribed.
    Leaving,
}

/// What is to be done for a channel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    Subscribe,
    Unsubscribe,
}

impl Upstreams {
    /// Counts a lease in; says what is woken when the broker has answered, and whether there is work.
    pub(super) fn add(&mut self, channel: &Arc<str>) -> (Arc<Notify>, bool) {
        let upstream = self
            .channels
            .entry(Arc::clone(channel))
            .or_insert_with(|| Upstream {
                leases: 0,
                link: Link::Absent,
                queued: false,
                again: None,
                settled: Arc::new(Notify::new()),
            });
        upstream.leases += 1;
        let is_news = upstream.link != Link::Confirmed && !upstream.queued;
        if is_news {
            if upstream.link == Link::Failed {
                // Whoever comes later is told of a new attempt, not of the last.
                upstream.link = Link::Absent;
            }
            upstream.queued = true;
            self.now.push_back(Arc::clone(channel));
        }
        (Arc::clone(&upstream.settled), is_news)
    }

    /// Counts a lease out. After the last, the channel is looked at again at that moment; says
    /// whether there is such a moment now.
    pub(super) fn release(&mut self, channel: &Arc<str>, until: Instant) -> bool {
        let Some(upstream) = self.channels.get_mut(channel) else {
            return false;
        };
        upstream.leases = upstream.leases.saturating_sub(1);
        if upstream.leases > 0 {
            return false;
        }
        // The entry that waits already will find the later moment and wait on.
        if upstream.again.replace(until).is_none() {
            self.later.push_back((until, Arc::clone(channel)));
        }
        true
    }

    /// What the broker said to the last attempt; nothing while one is under way.
    pub(super) fn outcome(&self, channel: &Arc<str>) -> Option<bool> {
        match self.channels.get(channel)?.link {
            Link::Confirmed => Some(true),
            Link::Failed => Some(false),
            Link::Absent | Link::Leaving => None,
        }
    }

    /// Channels to look at now, each once and at most so many; and when to look for more.
    pub(super) fn due(&mut self, now: Instant, most: usize) -> (Vec<Arc<str>>, Option<Instant>) {
        while let Some((moment, _)) = self.later.front()
            && *moment <= now
        {
            let Some((_, channel)) = self.later.pop_front() else {
                break;
            };
            let Some(upstream) = self.channels.get_mut(&channel) else {
                continue;
            };
            match upstream.again {
                Some(again) if again > now => self.later.push_back((again, channel)),
                Some(_) | None => {
                    upstream.again = None;
                    if !upstream.queued {
                        upstream.queued = true;
                        self.now.push_back(channel);
                    }
                }
            }
        }
        let batch = self.now.drain(..self.now.len().min(most)).collect();
        (batch, self.later.front().map(|(moment, _)| *moment))
    }

    /// What to do for a channel that is due.
    pub(super) fn step(&mut self, channel: &Arc<str>, now: Instant) -> Step {
        let Some(upstream) = self.channels.get_mut(channel) else {
            return Step::Nothing;
        };
        upstream.queued = false;
        let is_wanted = upstream.leases > 0;
        let lingers = upstream.again.is_some_and(|again| again > now);
        match (upstream.link, is_wanted) {
            (Link::Absent | Link::Failed, true) => Step::Subscribe,
            (Link::Confirmed, false) if !lingers => {
                upstream.link = Link::Leaving;
                Step::Unsubscribe
            }
            (Link::Absent | Link::Failed, false) if !lingers => {
                self.forget(channel);
                Step::Nothing
            }
            (Link::Absent | Link::Failed | Link::Confirmed | Link::Leaving, _) => Step::Nothing,
        }
    }

    /// The broker has answered a subscription. One that failed is tried again at that moment.
    pub(super) fn subscribed(&mut self, channel: &Arc<str>, confirmed: bool, retry: Instant) {
        let Some(upstream) = self.channels.get_mut(channel) else {
            return;
        };
        upstream.link = if confirmed {
            Link::Confirmed
        } else {
            Link::Failed
        };
        if !confirmed && upstream.again.is_none() {
            upstream.again = Some(retry);
            self.later.push_back((retry, Arc::clone(channel)));
        }
        upstream.settled.notify_waiters();
    }

    /// The broker has answered the end of a subscription.
    pub(super) fn unsubscribed(&mut self, channel: &Arc<str>) {
        let Some(upstream) = self.channels.get_mut(channel) else {
            return;
        };
        upstream.link = Link::Absent;
        if upstream.leases == 0 {
            self.forget(channel);
        } else if !upstream.queued {
            upstream.queued = true;
            self.now.push_back(Arc::clone(channel));
        }
    }

    /// What was under way is not any more: it is begun anew.
    pub(super) fn begin_anew(&mut self) {
        self.now.clear();
        for (channel, upstream) in &mut self.channels {
            if upstream.link == Link::Leaving {
                upstream.link = Link::Absent;
            }
            upstream.queued = true;
            self.now.push_back(Arc::clone(channel));
        }
    }

    /// How many channels are followed or about to be.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.channels.len()
    }

    fn forget(&mut self, channel: &Arc<str>) {
        self.channels.remove(channel);
        if self.channels.len() < self.channels.capacity() / 4 {
            self.channels.shrink_to(self.channels.len() * 2);
        }
    }
}
