//! The broker of a process that has no other: what is published has been delivered when it returns.
//!
//! No lock is held while an inbox is called, so that an inbox may publish.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use super::{Broker, BrokerError, BrokerFuture, ConnectionChange, Delivery, Inbox, Subscription};

/// What all connections in this process share. A clone is the same broker.
#[derive(Debug, Clone, Default)]
pub struct MemoryBroker {
    state: Arc<Mutex<State>>,
}

/// One connection to a [`MemoryBroker`].
pub struct MemoryConnection {
    number: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    cut: bool,
    connections: u64,
    inboxes: HashMap<u64, Arc<dyn Inbox>>,
    // By channel, who follows it. Patterns are apart, and few.
    exact: HashMap<Arc<str>, Vec<u64>>,
    patterns: Vec<(Subscription, u64)>,
    groups: Vec<Group>,
    replies: HashMap<Arc<str>, oneshot::Sender<Bytes>>,
}

#[derive(Debug)]
struct Group {
    subscription: Subscription,
    members: Vec<u64>,
    turn: usize,
}

impl MemoryBroker {
    /// A broker that nobody is connected to.
    pub fn new() -> Self {
        Self::default()
    }

    /// A connection whose messages arrive in this inbox.
    pub fn connect(&self, inbox: Arc<dyn Inbox>) -> MemoryConnection {
        let mut state = lock(&self.state);
        state.connections += 1;
        let number = state.connections;
        state.inboxes.insert(number, inbox);
        MemoryConnection {
            number,
            state: Arc::clone(&self.state),
        }
    }

    /// Loses all connections: what is published meanwhile is lost.
    pub fn cut(&self) {
        self.change(true, ConnectionChange::Lost);
    }

    /// Brings all connections back, with their subscriptions.
    pub fn restore(&self) {
        self.change(false, ConnectionChange::Restored);
    }

    /// How many connections follow this channel by its name.
    pub fn followers(&self, channel: &str) -> usize {
        lock(&self.state).exact.get(channel).map_or(0, Vec::len)
    }

    fn change(&self, cut: bool, change: ConnectionChange) {
        let mut state = lock(&self.state);
        if std::mem::replace(&mut state.cut, cut) == cut {
            return;
        }
        let inboxes: Vec<_> = state.inboxes.values().cloned().collect();
        drop(state);
        for inbox in inboxes {
            inbox.changed(change);
        }
    }
}

impl MemoryConnection {
    /// Publishes a message. When this returns it has been delivered to all who follow the channel.
    pub fn deliver(&self, channel: Arc<str>, payload: Bytes) -> Result<(), BrokerError> {
        self.send(channel, payload, None).map(|_| ())
    }

    fn connected(&self) -> Result<MutexGuard<'_, State>, BrokerError> {
        let state = lock(&self.state);
        if state.cut {
            return Err(BrokerError::Disconnected);
        }
        Ok(state)
    }

    /// Delivers to all who follow the channel; returns how many they are.
    fn send(
        &self,
        channel: Arc<str>,
        payload: Bytes,
        reply: Option<Arc<str>>,
    ) -> Result<usize, BrokerError> {
        let mut state = self.connected()?;
        if let Some(waiting) = state.replies.remove(&channel) {
            // Who asked may have given up in this moment.
            waiting.send(payload).ok();
            return Ok(1);
        }
        let inboxes = state.followers(&channel);
        drop(state);
        let delivery = Delivery {
            channel,
            payload,
            reply,
        };
        for inbox in &inboxes {
            inbox.deliver(delivery.clone());
        }
        Ok(inboxes.len())
    }
}

impl State {
    fn followers(&mut self, channel: &str) -> Vec<Arc<dyn Inbox>> {
        let mut numbers = self.exact.get(channel).cloned().unwrap_or_default();
        for (subscription, number) in &self.patterns {
            if subscription.matches(channel) && !numbers.contains(number) {
                numbers.push(*number);
            }
        }
        for group in &mut self.groups {
            if group.subscription.matches(channel) && !group.members.is_empty() {
                group.turn = (group.turn + 1) % group.members.len();
                numbers.extend(group.members.get(group.turn));
            }
        }
        let inbox = |number| self.inboxes.get(number).cloned();
        numbers.iter().filter_map(inbox).collect()
    }

    fn add(&mut self, number: u64, subscription: Subscription) {
        if subscription.group.is_some() {
            let group = self
                .groups
                .iter_mut()
                .find(|group| group.subscription == subscription);
            match group {
                Some(group) if group.members.contains(&number) => {}
                Some(group) => group.members.push(number),
                None => self.groups.push(Group {
                    subscription,
                    members: vec![number],
                    turn: 0,
                }),
            }
        } else if subscription.is_pattern() {
            let entry = (subscription, number);
            if !self.patterns.contains(&entry) {
                self.patterns.push(entry);
            }
        } else {
            let numbers = self.exact.entry(subscription.channel).or_default();
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }

    fn remove(&mut self, number: u64, subscription: &Subscription) {
        if subscription.group.is_some() {
            self.groups.retain_mut(|group| {
                if group.subscription == *subscription {
                    group.members.retain(|member| *member != number);
                }
                !group.members.is_empty()
            });
        } else if subscription.is_pattern() {
            self.patterns
                .retain(|(pattern, member)| (pattern, *member) != (subscription, number));
        } else if let Some(numbers) = self.exact.get_mut(&subscription.channel) {
            numbers.retain(|member| *member != number);
            if numbers.is_empty() {
                self.exact.remove(&subscription.channel);
                if self.exact.len() < self.exact.capacity() / 4 {
                    self.exact.shrink_to_fit();
                }
            }
        }
    }
}

impl Broker for MemoryConnection {
    fn publish(&self, channel: Arc<str>, payload: Bytes) -> BrokerFuture<'_, ()> {
        Box::pin(async move { self.deliver(channel, payload) })
    }

    fn subscribe(&self, subscription: Subscription) -> BrokerFuture<'_, ()> {
        Box::pin(async move {
            self.connected()?.add(self.number, subscription);
            Ok(())
        })
    }

    fn unsubscribe(&self, subscription: Subscription) -> BrokerFuture<'_, ()> {
        Box::pin(async move {
            lock(&self.state).remove(self.number, &subscription);
            Ok(())
        })
    }

    fn request(
        &self,
        subject: Arc<str>,
        payload: Bytes,
        deadline: Duration,
    ) -> BrokerFuture<'_, Bytes> {
        Box::pin(async move {
            let reply: Arc<str> = format!("_INBOX.{}", Uuid::new_v4().simple()).into();
            let (sender, receiver) = oneshot::channel();
            self.connected()?.replies.insert(reply.clone(), sender);
            let _waiting = Waiting {
                state: &self.state,
                reply: &reply,
            };
            if self.send(subject, payload, Some(reply.clone()))? == 0 {
                return Err(BrokerError::NoResponders);
            }
            match timeout(deadline, receiver).await {
                Ok(Ok(answer)) => Ok(answer),
                // Nobody else holds the sender: it is dropped with the broker alone.
                Ok(Err(_closed)) => Err(BrokerError::Disconnected),
                Err(_elapsed) => Err(BrokerError::Timeout(deadline)),
            }
        })
    }

    fn is_connected(&self) -> bool {
        self.connected().is_ok()
    }
}

/// A request that is not waited for any more has no reply channel.
struct Waiting<'a> {
    state: &'a Mutex<State>,
    reply: &'a str,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(self.state).replies.remove(self.reply);
    }
}

impl Drop for MemoryConnection {
    fn drop(&mut self) {
        let number = self.number;
        let mut state = lock(&self.state);
        let inbox = state.inboxes.remove(&number);
        state.patterns.retain(|(_, member)| *member != number);
        state.groups.retain_mut(|group| {
            group.members.retain(|member| *member != number);
            !group.members.is_empty()
        });
        state.exact.retain(|_, numbers| {
            numbers.retain(|member| *member != number);
            !numbers.is_empty()
        });
        drop(state);
        // The inbox may hold what locks again.
        drop(inbox);
    }
}

impl fmt::Debug for MemoryConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryConnection({})", self.number)
    }
}

// Each change leaves the state consistent, so a panic elsewhere does not spoil it.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
